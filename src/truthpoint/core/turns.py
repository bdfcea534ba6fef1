"""Step 4 of 6, continued: what a person sends next, and how they stand afterwards.

Theory of operation
-------------------
Every person has one queue: their open operations in the order of their ids, which is
the order of the journal. A *turn* is what leaves for one person in one go. While a
turn is away, nothing else of that person leaves; when it is settled, the next one is
formed. So order per person needs no locks beyond "this person is away" (law 7).

A turn is one of

    - an identify that goes alone: one that the shop sent and that creates the person
      or changes identifiers (a *barrier*), or one that we make, with identifiers only,
      when a person's first operation is no identify, or when the shop's was refused
      (law 4);
    - the operations up to the next barrier, and behind them the person's totals, once
      the operation that last changed them is among these or already gone (law 10);
    - nothing but totals.

People whom no identify has reached (`Standing.REFUSED`) send nothing; their operations
are dead, `no_identify`, until an operator replays them or the shop identifies them anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict, Unpack

import msgspec
from msgspec.structs import replace

from .outbox import Action, Operation, Standing, Totals

if TYPE_CHECKING:
    from collections.abc import Sequence


class Queue(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is loaded of one person to form a turn.

    Attributes:
        person: The person key.
        canonical_id: The id under which they are known.
        standing: Whether Customer.io knows them.
        operations: Their first ready operations in order, as many as were asked for.
        complete: Whether `operations` are all there are.
        critical_until: The last critical operation that waits; 0 if none does.
        totals: Their totals, if they have any.
        failures: How many of their turns in a row have failed and may have been the cause.
    """

    person: int
    canonical_id: str
    standing: Standing
    operations: Sequence[Operation]
    complete: bool
    critical_until: int = 0
    totals: Totals | None = None
    failures: int = 0


class Turn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What leaves for one person in one go.

    Attributes:
        person: The person key.
        canonical_id: The id to address them by.
        standing: How they stood when the turn was formed.
        operations: What is sent, in order; may be empty.
        identify: An identify of our making, with identifiers only, is sent (alone).
        totals: The totals sent behind the operations; None: none.
        alone: Nothing else of this person's may share its request, and it is awaited.
        dead: Operations that must not be sent, because no identify was accepted.
        failures: How many of their turns in a row, before this one, have failed and may
            have been the cause.
    """

    person: int
    canonical_id: str
    standing: Standing = Standing.KNOWN
    operations: tuple[Operation, ...] = ()
    identify: bool = False
    totals: Totals | None = None
    alone: bool = False
    dead: tuple[Operation, ...] = ()
    failures: int = 0


NO_IDENTIFY: Final = "no_identify"
"""Reason of operations that are dead because no identify of their person was accepted; what
the last one was refused for stands behind it."""


def no_identify(refusal: str) -> str:
    """Return the reason of operations that no identify preceded, refused for `refusal`."""
    return f"{NO_IDENTIFY}: {refusal}" if refusal else NO_IDENTIFY


def lacks_identify(reason: str) -> bool:
    """Tell whether this is the reason of an operation that no identify preceded."""
    return reason.partition(":")[0] == NO_IDENTIFY


ENVELOPE_BYTES: Final = 400
"""More than the bytes of an item around its attributes, its name and its person's id."""

MAX_SHARED_ITEM_BYTES: Final = 32_000
"""Items up to this size share v2 requests (design, section 6)."""

MAX_TURN_BYTES: Final = 480_000
"""A turn fits one request of at most 490,000 bytes, its envelope and totals included."""


def size_bound(operation: Operation, canonical_id: str) -> int:
    """Return a number of bytes that the operation's item does not exceed on the wire."""
    # Six bytes a character is JSON's longest escape; ids and names are short.
    return (
        len(operation.attributes) + 6 * (len(operation.name) + len(canonical_id)) + ENVELOPE_BYTES
    )


