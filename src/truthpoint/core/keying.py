"""What makes an event the same moment, and what ties it to its siblings."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from truthpoint.contract.convert import MAX_DECIMALS
from truthpoint.findings import Finding, Where, finding
from truthpoint.values.contacts import FORMS
from truthpoint.values.instants import to_seconds

from .texts import normal_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.contract.model import Event

    from .examined import Ends


def ends_of(event: Event, body: Mapping[str, object]) -> tuple[Ends, ...]:
    """Return what an event closes whose key and correlation can be read (law 9).

    Args:
        event: What the contract says of it.
        body: Its properties, as given or normalised.
    """
    if not event.closes:
        return ()
    if not all(name == "at" or _plain_text(body.get(name)) for name in event.key):
        return ()
    return tuple((close, tie_text(event, close.by, body)) for close in event.closes)


def tie_text(event: Event, name: str | None, body: Mapping[str, object]) -> str:
    """Return a property's value as the text that ties events together; empty: it is none.

    Args:
        event: What the contract says of the event.
        name: The property; None: none.
        body: The event's properties, as given or normalised.
    """
    text = _plain_text(body.get(name or ""))
    form = FORMS.get(next((one.type.kind for one in event.properties if one.name == name), ""))
    # What can be no email or phone number is as it was given, and ties to nothing.
    return text if form is None else form(text) or text


def _plain_text(value: object) -> str:
    """Return a value of a plain type as the text that ties are made of; empty: it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    if isinstance(value, Decimal) and abs(value.adjusted()) > MAX_DECIMALS:
        # Written out, a few bytes with an exponent would be more than any memory holds.
        return ""
    text = normal_text(value)
    return text if text.strip() else ""


def touches_key(event: Event, findings: tuple[Finding, ...]) -> bool:
    """Tell whether something is wrong with what makes an event the same moment."""
    keys = {f"properties.{name}" for name in event.key}
    return any(one.severity == "error" and one.where.path in keys for one in findings)


def texts(names: tuple[str, ...], values: Mapping[str, object], at_ms: int) -> tuple[str, ...]:
    """Return values as normalised text; `at` is the moment in unix seconds, as on the wire."""
    texts: list[str] = []
    for name in names:
        value = to_seconds(at_ms) if name == "at" and name not in values else values[name]
        texts.append(value if isinstance(value, str) else normal_text(value))
    return tuple(texts)


def empty_keys(names: tuple[str, ...], key: tuple[str, ...]) -> tuple[Finding, ...]:
    """Return what is wrong with a key of which a part is empty."""
    return tuple(
        finding(
            "key_empty",
            f"`{name}` is part of the key and is empty.",
            where=Where(path=f"properties.{name}"),
        )
        for name, text in zip(names, key, strict=True)
        if not text.strip()
    )
