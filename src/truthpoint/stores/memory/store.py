"""State and outbox in memory."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.core.decision import first_rows
from truthpoint.core.outbox import Act, Standing, State
from truthpoint.core.pace import is_due
from truthpoint.core.turns import Queue, address_after, next_turn, stamped, standing_after
from truthpoint.errors import LeaseLost, StoreBusy
from truthpoint.ports import Result

from .erasing import MemoryForgetting, ask_of_merges, purge
from .knowing import MemoryKnowledge
from .writing import write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truthpoint.core.decision import (
        Decision,
        JournalRow,
    )
    from truthpoint.core.pauses import Pauses
    from truthpoint.core.rates import Pace
    from truthpoint.core.turns import Turn
    from truthpoint.findings import Finding
    from truthpoint.ports import Binding, Fate, Settlement

    from .shelf import MemoryShelf

PERSON_LIMIT: Final = 500
"""Operations loaded of one person for one turn."""

_ACTS: Final = {
    Result.DELIVERED: Act.DELIVER,
    Result.RETRY: Act.RETRY,
    Result.DEAD: Act.REFUSE,
}


class MemoryStore:
    """State and outbox on a shelf, for one worker; see `truthpoint.ports.Store`.

    Args:
        shelf: Where everything is kept.
    """

    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf = shelf
        self._lease = -1

    def acquire(self) -> tuple[Finding, ...]:
        """Become the store's worker; what an earlier one had leased is ready again.

        Raises:
            StoreBusy: Another worker holds the store.
        """
        shelf = self._shelf
        with shelf.lock:
            if shelf.held:
                raise StoreBusy("The store in memory has a worker already.")
            shelf.held = True
            shelf.token += 1
            self._lease = shelf.token
            shelf.blocked.clear()
            for turn in shelf.away.values():
                for one in turn.operations:
                    shelf.move(one.id, Act.RETRY)
                shelf.failures.pop(turn.person, None)
            shelf.away.clear()
        return ()

    def binding(self) -> Binding | None:
        """Return what the store is bound to; None before its first delivery."""
        return self._shelf.binding

    def bind(self, binding: Binding) -> None:
        """Bind the store, for good."""
        with self._shelf.lock:
            self._fence()
            self._shelf.binding = binding

    def rollups(self) -> str | None:
        """Return how totals are computed; None at first."""
        return self._shelf.rollups

    def keep_rollups(self, definition: str) -> None:
        """Remember how totals are computed from now on."""
        with self._shelf.lock:
            self._fence()
            self._shelf.rollups = definition

    def keep_pace(self, pace: Pace) -> None:
        """Remember how delivery went lately."""
        with self._shelf.lock:
            self._fence()
            self._shelf.pace = pace

    def undecided(self, limit: int, *, limit_bytes: int | None = None) -> list[JournalRow]:
        """Return the next records to decide, replayed ones first."""
        shelf = self._shelf
        with shelf.lock:
            again = [
                replace(shelf.records[number], replayed=True)
                for number in islice(shelf.replays, limit)
            ]
            fresh = [shelf.records[number] for number in self._fresh(limit - len(again))]
            return first_rows(again + fresh, limit_bytes)

    def _fresh(self, limit: int) -> list[int]:
        """Return the next numbers of the journal beyond the position."""
        beyond = range(self._shelf.position + 1, len(self._shelf.records) + 1)
        return list(beyond[: max(0, limit)])

    @property
    def knowledge(self) -> MemoryKnowledge:
        """What it knows, as far as a batch of records is about it."""
        return MemoryKnowledge(self._shelf)

    @property
    def forgetting(self) -> MemoryForgetting:
        """What is to be forgotten."""
        return MemoryForgetting(self._shelf, self._fence)

    def release(self, now_ms: int) -> None:
        """Let records be decided again whose time of waiting for their person is over."""
        with self._shelf.lock:
            self._fence()
            for record, hold in sorted(self._shelf.holds.items()):
                if hold.until_ms <= now_ms:
                    self._shelf.replays.setdefault(record, None)

    def commit(self, decision: Decision) -> None:
        """Write a decision and the records that it settles, all or nothing.

        Raises:
            LeaseLost: Another worker holds the store, or the records were settled already.
        """
        with self._shelf.lock:
            self._fence()
            self._settle_records(decision.records)
            write(self._shelf, decision)

    def _settle_records(self, records: Sequence[int]) -> None:
        """Check that these are the next records, then take them out of what is undecided."""
        shelf = self._shelf
        again = [number for number in records if number <= shelf.position]
        fresh = [number for number in records if number > shelf.position]
        if len(set(again)) != len(again) or not shelf.replays.keys() >= set(again):
            raise LeaseLost("A record of the decision was decided already.")
        if fresh != self._fresh(len(fresh)):
            raise LeaseLost("The decision's records are not the next ones of the journal.")
        for number in again:
            del shelf.replays[number]
            shelf.verdicts.pop(number, None)
            shelf.findings.pop(number, None)
            shelf.holds.pop(number, None)
        shelf.position += len(fresh)

    def lease(self, now_ms: int, *, operations: int) -> list[Turn]:
        """Return turns of people who are not away, most urgent lane and oldest first."""
        shelf = self._shelf
        turns: list[Turn] = []
        taken = 0
        with shelf.lock:
            self._fence()
            pauses = shelf.pauses_in_force()
            for person in self._due(now_ms):
                turn = self._turn(person, now_ms, pauses)
                if turn is None:
                    shelf.queue_up(person)
                    continue
                self._send_away(turn)
                turns.append(turn)
                taken += max(1, len(turn.operations))
                if taken >= operations:
                    break
            purge(shelf, now_ms)
        return turns

    def _due(self, now_ms: int) -> list[int]:
        shelf = self._shelf
        due = [
            person
            for person in shelf.waiting
            if not shelf.is_away(person) and is_due(shelf.not_before_ms.get(person, 0), now_ms)
        ]
        return sorted(due, key=self._rank)

    def _rank(self, person: int) -> tuple[int, int, int]:
        """Return the place of a person among those who wait: lane, first operation, person."""
        waiting = self._shelf.open.get(person, [])
        if waiting:
            return self._shelf.lane_of(person), waiting[0], person
        totals = self._shelf.totals.get(person)
        return Lane.LIVE, 0 if totals is None else totals.changed_by, person

    def _turn(self, person: int, now_ms: int, pauses: Pauses) -> Turn | None:
        """Return a person's next turn as it leaves; None when they have none now."""
        shelf = self._shelf
        while True:
            if shelf.paused(person, pauses):
                return None
            turn = next_turn(self._queue(person, now_ms, pauses))
            if turn is None:
                return None
            if turn.not_before_ms:
                shelf.not_before_ms[person] = turn.not_before_ms
                return None
            if not turn.ended:
                return stamped(turn, now_ms)
            for one, act, reason in turn.ended:
                shelf.move(one.id, act, reason=reason, now_ms=now_ms)

    def _queue(self, person: int, now_ms: int, pauses: Pauses) -> Queue:
        shelf = self._shelf
        ids = shelf.open.get(person, [])
        held = [shelf.operations[one] for one in ids]
        critical = [one.operation.id for one in held if one.operation.lane is Lane.CRITICAL]
        ready = [one.operation for one in held if one.state is State.READY]
        sendable = pauses.sendable(ready)
        row = shelf.people[person]
        closed_until_ms = shelf.closed_until_ms(sendable[0]) if sendable else None
        return Queue(
            person=person,
            address=row.address,
            standing=row.standing,
            operations=sendable[:PERSON_LIMIT],
            complete=len(sendable) == len(ready) <= PERSON_LIMIT,
            critical_until=critical[-1] if critical else 0,
            totals=shelf.totals.get(person),
            failures=shelf.failures.get(person, 0),
            refusal=shelf.refusals.get(person, ""),
            closed_until_ms=closed_until_ms,
            names_another=bool(sendable) and shelf.names_another(sendable[0]),
            now_ms=now_ms,
        )

    def _send_away(self, turn: Turn) -> None:
        shelf = self._shelf
        for one in turn.operations:
            shelf.move(one.id, Act.LEASE)
            shelf.operations[one.id].operation = one
        if turn.totals is not None:
            shelf.totals[turn.person] = turn.totals
        shelf.away[turn.person] = turn
        shelf.not_before_ms.pop(turn.person, None)

    def settle(self, settlements: Sequence[Settlement], *, now_ms: int) -> None:
        """Record what became of turns, all or nothing, and let their people go on.

        Raises:
            LeaseLost: Another worker holds the store, or a turn was not leased by this one.
            ValueError: An operation of a turn has no fate, or a fate no operation.
        """
        with self._shelf.lock:
            self._fence()
            self._check(settlements)
            for one in settlements:
                self._settle(one, now_ms)
                ask_of_merges(self._shelf, one, now_ms)
            purge(self._shelf, now_ms)

    def _check(self, settlements: Sequence[Settlement]) -> None:
        seen: set[int] = set()
        for one in settlements:
            person = one.turn.person
            if person in seen or self._shelf.away.get(person) != one.turn:
                raise LeaseLost("A turn was settled that this worker does not hold.")
            seen.add(person)
            if {operation.id for operation in one.turn.operations} != set(one.operations):
                raise ValueError("every operation of a turn needs a fate, and no other has one")

    def _settle(self, settlement: Settlement, now_ms: int) -> None:
        shelf, turn = self._shelf, settlement.turn
        for number, fate in settlement.operations.items():
            shelf.move(number, _ACTS[fate.result], reason=fate.reason, now_ms=now_ms)
        self._settle_totals(turn, settlement.totals)
        fates = [*settlement.operations.values(), settlement.identify]
        results = {fate.result for fate in fates if fate is not None}
        delivered, dead = Result.DELIVERED in results, Result.DEAD in results
        del shelf.away[turn.person]
        person = turn.person if turn.person in shelf.people else shelf.waiting_for(turn.person)
        if person == turn.person:
            before: Standing = shelf.people[person].standing
            after = standing_after(turn, before, delivered=delivered, dead=dead)
            if after is not before:
                shelf.stand(person, after)
                shelf.refusals[person] = settlement.refusal
            address = address_after(turn, delivered=delivered)
            if address:
                shelf.people[person] = replace(shelf.people[person], address=address)
        shelf.failures[person] = settlement.failures
        if settlement.not_before_ms:
            shelf.not_before_ms[person] = settlement.not_before_ms
        shelf.queue_up(person)

    def _settle_totals(self, turn: Turn, fate: Fate | None) -> None:
        """Remember the version that was told; a later one may have come in the meantime."""
        if turn.totals is None or fate is None or fate.result is Result.RETRY:
            return
        if turn.person not in self._shelf.totals:
            # They became part of somebody, whose totals are theirs now.
            return
        slot = self._shelf.totals[turn.person]
        sent = max(slot.sent_version, turn.totals.version)
        self._shelf.totals[turn.person] = replace(slot, sent_version=sent, refused=fate.reason)

    def next_due_ms(self) -> int | None:
        """Return when the earliest postponed person may go on whom no pause holds."""
        shelf = self._shelf
        with shelf.lock:
            pauses = shelf.pauses_in_force()
            postponed = shelf.not_before_ms.items()
            due = (due_ms for person, due_ms in postponed if not shelf.paused(person, pauses))
            return min(due, default=None)

    def pause_revision(self) -> int:
        """Return a number that rises whenever something is paused."""
        return self._shelf.pauses_made

    def close(self) -> None:
        """Give the lease back."""
        self.abandon()

    def abandon(self) -> None:
        """Let go at once, as a dead process does: what is away stays leased until an `acquire`."""
        with self._shelf.lock:
            if self._lease == self._shelf.token:
                self._shelf.held = False
            self._lease = -1

    def _fence(self) -> None:
        if self._lease != self._shelf.token:
            raise LeaseLost("The store in memory has a newer worker.")
