"""Step 3 of 6: a batch of records becomes one decision, purely.

The decision sees the records, the contract and what the store knew; it answers with
everything that changes: people, ledger rows, totals, operations, verdicts. A later
record of the batch sees what an earlier one changed. The store commits a decision as
one transaction together with the records it settles, so a crash repeats the work and
never half of it, and a repeated decision writes nothing new.

What must be loaded is known in two steps, because totals hang on people:
`Plan.ids` and `Plan.keys` first; then `Plan.people_with_totals(known)`.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from truthpoint.contract.model import Lane
from truthpoint.findings import Finding, finding
from truthpoint.values.event_id import event_id

from . import rollups
from .decision import Decision, LedgerRow, Outcome, PersonRow, Reason, Verdict
from .examine import Broken, Identity, Moment, NotOwner, normal_text
from .outbox import Action, Operation, Totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from truthpoint.contract.model import Contract, Event

    from .decision import JournalRow, Known, LedgerKey
    from .examine import Examined, Examiner

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


class Plan(msgspec.Struct, frozen=True, gc=False):
    """A batch that was examined, and what it needs to know.

    Attributes:
        rows: The records.
        examined: What each is under the contract, in the same order.
    """

    rows: tuple[JournalRow, ...]
    examined: tuple[Examined, ...]

    @property
    def ids(self) -> frozenset[str]:
        """Canonical ids of the people that it is about."""
        return frozenset(
            one.person_id for one in self.examined if isinstance(one, Moment | Identity)
        )

    @property
    def keys(self) -> frozenset[LedgerKey]:
        """Ledger keys that it may claim."""
        return frozenset(
            ledger_key(one) for one in self.examined if isinstance(one, Moment) and one.key
        )

    def people_with_totals(self, contract: Contract, people: Iterable[PersonRow]) -> list[int]:
        """Return the keys of the known people whose totals it may change."""
        touching = rollups.touching(contract)
        ids = {
            one.person_id
            for one in self.examined
            if isinstance(one, Moment) and one.event.name in touching
        }
        return [row.person for row in people if row.canonical_id in ids]


def ledger_key(moment: Moment) -> LedgerKey:
    """Return the ledger key of a moment that has one."""
    return moment.event.name, key_text(moment.key)


def key_text(key: Sequence[str]) -> str:
    """Return key values as the text that the ledger keeps: a compact JSON array."""
    return _encode(list(key)).decode()


def plan(rows: Iterable[JournalRow], examiner: Examiner) -> Plan:
    """Read and examine a batch."""
    taken = tuple(rows)
    return Plan(
        taken,
        tuple(
            examiner.examine_body(
                row.body,
                source=row.source,
                captured_at_ms=row.captured_at_ms,
                # An operator who releases it from quarantine takes it as a record of its own.
                kept_as=None if row.replayed else row.record_id,
            )
            for row in taken
        ),
    )


def decide(planned: Plan, examiner: Examiner, known: Known) -> Decision:
    """Return the decision of a batch. Pure: the same arguments give the same decision."""
    deciding = _Deciding(examiner, known)
    for row, examined in zip(planned.rows, planned.examined, strict=True):
        deciding.take(row, examined)
    return deciding.decision(tuple(row.record for row in planned.rows))


def set_aside(row: JournalRow, evidence: str, *, next_ids: tuple[int, int]) -> Decision:
    """Return the decision of one record that could not be decided: it is quarantined.

    Args:
        row: The record.
        evidence: What happened, without anything of the record.
        next_ids: The first free person key and operation id.
    """
    found = finding("could_not_be_decided", evidence)
    verdict = Verdict(record=row.record, outcome=Outcome.QUARANTINED, reason=found.code)
    next_person, next_operation = next_ids
    return Decision(
        records=(row.record,),
        people=(),
        ledger=(),
        totals=(),
        operations=(),
        verdicts=(verdict,),
        findings={row.record: (found,)},
        next_person=next_person,
        next_operation=next_operation,
    )


class _Deciding:
    """The state of one batch while it is decided."""

    def __init__(self, examiner: Examiner, known: Known) -> None:
        self._examiner = examiner
        self._contract = examiner.contract
        self._people = dict(known.people)
        self._ledger = dict(known.ledger)
        self._totals = dict(known.totals)
        self._next_person = known.next_person
        self._next_operation = known.next_operation
        self._rollups: dict[str, rollups.EventRollups] = {}
        self._changed_people: dict[int, PersonRow] = {}
        self._changed_totals: dict[int, Totals] = {}
        self._rows: list[LedgerRow] = []
        self._operations: list[Operation] = []
        self._verdicts: list[Verdict] = []
        self._findings: dict[int, tuple[Finding, ...]] = {}

    def decision(self, records: tuple[int, ...]) -> Decision:
        """Return what was gathered."""
        return Decision(
            records=records,
            people=tuple(self._changed_people.values()),
            ledger=tuple(self._rows),
            totals=tuple(self._changed_totals.values()),
            operations=tuple(self._operations),
            verdicts=tuple(self._verdicts),
            findings=self._findings,
            next_person=self._next_person,
            next_operation=self._next_operation,
        )

    def take(self, row: JournalRow, examined: Examined) -> None:
        """Decide one record."""
        self._note(row, examined.findings)
        match examined:
            case Broken():
                reason = next(one.code for one in examined.findings if one.severity == "error")
                self._verdicts.append(
                    Verdict(
                        record=row.record,
                        outcome=Outcome.QUARANTINED,
                        reason=reason,
                        event=examined.event,
                    )
                )
            case NotOwner():
                self._withhold(row, Reason.NOT_OWNER, event=examined.event)
            case Identity():
                self._identify(row, examined)
            case Moment():
                self._moment(row, examined)
            case _:  # pragma: no cover - the type checker holds this line
                assert_never(examined)

    def _note(self, row: JournalRow, findings: tuple[Finding, ...]) -> None:
        if findings:
            self._findings[row.record] = self._findings.get(row.record, ()) + findings

    def _withhold(
        self,
        row: JournalRow,
        reason: Reason,
        *,
        event: str,
        person: int | None = None,
        key: str = "",
    ) -> None:
        self._verdicts.append(
            Verdict(
                record=row.record,
                outcome=Outcome.WITHHELD,
                reason=reason.value,
                event=event,
                person=person,
                key=key,
            )
        )

    def _person(self, canonical_id: str) -> PersonRow:
        known = self._people.get(canonical_id)
        if known is not None:
            return known
        person = PersonRow(person=self._next_person, canonical_id=canonical_id)
        self._next_person += 1
        self._keep(person)
        return person

    def _keep(self, person: PersonRow) -> None:
        self._people[person.canonical_id] = person
        self._changed_people[person.person] = person

    def _identify(self, row: JournalRow, identity: Identity) -> None:
        person = self._person(identity.person_id)
        first = not person.identified
        if first:
            missing = self._examiner.first_identify(identity)
            self._note(row, tuple(one for one in missing if one.code == "attribute_missing"))
            self._keep(
                PersonRow(
                    person=person.person,
                    canonical_id=person.canonical_id,
                    standing=person.standing,
                    identified=True,
                )
            )
        self._operations.append(
            Operation(
                id=self._take_operation_id(),
                person=person.person,
                record=row.record,
                lane=Lane.LIVE,
                action=Action.IDENTIFY,
                event="",
                name="",
                event_id="",
                at_ms=identity.at_ms,
                attributes=_encode(identity.attributes),
                barrier=first or identity.changes_identifiers,
            )
        )

    def _moment(self, row: JournalRow, moment: Moment) -> None:
        compare = _digest(moment.compare)
        ledger_name = ledger_key(moment) if moment.key else None
        if ledger_name is not None:
            earlier = self._ledger.get(ledger_name)
            if earlier is not None:
                self._repeat(row, moment, earlier, compare)
                return
        # Only now: a repeat that names somebody else makes no person of them.
        person = self._person(moment.person_id)
        operation = self._event_operation(row, moment, person)
        totalled = self._rollups_of(moment.event)
        added, foreign = totalled.contributions(moment.values, row.captured_at_ms)
        if foreign:
            self._note(row, tuple(_foreign(self._contract, name) for name in foreign))
        if ledger_name is not None:
            self._claim(ledger_name, moment, operation, compare, added)
        if totalled.touched:
            key = "" if ledger_name is None else ledger_name[1]
            self._total(totalled, moment, operation, added, key)

    def _rollups_of(self, event: Event) -> rollups.EventRollups:
        known = self._rollups.get(event.name)
        if known is None:
            known = self._rollups[event.name] = rollups.EventRollups(self._contract, event)
        return known

    def _repeat(self, row: JournalRow, moment: Moment, earlier: LedgerRow, compare: bytes) -> None:
        # One of the two may be from before the contract said what to compare.
        if compare == earlier.compare or not compare or not earlier.compare:
            reason, evidence = Reason.DUPLICATE, f"A repeat of record {earlier.record}."
        else:
            names = ", ".join(f"`{name}`" for name in moment.event.compare)
            reason = Reason.CONFLICT
            evidence = f"It differs from record {earlier.record} in what it says of {names}."
        self._note(row, (finding(reason.value, evidence),))
        self._withhold(row, reason, event=moment.event.name, person=earlier.person, key=earlier.key)

    def _event_operation(self, row: JournalRow, moment: Moment, person: PersonRow) -> Operation:
        wire = moment.event.wire
        identity = moment.key or (row.source, row.record_id)
        ulid = event_id(self._contract.shop, wire, identity)
        operation = Operation(
            id=self._take_operation_id(),
            person=person.person,
            record=row.record,
            lane=moment.event.lane,
            action=Action.EVENT,
            event=moment.event.name,
            name=wire,
            event_id=ulid,
            at_ms=moment.at_ms,
            attributes=_with_event_id(moment.encoded, ulid),
            barrier=False,
        )
        self._operations.append(operation)
        return operation

    def _claim(
        self,
        ledger_name: LedgerKey,
        moment: Moment,
        operation: Operation,
        compare: bytes,
        added: Mapping[str, object],
    ) -> None:
        name, key = ledger_name
        correlation = moment.event.correlation
        ties = "" if correlation is None else normal_text(moment.values[correlation])
        claimed = LedgerRow(
            event=name,
            key=key,
            person=operation.person,
            at_ms=moment.at_ms,
            record=operation.record,
            operation=operation.id,
            compare=compare,
            # An empty text is a property's default: it ties to nothing.
            correlation=ties or None,
            contributions=added,
        )
        self._ledger[ledger_name] = claimed
        self._rows.append(claimed)

    def _total(
        self,
        totalled: rollups.EventRollups,
        moment: Moment,
        operation: Operation,
        added: Mapping[str, object],
        key: str,
    ) -> None:
        person = operation.person
        before = self._totals.get(person) or Totals(person=person, values={})
        values = totalled.fold(before.values, moment.at_ms, added, key, self._ledger)
        if values == before.values:
            return
        after = Totals(
            person=person,
            version=before.version + 1,
            sent_version=before.sent_version,
            changed_by=operation.id,
            wire_at_s=before.wire_at_s,
            values=values,
        )
        self._totals[person] = after
        self._changed_totals[person] = after

    def _take_operation_id(self) -> int:
        taken = self._next_operation
        self._next_operation += 1
        return taken


def _with_event_id(encoded: bytes, ulid: str) -> bytes:
    """Return properties that are one JSON object with the event's id behind them."""
    comma = b"" if encoded == b"{}" else b","
    return b'%b%b"event_id":"%b"}' % (encoded[:-1], comma, ulid.encode())


def _digest(texts: Sequence[str]) -> bytes:
    """Return 8 bytes that tell what a moment says to `compare`; empty when it says nothing."""
    return sha256(_encode(list(texts))).digest()[:8] if texts else b""


def _foreign(contract: Contract, rollup: str) -> Finding:
    evidence = f"The moment is not in {contract.currency}, the currency of `{rollup}`."
    return finding("currency_not_reporting", evidence)
