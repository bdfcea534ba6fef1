"""Items and requests as bytes: valid, exact, and of the shape that the Track API takes."""

from __future__ import annotations

import json
from decimal import Decimal
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.core.answers import Region, read_region
from truthpoint.core.outbox import PARTING, Action, Operation, Totals
from truthpoint.core.people import address_of
from truthpoint.core.turns import size_bound
from truthpoint.core.wire import (
    batch,
    identify_item,
    operation_item,
    single,
    totals_item,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=37)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.decimals(allow_nan=False, allow_infinity=False, places=6)
    | TEXT,
    lambda some: st.lists(some, max_size=3) | st.dictionaries(TEXT, some, max_size=3),
    max_leaves=8,
)


def an_event(attributes: bytes = b"{}", *, name: str = "order_paid") -> Operation:
    return Operation(
        id=1,
        person=1,
        record=1,
        lane=Lane.LIVE,
        action=Action.EVENT,
        event="order_paid",
        name=name,
        event_id="4QG1K4166Q4EEWJC46C23ZJR9G",
        at_ms=1_790_000_000_999,
        attributes=attributes,
        barrier=False,
    )


def an_identify(attributes: bytes = b"{}") -> Operation:
    return Operation(
        id=1,
        person=1,
        record=1,
        lane=Lane.LIVE,
        action=Action.IDENTIFY,
        event="",
        name="",
        event_id="",
        at_ms=1_790_000_000_999,
        attributes=attributes,
        barrier=True,
    )


def by(person: str) -> str:
    """The address of somebody who goes by an id."""
    return address_of("id", person)


def exact(body: bytes) -> object:
    """JSON with its numbers as they are written."""
    return json.loads(body, parse_float=Decimal)


def _encoded(attributes: dict[str, object]) -> bytes:
    """As decisions encode them."""
    import msgspec  # noqa: PLC0415 - the one place that needs it

    return msgspec.json.Encoder(decimal_format="number").encode(attributes)


@given(IDS, TEXT, st.dictionaries(TEXT, VALUES, max_size=5))
def test_an_event_is_exact_json_of_the_documented_shape(
    person: str, name: str, attributes: dict[str, object]
) -> None:
    """Whatever is in it, and its size never exceeds what was reckoned with."""
    operation = an_event(_encoded(attributes), name=name)
    item = operation_item(operation, by(person))

    assert {
        "type": "person",
        "action": "event",
        "identifiers": {"id": person},
        "name": name,
        "id": "4QG1K4166Q4EEWJC46C23ZJR9G",
        "timestamp": 1_790_000_000,
        "attributes": attributes,
    } == exact(item.encoded)
    assert len(item.encoded) <= size_bound(operation, by(person))


@given(IDS, st.dictionaries(TEXT, VALUES, max_size=5))
def test_an_identify_is_exact_json_of_the_documented_shape(
    person: str, attributes: dict[str, object]
) -> None:
    """Its timestamp is the time at which the attributes became true (law 12)."""
    item = operation_item(an_identify(_encoded(attributes)), by(person))

    assert {
        "type": "person",
        "action": "identify",
        "identifiers": {"id": person},
        "timestamp": 1_790_000_000,
        "attributes": attributes,
    } == exact(item.encoded)
    assert len(item.encoded) <= size_bound(an_identify(_encoded(attributes)), by(person))


def test_money_keeps_its_digits() -> None:
    """A JSON number in major units, with the decimals of its currency."""
    item = operation_item(
        an_event(_encoded({"total": Decimal("10.50"), "n": Decimal(3)})), by("42")
    )

    assert b'"attributes":{"total":10.50,"n":3}' in item.encoded


def test_our_own_identify_holds_the_identifier_only() -> None:
    """Law 4: nothing is said of a person but who they are."""
    item = identify_item(7, by('a"b'))

    assert (
        b'{"type":"person","action":"identify","identifiers":{"id":"a\\"b"},"attributes":{}}'
        == item.encoded
    )
    assert (7, None, None) == (item.person, item.operation, item.totals)


def test_totals_are_an_identify_with_the_time_of_their_computation() -> None:
    """Law 10: whole bytes."""
    totals = Totals(person=7, version=3, values={})
    item = totals_item(
        totals, by("42"), {"orders_count": 2, "spent": Decimal("10.50")}, 1_790_000_001
    )

    assert (
        b'{"type":"person","action":"identify","identifiers":{"id":"42"},'
        b'"timestamp":1790000001,"attributes":{"orders_count":2,"spent":10.50}}'
    ) == item.encoded
    assert (7, None, totals) == (item.person, item.operation, item.totals)


