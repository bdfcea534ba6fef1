"""Values as texts, of which keys and comparisons are made."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

import msgspec

from truthpoint.values.money import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

encode: Final = msgspec.json.Encoder(decimal_format="number").encode


def key_text(key: Sequence[str]) -> str:
    """Return key values as the text that the ledger keeps: a compact JSON array."""
    return encode(list(key)).decode()


def normal_text(value: object) -> str:
    """Return a normalised value as the text that keys and comparisons are made of.

    Text is itself, a number is plain decimal text without trailing zeros, a boolean
    is `true` or `false`; a list or an object is compact JSON with sorted keys, in
    which equal numbers are written alike.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return plain(value)
    return encode(_sorted(value)).decode()


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        held = cast("dict[str, object]", value)
        return {name: _sorted(held[name]) for name in sorted(held)}
    if isinstance(value, list):
        return [_sorted(one) for one in cast("list[object]", value)]
    return Decimal(plain(value)) if isinstance(value, Decimal) else value
