"""Records that are not taken as they are, each with what is found in it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal

from msgspec.structs import replace

from truthpoint.contract.model import Contract, Event, Extra, Kind, Property, Type
from truthpoint.contract.rules import Channel, Consent
from truthpoint.testing.builders import START_MS, a_contract, a_property
from truthpoint.values.instants import to_iso

_SHOP = a_contract(
    Event(
        name="gift_sent",
        owner="backend",
        wire="gift_sent",
        version=2,
        extra=Extra.QUARANTINE,
        key=("note",),
        properties=(
            a_property("note"),
            Property(name="level", type=Type(kind=Kind.INTEGER, minimum=Decimal(1)), default=1),
            Property(name="sent_at", type=Type(kind=Kind.TIMESTAMP), default=0),
        ),
    )
)
_NEWS = Property(
    name="news", type=Type(kind=Kind.BOOLEAN), consent=Consent(channel=Channel.EMAIL, topic=1)
)
CONTRACT: Contract = replace(
    _SHOP, person=replace(_SHOP.person, attributes=(*_SHOP.person.attributes, _NEWS))
)
"""The shop of the tests, with one event more, which is at version 2, and a consent."""

Found = tuple[tuple[str, str | None], ...]
"""Codes with their paths."""

ORDER: dict[str, object] = {
    "type": "track",
    "event": "order_paid",
    "person": {"id": "42"},
    "at": to_iso(START_MS),
    "properties": {"order_id": "A-1", "total": "10.00", "currency": "USD"},
}
GIFT: dict[str, object] = {
    "type": "track",
    "event": "gift_sent",
    "version": 2,
    "person": {"id": "42"},
    "properties": {"note": "hello"},
}
IDENTIFY: dict[str, object] = {
    "type": "identify",
    "person": {"id": "42"},
    "attributes": {"email": "ana@example.org"},
}
LINK: dict[str, object] = {
    "type": "link",
    "person": {"id": "42"},
    "links": {"email": "ana@example.org", "phone": "+12025550100"},
}
MERGE: dict[str, object] = {
    "type": "merge",
    "person": {"id": "42"},
    "from": {"id": "43", "email": "ana@example.org"},
}
ERASE: dict[str, object] = {"type": "erase", "person": {"email": "ana@example.org"}}
READMIT: dict[str, object] = {"type": "readmit", "person": {"id": "42"}}
CONSENT: dict[str, object] = {
    "type": "consent",
    "person": {"id": "42"},
    "consents": {"news": False},
}
IN_ORDER = (ORDER, GIFT, IDENTIFY, LINK, MERGE, ERASE, READMIT, CONSENT)
"""One of each type, and of each event that the cases change."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A record, and everything that is found in it."""

    name: str
    body: bytes
    found: Found
    broken: bool = field(default=True)


def raw(name: str, body: bytes, *found: tuple[str, str | None]) -> Case:
    """Bytes."""
    return Case(name=name, body=body, found=found)


def order(name: str, *found: tuple[str, str | None], **change: object) -> Case:
    """The order with keys changed; None leaves one out."""
    return _changed(name, ORDER, found, change)


def told(name: str, *found: tuple[str, str | None], **change: object) -> Case:
    """The order with properties changed; None leaves one out."""
    held = {**dict(ORDER["properties"]), **change}  # type: ignore[call-overload]  # it is one
    properties = {key: value for key, value in held.items() if value is not None}
    return _changed(name, ORDER, found, {"properties": properties})


def gift(name: str, *found: tuple[str, str | None], **change: object) -> Case:
    """The gift with keys changed."""
    return _changed(name, GIFT, found, change)


def identify(name: str, *found: tuple[str, str | None], **change: object) -> Case:
    """The identify with keys changed."""
    return _changed(name, IDENTIFY, found, change)


def _changed(name: str, whole: dict[str, object], found: Found, change: dict[str, object]) -> Case:
    held = {key: value for key, value in {**whole, **change}.items() if value is not None}
    return Case(name=name, body=json.dumps(held).encode(), found=found)


_MANY = {f"a{i}": "x" for i in range(301)}
_LATE = to_iso(START_MS + 300_001)

