"""Whether a path still names the file that is open: somebody may delete a store under way.

What is written into a file that no path names is gone with the process. So it is looked
after each commit and before the answer: where the path names the file by then, the commit
went into what the path names, and what becomes of it afterwards is whoever deletes' choice.
"""

from __future__ import annotations

import os
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

YOUNG_SECONDS: Final = 3.0
"""How long after an opening the files beside the database are looked at too.

A deletion that goes through a folder name by name can take its log, or the index of the log,
from a database that was made anew in the middle of it.
"""

_BESIDE: Final = ("-wal", "-shm")

Identity = tuple[int, int]


class NamedFile:
    """A database as a path named it when it was opened.

    Args:
        path: Its path; the database is open by now, so that its log is there.
        opened: What was opened.
    """

    def __init__(self, path: Path, opened: Identity | None) -> None:
        self._path = os.fspath(path)
        self._identity = opened
        beside = {name: identity(name) for name in (self._path + end for end in _BESIDE)}
        self._beside = {name: known for name, known in beside.items() if known is not None}
        self._young_until = monotonic() + YOUNG_SECONDS

    def holds(self) -> bool:
        """Tell whether the path names the same file; one call to the system, a microsecond."""
        if identity(self._path) != self._identity:
            return False
        if not self._beside or monotonic() > self._young_until:
            self._beside.clear()
            return True
        return all(identity(name) == known for name, known in self._beside.items())


def identity(path: str | Path) -> Identity | None:
    """Return what tells a file from every other that exists; None: there is none to be seen.

    Whoever may no longer look into the folder is told so by the opening that follows.
    """
    try:
        found = os.stat(path)  # noqa: PTH116 - a Path takes three times as long, at each capture
    except OSError:
        return None
    return found.st_dev, found.st_ino
