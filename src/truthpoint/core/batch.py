"""One batch while it is decided: what was known, and what it changes so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.contract.rules import Unidentified

from . import rollups
from .decision import Closing, Decision, Outcome, Reason, Said, Verdict, of_person
from .identity import Registry
from .outbox import Action, Operation, Totals
from .people import EMAIL
from .profile import Applied, Profile, combine
from .tombstones import Tombstones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from truthpoint.findings import Finding

    from .decision import Hold, JournalRow, Known, LedgerKey, LedgerRow, Tie
    from .examine import Examiner


class Batch:
    """The state of one batch.

    Args:
        examiner: The contract, compiled.
        known: What the store knew before.

    Attributes:
        examiner: The same.
        contract: Its contract.
        known: What the store knew before.
        registry: The people.
        ledger: Ledger rows, known and new.
        starts: What the latest start with each tie said.
        holds: Records that wait for their person.
        tombstones: Who was erased.
        scrubbed: Records whose bytes are forgotten.
        corrected: Known ledger rows that changed.
    """

    def __init__(self, examiner: Examiner, known: Known) -> None:
        self.examiner = examiner
        self.contract = examiner.contract
        self.known = known
        guests = self.contract.person.unresolved.get(EMAIL)
        self.registry = Registry(
            known.people,
            known.links,
            next_person=known.next_person,
            guests=guests is not None and guests.then is Unidentified.UNDER_EMAIL,
        )
        self.ledger: dict[LedgerKey, LedgerRow] = dict(known.ledger)
        self.starts: dict[Tie, bytes] = dict(known.starts)
        self.holds: list[Hold] = []
        self._closings: list[tuple[str, str | int, int]] = []
        self.tombstones = Tombstones(known.secret, known.tombstones)
        self.scrubbed: list[int] = []
        self.corrected: dict[LedgerKey, LedgerRow] = {}
        self._rows: list[LedgerRow] = []
        self._totals: dict[int, Totals] = dict(known.totals)
        self._changed_totals: set[int] = set()
        self._united_totals: set[int] = set()
        self._profiles: dict[int, Profile] = dict(known.profiles)
        self._changed_profiles: set[int] = set()
        self._next_operation = known.next_operation
        self._operations: list[Operation] = []
        self._verdicts: list[Verdict] = []
        self._findings: dict[int, tuple[Finding, ...]] = {}
        self._said: dict[tuple[str, str], tuple[int, int]] = {}

    # ------------------------------------------------------------------ outcomes

    def note(self, row: JournalRow, findings: Iterable[Finding]) -> None:
        """Keep what was found about a record."""
        found = tuple(findings)
        if found:
            self._findings[row.record] = self._findings.get(row.record, ()) + found

    def end(
        self,
        row: JournalRow,
        outcome: Outcome,
        reason: str,
        *,
        event: str | None = None,
        person: int | None = None,
        key: str = "",
    ) -> None:
        """Say how a record without an operation of its own ends."""
        self._verdicts.append(
            Verdict(
                record=row.record,
                outcome=outcome,
                reason=reason,
                event=event,
                person=person,
                key=key,
            )
        )

    def withhold(
        self,
        row: JournalRow,
        reason: Reason,
        *,
        event: str | None,
        person: int | None = None,
        key: str = "",
    ) -> None:
        """Decide that a record is not sent."""
        self.end(row, Outcome.WITHHELD, reason.value, event=event, person=person, key=key)

    def add(
        self, row: JournalRow, person: int, action: Action, at_ms: int, **more: Unpack[_More]
    ) -> Operation:
        """Add an operation that tells no event behind all others, and return it."""
        operation = Operation(
            id=self._next_operation,
            person=person,
            record=row.record,
            lane=Lane.LIVE,
            action=action,
            event="",
            name="",
            event_id="",
            at_ms=at_ms,
            attributes=more.get("attributes", b"{}"),
            barrier=more.get("barrier", True),
            address=more.get("address", ""),
            not_before_ms=more.get("not_before_ms", 0),
            own=more.get("own", True),
        )
        return self.put(operation)

    @property
    def next_operation(self) -> int:
        """The first free operation id."""
        return self._next_operation

    def put(self, operation: Operation) -> Operation:
        """Put an operation that has the first free id behind all others, and return it."""
        self._next_operation += 1
        self._operations.append(operation)
        return operation

    def hear(self, source: str, event: str, captured_at_ms: int) -> None:
        """Count a source's word of an event (law 6)."""
        before = self._said.get((source, event))
        if before is None:
            self._said[source, event] = (1, captured_at_ms)
        else:
            count, last_ms = before
            self._said[source, event] = (count + 1, max(last_ms, captured_at_ms))

    def last_heard_ms(self, source: str, event: str) -> int | None:
        """Return when a source said something of an event last; None: never."""
        now, before = self._said.get((source, event)), self.known.said.get((source, event))
        if now is not None:
            return now[1] if before is None else max(now[1], before.last_ms)
        return None if before is None else before.last_ms

    # ---------------------------------------------------------- ledger and totals

    def claim(self, row: LedgerRow) -> None:
        """Add a row to the ledger."""
        self.ledger[row.event, row.key] = row
        self._rows.append(row)

    def correct(self, row: LedgerRow) -> None:
        """Replace a row of the ledger."""
        name = (row.event, row.key)
        self.ledger[name] = row
        for place, one in enumerate(self._rows):
            if (one.event, one.key) == name:
                self._rows[place] = row
                return
        self.corrected[name] = row

    def moments_of(self, person: int) -> list[LedgerRow]:
        """Return all ledger rows of somebody, where the store was asked for them."""
        found: dict[LedgerKey, LedgerRow] = {}
        for key, rows in self.known.moments.items():
            if self.registry.survivor(key) == person:
                found.update({(one.event, one.key): one for one in rows})
        found.update(
            (name, one)
            for name, one in self.ledger.items()
            if self.registry.survivor(one.person) == person
        )
        return list(found.values())

    def totals(self, person: int) -> Totals:
        """Return somebody's totals, empty ones where there are none."""
        return self._totals.get(person) or Totals(person=person, values={})

    def total(self, person: int, values: Mapping[str, object], operation: int) -> None:
        """Keep somebody's totals, if they changed.

        Args:
            person: The person key.
            values: The totals from now on.
            operation: The operation that changed them; 0: none did.
        """
        before = self.totals(person)
        if values == before.values:
            return
        self._totals[person] = replace(
            before,
            version=before.version + 1,
            changed_by=operation or before.changed_by,
            values=values,
        )
        self._changed_totals.add(person)

    # ---------------------------------------------------------------------- people

    def profile(self, person: int) -> Profile:
        """Return what is known of somebody's attributes."""
        return self._profiles.get(person) or Profile()

    def keep_profile(self, person: int, profile: Profile) -> None:
        """Keep what is known of somebody's attributes."""
        self._profiles[person] = profile
        self._changed_profiles.add(person)

    def unite(self, since: int, *, same_person: bool) -> list[Applied]:
        """Carry profiles and totals over for the people who were joined.

        Args:
            since: How many had been joined before.
            same_person: Whether they are one for what they carry; else by an explicit merge.

        Returns:
            What must be told of the profiles that came of it.
        """
        told: list[Applied] = []
        for joined in self.registry.joined[since:]:
            into, gone = joined.into, joined.gone
            if joined.merges:
                self._operations = [superseded(one, gone) for one in self._operations]
            profile = self._profiles.pop(gone, None)
            self._changed_profiles.discard(gone)
            if profile is not None:
                applied = combine(self.profile(into), profile, same_person=same_person)
                self.keep_profile(into, applied.profile)
                told.append(applied)
            totals = self._totals.pop(gone, None)
            self._changed_totals.discard(gone)
            if totals is not None:
                self._unite_totals(into, totals)
        return told

    def _unite_totals(self, into: int, gone: Totals) -> None:
        mine = self.totals(into)
        values = rollups.combine(self.contract, mine.values, gone.values)
        values, _ = rollups.settle_arrived(values, self.ledger)
        self._totals[into] = replace(
            mine,
            version=max(mine.version, mine.sent_version) + 1,
            changed_by=max(mine.changed_by, gone.changed_by),
            wire_at_s=max(mine.wire_at_s, gone.wire_at_s),
            values=values,
        )
        self._changed_totals.add(into)
        self._united_totals.add(into)

    def total_behind(self, operation: Operation) -> None:
        """Tell totals of two people once more, behind what makes them one at Customer.io too.

        Of each attribute it keeps the value that one of the two had, not the later one.
        """
        person = operation.person
        if person not in self._united_totals:
            return
        self._united_totals.discard(person)
        before = self._totals[person]
        self._totals[person] = replace(before, changed_by=operation.id)

    def close(self, event: str, tie: str | int, until_ms: int) -> None:
        """Close starts: those with a tie, or all of a person key, that happened up to a time."""
        self._closings.append((event, tie, until_ms))

    # -------------------------------------------------------------------- the end

    def decision(self, records: tuple[int, ...]) -> Decision:
        """Return everything that the batch changes, under the person keys that stay."""
        registry = self.registry
        stays = registry.survivor
        joined = bool(registry.joined)
        return Decision(
            records=records,
            people=tuple(registry.changed.values()),
            ledger=_moved(self._rows, stays) if joined else tuple(self._rows),
            totals=tuple(self._totals[one] for one in sorted(self._changed_totals)),
            operations=_moved(self._operations, stays) if joined else tuple(self._operations),
            verdicts=_moved(self._verdicts, stays) if joined else tuple(self._verdicts),
            findings=self._findings,
            next_person=registry.next_person,
            next_operation=self._next_operation,
            joined=tuple(registry.joined),
            links=tuple(registry.links.changed.values()),
            corrected=_moved(self.corrected.values(), stays),
            profiles={one: self._profiles[one] for one in sorted(self._changed_profiles)},
            holds=tuple(self.holds),
            closings=tuple(
                Closing(
                    event=event,
                    tie=tie if isinstance(tie, str) else of_person(stays(tie)),
                    until_ms=until_ms,
                )
                for event, tie, until_ms in self._closings
            ),
            said=tuple(
                Said(source=source, event=event, count=count, last_ms=last_ms)
                for (source, event), (count, last_ms) in self._said.items()
            ),
            tombstones={stays(one): found for one, found in self.tombstones.new.items()},
            readmitted=tuple(self.tombstones.lifted),
            scrubbed=tuple(self.scrubbed),
        )


def superseded(operation: Operation, gone: int) -> Operation:
    """Return an operation as it is once its person was merged into another.

    What an identify says of somebody who is gone is not said of whoever took them over.
    """
    if operation.person != gone or operation.action is not Action.IDENTIFY:
        return operation
    return replace(operation, address="", barrier=True, expires_at_ms=1)


class _More(TypedDict, total=False):
    attributes: bytes
    barrier: bool
    address: str
    not_before_ms: int
    own: bool


Owned = TypeVar("Owned", "LedgerRow", Operation, Verdict)


def _moved(rows: Iterable[Owned], stays: Callable[[int], int]) -> tuple[Owned, ...]:
    """Return rows under the person keys that stay."""
    return tuple(
        one if one.person is None else replace(one, person=stays(one.person)) for one in rows
    )