CASES = (
    # --- bytes
    raw("empty", b"", ("not_json", None)),
    raw("blank", b" \t", ("not_json", None)),
    raw("broken", b'{"type": "track"', ("not_json", None)),
    raw("two", b"{}{}", ("not_json", None)),
    raw("not_a_number", b'{"type": NaN}', ("not_json", None)),
    raw("infinity", b'{"type": -Infinity}', ("not_json", None)),
    raw("lone_surrogate", b'{"type": "\\ud800"}', ("not_json", None)),
    raw("surrogate_key", b'{"\\udfff": 1}', ("not_json", None)),
    raw("huge_integer", b'{"type": ' + b"9" * 5000 + b"}", ("not_json", None)),
    raw("huge_exponent", b'{"type": 1e-99999999999999999999}', ("not_json", None)),
    raw("deep", b"[" * 100_000, ("not_json", None)),
    raw(
        "deep_in_vain",
        b'{"type":"identify","person":"42","attributes":{"x":' + b"[" * 63 + b"]" * 63 + b"}}",
        ("record_too_deep", None),
    ),
    raw(
        "very_deep",
        b'{"type":"identify","persom":"42","attributes":{"x":' + b'{"a":' * 500 + b"1" + b"}" * 502,
        ("record_too_deep", None),
        ("record_key_unknown", None),
    ),
    raw("mark", b"\xef\xbb\xbf{}", ("not_json", None)),
    raw("latin_1", b'{"type": "\xe9"}', ("not_text", None)),
    raw("half_a_character", b'{"type": "\xe2\x82"}', ("not_text", None)),
    raw("list", b"[]", ("not_an_object", None)),
    raw("null", b"null", ("not_an_object", None)),
    raw("text", b'"a"', ("not_an_object", None)),
    raw("number", b"1.5", ("not_an_object", None)),
    raw(
        "key_twice",
        b'{"type":"identify","person":{"id":"42","id":"43"}}',
        ("key_repeated", None),
    ),
    raw(
        "key_twice_with_space",
        b'{"type":"identify","type"\t: "identify","person":"42"}',
        ("key_repeated", None),
    ),
    raw(
        "key_twice_in_a_list",
        b'{"type":"identify","person":"42","attributes":{"region":[{"a":1,"\\u0061":2}]}}',
        ("key_repeated", None),
    ),
    # --- keys
    raw("nothing", b"{}", ("record_key_missing", "type")),
    raw(
        "all_wrong",
        b'{"type":1,"source":"","record_id":1.5,"at":5,"person":true,"version":"1","properties":[]}',
        ("record_key_type", "type"),
        ("record_key_type", "source"),
        ("record_key_type", "at"),
        ("record_key_type", "person"),
        ("record_key_type", "version"),
        ("record_key_type", "properties"),
        ("record_key_type", "record_id"),
    ),
    order("type", ("unknown_record_type", "type"), type="tracc"),
    order("no_event", ("record_key_missing", "event"), event=None),
    order("event_kind", ("record_key_type", "event"), event=["order_paid"]),
    order("unknown_key", ("record_key_unknown", None), propertys={}),
    order("key_of_another", ("record_key_unknown", "attributes"), attributes={}),
    order("version_text", ("record_key_type", "version"), version="1"),
    order("version_boolean", ("record_key_type", "version"), version=True),
    order("long_source", ("record_key_type", "source"), source="x" * 151),
    order("long_record_id", ("record_key_type", "record_id"), record_id="x" * 151),
    order("test_text", ("record_key_type", "test"), test="true"),
    order("test_number", ("record_key_type", "test"), test=1),
    # --- keys of the other types
    raw(
        "link_of_nothing",
        b'{"type":"link"}',
        ("record_key_missing", "person"),
        ("record_key_missing", "links"),
    ),
    raw(
        "link_empty",
        b'{"type":"link","person":{},"links":{"stripe_customer":null}}',
        ("record_key_missing", "person"),
        ("record_key_missing", "links"),
    ),
    raw(
        "link_kinds",
        b'{"type":"link","person":true,"links":"cus_9"}',
        ("record_key_type", "person"),
        ("record_key_type", "links"),
    ),
    raw(
        "link_keys_of_others",
        b'{"type":"link","person":"42","links":{"a":"b"},"from":"43","consents":{},"email":"c"}',
        ("record_key_unknown", "consents"),
        ("record_key_unknown", None),
        ("record_key_unknown", "from"),
    ),
    raw(
        "merge_of_nothing",
        b'{"type":"merge","from":null}',
        ("record_key_missing", "person"),
        ("record_key_missing", "from"),
    ),
    raw(
        "merge_empty",
        b'{"type":"merge","person":"42","from":{}}',
        ("record_key_missing", "from"),
    ),
    raw(
        "merge_kinds",
        b'{"type":"merge","person":["42"],"from":false}',
        ("record_key_type", "person"),
        ("record_key_type", "from"),
    ),
    raw("erase_nobody", b'{"type":"erase"}', ("record_key_missing", "person")),
    raw(
        "consent_of_nothing",
        b'{"type":"consent"}',
        ("record_key_missing", "person"),
        ("record_key_missing", "consents"),
    ),
    raw(
        "consent_empty",
        b'{"type":"consent","person":"42","consents":{}}',
        ("record_key_missing", "consents"),
    ),
    raw(
        "consent_kind",
        b'{"type":"consent","person":"42","consents":["email_opt_in"]}',
        ("record_key_type", "consents"),
    ),
    raw(
        "consent_unclear",
        b'{"type":"consent","person":"42","consents":{"a":true,"b":null,"c":0}}',
        ("record_key_type", "consents"),
    ),
    # --- what the other types say
    raw(
        "link_unknown",
        b'{"type":"link","person":"42","links":{"stripe_customer":"cus_9"}}',
        ("link_not_usable", "links"),
    ),
    raw(
        "link_damaged",
        b'{"type":"link","person":"42","links":{"email":"ana","phone":"+1 202 555 0100"}}',
        ("link_not_usable", "links"),
    ),
    raw(
        "link_source",
        b'{"type":"link","person":"x","links":{"email":"ana@example.org"},"source":"web"}',
        ("source_unknown", "source"),
        ("person_id_pattern", "person.id"),
    ),
    raw(
        "link_of_nobody",
        b'{"type":"link","person":{"id":" "},"links":{"email":"ana@example.org"}}',
        ("person_unresolved", "person.id"),
    ),
    raw(
        "merge_source",
        b'{"type":"merge","person":"42","from":{"id":"43"},"source":"web"}',
        ("source_unknown", "source"),
    ),
    raw(
        "merge_ids",
        b'{"type":"merge","person":"x","from":{"id":"y"}}',
        ("person_id_pattern", "person.id"),
        ("person_id_pattern", "from.id"),
    ),
    raw(
        "merge_from_a_damaged_email",
        b'{"type":"merge","person":"42","from":{"email":"ana"}}',
        ("person_link_invalid", "from.email"),
        ("person_unresolved", "from"),
    ),
    raw(
        "merge_from_an_unknown_link",
        b'{"type":"merge","person":"42","from":{"id":"43","stripe_customer":"cus_9"}}',
        ("person_link_unknown", "from"),
    ),
    raw(
        "erase_id",
        b'{"type":"erase","person":"x"}',
        ("person_id_pattern", "person.id"),
    ),
    raw(
        "readmit_source",
        b'{"type":"readmit","person":{"email":"ana"},"source":"web"}',
        ("source_unknown", "source"),
        ("person_link_invalid", "person.email"),
        ("person_unresolved", "person.id"),
    ),
    raw(
        "consent_unknown",
        b'{"type":"consent","person":"42","consents":{"email_opt_in":false,"region":true}}',
        ("consent_unknown", "consents"),
    ),
    raw(
        "consent_of_an_unknown_link",
        b'{"type":"consent","person":{"cus":"x"},"consents":{"news":true},"source":"web"}',
        ("source_unknown", "source"),
        ("person_link_unknown", "person"),
        ("person_unresolved", "person.id"),
    ),
    # --- names of the contract
    order("source", ("source_unknown", "source"), source="web"),
    order("event", ("event_unknown", "event"), event="order_payed"),
    order(
        "all_names",
        ("source_unknown", "source"),
        ("event_unknown", "event"),
        ("person_unresolved", "person.id"),
        source="web",
        event="order_payed",
        person=None,
    ),
    order(
        "source_and_more",
        ("source_unknown", "source"),
        ("version_unknown", "version"),
        ("person_id_pattern", "person.id"),
        ("property_missing", "properties.order_id"),
        ("property_missing", "properties.total"),
        ("property_missing", "properties.currency"),
        source="web",
        version=9,
        person="x",
        properties=None,
    ),
    order("version", ("version_unknown", "version"), version=2),
    order("version_zero", ("version_unknown", "version"), version=0),
    # --- the person
    order("no_person", ("person_unresolved", "person.id"), person=None),
    order("blank_id", ("person_unresolved", "person.id"), person={"id": " "}),
    order(
        "damaged_email_only",
        ("person_link_invalid", "person.email"),
        ("person_unresolved", "person.id"),
        person={"email": "ana"},
    ),
    order("email_as_id", ("person_id_pattern", "person.id"), person={"id": "ana@example.org"}),
    order("line_end_in_id", ("person_id_control", "person.id"), person={"id": "42\n"}),
    order("nul_in_id", ("person_id_control", "person.id"), person={"id": "42\0"}),
    order("c1_in_id", ("person_id_control", "person.id"), person={"id": "4\x852"}),
    order("id_kind", ("record_key_type", "person.id"), person={"id": ["42"]}),
    order("id_boolean", ("record_key_type", "person.id"), person={"id": True}),
    order("long_id", ("person_id_too_long", "person.id"), person={"id": "1" * 151}),
    order(
        "link",
        ("person_link_unknown", "person"),
        ("person_unresolved", "person.id"),
        person={"cus": "x"},
    ),
    # --- times
    order("naive", ("time_naive", "at"), at="2026-09-21T14:13:20"),
    order("a_day", ("time_naive", "at"), at="2026-09-21"),
    order("unreadable", ("time_unreadable", "at"), at="21.09.2026 14:13 +02:00"),
    order("odd_separator", ("time_unreadable", "at"), at="2026-09-21x14:13:20Z"),
    order("number", ("record_key_type", "at"), at=1_790_000_000),
    order("future", ("time_out_of_range", "at"), at=_LATE),
    order("ancient", ("time_out_of_range", "at"), at="1989-12-31T23:59:59.999Z"),
    order("year_one", ("time_out_of_range", "at"), at="0001-01-01T00:00:00+23:59"),
    # --- properties
    told("missing", ("property_missing", "properties.total"), total=None),
    told("kind", ("property_type", "properties.order_id"), order_id=True),
    told("value", ("property_value", "properties.currency"), currency="usd"),
    told("exponent", ("money_exponent", "properties.total"), total="10.001"),
    told("yen", ("money_exponent", "properties.total"), currency="JPY", total="10.5"),
    told("empty_key", ("key_empty", "properties.order_id"), order_id=" "),
    order(
        "null",
        ("property_type", "properties.total"),
        properties={
            "order_id": "A-1",
            "total": None,
            "currency": "USD",
        },
    ),
    order("properties_kind", ("record_key_type", "properties"), properties="x"),
    gift(
        "not_allowed",
        ("property_not_allowed", "properties.colour"),
        properties={
            "note": "x",
            "colour": "red",
        },
    ),
    gift("minimum", ("property_value", "properties.level"), properties={"note": "x", "level": 0}),
    gift(
        "timestamp",
        ("time_out_of_range", "properties.sent_at"),
        properties={
            "note": "x",
            "sent_at": "2101-01-01T00:00:00Z",
        },
    ),
    gift(
        "timestamp_naive",
        ("time_naive", "properties.sent_at"),
        properties={
            "note": "x",
            "sent_at": "2026-09-21T14:13:20",
        },
    ),
    # --- attributes
    identify("email", ("property_value", "attributes.email"), attributes={"email": "x"}),
    identify("long", ("value_too_long", "attributes.region"), attributes={"region": "x" * 1001}),
    identify("attributes_kind", ("record_key_type", "attributes"), attributes=[]),
)
"""They go to quarantine."""

REMARKS = (
    told("extra", ("property_unknown", "properties.colour"), colour="red"),
    gift("assumed", ("version_assumed", "version"), version=None),
    identify("stripped", ("property_unknown", "attributes.colour"), attributes={"colour": "red"}),
    order(
        "damaged_email",
        ("person_link_invalid", "person.email"),
        person={"id": "42", "email": "ana"},
    ),
    identify(
        "damaged_phone",
        ("person_link_invalid", "person.phone"),
        person={"id": "42", "phone": "555"},
    ),
    raw(
        "link_by_a_damaged_phone",
        b'{"type":"link","person":{"id":"42","phone":5},"links":{"email":"ana@example.org"}}',
        ("person_link_invalid", "person.phone"),
    ),
    raw(
        "merge_from_a_damaged_email_too",
        b'{"type":"merge","person":"42","from":{"id":"43","email":"ana"}}',
        ("person_link_invalid", "from.email"),
    ),
    raw(
        "erase_of_a_damaged_email",
        b'{"type":"erase","person":{"id":"42","email":"ana"}}',
        ("person_link_invalid", "person.email"),
    ),
)
"""They are taken, with a remark."""
