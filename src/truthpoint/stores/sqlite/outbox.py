"""Leasing and settling on SQLite; the rules themselves are `truthpoint.core.turns`.

Whoever is leased leaves the queue, and one row of `lease` says who is away with what: a
lease costs one row, however many operations it holds. An operation's own row is written
when it is settled.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from truthpoint.core.outbox import TRANSITIONS, Act, Standing, State
from truthpoint.core.pace import LONGEST_WAIT_SECONDS
from truthpoint.core.turns import Queue, Turn, next_turn, no_identify, standing_after
from truthpoint.errors import LeaseLost
from truthpoint.ports import Result

from . import rows
from .files import SQL
from .line import UNKNOWN_CRITICAL, Back, come_back
from .paused import is_held, open_lanes, read_pauses

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from truthpoint.core.outbox import Operation
    from truthpoint.core.pauses import Pauses
    from truthpoint.ports import Settlement

PERSON_LIMIT: Final = 500
"""Operations loaded of one person for one turn."""

PEOPLE_AT_A_TIME: Final = 25
"""People looked up together: few enough that little is looked up in vain."""

TOGETHER: Final = 100
"""Operations that are loaded together, of all these people: few enough for memory."""

LOADED_BYTES: Final = 1_000_000
"""Payload loaded of one person for one turn: more than a request holds, and one operation at
least."""

LEASE_BYTES: Final = 2_000_000
"""Payload leased at a time: a few full requests, so that memory stays flat."""

_ACTS: Final = {
    Result.DELIVERED: Act.DELIVER,
    Result.RETRY: Act.RETRY,
    Result.DEAD: Act.REFUSE,
}

_Ready = tuple[list["Operation"], bool]
"""Ready operations of one person in order, and whether they are all."""

_Told = tuple[int, list[int], int, int]
"""A turn as `lease` keeps it: person, operations, time of the totals or 0, head."""


class _Away(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Somebody who is away.

    Attributes:
        turn: With what.
        lease_number: The row of `lease` that says so.
        head: Not after their first open operation.
        critical_until: Their last critical operation that was open.
    """

    turn: Turn
    lease_number: int
    head: int
    critical_until: int


