"""Giving a person's attributes: null deletes, absent leaves alone, limits are exact."""

from __future__ import annotations

from decimal import Decimal

import pytest

from truthpoint.contract.check import Checked, Checker
from truthpoint.contract.model import Contract, Kind, Person, Property, Source, Type

ATTRIBUTES = (
    Property(name="email", type=Type(kind=Kind.EMAIL), required=True),
    Property(name="tier", type=Type(kind=Kind.STRING, choices=("gold", "none"))),
    Property(name="code", type=Type(kind=Kind.STRING, pattern="^[0-9]+$")),
    Property(name="age", type=Type(kind=Kind.INTEGER, minimum=Decimal(0), maximum=Decimal(150))),
    Property(name="spent", type=Type(kind=Kind.MONEY)),
    Property(name="tags", type=Type(kind=Kind.LIST, item=Type(kind=Kind.STRING))),
)


def attributes_checker(*properties: Property) -> Checker:
    return Checker(
        Contract(
            shop="acme",
            person=Person(attributes=properties or ATTRIBUTES),
            events={},
            sources={"app": Source(name="app")},
        )
    )


PEOPLE = attributes_checker()


def test_null_deletes_an_attribute_and_what_is_absent_is_left_alone() -> None:
    """Whatever its type, its bounds and its choices."""
    none = dict.fromkeys(("email", "tier", "code", "age", "spent", "tags"))

    assert Checked(values=none) == PEOPLE.attributes(none)
    assert Checked(values={}) == PEOPLE.attributes({})


@pytest.mark.parametrize(
    ("given_values", "code", "path", "evidence"),
    [
        ({"tier": "x"}, "property_value", "tier", "It is not one of the contract's `enum`."),
        ({"code": "x"}, "property_value", "code", "It does not match the contract's `pattern`."),
        ({"age": -1}, "property_value", "age", "It is below the contract's `minimum`."),
        ({"age": 151}, "property_value", "age", "It is above the contract's `maximum`."),
        ({"age": "5"}, "property_type", "age", "It is text; it must be a whole number."),
        ({"spent": "1.001"}, "money_exponent", "spent", "It has 3 decimals; 2 are allowed here."),
        ({"email": "x"}, "property_value", "email", "It is not an email address."),
    ],
)
def test_an_attribute_outside_what_is_declared_is_refused(
    given_values: dict[str, object], code: str, path: str, evidence: str
) -> None:
    """Also beside an attribute that is only left out: one finding does not hide another."""
    alone = PEOPLE.attributes(given_values).findings
    beside = PEOPLE.attributes({"colour": "red", **given_values}).findings

    assert [(code, f"attributes.{path}", evidence)] == [
        (one.code, one.where.path, one.evidence) for one in alone
    ]
    assert [("property_unknown", "attributes.colour"), (code, f"attributes.{path}")] == [
        (one.code, one.where.path) for one in beside
    ]


def test_an_attribute_may_have_1000_bytes_and_no_more() -> None:
    """Counted in UTF-8 for text, in JSON for the rest."""
    assert () == PEOPLE.attributes({"code": "1" * 1000}).findings
    assert () == PEOPLE.attributes({"tags": ["x" * 996]}).findings
    (text,) = PEOPLE.attributes({"code": "1" * 1001}).findings
    (tags,) = PEOPLE.attributes({"tags": ["x" * 997]}).findings

    assert ("value_too_long", "It has 1001 bytes.") == (text.code, text.evidence)
    assert ("value_too_long", "It has 1001 bytes.") == (tags.code, tags.evidence)


def test_a_call_may_have_300_attributes_and_no_more() -> None:
    """What the contract does not declare is left out and does not count."""
    many = tuple(Property(name=f"a{i}", type=Type(kind=Kind.STRING)) for i in range(301))
    checker = attributes_checker(*many)
    values: dict[str, object] = {f"a{i}": "x" for i in range(300)}

    assert () == checker.attributes(values).findings
    (found,) = checker.attributes({**values, "a300": "x"}).findings
    assert ("too_many_attributes", "attributes") == (found.code, found.where.path)
    (found,) = checker.attributes({**values, "other": "x"}).findings
    assert found.code == "property_unknown"


@pytest.mark.parametrize("given_values", [{}, {"email": None}])
def test_a_first_identify_should_have_what_is_required(given_values: dict[str, object]) -> None:
    """Law 4: a missing required attribute is a finding, never a block."""
    (found,) = PEOPLE.attributes(given_values, first=True).findings

    assert ("attribute_missing", "attributes.email", "warning") == (
        found.code,
        found.where.path,
        found.severity,
    )
    assert () == PEOPLE.attributes({"email": "ana@example.org"}, first=True).findings
