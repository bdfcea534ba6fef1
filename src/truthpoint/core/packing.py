"""Step 5 of 6: turns become requests within Customer.io's limits.

A request holds whole turns, so that what one person sends is in order and is settled
together. Sizes are counted in encoded bytes, never estimated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from . import wire
from .turns import MAX_SHARED_ITEM_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .outbox import Totals
    from .turns import Turn
    from .wire import Item, WireRequest

MAX_ITEM_BYTES: Final = 100_000
"""Items over this size are dead, `too_large`: the v1 API takes events of 100,000 bytes."""

MAX_REQUEST_BYTES: Final = 490_000
"""Customer.io takes 500 KB a batch and does not say which KB; this is under either."""

MAX_REQUEST_ITEMS: Final = 1_000
"""Customer.io documents no limit; a smaller request is answered sooner."""

PATIENT_FAILURES: Final = 3
"""After so many failures in a row of a person's turns, the requests that they travel in are
halved with each further one, so that whoever is the cause ends alone and delays nobody else."""

_FRAME_BYTES: Final = len(b'{"batch":[]}')


class Parcel(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One request, and what it holds.

    Attributes:
        request: The request.
        items: Its items, in order; their indexes are those of the answer.
        turns: The turns that they make up.
    """

    request: WireRequest
    items: tuple[Item, ...]
    turns: tuple[Turn, ...]


class Packed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a set of turns became.

    Attributes:
        parcels: The requests, in the order of the turns.
        too_large: Turns whose only operation exceeds every limit.
    """

    parcels: tuple[Parcel, ...]
    too_large: tuple[Turn, ...]


def pack(turns: Iterable[Turn], attributes: Callable[[Totals], Mapping[str, object]]) -> Packed:
    """Return the requests for these turns.

    Args:
        turns: At most one of each person, each with something to send.
        attributes: Gives totals as attributes of the wire.
    """
    packing = _Packing()
    for turn in turns:
        items = _items(turn, attributes)
        if len(items) == 1 and len(items[0].encoded) > MAX_SHARED_ITEM_BYTES:
            packing.add_single(turn, items[0])
        else:
            packing.add(turn, items)
    return packing.packed()


def size(turn: Turn) -> int:
    """Return how many items a turn becomes."""
    return len(turn.operations) + turn.identify + (turn.totals is not None)


def halves(parcel: Parcel) -> tuple[Parcel, Parcel]:
    """Return a request's turns as two requests, about equal in items; it has two or more."""
    sizes = [size(turn) for turn in parcel.turns]
    cut, place = 1, sizes[0]
    while cut < len(sizes) - 1 and place + sizes[cut] <= len(parcel.items) // 2:
        place += sizes[cut]
        cut += 1
    return (
        _parcel(parcel.turns[:cut], parcel.items[:place]),
        _parcel(parcel.turns[cut:], parcel.items[place:]),
    )


def _parcel(turns: Iterable[Turn], items: Sequence[Item]) -> Parcel:
    return Parcel(request=wire.batch(list(items)), items=tuple(items), turns=tuple(turns))


def single_item(item: Item, address: str) -> WireRequest | None:
    """Return a request that holds one item only; None when it exceeds every limit."""
    size = len(item.encoded)
    if size <= MAX_SHARED_ITEM_BYTES:
        return wire.batch([item])
    if item.operation is None or size > MAX_ITEM_BYTES:
        return None
    return wire.single(item.operation, address)


def _items(turn: Turn, attributes: Callable[[Totals], Mapping[str, object]]) -> list[Item]:
    if turn.identify:
        return [wire.identify_item(turn.person, turn.address)]
    items = [wire.operation_item(one, turn.address) for one in turn.operations]
    if turn.totals is not None:
        told = attributes(turn.totals)
        items.append(wire.totals_item(turn.totals, turn.address, told, turn.totals.wire_at_s))
    return items


class _Packing:
    """Fills requests, one after the other."""

    def __init__(self) -> None:
        self._parcels: list[Parcel] = []
        self._too_large: list[Turn] = []
        self._items: list[Item] = []
        self._turns: list[Turn] = []
        self._size = _FRAME_BYTES
        self._room = MAX_REQUEST_ITEMS

    def add(self, turn: Turn, items: list[Item]) -> None:
        """Add a turn to the open request, or to a new one where it does not fit."""
        size = sum(len(item.encoded) + 1 for item in items)
        room = _room(turn)
        full = self._size + size > MAX_REQUEST_BYTES
        if full or len(self._items) + len(items) > min(room, self._room):
            self._close()
        self._room = min(room, self._room)
        self._items += items
        self._turns.append(turn)
        self._size += size

    def add_single(self, turn: Turn, item: Item) -> None:
        """Add a turn whose one item is too large to share a request."""
        request = single_item(item, turn.address)
        if request is not None:
            self._parcels.append(Parcel(request=request, items=(item,), turns=(turn,)))
        else:
            self._too_large.append(turn)

    def packed(self) -> Packed:
        """Return what was packed."""
        self._close()
        return Packed(parcels=tuple(self._parcels), too_large=tuple(self._too_large))

    def _close(self) -> None:
        if self._items:
            self._parcels.append(_parcel(self._turns, self._items))
        self._items, self._turns = [], []
        self._size, self._room = _FRAME_BYTES, MAX_REQUEST_ITEMS


def _room(turn: Turn) -> int:
    """Return how many items a request with this turn may hold."""
    return max(1, MAX_REQUEST_ITEMS >> min(max(0, turn.failures - PATIENT_FAILURES), 10))
