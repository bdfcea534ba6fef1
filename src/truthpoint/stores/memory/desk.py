"""The operator's desk in memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from truthpoint.core.decision import Outcome, Reason
from truthpoint.core.outbox import OPEN, Act, Standing, State
from truthpoint.core.rates import WINDOW_MS, Rates, rates
from truthpoint.core.records import Record, read_record
from truthpoint.core.turns import lacks_identify
from truthpoint.core.views import names_another
from truthpoint.ports import Backlog, PersonView, Step, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from truthpoint.contract.model import Lane
    from truthpoint.core.decision import JournalRow
    from truthpoint.core.pauses import Pause, PauseKind
    from truthpoint.findings import Finding

    from .shelf import Held, MemoryShelf

_OUTCOMES: Final = {
    State.READY: Outcome.PENDING,
    State.LEASED: Outcome.PENDING,
    State.DELIVERED: Outcome.DELIVERED,
    State.DEAD: Outcome.DEAD,
    State.WITHHELD: Outcome.WITHHELD,
}


class MemoryDesk:
    """Looks at a shelf and acts on single records; see `truthpoint.ports.Desk`.

    Args:
        shelf: Where everything is kept.
    """

    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf = shelf

    def backlog(self) -> Backlog:
        """Return how far the work has come."""
        shelf = self._shelf
        with shelf.lock:
            states = Counter(held.state for held in shelf.operations.values())
            verdicts = Counter(
                (one.outcome, one.reason)
                for one in shelf.verdicts.values()
                if one.record not in shelf.replays
            )
            oldest = min((ids[0] for ids in shelf.open.values() if ids), default=None)
            return Backlog(
                captured=len(shelf.records),
                undecided=len(shelf.records) - shelf.position + len(shelf.replays),
                operations={state: states[state] for state in State},
                verdicts=dict(verdicts),
                people=len(shelf.people),
                oldest_open_ms=None if oldest is None else shelf.operations[oldest].operation.at_ms,
                binding=shelf.binding,
                lanes=self._lanes(),
            )

    def rates(self, now_ms: int) -> Rates:
        """Return how fast records come and operations go, over the last minute."""
        with self._shelf.lock:
            since_ms = now_ms - WINDOW_MS
            late = sum(row.captured_at_ms >= since_ms for row in self._shelf.records.values())
            return rates(late, self._shelf.pace, now_ms=now_ms)

    def _lanes(self) -> dict[Lane, Waiting]:
        """Return what waits by lane, on its way included."""
        shelf = self._shelf
        heads: dict[Lane, list[int]] = {}
        for person, ids in shelf.open.items():
            if ids:
                heads.setdefault(shelf.lane_of(person), []).append(ids[0])
        return {
            lane: Waiting(
                people=len(ids),
                oldest_captured_ms=shelf.records[
                    shelf.operations[min(ids)].operation.record
                ].captured_at_ms,
            )
            for lane, ids in heads.items()
        }

    def person(self, name: str, *, limit: int) -> PersonView | None:
        """Return one person with their latest steps; None when nothing leads to anybody."""
        shelf = self._shelf
        with shelf.lock:
            person = self._named(name)
            if person is None:
                return None
            records = {
                held.operation.record
                for held in shelf.operations.values()
                if held.operation.person == person
            }
            records |= {one.record for one in shelf.verdicts.values() if one.person == person}
            return PersonView(
                row=shelf.people[person],
                totals=shelf.totals.get(person),
                steps=tuple(self._steps(_latest(records, limit))),
                links=tuple(one for one in shelf.links.values() if one.person == person),
                profile=shelf.profiles.get(person),
            )

    def _named(self, name: str) -> int | None:
        """Return who goes by an id, or else to whom another identifier leads alone."""
        shelf = self._shelf
        for person in shelf.people.values():
            if person.canonical_id == name:
                return person.person
        led_to = {one.person for one in shelf.links.values() if one.value == name}
        return led_to.pop() if len(led_to) == 1 else None

    def events(self, key: str | None, *, event: str | None, limit: int) -> list[Step]:
        """Return the records of events, newest last, by a key's value or by an event's name."""
        with self._shelf.lock:
            records = self._of_events() if key is None else self._of_key(key)
            named = [step for step in self._steps(sorted(records)) if event in (None, step.event)]
            return named[len(named) - min(limit, len(named)) :]

    def _of_events(self) -> set[int]:
        shelf = self._shelf
        told = {
            held.operation.record for held in shelf.operations.values() if held.operation.event_id
        }
        return told | {one.record for one in shelf.verdicts.values() if one.event is not None}

    def _of_key(self, key: str) -> set[int]:
        """Return the records that claim or repeat a ledger key with this value in it."""
        claimed = {row.record for row in self._shelf.ledger.values() if _holds(row.key, key)}
        repeats = {one.record for one in self._shelf.verdicts.values() if _holds(one.key, key)}
        return claimed | repeats

    def listed(self, outcome: Outcome, *, limit: int) -> list[Step]:
        """Return quarantined or dead records, oldest first."""
        with self._shelf.lock:
            return self._steps(self._listed(outcome)[:limit])

    def _listed(self, outcome: Outcome) -> list[int]:
        shelf = self._shelf
        if outcome is Outcome.DEAD:
            dead = sorted(id_ for id_, held in shelf.operations.items() if held.state is State.DEAD)
            return [shelf.operations[id_].operation.record for id_ in dead]
        return sorted(
            one.record
            for one in shelf.verdicts.values()
            if one.outcome is Outcome.QUARANTINED and one.record not in shelf.replays
        )

    def record(self, record: int) -> tuple[JournalRow, Step, tuple[Finding, ...]] | None:
        """Return one record with its bytes, how it stands and what was found about it."""
        shelf = self._shelf
        with shelf.lock:
            row = shelf.records.get(record)
            if row is None:
                return None
            return row, self._step(row), shelf.findings.get(record, ())

    def replay(self, outcome: Outcome, records: Iterable[int] | None) -> int:
        """Send quarantined records to be decided again, or dead ones to be sent again."""
        with self._shelf.lock:
            asked = self._with_companions(self._asked(outcome, records), outcome)
            for record in asked:
                if outcome is Outcome.DEAD:
                    self._replay_dead(self._shelf.of_record[record])
                else:
                    self._shelf.replays[record] = None
            return len(asked)

    def _with_companions(self, records: list[int], outcome: Outcome) -> list[int]:
        """Add to dead records what is dead of the same people for want of an identify (law 4)."""
        if outcome is not Outcome.DEAD:
            return records
        shelf = self._shelf
        held = [shelf.operations[shelf.of_record[record]] for record in records]
        people = {one.operation.person for one in held if lacks_identify(one.reason)}
        others = [
            one.operation.record
            for one in shelf.operations.values()
            if one.operation.person in people
            and one.state is State.DEAD
            and lacks_identify(one.reason)
        ]
        return list(dict.fromkeys([*records, *others]))

    def _replay_dead(self, operation: int) -> None:
        shelf = self._shelf
        shelf.move(operation, Act.REPLAY)
        person = shelf.operations[operation].operation.person
        if shelf.people[person].standing is Standing.REFUSED:
            shelf.stand(person, Standing.UNKNOWN)
        shelf.queue_up(person)

    def discard(self, outcome: Outcome, records: Iterable[int] | None) -> int:
        """Withhold quarantined or dead records for good, as `discarded`; return how many."""
        shelf = self._shelf
        with shelf.lock:
            asked = self._asked(outcome, records)
            for record in asked:
                if outcome is Outcome.DEAD:
                    operation = shelf.of_record[record]
                    at_ms = shelf.operations[operation].settled_at_ms
                    shelf.move(operation, Act.WITHHOLD, reason=Reason.DISCARDED, now_ms=at_ms)
                else:
                    shelf.verdicts[record] = replace(
                        shelf.verdicts[record],
                        outcome=Outcome.WITHHELD,
                        reason=Reason.DISCARDED.value,
                    )
            return len(asked)

    def pause(self, pause: Pause) -> bool:
        """Put a pause in force; False when it was in force already."""
        with self._shelf.lock:
            if (pause.kind, pause.name) in self._shelf.pauses:
                return False
            self._shelf.pauses[pause.kind, pause.name] = pause
            self._shelf.pauses_made += 1
            return True

    def resume(self, kind: PauseKind, name: str) -> bool:
        """Lift a pause; False when there was none."""
        with self._shelf.lock:
            return self._shelf.pauses.pop((kind, name), None) is not None

    def pauses(self) -> tuple[Pause, ...]:
        """Return the pauses in force, oldest first."""
        with self._shelf.lock:
            return tuple(self._shelf.pauses.values())

    def _asked(self, outcome: Outcome, records: Iterable[int] | None) -> list[int]:
        """Return which of these records stand like that; all that do for None."""
        standing = self._listed(outcome)
        if records is None:
            return standing
        allowed = set(standing)
        return [record for record in dict.fromkeys(records) if record in allowed]

    def close(self) -> None:
        """Let go; there is nothing to let go of."""

    def _steps(self, records: Iterable[int]) -> list[Step]:
        return [self._step(self._shelf.records[record]) for record in records]

    def _step(self, row: JournalRow) -> Step:
        """Return how a record stands: by its operation, else by its verdict, else pending."""
        shelf = self._shelf
        operation = shelf.of_record.get(row.record)
        if operation is not None:
            return _operation_step(row, shelf.operations[operation])
        read = read_record(row.body, source=row.source, captured_at_ms=row.captured_at_ms)
        verdict = None if row.record in shelf.replays else shelf.verdicts.get(row.record)
        owner = None if verdict is None else shelf.ledger.get((verdict.event or "", verdict.key))
        return Step(
            record=row.record,
            at_ms=read.at_ms if isinstance(read, Record) else row.captured_at_ms,
            outcome=Outcome.PENDING if verdict is None else verdict.outcome,
            reason="" if verdict is None else verdict.reason,
            event=(verdict.event or "") if verdict is not None else "",
            source=row.source,
            record_id=row.record_id,
            repeats=None if owner is None else owner.record,
            other_person=owner is not None
            and names_another(read, shelf.people[owner.person].canonical_id),
        )


def _operation_step(row: JournalRow, held: Held) -> Step:
    operation = held.operation
    return Step(
        record=row.record,
        at_ms=operation.at_ms,
        outcome=_OUTCOMES[held.state],
        reason="" if held.state in OPEN else held.reason,
        event=operation.event,
        action=operation.action,
        operation=operation.id,
        event_id=operation.event_id,
        attempts=operation.attempts,
        settled_at_ms=held.settled_at_ms,
        source=row.source,
        record_id=row.record_id,
    )


def _holds(key: str, value: str) -> bool:
    """Tell whether a ledger key has this value among its key values."""
    return bool(key) and value in msgspec.json.decode(key, type=list[str])


def _latest(records: set[int], limit: int) -> list[int]:
    return sorted(records)[max(0, len(records) - limit) :]
