"""The usual form of an event's properties: decoded and checked by the JSON reader itself.

Most records give every property in the form that the contract declares. For these the
contract is compiled to typed structs, so that the reader sees to kinds, whole numbers in
their bounds, and what is missing or not declared. What it does not see to (amounts, times,
codes, patterns, defaults) goes through the same conversions and schemas as in `check`.

Whatever is not in its usual form is `Unusual`, and nothing more is said about it here:
`check` is the authority, and knows all reasons. What is taken here is what `check` makes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Final, Union

import jsonschema_rs
import msgspec

from truthpoint.values.currencies import EXPONENTS

from .convert import LARGEST_INTEGER, Converter, usual_amount
from .model import Kind, Type
from .schema import type_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .convert import Note
    from .model import Event, Property

DEEPEST: Final = 16
"""Deepest nesting of declared properties that is compiled."""

AMOUNTS_KEPT: Final = 16_384
"""Amounts whose decimal is remembered, about 4 MB at most."""

Leaf = Callable[[Any], object]
"""Returns the normalised form of a decoded value; raises `Unusual`."""

Inner = Callable[[Any], int]
"""Puts a decoded list or object into normalised form, in place; returns what was filled."""

_UNFIT: Final = object()
_MONEY: Final = Type(kind=Kind.MONEY)
_CONVERTER: Final = Converter("USD")
"""Any currency will do: exponents are always given."""

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


class Unusual(Exception):
    """A value is not in its usual form; what it is instead, `check` says."""


class Written(str):
    """A number with a point or an exponent, as it is written; the reader makes it of each.

    An amount that most look like is the same amount as a number and as a text.
    """

    __slots__ = ()


class UsualEvent:
    """The usual form of one event's properties; compiled once.

    Args:
        event: The event.
        currency: The contract's currency.

    Raises:
        Unusual: It has none: a value is of no declared shape, or is compared as an object.
    """

    def __init__(self, event: Event, currency: str) -> None:
        named = {*event.key, *event.compare, event.correlation}
        if any(one.name in named and _holds_objects(one.type) for one in event.properties):
            raise Unusual
        self._event = event
        self._exponent = EXPONENTS.get(currency, 2)
        said = next((one for one in event.properties if is_currency(one)), None)
        self._says_currency = said is not None
        self._default_currency: Any = None if said is None else said.default
        self._looks = {self._exponent: _looks(event.properties, self._exponent)}
        self.type: type[Any] = _struct(event.properties, 1)
        """What the reader decodes the properties into."""

    def normalised(self, given: Any) -> tuple[dict[str, object], int]:
        """Return decoded properties in normalised form.

        Returns:
            The values by name, in the order of the contract, an object within them being
            a struct; and how often `":` stands in what defaults brought, names included.

        Raises:
            Unusual: They are not in their usual form.
            ValueError: The same; a validator has bounds of its own.
        """
        exponent = self._exponent
        if self._says_currency:
            said = given.currency
            said = self._default_currency if said is msgspec.UNSET else said
            exponent = EXPONENTS.get(said)
            if exponent is None:
                raise Unusual
        looks = self._looks.get(exponent)
        if looks is None:
            looks = self._looks[exponent] = _looks(self._event.properties, exponent)
        values: dict[str, object] = msgspec.structs.asdict(given)
        filled = 0
        for name, leaf, inner, default, brought in looks:
            value = values[name]
            if value is msgspec.UNSET:
                if default is _UNFIT:
                    raise Unusual
                values[name] = default
                filled += brought
            elif leaf is not None:
                values[name] = leaf(value)
            elif inner is not None:
                filled += inner(value)
        return values, filled


def is_currency(one: Property) -> bool:
    """Tell whether a property says in which currency its event is."""
    return one.name == "currency" and one.type.kind is Kind.CURRENCY


def _holds_objects(given: Type) -> bool:
    return given.kind is Kind.OBJECT or (given.item is not None and _holds_objects(given.item))


def _struct(fields: Iterable[Property], depth: int) -> type[Any]:
    """Return the struct of an object: closed, and what has a default may be left out."""
    if depth > DEEPEST:
        raise Unusual
    declared: list[Any] = []
    for one in fields:
        if not one.name.isidentifier() or not one.name.isascii() or one.name == "event_id":
            raise Unusual
        decoded = _decoded(one.type, depth)
        declared.append(
            (one.name, decoded)
            if one.required
            else (one.name, Union[decoded, msgspec.UnsetType], msgspec.UNSET)  # noqa: UP007 - at run time
        )
    return msgspec.defstruct(
        "Properties", declared, forbid_unknown_fields=True, kw_only=True, eq=False, gc=False
    )


def _decoded(given: Type, depth: int) -> Any:
    """Return what the reader decodes a type into: as much as it can see to by itself."""
    if given.item is not None:
        return list[_decoded(given.item, depth)]
    match given.kind:
        case Kind.MONEY | Kind.NUMBER | Kind.TIMESTAMP:
            return Any
        case Kind.INTEGER:
            return Annotated[int, msgspec.Meta(ge=_least(given), le=_greatest(given))]
        case Kind.BOOLEAN:
            return bool
        case Kind.OBJECT if given.fields:
            return _struct(given.fields, depth + 1)
        case Kind.OBJECT | Kind.LIST:
            raise Unusual
        case _:
            return str


def _least(given: Type) -> int:
    least = given.minimum
    return int(least) if least is not None and _is_seen_to(least) else -LARGEST_INTEGER


def _greatest(given: Type) -> int:
    greatest = given.maximum
    return int(greatest) if greatest is not None and _is_seen_to(greatest) else LARGEST_INTEGER


def _is_seen_to(bound: Decimal) -> bool:
    """Tell whether the reader itself can hold a whole number to a bound."""
    return abs(bound) <= LARGEST_INTEGER and bound == int(bound)


_Look = tuple[str, "Leaf | None", "Inner | None", object, int]
"""A property to look at again: its name; what is left to do, if it is given; else its
default in normalised form, or `_UNFIT`, and how many marks `":` that brings."""


def _looks(fields: Sequence[Property], exponent: int | None) -> list[_Look]:
    """Return the properties that the reader has not seen to."""
    looks: list[_Look] = []
    for one in fields:
        leaf, inner = _step(one.type, exponent, named=is_currency(one) and exponent is not None)
        default, brought = (_UNFIT, 0) if one.required else _default(one, exponent)
        if leaf or inner or not one.required:
            looks.append((one.name, leaf, inner, default, brought))
    return looks


def _default(one: Property, exponent: int | None) -> tuple[object, int]:
    """Return a default as `check` fills it in, if it fits, and how many marks it brings."""
    default, notes = one.default, list["Note"]()
    if one.type.kind is Kind.MONEY:
        default = _CONVERTER.of(one.type, exponent=exponent)(default, notes)
    if notes or not jsonschema_rs.is_valid(type_schema(one.type), default):
        return _UNFIT, 0
    return default, _encode({one.name: default}).count(b'":')


def _step(
    given: Type, exponent: int | None, *, named: bool = False
) -> tuple[Leaf | None, Inner | None]:
    """Return what is left to do with a decoded value of a type; at most one of the two.

    Args:
        given: The type.
        exponent: Decimals of money at the top of an event; None: inside an item.
        named: Whether it is the event's currency, which was looked at before all others.
    """
    if given.item is not None:
        # An amount in a list is kept as one in an item is, wherever the list stands.
        leaf, inner = _step(given.item, None)
        if leaf is not None:
            return None, _each_leaf(leaf)
        return None, inner and _each_inner(inner)
    if given.fields:
        looks = _looks(given.fields, None)
        return None, _object(looks) if looks else None
    return (None if named and not _is_bound(given) else _leaf(given, exponent)), None


def _each_leaf(leaf: Leaf) -> Inner:
    def convert(given: list[object]) -> int:
        given[:] = [leaf(one) for one in given]
        return 0

    return convert


def _each_inner(inner: Inner) -> Inner:
    def convert(given: list[object]) -> int:
        filled = 0
        for one in given:
            filled += inner(one)
        return filled

    return convert


def _object(looks: list[_Look]) -> Inner:
    def convert(given: object) -> int:
        filled = 0
        for name, leaf, inner, default, brought in looks:
            value: object = getattr(given, name)
            if value is msgspec.UNSET:
                if default is _UNFIT:
                    raise Unusual
                setattr(given, name, default)
                filled += brought
            elif leaf is not None:
                setattr(given, name, leaf(value))
            elif inner is not None:
                filled += inner(value)
        return filled

    return convert


def _leaf(given: Type, exponent: int | None) -> Leaf | None:
    """Return what is left to do with a value that holds no others; None: nothing."""
    if given.kind is Kind.INTEGER:
        # The reader saw to bounds that are whole numbers of 64 bits.
        bounds = (one for one in (given.minimum, given.maximum) if one is not None)
        return None if all(_is_seen_to(one) for one in bounds) else _checked(given, exponent)
    if given.kind is Kind.MONEY and not _is_bound(given):
        return _amount(exponent)
    if given.kind in (Kind.STRING, Kind.BOOLEAN) and not _is_bound(given):
        return None
    return _checked(given, exponent)


def _is_bound(given: Type) -> bool:
    bounds = (given.minimum, given.maximum, given.pattern)
    return bool(given.choices) or any(one is not None for one in bounds)


def _checked(given: Type, exponent: int | None) -> Leaf:
    """Return the conversion and the validation of a type, those that `check` uses."""
    convert = _CONVERTER.of(given, exponent=exponent)
    is_valid = jsonschema_rs.validator_for(type_schema(given)).is_valid

    def check(value: object) -> object:
        notes: list[Note] = []
        converted = convert(Decimal(value) if type(value) is Written else value, notes)
        if notes or not is_valid(converted):
            raise Unusual
        return converted

    return check


class _Amounts(dict[object, object]):
    """Money as it is written to its amount: a shop has few prices, and each is read often."""

    def __init__(self, exponent: int | None) -> None:
        super().__init__()
        self._usual = usual_amount(exponent)
        self._shortens = exponent is None
        self._otherwise = _checked(_MONEY, exponent)

    def __missing__(self, value: object) -> object:
        """Return the amount of a value met for the first time; what most look like is kept."""
        if not isinstance(value, str) or not self._usual.fullmatch(value):
            return self._otherwise(value)
        if len(self) >= AMOUNTS_KEPT:
            self.clear()
        amount = Decimal(value.rstrip("0").rstrip(".") if self._shortens else value)
        self[str(value)] = amount
        return amount


@cache
def _amount(exponent: int | None) -> Leaf:
    """Return the conversion of money without bounds."""
    return _Amounts(exponent).__getitem__
