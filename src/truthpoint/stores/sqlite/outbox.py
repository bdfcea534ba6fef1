"""Leasing and settling on SQLite; the rules themselves are `truthpoint.core.turns`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from truthpoint.contract.model import Lane
from truthpoint.core.outbox import TRANSITIONS, Act, Standing, State, Totals
from truthpoint.core.turns import Queue, next_turn, standing_after
from truthpoint.errors import LeaseLost
from truthpoint.ports import Result

from . import rows
from .files import SQL

if TYPE_CHECKING:
    import sqlite3

    from truthpoint.core.outbox import Operation
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


def lease(state: sqlite3.Connection, now_ms: int, wanted: int) -> list[Turn]:
    """Lease about `wanted` operations, in whole turns; inside the caller's transaction."""
    turns: list[Turn] = []
    taken = size = 0
    for row in state.execute(SQL["due"], (now_ms, wanted)).fetchall():
        turn = _turn(state, row, now_ms)
        if turn is None:
            continue
        turns.append(turn)
        taken += max(1, len(turn.operations))
        size += sum(len(one.attributes) for one in turn.operations)
        if taken >= wanted or size >= LEASE_BYTES:
            break
    state.executemany(
        SQL["lease_operation"], [(one.id,) for turn in turns for one in turn.operations]
    )
    state.executemany(SQL["send_away"], [(turn.person,) for turn in turns])
    state.executemany(
        SQL["stamp_totals"],
        [(turn.totals.wire_at_s, turn.person) for turn in turns if turn.totals is not None],
    )
    return turns


def _turn(state: sqlite3.Connection, row: rows.Row, now_ms: int) -> Turn | None:
    """Return a person's next turn; take them out of the queue when they have none."""
    person, head = row[0], row[1]
    while True:
        turn = next_turn(_queue(state, row, head))
        if turn is None:
            _come_back(state, person, not_before_ms=0)
            return None
        if not turn.dead:
            return _stamped(turn, now_ms)
        _end(state, turn.dead, State.READY, Act.REFUSE, NO_IDENTIFY, now_ms)


def _queue(state: sqlite3.Connection, row: rows.Row, head: int) -> Queue:
    person, _, critical_until, canonical_id, standing, version, *of_totals = row
    asked = (person, head, PERSON_LIMIT + 1)
    found = [rows.operation_row(one) for one in state.execute(SQL["ready_operations"], asked)]
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


def _stamped(turn: Turn, now_ms: int) -> Turn:
    """Return the turn as it leaves: attempts counted, totals with a time that only rises."""
    operations = tuple(replace(one, attempts=one.attempts + 1) for one in turn.operations)
    totals: Totals | None = turn.totals
    if totals is not None:
        totals = replace(totals, wire_at_s=max(totals.wire_at_s + 1, now_ms // 1000))
    return replace(turn, operations=operations, totals=totals)


def settle(state: sqlite3.Connection, settlement: Settlement, now_ms: int) -> None:
    """Record what became of one turn; inside the caller's transaction.

    Raises:
        ValueError: An operation of the turn has no fate.
        LeaseLost: An operation is not leased any more.
    """
    turn = settlement.turn
    if {one.id for one in turn.operations} != set(settlement.operations):
        raise ValueError("every operation of a turn needs a fate, and no other has one")
    for one in turn.operations:
        fate = settlement.operations[one.id]
        _end(state, (one,), State.LEASED, _ACTS[fate.result], fate.reason, now_ms)
    if turn.totals is not None and settlement.totals is not None:
        _settle_totals(state, turn.totals, settlement.totals)
    fates = [*settlement.operations.values()]
    if settlement.identify is not None:
        fates.append(settlement.identify)
    _settle_standing(state, turn, fates)
    _come_back(state, turn.person, not_before_ms=settlement.not_before_ms)


def _end(
    state: sqlite3.Connection,
    operations: tuple[Operation, ...],
    before: State,
    act: Act,
    reason: str,
    now_ms: int,
) -> None:
    """Move operations along the table; `before` is where they must stand."""
    after = TRANSITIONS[before, act]
    settled_at_ms = None if after is State.READY else now_ms
    done = state.executemany(
        SQL["end_operation"],
        [(after.value, reason, settled_at_ms, one.id, before.value) for one in operations],
    )
    if done.rowcount != len(operations):
        raise LeaseLost("An operation was settled by someone else.")


def _settle_totals(state: sqlite3.Connection, totals: Totals, fate: Fate) -> None:
    if fate.result is Result.RETRY:
        return
    state.execute(SQL["settle_totals"], (totals.version, fate.reason, totals.person))


def _settle_standing(state: sqlite3.Connection, turn: Turn, fates: list[Fate]) -> None:
    results = {fate.result for fate in fates}
    before = Standing(state.execute(SQL["standing"], (turn.person,)).fetchone()[0])
    after = standing_after(
        turn, before, delivered=Result.DELIVERED in results, dead=Result.DEAD in results
    )
    if after is not before:
        state.execute(SQL["set_standing"], (after.value, turn.person))


def _come_back(state: sqlite3.Connection, person: int, *, not_before_ms: int) -> None:
    """Let a person go on: with their next operation, their totals, or out of the queue."""
    found = state.execute(SQL["queue_of"], (person,)).fetchone()
    head, critical_until, _, standing, version, sent_version, changed_by, next_open = found
    waiting = version is not None and version > sent_version
    if next_open is not None:
        head = next_open
    elif waiting and standing != Standing.REFUSED:
        head = changed_by
    elif standing != Standing.DUE:
        state.execute(SQL["leave_queue"], (person,))
        return
    lane = Lane.CRITICAL if head <= critical_until else Lane.LIVE
    state.execute(SQL["come_back"], (head, lane.value, not_before_ms, person))


def enqueue(state: sqlite3.Connection, person: int, operation: int, lane: Lane) -> None:
    """Put a person whose operation is ready again into the queue."""
    critical = operation if lane is Lane.CRITICAL else 0
    state.execute(SQL["write_queue"], (person, lane.value, operation, critical))
