"""Records in order: how they are read, what is assumed, and where the limits lie."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bad_records import CONTRACT, ORDER
from deciding import rows, run
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from truthpoint.core.examine import Examiner
from truthpoint.core.examined import Broken, Identity, Moment, NotOwner
from truthpoint.core.plan import plan
from truthpoint.core.records import MAX_DEPTH, Record, RecordType, Unreadable, read_record
from truthpoint.core.reused import other_id
from truthpoint.core.texts import normal_text
from truthpoint.testing.builders import START_MS, a_contract, an_identify, an_order, line
from truthpoint.values.instants import from_iso, to_iso

EXAMINER = Examiner(CONTRACT)


def read(**record: Any) -> Record | Unreadable:
    body = json.dumps(record).encode()
    return read_record(body, source="backend", captured_at_ms=START_MS)


def moment(body: bytes) -> Moment:
    one = EXAMINER.examine(read_record(body, source="backend", captured_at_ms=START_MS))
    assert isinstance(one, Moment)
    return one


def test_a_record_is_read_as_it_was_said() -> None:
    """Nothing is converted but JSON itself; numbers with a point are exact."""
    body = (
        b'{"type": "track", "event": "order_paid", "version": 3, "person": {"id": 42},'
        b' "at": "2026-09-21T16:13:20.5+02:00", "source": "web", "record_id": "r-1",'
        b' "properties": {"total": 0.1000000000000000000001, "n": 18446744073709551616}}'
    )

    assert Record(
        type=RecordType.TRACK,
        source="web",
        at_ms=START_MS + 500,
        person={"id": 42},
        event="order_paid",
        version=3,
        body={"total": Decimal("0.1000000000000000000001"), "n": 18446744073709551616},
        record_id="r-1",
    ) == read_record(body, source="backend", captured_at_ms=START_MS)


@pytest.mark.parametrize("written", [{}, dict.fromkeys(("at", "source", "record_id", "person"))])
def test_what_a_record_leaves_out_is_assumed(written: dict[str, None]) -> None:
    """`at` is the capture, `source` the caller's; null says as little as nothing."""
    assert Record(type=RecordType.IDENTIFY, source="backend", at_ms=START_MS) == read(
        type="identify", attributes=None, **written
    )


@pytest.mark.parametrize(("said", "person"), [("42", {"id": "42"}), (42, {"id": 42})])
def test_a_bare_person_is_the_canonical_id(said: object, person: dict[str, object]) -> None:
    """Text or a whole number."""
    record = read(type="identify", person=said)

    assert isinstance(record, Record)
    assert person == record.person


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ({"type": "link", "links": {"cus": "cus_9"}}, {"links": {"cus": "cus_9"}}),
        ({"type": "merge", "from": {"id": "43"}}, {"other": {"id": "43"}}),
        ({"type": "merge", "from": "43"}, {"other": {"id": "43"}}),
        ({"type": "merge", "from": 43}, {"other": {"id": 43}}),
        ({"type": "erase"}, {}),
        (
            {"type": "consent", "consents": {"a": False, "b": True}},
            {"consents": {"a": False, "b": True}},
        ),
    ],
)
def test_what_is_said_of_who_somebody_is_and_wants_is_read(
    said: dict[str, Any], held: dict[str, Any]
) -> None:
    """Each type has a key of its own, beside those that all have."""
    at = to_iso(START_MS - 1000)

    assert Record(
        type=RecordType(said["type"]),
        source="web",
        at_ms=START_MS - 1000,
        person={"email": "ana@example.org"},
        record_id="r-1",
        **held,
    ) == read(**said, at=at, person={"email": "ana@example.org"}, source="web", record_id="r-1")


_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "records.md"