def next_turn(queue: Queue) -> Turn | None:
    """Return what a person sends next, or None when nothing is due.

    Pure: the same queue gives the same turn. The store calls it in the transaction
    that leases, so what it reads cannot have changed when the turn leaves.
    """
    if queue.standing is Standing.DUE:
        return _turn(queue, identify=True, alone=True)
    if not queue.operations:
        return _totals_alone(queue)
    first = queue.operations[0]
    opens = first.action is Action.IDENTIFY
    if queue.standing is Standing.REFUSED and not opens:
        return _turn(queue, dead=_until_identify(queue.operations))
    if queue.standing is not Standing.KNOWN and not opens:
        return _turn(queue, identify=True, alone=True)
    if first.barrier or queue.standing is not Standing.KNOWN or _large(first, queue):
        return _turn(queue, operations=(first,), alone=True)
    taken = _shared(queue)
    return _turn(queue, operations=taken, totals=_totals_behind(queue, taken))


class _Parts(TypedDict, total=False):
    operations: tuple[Operation, ...]
    identify: bool
    totals: Totals | None
    alone: bool
    dead: tuple[Operation, ...]


def _turn(queue: Queue, **parts: Unpack[_Parts]) -> Turn:
    return Turn(
        person=queue.person,
        canonical_id=queue.canonical_id,
        standing=queue.standing,
        failures=queue.failures,
        **parts,
    )


def _until_identify(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    taken: list[Operation] = []
    for operation in operations:
        if operation.action is Action.IDENTIFY:
            break
        taken.append(operation)
    return tuple(taken)


def _large(operation: Operation, queue: Queue) -> bool:
    return size_bound(operation, queue.canonical_id) > MAX_SHARED_ITEM_BYTES


def _shared(queue: Queue) -> tuple[Operation, ...]:
    """Return the operations up to the next barrier, within the size of one request.

    When something critical lifted the queue, it ends there: what stands behind is not
    lifted with it (law 8).
    """
    lifted = queue.operations[0].id <= queue.critical_until
    taken: list[Operation] = []
    size = 0
    for operation in queue.operations:
        size += size_bound(operation, queue.canonical_id)
        if operation.barrier or size > MAX_TURN_BYTES or _large(operation, queue):
            break
        if lifted and operation.id > queue.critical_until:
            break
        taken.append(operation)
    return tuple(taken)


def _totals_behind(queue: Queue, taken: tuple[Operation, ...]) -> Totals | None:
    """Return the totals if what changed them last is in this turn or already gone."""
    totals = queue.totals
    if totals is None or not totals.waiting:
        return None
    left = queue.operations[len(taken) :]
    next_open = left[0].id if left else None
    if next_open is None and not queue.complete:
        return None if totals.changed_by > taken[-1].id else totals
    return totals if next_open is None or totals.changed_by < next_open else None


def _totals_alone(queue: Queue) -> Turn | None:
    if queue.totals is None or not queue.totals.waiting or queue.standing is Standing.REFUSED:
        return None
    if queue.standing is Standing.UNKNOWN:
        return _turn(queue, identify=True, alone=True)
    return _turn(queue, totals=queue.totals)


def stamped(turn: Turn, now_ms: int) -> Turn:
    """Return a turn as it leaves: attempts counted, totals with a time that only rises."""
    operations = tuple(replace(one, attempts=one.attempts + 1) for one in turn.operations)
    totals = turn.totals
    if totals is not None:
        totals = replace(totals, wire_at_s=max(totals.wire_at_s + 1, now_ms // 1000))
    return replace(turn, operations=operations, totals=totals)


def standing_after(turn: Turn, standing: Standing, *, delivered: bool, dead: bool) -> Standing:
    """Return how a person stands after a turn that held an identify, alone.

    Args:
        turn: The turn; others than identifies change nothing.
        standing: How they stood before.
        delivered: The identify was accepted.
        dead: The identify was refused for good.
    """
    theirs = len(turn.operations) == 1 and turn.operations[0].action is Action.IDENTIFY
    if not (turn.identify or theirs):
        return standing
    if delivered:
        return Standing.KNOWN
    if dead and turn.identify:
        return Standing.REFUSED
    if dead and standing is not Standing.KNOWN:
        return Standing.DUE
    return standing
