"""Totals as attributes: how Customer.io is told of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from truthpoint.contract.model import Foreign, Kind, RollupKind
from truthpoint.values.currencies import EXPONENTS
from truthpoint.values.instants import to_seconds
from truthpoint.values.money import at_exponent, decimals, plain

from .amounts import others
from .properties import exact

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.contract.model import Contract, Rollup


def on_the_wire(contract: Contract, values: Mapping[str, object]) -> dict[str, object]:
    """Return totals as attributes: counts, numbers in major units, unix seconds, and steps.

    A derived attribute is the step that its rollup has reached, and goes with it. Totals
    that the contract no longer declares are left out.
    """
    attributes: dict[str, object] = {}
    for name, rollup in contract.rollups.items():
        if name not in values:
            continue
        attributes[name] = _value(contract, rollup, values[name])
        if rollup.foreign is Foreign.PER_CURRENCY:
            kept = cast("dict[str, str]", values.get(others(name), {}))
            for currency in sorted(kept):
                amount = Decimal(kept[currency])
                attributes[f"{name}_{currency.lower()}"] = _in_decimals_of(currency, amount)
    for bucket in contract.buckets:
        if bucket.rollup in values:
            attributes[bucket.name] = bucket.word(_size(values[bucket.rollup]))
    return attributes


def _value(contract: Contract, rollup: Rollup, kept: Any) -> object:
    """Return a total as it is sent. Totals of a kind have the form of that kind."""
    match rollup.kind:
        case RollupKind.COUNT:
            return kept
        case RollupKind.SUM:
            return _number(contract, rollup, Decimal(kept))
        case RollupKind.EARLIEST | RollupKind.LATEST:
            return to_seconds(kept)
        case RollupKind.COUNT_DISTINCT:
            return len(kept)
        case _:  # First and last.
            return exact(kept[2])


def _size(kept: Any) -> Decimal | int:
    """Return a count, a sum or a number of distinct values, as steps compare it."""
    return len(cast("list[str]", kept)) if isinstance(kept, list) else Decimal(kept)


def _number(contract: Contract, rollup: Rollup, amount: Decimal) -> Decimal | int:
    """Return a sum as it is sent: money in exactly its currency's decimals where they suffice."""
    event = contract.events[rollup.event]
    if any(one.name == rollup.property and one.type.kind is Kind.MONEY for one in event.properties):
        return _in_decimals_of(contract.currency, amount)
    return int(amount) if decimals(amount) == 0 else Decimal(plain(amount))


def _in_decimals_of(currency: str, amount: Decimal) -> Decimal:
    return at_exponent(amount, max(EXPONENTS[currency], decimals(amount)))
