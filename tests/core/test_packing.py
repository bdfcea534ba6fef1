"""Turns become requests within Customer.io's limits, whole, in order, and none is lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.core.outbox import Action, Operation, Totals
from truthpoint.core.packing import (
    MAX_ITEM_BYTES,
    MAX_REQUEST_BYTES,
    MAX_REQUEST_ITEMS,
    PATIENT_FAILURES,
    Packed,
    pack,
    single_item,
)
from truthpoint.core.people import address_of
from truthpoint.core.turns import Queue, Standing, Turn, next_turn
from truthpoint.core.wire import operation_item

ADDRESS = address_of("id", "42")

TOTALS = Totals(person=1, version=1, wire_at_s=5, values={})


def an_operation(
    number: int = 1, *, action: Action = Action.EVENT, attributes: bytes = b"{}", attempts: int = 1
) -> Operation:
    event = action is Action.EVENT
    return Operation(
        id=number,
        person=1,
        record=number,
        lane=Lane.LIVE,
        action=action,
        event="order_paid" if event else "",
        name="order_paid" if event else "",
        event_id="4QG1K4166Q4EEWJC46C23ZJR9G" if event else "",
        at_ms=1_790_000_000_000,
        attributes=attributes,
        barrier=False,
        attempts=attempts,
    )


def of_size(size: int, *, number: int = 1, action: Action = Action.EVENT) -> Operation:
    """An operation whose item has exactly so many bytes."""
    bare = an_operation(number, action=action, attributes=b'{"x":""}')
    room = size - len(operation_item(bare, ADDRESS).encoded)
    assert room >= 0
    return replace(bare, attributes=b'{"x":"%b"}' % (b"a" * room))


def a_turn(*operations: Operation, person: int = 1, canonical_id: str = "42") -> Turn:
    return Turn(person=person, address=address_of("id", canonical_id), operations=operations)


def packed(*turns: Turn) -> Packed:
    return pack(turns, lambda totals: {"orders_count": totals.version})


@pytest.mark.parametrize("action", [Action.EVENT, Action.IDENTIFY])
@pytest.mark.parametrize(
    ("size", "way"),
    [
        (31_999, "/api/v2/batch"),
        (32_000, "/api/v2/batch"),
        (32_001, "/api/v1/customers/42"),
        (99_999, "/api/v1/customers/42"),
        (100_000, "/api/v1/customers/42"),
        (100_001, None),
    ],
)
def test_an_item_goes_the_way_that_takes_its_size(
    action: Action, size: int, way: str | None
) -> None:
    """Up to 32,000 bytes by v2, up to 100,000 by v1, above that not at all; to the byte."""
    turn = a_turn(of_size(size, action=action))
    result = packed(turn)

    if way is None:
        assert ((), (turn,)) == (result.parcels, result.too_large)
        return
    (parcel,) = result.parcels
    events = "/events" if action is Action.EVENT and "v1" in way else ""
    assert (f"{way}{events}", (turn,), ()) == (parcel.request.path, parcel.turns, result.too_large)
    assert size == len(parcel.items[0].encoded)


@pytest.mark.parametrize("canonical_id", ["ana@example.org", "cio_1", ".", ".."])
def test_a_large_item_of_an_id_that_v1_would_misread_is_too_large(canonical_id: str) -> None:
    """Nobody else receives it."""
    turn = a_turn(of_size(40_000), canonical_id=canonical_id)

    assert Packed(parcels=(), too_large=(turn,)) == packed(turn)


def test_totals_that_exceed_a_request_are_too_large() -> None:
    """They have no way by v1, and end here rather than stop the rest."""
    turn = Turn(person=1, address=ADDRESS, totals=TOTALS)
    result = pack([turn, a_turn(an_operation())], lambda _: {"x": "a" * 40_000})

    assert (turn,) == result.too_large
    assert 1 == len(result.parcels)


def test_a_turn_is_its_operations_and_behind_them_its_totals() -> None:
    """Law 10: totals are told right after what changed them."""
    turn = replace(a_turn(an_operation(1), an_operation(2)), totals=TOTALS)
    (parcel,) = packed(turn).parcels
    batch = json.loads(parcel.request.body)["batch"]

    assert ["event", "event", "identify"] == [one["action"] for one in batch]
    assert (5, {"orders_count": 1}) == (batch[2]["timestamp"], batch[2]["attributes"])
    assert [1, 2, None] == [one.operation and one.operation.id for one in parcel.items]


def test_an_identify_of_our_making_is_one_item() -> None:
    """Law 4."""
    turn = Turn(person=1, address=ADDRESS, identify=True, alone=True)
    (parcel,) = packed(turn).parcels

    assert (1, (turn,)) == (len(parcel.items), parcel.turns)


def test_a_request_is_filled_to_its_limit_and_not_beyond() -> None:
    """490,000 bytes, to the byte: frame, commas and all."""
    fifteen = [a_turn(of_size(32_000), person=n) for n in range(15)]
    left = MAX_REQUEST_BYTES - len(b'{"batch":[]}') - 15 * 32_001 - 1
    fits = packed(*fifteen, a_turn(of_size(left)))
    over = packed(*fifteen, a_turn(of_size(left + 1)))

    assert [16] == [len(one.items) for one in fits.parcels]
    assert len(fits.parcels[0].request.body) == MAX_REQUEST_BYTES - 1
    assert [15, 1] == [len(one.items) for one in over.parcels]


def test_a_request_holds_at_most_a_thousand_items() -> None:
    """A smaller request is answered sooner."""
    turns = [a_turn(an_operation(), person=n) for n in range(MAX_REQUEST_ITEMS + 1)]

    assert [MAX_REQUEST_ITEMS, 1] == [len(one.items) for one in packed(*turns).parcels]


@pytest.mark.parametrize(
    ("failures", "room"),
    [(0, 1000), (PATIENT_FAILURES, 1000), (1 + PATIENT_FAILURES, 500), (20, 1), (10**6, 1)],
)
def test_what_fails_again_and_again_travels_in_ever_smaller_requests(
    failures: int, room: int
) -> None:
    """Law 7: whoever is the cause ends alone, and delays nobody else."""
    turns = [replace(a_turn(an_operation(), person=n), failures=failures) for n in range(1001)]

    assert room == max(len(one.items) for one in packed(*turns).parcels)


@pytest.mark.parametrize("parts", [{"identify": True, "alone": True}, {"totals": TOTALS}])
def test_turns_without_operations_travel_in_ever_smaller_requests_too(parts) -> None:
    """Laws 7 and 16: an identify of our making and totals can be the cause as well."""
    turns = [
        Turn(person=n, address=address_of("id", str(n)), failures=20, **parts) for n in range(3)
    ]

    assert [1, 1, 1] == [len(one.items) for one in packed(*turns).parcels]


def test_a_single_item_is_what_a_refused_batch_is_sent_again_as() -> None:
    """By v2 where it fits, else by v1, else not."""
    small, large, huge = (operation_item(of_size(size), ADDRESS) for size in (500, 40_000, 100_001))
    paths = [getattr(single_item(one, ADDRESS), "path", None) for one in (small, large, huge)]

    assert ["/api/v2/batch", "/api/v1/customers/42/events", None] == paths


_SIZES = st.sampled_from([300, 400, 5_000, 31_000, 32_000, 32_001, 60_000, 100_000, 100_001])
_TURNS = st.lists(st.lists(_SIZES, min_size=1, max_size=20) | st.just([]), min_size=1, max_size=25)


@given(_TURNS, st.lists(st.integers(1, 12), min_size=25, max_size=25))
def test_no_turn_is_lost_split_or_put_out_of_order(
    sizes: list[list[int]], failures: list[int]
) -> None:
    """Any turns that the queue forms: every request is within its limits, and holds turns whole."""
    turns: list[Turn] = []
    for person, of_person in enumerate(sizes):
        operations = [of_size(size, number=n + 1) for n, size in enumerate(of_person)]
        queue = Queue(
            person=person,
            address=ADDRESS,
            standing=Standing.KNOWN,
            operations=operations,
            complete=True,
            totals=replace(TOTALS, person=person),
            failures=failures[person],
        )
        turn = next_turn(queue)
        assert turn is not None
        turns.append(turn)
    result = packed(*turns)
    sent = [turn for one in result.parcels for turn in one.turns]

    assert sorted(map(id, turns)) == sorted(map(id, [*sent, *result.too_large]))
    for one in result.parcels:
        operations = [op for turn in one.turns for op in turn.operations]
        assert operations == [item.operation for item in one.items if item.operation]
        assert len(one.items) == sum(len(t.operations) + (t.totals is not None) for t in one.turns)
        assert len(one.request.body) <= MAX_REQUEST_BYTES
        assert len(one.items) == 1 or max(len(item.encoded) for item in one.items) <= 32_000
    assert all(len(turn.operations) == 1 for turn in result.too_large)
    assert MAX_ITEM_BYTES == 100_000
