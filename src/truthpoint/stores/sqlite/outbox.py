"""Leasing and settling on SQLite; the rules themselves are `truthpoint.core.turns`.

Whoever is leased leaves the queue, and one row of `lease` says who is away with what: a
lease costs one row, however many operations it holds. An operation's own row is written
when it is settled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from truthpoint.core.outbox import Act, Action, Standing, State
from truthpoint.core.pace import LONGEST_WAIT_SECONDS
from truthpoint.core.turns import Queue, Turn, next_turn
from truthpoint.errors import LeaseLost
from truthpoint.ports import Result

from . import rows
from .erasing import ask_of_merges, purge
from .files import SQL
from .line import UNKNOWN_CRITICAL, Back, come_back
from .paused import is_held, open_lanes, read_pauses
from .ready import ReadyOperations
from .settling import address_columns, ended_columns, standing_columns, totals_columns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from truthpoint.core.decision import Joined
    from truthpoint.core.outbox import Operation
    from truthpoint.core.pauses import Pauses
    from truthpoint.ports import Settlement

    from .ready import Ready

PEOPLE_AT_A_TIME: Final = 25
"""People looked up together: few enough that little is looked up in vain."""

LEASE_BYTES: Final = 2_000_000
"""Payload leased at a time: a few full requests, so that memory stays flat."""

_ACTS: Final = {
    Result.DELIVERED: Act.DELIVER,
    Result.RETRY: Act.RETRY,
    Result.DEAD: Act.REFUSE,
}

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
        numbers: The reverse.
    """

    def __init__(
        self, state: sqlite3.Connection, events: Mapping[int, str], numbers: Mapping[str, int]
    ) -> None:
        self._state = state
        self._ready = ReadyOperations(state, events, numbers)
        self._away: dict[int, _Away] = {}
        self._leases: dict[int, dict[int, _Told]] = {}
        self._blocked: dict[int, set[int]] = {}
        self._erasing: set[int] = set()

    def is_away(self, person: int) -> bool:
        """Tell whether a person is away, or somebody who became part of them."""
        return person in self._away or person in self._blocked

    def joined(self, joined: Iterable[Joined]) -> None:
        """Take note of who became part of whom, after it was committed.

        What is on its way for somebody who is gone is settled first: until then nothing of
        whom they became part of leaves, so that what comes back keeps its place (law 7).
        """
        for one in joined:
            waited_for = self._blocked.pop(one.gone, set())
            if one.gone in self._away:
                waited_for.add(one.gone)
            if waited_for:
                self._blocked.setdefault(one.into, set()).update(waited_for)

    def away_after(self, joined: Iterable[Joined]) -> set[int]:
        """Return who will be away after these were joined."""
        away: set[int] = set()
        for one in joined:
            if self.is_away(one.gone) or one.gone in away:
                away.add(one.into)
        return away

    def erase(self, people: Iterable[int], now_ms: int) -> None:
        """Remove what is known of people who are erased, now or once nothing of theirs is open."""
        self._erasing.update(people)
        self._purge(self._erasing.intersection(people), now_ms)

    def _purge(self, people: Collection[int], now_ms: int) -> None:
        if people:
            self._erasing.difference_update(purge(self._state, people, now_ms))

    def recover(self) -> None:
        """Let everybody come back whom a dead worker had sent away."""
        self._erasing = {row[0] for row in self._state.execute(SQL["people_being_erased"])}
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
            first = self._ready.first({row[0]: row[1] for row in due})
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
        if self._erasing:
            # Of some of them, what waited was withheld just now, and nothing else is left.
            self._purge(self._erasing - self._away.keys(), now_ms)
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

    def _turn(self, due: rows.Row, first: Ready | None, now_ms: int, pauses: Pauses) -> Turn | None:
        """Return a person's next turn.

        When they have none, take them out of the queue; set them aside when a pause holds them.
        """
        person, head, critical_until, failures = due[:4]
        row: rows.Row | None = due
        ready, complete = first or self._ready.after(person, head)
        while row is not None:
            if is_held(row, ready, pauses):
                self._state.execute(SQL["set_aside"], (person,))
                return None
            turn = next_turn(self._queue(row, ready, now_ms, pauses, complete=complete))
            if turn is not None and not turn.ended and not turn.not_before_ms:
                return _stamped(turn, now_ms)
            not_before_ms = 0
            if turn is not None:
                not_before_ms = turn.not_before_ms
                ended = [(one.id, State.READY, act, reason) for one, act, reason in turn.ended]
                self._end(ended, now_ms)
            # Their place is another one now, or none.
            back = Back(
                person=person,
                head=head,
                critical_until=critical_until,
                not_before_ms=not_before_ms,
                failures=failures,
            )
            come_back(self._state, [back])
            if turn is None or not_before_ms:
                break
            row = self._state.execute(SQL["due_person"], (person,)).fetchone()
            ready, complete = self._ready.after(person, head)
        return None

    def _queue(
        self, row: rows.Row, ready: list[Operation], now_ms: int, pauses: Pauses, *, complete: bool
    ) -> Queue:
        sendable = pauses.sendable(ready)
        person, _, critical_until, failures, _, standing, refusal, address, *of_totals = row
        version = of_totals[0]
        totals = None if version is None else rows.totals_row((person, *of_totals))
        closed_until_ms = None
        if sendable and sendable[0].event and sendable[0].expires_at_ms:
            closed_until_ms = self._ready.closed_until_ms(sendable[0])
        is_merge = bool(sendable) and sendable[0].action is Action.MERGE
        names_another = is_merge and self._ready.names_another(sendable[0])
        return Queue(
            person=person,
            address=address,
            standing=Standing(standing),
            operations=sendable,
            complete=complete and len(sendable) == len(ready),
            critical_until=critical_until,
            totals=totals,
            failures=failures,
            refusal=refusal,
            closed_until_ms=closed_until_ms,
            names_another=names_another,
            now_ms=now_ms,
        )

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
        self._state.executemany(SQL["settle_totals"], list(totals_columns(settlements)))
        self._state.executemany(SQL["set_standing"], list(standing_columns(settlements)))
        self._state.executemany(SQL["set_address"], list(address_columns(settlements)))
        self._return(settlements)
        ask_of_merges(self._state, settlements, now_ms)
        if self._erasing:
            self._purge(self._erasing.intersection(one.turn.person for one in settlements), now_ms)

    def _end(self, ended: Sequence[tuple[int, State, Act, str]], now_ms: int) -> None:
        """Move operations along the table: each from a state, by an act, with a reason."""
        done = self._state.executemany(
            SQL["end_operation"],
            [
                ended_columns(number, before, act, reason, now_ms)
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
        if self._blocked:
            self._let_go(settlements)

    def _let_go(self, settlements: Sequence[Settlement]) -> None:
        """Let those come back who waited for somebody who became part of them."""
        by_person = {one.turn.person: one for one in settlements}
        for person, waited_for in list(self._blocked.items()):
            returned = waited_for & by_person.keys()
            waited_for.difference_update(returned)
            if waited_for:
                self._state.execute(SQL["hide"], (person,))
                continue
            del self._blocked[person]
            if person in self._away:
                continue
            later = [by_person[one] for one in returned]
            back = Back(
                person=person,
                head=0,
                critical_until=UNKNOWN_CRITICAL,
                not_before_ms=max((one.not_before_ms for one in later), default=0),
                failures=max((one.failures for one in later), default=0),
            )
            come_back(self._state, [back])


def _stamped(turn: Turn, now_ms: int) -> Turn:
    """Return the turn as it leaves; its operations were counted when they were loaded."""
    if turn.totals is None:
        return turn
    wire_at_s = max(turn.totals.wire_at_s + 1, now_ms // 1000)
    return replace(turn, totals=replace(turn.totals, wire_at_s=wire_at_s))
