"""Delivery is tested in virtual time, on the memory store and on SQLite alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import pytest

from support import virtual
from support.scripted import ScriptedTransport
from support.shop import say, worker_on
from truthpoint.core.decision import Outcome
from truthpoint.stores.memory import MemoryDesk, MemoryJournal, MemoryShelf, MemoryStore
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, SqliteStore
from truthpoint.workers import Worker


@dataclass
class Place:
    """A store of one kind, with everything that opens on it."""

    journal: Any
    desk: Any
    open_store: Callable[[], Any]
    transport: ScriptedTransport

    def say(self, *records: Any, start: int = 0) -> None:
        say(self.journal, *records, start=start)

    def run(self, story: Callable[[Worker], Coroutine[Any, Any, Any]], **settings: Any) -> Any:
        """Run a story with a worker that holds the store, in virtual time."""

        async def told() -> Any:
            store = self.open_store()
            clock = virtual.VirtualClock(asyncio.get_running_loop())
            try:
                return await story(worker_on(store, self.transport, clock, **settings))
            finally:
                store.close()

        return virtual.run(told())

    def drain(self, **settings: Any) -> None:
        """Decide and deliver everything."""
        self.run(lambda worker: worker.drain(), **settings)

    def dead(self) -> dict[int, str]:
        """Dead records and their reasons."""
        return {step.record: step.reason for step in self.desk.listed(Outcome.DEAD, limit=1000)}


@pytest.fixture(params=["memory", "sqlite"])
def place(request, tmp_path):
    transport = ScriptedTransport()
    if request.param == "memory":
        shelf = MemoryShelf()
        yield Place(MemoryJournal(shelf), MemoryDesk(shelf), lambda: MemoryStore(shelf), transport)
        return
    journal = SqliteJournal(tmp_path)
    desk = SqliteDesk(tmp_path)
    yield Place(journal, desk, lambda: SqliteStore(tmp_path), transport)
    journal.close()
    desk.close()
