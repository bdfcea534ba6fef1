"""Money: exact decimals in major units, never a binary float."""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Final

EXACT: Final = Context(prec=100, traps=[Inexact, InvalidOperation, Overflow])
"""Arithmetic that never rounds, whatever the calling thread set as its own context."""

LARGEST_MONEY: Final = Decimal(10) ** 15
"""Amounts are below a thousand million million units, so that sums stay within 28 digits."""

ITEM_DECIMALS: Final = 6
"""Unit prices inside list items may have up to 6 decimals (design, section 4)."""

_DECIMAL: Final = re.compile(r"-?\d{1,40}(\.\d{1,40})?", re.ASCII)


def read_money(given: object) -> Decimal | None:
    """Return an amount from a Decimal, an integer or a decimal string, else None.

    Booleans and floats are not amounts. The result is finite and below
    `LARGEST_MONEY`; its scale is as given.
    """
    if isinstance(given, bool):
        return None
    if isinstance(given, int):
        return Decimal(given) if abs(given) < LARGEST_MONEY else None
    if isinstance(given, str):
        if not _DECIMAL.fullmatch(given):
            return None
        given = Decimal(given)
    if not isinstance(given, Decimal) or not given.is_finite():
        return None
    in_range = given.adjusted() < 15 and given.as_tuple().exponent >= -40  # type: ignore[operator]  # finite: an int
    return given if in_range else None


def decimals(amount: Decimal) -> int:
    """Return how many decimals an amount needs: 1 for 1.50, 2 for 1.25, 0 for 100 and 1E+2.

    It is finite and has at most 100 digits.
    """
    exponent = EXACT.normalize(amount).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def plain(amount: Decimal) -> str:
    """Return an amount as plain text without an exponent or trailing zeros; zero is `0`.

    Two equal amounts have the same text, however they were written.
    """
    if not amount:
        return "0"
    text = str(amount)
    if "E" in text:
        text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def at_exponent(amount: Decimal, exponent: int) -> Decimal:
    """Return an amount with exactly `exponent` decimals; it must not need more.

    Raises:
        decimal.Inexact: It needs more.
    """
    return EXACT.plus(EXACT.quantize(amount, Decimal((0, (1,), -exponent))))
