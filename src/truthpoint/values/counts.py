"""Counts with their nouns, as they are read: `1 record`, `2,000 records`."""

from __future__ import annotations


def noun(count: int, one: str, many: str = "") -> str:
    """Return a noun in the form that a count asks for.

    Args:
        count: How many there are.
        one: The noun for one of them.
        many: The noun for any other count. Defaults to the noun for one with an `s`.
    """
    return one if count == 1 else many or f"{one}s"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun; see `noun`."""
    return f"{count:,} {noun(count, one, many)}"