def test_the_examples_of_who_somebody_is_and_wants_are_in_order() -> None:
    """Those of the reference: one of each type, under any contract."""
    (lines,) = re.findall(r"^```jsonl\n(.*?)^```$", _PAGE.read_text(), re.MULTILINE | re.DOTALL)
    now_ms = from_iso("2026-11-20T12:00:00Z")
    said = [
        read_record(one, source="backend", captured_at_ms=now_ms)
        for one in lines.encode().splitlines()
    ]

    types = [one.type for one in said if isinstance(one, Record)]
    assert ["link", "merge", "erase", "consent", "readmit"] == types


@pytest.mark.parametrize("kind", list(RecordType))
@pytest.mark.parametrize(("said", "test"), [(True, True), (False, False), (None, False)])
def test_a_record_of_any_type_may_be_of_test_mode(
    kind: RecordType, *, said: bool | None, test: bool
) -> None:
    """Law 19: a shop's test order is known by its record; null says as little as nothing."""
    own: dict[RecordType, dict[str, Any]] = {
        RecordType.TRACK: {"event": "order_paid"},
        RecordType.LINK: {"links": {"cus": "cus_9"}},
        RecordType.MERGE: {"from": "43"},
        RecordType.CONSENT: {"consents": {"a": False}},
    }
    record = read(type=kind.value, person="42", test=said, **own.get(kind, {}))

    assert isinstance(record, Record)
    assert test is record.test


def test_no_name_and_no_value_of_a_consent_is_shown() -> None:
    """Law 21: the names of consents may be a customer's words as well."""
    broken = read(type="consent", person="canary", consents={"canary": "canary"})

    assert isinstance(broken, Unreadable)
    assert ["A value of `consents` is a string; it must be true or false."] == [
        found.evidence for found in broken.findings
    ]


@pytest.mark.parametrize(
    ("at_ms", "taken"),
    [
        (START_MS + 300_000, True),
        (START_MS + 300_001, False),
        (631_152_000_000, True),
        (631_151_999_999, False),
    ],
)
def test_a_moment_lies_between_1990_and_five_minutes_ahead(at_ms: int, *, taken: bool) -> None:
    """Law 13: both bounds are inclusive, to the millisecond."""
    assert taken is isinstance(read(type="identify", at=to_iso(at_ms)), Record)


@pytest.mark.parametrize(("key", "length"), [("source", 150), ("record_id", 150)])
def test_names_may_have_150_characters(key: str, length: int) -> None:
    """The bound is inclusive."""
    assert isinstance(read(type="identify", **{key: "é" * length}), Record)


def test_what_can_be_read_of_a_broken_record_is_kept() -> None:
    """Source and id name a record in quarantine."""
    broken = read(type="tracc", source="web", record_id="r-1")

    assert isinstance(broken, Unreadable)
    assert ("web", "r-1") == (broken.source, broken.record_id)


@pytest.mark.parametrize("text", ['a\\":1', '\\": ', '\\"\\t:', "::::", '\\\\\\":\\"', "\\u0022:"])
def test_text_that_looks_like_keys_is_only_text(text: str) -> None:
    """A key that stands once stands once, whatever the values say."""
    body = f'{{"type":"identify","person":"42","attributes":{{"region":"{text}"}}}}'.encode()

    assert isinstance(read_record(body, source="backend", captured_at_ms=START_MS), Record)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(alphabet='a":\\ \t{', max_size=6),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text('a":\\ ', max_size=3), some),
    max_leaves=12,
)


@given(st.dictionaries(st.text('ab":\\ ', max_size=3), _JSON), st.sampled_from([None, 1]))
def test_a_key_is_repeated_only_where_it_is(value: dict[str, object], indent: int | None) -> None:
    """Any JSON that names no key twice is taken for that; and with one doubled, it is not."""
    body = json.dumps(value, indent=indent)
    found = read_record(body.encode(), source="b", captured_at_ms=0)
    assert isinstance(found, Unreadable)
    assert "key_repeated" not in [one.code for one in found.findings]
    if value:
        key = json.dumps(next(iter(value)))
        whole = f"{body[: body.rindex('}')].rstrip()},{key} : 1}}"
        again = read_record(whole.encode(), source="b", captured_at_ms=0)
        assert isinstance(again, Unreadable)
        assert "key_repeated" in [one.code for one in again.findings]