class Outbox:
    """The queue, the leases and the operations of one state file, for its one worker.

    Every call is part of a transaction of the caller. What is remembered here is changed
    last, so that a call that fails leaves it as the file is.

    Args:
        state: The connection.
        events: Names of events by their numbers; grows while this lives.
    """

    def __init__(self, state: sqlite3.Connection, events: Mapping[int, str]) -> None:
        self._state = state
        self._events = events
        self._away: dict[int, _Away] = {}
        self._leases: dict[int, dict[int, _Told]] = {}

    def is_away(self, person: int) -> bool:
        """Tell whether a person is away."""
        return person in self._away

    def recover(self) -> None:
        """Let everybody come back whom a dead worker had sent away."""
        back: list[Back] = []
        for lease, text in self._state.execute(SQL["leases"]).fetchall():
            told = msgspec.json.decode(text, type=list[_Told])
            attempts = [(one,) for _, operations, _, _ in told for one in operations]
            self._state.executemany(SQL["count_attempt"], attempts)
            times = [(0, wire_at_s, None, person) for person, _, wire_at_s, _ in told if wire_at_s]
            self._state.executemany(SQL["settle_totals"], times)
            self._state.execute(SQL["end_lease"], (lease,))
            back += [
                Back(person=person, head=head, critical_until=UNKNOWN_CRITICAL)
                for person, _, _, head in told
            ]
        self._state.execute(SQL["show"])
        come_back(self._state, back)

    def lease(self, now_ms: int, wanted: int) -> list[Turn]:
        """Lease about `wanted` operations, in whole turns."""
        pauses = read_pauses(self._state)
        if pauses.everything:
            return []
        chosen: list[tuple[rows.Row, Turn]] = []
        taken = size = 0
        while taken < wanted and size < LEASE_BYTES:
            due = self._due(now_ms, min(wanted - taken, PEOPLE_AT_A_TIME), pauses)
            if not due:
                break
            first = self._first({row[0]: row[1] for row in due})
            before = len(chosen)
            for row in due:
                turn = self._turn(row, first.get(row[0]), now_ms, pauses)
                if turn is None:
                    continue
                chosen.append((row, turn))
                taken += max(1, len(turn.operations))
                size += sum([len(one.attributes) for one in turn.operations])
                if taken >= wanted or size >= LEASE_BYTES:
                    break
            left = [(turn.person,) for _, turn in chosen[before:]]
            self._state.executemany(SQL["leave_queue"], left)
        if chosen:
            self._send_away(chosen)
        return [turn for _, turn in chosen]

    def _due(self, now_ms: int, limit: int, pauses: Pauses) -> list[rows.Row]:
        """Return who goes next; what is new of those who are away is put out of sight."""
        longest_ms = now_ms + LONGEST_WAIT_SECONDS * 1000
        asked = (*open_lanes(pauses), now_ms + 1, longest_ms, limit)
        while True:
            due = self._state.execute(SQL["due"], asked).fetchall()
            away = [(row[0],) for row in due if row[0] in self._away]
            if not away:
                return due
            self._state.executemany(SQL["hide"], away)

    def _first(self, people: Mapping[int, int]) -> dict[int, _Ready]:
        """Return all that is ready of people, each from the operation given on.

        It is loaded together, up to a bound. Whom the bound cut short is left out, to be read
        alone when it is their turn: most have little, and then nobody is.
        """
        asked = (rows.json_text(people), TOGETHER)
        loaded = [
            rows.operation_row(row, self._events)
            for row in self._state.execute(SQL["first_operations"], asked)
        ]
        found: dict[int, list[Operation]] = {}
        for one in loaded:
            found.setdefault(one.person, []).append(one)
        if len(loaded) == TOGETHER:
            del found[loaded[-1].person]
        else:
            found |= {person: [] for person in people if person not in found}
        return {
            person: (sorted(operations, key=_place), True) for person, operations in found.items()
        }

    def _ready(self, person: int, head: int) -> _Ready:
        """Return a person's first ready operations from `head` on, and whether they are all.

        One row is read at a time, so that no more is loaded than a turn can hold.
        """
        found: list[Operation] = []
        size = 0
        asked = (person, head, PERSON_LIMIT + 1)
        for row in self._state.execute(SQL["ready_operations"], asked):
            if len(found) == PERSON_LIMIT or size > LOADED_BYTES:
                return found, False
            found.append(rows.operation_row(row, self._events))
            size += len(found[-1].attributes)
        return found, True

    def _turn(
        self, due: rows.Row, first: _Ready | None, now_ms: int, pauses: Pauses
    ) -> Turn | None:
        """Return a person's next turn.

        When they have none, take them out of the queue; set them aside when a pause holds them.
        """
        person, head, critical_until, failures = due[:4]
        row: rows.Row | None = due
        ready, complete = first or self._ready(person, head)
        while row is not None:
            if is_held(row, ready, pauses):
                self._state.execute(SQL["set_aside"], (person,))
                return None
            turn = next_turn(_queue(row, ready, pauses, complete=complete))
            if turn is not None and not turn.dead:
                return _stamped(turn, now_ms)
            if turn is not None:
                reason = no_identify(row[6])
                self._end([(one.id, State.READY, Act.REFUSE, reason) for one in turn.dead], now_ms)
            # Their place is another one now, or none.
            back = Back(person=person, head=head, critical_until=critical_until, failures=failures)
            come_back(self._state, [back])
            if turn is None:
                break
            row = self._state.execute(SQL["due_person"], (person,)).fetchone()
            ready, complete = self._ready(person, head)
        return None

    def _send_away(self, chosen: Sequence[tuple[rows.Row, Turn]]) -> None:
        """Remember, here and in the file, who is away with what."""
        told: dict[int, _Told] = {}
        for row, turn in chosen:
            wire_at_s = 0 if turn.totals is None else turn.totals.wire_at_s
            told[turn.person] = (
                turn.person,
                [one.id for one in turn.operations],
                wire_at_s,
                row[1],
            )
        text = rows.json_text(list(told.values()))
        lease = int(self._state.execute(SQL["add_lease"], (text,)).lastrowid or 0)
        self._leases[lease] = told
        for row, turn in chosen:
            self._away[turn.person] = _Away(
                turn=turn, lease_number=lease, head=row[1], critical_until=row[2]
            )

    def check(self, settlements: Sequence[Settlement]) -> None:
        """See that these turns are away, each once, and that each of their pieces has a fate.

        Raises:
            LeaseLost: A turn is not away.
            ValueError: An operation has no fate, or a fate no operation.
        """
        seen: set[int] = set()
        for one in settlements:
            away = self._away.get(one.turn.person)
            if away is None or away.turn is not one.turn or one.turn.person in seen:
                raise LeaseLost("A turn was settled that this worker does not hold.")
            seen.add(one.turn.person)
            if {operation.id for operation in one.turn.operations} != set(one.operations):
                raise ValueError("every operation of a turn needs a fate, and no other has one")

    def settle(self, settlements: Sequence[Settlement], now_ms: int) -> None:
        """Record what became of turns that `check` has found in order.

        Raises:
            LeaseLost: An operation is not as it was leased.
        """
        self._end(
            [
                (number, State.LEASED, _ACTS[fate.result], fate.reason)
                for one in settlements
                for number, fate in one.operations.items()
            ],
            now_ms,
        )
        self._state.executemany(SQL["settle_totals"], list(_totals_columns(settlements)))
        self._state.executemany(SQL["set_standing"], list(_standing_columns(settlements)))
        self._return(settlements)

    def _end(self, ended: Sequence[tuple[int, State, Act, str]], now_ms: int) -> None:
        """Move operations along the table: each from a state, by an act, with a reason."""
        done = self._state.executemany(
            SQL["end_operation"],
            [
                _ended_columns(number, before, act, reason, now_ms)
                for number, before, act, reason in ended
            ],
        )
        if ended and done.rowcount != len(ended):
            raise LeaseLost("An operation was settled by someone else.")

    def _return(self, settlements: Sequence[Settlement]) -> None:
        """Let the people of these turns go on, and end leases of which nothing is left."""
        back = {one.turn.person: self._away[one.turn.person] for one in settlements}
        for lease in {away.lease_number for away in back.values()}:
            left = [told for person, told in self._leases[lease].items() if person not in back]
            if left:
                self._state.execute(SQL["change_lease"], (rows.json_text(left), lease))
            else:
                self._state.execute(SQL["end_lease"], (lease,))
        come_back(
            self._state,
            [
                Back(
                    person=one.turn.person,
                    head=back[one.turn.person].head,
                    critical_until=back[one.turn.person].critical_until,
                    not_before_ms=one.not_before_ms,
                    failures=one.failures,
                )
                for one in settlements
            ],
        )
        for person, away in back.items():
            del self._away[person], self._leases[away.lease_number][person]
            if not self._leases[away.lease_number]:
                del self._leases[away.lease_number]


