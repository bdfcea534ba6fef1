"""The journal on SQLite: `journal.db`, written by captures only."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from truthpoint.core.reused import Reused, id_anew, other_id
from truthpoint.errors import CaptureFailed, StoreUnusable
from truthpoint.ports import Appended

from .files import JOURNAL, SQL, explained, open_file, transaction
from .named import NamedFile, identity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from truthpoint.ports import Capture


_OPENINGS: Final = 10
"""How often a file that vanishes in the middle of a call is opened anew, at most."""


class SqliteJournal:
    """Makes captures durable in `journal.db`.

    Where the file is deleted or replaced under it, it goes on in the one that the path names.

    Args:
        folder: The store's folder.
        power: Whether what is accepted survives a loss of power; by default it survives
            the kill of the process (law 1).

    Raises:
        StoreUnusable: The file is not ours, newer, or cannot be opened.
    """

    def __init__(self, folder: Path, *, power: bool = False) -> None:
        self._folder = folder
        self._path = folder / JOURNAL[0]
        self._power = power
        self._failed = False
        self._file: NamedFile | None = None
        self._open()

    def _open(self) -> None:
        """Open the file that the path names, and remember which one it is."""
        before = identity(self._path)
        while True:
            self._connection = open_file(self._folder, JOURNAL, power=self._power)
            now = identity(self._path)
            if before == now:
                self._file = NamedFile(self._path, now)
                return
            # It was made by this opening, or replaced in the middle of it.
            before = now
            self._connection.close()

    def _holds(self) -> bool:
        return self._file is not None and self._file.holds()

    def append(self, captures: Sequence[Capture]) -> list[Appended]:
        """Make captures durable, all or none; see `truthpoint.ports.Journal`."""
        if self._failed:
            # After a failed sync the system may call pages clean that never reached the
            # disk; only a writer that starts anew can be trusted (law 1).
            raise CaptureFailed(
                f"{self._path}: an earlier write failed on the disk.",
                hint="Nothing of this call was kept. Check the disk, then start again.",
                lasting=True,
            )
        try:
            appended = self._append_all(captures)
        except sqlite3.Error as error:
            if self._holds():
                raise self._failure(error) from None
            return self._append_anew(captures)
        if self._holds():
            return appended
        again = self._append_anew(captures)
        # What the new file holds already may be this very call's: the old one's last word.
        return [
            replace(after, repeat=before.repeat and after.repeat)
            for before, after in zip(appended, again, strict=True)
        ]

    def _append_anew(self, captures: Sequence[Capture]) -> list[Appended]:
        """Append to the file that the path names now; the one that was open is no longer it.

        SQLite sees that its file has moved, and leaves the log at the path alone, which is
        another database's by now.
        """
        for _ in range(_OPENINGS):
            self._file = None
            self._connection.close()
            try:
                self._open()
                appended = self._append_all(captures)
            except StoreUnusable as unusable:
                hint = f"Nothing of this call was kept. {unusable.hint}"
                raise CaptureFailed(unusable.message, hint=hint) from None
            except sqlite3.Error as error:
                if self._holds():
                    raise self._failure(error) from None
            else:
                if self._holds():
                    return appended
        raise CaptureFailed(f"{self._path} is deleted again and again.")

    def _append_all(self, captures: Sequence[Capture]) -> list[Appended]:
        if len(captures) == 1:
            # One statement is a transaction by itself, a third cheaper than a named one.
            return [self._append(captures[0])]
        with transaction(self._connection):
            return [self._append(capture) for capture in captures]

    def _failure(self, error: sqlite3.Error) -> CaptureFailed:
        """Return what to raise for what SQLite raised, and note whether it lasts."""
        name = getattr(error, "sqlite_errorname", "") or ""
        self._failed = name.startswith("SQLITE_IOERR")
        try:
            with explained(self._path, CaptureFailed):
                raise error
        except CaptureFailed as failure:
            failure.lasting = self._failed
            return failure

    def _append(self, capture: Capture) -> Appended:
        execute, body = self._connection.execute, capture.body
        record_id, reused = capture.record_id, None
        while True:
            row = execute(
                SQL["append"],
                (capture.source, record_id, capture.captured_at_ms, capture.contract, body),
            ).fetchone()
            if row is not None:
                return Appended(record=row[0], repeat=False, reused=reused)
            number, known = execute(SQL["earlier"], (capture.source, record_id)).fetchone()
            if known == body:
                return Appended(record=number, repeat=True, reused=reused)
            if not known:
                record_id = id_anew(record_id, body)
                continue
            record_id = other_id(record_id, body)
            reused = Reused(
                earlier=number if reused is None else reused.earlier, record_id=record_id
            )

    def close(self) -> None:
        """Let go of the file; nothing waits in memory."""
        self._connection.close()
