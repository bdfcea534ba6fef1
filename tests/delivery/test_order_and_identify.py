"""What leaves for a person, and in which order."""

from __future__ import annotations

from support.scripted import OK
from support.shop import checkout, identify, order, refund
from support.virtual import START_MS
from truthpoint.core.answers import Answer
from truthpoint.core.decision import Outcome


def _names(items, person):
    """What was said about a person: event names, identifies by their attributes' names."""
    return [
        item.get("name") or "identify:" + ",".join(sorted(item["attributes"]))
        for item in items
        if item["identifiers"]["id"] == person
    ]


TOTALS = "identify:first_order_at,last_order_at,lifetime_value,orders_count"


def test_a_person_nobody_identified_is_identified_before_their_first_event(place):
    """Law 4: the identify is ours, holds identifiers only, and is awaited alone."""
    place.say(order("A-1", "42"))

    place.drain()

    assert ["identify:", "order_paid", TOTALS] == _names(place.transport.items, "42")
    assert [1, 1, 1] == [len(sent.items) for sent in place.transport.sent]


def test_what_closes_nothing_shares_its_request_with_its_totals(place):
    """Law 7: an order closes checkouts, so it is a barrier; a refund is none."""
    place.say(refund("R-1", "42", "0.30"))

    place.drain()

    assert ["identify:", "order_refunded", "identify:lifetime_value,orders_count"] == _names(
        place.transport.items, "42"
    )
    assert [1, 2] == [len(sent.items) for sent in place.transport.sent]


def test_the_shops_own_identify_goes_first_and_alone(place):
    """Laws 4 and 7: an identify that creates a person is a barrier."""
    place.say(identify("42", email="a@b.example"), order("A-1", "42"))

    place.drain()

    assert ["identify:email", "order_paid", TOTALS] == _names(place.transport.items, "42")
    assert 1 == len(place.transport.sent[0].items)


def test_an_identify_that_changes_no_identifier_shares_its_request(place):
    """Law 7: only barriers go alone."""
    place.say(identify("42", name="Ana"), identify("42", name="Ann"), refund("R-1", "42", "1"))

    place.drain()

    assert 2 == len(place.transport.sent)
    assert 3 == len(place.transport.sent[1].items)


def test_a_changed_email_goes_alone_between_what_stands_around_it(place):
    """Law 7: what is before it left before, what is behind it leaves after its answer."""
    place.say(
        identify("42", name="Ana"),
        order("A-1", "42"),
        identify("42", email="new@b.example"),
        order("A-2", "42"),
    )

    place.drain()

    said = [_names(sent.items, "42") for sent in place.transport.sent]
    assert ["order_paid"] == said[1]
    assert ["identify:email"] == said[2]
    assert "order_paid" == said[3][0]


def test_an_identify_refused_for_good_is_followed_by_a_bare_one(place):
    """Law 4: the person's events still arrive."""
    place.transport.script = lambda sent: (
        Answer(
            status=207,
            body=b'{"errors":[{"batch_index":0,"reason":"invalid","field":"attributes.name"}]}',
        )
        if sent.items[0]["attributes"].get("name")
        else OK
    )
    place.say(identify("42", name="x"), order("A-1", "42"))

    place.drain()

    said = _names(place.transport.items, "42")
    assert ["identify:name", "identify:", "order_paid", TOTALS] == said
    assert {1: "invalid attributes.name"} == place.dead()


def test_a_person_whom_no_identify_reaches_sends_nothing_until_a_replay(place):
    """Law 4: their operations are dead, `no_identify`, and replay with it."""
    refusing = True

    def script(sent):
        own = [
            place_
            for place_, item in enumerate(sent.items)
            if item["identifiers"]["id"] == "13" and refusing
        ]
        errors = ",".join(f'{{"batch_index":{one},"reason":"invalid"}}' for one in own)
        return Answer(status=207, body=f'{{"errors":[{errors}]}}'.encode()) if own else OK

    place.transport.script = script
    place.say(order("A-1", "13"), order("A-2", "42"), order("A-3", "13"))
    place.drain()

    assert {1: "no_identify: invalid", 3: "no_identify: invalid"} == place.dead()
    assert "order_paid" in _names(place.transport.items, "42")

    refusing = False

    place.desk.replay(Outcome.DEAD, None)
    place.drain()

    assert {} == place.dead()
    orders = [
        item["attributes"]["order_id"]
        for item in place.transport.items
        if item.get("name") and item["identifiers"]["id"] == "13"
    ]
    assert ["A-1", "A-3"] == orders


def test_totals_follow_what_changed_them_and_only_the_latest_is_sent(place):
    """Law 10: two orders and a refund in one backlog make one update, behind all three."""
    place.say(
        identify("42", name="Ana"),
        order("A-1", "42", total="10.10"),
        refund("R-1", "42", "0.30"),
        order("A-2", "42", total="5.20"),
    )

    place.drain()

    told_of_events = ["order_paid", "order_refunded", "order_paid"]
    assert ["identify:name", *told_of_events, TOTALS] == _names(place.transport.items, "42")
    told = place.transport.items[-1]["attributes"]
    assert (2, 15.0) == (told["orders_count"], told["lifetime_value"])


def test_totals_are_sent_with_a_time_that_only_rises(place):
    """Law 10: also within one second, and when the clock was set back."""
    for number in range(3):
        place.say(order(f"A-{number}", "42"), start=number)
        place.drain()

    times = [
        item["timestamp"]
        for item in place.transport.items
        if "orders_count" in item.get("attributes", {})
    ]
    assert times == sorted(set(times))
    assert 3 == len(times)
    assert abs(times[0] - START_MS // 1000) <= 5


def test_what_is_critical_goes_first_with_all_that_stands_before_it(place):
    """Law 8: a waiting payment lifts its person's queue, and nobody else's."""
    waiting = [checkout(f"c{number}", f"{number}") for number in range(40)]
    place.say(*waiting, order("A-1", "39"))

    place.drain(lease_operations=1, in_flight=1)

    people = [item["identifiers"]["id"] for item in place.transport.items]
    names = _names(place.transport.items, "39")
    assert ["39", "39", "39"] == people[:3]
    assert ["identify:", "checkout_started", "order_paid"] == names[:3]


def test_one_person_is_never_in_two_requests_at_once(place):
    """Law 7: order holds over many requests in flight."""
    records = [order(f"A-{number}", str(number % 7)) for number in range(140)]
    place.say(*records)
    place.drain(in_flight=6, lease_operations=5)

    seen: dict[str, list[str]] = {}
    for item in place.transport.items:
        if item.get("name"):
            seen.setdefault(item["identifiers"]["id"], []).append(item["attributes"]["order_id"])
    for person, orders in seen.items():
        expected = [f"A-{number}" for number in range(140) if number % 7 == int(person)]
        assert expected == orders
    assert place.transport.most_under_way > 1
