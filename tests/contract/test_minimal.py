"""What is sent although it breaks the contract, versions told apart, and completion to come."""

from __future__ import annotations

from decimal import Decimal

import jsonschema_rs
import pytest
from giving import TOY, contract, told
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from test_ruling_keys import CONTRACT

from truthpoint.contract.check import Checker
from truthpoint.contract.minimal import neutral
from truthpoint.contract.model import Extra, Kind, Property, Type
from truthpoint.contract.schema import is_valid

CHECKER = Checker(CONTRACT)
PAID = CONTRACT.events["order_paid"]
BASKET = CONTRACT.events["basket_opened"]
RIGHT: dict[str, object] = {
    "order_id": "A-1",
    "basket_id": "B-1",
    "total": "12.50",
    "currency": "EUR",
    "toys": [{"sku": "x", "quantity": 1, "price": "12.50"}],
}


def minimal(values: dict[str, object], *properties: Property, extra: Extra = Extra.STRIP) -> object:
    one = contract(*properties, extra=extra)
    return Checker(one).minimal(one.events["sold"], values)


def test_what_is_right_is_kept_and_the_mark_is_added() -> None:
    """In normalised form, as if nothing were wrong."""
    checked = CHECKER.event(PAID, RIGHT)

    assert () == checked.findings
    assert {**checked.values, "incomplete": True} == CHECKER.minimal(PAID, RIGHT)


def test_what_is_wrong_or_missing_becomes_its_default_or_says_nothing() -> None:
    """A wrong amount is no amount, a wrong list an empty one; the rest goes on as it was given."""
    wrong = {"order_id": "A-1", "total": "12.505", "currency": "eur", "toys": [{"sku": "x"}]}

    assert {
        "order_id": "A-1",
        "basket_id": "",
        "total": 0,
        "currency": "",
        "toys": [],
        "incomplete": True,
    } == CHECKER.minimal(PAID, wrong)


def test_what_is_outside_its_bounds_is_not_sent() -> None:
    """The default is."""
    count = Property(name="n", type=Type(kind=Kind.INTEGER, minimum=Decimal(1)), default=1)

    assert {"n": 1, "incomplete": True} == minimal({"n": 0}, count)
    assert {"n": 7, "incomplete": True} == minimal({"n": 7}, count)


def test_a_default_of_money_fits_the_currency_of_the_event() -> None:
    """One that does not is none."""
    fee = Property(name="fee", type=Type(kind=Kind.MONEY), default=Decimal("0.50"))
    currency = Property(name="currency", type=Type(kind=Kind.CURRENCY), required=True)

    assert {"fee": Decimal("0.50"), "currency": "USD", "incomplete": True} == minimal(
        {"currency": "USD"}, fee, currency
    )
    assert {"fee": 0, "currency": "JPY", "incomplete": True} == minimal(
        {"currency": "JPY"}, fee, currency
    )


@pytest.mark.parametrize(
    ("of_type", "value"),
    [
        *((Type(kind=kind), 0) for kind in (Kind.INTEGER, Kind.NUMBER, Kind.MONEY, Kind.TIMESTAMP)),
        *(
            (Type(kind=kind), "")
            for kind in (Kind.STRING, Kind.CURRENCY, Kind.DATE, Kind.EMAIL, Kind.PHONE, Kind.URL)
        ),
        (Type(kind=Kind.BOOLEAN), False),
        (Type(kind=Kind.LIST, item=Type(kind=Kind.STRING)), []),
        (Type(kind=Kind.OBJECT), {}),
        (Type(kind=Kind.OBJECT, fields=TOY), {"sku": "", "price": 0, "quantity": 1}),
    ],
)
def test_what_is_required_and_not_right_says_nothing(of_type: Type, value: object) -> None:
    """A neutral value of its type: total, and no guess (laws 15 and 22)."""
    assert value == neutral(of_type)
    assert type(value) is type(neutral(of_type))
    assert {"x": value, "incomplete": True} == minimal(
        {}, Property(name="x", type=of_type, required=True)
    )