_place: Final = attrgetter("id")


def _queue(row: rows.Row, ready: list[Operation], pauses: Pauses, *, complete: bool) -> Queue:
    sendable = pauses.sendable(ready)
    person, _, critical_until, failures, canonical_id, standing, _, version, *of_totals = row
    totals = None if version is None else rows.totals_row((person, version, *of_totals))
    return Queue(
        person=person,
        canonical_id=canonical_id,
        standing=Standing(standing),
        operations=sendable,
        complete=complete and len(sendable) == len(ready),
        critical_until=critical_until,
        totals=totals,
        failures=failures,
    )


def _stamped(turn: Turn, now_ms: int) -> Turn:
    """Return the turn as it leaves; its operations were counted when they were loaded."""
    if turn.totals is None:
        return turn
    wire_at_s = max(turn.totals.wire_at_s + 1, now_ms // 1000)
    return replace(turn, totals=replace(turn.totals, wire_at_s=wire_at_s))


def _ended_columns(number: int, before: State, act: Act, reason: str, now_ms: int) -> rows.Row:
    after = TRANSITIONS[before, act]
    settled_at_ms = None if after is State.READY else now_ms
    return (after.value, reason, settled_at_ms, before is State.LEASED, number)


def _totals_columns(settlements: Iterable[Settlement]) -> Iterable[rows.Row]:
    for one in settlements:
        totals, fate = one.turn.totals, one.totals
        if totals is None or fate is None:
            continue
        if fate.result is Result.RETRY:
            yield (0, totals.wire_at_s, None, totals.person)
        else:
            yield (totals.version, totals.wire_at_s, fate.reason, totals.person)


def _standing_columns(settlements: Iterable[Settlement]) -> Iterable[rows.Row]:
    for one in settlements:
        turn = one.turn
        if not turn.alone:
            # Only what goes alone can be an identify that changes how somebody stands.
            continue
        fates = [*one.operations.values(), *([one.identify] if one.identify else [])]
        results = {fate.result for fate in fates}
        after = standing_after(
            turn,
            turn.standing,
            delivered=Result.DELIVERED in results,
            dead=Result.DEAD in results,
        )
        if after is not turn.standing:
            yield (after.value, one.refusal, turn.person)
