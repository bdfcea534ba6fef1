"""The starter: it loads, its samples are right, and each way to break one is caught."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from truthpoint.contract import read
from truthpoint.contract.model import Kind, Lane, Property
from truthpoint.core.examine import Examiner
from truthpoint.core.examined import Broken, Identity, Lacking, Moment
from truthpoint.core.people import Who
from truthpoint.core.records import read_record
from truthpoint.starter import starter_files
from truthpoint.values.instants import from_iso

FILES = starter_files()
CONTRACT = read(FILES["tracking.yaml"], file="tracking.yaml")
EXAMINER = Examiner(CONTRACT)
NOW_MS = from_iso("2026-11-20T12:00:00Z")

KEYS = {
    "cart_created": ("cart_id", "at"),
    "product_viewed": (),
    "checkout_started": ("checkout_id",),
    "order_paid": ("order_id",),
    "order_fulfilled": ("fulfillment_id",),
    "order_refunded": ("refund_id",),
    "subscription_started": ("subscription_id",),
    "subscription_renewed": ("invoice_id",),
    "subscription_skipped": ("subscription_id", "cycle"),
    "subscription_paused": ("subscription_id", "at"),
    "subscription_canceled": ("subscription_id", "at"),
}
"""The design's keys of the starter's events."""


def examined(record: dict[str, Any], *, completed: bool = False) -> Any:
    body = json.dumps(record).encode()
    read_of = read_record(body, source="backend", captured_at_ms=NOW_MS)
    return EXAMINER.examine(read_of, completed=completed)


def samples(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in FILES[f"samples/{name}.ndjson"].splitlines()]


def test_it_loads_with_nothing_but_keys_that_wait() -> None:
    """What is noted is what a later version builds."""
    assert {"waiting"} == {one.code for one in CONTRACT.notes}
    assert {"samples"} == {str(one.where.path).rpartition(".")[2] for one in CONTRACT.notes}


def test_its_events_and_keys_are_those_of_the_design() -> None:
    """All eleven money events."""
    assert KEYS == {name: event.key for name, event in CONTRACT.events.items()}


def test_its_totals_and_attributes_are_those_of_the_design() -> None:
    """The four rollups, the state beside the subscription events, consent and the tier."""
    attributes = {one.name: one for one in CONTRACT.person.attributes}

    assert ["orders_count", "lifetime_value", "first_order_at", "last_order_at"] == [
        *CONTRACT.rollups
    ]
    assert {"subscription_status", "next_renewal_at", "region"} <= attributes.keys()
    assert {"email_opt_in", "sms_opt_in"} == {
        name for name, one in attributes.items() if one.consent
    }
    assert ["vip_tier"] == [one.name for one in CONTRACT.buckets]


def test_who_paid_is_not_reminded_of_cart_or_checkout() -> None:
    """An order closes both starts, and both grow stale."""
    closed = {one.event for one in CONTRACT.events["order_paid"].closes}
    stale = {name for name, event in CONTRACT.events.items() if event.stale_after_ms}

    assert {"cart_created", "checkout_started"} == closed == stale


def test_an_order_is_tied_to_its_person_and_brings_what_only_names_it_home() -> None:
    """Refunds and parcels that carry no person find theirs; nothing of money waits for another."""
    assert {"order_paid", "order_refunded", "order_fulfilled"} == {
        name for name, event in CONTRACT.events.items() if event.links == (("order", "order_id"),)
    }
    assert ["order"] == [kind for kind, rule in CONTRACT.person.unresolved.items() if rule.hold_ms]


def test_an_order_takes_its_items_over_from_the_checkout() -> None:
    """When its own record has none; names and pictures come from the catalog."""
    (taken,) = CONTRACT.events["order_paid"].complete
    full = samples("order_paid")[1]
    without = {key: value for key, value in full["properties"].items() if key != "items"}
    told = examined({**full, "properties": without})

    assert ("items", "checkout_started", "items") == (taken.property, taken.event, taken.taken)
    assert isinstance(told, Lacking)
    assert [("items", "checkout_started", "items")] == [
        (name, event, given) for name, event, _, given in told.lacks
    ]


@pytest.mark.parametrize("name", [name for name in KEYS if CONTRACT.events[name].links])
def test_what_is_tied_to_an_order_needs_no_person(name: str) -> None:
    """The order says whose it is."""
    full = samples(name)[1]
    told = examined({**full, "person": {}})

    assert isinstance(told, Moment)
    assert Who(permanent=(("order", full["properties"]["order_id"]),)) == told.who


def test_money_goes_first() -> None:
    """What a wrong mail would follow from, if it came late."""
    assert {"order_paid", "order_refunded", "subscription_renewed", "subscription_canceled"} == {
        name for name, event in CONTRACT.events.items() if event.lane is Lane.CRITICAL
    }


def test_line_items_are_of_one_shape_everywhere() -> None:
    """One template shows any of them."""
    shapes = {
        json.dumps([one.name for one in held.type.item.fields])
        for event in CONTRACT.events.values()
        for held in event.properties
        if held.type.item
    }

    assert 1 == len(shapes)


def test_every_file_that_the_contract_names_is_there() -> None:
    """Samples of each event, and the catalog with its columns."""
    named = {path for event in CONTRACT.events.values() for path in event.samples}

    assert CONTRACT.catalog is not None
    assert named | {"samples/person.ndjson", CONTRACT.catalog.file} <= FILES.keys()
    assert CONTRACT.catalog.by == FILES[CONTRACT.catalog.file].decode().partition(",")[0]


def test_every_secret_stands_in_the_example_of_the_environment() -> None:
    """With no value."""
    lines = FILES[".env.example"].decode().splitlines()
    secrets = {
        secret.variable
        for one in CONTRACT.workspaces.values()
        for secret in (one.site_id, one.api_key, one.app_key)
        if secret
    }

    assert {f"{name}=" for name in secrets} == {one for one in lines if one[:1].isalpha()}


@pytest.mark.parametrize("name", [*KEYS])
def test_the_samples_of_an_event_are_right_and_without_a_remark(name: str) -> None:
    """The first gives what is required and nothing else, the second gives everything."""
    least, full = samples(name)
    declared = CONTRACT.events[name].properties

    for sample in (least, full):
        told = examined(sample)

        assert isinstance(told, Moment)
        assert (name, ()) == (told.event.name, told.findings)
    assert {one.name for one in declared if one.required} == least["properties"].keys()
    assert {one.name for one in declared} == full["properties"].keys()
    for held in (one for one in declared if one.type.item):
        fields = held.type.item.fields
        assert {one.name for one in fields} == full["properties"][held.name][0].keys()


def test_the_samples_of_a_person_are_right_and_without_a_remark() -> None:
    """As little as a first identify should hold, and every attribute that can be given."""
    least, full = (examined(one) for one in samples("person"))

    assert isinstance(least, Identity)
    assert isinstance(full, Identity)
    assert ((), ()) == (EXAMINER.first_identify(least), EXAMINER.first_identify(full))
    assert {one.name for one in CONTRACT.person.attributes} == full.attributes.keys()


def test_no_two_samples_are_one_moment() -> None:
    """Sent together, all of them are delivered."""
    moments = [examined(one) for name in KEYS for one in samples(name)]
    keys = [(one.event.name, one.key) for one in moments if one.key]

    assert len(set(keys)) == len(keys)


WRONG: dict[Kind, object] = {
    Kind.STRING: True,
    Kind.INTEGER: "one",
    Kind.MONEY: "12.345",
    Kind.CURRENCY: "usd",
    Kind.TIMESTAMP: "2026-03-01T00:00:00",
    Kind.LIST: {"sku": "x"},
}
"""What is no value of a type: a third decimal for money, a time without its offset."""


def _wrong(one: Property) -> object:
    return "fortnight" if one.type.choices else WRONG[one.type.kind]


def broken(name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The full sample of an event with one thing wrong, each with what that is."""
    full = samples(name)[1]
    given = full["properties"]
    for one in CONTRACT.events[name].properties:
        yield f"wrong {one.name}", {**full, "properties": {**given, one.name: _wrong(one)}}
        if one.required:
            left = {key: value for key, value in given.items() if key != one.name}
            yield f"no {one.name}", {**full, "properties": left}
    yield "an email as id", {**full, "person": {"id": "kim@shop.example"}}
    if not CONTRACT.events[name].links:
        yield "nobody", {**full, "person": {}}
    yield "a future time", {**full, "at": "2027-01-01T00:00:00Z"}
    yield "a time without offset", {**full, "at": "2026-01-01T00:00:00"}
    yield "another name", {**full, "event": f"{name}s"}


@pytest.mark.parametrize("name", [*KEYS])
def test_each_broken_variant_of_a_sample_is_caught(name: str) -> None:
    """A wrong type, a missing property, an email as id, a time that would become now.

    What a start could complete is examined as if none had said it.
    """
    variants = list(broken(name))
    told = [(what, examined(one, completed=True)) for what, one in variants]

    assert [] == [what for what, one in told if not isinstance(one, Broken)]
    assert len(variants) > 2 * len(
        [one for one in CONTRACT.events[name].properties if one.required]
    )
