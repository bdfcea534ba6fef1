"""Leasing and settling on SQLite; the rules themselves are `truthpoint.core.turns`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from truthpoint.contract.model import Lane
from truthpoint.core.outbox import TRANSITIONS, Act, Standing, State
from truthpoint.core.turns import Queue, next_turn, stamped, standing_after
from truthpoint.errors import LeaseLost
from truthpoint.ports import Result

from . import rows
from .files import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from truthpoint.core.outbox import Operation, Totals
    from truthpoint.core.turns import Turn
    from truthpoint.ports import Fate, Settlement

PERSON_LIMIT: Final = 500
"""Operations loaded of one person for one turn."""

LEASE_BYTES: Final = 2_000_000
"""Payload leased at a time: a few full requests, so that memory stays flat."""

NO_IDENTIFY: Final = "no_identify"
"""Reason of operations that are dead because no identify of their person was accepted."""

_ACTS: Final = {
    Result.DELIVERED: Act.DELIVER,
    Result.RETRY: Act.RETRY,
    Result.DEAD: Act.REFUSE,
}


class Outbox:
    """The queue and the operations of one state file; every call is part of a transaction.

    Args:
        state: The connection.
        events: Names of events by their numbers; grows while this lives.
    """

    def __init__(self, state: sqlite3.Connection, events: Mapping[int, str]) -> None:
        self._state = state
        self._events = events

    def lease(self, now_ms: int, wanted: int) -> list[Turn]:
        """Lease about `wanted` operations, in whole turns."""
        turns: list[Turn] = []
        taken = size = 0
        while taken < wanted and size < LEASE_BYTES:
            due = self._state.execute(SQL["due"], (now_ms, wanted - taken)).fetchall()
            for row in due:
                turn = self._turn(row, now_ms)
                if turn is None:
                    continue
                self._send_away(turn)
                turns.append(turn)
                taken += max(1, len(turn.operations))
                size += sum(len(one.attributes) for one in turn.operations)
                if taken >= wanted or size >= LEASE_BYTES:
                    break
            if not due:
                break
        return turns

    def _turn(self, due: rows.Row, now_ms: int) -> Turn | None:
        """Return a person's next turn; take them out of the queue when they have none."""
        person = due[0]
        row: rows.Row | None = due
        while row is not None:
            turn = next_turn(self._queue(row))
            if turn is not None and not turn.dead:
                return stamped(turn, now_ms)
            for one in () if turn is None else turn.dead:
                self._end(one, State.READY, Act.REFUSE, NO_IDENTIFY, now_ms)
            # Their place is another one now, or none.
            self._come_back(person, not_before_ms=0)
            if turn is None:
                break
            row = self._state.execute(SQL["due_person"], (person,)).fetchone()
        return None

    def _queue(self, row: rows.Row) -> Queue:
        person, head, critical_until, canonical_id, standing, version, *of_totals = row
        asked = (person, head, PERSON_LIMIT + 1)
        found = [
            rows.operation_row(one, self._events)
            for one in self._state.execute(SQL["ready_operations"], asked)
        ]
        totals = None if version is None else rows.totals_row((person, version, *of_totals))
        return Queue(
            person=person,
            canonical_id=canonical_id,
            standing=Standing(standing),
            operations=found[:PERSON_LIMIT],
            complete=len(found) <= PERSON_LIMIT,
            critical_until=critical_until,
            totals=totals,
        )

    def _send_away(self, turn: Turn) -> None:
        self._state.executemany(SQL["lease_operation"], [(one.id,) for one in turn.operations])
        self._state.execute(SQL["send_away"], (turn.person,))
        if turn.totals is not None:
            self._state.execute(SQL["stamp_totals"], (turn.totals.wire_at_s, turn.person))

    def settle(self, settlement: Settlement, now_ms: int) -> None:
        """Record what became of one turn.

        Raises:
            LeaseLost: An operation is not leased any more.
        """
        turn = settlement.turn
        for one in turn.operations:
            fate = settlement.operations[one.id]
            self._end(one, State.LEASED, _ACTS[fate.result], fate.reason, now_ms)
        if turn.totals is not None and settlement.totals is not None:
            self._settle_totals(turn.totals, settlement.totals)
        fates = [*settlement.operations.values()]
        if settlement.identify is not None:
            fates.append(settlement.identify)
        self._settle_standing(turn, fates)
        self._come_back(turn.person, not_before_ms=settlement.not_before_ms)

    def _end(self, operation: Operation, before: State, act: Act, reason: str, now_ms: int) -> None:
        """Move an operation along the table; `before` is where it must stand."""
        after = TRANSITIONS[before, act]
        settled_at_ms = None if after is State.READY else now_ms
        row = (after.value, reason, settled_at_ms, operation.id, before.value)
        if self._state.execute(SQL["end_operation"], row).rowcount != 1:
            raise LeaseLost("An operation was settled by someone else.")

    def _settle_totals(self, totals: Totals, fate: Fate) -> None:
        if fate.result is not Result.RETRY:
            row = (totals.version, fate.reason, totals.person)
            self._state.execute(SQL["settle_totals"], row)

    def _settle_standing(self, turn: Turn, fates: list[Fate]) -> None:
        results = {fate.result for fate in fates}
        before = Standing(self._state.execute(SQL["standing"], (turn.person,)).fetchone()[0])
        after = standing_after(
            turn, before, delivered=Result.DELIVERED in results, dead=Result.DEAD in results
        )
        if after is not before:
            self._state.execute(SQL["set_standing"], (after.value, turn.person))

    def _come_back(self, person: int, *, not_before_ms: int) -> None:
        """Let a person go on: with their next operation, their totals, or out of the queue."""
        found = self._state.execute(SQL["queue_of"], (person,)).fetchone()
        head, critical_until, standing, version, sent_version, changed_by, next_open = found
        waiting = version is not None and version > sent_version
        if next_open is not None:
            head, critical_until = (
                next_open,
                self._critical_until(person, next_open, critical_until),
            )
        elif waiting and standing != Standing.REFUSED:
            head, critical_until = changed_by, 0
        elif standing == Standing.DUE:
            critical_until = 0
        else:
            self._state.execute(SQL["leave_queue"], (person,))
            return
        lane = Lane.CRITICAL if critical_until else Lane.LIVE
        only_totals = next_open is None
        row = (head, lane.value, critical_until, only_totals, not_before_ms, person)
        self._state.execute(SQL["come_back"], row)

    def _critical_until(self, person: int, head: int, before: int) -> int:
        """Return the last critical operation that is open, given the last one there was."""
        if head >= before:
            return before if head == before else 0
        # It may be gone: what was replayed stands before it, and it may have left already.
        asked = (person, head, before)
        return self._state.execute(SQL["last_critical"], asked).fetchone()[0]


def enqueue(state: sqlite3.Connection, person: int, operation: int, lane: Lane) -> None:
    """Put a person whose operation is ready again into the queue."""
    critical = operation if lane is Lane.CRITICAL else 0
    state.execute(SQL["write_queue"], (person, lane.value, operation, critical, 0))
