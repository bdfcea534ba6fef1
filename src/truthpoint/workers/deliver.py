"""Delivery: leases turns, sends requests, settles what the answers mean.

Many requests are in flight at once; a person is in at most one of them, so order per
person holds over retries. A transient failure postpones the people of its request and,
for as long, everyone: where Customer.io is in trouble, more requests do not help it.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, assert_never

from truthpoint.core import answers, packing
from truthpoint.core.pace import Backoff
from truthpoint.core.rates import PaceKeeper
from truthpoint.ports import Fate, Result, Settlement

from .pacing import happened
from .sending import Sender, Statistics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from truthpoint.core.answers import Meaning
    from truthpoint.core.outbox import Totals
    from truthpoint.core.packing import Parcel
    from truthpoint.core.turns import Turn
    from truthpoint.core.wire import Item
    from truthpoint.errors import DeliveryStopped
    from truthpoint.ports import Clock, Entropy, Store, Transport

DELIVERED: Final = Fate(result=Result.DELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySettings:
    """How delivery goes about its work.

    Attributes:
        requests_per_second: Mean rate of requests; Customer.io asks for at most 1,000.
            Defaults to 50.
        in_flight: Requests under way at once. Defaults to 8.
        lease_operations: About how many operations are leased at a time. Defaults to 1,000.
        backoff: Waits after transient failures.
    """

    requests_per_second: float = 50.0
    in_flight: int = 8
    lease_operations: int = 1_000
    backoff: Backoff = field(default_factory=Backoff)


class Deliverer:
    """Sends what is due, as fast as allowed.

    Args:
        store: The store; acquired by its worker.
        transport: The way to Customer.io.
        clock: The time of day.
        entropy: Chance, for jitter.
        attributes: Gives totals as attributes of the wire.
        settings: How to go about it.
    """

    def __init__(
        self,
        store: Store,
        transport: Transport,
        *,
        clock: Clock,
        entropy: Entropy,
        attributes: Callable[[Totals], Mapping[str, object]],
        settings: DeliverySettings | None = None,
    ) -> None:
        self._store = store
        self._transport = transport
        self._entropy = entropy
        self._clock = clock
        self._attributes = attributes
        self._settings = settings or DeliverySettings()
        self._stopped: BaseException | None = None
        self._under_way: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._statistics = Statistics()
        self._pace = PaceKeeper(store.keep_pace, now_ms=clock.now_ms())
        self._sender = self._new_sender()

    def _new_sender(self) -> Sender:
        return Sender(
            self._store,
            self._transport,
            clock=self._clock,
            entropy=self._entropy,
            statistics=self._statistics,
            requests_per_second=self._settings.requests_per_second,
            in_flight=self._settings.in_flight,
            backoff=self._settings.backoff,
            stopped=self._stop,
        )

    def resume(self) -> None:
        """Let it deliver again after a stop."""
        self._stopped = None
        self._sender = self._new_sender()

    def statistics(self) -> Statistics:
        """Return what was seen since the start."""
        return self._statistics

    def wake(self) -> None:
        """Say that something may have become due."""
        self._changed.set()

    @property
    def busy(self) -> bool:
        """Whether requests are under way."""
        return bool(self._under_way)

    async def run(self, stop: asyncio.Event, *, poll_seconds: float = 0.05) -> None:
        """Deliver until told to stop; then settle what is under way.

        What waits for its turn is not sent any more; what was sent is waited for.

        Args:
            stop: Set to end.
            poll_seconds: Longest wait before looking again for what became due.

        Raises:
            DeliveryStopped: The credentials or the address are refused.
            OperatorError: The store failed, or another worker took it over.
        """
        try:
            while not stop.is_set() and self._stopped is None:
                if len(self._under_way) >= self._settings.in_flight or not self.dispatch():
                    await self._wait_for_change(poll_seconds)
        finally:
            await self.end()
        if self._stopped is not None:
            raise self._stopped

    async def drain(self) -> None:
        """Deliver until nothing waits, also for what is postponed.

        Raises:
            DeliveryStopped: The credentials or the address are refused.
            OperatorError: The store failed, or another worker took it over.
        """
        while self._stopped is None:
            if len(self._under_way) < self._settings.in_flight and self.dispatch():
                continue
            if not self._under_way and self._store.next_due_ms() is None:
                self._note_pace(last=True)
                return
            await self._wait_for_change(self._until_due())
        await self.end()
        raise self._stopped

    async def end(self) -> None:
        """Send nothing more, and wait for what was sent; all outcomes are settled."""
        self._sender.end()
        while self._under_way:
            await asyncio.wait(self._under_way)

    def dispatch(self) -> bool:
        """Lease what is due and send it on its way; tell whether there was anything."""
        # Read before the lease: a pause between the two is kept by the lease already.
        revision = self._store.pause_revision()
        turns = self._store.lease(self._clock.now_ms(), operations=self._settings.lease_operations)
        if not turns:
            return False
        packed = packing.pack(turns, self._attributes)
        for turn in packed.too_large:
            self._settle([_settlement(turn, [_dead("too_large")] * packing.size(turn))])
        for parcel in packed.parcels:
            task = asyncio.create_task(self._deliver(parcel, revision))
            self._under_way.add(task)
            task.add_done_callback(self._landed)
        return True

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._changed.set()
        if not task.cancelled():
            # A lost lease or a broken store ends delivery; `run` and `drain` raise it.
            self._stopped = self._stopped or task.exception()

    def _until_due(self) -> float:
        due_ms = self._store.next_due_ms()
        if due_ms is None:
            return 1.0
        return min(max((due_ms - self._clock.now_ms()) / 1000, 0.001), 1.0)

    async def _wait_for_change(self, seconds: float) -> None:
        """Wait until something happened, at most so long."""
        self._note_pace()
        await happened(self._changed, seconds)
        self._changed.clear()

    async def _deliver(self, parcel: Parcel, revision: int) -> None:
        """Send one request and settle its turns.

        Args:
            parcel: The request and its turns.
            revision: The revision of pauses at which the turns were leased.
        """
        answer = await self._sender.ask(
            parcel.request, parcel.turns, items=len(parcel.items), revision=revision
        )
        match answer:
            case answers.Accepted():
                self._statistics.remark(answer.remark)
                self._settle_items(parcel, {i: _dead(why) for i, why in answer.refused.items()})
            case answers.RefusedWhole():
                await self._split(parcel, answer.reason, revision)
            case answers.Transient() | answers.Halt():
                fate = Fate(result=Result.RETRY, reason=answer.reason)
                self._settle([self._again(one, [fate], answer) for one in parcel.turns])
            case _:  # pragma: no cover - the type checker holds this line
                assert_never(answer)

    async def _split(self, parcel: Parcel, reason: str, revision: int) -> None:
        """Send a refused request in halves, then item by item; what is refused alone is dead.

        So one bad item among a thousand costs some twenty requests, not a thousand.
        """
        if len(parcel.items) == 1:
            self._settle_items(parcel, {0: _dead(reason)})
        elif len(parcel.turns) == 1:
            await self._turn_one_by_one(parcel.turns[0], parcel.items, revision)
        else:
            for half in packing.halves(parcel):
                await self._deliver(half, revision)

    async def _turn_one_by_one(self, turn: Turn, items: tuple[Item, ...], revision: int) -> None:
        fates: list[Fate] = []
        for item in items:
            request = packing.single_item(item, turn.address)
            if request is None:
                fates.append(_dead("too_large"))
                continue
            answer = await self._sender.ask(request, (turn,), items=1, revision=revision)
            fates.append(self._fate(answer))
            if fates[-1].result is Result.RETRY:
                # What stands behind it must not overtake it (law 7).
                self._settle([self._again(turn, fates, answer)])
                return
        self._settle([_settlement(turn, fates)])

    def _fate(self, answer: Meaning) -> Fate:
        """Return what an answer means for the one item of its request."""
        match answer:
            case answers.Accepted():
                self._statistics.remark(answer.remark)
                refused = answer.refused.get(0)
                return DELIVERED if refused is None else _dead(refused)
            case answers.RefusedWhole():
                return _dead(answer.reason)
            case answers.Transient() | answers.Halt():
                return Fate(result=Result.RETRY, reason=answer.reason)
            case _:  # pragma: no cover - the type checker holds this line
                assert_never(answer)

    def _stop(self, stopped: DeliveryStopped) -> None:
        self._stopped = stopped
        self._changed.set()

    def _again(self, turn: Turn, fates: list[Fate], answer: Meaning) -> Settlement:
        """Return the settlement of a turn of which the rest comes again after an answer.

        Args:
            turn: The turn.
            fates: Of its first items; all others share the last one.
            answer: What postponed it.
        """
        suspect = isinstance(answer, answers.Transient) and answer.suspect
        wait_ms = math.ceil(self._sender.wait_seconds(turn, answer) * 1000)
        return _settlement(
            turn,
            [*fates, *fates[-1:] * (packing.size(turn) - len(fates))],
            not_before_ms=self._clock.now_ms() + wait_ms,
            failures=turn.failures + suspect,
        )

    def _settle_items(self, parcel: Parcel, fates: Mapping[int, Fate]) -> None:
        """Settle a request of which all items but these were accepted."""
        settlements: list[Settlement] = []
        place = 0
        for turn in parcel.turns:
            size = packing.size(turn)
            own = [fates.get(index, DELIVERED) for index in range(place, place + size)]
            settlements.append(_settlement(turn, own))
            place += size
        self._settle(settlements)

    def _settle(self, settlements: list[Settlement]) -> None:
        self._store.settle(settlements, now_ms=self._clock.now_ms())
        for settlement in settlements:
            for operation in settlement.turn.operations:
                self._count(settlement.operations[operation.id].result)

    def _note_pace(self, *, last: bool = False) -> None:
        self._pace.note(self._statistics.delivered, now_ms=self._clock.now_ms(), last=last)

    def _count(self, result: Result) -> None:
        match result:
            case Result.DELIVERED:
                self._statistics.delivered += 1
            case Result.DEAD:
                self._statistics.dead += 1
            case Result.RETRY:
                self._statistics.retried += 1


def _dead(reason: str) -> Fate:
    return Fate(result=Result.DEAD, reason=reason)


def _settlement(
    turn: Turn, fates: list[Fate], *, not_before_ms: int = 0, failures: int = 0
) -> Settlement:
    """Return the settlement of a turn from the fates of its items, in their order."""
    count = len(turn.operations)
    return Settlement(
        turn=turn,
        operations={one.id: fate for one, fate in zip(turn.operations, fates, strict=False)},
        identify=fates[0] if turn.identify else None,
        totals=fates[count] if turn.totals is not None else None,
        not_before_ms=not_before_ms,
        failures=failures,
    )
