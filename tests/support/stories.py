"""Stories of a shop, told record by record to a real worker and a local workspace.

Everything is the product's own but time and sockets: a memory store, decision, delivery, and
the workspace, which shares no code with them. Records come in any order, cut into batches
anywhere, with deliveries between.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support import virtual
from support.local import DirectTransport, read_log
from support.shop import worker_on
from truthpoint.contract import read
from truthpoint.core.decision import Outcome
from truthpoint.core.examine import Examiner
from truthpoint.core.outbox import State
from truthpoint.ports import Capture
from truthpoint.stores.memory import MemoryJournal, MemoryShelf, MemoryStore
from truthpoint.values.instants import to_iso
from truthpoint.workspace import Workspace

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
NOW_MS = virtual.START_MS

CONTRACT = Path(__file__).with_name("stories.yaml")
EXAMINER = Examiner(read(CONTRACT.read_bytes(), file="stories.yaml"))

Said = dict[str, Any]


def said(kind: str, who: Any, at_ms: int = NOW_MS, **more: Any) -> Said:
    """One record as a shop says it."""
    return {"type": kind, "person": who, "at": to_iso(at_ms), **more}


def event(name: str, who: Any, at_ms: int = NOW_MS, /, **properties: Any) -> Said:
    """One event as a shop says it."""
    return said("track", who, at_ms, event=name, properties=properties)


def identify(who: Any, at_ms: int = NOW_MS, /, **attributes: Any) -> Said:
    """One identify as a shop says it."""
    return said("identify", who, at_ms, attributes=attributes)


@dataclass
class Told:
    """A story that was told to its end.

    Attributes:
        shelf: What the store holds.
        log: Every request that the workspace took.
        workspace: The workspace.
    """

    shelf: MemoryShelf
    log: list[dict[str, Any]]
    workspace: Workspace

    def person(self, canonical_id: str) -> int:
        """The person key of an id, also of one that was merged."""
        for row in self.shelf.people.values():
            if row.canonical_id == canonical_id:
                return row.person
        return next(
            one.person
            for one in self.shelf.links.values()
            if (one.kind, one.value) == ("id", canonical_id)
        )

    def names(self) -> set[frozenset[str]]:
        """Everybody by all that leads to them."""
        found: dict[int, set[str]] = {key: set() for key in self.shelf.people}
        for row in self.shelf.people.values():
            if row.canonical_id is not None:
                found[row.person].add(f"id={row.canonical_id}")
        for link in self.shelf.links.values():
            found[link.person].add(f"{link.kind}={link.value} {link.grade.name.lower()}")
        return {frozenset(one) for one in found.values()}

    def label(self, person: int) -> frozenset[str]:
        """Somebody by what leads to them, which their key does not say."""
        row = self.shelf.people[person]
        own = set() if row.canonical_id is None else {f"id={row.canonical_id}"}
        return frozenset(
            own
            | {
                f"{one.kind}={one.value}"
                for one in self.shelf.links.values()
                if one.person == person
            }
        )

    def ledger(self) -> dict[tuple[str, str], tuple[frozenset[str], int, str]]:
        """Every moment with whose it is, when it was and what it adds."""
        return {
            key: (self.label(row.person), row.at_ms, json.dumps(row.contributions, sort_keys=True))
            for key, row in self.shelf.ledger.items()
        }

    def totals(self) -> dict[frozenset[str], Any]:
        """Everybody's totals."""
        return {self.label(key): dict(one.values) for key, one in self.shelf.totals.items()}

    def outcome(self, record: int) -> tuple[Outcome, str]:
        """How a record ended, and why."""
        verdict = self.shelf.verdicts.get(record)
        if verdict is not None:
            assert record not in self.shelf.of_record, "it has two outcomes"
            return verdict.outcome, verdict.reason
        held = self.shelf.operations[self.shelf.of_record[record]]
        return _OUTCOMES[held.state], held.reason

    def outcomes(self) -> list[tuple[Outcome, str]]:
        """How every record ended, in the order in which they were told."""
        return [self.outcome(record) for record in sorted(self.shelf.records)]

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """The events that the workspace took, in its order."""
        return [
            one
            for request in self.log
            for one in request["items"]
            if one["action"] == "event" and name in (None, one["name"])
        ]


_OUTCOMES = {
    State.READY: Outcome.PENDING,
    State.LEASED: Outcome.PENDING,
    State.DELIVERED: Outcome.DELIVERED,
    State.DEAD: Outcome.DEAD,
    State.WITHHELD: Outcome.WITHHELD,
}


def tell(
    records: Sequence[Said],
    *,
    cuts: Iterable[int] = (),
    later_ms: int = 0,
    examiner: Examiner = EXAMINER,
) -> Told:
    """Tell a story.

    Args:
        records: The records, in the order of their arrival.
        cuts: After how many records everything so far is decided and delivered.
        later_ms: How much time passes before what waits is decided at the end.
        examiner: The contract.
    """
    return virtual.run(_tell(records, sorted({*cuts, len(records)}), later_ms, examiner))


async def _tell(
    records: Sequence[Said], cuts: Sequence[int], later_ms: int, examiner: Examiner
) -> Told:
    clock = virtual.VirtualClock(asyncio.get_running_loop())
    workspace = Workspace(None, clock=lambda: clock.now_ms() / 1000)
    shelf = MemoryShelf()
    journal, store = MemoryJournal(shelf), MemoryStore(shelf)
    worker = worker_on(store, DirectTransport(workspace), clock, examiner=examiner)
    start = 0
    for cut in cuts:
        for place in range(start, cut):
            _capture(journal, records[place], place, clock.now_ms())
        start = cut
        await worker.drain()
    if later_ms:
        clock.shift_ms += later_ms
        await worker.drain()
    return Told(shelf=shelf, log=read_log(workspace), workspace=workspace)


def _capture(journal: MemoryJournal, record: Said, place: int, now_ms: int) -> None:
    journal.append(
        [
            Capture(
                source=record.get("source", "backend"),
                record_id=f"r{place}",
                captured_at_ms=now_ms,
                contract="",
                body=json.dumps(record).encode(),
            )
        ]
    )
