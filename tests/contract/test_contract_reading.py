"""What a contract that loads becomes: defaults, durations, names; and one with later sections."""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest
from bad_contracts import GOOD

from truthpoint.contract import read
from truthpoint.contract.model import (
    Close,
    Contract,
    Extra,
    Kind,
    Lane,
    Person,
    Property,
    Rollup,
    RollupKind,
    Secret,
    Source,
    Type,
    Workspace,
)
from truthpoint.contract.rules import Unidentified, Unresolved
from truthpoint.errors import ContractInvalid

ROOT = Path(__file__).parents[2]
WHOLE = Path(__file__).with_name("whole_contract.yaml")

SMALL = """\
truthpoint: 1
shop: acme
sources: {app: {kind: app}}
person: {id: {name: customer_id}}
events:
  order_paid: {key: [order_id], properties: {order_id: {type: string, required: true}}}
"""


def small(old: str, new: str) -> Contract:
    assert SMALL.count(old) == 1
    return read(SMALL.replace(old, new).encode(), file="tracking.yaml")


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("examples/*/tracking.yaml")), ids=lambda path: path.parent.name
)
def test_the_examples_load(path: Path) -> None:
    """What we ship for copying is right."""
    contract = read(path.read_bytes(), file=str(path))

    assert contract.events


def test_a_whole_contract_is_refused_for_what_is_not_built_and_for_nothing_else() -> None:
    """Each later key is named as known, at its place; the rest of the file is in order."""
    with pytest.raises(ContractInvalid) as caught:
        read(WHOLE.read_bytes(), file="tracking.yaml")

    assert {"not_supported"} == {one.code for one in caught.value.findings}
    assert [
        "sources.cards.kind",
        "sources.cards.secret",
        "sources.market.kind",
        "sources.market.secret",
    ] == [one.where.path for one in caught.value.findings]


def test_defaults_are_those_of_the_documentation() -> None:
    """Version 1, lane live, the only source as owner, no key, extra properties stripped."""
    contract = small("key: [order_id], ", "")
    event = contract.events["order_paid"]

    assert ("USD", Person(id_name="customer_id"), {}) == (
        contract.currency,
        contract.person,
        contract.rollups,
    )
    assert {"local": Workspace(name="local", url="http://127.0.0.1:8710")} == contract.workspaces
    assert {"app": Source(name="app", kind="app")} == contract.sources
    assert (1, "order_paid", "app", Lane.LIVE, Extra.STRIP) == (
        event.version,
        event.wire,
        event.owner,
        event.lane,
        event.extra,
    )
    assert ((), None, (), ()) == (event.key, event.correlation, event.compare, event.closes)


def test_everything_said_is_kept() -> None:
    """The whole of a contract as values."""
    contract = read(GOOD.encode(), file="tracking.yaml")
    paid = contract.events["order_paid"]

    assert (
        Workspace(
            name="staging",
            region="us",
            workspace_id=11,
            site_id=Secret(variable="SITE"),
            api_key=Secret(variable="KEY"),
            app_key=Secret(variable="APP"),
        )
        == contract.workspaces["staging"]
    )
    assert (
        Person(
            id_name="customer_id",
            pattern="^[0-9]+$",
            links=("email", "phone"),
            unresolved={
                kind: Unresolved(then=Unidentified.QUARANTINE)
                for kind in ("email", "other", "none")
            },
            attributes=(
                Property(name="email", type=Type(kind=Kind.EMAIL), personal=True),
                Property(name="region", type=Type(kind=Kind.STRING)),
            ),
        )
        == contract.person
    )
    assert (("order_id",), "cart_id", ("total",), Lane.CRITICAL) == (
        paid.key,
        paid.correlation,
        paid.compare,
        paid.lane,
    )
    assert (Close(event="cart_started", by="cart_id", skew_ms=300_000),) == paid.closes
    assert {
        "orders_count": Rollup(name="orders_count", kind=RollupKind.COUNT, event="order_paid"),
        "spent": Rollup(name="spent", kind=RollupKind.SUM, event="order_paid", property="total"),
    } == contract.rollups
    assert sha256(GOOD.encode()).hexdigest()[:16] == contract.fingerprint


@pytest.mark.parametrize(
    ("written", "skew_ms"),
    [
        ("250ms", 250),
        ("90s", 90_000),
        ("5m", 300_000),
        ("24h", 86_400_000),
        ("3d", 259_200_000),
        ("0s", 0),
    ],
)
def test_a_length_of_time_is_a_number_and_its_unit(written: str, skew_ms: int) -> None:
    """Milliseconds to days."""
    data = GOOD.replace("skew: 5m", f"skew: {written}").encode()

    assert skew_ms == read(data, file="t").events["order_paid"].closes[0].skew_ms


@pytest.mark.parametrize(
    ("extra", "wire"),
    [("version: 3", "order_paid_v3"), ("version: 3, wire: Order Paid", "Order Paid")],
)
def test_a_new_version_has_a_wire_name_of_its_own(extra: str, wire: str) -> None:
    """Law 14: unless `wire` says otherwise, the name with the version behind it."""
    assert wire == small("{key:", f"{{{extra}, key:").events["order_paid"].wire


def test_a_wire_name_may_have_exactly_100_bytes() -> None:
    """The limit of Customer.io is inclusive."""
    assert "é" * 50 == small("{key:", f"{{wire: {'é' * 50}, key:").events["order_paid"].wire


