"""A person's attributes: partial updates, ordered one by one by the time they became true (2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from . import limits
from .messages import decode, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .turn import Turn

IDENTIFIERS: Final = frozenset({"id", "email", "cio_id"})
"""Attributes that name the person; they do not count towards the limit."""

_NOT_ATTRIBUTES: Final = IDENTIFIERS | {"_timestamp", "_update"}
"""Keys of an identify that are no plain attributes (2.3, appendix C); `cio_id` is immutable."""


class Kept(NamedTuple):
    """What is kept of one attribute.

    Attributes:
        value: As JSON; None: it was removed.
        at_s: When the value became true, in unix seconds; older updates are skipped.
        changed_s: When the value last became another, in unix seconds.
    """

    value: str | None
    at_s: int
    changed_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an update does to a person's attributes.

    Attributes:
        rows: Name to what is kept from now on.
        changes: Name to the old and the new value, where they differ.
        skipped: Names whose value here is newer than the update.
        live_count: Attributes the person then has, identifiers not counted.
    """

    rows: Mapping[str, Kept]
    changes: Mapping[str, Mapping[str, Any]]
    skipped: tuple[str, ...]
    live_count: int


def plain(attributes: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    """Return an update's attributes without identifiers and marks; None removes."""
    empties = turn.switches.empty_string == "remove"
    return {
        name: None if empties and value == "" else value
        for name, value in attributes.items()
        if name not in _NOT_ATTRIBUTES
    }


def within_limits(attributes: Mapping[str, Any], turn: Turn) -> dict[str, Any]:
    """Return the attributes that keep their limits; the first 300 of them."""
    nested = turn.switches.nested_value_limit == "on"
    kept = [
        (name, value)
        for name, value in attributes.items()
        if not limits.is_over(name, limits.ATTRIBUTE_NAME_BYTES)
        and not limits.value_is_over(value, nested=nested)
    ]
    return dict(kept[: limits.ATTRIBUTES])


def load(turn: Turn, person: int) -> dict[str, Kept]:
    """Return what is kept of a person's attributes, removed ones included."""
    rows = turn.database.all("attributes", (person,))
    return {name: Kept(value, at_s, changed_s) for name, value, at_s, changed_s in rows}


def plan(kept: Mapping[str, Kept], values: Mapping[str, Any], at_s: int) -> Plan:
    """Return what an update does; nothing is written.

    Args:
        kept: What is kept now.
        values: Name to the new value; None removes.
        at_s: When the update became true, in unix seconds. At equal times the later
            arrival wins.
    """
    rows: dict[str, Kept] = {}
    changes: dict[str, Mapping[str, Any]] = {}
    skipped: list[str] = []
    for name, value in values.items():
        before = kept.get(name)
        if before is not None and at_s < before.at_s:
            skipped.append(name)
            continue
        text = None if value is None else encode(value).decode()
        was = None if before is None else before.value
        if text == was:
            changed_s = at_s if before is None else before.changed_s
            rows[name] = Kept(text, at_s, changed_s)
            continue
        rows[name] = Kept(text, at_s, at_s)
        changes[name] = {"from": None if was is None else decode(was), "to": value}
    after = {**kept, **rows}
    live_count = sum(
        1 for name, each in after.items() if each.value is not None and name not in IDENTIFIERS
    )
    return Plan(rows=rows, changes=changes, skipped=tuple(skipped), live_count=live_count)


def first_that_fit(kept: Mapping[str, Kept], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without those that would be a person's 301st attribute or later."""
    live = {name for name, each in kept.items() if each.value is not None} - IDENTIFIERS
    fitting: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            live.discard(name)
        elif name not in IDENTIFIERS:
            if len(live) >= limits.ATTRIBUTES and name not in live:
                continue
            live.add(name)
        fitting[name] = value
    return fitting


def write(turn: Turn, person: int, planned: Plan) -> None:
    """Write a plan, identifiers into the profile too."""
    turn.database.many(
        "put_attribute",
        [
            (person, name, kept.value, kept.at_s, kept.changed_s)
            for name, kept in planned.rows.items()
        ],
    )
    for kind in ("id", "email"):
        if kind in planned.changes:
            turn.database.run(f"set_{kind}", planned.changes[kind]["to"], person)