@given(st.lists(IDS, min_size=1, max_size=4))
def test_a_batch_holds_its_items_in_order(people: list[str]) -> None:
    """One POST to v2."""
    items = [identify_item(place, by(person)) for place, person in enumerate(people)]
    request = batch(items)

    assert ("POST", "/api/v2/batch") == (request.method, request.path)
    assert {"batch": [json.loads(item.encoded) for item in items]} == json.loads(request.body)


@given(IDS, st.dictionaries(TEXT, VALUES, max_size=5))
def test_an_event_by_v1_says_the_same_under_its_own_names(
    person: str, attributes: dict[str, object]
) -> None:
    """`data` instead of `attributes`; the same ULID, so that twice is once."""
    request = single(an_event(_encoded(attributes)), by(person))
    path = request.path.removeprefix("/api/v1/customers/").removesuffix("/events")

    assert {
        "name": "order_paid",
        "id": "4QG1K4166Q4EEWJC46C23ZJR9G",
        "timestamp": 1_790_000_000,
        "data": attributes,
    } == exact(request.body)
    assert ("POST", person) == (request.method, unquote(path))
    assert path.isascii()
    assert not set(path) & set("/?#+ @")


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_an_identify_by_v1_is_flat_and_timed(attributes: dict[str, object]) -> None:
    """Every decimal keeps its digits on the way."""
    request = single(an_identify(_encoded(attributes)), by("42"))

    assert {**attributes, "_timestamp": 1_790_000_000} == exact(request.body)
    assert ("PUT", "/api/v1/customers/42") == (request.method, request.path)
    assert b"10.50" in single(an_identify(b'{"a":10.50}'), by("42")).body


@pytest.mark.parametrize(
    ("person", "taken"),
    [
        ("42", True),
        ("a/b c%", True),
        ("ana@example.org", False),
        ("cio_03", False),
        (".", False),
        ("..", False),
        ("...", True),
    ],
)
def test_v1_is_used_only_for_ids_that_it_takes_for_ids(person: str, *, taken: bool) -> None:
    """It guesses from the shape, and steps of a path are resolved on the way."""
    assert taken is (single(an_event(), by(person)) is not None)


def test_a_merge_names_who_stays_and_who_becomes_part_of_them() -> None:
    """Each by the identifier that Customer.io knows them by."""
    merge = replace(
        an_identify(address_of("email", "ana@example.org").encode()), action=Action.MERGE
    )

    assert {
        "type": "person",
        "action": "merge",
        "primary": {"id": "42"},
        "secondary": {"email": "ana@example.org"},
    } == exact(operation_item(merge, by("42")).encoded)


@pytest.mark.parametrize("action", sorted(PARTING))
def test_what_ends_a_profile_names_it_and_nothing_else(action: Action) -> None:
    """By the operation's own address where it has one: a profile may go by several."""
    parting = replace(an_identify(), action=action)
    other = replace(parting, address=address_of("email", "ana@example.org"))

    assert [
        {"type": "person", "action": action.value, "identifiers": identifiers}
        for identifiers in ({"id": "42"}, {"email": "ana@example.org"})
    ] == [exact(operation_item(one, by("42")).encoded) for one in (parting, other)]


def test_an_anonymous_event_by_v1_says_whose_it_is_in_its_body() -> None:
    """It has an address of its own, which names nobody."""
    request = single(an_event(b'{"a":1}'), address_of("anonymous_id", "a-1"))

    assert ("POST", "/api/v1/events") == (request.method, request.path)
    assert {
        "name": "order_paid",
        "id": "4QG1K4166Q4EEWJC46C23ZJR9G",
        "anonymous_id": "a-1",
        "timestamp": 1_790_000_000,
        "data": {"a": 1},
    } == exact(request.body)


def test_a_guest_is_addressed_by_the_email_in_v1_too() -> None:
    """What looks like an email is one."""
    request = single(an_event(), address_of("email", "ana@example.org"))

    assert "/api/v1/customers/ana%40example.org/events" == request.path
    assert single(an_identify(), address_of("anonymous_id", "a-1")) is None


@pytest.mark.parametrize(
    ("body", "region"),
    [
        (
            b'{"url":"x","region":"eu","environment_id":7}',
            Region(region="eu", environment_id=7),
        ),
        (b'{"region":"us","environment_id":"7"}', Region(region="us")),
        (b'{"region":1,"environment_id":true}', Region()),
        (b"[]", Region()),
        (b"<html>", Region()),
        (b"", Region()),
        (b"\xff", Region()),
        (b"[" * 100_000, Region()),
    ],
)
def test_where_the_credentials_lead_is_read_or_stays_empty(body: bytes, region: Region) -> None:
    """Law 19: what is odd proves nothing."""
    assert region == read_region(body)
