"""Parameters of a question to the control API: whole numbers within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NEWEST: Final = 2**63 - 1
"""Behind every number that the database gives."""

_LONGEST_NUMBER: Final = 18
"""Digits of a number that surely fits the database."""


class WrongParameterError(Exception):
    """A parameter cannot be used; its text says which, and what is allowed."""


def number(
    query: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int = NEWEST
) -> int:
    """Return a parameter as a whole number, or the default where it is not given or empty.

    Raises:
        WrongParameterError: It is no whole number, or out of bounds.
    """
    given = query.get(name, "")
    if not given:
        return default
    found = as_number(given)
    if found is None:
        raise WrongParameterError(f"{name} must be a whole number")
    if not least <= found <= most:
        bounds = f"at least {least}" if most == NEWEST else f"from {least} to {most}"
        raise WrongParameterError(f"{name} must be {bounds}")
    return found


def as_number(text: str) -> int | None:
    """Return a text of decimal digits as the number it is; None: it is none."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if is_number else None
