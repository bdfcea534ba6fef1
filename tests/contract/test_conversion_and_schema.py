"""The converter and the schema: what one lets through, the other takes."""

from __future__ import annotations

from decimal import Decimal

import jsonschema_rs
from giving import check, contract
from hypothesis import given
from hypothesis import strategies as st

from truthpoint.contract.convert import Converter
from truthpoint.contract.model import Contract, Extra, Kind, Person, Property, Type
from truthpoint.contract.schema import attributes_schema, event_schema, type_schema
from truthpoint.values.currencies import EXPONENTS

_NAMES = st.sampled_from(["a", "b", "c"])


def _types(children: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    fields = st.dictionaries(_NAMES, children, min_size=1, max_size=3).map(
        lambda held: tuple(Property(name=name, type=of, required=True) for name, of in held.items())
    )
    return st.one_of(
        children.map(lambda item: Type(kind=Kind.LIST, item=item)),
        fields.map(lambda some: Type(kind=Kind.OBJECT, fields=some)),
    )


TYPES = st.recursive(
    st.one_of(
        st.sampled_from([Type(kind=kind) for kind in Kind if kind is not Kind.LIST]),
        st.sampled_from(
            [
                Type(kind=Kind.TIMESTAMP, unit="s"),
                Type(kind=Kind.TIMESTAMP, unit="ms"),
                Type(kind=Kind.INTEGER, minimum=Decimal(-5), maximum=Decimal(5)),
                Type(kind=Kind.STRING, pattern="^a", choices=("a", "ab", "b")),
            ]
        ),
    ),
    _types,
    max_leaves=6,
)

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(0, 4_200_000_000),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.decimals(min_value=-1000, max_value=1000, places=2),
    st.text(max_size=5),
    st.datetimes(timezones=st.timezones()).map(lambda one: one.isoformat()),
    st.dates().map(lambda one: one.isoformat()),
    st.emails(),
    st.sampled_from(["a", "ab", "+14155550123", "https://example.org", *list(EXPONENTS)[:3]]),
)

VALUES = st.recursive(
    SCALARS,
    lambda children: st.one_of(
        st.lists(children, max_size=3), st.dictionaries(_NAMES, children, max_size=3)
    ),
    max_leaves=6,
)


def _fitting(of: Type) -> st.SearchStrategy[object]:
    """Values that mostly have the shape of a type."""
    if of.item is not None:
        return st.lists(_fitting(of.item), max_size=3)
    if of.fields:
        return st.fixed_dictionaries({one.name: _fitting(one.type) for one in of.fields})
    return SCALARS | VALUES


@given(st.data(), TYPES)
def test_what_is_converted_without_a_finding_fits_the_exported_schema(
    data: st.DataObject, of: Type
) -> None:
    """They are of one mind, but for bounds, which the schema holds alone."""
    value = data.draw(_fitting(of) | VALUES)
    plain = _without_bounds(of)
    found: list[tuple[str, str, str]] = []
    converted = Converter("USD").of(plain, exponent=2)(value, found)

    assert found or jsonschema_rs.is_valid(type_schema(plain), converted)
    checked = check({"x": value}, Property(name="x", type=of, required=True))
    fits = jsonschema_rs.is_valid(type_schema(of), checked.values.get("x"))
    assert fits or any(one.severity == "error" for one in checked.findings)


def _without_bounds(of: Type) -> Type:
    return Type(
        kind=of.kind,
        unit=of.unit,
        item=None if of.item is None else _without_bounds(of.item),
        fields=tuple(
            Property(name=one.name, type=_without_bounds(one.type), required=True)
            for one in of.fields
        ),
    )


@given(st.data(), TYPES)
def test_normalising_what_is_normal_changes_nothing(data: st.DataObject, of: Type) -> None:
    """But for times, which are text or a declared unit when given and seconds when sent."""
    value = data.draw(_fitting(of))
    found: list[tuple[str, str, str]] = []
    once = Converter("USD").of(of, exponent=2)(value, found)
    if found or _has_time(of):
        return

    assert once == Converter("USD").of(of, exponent=2)(once, found)
    assert [] == found


def _has_time(of: Type) -> bool:
    inner = [one.type for one in of.fields] + ([of.item] if of.item else [])
    return of.kind is Kind.TIMESTAMP or any(_has_time(one) for one in inner)


@given(VALUES, TYPES)
def test_no_evidence_holds_a_given_value(value: object, of: Type) -> None:
    """Law 21: a text that is given nowhere appears in what is said of it."""
    canary = {"a": f"canary-7-{value!r}", "b": [f"canary-7-{value!r}"]}
    for one in (canary, canary["a"], canary["b"]):
        checked = check({"x": one}, Property(name="x", type=of, required=True))
        assert "canary-7" not in repr(checked.findings)


_TEXTS = (
    Property(name="tier", type=Type(kind=Kind.STRING, choices=("gold", "none"))),
    Property(name="code", type=Type(kind=Kind.STRING, pattern="^[0-9]+$")),
)


def test_the_exported_schemas_are_whole() -> None:
    """Closed unless extra properties are allowed, everything required, null for attributes."""
    total = Property(
        name="total", type=Type(kind=Kind.MONEY, minimum=Decimal("0.01")), required=True
    )
    strict = contract(
        total, Property(name="n", type=Type(kind=Kind.INTEGER, maximum=Decimal(9)), default=1)
    )
    schema = event_schema(strict.events["sold"])
    person = attributes_schema(
        Contract(shop="a", person=Person(attributes=_TEXTS), events={}, sources={})
    )

    assert {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "sold",
        "type": "object",
        "properties": {
            "total": {"type": "number", "minimum": Decimal("0.01")},
            "n": {"type": "integer", "maximum": 9},
        },
        "required": ["total", "n"],
        "additionalProperties": False,
    } == schema
    assert "additionalProperties" not in event_schema(
        contract(total, extra=Extra.ALLOW).events["sold"]
    )
    assert {
        "tier": {"type": ["string", "null"], "enum": ["gold", "none", None]},
        "code": {"type": ["string", "null"], "allOf": [{"pattern": "^[0-9]+$"}]},
    } == person["properties"]
