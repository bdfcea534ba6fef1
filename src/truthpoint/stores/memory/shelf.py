"""What a memory store keeps, and the few rules about it that store and desk share."""

from __future__ import annotations

from bisect import insort
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.core.decision import of_person
from truthpoint.core.outbox import OPEN, TRANSITIONS, Action, Operation, Standing, State, Totals
from truthpoint.core.pauses import PauseKind, Pauses
from truthpoint.core.people import EMAIL, ID, Grade, has_address, named_by
from truthpoint.core.turns import WITHOUT_TOTALS

if TYPE_CHECKING:
    from truthpoint.core.decision import (
        Hold,
        JournalRow,
        LedgerKey,
        LedgerRow,
        Said,
        Tie,
        Verdict,
    )
    from truthpoint.core.outbox import Act
    from truthpoint.core.pauses import Pause
    from truthpoint.core.people import LinkRow, PersonRow
    from truthpoint.core.profile import Profile
    from truthpoint.core.questions import Question
    from truthpoint.core.rates import Pace
    from truthpoint.core.turns import Turn
    from truthpoint.findings import Finding
    from truthpoint.ports import Binding


@dataclass(slots=True, kw_only=True)
class Held:
    """An operation, and where it is in its life.

    Attributes:
        operation: The operation, its attempts up to date.
        state: Where it is.
        reason: Why it is dead, withheld, or comes again.
        settled_at_ms: When it was settled last; None before, and again after a replay.
    """

    operation: Operation
    state: State = State.READY
    reason: str = ""
    settled_at_ms: int | None = None


