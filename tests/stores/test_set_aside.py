"""On SQLite, whom a pause holds is looked at once, not by every lease."""

from __future__ import annotations

import sqlite3

from support.shop import EXAMINER, checkout, order, say
from support.virtual import START_MS, StoppedClock
from truthpoint.core.pauses import Pause, PauseKind
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, SqliteStore
from truthpoint.workers import Decider


def test_a_lease_sets_aside_whom_a_pause_holds_and_resume_brings_them_back(tmp_path):
    """Law 8: a kill switch is as fast on Black Friday; a held backlog slows nobody down."""
    journal, store, desk = SqliteJournal(tmp_path), SqliteStore(tmp_path), SqliteDesk(tmp_path)
    say(journal, *(order(f"A-{number}", str(number)) for number in range(60)))
    say(journal, *(checkout(f"C-{number}", str(100 + number)) for number in range(9)), start=60)
    store.acquire()
    while Decider(store, EXAMINER, StoppedClock()).step():
        pass
    reader = sqlite3.connect(tmp_path / "state.db")

    def in_sight() -> list[int]:
        rows = reader.execute("SELECT away, count(*) FROM queue GROUP BY away ORDER BY away")
        return [count for _, count in rows]

    desk.pause(Pause(kind=PauseKind.EVENT, name="order_paid"))
    before = in_sight()
    leased = store.lease(START_MS, operations=5)
    after = in_sight()
    desk.resume(PauseKind.EVENT, "order_paid")
    back = in_sight()

    for one in (reader, journal, store, desk):
        one.close()
    assert 5 == len(leased)
    assert ([69], [4, 60], [64]) == (before, after, back)
