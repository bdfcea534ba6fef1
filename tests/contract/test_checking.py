"""Giving an event's properties: what is converted, what is refused, and how it is said."""

from __future__ import annotations

from decimal import Decimal

import pytest
from giving import TOY, check, required, told

from truthpoint.contract.check import Checked
from truthpoint.contract.model import Extra, Kind, Property, Type


@pytest.mark.parametrize(
    ("of", "value", "normal"),
    [
        (Type(kind=Kind.STRING), "a", "a"),
        (Type(kind=Kind.STRING), "", ""),
        (Type(kind=Kind.STRING), 42, "42"),
        (Type(kind=Kind.STRING), -(2**63 - 1), "-9223372036854775807"),
        (Type(kind=Kind.INTEGER), 2**63 - 1, 2**63 - 1),
        (Type(kind=Kind.NUMBER), Decimal("1.50"), Decimal("1.5")),
        (Type(kind=Kind.NUMBER), Decimal("-0.0"), Decimal(0)),
        (Type(kind=Kind.NUMBER), 3, 3),
        (Type(kind=Kind.MONEY), "19.9", Decimal("19.90")),
        (Type(kind=Kind.MONEY), Decimal("1E+2"), Decimal("100.00")),
        (Type(kind=Kind.MONEY), 0, Decimal("0.00")),
        (Type(kind=Kind.MONEY), "-0", Decimal("0.00")),
        (Type(kind=Kind.MONEY), "999999999999999.99", Decimal("999999999999999.99")),
        (Type(kind=Kind.CURRENCY), "JPY", "JPY"),
        (Type(kind=Kind.BOOLEAN), True, True),
        (Type(kind=Kind.TIMESTAMP), "1970-01-01T00:00:00Z", 0),
        (Type(kind=Kind.TIMESTAMP), "2100-12-31T23:59:59.999Z", 4_133_980_799),
        (Type(kind=Kind.TIMESTAMP), "2026-11-20T10:00:00.999+02:00", 1_795_161_600),
        (Type(kind=Kind.TIMESTAMP, unit="s"), 1_795_161_600, 1_795_161_600),
        (Type(kind=Kind.TIMESTAMP, unit="s"), Decimal("1795161600.9"), 1_795_161_600),
        (Type(kind=Kind.TIMESTAMP, unit="ms"), 1_795_161_600_999, 1_795_161_600),
        (Type(kind=Kind.TIMESTAMP, unit="ms"), "1970-01-01T00:00:01Z", 1),
        (Type(kind=Kind.DATE), "2026-02-28", "2026-02-28"),
        (Type(kind=Kind.EMAIL), "ana@example.org", "ana@example.org"),
        (Type(kind=Kind.EMAIL), " Ana@Example.ORG ", "ana@example.org"),
        (Type(kind=Kind.PHONE), "+14155550123", "+14155550123"),
        (Type(kind=Kind.PHONE), "+1 (415) 555-01.23", "+14155550123"),
        (Type(kind=Kind.PHONE, pattern="^[+]1"), "+1/415 5550123", "+14155550123"),
        (Type(kind=Kind.EMAIL, choices=("a@b.cd",)), "A@B.cd", "a@b.cd"),
        (Type(kind=Kind.LIST, item=Type(kind=Kind.PHONE)), ["+49 170 1234567"], ["+491701234567"]),
        (Type(kind=Kind.URL), "HTTPS://example.org/ä?q", "HTTPS://example.org/ä?q"),
        (Type(kind=Kind.LIST, item=Type(kind=Kind.STRING)), [1, "b"], ["1", "b"]),
        (Type(kind=Kind.LIST, item=Type(kind=Kind.MONEY)), ["0.123456"], [Decimal("0.123456")]),
        (
            Type(kind=Kind.OBJECT),
            {"a": [None, True, "b", 1, Decimal("1.0"), {}]},
            {"a": [None, True, "b", 1, Decimal(1), {}]},
        ),
        (
            Type(kind=Kind.OBJECT, fields=TOY),
            {"price": "1.999999", "sku": 7},
            {"sku": "7", "price": Decimal("1.999999"), "quantity": 1},
        ),
    ],
)
def test_a_value_of_its_type_is_normalised(of: Type, value: object, normal: object) -> None:
    """An integer becomes text, money is exact, times are unix seconds, nothing else changes."""
    checked = check({"x": value}, Property(name="x", type=of, required=True))

    assert Checked(values={"x": normal}) == checked
    assert repr(normal) == repr(checked.values["x"])