@dataclass(slots=True, kw_only=True)
class MemoryShelf:
    """The data of one store; it stays when whoever opened it closes or dies.

    Attributes:
        lock: Held by whoever reads or writes more than one thing.
        token: Number of the latest acquisition, which fences off earlier ones.
        held: Whether a worker that lives holds the store.
        records: The journal, by number.
        numbers: Source and record id to the record's number.
        position: The last record decided in the journal's order.
        replays: Records to decide again, in the order of asking; the values say nothing.
        people: By person key.
        links: By kind, value and person key.
        profiles: By person key.
        holds: By record.
        closings: Start and tie to until when its like are closed.
        said: By source and event.
        tombstones: Digest to the person key of whom it named.
        secret: By which digests of identifiers are made.
        scrubs: Records whose bytes are to be forgotten.
        erasing: Who is erased, and known here still.
        expired: The record up to which bytes that name nobody are forgotten.
        expired_records: How many that were.
        questions: What is to be asked of profiles that were ended, by number.
        asked: The number of the last question.
        blocked: Person key to those who became part of them and are away.
        ledger: By ledger key.
        totals: By person key.
        due_ms: Person key to when the first of what waits in their totals waits no longer.
        operations: By id.
        of_record: Record to the id of its operation.
        open: Person key to the ids of their open operations, in order.
        waiting: The people in the queue: those with something to send, now or later.
        away: Person key to the turn that left.
        not_before_ms: Person key to when a postponed person may go on.
        failures: Person key to how many of their turns in a row have failed.
        refusals: Person key to why the last identify of our making was refused for good.
        verdicts: By record.
        findings: By record.
        next_person: The first free person key.
        next_operation: The first free operation id.
        binding: What the store is bound to.
        rollups: How totals are computed.
        pace: How delivery went lately.
        pauses: What is paused, in the order of asking.
        pauses_made: How often something was paused.
    """

    lock: RLock = field(default_factory=RLock)
    token: int = 0
    held: bool = False
    records: dict[int, JournalRow] = field(default_factory=dict[int, "JournalRow"])
    numbers: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    position: int = 0
    replays: dict[int, None] = field(default_factory=dict[int, None])
    people: dict[int, PersonRow] = field(default_factory=dict[int, "PersonRow"])
    links: dict[tuple[str, str, int], LinkRow] = field(
        default_factory=dict[tuple[str, str, int], "LinkRow"]
    )
    profiles: dict[int, Profile] = field(default_factory=dict[int, "Profile"])
    holds: dict[int, Hold] = field(default_factory=dict[int, "Hold"])
    closings: dict[Tie, int] = field(default_factory=dict["Tie", int])
    said: dict[tuple[str, str], Said] = field(default_factory=dict[tuple[str, str], "Said"])
    tombstones: dict[str, int] = field(default_factory=dict[str, int])
    secret: bytes = b"of a store in memory"
    scrubs: set[int] = field(default_factory=set[int])
    erasing: set[int] = field(default_factory=set[int])
    expired: int = 0
    expired_records: int = 0
    questions: dict[int, Question] = field(default_factory=dict[int, "Question"])
    asked: int = 0
    blocked: dict[int, set[int]] = field(default_factory=dict[int, set[int]])
    ledger: dict[LedgerKey, LedgerRow] = field(default_factory=dict["LedgerKey", "LedgerRow"])
    totals: dict[int, Totals] = field(default_factory=dict[int, Totals])
    due_ms: dict[int, int] = field(default_factory=dict[int, int])
    operations: dict[int, Held] = field(default_factory=dict[int, Held])
    of_record: dict[int, int] = field(default_factory=dict[int, int])
    open: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    waiting: set[int] = field(default_factory=set[int])
    away: dict[int, Turn] = field(default_factory=dict[int, "Turn"])
    not_before_ms: dict[int, int] = field(default_factory=dict[int, int])
    failures: dict[int, int] = field(default_factory=dict[int, int])
    refusals: dict[int, str] = field(default_factory=dict[int, str])
    verdicts: dict[int, Verdict] = field(default_factory=dict[int, "Verdict"])
    findings: dict[int, tuple[Finding, ...]] = field(
        default_factory=dict[int, tuple["Finding", ...]]
    )
    next_person: int = 1
    next_operation: int = 1
    binding: Binding | None = None
    rollups: str | None = None
    pace: Pace | None = None
    pauses: dict[tuple[PauseKind, str], Pause] = field(
        default_factory=dict[tuple["PauseKind", str], "Pause"]
    )
    pauses_made: int = 0

    def is_away(self, person: int) -> bool:
        """Tell whether somebody is away, or somebody who became part of them."""
        return person in self.away or not self.blocked.get(person, set()).isdisjoint(self.away)

    def waiting_for(self, gone: int) -> int:
        """Return who waits for somebody who became part of them."""
        return next(person for person, waited_for in self.blocked.items() if gone in waited_for)

    def close(self, event: str, tie: str, until_ms: int) -> None:
        """Close the starts that happened up to a time."""
        self.closings[event, tie] = max(until_ms, self.closings.get((event, tie), until_ms))

    def closed_until_ms(self, start: Operation) -> int | None:
        """Return until when the likes of a start are closed."""
        ties = (start.tie or "", of_person(start.person))
        found = [
            self.closings[start.event, tie] for tie in ties if (start.event, tie) in self.closings
        ]
        return max(found, default=None)

    def names_another(self, operation: Operation) -> bool:
        """Tell whether a merge names the other profile by an email that is somebody else's."""
        address = operation.attributes.decode()
        if operation.action is not Action.MERGE or not has_address(EMAIL, address):
            return False
        named = named_by(address)
        return any(
            (one.kind, one.value) == named
            and one.person != operation.person
            and one.grade is Grade.ASSERTED
            and one.until_ms is None
            for one in self.links.values()
        )

    def lane_of(self, person: int) -> Lane:
        """Return the lane in which a person waits: that of their most urgent open operation."""
        lanes = (self.operations[one].operation.lane for one in self.open.get(person, ()))
        return min(lanes, default=Lane.LIVE)

    def paused(self, person: int, pauses: Pauses) -> bool:
        """Tell whether a pause holds a person."""
        first = next(iter(self.open.get(person, ())), None)
        event = "" if first is None else self.operations[first].operation.event
        return pauses.holds(person, self.lane_of(person), event)

    def pauses_in_force(self) -> Pauses:
        """Return all pauses, with the people to whom the paused ids lead."""
        names = {name for kind, name in self.pauses if kind is PauseKind.PERSON}
        people = {one.person for one in self.people.values() if one.canonical_id in names}
        people |= {one[2] for one in self.links if one[0] == ID and one[1] in names}
        return Pauses.of(self.pauses, people)

    def move(
        self, operation: int, act: Act, *, reason: str = "", now_ms: int | None = None
    ) -> None:
        """Move an operation along the table, and in or out of its person's queue.

        Raises:
            ValueError: The table knows no such act for an operation in this state.
        """
        held = self.operations[operation]
        after = TRANSITIONS.get((held.state, act))
        if after is None:
            raise ValueError(f"no act {act.value} for an operation that is {held.state.name}")
        was_open, is_open = held.state in OPEN, after in OPEN
        held.state = after
        held.reason = reason
        held.settled_at_ms = None if is_open else now_ms
        queue = self.open.setdefault(held.operation.person, [])
        if is_open and not was_open:
            insort(queue, operation)
        elif was_open and not is_open:
            queue.remove(operation)

    def stand(self, person: int, standing: Standing) -> None:
        """Set how a person stands."""
        self.people[person] = replace(self.people[person], standing=standing)

    def queue_up(self, person: int) -> None:
        """Put a person into the queue, or out of it when they have nothing to send."""
        if self._waits(person):
            self.waiting.add(person)
        else:
            self.waiting.discard(person)
            self.not_before_ms.pop(person, None)

    def _waits(self, person: int) -> bool:
        standing = self.people[person].standing
        if self.open.get(person) or standing is Standing.DUE:
            return True
        totals = self.totals.get(person)
        return totals is not None and totals.waiting and standing not in WITHOUT_TOTALS