def _depth(value: object) -> int:
    """How deep a value is nested, by recursion."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, dict | list) + max(map(_depth, inner), default=0)


@given(
    st.recursive(st.integers(0, 9), lambda one: st.lists(one, max_size=3), max_leaves=9),
    st.lists(st.sampled_from(["[", "{"]), max_size=MAX_DEPTH + 2),
    st.integers(0, MAX_DEPTH),
)
def test_a_record_is_too_deep_only_where_it_is(value: object, nest: list[str], wide: int) -> None:
    """It is nested 64 levels at most, itself included, however wide it is."""
    for one in nest:
        value = [value, []] if one == "[" else {"a": value, "b": {}}
    said = {"type": "identify", "person": "42", "attributes": {"x": value, "y": [[]] * wide}}

    read = read_record(json.dumps(said).encode(), source="backend", captured_at_ms=START_MS)

    codes = [one.code for one in read.findings] if isinstance(read, Unreadable) else []
    assert (["record_too_deep"] if _depth(said) > MAX_DEPTH else []) == codes


@given(st.binary(max_size=60) | st.text(max_size=30).map(str.encode))
def test_any_bytes_are_read_or_told_why_not(body: bytes) -> None:
    """Reading never raises, and what is not read has at least one error."""
    found = read_record(body, source="backend", captured_at_ms=START_MS)

    assert isinstance(found, Record) or {one.severity for one in found.findings} == {"error"}


_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(max_size=4),
    lambda some: (
        st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=3), some, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from([*RecordType, "other"]) | _VALUE,
            "event": st.sampled_from(["order_paid", "gift_sent"]) | _VALUE,
            "version": _VALUE,
            "person": st.just("42") | _VALUE,
            "at": st.datetimes().map(lambda one: f"{one.isoformat()}Z") | _VALUE,
            "source": st.just("backend") | _VALUE,
            "record_id": _VALUE,
            "properties": st.dictionaries(
                st.sampled_from(["order_id", "total", "currency", "note"]), _VALUE
            )
            | _VALUE,
            "attributes": st.dictionaries(st.sampled_from(["email", "region", "x"]), _VALUE),
            "links": st.dictionaries(st.sampled_from(["email", "x"]), _VALUE) | _VALUE,
            "from": st.just("43") | _VALUE,
            "consents": st.dictionaries(st.just("x"), st.booleans() | _VALUE) | _VALUE,
            "test": st.booleans() | _VALUE,
        },
    )
)
def test_any_record_is_examined_and_broken_ones_say_why(record: dict[str, object]) -> None:
    """Examination never raises, and gives the same answer again."""
    said = read_record(line(**record), source="backend", captured_at_ms=START_MS)
    one = EXAMINER.examine(said)

    assert one == EXAMINER.examine(said)
    assert isinstance(one, Broken) == any(found.severity == "error" for found in one.findings)


def test_a_moment_is_normalised_with_its_key_and_what_it_is_compared_by() -> None:
    """Values in the contract's order, amounts exact, defaults filled in."""
    body = json.dumps(
        {**ORDER, "properties": {"total": 10, "order_id": 7, "currency": "USD"}}
    ).encode()
    one = moment(body)

    assert [
        ("order_id", "7"),
        ("total", Decimal("10.00")),
        ("currency", "USD"),
        ("coupon", ""),
    ] == list(one.values.items())
    assert (("7",), ("10", "USD")) == (one.key, one.compare)
    assert ("42", START_MS, ()) == (one.who.id, one.at_ms, one.findings)


