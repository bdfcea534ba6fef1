"""State and outbox in memory."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.core.decision import first_rows
from truthpoint.core.outbox import Act, Standing, State, Totals
from truthpoint.core.pace import is_due
from truthpoint.core.pauses import Pauses
from truthpoint.core.turns import Queue, next_turn, no_identify, stamped, standing_after
from truthpoint.errors import LeaseLost, StoreBusy
from truthpoint.ports import Result

from .shelf import Held

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from truthpoint.core.decision import (
        Decision,
        JournalRow,
        LedgerKey,
        LedgerRow,
        PersonRow,
    )
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

    def known(
        self, ids: Collection[str], keys: Collection[LedgerKey]
    ) -> tuple[list[PersonRow], list[LedgerRow]]:
        """Return what is known of these canonical ids and ledger keys."""
        shelf = self._shelf
        with shelf.lock:
            people = [shelf.people[shelf.keys[one]] for one in ids if one in shelf.keys]
            return people, [shelf.ledger[one] for one in keys if one in shelf.ledger]

    def totals(self, people: Collection[int]) -> list[Totals]:
        """Return the totals of these person keys, where they have any."""
        with self._shelf.lock:
            return [self._shelf.totals[one] for one in people if one in self._shelf.totals]

    def next_ids(self) -> tuple[int, int]:
        """Return the first free person key and the first free operation id."""
        return self._shelf.next_person, self._shelf.next_operation

    def commit(self, decision: Decision) -> None:
        """Write a decision and the records that it settles, all or nothing.

        Raises:
            LeaseLost: Another worker holds the store, or the records were settled already.
        """
        with self._shelf.lock:
            self._fence()
            self._settle_records(decision.records)
            self._write(decision)

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
        shelf.position += len(fresh)

    def _write(self, decision: Decision) -> None:
        shelf = self._shelf
        for person in decision.people:
            shelf.keys[person.canonical_id] = person.person
            before = shelf.people.get(person.person)
            shelf.people[person.person] = (
                person if before is None else replace(before, identified=person.identified)
            )
        for row in decision.ledger:
            shelf.ledger[row.event, row.key] = row
        for told in decision.totals:
            slot = shelf.totals.get(told.person, Totals(person=told.person, values={}))
            shelf.totals[told.person] = replace(
                slot, version=told.version, changed_by=told.changed_by, values=told.values
            )
        for operation in decision.operations:
            shelf.operations[operation.id] = Held(operation=operation)
            shelf.of_record[operation.record] = operation.id
            shelf.open.setdefault(operation.person, []).append(operation.id)
        shelf.verdicts.update((one.record, one) for one in decision.verdicts)
        shelf.findings.update(decision.findings)
        shelf.next_person = decision.next_person
        shelf.next_operation = decision.next_operation
        touched = (*decision.operations, *decision.totals)
        for person_key in dict.fromkeys(one.person for one in touched):
            shelf.queue_up(person_key)

    def lease(self, now_ms: int, *, operations: int) -> list[Turn]:
        """Return turns of people who are not away, most urgent lane and oldest first."""
        shelf = self._shelf
        turns: list[Turn] = []
        taken = 0
        with shelf.lock:
            self._fence()
            pauses = Pauses.of(shelf.pauses)
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
        return turns

    def _due(self, now_ms: int) -> list[int]:
        shelf = self._shelf
        due = [
            person
            for person in shelf.waiting
            if person not in shelf.away and is_due(shelf.not_before_ms.get(person, 0), now_ms)
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
        while True:
            if self._shelf.paused(person, pauses):
                return None
            turn = next_turn(self._queue(person, pauses))
            if turn is None:
                return None
            if not turn.dead:
                return stamped(turn, now_ms)
            reason = no_identify(self._shelf.refusals.get(person, ""))
            for one in turn.dead:
                self._shelf.move(one.id, Act.REFUSE, reason=reason, now_ms=now_ms)

    def _queue(self, person: int, pauses: Pauses) -> Queue:
        shelf = self._shelf
        ids = shelf.open.get(person, [])
        held = [shelf.operations[one] for one in ids]
        critical = [one.operation.id for one in held if one.operation.lane is Lane.CRITICAL]
        ready = [one.operation for one in held if one.state is State.READY]
        sendable = pauses.sendable(ready)
        row = shelf.people[person]
        return Queue(
            person=person,
            canonical_id=row.canonical_id,
            standing=row.standing,
            operations=sendable[:PERSON_LIMIT],
            complete=len(sendable) == len(ready) <= PERSON_LIMIT,
            critical_until=critical[-1] if critical else 0,
            totals=shelf.totals.get(person),
            failures=shelf.failures.get(person, 0),
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
        before: Standing = shelf.people[turn.person].standing
        after = standing_after(
            turn, before, delivered=Result.DELIVERED in results, dead=Result.DEAD in results
        )
        if after is not before:
            shelf.stand(turn.person, after)
            shelf.refusals[turn.person] = settlement.refusal
        shelf.failures[turn.person] = settlement.failures
        del shelf.away[turn.person]
        if settlement.not_before_ms:
            shelf.not_before_ms[turn.person] = settlement.not_before_ms
        shelf.queue_up(turn.person)

    def _settle_totals(self, turn: Turn, fate: Fate | None) -> None:
        """Remember the version that was told; a later one may have come in the meantime."""
        if turn.totals is None or fate is None or fate.result is Result.RETRY:
            return
        slot = self._shelf.totals[turn.person]
        sent = max(slot.sent_version, turn.totals.version)
        self._shelf.totals[turn.person] = replace(slot, sent_version=sent, refused=fate.reason)

    def next_due_ms(self) -> int | None:
        """Return when the earliest postponed person may go on whom no pause holds."""
        shelf = self._shelf
        with shelf.lock:
            pauses = Pauses.of(shelf.pauses)
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
