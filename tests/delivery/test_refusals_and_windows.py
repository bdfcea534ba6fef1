"""T11: permanent errors of every shape; T9: dates and windows; whole refusals are halved."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.scripted import OK
from support.shop import order
from support.virtual import START_MS
from truthpoint.contract.model import Lane
from truthpoint.core import packing
from truthpoint.core.answers import Answer, Transient, meaning
from truthpoint.core.outbox import Action, Operation, State
from truthpoint.core.packing import pack
from truthpoint.core.people import address_of
from truthpoint.core.turns import Turn
from truthpoint.errors import DeliveryStopped

BODIES = {
    "v2": b'{"errors":[{"reason":"invalid","field":"name","message":"no"}]}',
    "v1": b'{"meta":{"errors":["no","never"]}}',
    "merge": b'{"meta":{"error":"no"}}',
    "app": b'{"errors":[{"detail":"no","status":"400"}]}',
    "message": b'{"message":"no"}',
    "HTML": b"<html><body>Bad gateway of a proxy</body></html>",
    "cut off": b'{"errors":[{"rea',
    "empty": b"",
    "text": b"no",
    "list": b"[1,2]",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_permanent_error_kills_what_it_is_about_whatever_its_body(place, status, body):
    """T11: one item is dead with its status, the others are delivered, none is sent twice over."""

    def script(sent):
        bad = any(item["attributes"].get("order_id") == "A-5" for item in sent.items)
        return Answer(status=status, body=body) if bad else OK

    place.transport.script = script
    place.say(*[order(f"A-{number}", str(number)) for number in range(12)])

    place.drain()

    (reason,) = place.dead().values()
    assert reason.startswith(f"HTTP {status}")
    assert 11 == place.desk.backlog().operations[State.DELIVERED]


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("status", [401, 403, 301, 404, 405])
def test_a_stop_is_a_stop_whatever_its_body(place, status, body):
    """T11: nothing is dead, nothing more is sent."""
    place.transport.script = lambda _: Answer(status=status, body=body)
    place.say(*[order(f"A-{number}", str(number)) for number in range(3)])

    with pytest.raises(DeliveryStopped):
        place.drain()

    assert {} == place.dead()
    assert 1 == len(place.transport.sent)


def test_one_bad_item_among_many_is_found_by_halving(place):
    """Some twenty requests, not a thousand, and everyone else is delivered by them."""
    place.say(*[order(f"A-{number}", str(number)) for number in range(300)])

    def script(sent):
        bad = any(item["attributes"].get("order_id") == "A-77" for item in sent.items)
        return Answer(status=400) if bad else OK

    place.transport.script = script
    place.drain()

    assert 299 == place.desk.backlog().operations[State.DELIVERED]
    assert len(place.transport.sent) <= 30


def test_a_413_is_split_until_it_fits(place):
    """T11: a peer that takes less than it documents gets everything all the same."""
    place.transport.script = lambda sent: (
        Answer(status=413) if len(sent.request.body) > 4_000 else OK
    )
    place.say(*[order(f"A-{number}", str(number)) for number in range(60)])

    place.drain()

    assert {} == place.dead()
    assert 60 == place.desk.backlog().operations[State.DELIVERED]


@pytest.mark.parametrize(
    ("retry_after", "date", "seconds"),
    [
        ("Wed, 18 Nov 2026 11:06:50 GMT", "Wed, 18 Nov 2026 11:06:40 GMT", 10.0),
        ("Wed, 18 Nov 2026 11:06:50 GMT", "", 10.0),
        ("Wed, 18 Nov 2026 11:06:30 GMT", "Wed, 18 Nov 2026 11:06:40 GMT", 0.0),
        ("Wed, 18 Nov 2026 11:06:50 GMT", "yesterday", 10.0),
        ("Wed, 48 Nov 2026 11:06:50 GMT", "", None),
        ("soon", "", None),
    ],
)
def test_a_date_in_retry_after_counts_from_the_answers_own_date(retry_after, date, seconds):
    """T9: the date form; two clocks need not agree."""
    headers = {"retry-after": retry_after, "date": date}

    found = meaning(Answer(status=429, headers=headers), 1, now_s=START_MS // 1000)

    assert Transient(reason="HTTP 429", retry_after_seconds=seconds) == found


def test_a_window_of_a_minute_loses_nothing(place):
    """T9: a peer that takes ten requests a minute, and says no without a header."""
    taken: deque[float] = deque()

    def script(sent):
        while taken and taken[0] <= sent.at_seconds - 60:
            taken.popleft()
        if len(taken) >= 10:
            return Answer(status=429)
        taken.append(sent.at_seconds)
        return OK

    place.transport.script = script
    place.say(*[order(f"A-{number}", str(number)) for number in range(25)])

    place.drain(lease_operations=1, in_flight=2)

    orders = [item for item in place.transport.items if item.get("name")]
    assert {} == place.dead()
    assert 25 == len({item["id"] for item in orders})
    assert 25 == place.desk.backlog().operations[State.DELIVERED]


def _turn(person: int, count: int) -> Turn:
    operations = tuple(
        Operation(
            id=person * 100 + number,
            person=person,
            record=1,
            lane=Lane.LIVE,
            action=Action.EVENT,
            event="x",
            name="x",
            event_id="0" * 26,
            at_ms=START_MS,
            attributes=b"{}",
            barrier=False,
        )
        for number in range(count)
    )
    return Turn(person=person, address=address_of("id", str(person)), operations=operations)


@given(st.lists(st.integers(1, 9), min_size=2, max_size=40))
def test_halves_hold_every_turn_whole_and_in_order(counts):
    """Law 7: nobody is in both halves; nothing is left out; both hold something."""
    (parcel,) = pack([_turn(person, count) for person, count in enumerate(counts)], dict).parcels

    first, second = packing.halves(parcel)

    assert parcel.turns == first.turns + second.turns
    assert parcel.items == first.items + second.items
    assert first.turns
    assert second.turns
    for half in (first, second):
        assert sum(map(packing.size, half.turns)) == len(half.items)
    assert max(len(first.items), len(second.items)) <= len(parcel.items) // 2 + 9
