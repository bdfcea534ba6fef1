"""Giving values to a contract of one event, and telling what was found."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from truthpoint.contract.check import Checked, Checker
from truthpoint.contract.model import Contract, Event, Extra, Kind, Property, Source, Type

TOY = (
    Property(name="sku", type=Type(kind=Kind.STRING), required=True),
    Property(name="price", type=Type(kind=Kind.MONEY), required=True),
    Property(name="quantity", type=Type(kind=Kind.INTEGER, minimum=Decimal(1)), default=1),
)


def contract(*properties: Property, extra: Extra = Extra.STRIP, currency: str = "USD") -> Contract:
    event = Event(name="sold", owner="app", wire="sold", extra=extra, properties=properties)
    return Contract(
        shop="acme", currency=currency, events={"sold": event}, sources={"app": Source(name="app")}
    )


def check(
    given_values: dict[str, object],
    *properties: Property,
    extra: Extra = Extra.STRIP,
    currency: str = "USD",
) -> Checked:
    one = contract(*properties, extra=extra, currency=currency)
    return Checker(one).event(one.events["sold"], given_values)


def told(checked: Checked) -> list[tuple[str, str | None]]:
    return [(one.code, one.where.path) for one in checked.findings]


def required(kind: Kind, **bounds: Any) -> Property:
    return Property(name="x", type=Type(kind=kind, **bounds), required=True)