def test_what_is_not_declared_is_sent_only_where_it_is_allowed_and_right() -> None:
    """A shop's own `incomplete` does not take the mark away."""
    values: dict[str, object] = {"also": "x", "event_id": "y", "incomplete": False}

    assert {"also": "x", "incomplete": True} == minimal(values, extra=Extra.ALLOW)
    for extra in (Extra.STRIP, Extra.QUARANTINE):
        assert {"incomplete": True} == minimal(values, extra=extra)


def test_what_is_within_an_item_and_not_declared_is_no_reason_to_drop_the_list() -> None:
    """It is stripped, as ever."""
    items = [{"sku": "x", "price": 1, "quantity": 2, "colour": "red"}]
    toys = Property(
        name="toys", type=Type(kind=Kind.LIST, item=Type(kind=Kind.OBJECT, fields=TOY)), default=[]
    )

    assert {
        "toys": [{"sku": "x", "price": Decimal(1), "quantity": 2}],
        "incomplete": True,
    } == minimal({"toys": items}, toys)


def test_what_is_nested_too_deeply_is_not_sent() -> None:
    """The default is."""
    anything = Property(name="any", type=Type(kind=Kind.OBJECT), default={})
    deep: object = {}
    for _ in range(400):
        deep = {"a": deep}

    assert {"any": {}, "incomplete": True} == minimal({"any": deep}, anything)


def test_what_the_validator_cannot_judge_is_not_valid() -> None:
    """It takes JSON alone."""
    checker = jsonschema_rs.validator_for({"type": "string"})

    assert is_valid(checker, "a")
    assert not is_valid(checker, object())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*RIGHT, "other"]), VALUES))
def test_the_minimal_form_is_always_total_and_marked(wrong: dict[str, object]) -> None:
    """Law 15, whatever was given: every property, in the contract's order, and none besides."""
    for version in (PAID, *PAID.earlier):
        sent = CHECKER.minimal(version, {**RIGHT, **wrong})

        assert [*(one.name for one in version.properties), "incomplete"] == [*sent]
        assert sent["incomplete"] is True


@given(st.dictionaries(st.sampled_from([*RIGHT]), VALUES))
def test_what_keeps_the_contract_is_never_changed(given_values: dict[str, object]) -> None:
    """Where the check finds no error, the minimal form has the same values."""
    checked = CHECKER.event(PAID, {**RIGHT, **given_values})

    if not checked.findings:
        assert {**checked.values, "incomplete": True} == CHECKER.minimal(
            PAID, {**RIGHT, **given_values}
        )


def test_each_version_of_an_event_is_held_to_its_own_properties() -> None:
    """Law 14."""
    (first,) = PAID.earlier
    checked = CHECKER.event(first, {"order_id": "A-1", "total": 7})

    assert ({"order_id": "A-1", "total": Decimal("7.00"), "toys": []}, ()) == (
        checked.values,
        checked.findings,
    )
    assert ["property_missing", "property_missing"] == [
        code for code, _ in told(CHECKER.event(PAID, {"order_id": "A-1", "total": 7}))
    ]


def test_what_may_still_be_taken_over_is_missed_only_after_that() -> None:
    """A required property of a completion; whatever else is missing is missed at once."""
    (items,) = (one for one in BASKET.properties if one.name == "toys")
    completable = CONTRACT.events["order_paid"].complete
    event = contract(items, Property(name="n", type=Type(kind=Kind.INTEGER), required=True))
    sold = event.events["sold"]
    checker = Checker(event)
    sold = replace(sold, complete=completable)

    assert [
        ("property_missing", "properties.toys"),
        ("property_missing", "properties.n"),
    ] == told(checker.event(sold, {}))
    assert [("property_missing", "properties.n")] == told(
        checker.event(sold, {}, before_completion=True)
    )
    before = checker.event(sold, {"n": 1}, before_completion=True)
    assert ({"n": 1}, ()) == (before.values, before.findings)
    assert [("property_type", "properties.toys")] == told(
        checker.event(sold, {"n": 1, "toys": 7}, before_completion=True)
    )
