"""The operator's desk in memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from truthpoint.core.decision import Outcome, Reason
from truthpoint.core.outbox import Act, Standing, State, unites
from truthpoint.core.people import ANONYMOUS, EMAIL, has_address
from truthpoint.core.rates import WINDOW_MS, Rates, rates
from truthpoint.core.turns import lacks_identify
from truthpoint.core.views import Past, hearsay, led_to, spellings
from truthpoint.ports import Backlog, PersonView, Waiting
from truthpoint.values.instants import HORIZON_MS

from .erasing import purge
from .steps import Steps

if TYPE_CHECKING:
    from collections.abc import Iterable

    from truthpoint.contract.model import Lane
    from truthpoint.core.decision import JournalRow
    from truthpoint.core.pauses import Pause, PauseKind
    from truthpoint.findings import Finding
    from truthpoint.ports import Step

    from .shelf import Held, MemoryShelf


class MemoryDesk:
    """Looks at a shelf and acts on single records; see `truthpoint.ports.Desk`.

    Args:
        shelf: Where everything is kept.
    """

    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf = shelf
        self._steps = Steps(shelf)

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
            people = [one for one in shelf.people.values() if one.standing is not Standing.ERASED]
            unnamed = [one for one in people if one.canonical_id is None]
            held = self._listed(Outcome.HELD)
            oldest = min((ids[0] for ids in shelf.open.values() if ids), default=None)
            return Backlog(
                captured=len(shelf.records),
                undecided=len(shelf.records) - shelf.position + len(shelf.replays),
                operations={state: states[state] for state in State},
                verdicts=dict(verdicts),
                people=len(people),
                oldest_open_ms=None if oldest is None else shelf.operations[oldest].operation.at_ms,
                binding=shelf.binding,
                lanes=self._lanes(),
                guests=sum(has_address(EMAIL, one.address) for one in unnamed),
                visitors=sum(has_address(ANONYMOUS, one.address) for one in unnamed),
                oldest_held_ms=shelf.records[held[0]].captured_at_ms if held else None,
                expired=shelf.expired_records,
            )

    def past(self) -> Past:
        """Return what has passed without the effect that it was told for."""
        shelf = self._shelf
        with shelf.lock:
            ended = shelf.operations.values()
            not_owned = Counter(
                one.event
                for one in shelf.verdicts.values()
                if one.reason == Reason.NOT_OWNER and one.event is not None
            )
            return Past(
                withheld=_counted(one.reason for one in ended if one.state is State.WITHHELD),
                late=_counted(one.operation.event for one in ended if _is_late(one)),
                hearsay=hearsay(not_owned, shelf.said.values()),
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
                steps=self._steps.told(person, _latest(records, limit)),
                links=tuple(one for one in shelf.links.values() if one.person == person),
                profile=shelf.profiles.get(person),
            )

    def _named(self, name: str) -> int | None:
        """Return who goes by an id, or else to whom another identifier leads alone."""
        shelf = self._shelf
        for person in shelf.people.values():
            if person.canonical_id == name:
                return person.person
        forms = spellings(name)
        return led_to(one for one in shelf.links.values() if one.value in forms)

    def waiting_for(self, name: str, *, limit: int) -> list[Step]:
        """Return the records that are held and carry this identifier, oldest first."""
        shelf, forms = self._shelf, spellings(name)
        with shelf.lock:
            held = (shelf.holds[record] for record in self._listed(Outcome.HELD))
            found = [
                one.record for one in held if any(value in forms for _, value in one.identifiers)
            ]
            return self._steps.of(found[:limit])

    def events(self, key: str | None, *, event: str | None, limit: int) -> list[Step]:
        """Return the records of events, newest last, by a key's value or by an event's name."""
        with self._shelf.lock:
            records = self._of_events() if key is None else self._of_key(key)
            named = [
                step for step in self._steps.of(sorted(records)) if event in (None, step.event)
            ]
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
        """Return quarantined, dead or held records, oldest first."""
        with self._shelf.lock:
            if outcome is Outcome.DEAD:
                return [self._steps.of_operation(one) for one in self._dead()[:limit]]
            return self._steps.of(self._listed(outcome)[:limit])

    def _dead(self) -> list[int]:
        """Return the ids of the operations that are dead."""
        operations = self._shelf.operations
        return sorted(one for one, held in operations.items() if held.state is State.DEAD)

    def _listed(self, outcome: Outcome) -> list[int]:
        shelf = self._shelf
        return sorted(
            one.record
            for one in shelf.verdicts.values()
            if one.outcome is outcome and one.record not in shelf.replays
        )

    def record(self, record: int) -> tuple[JournalRow, Step, tuple[Finding, ...]] | None:
        """Return one record with its bytes, how it stands and what was found about it."""
        shelf = self._shelf
        with shelf.lock:
            row = shelf.records.get(record)
            if row is None:
                return None
            return row, self._steps.step(row), shelf.findings.get(record, ())

    def replay(self, outcome: Outcome, records: Iterable[int] | None) -> int:
        """Send quarantined or held records to be decided again, or dead ones to be sent again."""
        with self._shelf.lock:
            asked = self._asked(outcome, records)
            if outcome is Outcome.DEAD:
                asked = self._with_companions(asked)
                for operation in asked:
                    self._replay_dead(operation)
            else:
                asked = [one for one in asked if not self._is_forgotten(one)]
                self._shelf.replays.update(dict.fromkeys(asked))
            return len(asked)

    def _is_forgotten(self, record: int) -> bool:
        """Tell whether there is nothing left of a record to decide."""
        return self._shelf.records[record].is_forgotten or record in self._shelf.scrubs

    def _with_companions(self, operations: list[int]) -> list[int]:
        """Add to dead ones what is dead of the same people for want of an identify (law 4)."""
        held = self._shelf.operations
        asked = [held[one] for one in operations]
        people = {one.operation.person for one in asked if lacks_identify(one.reason)}
        others = [
            one
            for one in self._dead()
            if held[one].operation.person in people and lacks_identify(held[one].reason)
        ]
        return list(dict.fromkeys([*operations, *others]))

    def _replay_dead(self, operation: int) -> None:
        shelf = self._shelf
        shelf.move(operation, Act.REPLAY)
        replayed = shelf.operations[operation].operation
        person = replayed.person
        totals = shelf.totals.get(person)
        if totals is not None and unites(replayed.action, replayed.address):
            # Behind it they are told once more, whatever went out in the meantime (law 10).
            shelf.totals[person] = replace(
                totals,
                version=max(totals.version, totals.sent_version) + 1,
                changed_by=max(totals.changed_by, operation),
            )
        if shelf.people[person].standing is Standing.REFUSED:
            shelf.stand(person, Standing.UNKNOWN)
        shelf.queue_up(person)

    def discard(self, outcome: Outcome, records: Iterable[int] | None) -> int:
        """Withhold quarantined, held or dead records for good, as `discarded`."""
        shelf = self._shelf
        with shelf.lock:
            asked = self._asked(outcome, records)
            for one in asked:
                if outcome is Outcome.DEAD:
                    at_ms = shelf.operations[one].settled_at_ms
                    shelf.move(one, Act.WITHHOLD, reason=Reason.DISCARDED, now_ms=at_ms)
                else:
                    shelf.verdicts[one] = replace(
                        shelf.verdicts[one],
                        outcome=Outcome.WITHHELD,
                        reason=Reason.DISCARDED.value,
                    )
                    shelf.holds.pop(one, None)
            purge(shelf, 0)
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
        """Return which of these records stand like that, or their operations that are dead.

        All that do for None.
        """
        wanted = None if records is None else list(dict.fromkeys(records))
        if outcome is Outcome.DEAD:
            held = self._shelf.operations
            return [
                one
                for one in self._dead()
                if wanted is None or held[one].operation.record in wanted
            ]
        standing = self._listed(outcome)
        if wanted is None:
            return standing
        allowed = set(standing)
        return [one for one in wanted if one in allowed]

    def close(self) -> None:
        """Let go; there is nothing to let go of."""


def _holds(key: str, value: str) -> bool:
    """Tell whether a ledger key has this value among its key values."""
    return bool(key) and value in msgspec.json.decode(key, type=list[str])


def _latest(records: set[int], limit: int) -> list[int]:
    return sorted(records)[max(0, len(records) - limit) :]


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(words).items()))


def _is_late(held: Held) -> bool:
    """Tell whether an event was delivered too late to start a campaign."""
    settled_at_ms = held.settled_at_ms
    if held.state is not State.DELIVERED or settled_at_ms is None or not held.operation.event:
        return False
    return settled_at_ms - held.operation.at_ms > HORIZON_MS
