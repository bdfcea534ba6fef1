"""Distinct values, and the first or last of a property: what a moment says, and what is kept.

Distinct values are a sorted list of texts; first and last are time, key and value, so that
two moments at one time have one order, whichever arrived before the other.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from truthpoint.contract.model import RollupKind
from truthpoint.values.money import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

_encode: Final = msgspec.json.Encoder().encode


def found(value: object, kind: RollupKind, field: str) -> object:
    """Return what a moment says of a property, as JSON can hold it; None: nothing.

    An empty text is a property's default: it says nothing.
    """
    if kind is not RollupKind.COUNT_DISTINCT:
        # An exact number stays one, also where the property is of another type by now.
        kept = {"decimal": str(value)} if isinstance(value, Decimal) else value
        return None if kept == "" else kept
    given: list[Any] = cast("list[Any]", value) if isinstance(value, list) else [value]
    texts = {text_of(_of_item(one, field) if field else one) for one in given} - {""}
    return sorted(texts) or None


def _of_item(item: Any, field: str) -> object:
    """Return a field of a list's item: a mapping, or a struct where its record was usual."""
    if isinstance(item, dict):
        return cast("dict[str, object]", item)[field]
    return getattr(item, field)


def exact(kept: object) -> object:
    """Return a value as it was said, from the form in which `found` gives it."""
    return Decimal(cast("dict[str, str]", kept)["decimal"]) if isinstance(kept, dict) else kept


def union(kept: list[str], more: Iterable[str]) -> list[str]:
    """Return distinct texts with more of them, sorted; what is kept is not changed."""
    after = kept
    for text in more:
        place = bisect_left(after, text)
        if place == len(after) or after[place] != text:
            after = [*after[:place], text, *after[place:]]
    return after


def edge(kind: RollupKind, kept: list[Any] | None, other: list[Any]) -> list[Any]:
    """Return which of two values is first or last: by time, ties by key.

    Args:
        kind: Whether the first or the last is meant.
        kept: Time, key and value; None: nothing counted yet.
        other: The same.
    """
    if kept is None:
        return other
    earlier = other[:2] < kept[:2]
    return other if earlier is (kind is RollupKind.FIRST) else kept


def text_of(value: object) -> str:
    """Return a plain value as text; equal values have the same."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if isinstance(value, Decimal) else str(value)


def key_text(value: object) -> str:
    """Return the key text of a ledger row whose key is one property of this value."""
    return _encode([text_of(value)]).decode()
