"""What names a person: guessed from a path, or told in an item (2.2, 3.1)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from . import limits
from .operations import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .messages import Json
    from .switches import Switches

KINDS: Final = ("id", "email", "cio_id")
"""Identifiers that name a profile in this version."""

_EMAIL_SHAPE: Final = re.compile(r"[^@\s]+@[^@\s]+")


def guess(identifier: str) -> tuple[str, str]:
    """Return kind and value of an identifier in a v1 path, guessed from its shape (2.2)."""
    if identifier.startswith("cio_"):
        return "cio_id", identifier.removeprefix("cio_")
    if _EMAIL_SHAPE.fullmatch(identifier):
        return "email", identifier.lower()
    return "id", identifier


def as_identifier(kind: str, value: object) -> str | None:
    """Return an identifier as its text: emails in lower case (2.2); None if it is no identifier."""
    if isinstance(value, str):
        return value.lower() if kind == "email" else value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return None


def of_item(given: Json, switches: Switches) -> tuple[str, str, list[Problem]]:
    """Return kind, value and problems of a v2 item's `identifiers` (3.1).

    `anonymous_id` names nobody yet, and is taken from events only.
    """
    takes = KINDS
    is_event = given.get("action") in ("event", "page", "screen")
    if is_event and switches.anonymous_by_v2 == "accept":
        takes = (*KINDS, "anonymous_id")
    return one_of(given.get("identifiers"), "identifiers", takes)


def one_of(
    identifiers: object, place: str, takes: tuple[str, ...] = KINDS
) -> tuple[str, str, list[Problem]]:
    """Return kind and value of an object with exactly one identifier, or its problems.

    Args:
        identifiers: Any JSON value.
        place: Its place in the item, for the problems: `identifiers`, `primary`, `secondary`.
        takes: The kinds that are taken.
    """
    if identifiers is None:
        return "", "", [Problem("required", place, "field is required")]
    if not isinstance(identifiers, dict) or len(cast("Json", identifiers)) != 1:
        return "", "", [Problem("invalid", place, "exactly one identifier is required")]
    ((kind, value),) = cast("Json", identifiers).items()
    field = f"{place}.{kind}"
    problem = _problem(kind, value, field, takes)
    if problem is None:
        problem = of_length(kind, as_identifier(kind, value) or "", field)
    if problem is not None:
        return "", "", [problem]
    return kind, as_identifier(kind, value) or "", []


def _problem(kind: str, value: object, field: str, takes: tuple[str, ...]) -> Problem | None:
    if kind not in takes and kind in ("phone", "anonymous_id"):
        message = f"the local workspace does not support {kind} yet"
        return Problem("unsupported", field, message)
    if kind not in takes:
        return Problem("invalid", field.partition(".")[0], "unknown identifier")
    text = as_identifier(kind, value)
    if text is None:
        return Problem("invalid", field, "must be a string or a number")
    return None if text else Problem("invalid", field, "must not be empty")


def of_length(kind: str, value: str, field: str) -> Problem | None:
    """Return what is wrong with the length of an id; None: nothing."""
    if kind == "id" and limits.is_over(value, limits.ID_BYTES):
        return Problem("invalid", field, f"id cannot be longer than {limits.ID_BYTES} bytes")
    return None


def among_attributes(attributes: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with identifiers among the attributes of an identify."""
    for kind in ("id", "email", "anonymous_id"):
        value = attributes.get(kind)
        if value is None:
            continue
        field = f"attributes.{kind}"
        text = as_identifier(kind, value)
        if text is None:
            yield Problem("invalid", field, "must be a string or a number")
            continue
        problem = of_length(kind, text, field)
        if problem is not None:
            yield problem
