"""Reading what becomes of money in another currency than the reporting one."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from truthpoint.values.currencies import EXPONENTS

from .model import Foreign

if TYPE_CHECKING:
    from .nodes import Node, Reader

CURRENCY_KEYS: Final = ("currency", "rates")
"""What a sum of money may say of other currencies."""

MAX_RATE_DIGITS: Final = 12
"""Most digits of a rate on either side of the point; no rate of a currency has more."""

Rates = tuple[tuple[str, Decimal], ...]
"""Currencies with what one unit of each is in the reporting currency."""


def read_foreign(reader: Reader, spec: Node, reporting: str) -> tuple[Foreign, Rates]:
    """Return what becomes of money in another currency, and by which table.

    Args:
        reader: Reads nodes and collects findings.
        spec: The rollup.
        reporting: The contract's currency.
    """
    said = reader.choice(spec.get("currency"), (Foreign.REFUSE, Foreign.PER_CURRENCY))
    table = reader.mapping(spec.get("rates"))
    if table is None:
        return Foreign(said or Foreign.REFUSE), ()
    if said is not None:
        evidence = f"It says both `rates` and `currency: {said}`."
        fix = "Convert by rates, or keep each currency by itself."
        reader.findings.add("bad_value", evidence, spec.entries["currency"][0], fix=fix)
    rates = {
        code: _rate(reader, code, place, value, reporting)
        for code, (place, value) in table.entries.items()
    }
    if not rates:
        evidence = "There is no rate."
        reader.findings.add("bad_value", evidence, table, fix='Name one, as in `{EUR: "1.08"}`.')
    known = [(code, rate) for code, rate in sorted(rates.items()) if rate is not None]
    return Foreign.RATES, tuple(known)


def _rate(reader: Reader, code: str, place: Node, node: Node, reporting: str) -> Decimal | None:
    if code not in EXPONENTS:
        fix = f"Did you mean `{code.upper()}`?" if code.upper() in EXPONENTS else None
        evidence = f"`{code}` is no active ISO 4217 code."
        reader.findings.add("bad_value", evidence, place, fix=fix)
        return None
    if code == reporting:
        evidence = f"`{code}` is the reporting currency."
        reader.findings.add("bad_value", evidence, place, fix="Remove it: one is one.")
        return None
    try:
        rate = Decimal(node.text) if node.tag in ("str", "int", "float") else None
    except InvalidOperation:
        rate = None
    if rate is None or not rate.is_finite():
        evidence = f"`{node.path}` must be a decimal number."
        fix = f'What one {code} is in {reporting}, as in `{code}: "1.08"`.'
        reader.findings.add("wrong_type", evidence, node, fix=fix)
        return None
    exponent = rate.as_tuple().exponent
    precise = isinstance(exponent, int) and -exponent <= MAX_RATE_DIGITS
    if rate <= 0 or rate.adjusted() >= MAX_RATE_DIGITS or not precise:
        evidence = f"A rate is above 0, with up to {MAX_RATE_DIGITS} digits on either side."
        fix = f"Write what one {code} is in {reporting}."
        reader.findings.add("bad_value", evidence, node, fix=fix)
        return None
    return rate
