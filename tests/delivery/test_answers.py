"""What each answer of Customer.io leads to: T8, T9, T10 and whole refusals."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.scripted import OK
from support.shop import identify, order, refund
from truthpoint.core.answers import Answer
from truthpoint.core.outbox import State
from truthpoint.core.pace import Backoff
from truthpoint.errors import DeliveryStopped


def _orders(items):
    return [item["attributes"]["order_id"] for item in items if item.get("name") == "order_paid"]


def _event_requests(transport):
    return [sent for sent in transport.sent if any(item.get("name") for item in sent.items)]


@pytest.mark.parametrize(
    ("header", "allowed_seconds"),
    [(None, 0.0), ("0", 0.0), ("2", 2.0), ("3600", 300.0), ("-5", 0.0), ("soon", 0.0)],
)
def test_no_request_leaves_before_the_time_that_a_429_allows(place, header, allowed_seconds):
    """T9: the allowed time is the smaller of Retry-After and the clamp; nothing is lost."""
    answers = iter([Answer(status=429, headers={"retry-after": header} if header else {})])
    place.transport.script = lambda _: next(answers, OK)
    place.say(*[order(f"A-{number}", str(number)) for number in range(5)])

    place.drain(in_flight=3)

    first, second = place.transport.sent[0], place.transport.sent[1]
    waited = second.at_seconds - (first.at_seconds + place.transport.latency_seconds)
    assert waited >= allowed_seconds - 1e-9  # the loop adds floats
    assert waited <= max(allowed_seconds, 60) + 0.1
    assert 5 == len(_orders(place.transport.items))


def test_everyone_waits_while_customer_io_asks_for_patience(place):
    """T9: a person who was in no refused request does not go earlier either."""
    answers = iter([Answer(status=429, headers={"retry-after": "30"})])
    place.transport.script = lambda _: next(answers, OK)
    place.say(order("A-1", "1"))

    async def story(worker):
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        await asyncio.sleep(1)
        place.say(order("A-2", "2"), start=1)
        await asyncio.sleep(60)
        stop.set()
        await running

    place.run(story)

    assert all(sent.at_seconds >= 30 for sent in place.transport.sent[1:])
    assert ["A-1", "A-2"] == sorted(_orders(place.transport.items))


@pytest.mark.parametrize("failure", ["connect", "timeout", "lost", 500, 502, 503, 504, 408, 425])
def test_a_transient_failure_is_tried_again_and_never_becomes_dead(place, failure):
    """Law 16: neither by count nor by age."""
    answer = failure if isinstance(failure, str) else Answer(status=failure)
    answers = iter([answer] * 25)
    place.transport.script = lambda _: next(answers, OK)
    place.say(order("A-1", "1"))

    place.drain()

    assert {} == place.dead()
    assert ["A-1"] == _orders(place.transport.items)[-1:]
    # The failures, then the identify of our making, the order, and the totals behind it.
    assert 25 + 3 == len(place.transport.sent)


def test_a_lost_answer_is_sent_again_under_the_same_id(place):
    """T8: Customer.io sees two attempts with one ULID, so that they have one effect."""
    lost = iter([False, True])
    place.transport.script = lambda _: "lost" if next(lost, False) else OK
    place.say(order("A-1", "1"))

    place.drain()

    events = [item for item in place.transport.items if item.get("name")]
    assert 2 == len(events)
    assert 1 == len({event["id"] for event in events})
    assert place.desk.events("A-1", event=None, limit=5)[0].attempts == 2


_THREE = [order(f"A-{number}", str(number)) for number in range(3)]


@pytest.mark.parametrize(
    ("body", "dead"),
    [
        (b'{"errors":[{"batch_index":0,"reason":"invalid","field":"name"}]}', {1}),
        (b'{"errors":[{"batch_index":4,"reason":"invalid"}]}', {3}),
        (b'{"errors":[{"batch_index":0},{"batch_index":2},{"batch_index":2}]}', {1, 2}),
        (b'{"errors":[{"batch_index":99,"reason":"invalid"}]}', set()),
        (b'{"errors":[{"batch_index":"0"},{"batch_index":-1},{"batch_index":true}]}', set()),
        (b"", set()),
        (b'{"errors":null}', set()),
    ],
)
def test_a_207_kills_only_the_items_it_names_and_none_is_sent_again(place, body, dead):
    """T10: errors at the first, last and several places, unknown ones, and no list at all."""

    def script(sent):
        return Answer(status=207, body=body) if any(item.get("name") for item in sent.items) else OK

    place.transport.script = script
    # Refunds close nothing, so that each is followed by its person's totals in one request.
    place.say(*[refund(f"R-{number}", str(number), "1") for number in range(3)])

    place.drain()

    sent = [item["attributes"] for item in place.transport.items if item.get("name")]
    assert dead == set(place.dead())
    assert ["R-0", "R-1", "R-2"] == [one["refund_id"] for one in sent]


def test_a_page_of_somebody_else_is_no_delivery(place):
    """Law 18: what a login page swallowed for an hour goes out again under the same ids."""
    page = Answer(status=200, body=b"<html>Please log in</html>")
    place.transport.script = lambda sent: page if sent.at_seconds < 3600 else OK
    place.say(*_THREE)

    place.drain()

    assert 3 == place.desk.backlog().operations[State.DELIVERED]
    assert 3 == len({item["id"] for item in place.transport.items if item.get("name")})
    assert place.transport.sent[-1].at_seconds >= 3600


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_batch_refused_whole_goes_again_item_by_item(place, status):
    """One bad item kills itself and nothing else."""

    def script(sent):
        bad = any(item["attributes"].get("order_id") == "A-1" for item in sent.items)
        return Answer(status=status, body=b'{"errors":[{"message":"no"}]}') if bad else OK

    place.transport.script = script
    place.say(*_THREE)

    place.drain()

    assert {2: f"HTTP {status} no known reason | Customer.io: no"} == place.dead()
    delivered = place.desk.backlog().operations[State.DELIVERED]
    assert 2 == delivered


def test_what_stands_behind_a_postponed_item_does_not_overtake_it(place):
    """Law 7: while a refused batch goes item by item, a transient answer holds the person."""
    failed = iter([True])

    def script(sent):
        orders = _orders(sent.items)
        if len(sent.items) > 1 and orders:
            return Answer(status=400)
        if orders == ["A-1"] and next(failed, False):
            return Answer(status=503)
        return OK

    place.transport.script = script
    place.say(identify("7", name="x"), order("A-0", "7"), order("A-1", "7"), order("A-2", "7"))

    place.drain()

    accepted = [
        _orders(sent.items)[0] for sent in _event_requests(place.transport) if len(sent.items) == 1
    ]
    assert ["A-0", "A-1", "A-1", "A-2"] == accepted


@pytest.mark.parametrize("status", [401, 403, 404, 405, 407, 410, 301, 302, 307, 308])
def test_wrong_credentials_or_a_wrong_address_stop_delivery_loudly(place, status):
    """More requests would lose or misplace data; what is not delivered waits."""
    place.transport.script = lambda _: Answer(status=status)
    place.say(*_THREE)

    with pytest.raises(DeliveryStopped) as stopped:
        place.drain()

    assert f"HTTP {status}" in str(stopped.value)
    assert 1 == len(place.transport.sent)
    assert {} == place.dead()

    place.transport.script = lambda _: OK
    place.drain()

    assert 3 == place.desk.backlog().operations[State.DELIVERED]


def _for_a_while(place, script):
    """Let a worker run for two minutes against a script."""
    place.transport.script = script

    async def story(worker):
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        await asyncio.sleep(120)
        stop.set()
        await running

    place.run(story, backoff=Backoff(first_seconds=0.1, ceiling_seconds=1.0))


def test_a_poisoned_batch_shrinks_until_only_its_person_waits(place):
    """One item that always brings a 500 does not hold up the others for ever."""
    place.say(*[order(f"A-{number}", str(number)) for number in range(30)])
    _for_a_while(place, lambda sent: Answer(status=500) if "A-3" in _orders(sent.items) else OK)

    operations = place.desk.backlog().operations
    assert (29, 0) == (operations[State.DELIVERED], operations[State.DEAD])
    assert 1 == operations[State.READY] + operations[State.LEASED]


def test_a_person_whose_identify_is_poisoned_holds_up_nobody_else(place):
    """Laws 7 and 16: it is of our making and no operation; nothing is dead for it."""

    def script(sent):
        return Answer(status=500) if any(_of(item) == "3" for item in sent.items) else OK

    place.say(*[order(f"A-{number}", str(number)) for number in range(30)])
    _for_a_while(place, script)

    operations = place.desk.backlog().operations
    assert (29, 0) == (operations[State.DELIVERED], operations[State.DEAD])
    assert 29 == len(set(_orders(place.transport.items)))


def test_totals_that_are_poisoned_hold_up_nobody_else(place):
    """Laws 7 and 16: a turn can hold nothing but totals."""
    place.say(*[identify(str(number), name="x") for number in range(30)])
    place.drain()
    poisoned = place.transport.sent[:]

    def script(sent):
        bad = any(_of(item) == "3" and "orders_count" in item["attributes"] for item in sent.items)
        return Answer(status=500) if bad else OK

    place.say(*[order(f"A-{number}", str(number)) for number in range(30)], start=30)
    _for_a_while(place, script)

    told = {_of(item) for item in _accepted(place, script) if "orders_count" in item["attributes"]}
    assert poisoned
    assert {str(number) for number in range(30)} - {"3"} == told
    assert 0 == place.desk.backlog().operations[State.DEAD]


def _of(item):
    return item["identifiers"]["id"]


def _accepted(place, script):
    return [item for sent in place.transport.sent if script(sent) is OK for item in sent.items]


def test_a_person_who_fails_alone_waits_alone(place):
    """Law 7: once it is plain who is the cause, nobody else waits for them, not even a second."""
    poison = [order("A-3", "3")]
    place.say(*poison, *[order(f"B-{number}", str(100 + number)) for number in range(5)])

    def known(sent):
        return Answer(status=500) if "A-3" in _orders(sent.items) else OK

    _for_a_while(place, known)
    place.transport.sent.clear()

    async def story(worker):
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        for number in range(10):
            place.say(order(f"C-{number}", str(200 + number)), start=1000 + number)
            await asyncio.sleep(30)
        stop.set()
        await running

    place.transport.script = known
    place.run(story, backoff=Backoff(first_seconds=30, ceiling_seconds=60))

    arrived = {
        order_id: sent.at_seconds
        for sent in place.transport.sent
        for order_id in _orders(sent.items)
        if order_id.startswith("C-")
    }
    assert 10 == len(arrived)
    first = place.transport.sent[0].at_seconds
    assert all(at - first - 30 * int(name[2:]) < 5 for name, at in arrived.items())


@pytest.mark.parametrize("answer", [Answer(status=429, headers={"retry-after": "300"}), "lost"])
def test_a_worker_that_waits_out_a_failure_ends_at_once_when_told_to(place, answer):
    """What it holds waits in the store, and goes out after the next start, not earlier."""
    place.transport.script = lambda _: answer
    place.say(*[order(f"A-{number}", str(number)) for number in range(40)])

    async def story(worker):
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        await asyncio.sleep(2)
        told_at = loop.time()
        stop.set()
        await running
        return loop.time() - told_at

    took_seconds = place.run(story, lease_operations=1, in_flight=2)

    assert took_seconds < 1
    place.transport.script = lambda _: OK
    place.drain()
    assert 40 == place.desk.backlog().operations[State.DELIVERED]


def test_requests_keep_to_the_rate(place):
    """The token bucket: never more in any second than its rate and its burst."""
    place.say(*[order(f"A-{number}", str(number)) for number in range(60)])

    place.drain(requests_per_second=10.0, lease_operations=1, in_flight=8)

    times = [sent.at_seconds for sent in place.transport.sent]
    assert 120 <= len(times)
    for start in times:
        assert sum(start <= one < start + 1 for one in times) <= 21


@given(
    failures=st.integers(1, 10_000),
    asked=st.none() | st.floats(0, 1e9),
    draw=st.floats(0, 1, exclude_max=True),
)
def test_the_wait_is_never_under_what_was_asked_nor_over_clamp_and_ceiling(failures, asked, draw):
    """T9 in arithmetic, for every number."""
    backoff = Backoff()

    wait = backoff.wait_seconds(failures, retry_after_seconds=asked, draw=draw)

    assert wait >= min(asked or 0.0, backoff.clamp_seconds)
    assert wait <= max(min(asked or 0.0, backoff.clamp_seconds), backoff.ceiling_seconds)


def test_money_and_times_stand_on_the_wire_as_customer_io_reads_them(place):
    """Law 13 and design section 5: numbers in major units, unix seconds, our ULID inside."""
    place.say(order("A-1", "1", total="0.10"))

    place.drain()

    body = next(sent for sent in place.transport.sent if sent.items[0].get("name")).request.body
    item = json.loads(body)["batch"][0]
    assert b'"total":0.10,' in body
    assert item["timestamp"] * 1000 == 1_795_000_000_000 - 1000
    assert item["id"] == item["attributes"]["event_id"]