def test_a_property_may_have_a_name_of_exactly_150_bytes() -> None:
    """The limit of Customer.io is inclusive."""
    contract = small("{order_id: {", f"{{{'x' * 150}: {{type: string, default: ''}}, order_id: {{")

    assert "x" * 150 == contract.events["order_paid"].properties[0].name


def test_the_owner_is_named_where_there_are_several_sources() -> None:
    """Law 6."""
    several = SMALL.replace("{kind: app}}", "{kind: app}, web: {kind: app}}")
    contract = read(several.replace("{key:", "{owner: web, key:").encode(), file="t")

    assert contract.events["order_paid"].owner == "web"


@pytest.mark.parametrize("extra", list(Extra))
def test_what_happens_to_undeclared_properties_is_said(extra: Extra) -> None:
    """strip, allow or quarantine."""
    assert extra is small("{key:", f"{{extra: {extra}, key:").events["order_paid"].extra


def test_named_types_are_resolved_wherever_they_stand() -> None:
    """In lists, in lists of lists, in objects, and in each other."""
    types = (
        "types:\n"
        "  price: {amount: {type: money, required: true}}\n"
        "  toy: {price: {type: price, required: true},"
        " tags: {type: list, of: {type: list, of: string}, default: []}}\n"
    )
    data = (types + SMALL).replace(
        "{type: string, required: true}}}",
        "{type: string, required: true}, toys: {type: list, of: toy, required: true},"
        " any: {type: list, of: object, default: []}}}",
    )
    toys, anything = read(data.encode(), file="t").events["order_paid"].properties[1:]
    price = Type(
        kind=Kind.OBJECT,
        fields=(Property(name="amount", type=Type(kind=Kind.MONEY), required=True),),
    )
    words = Type(kind=Kind.LIST, item=Type(kind=Kind.STRING))

    assert (
        Type(
            kind=Kind.LIST,
            item=Type(
                kind=Kind.OBJECT,
                fields=(
                    Property(name="price", type=price, required=True),
                    Property(name="tags", type=Type(kind=Kind.LIST, item=words), default=[]),
                ),
            ),
        )
        == toys.type
    )
    assert Type(kind=Kind.LIST, item=Type(kind=Kind.OBJECT)) == anything.type


def test_bounds_patterns_and_choices_are_kept() -> None:
    """What a type says of its values."""
    data = SMALL.replace(
        "{order_id:",
        "{n: {type: number, minimum: 0.10, maximum: 1e3, required: true},"
        " t: {type: timestamp, unit: ms, required: true},"
        ' s: {type: string, pattern: "^a", enum: [a, ab], required: true}, order_id:',
    )
    number, moment, text, _ = read(data.encode(), file="t").events["order_paid"].properties

    assert Type(kind=Kind.NUMBER, minimum=Decimal("0.10"), maximum=Decimal(1000)) == number.type
    assert Type(kind=Kind.TIMESTAMP, unit="ms") == moment.type
    assert Type(kind=Kind.STRING, pattern="^a", choices=("a", "ab")) == text.type


@pytest.mark.parametrize(
    ("written", "default"),
    [
        ("{type: string, default: 7}", "7"),
        ("{type: integer, default: 0x10}", 16),
        ("{type: integer, default: 1_000}", 1000),
        ("{type: number, default: 0.50}", Decimal("0.5")),
        ("{type: money, default: 5}", Decimal("5.00")),
        ("{type: boolean, default: True}", True),
        ("{type: boolean, default: false}", False),
        ("{type: timestamp, default: 2026-11-20T10:00:00+02:00}", 1_795_161_600),
        ("{type: date, default: 2026-11-20}", "2026-11-20"),
        ("{type: list, of: string, default: [a, 1]}", ["a", "1"]),
        ("{type: object, default: {a: [1.0, true, x]}}", {"a": [Decimal(1), True, "x"]}),
        (
            "{type: object, properties: {a: {type: integer, required: true}}, default: {a: 1}}",
            {"a": 1},
        ),
    ],
)
def test_a_default_is_converted_as_a_given_value_would_be(written: str, default: object) -> None:
    """What is sent when nothing is given is in normalised form."""
    contract = small("{order_id:", f"{{x: {written}, order_id:")

    assert default == contract.events["order_paid"].properties[0].default


def test_the_same_bytes_give_the_same_contract() -> None:
    """Reading is pure; another byte is another fingerprint."""
    one, two = (read(GOOD.encode(), file="t") for _ in range(2))

    assert one == two
    assert one.fingerprint != read(GOOD.encode() + b"\n", file="t").fingerprint


def test_a_mark_of_utf_8_before_the_file_is_read_over() -> None:
    """Editors on Windows write one."""
    assert "acme" == read(b"\xef\xbb\xbf" + SMALL.encode(), file="t").shop


@pytest.mark.parametrize(
    "url", ["http://localhost:8710", "https://127.0.0.1:8711/", "http://[::1]:8710"]
)
def test_the_local_workspace_is_on_loopback_whatever_its_form(url: str) -> None:
    """A slash at the end is taken off, for paths are put behind it."""
    contract = small("shop: acme", f'shop: acme\nworkspaces: {{local: {{url: "{url}"}}}}')

    assert url.rstrip("/") == contract.workspaces["local"].url