@pytest.mark.parametrize(
    ("change", "barriers"),
    [
        ({"region": "x"}, [False]),
        ({"email": "a@b"}, [True]),
        ({"email": None}, [True]),
        ({"email": "eva@example.org"}, []),
        ({}, []),
    ],
)
def test_an_identify_that_changes_an_identifier_goes_alone(
    change: dict[str, Any], barriers: list[bool]
) -> None:
    """Law 7: it is a barrier; one that says nothing new is not sent at all."""
    known = run(rows(an_identify(email="eva@example.org"))).known
    decision = run(rows(an_identify(at_ms=START_MS + 1, **change), first=2), known=known)

    assert barriers == [one.barrier for one in decision.decisions[0].operations]


def test_a_person_id_may_have_150_bytes() -> None:
    """Counted in UTF-8, without a pattern as with one."""
    body = line(type="identify", person={"id": "1" * 150})

    assert isinstance(
        EXAMINER.examine(read_record(body, source="backend", captured_at_ms=START_MS)), Identity
    )


def test_an_event_of_another_source_is_the_owners_alone() -> None:
    """Law 6: what it says of an event that is not its own is not even validated."""
    body = line(type="track", event="order_paid", source="stripe", properties={"junk": 1})
    one = EXAMINER.examine(read_record(body, source="backend", captured_at_ms=START_MS))

    assert isinstance(one, NotOwner)
    assert [("not_owner", "`order_paid` belongs to the source `backend`.")] == [
        (found.code, found.evidence) for found in one.findings
    ]


def test_the_version_that_the_contract_declares_is_taken_without_a_word() -> None:
    """Also when it is the only one there ever was, and is not named."""
    assert () == moment(an_order()).findings
    assert () == moment(json.dumps({**ORDER, "version": 1}).encode()).findings


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (10**15, "1000000000000000"),
        (-(2**63), "-9223372036854775808"),
        (Decimal("10.00"), "10"),
        (Decimal("1E+18"), "1000000000000000000"),
        (Decimal("-0.50"), "-0.5"),
        (Decimal("-0.0"), "0"),
        (None, "null"),
        ([Decimal("1.50"), True, None, "1"], '[1.5,true,null,"1"]'),
        ({"b": [1], "a": {"d": "x", "c": "y"}}, '{"a":{"c":"y","d":"x"},"b":[1]}'),
    ],
)
def test_a_value_has_one_text_however_it_was_written(value: object, text: str) -> None:
    """Keys and comparisons are made of it (law 5)."""
    assert text == normal_text(value)


def test_an_examiner_is_of_one_contract() -> None:
    """Without the event it is unknown."""
    poorer = Examiner(a_contract(without=["order_paid"]))

    one = poorer.examine(read_record(an_order(), source="backend", captured_at_ms=START_MS))
    assert isinstance(one, Broken)


@pytest.mark.parametrize(
    ("body", "codes", "event"),
    [
        (ORDER, [], "order_paid"),
        ({**ORDER, "source": "stripe"}, ["not_owner"], "order_paid"),
        ({**ORDER, "person": {}}, ["person_unresolved"], "order_paid"),
        ({"type": "identify", "person": "42", "record_id": "r"}, [], None),
        ({"type": "identify", "persom": "42"}, ["record_key_unknown"], None),
    ],
)
def test_a_record_whose_id_was_used_is_broken(
    body: dict[str, object], codes: list[str], event: str | None
) -> None:
    """Law 16: whatever else it is; and a replay takes it as a record of its own."""
    (row,) = rows(json.dumps(body).encode())
    reused = replace(row, record_id=other_id("r", row.body))
    named = replace(row, record_id="reused-by-its-source")

    one = plan([reused], EXAMINER).examined[0]

    assert isinstance(one, Broken)
    assert ["record_id_reused", *codes] == [found.code for found in one.findings]
    assert event == one.event
    as_own = plan([row], EXAMINER)
    released = plan([replace(reused, replayed=True)], EXAMINER)
    assert as_own.examined == released.examined
    itself = json.dumps({**body, "record_id": named.record_id}).encode()
    assert (
        as_own.examined[0].findings
        == plan([replace(named, body=itself)], EXAMINER).examined[0].findings
    )
