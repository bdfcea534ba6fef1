"""The short way from bytes to a moment says what the long way says, or leaves it to that."""

from __future__ import annotations

import json
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from truthpoint.contract.model import Contract, Event, Extra, Kind, Property, Source, Type
from truthpoint.core.examine import Examiner
from truthpoint.core.examined import Broken, Examined, Moment
from truthpoint.core.records import MAX_DEPTH, read_record
from truthpoint.core.usual import UsualRecords
from truthpoint.testing.builders import START_MS, a_contract, a_property, an_order

AT = "2026-09-21T12:53:20+00:00"

_SCALAR_TYPES = st.sampled_from(
    [
        *(Type(kind=kind) for kind in Kind if kind not in (Kind.LIST, Kind.OBJECT)),
        Type(kind=Kind.TIMESTAMP, unit="s"),
        Type(kind=Kind.INTEGER, minimum=Decimal(0), maximum=Decimal(5)),
        Type(kind=Kind.INTEGER, minimum=Decimal("0.5")),
        Type(kind=Kind.INTEGER, maximum=Decimal(10) ** 25),
        Type(kind=Kind.NUMBER, maximum=Decimal("1.5")),
        Type(kind=Kind.MONEY, minimum=Decimal(1)),
        Type(kind=Kind.STRING, pattern="^a"),
        Type(kind=Kind.STRING, choices=("a", "b")),
        Type(kind=Kind.CURRENCY, choices=("USD", "JPY")),
    ]
)

_DEFAULTS: dict[Kind, tuple[object, ...]] = {
    Kind.STRING: ("", "a", 'say ":":'),
    Kind.INTEGER: (1,),
    Kind.NUMBER: (1, Decimal("0.25")),
    Kind.MONEY: (0, Decimal("1.25")),
    Kind.CURRENCY: ("USD", "JPY"),
    Kind.BOOLEAN: (True,),
    Kind.LIST: ([],),
}
"""Some do not fit the bounds of some types, or another currency than the contract's."""


@st.composite
def _fields(draw: st.DrawFn, types: st.SearchStrategy[Type]) -> tuple[Property, ...]:
    named = draw(st.dictionaries(st.sampled_from("abcde"), types, min_size=1, max_size=4))
    return tuple(_property(draw, name, of) for name, of in named.items())


def _property(draw: st.DrawFn, name: str, of: Type) -> Property:
    defaults = _DEFAULTS.get(of.kind, ())
    if not defaults or draw(st.booleans()):
        return Property(name=name, type=of, required=True)
    return Property(name=name, type=of, default=draw(st.sampled_from(defaults)))


