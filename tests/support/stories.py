"""Stories of a shop, told record by record to a real worker and a local workspace.

Everything is the product's own but time and sockets: a memory store, decision, delivery, and
the workspace, which shares no code with them. Records come in any order, cut into batches
anywhere, with deliveries between.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from support import virtual
from support.local import DirectTransport, read_log
from support.shop import worker_on
from truthpoint.contract import read
from truthpoint.core.decision import Outcome
from truthpoint.core.examine import Examiner
from truthpoint.ports import Capture, Desk, Journal, Store
from truthpoint.stores.memory import MemoryDesk, MemoryJournal, MemoryShelf, MemoryStore
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, SqliteStore
from truthpoint.values.instants import to_iso
from truthpoint.workers import Worker
from truthpoint.workspace import Request, Workspace

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
        shelf: What the store knows of people and their moments.
        log: Every request that the workspace took.
        workspace: The workspace.
        ends: How each record ended and why, in the order in which they were told.
        event_ids: The event id of each record, in the same order; empty: it has none.
        codes: What was found about each record, in the same order.
    """

    shelf: MemoryShelf
    log: list[dict[str, Any]]
    workspace: Workspace
    ends: list[tuple[Outcome, str]]
    event_ids: list[str]
    codes: list[list[str]]

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
        """How a record ended, and why; the first one has the number 1."""
        return self.ends[record - 1]

    def outcomes(self) -> list[tuple[Outcome, str]]:
        """How every record ended, in the order in which they were told."""
        return self.ends

    def profile(self, identifier: str, by: str = "id") -> dict[str, Any] | None:
        """A person as the workspace shows one; None: nobody."""
        reply = self.workspace.handle(
            Request(
                method="GET",
                path=f"/v1/customers/{quote(identifier, safe='')}/attributes",
                query={"id_type": by},
                headers={"authorization": "Bearer test", "host": "127.0.0.1"},
            )
        )
        return json.loads(reply.body)["customer"] if reply.status == 200 else None

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """The events that the workspace took, in its order."""
        return [
            one
            for request in self.log
            for one in request["items"]
            if one["action"] == "event" and name in (None, one["name"])
        ]


@dataclass
class Shop:
    """A journal, a worker and a workspace in virtual time.

    Attributes:
        journal: Where records are captured.
        store: The worker's.
        desk: Where outcomes are looked up.
        worker: The worker.
        clock: The time; may be moved by hand.
        workspace: The workspace.
        told: How many records were captured.
    """

    journal: Journal
    store: Store
    desk: Desk
    worker: Worker
    clock: virtual.VirtualClock
    workspace: Workspace
    told: int = 0

    def capture(self, *records: Said) -> None:
        """Capture records."""
        self.journal.append(
            [
                Capture(
                    source=record.get("source", "backend"),
                    record_id=f"r{self.told + place}",
                    captured_at_ms=self.clock.now_ms(),
                    contract="",
                    body=json.dumps(record).encode(),
                )
                for place, record in enumerate(records)
            ]
        )
        self.told += len(records)

    def result(self) -> Told:
        """What came of all that was told."""
        knowledge = self.store.knowledge
        people = range(1, knowledge.next_ids()[0])
        shelf = MemoryShelf(
            people={one.person: one for one in knowledge.people(people)},
            links={(one.kind, one.value, one.person): one for one in knowledge.links_of(people)},
            profiles=knowledge.profiles(people),
            ledger={(one.event, one.key): one for one in knowledge.moments(people)},
            totals={one.person: one for one in knowledge.totals(people)},
        )
        found = [self.desk.record(number) for number in range(1, self.told + 1)]
        steps = [one[1] for one in found if one is not None]
        return Told(
            shelf=shelf,
            log=read_log(self.workspace),
            workspace=self.workspace,
            ends=[(one.outcome, one.reason) for one in steps],
            event_ids=[one.event_id for one in steps],
            codes=[[each.code for each in one[2]] for one in found if one is not None],
        )


def open_shop(
    clock: virtual.VirtualClock,
    *,
    examiner: Examiner = EXAMINER,
    folder: Path | None = None,
    **settings: Any,
) -> Shop:
    """Open a shop.

    Args:
        clock: The time.
        examiner: The contract.
        folder: Where its store is; None: in memory.
        settings: Of delivery.
    """
    workspace = Workspace(None, clock=lambda: clock.now_ms() / 1000)
    if folder is None:
        shelf = MemoryShelf()
        journal, store, desk = MemoryJournal(shelf), MemoryStore(shelf), MemoryDesk(shelf)
    else:
        journal, store, desk = SqliteJournal(folder), SqliteStore(folder), SqliteDesk(folder)
    worker = worker_on(store, DirectTransport(workspace), clock, examiner=examiner, **settings)
    return Shop(
        journal=journal,
        store=store,
        desk=desk,
        worker=worker,
        clock=clock,
        workspace=workspace,
    )


def tell(
    records: Sequence[Said],
    *,
    cuts: Iterable[int] = (),
    waits: Mapping[int, int] | None = None,
    later_ms: int = 0,
    examiner: Examiner = EXAMINER,
    folder: Path | None = None,
) -> Told:
    """Tell a story.

    Args:
        records: The records, in the order of their arrival.
        cuts: After how many records everything so far is decided and delivered.
        waits: Cut to how many milliseconds pass after it.
        later_ms: How much time passes before what waits is decided at the end.
        examiner: The contract.
        folder: Where the store is; None: in memory.
    """

    async def story() -> Told:
        clock = virtual.VirtualClock(asyncio.get_running_loop())
        shop = open_shop(clock, examiner=examiner, folder=folder)
        start = 0
        for cut in sorted({*cuts, len(records)}):
            shop.capture(*records[start:cut])
            start = cut
            await shop.worker.drain()
            clock.shift_ms += (waits or {}).get(cut, 0)
        if later_ms:
            clock.shift_ms += later_ms
            await shop.worker.drain()
        told = shop.result()
        if folder is not None:
            for each in (shop.store, shop.journal, shop.desk):
                each.close()
        return told

    return virtual.run(story())
