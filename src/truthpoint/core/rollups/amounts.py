"""Sums: exact decimals, and money in other currencies than the reporting one.

A sum is kept as plain decimal text under its rollup's name, and what is kept per currency
beside it, under a name that no rollup can have.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING, Any, Final

from truthpoint.values.money import EXACT, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

Values = dict[str, Any]
"""Totals as they are kept: JSON whose form is the rollup's kind's."""

_OTHERS: Final = ":currencies"
_ROUNDING: Final = Context(prec=100, rounding=ROUND_HALF_EVEN)


def others(name: str) -> str:
    """Return under which name the amounts of a sum in other currencies are kept."""
    return f"{name}{_OTHERS}"


def plus(one: str, other: str) -> str:
    """Return the sum of two amounts, exactly, as plain text."""
    return plain(EXACT.add(Decimal(one), Decimal(other)))


def add(values: Values, name: str, amount: str, currency: str) -> None:
    """Add an amount to a sum.

    Args:
        values: The totals; what is in them is replaced, never changed in place.
        name: The rollup.
        amount: Signed decimal text.
        currency: Its currency; empty: the reporting one, or none at all.
    """
    if not currency:
        values[name] = plus(values.get(name, "0"), amount)
        return
    kept: Mapping[str, str] = values.get(others(name), {})
    values[others(name)] = {**kept, currency: plus(kept.get(currency, "0"), amount)}


def converted(amount: Decimal, rate: Decimal, exponent: int) -> Decimal:
    """Return an amount in the reporting currency, rounded half to even to its decimals."""
    return _ROUNDING.quantize(EXACT.multiply(amount, rate), Decimal((0, (1,), -exponent)))