def _nested(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    objects = _fields(inner).map(lambda fields: Type(kind=Kind.OBJECT, fields=fields))
    return st.one_of(
        inner.map(lambda item: Type(kind=Kind.LIST, item=item)),
        objects.map(lambda item: Type(kind=Kind.LIST, item=item)),
        objects,
    )


_TYPES = st.recursive(_SCALAR_TYPES, _nested, max_leaves=5)


@st.composite
def _contracts(draw: st.DrawFn) -> Contract:
    properties = draw(_fields(_TYPES))
    if draw(st.booleans()):
        properties += (_property(draw, "currency", Type(kind=Kind.CURRENCY)),)
    names = [*(one.name for one in properties), "at"]
    event = Event(
        name="sold",
        owner="backend",
        wire="sold",
        version=draw(st.sampled_from([1, 1, 2])),
        key=tuple(draw(st.lists(st.sampled_from(names), max_size=2, unique=True))),
        compare=tuple(draw(st.lists(st.sampled_from(names[:-1]), max_size=2, unique=True))),
        correlation=draw(st.sampled_from([None, names[0]])),
        extra=draw(st.sampled_from(Extra)),
        properties=properties,
    )
    shop = a_contract(*([] if draw(st.booleans()) else [_OTHER]))
    return replace(
        shop,
        currency=draw(st.sampled_from(["USD", "JPY", "KWD"])),
        events={**shop.events, "sold": event} if draw(st.booleans()) else {"sold": event},
    )


_OTHER = Event(name="seen", owner="backend", wire="seen", properties=(a_property("page"),))

_ODD = st.sampled_from(
    [
        *(None, True, 0, -1, 2**63, 10**30, "", " ", "a", "USD", "usd", "JPY", AT, "é", '":"'),
        *(Decimal("1.50"), Decimal("1E+2"), Decimal("1E-50"), Decimal("-0.0"), Decimal(2)),
        *(
            "1.50",
            "1",
            "-1.5",
            "1e5",
            "01.50",
            "1.1234567",
            " 1.50",
            "1_0.00",
            "\u0661.\u0665\u0660",
            "0.00",
        ),
        *([], {}, ["a"], {"a": 1}, [[[]]]),
    ]
)

_FITTING: dict[Kind, st.SearchStrategy[object]] = {
    Kind.STRING: st.sampled_from(["a", "b", "ab", ""]) | st.text(max_size=4),
    Kind.INTEGER: st.integers(-2, 7),
    Kind.NUMBER: st.integers(-2, 7) | st.decimals(-9, 9, places=3),
    Kind.MONEY: st.decimals(0, 99_999, places=2).map(str) | st.decimals(0, 99, places=2),
    Kind.CURRENCY: st.sampled_from(["USD", "JPY", "KWD"]),
    Kind.BOOLEAN: st.booleans(),
    Kind.TIMESTAMP: st.just(AT) | st.integers(0, 2_000_000_000),
    Kind.DATE: st.dates().map(str),
    Kind.EMAIL: st.just("ana@example.org"),
    Kind.PHONE: st.just("+14155550123"),
    Kind.URL: st.just("https://example.org/a"),
}


def _value(data: st.DataObject, of: Type, noise: Random) -> object:
    """A value that mostly fits its type."""
    if noise.random() < 0.03:
        return data.draw(_ODD)
    if of.item is not None:
        return [_value(data, of.item, noise) for _ in range(noise.randrange(4))]
    if of.fields:
        return _object(data, of.fields, noise)
    return data.draw(_FITTING[of.kind])


def _object(data: st.DataObject, fields: tuple[Property, ...], noise: Random) -> dict[str, object]:
    given = {one.name: _value(data, one.type, noise) for one in fields}
    for one in fields:
        if noise.random() < (0.02 if one.required else 0.3):
            del given[one.name]
    if noise.random() < 0.03:
        given["zz"] = 1
    return given


_ODD_KEYS: dict[str, tuple[object, ...]] = {
    "type": ("identify", "link", None, "x", 1),
    "event": ("seen", "order_paid", "nothing", "", None, 1),
    "person": (
        *(7, "7", "", 2.5, True, None, [], {}),
        *({"id": 7}, {"id": "x"}, {"id": " "}, {"id": True}, {"id": None}, {"id": "7" * 151}),
        *({"id": "7", "email": one} for one in ("a@b.cd", None, 3, [], {})),
        *({"id": "7", "other": "1"}, {"email": "a@b.cd"}),
    ),
    "at": (
        *(AT.replace("T", "x"), AT.replace("T", " "), AT[:-6], AT[:10], "2099-01-01T00:00:00Z"),
        *("1980-01-01T00:00:00Z", "20260921T12Z", "2026-W39-1T12:00:00.5+02:00", 3, None),
    ),
    "source": ("stripe", "backend", "nobody", "", None, 3),
    "record_id": ("r1", "reused-1", "x" * 151, "", None, 3),
    "version": (1, 2, 3, None, True, 1.5, "1"),
    "properties": (None, [], {}, "a"),
    "more": (1,),
}
"""What a record may say otherwise than most: some of it is in order, most is not."""


def _record(properties: object, noise: Random) -> dict[str, object]:
    """A track record that mostly has nothing unusual about it."""
    record = {
        "type": "track",
        "event": "sold",
        "person": {"id": "17"},
        "at": AT,
        "properties": properties,
    }
    if noise.random() < 0.25:
        name = noise.choice([*_ODD_KEYS])
        record[name] = noise.choice(_ODD_KEYS[name])
    if noise.random() < 0.05:
        del record[noise.choice([*record])]
    return record


def _text(value: Any, noise: Random, doubling: float) -> str:
    """JSON, in one of its ways of being written; now and then a key stands in it twice."""
    gap = noise.choice(["", "", "", " ", "\n\t"])
    if isinstance(value, dict):
        pairs = [
            f"{_text(name, noise, 0)}{gap}:{gap}{_text(one, noise, doubling)}"
            for name, one in value.items()
        ]
        for pair in tuple(pairs):
            if noise.random() < doubling:
                pairs.insert(noise.randrange(len(pairs) + 1), pair)
        if noise.random() < 0.3:
            noise.shuffle(pairs)
        return "{" + f",{gap}".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + f",{gap}".join(_text(one, noise, doubling) for one in value) + "]"
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=noise.random() < 0.3)


