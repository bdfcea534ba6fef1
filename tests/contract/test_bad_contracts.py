"""What is wrong with a contract is all found at once, each at its place, and no secret is shown."""

from __future__ import annotations

import pytest
from bad_contract_events import EVENT_CASES
from bad_contract_types import TYPE_CASES
from bad_contracts import FILE_CASES, GOOD, Bad

from truthpoint.contract import read
from truthpoint.errors import ContractInvalid
from truthpoint.findings import RULES, Finding, Severity, Topic, as_json, as_text

CASES = (*FILE_CASES, *TYPE_CASES, *EVENT_CASES)


def findings_of(data: bytes) -> tuple[Finding, ...]:
    with pytest.raises(ContractInvalid) as caught:
        read(data, file="tracking.yaml")
    return caught.value.findings


def test_the_contract_that_the_cases_break_loads() -> None:
    """What a case finds comes from its change alone."""
    assert tuple(read(GOOD.encode(), file="tracking.yaml").events) == ("cart_started", "order_paid")


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_each_mistake_is_found_at_its_place(bad: Bad) -> None:
    """Code, line, column and path of everything, and nothing else."""
    found = findings_of(bad.data)

    assert sorted(bad.found, key=repr) == sorted(
        ((one.code, one.where.line, one.where.column, one.where.path) for one in found), key=repr
    )
    assert {"tracking.yaml"} == {one.where.file for one in found}


def test_every_rule_about_contracts_is_broken_by_a_case() -> None:
    """A rule that no contract can break says nothing; the catalog is a file of its own."""
    rules = {
        code
        for code, rule in RULES.items()
        if rule.topic is Topic.CONTRACT
        and rule.severity is Severity.ERROR
        and rule.consequence.startswith("The contract does not load.")
    }

    assert rules - {"bad_catalog"} == {code for bad in CASES for code, *_ in bad.found}


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    """One run of the editor mends them all."""
    broken = (
        GOOD.replace("shop: acme", "shpo: acme")
        .replace("kind: app", "kind: application")
        .replace("key: [order_id]", "key: [order]")
        .replace("count: order_paid", "count: order_payed")
    )

    assert [(one.code, one.where.line) for one in findings_of(broken.encode())] == [
        ("missing_key", 1),
        ("unknown_key", 2),
        ("bad_value", 8),
        ("not_a_property", 26),
        ("unknown_event", 38),
    ]


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            "shop: acme",
            "shpo: acme\nshop: acme",
            (
                "tracking.yaml:2:1 shpo: error unknown_key: `shpo` is not a key of this place.\n"
                "    The contract does not load. Did you mean `shop`?"
            ),
        ),
        (
            "shop: acme",
            "shop: acme\nshop: b",
            (
                "tracking.yaml:3:1 shop: error duplicate_key: `shop` stands here and in line 2.\n"
                "    The contract does not load. Keep one of the two; YAML would silently use one."
            ),
        ),
        (
            "currency: USD",
            "currency: usd",
            (
                "tracking.yaml:3:11 currency: error bad_value: `currency` is no active ISO 4217"
                " code.\n"
                "    The contract does not load. Did you mean `USD`?"
            ),
        ),
        (
            "key: [order_id]",
            "key: [oder_id]",
            (
                "tracking.yaml:26:11 events.order_paid.key[0]: error not_a_property: `oder_id`"
                " is not a"
                " property of `order_paid`.\n"
                "    The contract does not load. Did you mean `order_id`?"
            ),
        ),
        (
            "sku: {type: string, required: true}",
            "sku: {type: line_item, required: true}",
            (
                "tracking.yaml:18:17 types.line_item.sku.type: error type_cycle: The types form a"
                " cycle: line_item → line_item.\n"
                "    The contract does not load. Break the cycle: a type cannot contain itself."
            ),
        ),
        (
            "lane: critical",
            "supersedes: order",
            (
                "tracking.yaml:30:5 events.order_paid.supersedes: error not_supported:"
                " `supersedes`"
                " is known, not supported by this version.\n"
                "    The contract does not load. The key is known but this version does not"
                " build it"
                " yet: remove it for now."
            ),
        ),
        (
            '"${KEY}"',
            "${KEY}",
            (
                "tracking.yaml:6:73: error unquoted_secret: `${…}` stands without quotes inside"
                " braces.\n"
                '    The contract does not load. Quote it: `"${NAME}"`. '
                "Without quotes YAML reads the"
                " braces as a mapping."
            ),
        ),
    ],
)
def test_a_finding_says_what_where_and_what_to_do(old: str, new: str, text: str) -> None:
    """The whole text of a sample."""
    (found,) = findings_of(GOOD.replace(old, new).encode())

    assert text == as_text(found)


def test_types_that_lead_back_to_themselves_are_shown_as_a_way() -> None:
    """The cycle is named once, from where it begins."""
    types = (
        "  a: {b: {type: b, required: true}}\n"
        "  b: {c: {type: list, of: c, required: true}}\n"
        "  c: {a: {type: a, required: true}}\n"
    )
    found = findings_of(GOOD.replace("  line_item:\n", f"{types}  line_item:\n").encode())

    assert [one.evidence for one in found] == ["The types form a cycle: a → b → c → a."]


def test_the_error_counts_what_it_carries() -> None:
    """The message says how many findings there are, and what to do."""
    with pytest.raises(
        ContractInvalid,
        match=r"^The contract t\.yaml does not load: 2 findings\. Mend the places named above;",
    ):
        read(GOOD.replace("shop: acme", "shpo: acme").encode(), file="t.yaml")


_CANARY = "canary7hunter2"


@pytest.mark.parametrize("place", ["site_id", "api_key", "app_key"])
@pytest.mark.parametrize(
    "written",
    [
        _CANARY,
        f'"{_CANARY}"',
        f"'${_CANARY}'",
        f"${{{_CANARY}}}",
        f"{{{_CANARY}}}",
        f"[{_CANARY}]",
        f"*{_CANARY}",
        f"!{_CANARY} x",
        f"!x {_CANARY}",
        f"&x {_CANARY}",
        f'"{_CANARY}',
        f"@{_CANARY}",
        f"%{_CANARY}",
        f'"{_CANARY}\\q"',
    ],
)
def test_no_secret_stands_in_a_finding(place: str, written: str) -> None:
    """Law 21: however a literal stands in a secret's place, what is said of it does not hold it."""
    variable = {"site_id": "SITE", "api_key": "KEY", "app_key": "APP"}[place]
    found = findings_of(GOOD.replace(f'"${{{variable}}}"', written).encode())

    told = "".join(as_text(one) + str(as_json(one)) for one in found)
    assert _CANARY not in told


def test_a_password_in_an_address_is_not_shown() -> None:
    """Law 21."""
    found = findings_of(GOOD.replace("http://127", f"http://me:{_CANARY}@127").encode())

    assert _CANARY not in "".join(as_text(one) for one in found)
