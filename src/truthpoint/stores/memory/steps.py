"""How records stand on a shelf: steps of lists and of timelines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from truthpoint.core.decision import Outcome, of_person
from truthpoint.core.outbox import OPEN, State
from truthpoint.core.records import Record, read_record
from truthpoint.core.views import (
    Closer,
    Story,
    is_closed,
    names_another,
    tie_words,
    unsent_closer,
)
from truthpoint.core.views import Held as HeldView
from truthpoint.ports import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from truthpoint.core.decision import JournalRow, LedgerRow
    from truthpoint.core.outbox import Operation
    from truthpoint.core.records import Unreadable

    from .shelf import Held, MemoryShelf

_OUTCOMES: Final = {
    State.READY: Outcome.PENDING,
    State.LEASED: Outcome.PENDING,
    State.DELIVERED: Outcome.DELIVERED,
    State.DEAD: Outcome.DEAD,
    State.WITHHELD: Outcome.WITHHELD,
}


class Steps:
    """Reads steps off a shelf, under the lock of whoever calls.

    Args:
        shelf: The shelf.
    """

    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf = shelf

    def of(self, records: Iterable[int]) -> list[Step]:
        """Return how these records stand."""
        return [self.step(self._shelf.records[record]) for record in records]

    def of_operation(self, operation: int) -> Step:
        """Return how an operation stands, as a step of its record."""
        held = self._shelf.operations[operation]
        return _operation_step(self._shelf.records[held.operation.record], held)

    def step(self, row: JournalRow) -> Step:
        """Return how a record stands: by its operation, else by its verdict, else pending."""
        shelf = self._shelf
        operation = shelf.of_record.get(row.record)
        if operation is not None:
            return _operation_step(row, shelf.operations[operation])
        read = read_record(row.body, source=row.source, captured_at_ms=row.captured_at_ms)
        verdict = None if row.record in shelf.replays else shelf.verdicts.get(row.record)
        owner = None if verdict is None else shelf.ledger.get((verdict.event or "", verdict.key))
        is_held = verdict is not None and verdict.outcome is Outcome.HELD
        return Step(
            record=row.record,
            at_ms=read.at_ms if isinstance(read, Record) else row.captured_at_ms,
            outcome=Outcome.PENDING if verdict is None else verdict.outcome,
            reason="" if verdict is None else verdict.reason,
            event=(verdict.event or "") if verdict is not None else "",
            source=row.source,
            record_id=row.record_id,
            forgotten=row.is_forgotten,
            repeats=None if owner is None else owner.record,
            other_person=owner is not None
            and names_another(read, shelf.people[owner.person].canonical_id),
            held=self._held(row.record) if is_held else None,
        )

    def told(self, person: int, records: Iterable[int]) -> tuple[Step, ...]:
        """Return the steps of a person's timeline, with the story of each."""
        keys = {
            row.record: row.key
            for row in self._shelf.ledger.values()
            if row.person == person and "@" not in row.event
        }
        steps = [self._told(self._shelf.records[one], keys) for one in records]
        return tuple(self._named(step, steps) for step in steps)

    def _told(self, row: JournalRow, keys: Mapping[int, str]) -> Step:
        shelf = self._shelf
        step = self.step(row)
        read = read_record(row.body, source=row.source, captured_at_ms=row.captured_at_ms)
        verdict = shelf.verdicts.get(row.record)
        key = keys.get(row.record) or ("" if verdict is None else verdict.key)
        story = Story(
            type=read.type.value if isinstance(read, Record) else "",
            key=tuple(msgspec.json.decode(key, type=list[str])) if key else (),
            findings=shelf.findings.get(row.record, ()),
        )
        if step.operation is not None:
            operation = shelf.operations[step.operation].operation
            story = replace(
                story,
                expires_at_ms=operation.expires_at_ms,
                not_before_ms=operation.not_before_ms,
                closer=self._closer(operation, read) if is_closed(step) else None,
            )
        return replace(step, story=story)

    def _closer(self, start: Operation, read: Record | Unreadable) -> Closer | None:
        """Return what has closed a start and was sent: the latest, with its tie if any has it."""
        for common in filter(None, (start.tie, of_person(start.person))):
            until_ms = self._shelf.closings.get((start.event, common), -1)
            tie = start.tie if common == start.tie else None
            found = [
                one
                for one in self._shelf.ledger.values()
                if (one.person, one.correlation) == (start.person, tie)
                and start.at_ms <= one.at_ms <= until_ms
                and self._goes_alone(one, start.event)
            ]
            if found:
                last = max(found, key=self._closing_rank)
                event = self._shelf.operations[last.operation].operation.event
                words = "" if tie is None else tie_words(read, tie)
                return Closer(record=last.record, event=event, tie=words)
        return None

    def _goes_alone(self, row: LedgerRow, start: str) -> bool:
        """Tell whether a moment is one that can have closed a start."""
        told = self._shelf.operations.get(row.operation)
        return told is not None and told.operation.barrier and told.operation.event != start

    def _closing_rank(self, row: LedgerRow) -> tuple[bool, int]:
        # A start goes alone too, whether it closes another one or not.
        return not self._shelf.operations[row.operation].operation.expires_at_ms, row.at_ms

    def _named(self, start: Step, steps: list[Step]) -> Step:
        """Return a start that was closed with what has closed it, where that was not sent."""
        if start.story is None or start.story.closer or not is_closed(start):
            return start
        operation = self._shelf.operations[start.operation or 0].operation
        until_ms = self._shelf.closed_until_ms(operation)
        closers = {one.event for one in steps if one.event and self._closes(one.event)}
        closer = unsent_closer(start, until_ms or 0, steps, closers)
        return replace(start, story=replace(start.story, closer=closer))

    def _closes(self, event: str) -> bool:
        """Tell whether an event closes something, as its latest operation shows."""
        told = [one.operation for one in self._shelf.operations.values()]
        of_event = [one for one in told if one.event == event]
        return bool(of_event) and of_event[-1].barrier and not of_event[-1].expires_at_ms

    def _held(self, record: int) -> HeldView | None:
        hold = self._shelf.holds.get(record)
        if hold is None:
            return None
        kinds = sorted({kind for kind, _ in hold.identifiers})
        return HeldView(until_ms=hold.until_ms, kinds=tuple(kinds))


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
        forgotten=row.is_forgotten,
    )
