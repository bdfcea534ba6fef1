"""I1 to I6 under scripted faults, in virtual time, judged by an oracle (T1, T8, T10)."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from support import virtual
from support.local import DirectTransport, put_faults, read_log
from support.minted import Minted, judge, mint
from support.shop import say, worker_on
from truthpoint.core.decision import Outcome
from truthpoint.stores.memory import MemoryDesk, MemoryJournal, MemoryShelf, MemoryStore
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, SqliteStore
from truthpoint.workspace import Workspace

BATCH = {"path": "/api/v2/batch"}


def faults(seed: int, poisoned: str) -> list[dict[str, Any]]:
    """A fifth of all requests goes wrong in one way or another, and one person's always do."""
    common: dict[str, Any] = {"match": BATCH, "times": 30, "seed": seed}
    return [
        {**common, "kind": "reset", "when": "after", "probability": 0.06},
        {**common, "kind": "reset", "when": "before", "probability": 0.04},
        {**common, "kind": "status", "status": 429, "probability": 0.04},
        {
            **common,
            "kind": "status",
            "status": 429,
            "headers": {"Retry-After": "7"},
            "probability": 0.03,
        },
        {**common, "kind": "status", "status": 503, "body": "<html>", "probability": 0.05},
        {**common, "kind": "slow", "seconds": 30, "probability": 0.03},
        {
            **common,
            "kind": "items",
            "persons": [poisoned],
            "match": {**BATCH, "event": "checkout_started"},
            "times": None,
        },
    ]


class Place:
    """A store, a workspace and what was minted."""

    def __init__(self, kind: str, folder: Any, minted: Minted) -> None:
        self.minted = minted
        self.workspace = Workspace(None, clock=lambda: virtual.START_MS / 1000)
        if kind == "memory":
            shelf = MemoryShelf()
            self.journal: Any = MemoryJournal(shelf)
            self.desk: Any = MemoryDesk(shelf)
            self.open_store: Any = lambda: MemoryStore(shelf)
        else:
            self.journal = SqliteJournal(folder)
            self.desk = SqliteDesk(folder)
            self.open_store = lambda: SqliteStore(folder)

    def deliver(self, **settings: Any) -> None:
        """Deliver everything, in virtual time."""

        async def story() -> None:
            store = self.open_store()
            clock = virtual.VirtualClock(asyncio.get_running_loop())
            worker = worker_on(store, DirectTransport(self.workspace), clock, **settings)
            try:
                await worker.drain()
            finally:
                store.close()

        virtual.run(story())

    def close(self) -> None:
        """Let go of everything."""
        self.journal.close()
        self.desk.close()
        self.workspace.close()


def run(kind: str, folder: Any, seed: int, *, people: int, each: int) -> Counter[str]:
    """One shop, one run of faults, then their end; return what was seen."""
    minted = mint(seed, people=people, each=each)
    place = Place(kind, folder, minted)
    poisoned = "1"
    put_faults(place.workspace, *faults(seed, poisoned))
    try:
        say(place.journal, *minted.records)
        place.deliver(in_flight=8, lease_operations=20)
        dead = {
            (step.event, _key(place, step.record))
            for step in place.desk.listed(Outcome.DEAD, limit=100_000)
            if step.event
        }
        seen = judge(
            minted, read_log(place.workspace), dead=frozenset(dead), poisoned=frozenset({poisoned})
        )
        seen["dead"] = len(dead)
        _check_outcomes(place, minted)
        _replay(place, minted)
        return seen
    finally:
        place.close()


def _key(place: Place, record: int) -> str:
    minted = place.minted.records[record - 1]
    return next(iter(minted["properties"].values()))


def _check_outcomes(place: Place, minted: Minted) -> None:
    """Law 16: every record has one outcome, and they add up."""
    verdicts = place.desk.backlog().verdicts

    assert verdicts[Outcome.QUARANTINED, "property_missing"] == minted.broken
    assert verdicts[Outcome.WITHHELD, "duplicate"] == minted.repeats


def _replay(place: Place, minted: Minted) -> None:
    """Once the faults are over, a replay brings the dead ones, once each."""
    put_faults(place.workspace)
    place.desk.replay(Outcome.DEAD, None)
    place.deliver()
    said = [item for request in read_log(place.workspace) for item in request["items"]]
    applied = Counter(
        item["event_id"] for item in said if item["effect"] == "applied" and item["event_id"]
    )

    assert set(applied.values()) <= {1}
    assert len(applied) == sum(len(moments) for moments in minted.moments.values())
    assert place.desk.listed(Outcome.DEAD, limit=10) == []


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_nothing_is_lost_doubled_or_reordered_whatever_goes_wrong(kind, tmp_path):
    """I1 to I6; I10: duplicates, 207s, lost answers and dead operations were really seen."""
    seen: Counter[str] = Counter()
    for seed in range(20):
        seen += run(kind, tmp_path / str(seed), seed, people=8, each=12)

    for sign in ("duplicate", "207", "429", "503", "lost answer", "dead"):
        assert seen[sign] >= 1, sign


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_lost_doubled_or_reordered_at_full_size(seed, tmp_path):
    """T1: 200 people, 50 records each; some two minutes a seed."""
    seen = run("sqlite", tmp_path, seed, people=200, each=50)

    assert seen["duplicate"] >= 1
    assert seen["207"] >= 1
