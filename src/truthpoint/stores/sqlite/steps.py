"""How records stand, read from the state and the journal: steps of lists and of timelines."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from truthpoint.core.decision import Outcome, of_person
from truthpoint.core.outbox import OPEN, Action, State
from truthpoint.core.records import Record, read_record
from truthpoint.core.views import (
    Closer,
    Held,
    Story,
    is_closed,
    names_another,
    tie_words,
    unsent_closer,
)
from truthpoint.ports import Step

from . import rows
from .files import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from truthpoint.core.decision import JournalRow
    from truthpoint.core.records import Unreadable

_OUTCOMES: Final = {
    State.READY: Outcome.PENDING,
    State.LEASED: Outcome.PENDING,
    State.DELIVERED: Outcome.DELIVERED,
    State.DEAD: Outcome.DEAD,
    State.WITHHELD: Outcome.WITHHELD,
}


class Steps:
    """Reads steps from one store.

    Args:
        state: The state's connection.
        said: Returns a record's row of the journal; None where there is none.
    """

    def __init__(self, state: sqlite3.Connection, said: Callable[[int], rows.Row | None]) -> None:
        self._state = state
        self._said = said

    def of(self, records: Iterable[int]) -> list[Step]:
        """Return how these records stand, as far as the journal has them."""
        return [self.step(row) for row in map(self._row, records) if row is not None]

    def dead(self, limit: int) -> list[Step]:
        """Return the operations that are dead, each as a step of its record, oldest first."""
        found: list[Step] = []
        for number, record in self._state.execute(SQL["dead"], (limit,)).fetchall():
            row = self._row(record)
            if row is not None:
                found.append(_operation_step(row, self._one("operation_by_id", number)))
        return found

    def step(self, row: JournalRow) -> Step:
        """Return how a record stands: by its operation, else by its verdict, else pending."""
        of_operation = self._one("operation_of_record", row.record)
        if of_operation:
            return _operation_step(row, of_operation)
        read = read_record(row.body, source=row.source, captured_at_ms=row.captured_at_ms)
        at_ms = read.at_ms if isinstance(read, Record) else row.captured_at_ms
        verdict = self._one("verdict_of_record", row.record)
        if not verdict or self._one("is_replayed", row.record):
            return Step(
                record=row.record,
                at_ms=at_ms,
                outcome=Outcome.PENDING,
                source=row.source,
                record_id=row.record_id,
                forgotten=row.is_forgotten,
            )
        outcome, reason, event = verdict
        repeated = self._one("repeated_by_record", row.record)
        return Step(
            record=row.record,
            at_ms=at_ms,
            outcome=Outcome(outcome),
            reason=reason,
            event=event or "",
            source=row.source,
            record_id=row.record_id,
            forgotten=row.is_forgotten,
            repeats=repeated[0] if repeated else None,
            other_person=bool(repeated) and names_another(read, repeated[1]),
            held=self._held(row.record) if outcome == Outcome.HELD else None,
        )

    def told(self, person: int, records: Iterable[int]) -> tuple[Step, ...]:
        """Return the steps of a person's timeline, with the story of each."""
        keys = {
            record: key
            for record, event, key in self._state.execute(SQL["claims_of_person"], (person,))
            if "@" not in event
        }
        found = (self._row(one) for one in records)
        steps = [self._told(row, keys) for row in found if row is not None]
        return tuple(self._named(step, steps) for step in steps)

    def _told(self, row: JournalRow, keys: Mapping[int, str]) -> Step:
        step = self.step(row)
        read = read_record(row.body, source=row.source, captured_at_ms=row.captured_at_ms)
        repeated = self._one("key_of_verdict", row.record)
        key = keys.get(row.record) or (repeated[0] if repeated else "")
        noted = self._one("findings_of_record", row.record)
        story = Story(
            type=read.type.value if isinstance(read, Record) else "",
            key=tuple(msgspec.json.decode(key, type=list[str])) if key else (),
            findings=rows.findings_of(noted[0]) if noted else (),
        )
        if step.operation is None:
            return replace(step, story=story)
        _, _, _, expires_at_ms, not_before_ms = self._start(step.operation)
        story = replace(
            story,
            expires_at_ms=expires_at_ms,
            not_before_ms=not_before_ms,
            closer=self._closer(step, read) if is_closed(step) else None,
        )
        return replace(step, story=story)

    def _start(self, operation: int) -> rows.Row:
        return self._one("story_of_operation", operation)

    def _closer(self, start: Step, read: Record | Unreadable) -> Closer | None:
        """Return what has closed a start and was sent: the latest, with its tie if any has it."""
        person, event, tie, _, _ = self._start(start.operation or 0)
        for common in filter(None, (tie, of_person(person))):
            by_tie = common == tie
            asked = (person, tie if by_tie else None, event, start.at_ms, event, common)
            found = self._one("closer", *asked)
            if found:
                words = tie_words(read, tie) if by_tie else ""
                return Closer(record=found[0], event=found[1], tie=words)
        return None

    def _named(self, start: Step, steps: list[Step]) -> Step:
        """Return a start that was closed with what has closed it, where that was not sent."""
        if start.story is None or start.story.closer or not is_closed(start):
            return start
        person, event, tie, _, _ = self._start(start.operation or 0)
        (until_ms,) = self._one("closed_until", event, tie or "", of_person(person))
        closers = {one.event for one in steps if one.event and self._closes(one.event)}
        closer = unsent_closer(start, until_ms or 0, steps, closers)
        return replace(start, story=replace(start.story, closer=closer))

    def _closes(self, event: str) -> bool:
        """Tell whether an event closes something, as its latest operation shows."""
        return bool(self._one("closes", event))

    def _held(self, record: int) -> Held | None:
        found = self._state.execute(SQL["hold_of_record"], (record,)).fetchall()
        if not found:
            return None
        return Held(until_ms=found[0][1], kinds=tuple(dict.fromkeys(kind for kind, _ in found)))

    def _row(self, record: int) -> JournalRow | None:
        found = self._said(record)
        return None if found is None else rows.journal_row(found)

    def _one(self, name: str, *asked: object) -> rows.Row:
        """Return the only row of a query, an empty one where there is none."""
        return self._state.execute(SQL[name], asked).fetchone() or ()


def _operation_step(row: JournalRow, found: rows.Row) -> Step:
    number, action, event, event_id, at_ms, state, attempts, settled_at_ms, reason = found
    return Step(
        record=row.record,
        at_ms=at_ms,
        outcome=_OUTCOMES[State(state)],
        reason="" if State(state) in OPEN else reason,
        event=event or "",
        action=Action(action),
        operation=number,
        event_id=event_id,
        attempts=attempts,
        settled_at_ms=settled_at_ms,
        source=row.source,
        record_id=row.record_id,
        forgotten=row.is_forgotten,
    )
