"""A mapping as the JSON of a record: exact amounts, aware times, nothing guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

import msgspec

from truthpoint.errors import UsageError
from truthpoint.values.instants import InstantRefused, from_datetime, to_iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# A decimal is a JSON number, digit for digit: right for money and for any other number.
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode

_JSON_KINDS: Final[frozenset[type]] = frozenset({str, int, bool, type(None)})

_MANY_ITEMS: Final = 10_000

_KINDS: Final = "Use str, int, bool, None, Decimal, aware datetime, list and dict."

# A key of another shape may be a customer's word, and errors never hold one (law 21).
SHOWN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


def encode_record(record: Mapping[str, object]) -> bytes:
    """Return a mapping as the JSON of a record.

    Raises:
        UsageError: It is no mapping, or holds a float, a naive datetime, or a value of
            another kind.
    """
    if not isinstance(record, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
        raise UsageError(
            f"A record is bytes or a mapping, and this is a {type(record).__name__}.",
            hint="Give its JSON as bytes in UTF-8, or a dict of the same shape.",
        )
    try:
        given = cast("dict[object, object]", record)
        usual = type(given) is dict and _is_plain(given)
        return _encode(given if usual else _plain(given, "record"))
    except RecursionError:
        raise UsageError("The record is nested too deeply.", hint="Flatten it.") from None
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
        raise UsageError(
            "The record holds a value that cannot be written as JSON in UTF-8.", hint=_KINDS
        ) from None


def _is_plain(record: dict[object, object]) -> bool:
    """Tell whether a dict holds nothing but JSON's own kinds, exactly.

    Most records do: they need no copy, and nobody asks for the path of what is in order.
    """
    held: list[object] = [record]
    for one in held:
        if type(one) is list:
            values = cast("Iterable[object]", one)
        else:
            mapping = cast("dict[object, object]", one)
            for key in mapping:
                if type(key) is not str:
                    return False
            values = mapping.values()
        for value in values:
            kind = type(value)
            if kind in _JSON_KINDS:
                continue
            if kind is dict or kind is list:
                held.append(value)
            elif kind is not Decimal or not cast("Decimal", value).is_finite():
                return False
        if len(held) > _MANY_ITEMS:
            # What holds itself never ends; the long way finds that out.
            return False
    return True


def _plain(value: object, path: str) -> object:
    """Return a value as what JSON has, or refuse it by its path."""
    if value is None or isinstance(value, bool):
        return value
    # Subclasses, such as an enumeration's members, are their plain values.
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Decimal | float):
        return _exact(value, path)
    if isinstance(value, date):
        return instant_text(value, path) if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, Mapping):
        held = cast("Mapping[object, object]", value)
        return {_key(key, path): _plain(one, _below(path, key)) for key, one in held.items()}
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        return [_plain(one, f"{path}[{place}]") for place, one in enumerate(items)]
    raise UsageError(f"`{path}` is a {type(value).__name__}.", hint=_KINDS)


def _exact(value: Decimal | float, path: str) -> Decimal:
    if not isinstance(value, Decimal):
        raise UsageError(
            f"`{path}` is a float.",
            hint="Use Decimal for an amount, int or str for an id: a binary float changes both.",
        )
    if not value.is_finite():
        raise UsageError(f"`{path}` is no finite number.", hint="JSON has no other.")
    return value


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise UsageError(f"`{path}` has a key that is no text.", hint="Use str for keys.")
    return str.__str__(key)


def _below(path: str, key: object) -> str:
    shown = isinstance(key, str) and SHOWN_KEY.fullmatch(key)
    return f"{path}.{key}" if shown else f"{path}.*"


def instant_text(value: datetime, path: str) -> str:
    """Return an aware datetime as ISO 8601 in UTC.

    Raises:
        UsageError: It has no offset.
    """
    if value.tzinfo is UTC:
        # As most are: nothing has to be converted but its form.
        spec = "milliseconds" if value.microsecond >= 1000 else "seconds"
        return f"{value.isoformat(timespec=spec)[:-6]}Z"
    try:
        return to_iso(from_datetime(value))
    except InstantRefused:
        raise UsageError(
            f"`{path}` is a datetime without an offset.",
            hint="Use an aware datetime, such as datetime.now(UTC).",
        ) from None
