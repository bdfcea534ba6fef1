"""Customer.io's documented limits, and the measuring of them in bytes of UTF-8 (2.12)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from .messages import encode
from .operations import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .switches import Switches

ID_BYTES: Final = 150
"""Longest person id; another page says characters (16, row 8): the stricter is taken."""

ATTRIBUTE_NAME_BYTES: Final = 150
ATTRIBUTE_VALUE_BYTES: Final = 1000
ATTRIBUTES: Final = 300
"""Distinct attributes of a person, and of one identify."""

EVENT_NAME_BYTES: Final = 100
EVENT_DATA_BYTES: Final = 100_000
"""Data of an event sent by v1; v2 is bound by the size of its items."""

ITEM_KILOBYTES: Final = 32
BATCH_KILOBYTES: Final = 500

LONGEST_CHARACTER_BYTES: Final = 4
"""UTF-8 needs at most so many for one character: short texts need no measuring."""

_ULID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", re.IGNORECASE | re.ASCII)


def is_ulid(text: str) -> bool:
    """Tell whether a text is a ULID: 26 of Crockford's base 32, the first up to 7 (4)."""
    return _ULID.fullmatch(text) is not None


def is_over(text: str, limit_bytes: int) -> bool:
    """Tell whether a text needs more than `limit_bytes` bytes."""
    if len(text) * LONGEST_CHARACTER_BYTES <= limit_bytes:
        return False
    return len(text.encode()) > limit_bytes


def value_is_over(value: object, *, nested: bool) -> bool:
    """Tell whether an attribute's value needs more than 1,000 bytes.

    Args:
        value: Any JSON value.
        nested: Whether an object or array is measured too, by its JSON.
    """
    if isinstance(value, str):
        return is_over(value, ATTRIBUTE_VALUE_BYTES)
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, int | Decimal):
        return len(encode(value)) > ATTRIBUTE_VALUE_BYTES
    return nested and len(encode(value)) > ATTRIBUTE_VALUE_BYTES


def attribute_problems(
    attributes: Mapping[str, Any], switches: Switches, *, of_person: bool
) -> Iterator[Problem]:
    """Yield what is over its limit among attributes of a person or data of an event.

    Args:
        attributes: Name to value.
        switches: Which of the undocumented limits hold.
        of_person: Attributes of a person; else data of an event, to which none of the
            documented limits belongs.
    """
    if of_person and len(attributes) > ATTRIBUTES:
        yield Problem("invalid", "attributes", f"cannot hold more than {ATTRIBUTES} attributes")
    if not of_person and switches.event_value_limit == "off":
        return
    nested = switches.nested_value_limit == "on"
    for name, value in attributes.items():
        if of_person and is_over(name, ATTRIBUTE_NAME_BYTES):
            shown = f"attributes.{name[:40]}"
            message = f"property name cannot be longer than {ATTRIBUTE_NAME_BYTES} bytes"
            yield Problem("invalid", shown, message)
        elif value_is_over(value, nested=nested):
            # Field and message as seen from the live service (2.12).
            message = f"property value cannot be longer than {ATTRIBUTE_VALUE_BYTES} bytes"
            yield Problem("invalid", f"attributes.{name}", message)
