"""Our own stores, made ready for the suite; also an example for yours."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from truthpoint.stores.memory import MemoryDesk, MemoryJournal, MemoryShelf, MemoryStore
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, SqliteStore

if TYPE_CHECKING:
    from truthpoint.ports import Store


class MemoryUnderTest:
    """A shelf, which outlives whoever opens it; see `StoreUnderTest`."""

    def __init__(self) -> None:
        self.shelf = MemoryShelf()

    def journal(self) -> MemoryJournal:
        """Open the journal."""
        return MemoryJournal(self.shelf)

    def store(self) -> MemoryStore:
        """Open the state."""
        return MemoryStore(self.shelf)

    def desk(self) -> MemoryDesk:
        """Open the desk."""
        return MemoryDesk(self.shelf)

    def abandon(self, store: Store) -> None:
        """Let the worker die."""
        assert isinstance(store, MemoryStore)

        store.abandon()

    def loosen(self) -> None:
        """Forget that the store is held."""
        self.shelf.held = False

    def close(self) -> None:
        """Remove nothing: memory goes by itself."""


class SqliteUnderTest:
    """A temporary folder, which outlives whoever opens it; see `StoreUnderTest`."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self._temporary.name) / "store"

    def journal(self) -> SqliteJournal:
        """Open the journal."""
        return SqliteJournal(self.folder)

    def store(self) -> SqliteStore:
        """Open the state."""
        return SqliteStore(self.folder)

    def desk(self) -> SqliteDesk:
        """Open the desk."""
        return SqliteDesk(self.folder)

    def abandon(self, store: Store) -> None:
        """Let the worker die."""
        assert isinstance(store, SqliteStore)

        store.abandon()

    def loosen(self) -> None:
        """Take the lock's file away: its holder keeps the old one, a new one has no lock yet."""
        (self.folder / "worker.lock").unlink()

    def close(self) -> None:
        """Remove the folder."""
        self._temporary.cleanup()