def _plain(value: object) -> object:
    """What is in structs, as the long way gives it."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, msgspec.Struct):
        return {name: _plain(one) for name, one in msgspec.structs.asdict(value).items()}
    return value


def _both(
    contract: Contract, body: bytes, *, source: str = "backend", kept_as: str | None = None
) -> tuple[Examined, Examined]:
    """What the long way and the short way say."""
    examiner = Examiner(contract)
    read = read_record(body, source=source, captured_at_ms=START_MS)
    long = examiner.examine(read, source=source, kept_as=kept_as)
    short = examiner.examine_body(body, source=source, captured_at_ms=START_MS, kept_as=kept_as)
    if isinstance(short, Moment):
        short = replace(short, values={name: _plain(one) for name, one in short.values.items()})
    return long, short


def _is_usual(contract: Contract, body: bytes) -> bool:
    read = UsualRecords(contract).read(
        body, source="backend", captured_at_ms=START_MS, kept_as=None
    )
    return read is not None


def _body(**more: object) -> bytes:
    properties = {"order_id": "A-1", "total": "12.50", "currency": "USD"}
    return msgspec.json.encode(
        {
            "type": "track",
            "event": "order_paid",
            "person": {"id": "7"},
            "at": AT,
            "properties": properties | more,
        }
    )


@given(st.data(), _contracts(), st.integers(0, 2**32))
def test_the_short_way_never_says_anything_else_than_the_long_way(
    data: st.DataObject, contract: Contract, seed: int
) -> None:
    """Under any contract and for any bytes: the same moment, key, bytes to send and findings."""
    fields, noise = contract.events["sold"].properties, Random(seed)
    bodies: list[bytes] = []
    for _ in range(6):
        record = _record(_object(data, fields, noise), noise)
        doubling = noise.choice([0, 0, 0.05])
        bodies.append(_text(record, noise, doubling).encode(errors="replace"))
    kept_as = noise.choice([None, "r1", "reused-1"])

    both = [_both(contract, body, kept_as=kept_as) for body in bodies]

    for long, short in both:
        assert long == short
        assert repr(long) == repr(short)


@given(st.binary(max_size=12), st.integers(0, 200), st.integers(0, 3))
def test_bytes_that_are_damaged_anywhere_are_judged_alike(
    said: bytes, place: int, taken: int
) -> None:
    """Also no JSON, no UTF-8, and keys that only look alike: both ways say the same."""
    body = _body()
    damaged = body[: place % len(body)] + said + body[place % len(body) + taken :]

    long, short = _both(a_contract(), damaged)

    assert long == short


@pytest.mark.parametrize("name", [*_ODD_KEYS])
def test_whatever_a_record_says_otherwise_than_most_both_ways_say_the_same(name: str) -> None:
    """Whoever, whenever, whatever its version, source and id: each is judged alike."""
    record = msgspec.json.decode(_body())
    for source, kept_as in (("backend", None), ("backend", "reused-1"), ("stripe", "r1")):
        for value in _ODD_KEYS[name]:
            body = msgspec.json.encode(record | {name: value})
            long, short = _both(a_contract(), body, source=source, kept_as=kept_as)

            assert long == short


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD", "usd"])
def test_a_default_of_money_is_filled_in_in_the_currency_of_its_event(currency: str) -> None:
    """Law 15: with as many decimals as that has; one that has too many for it is no default."""
    fees = Event(
        name="order_paid",
        owner="backend",
        wire="order_paid",
        properties=(
            a_property("order_id"),
            a_property("total", Kind.MONEY),
            a_property("currency", Kind.CURRENCY),
            a_property("fee", Kind.MONEY, default=0),
            a_property("duty", Kind.MONEY, default=Decimal("1.25")),
        ),
    )
    for given_total in ("12.50", "12", "12.500"):
        for more in ({}, {"fee": "1"}, {"duty": "2"}, {"fee": 0, "duty": 1}):
            long, short = _both(
                a_contract(fees), _body(currency=currency, total=given_total, **more)
            )

            assert long == short
            assert repr(long) == repr(short)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(_body(), id="as declared"),
        pytest.param(_body(coupon="é"), id="with a default given"),
        pytest.param(_body(coupon="?").replace(b"?", b"\\u00e9"), id="with an escaped letter"),
        pytest.param(_body().replace(b'"12.50"', b"12.50"), id="money as a number"),
        pytest.param(_body().replace(b'{"id":"7"}', b'"7"'), id="a person as an id"),
        pytest.param(_body().replace(b'"7"', b'7,"email":null'), id="a person with a link"),
        pytest.param(_body().replace(b'":', b'" :\n'), id="with white space"),
        pytest.param(
            _body().replace(b"{", b'{"version":1,"source":"backend","record_id":"a",', 1),
            id="with all that a record may say",
        ),
    ],
)
def test_what_most_records_look_like_goes_the_short_way(body: bytes) -> None:
    """The short way is not only right: it is taken."""
    long, short = _both(a_contract(), body)

    assert isinstance(short, Moment)
    assert long == short
    assert _is_usual(a_contract(), body)


@pytest.mark.parametrize(
    "twice",
    [
        pytest.param((b'"7"', b'"7","id":"7"'), id="in the person"),
        pytest.param((b'"currency"', b'"total":"12.50","currency"'), id="in the properties"),
        pytest.param((b'"type"', b'"event":"order_paid","type"'), id="in the record"),
        pytest.param((b'"event"', b'"type"'), id="in the place of another"),
        pytest.param((b'"currency"', b'"order_id" : "A-1","currency"'), id="with white space"),
        pytest.param((b'"currency"', b'"total":"1","coupon":"\\u0022:","currency"'), id="hidden"),
    ],
)
def test_a_key_named_twice_is_seen_on_the_short_way_too(twice: tuple[bytes, bytes]) -> None:
    """Which of the two was meant is a guess, and a default that is filled in hides none."""
    body = _body()
    for contract in (a_contract(), a_contract(without=["order_refunded", "product_viewed"])):
        long, short = _both(contract, body.replace(*twice))

        assert isinstance(short, Broken)
        assert long == short


def test_nesting_beyond_the_bound_is_left_to_the_long_way() -> None:
    """A contract may declare deeper objects than a record may hold."""
    of = Type(kind=Kind.STRING)
    value: object = "a"
    for _ in range(MAX_DEPTH):
        of = Type(kind=Kind.OBJECT, fields=(Property(name="a", type=of, required=True),))
        value = {"a": value}
    event = Event(
        name="order_paid",
        owner="backend",
        wire="order_paid",
        properties=(Property(name="deep", type=of, required=True),),
    )
    contract = Contract(
        shop="acme", events={"order_paid": event}, sources={"backend": Source(name="backend")}
    )
    body = msgspec.json.encode(msgspec.json.decode(_body()) | {"properties": {"deep": value}})

    long, short = _both(contract, body)

    assert isinstance(short, Broken)
    assert long == short


def test_an_event_of_nobody_has_no_usual_form() -> None:
    """A contract made by hand may name an owner that it does not declare: the long way says so."""
    contract = a_contract()
    orphan = replace(contract.events["order_paid"], owner="nobody")
    broken = replace(contract, events={**contract.events, "order_paid": orphan})
    read = UsualRecords(broken).read(
        an_order(), source="nobody", captured_at_ms=START_MS, kept_as=None
    )

    assert read is None
