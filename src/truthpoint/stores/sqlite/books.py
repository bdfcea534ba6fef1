"""Looking at people, ledger and totals of a store, beside a running worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .files import SQL, STATE, explained
from .knowing import SqliteKnowledge
from .looking import look_into_journal, look_into_state

if TYPE_CHECKING:
    from pathlib import Path


class SqliteBooks:
    """What a store knows, to look at only: nothing is made or written.

    Args:
        folder: The store's folder; it must hold something.

    Attributes:
        knowledge: What it knows.

    Raises:
        StoreUnusable: There is no store, or its files cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        look_into_journal(folder).close()
        self._path = folder / STATE[0]
        self._state = look_into_state(folder)
        with explained(self._path):
            numbers = dict(self._state.execute(SQL["event_names"]).fetchall())
        names = {number: name for name, number in numbers.items()}
        self.knowledge = SqliteKnowledge(self._state, self._path, names, numbers)

    def rollups(self) -> str | None:
        """Return how totals are computed; None before the first worker has said it."""
        with explained(self._path):
            row = self._state.execute(SQL["get_meta"], ("rollups",)).fetchone()
        return None if row is None else row[0]

    def close(self) -> None:
        """Let go of the file."""
        self._state.close()
