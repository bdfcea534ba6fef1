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
Whoever is erased sends nothing but that.

An operation that stands first is looked at again (law 9): a start whose close is known by
now, or that is too old, is withheld; one whose time has not come holds its person up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict, Unpack

import msgspec
from msgspec.structs import replace

from .outbox import PARTING, Act, Action, Operation, Standing, Totals

if TYPE_CHECKING:
    from collections.abc import Sequence


class Queue(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is loaded of one person to form a turn.

    Attributes:
        person: The person key.
        address: The `identifiers` by which Customer.io knows them, as JSON.
        standing: Whether Customer.io knows them.
        operations: Their first ready operations in order, as many as were asked for.
        complete: Whether `operations` are all there are.
        critical_until: The last critical operation that waits; 0 if none does.
        totals: Their totals, if they have any.
        failures: How many of their turns in a row have failed and may have been the cause.
        refusal: Why the last identify of our making was refused for good.
        closed_until_ms: Of a first operation that is a start: until when its like are closed
            at the latest; None: no close is known.
        names_another: Of a first operation that is a merge: whether what it names the other
            profile by is somebody else's by now.
        now_ms: The present.
    """

    person: int
    address: str
    standing: Standing
    operations: Sequence[Operation]
    complete: bool
    critical_until: int = 0
    totals: Totals | None = None
    failures: int = 0
    refusal: str = ""
    closed_until_ms: int | None = None
    names_another: bool = False
    now_ms: int = 0


Ended = tuple[Operation, Act, str]
"""An operation that is not sent: dead or withheld, and the reason."""


class Turn(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What leaves for one person in one go.

    Attributes:
        person: The person key.
        address: The `identifiers` to address them by, as JSON.
        standing: How they stood when the turn was formed.
        operations: What is sent, in order; may be empty.
        identify: An identify of our making, with identifiers only, is sent (alone).
        totals: The totals sent behind the operations; None: none.
        alone: Nothing else of this person's may share its request, and it is awaited.
        ended: Operations that are not sent, and why: nothing else is in such a turn.
        not_before_ms: Nothing leaves before; nothing else is in such a turn. 0: at once.
        failures: How many of their turns in a row, before this one, have failed and may
            have been the cause.
    """

    person: int
    address: str
    standing: Standing = Standing.KNOWN
    operations: tuple[Operation, ...] = ()
    identify: bool = False
    totals: Totals | None = None
    alone: bool = False
    ended: tuple[Ended, ...] = ()
    not_before_ms: int = 0
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


def size_bound(operation: Operation, address: str) -> int:
    """Return a number of bytes that the operation's item does not exceed on the wire."""
    # Six bytes a character is JSON's longest escape; ids and names are short.
    return len(operation.attributes) + 6 * (len(operation.name) + len(address)) + ENVELOPE_BYTES


def next_turn(queue: Queue) -> Turn | None:
    """Return what a person sends next, or None when nothing is due.

    Pure: the same queue gives the same turn. The store calls it in the transaction
    that leases, so what it reads cannot have changed when the turn leaves.
    """
    if queue.standing is Standing.ERASED:
        return _of_the_erased(queue)
    if queue.standing is Standing.DUE:
        return _turn(queue, identify=True, alone=True)
    if not queue.operations:
        return _totals_alone(queue)
    first = queue.operations[0]
    return _not_sent(first, queue) or _sent(first, queue)


def _not_sent(first: Operation, queue: Queue) -> Turn | None:
    """Return the turn in which a first operation is not sent, now or ever; None: it is."""
    unsendable = _unsendable(first, queue)
    if unsendable:
        return _turn(queue, ended=((first, Act.WITHHOLD, unsendable),))
    if first.not_before_ms > queue.now_ms:
        return _turn(queue, not_before_ms=first.not_before_ms)
    if queue.standing is Standing.REFUSED and not _opens(first):
        return _turn(queue, ended=_until_identify(queue))
    return None


def _opens(first: Operation) -> bool:
    """Tell whether an operation may be the first that Customer.io hears of somebody (law 4)."""
    return first.action is Action.IDENTIFY or first.action in PARTING


def _sent(first: Operation, queue: Queue) -> Turn:
    sends = queue.standing in _SENDING
    if not sends and not _opens(first):
        return _turn(queue, identify=True, alone=True)
    if first.barrier or not sends or _large(first, queue):
        return _turn(queue, operations=(first,), alone=True)
    taken = _shared(queue)
    return _turn(queue, operations=taken, totals=_totals_behind(queue, taken))


CLOSED: Final = "closed"
STALE: Final = "stale"
ERASED: Final = "erased"
SUPERSEDED: Final = "superseded"

_SENDING: Final = frozenset({Standing.KNOWN, Standing.ANONYMOUS})
"""Standings in which events leave."""

WITHOUT_TOTALS: Final = frozenset({Standing.REFUSED, Standing.ERASED, Standing.ANONYMOUS})
"""Standings in which there is nobody whose totals could be told."""


def _unsendable(first: Operation, queue: Queue) -> str:
    """Return why an operation is not sent any more; empty: it is sent (law 9)."""
    if queue.names_another:
        # The profile there belongs to whoever the email was given to in the meantime.
        return SUPERSEDED
    if not first.expires_at_ms:
        return ""
    if first.action is Action.IDENTIFY:
        return SUPERSEDED
    if queue.closed_until_ms is not None and first.at_ms <= queue.closed_until_ms:
        return CLOSED
    return STALE if queue.now_ms > first.expires_at_ms else ""


def _of_the_erased(queue: Queue) -> Turn | None:
    """Return what leaves for somebody who was erased: what erases them there too (law 20)."""
    ended: list[Ended] = []
    for operation in queue.operations:
        if operation.action in PARTING:
            if not ended:
                return _turn(queue, operations=(operation,), alone=True)
            break
        ended.append((operation, Act.WITHHOLD, ERASED))
    return _turn(queue, ended=tuple(ended)) if ended else None


class _Parts(TypedDict, total=False):
    operations: tuple[Operation, ...]
    identify: bool
    totals: Totals | None
    alone: bool
    ended: tuple[Ended, ...]
    not_before_ms: int


def _turn(queue: Queue, **parts: Unpack[_Parts]) -> Turn:
    return Turn(
        person=queue.person,
        address=queue.address,
        standing=queue.standing,
        failures=queue.failures,
        **parts,
    )


def _until_identify(queue: Queue) -> tuple[Ended, ...]:
    ended: list[Ended] = []
    for operation in queue.operations:
        if _opens(operation):
            break
        ended.append((operation, Act.REFUSE, no_identify(queue.refusal)))
    return tuple(ended)


def _large(operation: Operation, queue: Queue) -> bool:
    return size_bound(operation, queue.address) > MAX_SHARED_ITEM_BYTES


def _shared(queue: Queue) -> tuple[Operation, ...]:
    """Return the operations up to the next barrier, within the size of one request.

    When something critical lifted the queue, it ends there: what stands behind is not
    lifted with it (law 8).
    """
    lifted = queue.operations[0].id <= queue.critical_until
    taken: list[Operation] = []
    size = 0
    for operation in queue.operations:
        size += size_bound(operation, queue.address)
        if operation.barrier or size > MAX_TURN_BYTES or _large(operation, queue):
            break
        if lifted and operation.id > queue.critical_until:
            break
        taken.append(operation)
    return tuple(taken)


def _totals_behind(queue: Queue, taken: tuple[Operation, ...]) -> Totals | None:
    """Return the totals if what changed them last is in this turn or already gone."""
    totals = queue.totals
    if totals is None or not totals.waiting or queue.standing in WITHOUT_TOTALS:
        return None
    left = queue.operations[len(taken) :]
    next_open = left[0].id if left else None
    if next_open is None and not queue.complete:
        return None if totals.changed_by > taken[-1].id else totals
    return totals if next_open is None or totals.changed_by < next_open else None


def _totals_alone(queue: Queue) -> Turn | None:
    if queue.totals is None or not queue.totals.waiting or queue.standing in WITHOUT_TOTALS:
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
    if standing is Standing.ERASED or not (turn.identify or theirs):
        return standing
    if delivered:
        return Standing.KNOWN
    if dead and turn.identify:
        return Standing.REFUSED
    if dead and standing is not Standing.KNOWN:
        return Standing.DUE
    return standing


def address_after(turn: Turn, *, delivered: bool) -> str:
    """Return the address that a turn gives its person; empty: it gives none.

    An identify that carries the id and the email of a guest goes by the id, and gives it to
    the profile that has the email; from then on the person goes by it too.
    """
    if not delivered or len(turn.operations) != 1:
        return ""
    only = turn.operations[0]
    return only.address if only.action is Action.IDENTIFY else ""