@pytest.mark.parametrize(
    ("of", "value", "code"),
    [
        (Type(kind=Kind.STRING), None, "property_type"),
        (Type(kind=Kind.STRING), True, "property_type"),
        (Type(kind=Kind.STRING), Decimal("1.0"), "property_type"),
        (Type(kind=Kind.STRING), 2**63, "property_value"),
        (Type(kind=Kind.STRING, pattern="^[0-9]+$"), "a", "property_value"),
        (Type(kind=Kind.STRING, pattern="^[0-9]+$"), "1\n", "property_value"),
        (Type(kind=Kind.STRING, choices=("a",)), "b", "property_value"),
        (Type(kind=Kind.INTEGER), "1", "property_type"),
        (Type(kind=Kind.INTEGER), True, "property_type"),
        (Type(kind=Kind.INTEGER), Decimal("1.0"), "property_type"),
        (Type(kind=Kind.INTEGER), -(2**63), "property_value"),
        (Type(kind=Kind.INTEGER, minimum=Decimal(1)), 0, "property_value"),
        (Type(kind=Kind.NUMBER), "1", "property_type"),
        (Type(kind=Kind.NUMBER), False, "property_type"),
        (Type(kind=Kind.NUMBER), Decimal("1E+19"), "property_value"),
        (Type(kind=Kind.NUMBER), Decimal("1E-41"), "property_value"),
        (Type(kind=Kind.NUMBER), Decimal("1E-999999999"), "property_value"),
        (Type(kind=Kind.NUMBER), 2**64, "property_value"),
        (Type(kind=Kind.NUMBER, maximum=Decimal("0.1")), Decimal("0.11"), "property_value"),
        (Type(kind=Kind.MONEY), True, "property_type"),
        (Type(kind=Kind.MONEY), None, "property_type"),
        (Type(kind=Kind.MONEY), "", "property_value"),
        (Type(kind=Kind.MONEY), "1,50", "property_value"),
        (Type(kind=Kind.MONEY), "NaN", "property_value"),
        (Type(kind=Kind.MONEY), "1e2", "property_value"),
        (Type(kind=Kind.MONEY), "$1", "property_value"),
        (Type(kind=Kind.MONEY), 10**15, "property_value"),
        (Type(kind=Kind.MONEY), Decimal("1E+15"), "property_value"),
        (Type(kind=Kind.MONEY), "1.999", "money_exponent"),
        (Type(kind=Kind.MONEY), "1." + "0" * 34 + "1", "money_exponent"),
        (Type(kind=Kind.CURRENCY), 1, "property_type"),
        (Type(kind=Kind.CURRENCY), "usd", "property_value"),
        (Type(kind=Kind.CURRENCY), "XXX", "property_value"),
        (Type(kind=Kind.BOOLEAN), 1, "property_type"),
        (Type(kind=Kind.BOOLEAN), "true", "property_type"),
        (Type(kind=Kind.TIMESTAMP), 1_795_161_600, "property_type"),
        (Type(kind=Kind.TIMESTAMP, unit="s"), True, "property_type"),
        (Type(kind=Kind.TIMESTAMP), "2026-11-20T10:00:00", "time_naive"),
        (Type(kind=Kind.TIMESTAMP), "2026-11-20", "time_naive"),
        (Type(kind=Kind.TIMESTAMP), "today", "time_unreadable"),
        (Type(kind=Kind.TIMESTAMP), "1969-12-31T23:59:59.999Z", "time_out_of_range"),
        (Type(kind=Kind.TIMESTAMP), "2101-01-01T00:00:00Z", "time_out_of_range"),
        (Type(kind=Kind.TIMESTAMP, unit="s"), 1_795_161_600_000, "time_out_of_range"),
        (Type(kind=Kind.TIMESTAMP, unit="s"), Decimal("1E+999999999"), "time_unreadable"),
        (Type(kind=Kind.DATE), "2026-02-29", "property_value"),
        (Type(kind=Kind.DATE), "20260228", "property_value"),
        (Type(kind=Kind.DATE), 20260228, "property_type"),
        (Type(kind=Kind.EMAIL), "ana.example.org", "property_value"),
        (Type(kind=Kind.EMAIL), "a b@example.org", "property_value"),
        (Type(kind=Kind.EMAIL), 5, "property_type"),
        (Type(kind=Kind.PHONE), "0041 44 555 01 23", "property_value"),
        (Type(kind=Kind.PHONE), "+44 (0) 20 7946 0018", "property_value"),
        (Type(kind=Kind.PHONE), "+1 415 555 0123 ext. 4", "property_value"),
        (Type(kind=Kind.PHONE), 14155550123, "property_type"),
        (Type(kind=Kind.URL), "ftp://example.org", "property_value"),
        (Type(kind=Kind.LIST, item=Type(kind=Kind.STRING)), "a", "property_type"),
        (Type(kind=Kind.OBJECT), [], "property_type"),
        (Type(kind=Kind.OBJECT), {"a\n": 1}, "property_value"),
        (Type(kind=Kind.OBJECT, fields=TOY), "a", "property_type"),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(of: Type, value: object, code: str) -> None:
    """One finding, at the property, by the rule of what is wrong; nothing is guessed."""
    checked = check({"x": value}, Property(name="x", type=of, required=True))

    assert [(code, "properties.x")] == told(checked)


def test_what_is_nested_is_found_at_its_own_place() -> None:
    """Item and field are named, all at once."""
    toys = Type(kind=Kind.LIST, item=Type(kind=Kind.OBJECT, fields=TOY))
    checked = check(
        {
            "x": [
                {"sku": "a", "price": "1"},
                {"price": "0.1234567", "quantity": 0},
                5,
                {"sku": "b", "price": "1", "colour": "red"},
            ]
        },
        Property(name="x", type=toys, required=True),
    )

    assert [
        ("property_missing", "properties.x[1].sku"),
        ("money_exponent", "properties.x[1].price"),
        ("property_type", "properties.x[2]"),
        ("property_unknown", "properties.x[3].colour"),
        ("property_value", "properties.x[1].quantity"),
    ] == told(checked)


def test_values_without_a_declared_shape_are_bounded_in_depth() -> None:
    """32 levels are taken, one more is not."""

    def deep(levels: int) -> dict[str, object]:
        value: dict[str, object] = {}
        for _ in range(levels):
            value = {"a": value}
        return value

    anything = required(Kind.OBJECT)

    assert [] == told(check({"x": deep(32)}, anything))
    assert [("property_value", "properties.x")] == told(check({"x": deep(33)}, anything))


PRICED = (
    Property(name="total", type=Type(kind=Kind.MONEY), required=True),
    Property(name="currency", type=Type(kind=Kind.CURRENCY), required=True),
    Property(name="fee", type=Type(kind=Kind.MONEY), default=Decimal("0.50")),
)


@pytest.mark.parametrize(
    ("currency", "total", "normal"),
    [
        ("JPY", "1500", "1500"),
        ("JPY", "1500.0", "1500"),
        ("USD", "1500", "1500.00"),
        ("BHD", "1.5", "1.500"),
        ("BHD", "0.001", "0.001"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(currency: str, total: str, normal: str) -> None:
    """JPY has none, USD two, BHD three."""
    checked = check({"total": total, "currency": currency}, *PRICED[:2])

    assert Checked(values={"total": Decimal(normal), "currency": currency}) == checked
    assert normal == str(checked.values["total"])


@pytest.mark.parametrize(
    ("currency", "total"), [("JPY", "0.5"), ("USD", "0.001"), ("BHD", "0.0001")]
)
def test_an_amount_with_more_decimals_than_its_currency_is_refused(
    currency: str, total: str
) -> None:
    """It is a mistake of unit or of arithmetic, and rounding would hide it."""
    checked = check({"total": total, "currency": currency}, *PRICED[:2])

    assert [("money_exponent", "properties.total")] == told(checked)


def test_a_default_amount_must_fit_the_currency_of_the_event_too() -> None:
    """0.50 is a fine default in dollars and no amount in yen."""
    dollars = check({"total": "1", "currency": "USD"}, *PRICED)
    yen = check({"total": "1", "currency": "JPY"}, *PRICED)
    bad = check({"total": "1", "currency": "usd"}, *PRICED)

    assert (Decimal("0.50"), ()) == (dollars.values["fee"], dollars.findings)
    assert [("money_exponent", "properties.fee")] == told(yen)
    assert [("property_value", "properties.currency")] == told(bad)


def test_without_a_currency_property_the_contracts_currency_counts() -> None:
    """A shop in yen has no decimals anywhere."""
    assert [("money_exponent", "properties.x")] == told(
        check({"x": "0.5"}, required(Kind.MONEY), currency="JPY")
    )
    assert [] == told(check({"x": "0.5"}, required(Kind.MONEY), currency="USD"))


def test_a_currency_that_is_not_text_counts_as_the_contracts() -> None:
    """The amount is judged all the same, so that all reasons are told."""
    checked = check({"total": "0.5", "currency": 5}, *PRICED[:2], currency="JPY")

    assert [
        ("money_exponent", "properties.total"),
        ("property_type", "properties.currency"),
    ] == told(checked)


def test_a_payload_is_total_and_in_the_order_of_the_contract() -> None:
    """Law 15: what is not given is its default, and what is undeclared is not sent."""
    properties = (
        Property(name="a", type=Type(kind=Kind.STRING), required=True),
        Property(name="b", type=Type(kind=Kind.STRING), default=""),
        Property(name="c", type=Type(kind=Kind.INTEGER), default=0),
    )
    checked = check({"z": 1, "c": 5, "a": "x"}, *properties)

    assert [("a", "x"), ("b", ""), ("c", 5)] == list(checked.values.items())
    assert [("property_unknown", "properties.z")] == told(checked)


@pytest.mark.parametrize(
    ("extra", "values", "found"),
    [
        (Extra.STRIP, {}, [("property_unknown", "properties.z")]),
        (Extra.ALLOW, {"z": {"n": Decimal("1.5")}}, []),
        (Extra.QUARANTINE, {}, [("property_not_allowed", "properties.z")]),
    ],
)
def test_undeclared_properties_are_left_out_let_through_or_refused(
    extra: Extra, values: dict[str, object], found: list[tuple[str, str]]
) -> None:
    """As the event says."""
    checked = check({"z": {"n": Decimal("1.50")}}, extra=extra)

    assert (values, found) == (checked.values, told(checked))


@pytest.mark.parametrize("name", ["event_id", "recipient", "from_address", "reply_to"])
def test_reserved_names_are_refused_even_where_anything_is_allowed(name: str) -> None:
    """`recipient` would send the message to somebody else."""
    assert [("property_not_allowed", f"properties.{name}")] == told(
        check({name: "x"}, extra=Extra.ALLOW)
    )


@pytest.mark.parametrize("name", ["x" * 151, "é" * 76, "a\nb"])
def test_an_undeclared_name_that_customer_io_does_not_take_is_refused(name: str) -> None:
    """Over 150 bytes, or with control characters; the name itself is not shown."""
    (found,) = check({name: "x"}, extra=Extra.ALLOW).findings

    assert ("property_not_allowed", "properties") == (found.code, found.where.path)
    assert name not in found.evidence


def test_an_undeclared_value_is_found_wrong_at_its_place() -> None:
    """Also where anything is allowed: numbers are within range."""
    assert [("property_value", "properties.z")] == told(
        check({"z": Decimal("1E+99")}, extra=Extra.ALLOW)
    )


@pytest.mark.parametrize("kind", [Kind.STRING, Kind.MONEY, Kind.DATE])
def test_what_the_validator_cannot_judge_is_refused(kind: Kind) -> None:
    """Law 16: a value beyond the validator's own bounds is a finding, and no error."""
    deep: object = "x"
    for _ in range(300):
        deep = [deep]

    found = told(check({"x": deep}, required(kind)))

    assert [("property_type", "properties.x"), ("property_value", "properties")] == found
