"""A shop with a rollup of every kind, its moments, and their totals computed in another way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from truthpoint.contract import read
from truthpoint.core import rollups
from truthpoint.core.decision import LedgerKey, LedgerRow

SHOP = """\
truthpoint: 1
shop: acme
currency: USD
sources: {app: {kind: app}}
person: {id: {name: customer_id}}
types: {item: {sku: {type: string, required: true}}}
events:
  paid:
    key: [order_id]
    properties:
      order_id: {type: string, required: true}
      total: {type: money, required: true}
      shipping: {type: money, default: 0}
      currency: {type: currency, required: true}
      channel: {type: string, default: web}
      coupon: {type: string, default: ""}
      gift: {type: boolean, default: false}
      points: {type: integer, default: 0}
      items: {type: list, of: item, default: []}
      tags: {type: list, of: number, default: []}
  refunded:
    key: [refund_id]
    properties:
      refund_id: {type: string, required: true}
      order_id: {type: string, default: ""}
      amount: {type: money, required: true}
      currency: {type: currency, required: true}
      channel: {type: string, default: web}
  seen:
    properties: {sku: {type: string, default: ""}}
rollups:
  orders: {count: paid}
  web_orders: {count: paid, where: {channel: web}}
  spent: {sum: paid.total, minus: refunded.amount}
  web_spent: {sum: paid.total, minus: refunded.amount, where: {channel: [web, app]}}
  goods: {sum: paid.total, minus: paid.shipping}
  kept: {sum: paid.total, minus: refunded.amount, of: order_id, wait: 1h, currency: per_currency}
  dollars:
    sum: paid.total
    minus: refunded.amount
    of: order_id
    rates: {EUR: "1.085", JPY: "0.0067"}
  points: {sum: paid.points}
  first_at: {earliest: paid}
  last_at: {latest: paid}
  first_web_at: {earliest: paid, where: {channel: web}}
  last_web_at: {latest: paid, where: {channel: web, gift: false}}
  coupons: {count_distinct: paid.coupon}
  skus: {count_distinct: paid.items.sku, where: {channel: web}}
  tags: {count_distinct: paid.tags}
  gifts: {count_distinct: paid.gift}
  first_coupon: {first: paid.coupon}
  last_total: {last: paid.total}
  last_gift: {last: paid.gift, where: {channel: app}}
"""
CONTRACT = read(SHOP.encode(), file="tracking.yaml")
HOUR_MS = 3_600_000
NOBODY_WAITS_MS = 10**15


@dataclass(frozen=True, kw_only=True)
class Happened:
    """A moment: what it says, in the form that the contract gives it, and when."""

    event: str
    key: str
    person: int = 1
    at_ms: int = 0
    captured_at_ms: int = 0
    values: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def name(self) -> LedgerKey:
        return self.event, f'["{self.key}"]'


def paid(key: str = "A-1", *, person: int = 1, at_ms: int = 0, **values: Any) -> Happened:
    """An order; what is not said is as the contract's defaults."""
    said: dict[str, Any] = {
        "total": Decimal("10.00"),
        "shipping": Decimal("0.00"),
        "currency": "USD",
        "channel": "web",
        "coupon": "",
        "gift": False,
        "points": 0,
        "items": [],
        "tags": [],
        **values,
        "order_id": key,
    }
    return Happened(event="paid", key=key, person=person, at_ms=at_ms, values=said)


def refunded(
    key: str = "R-1", *, person: int = 1, at_ms: int = 0, captured_at_ms: int = 0, **values: Any
) -> Happened:
    """A refund of order A-1, unless it says another."""
    said: dict[str, Any] = {
        "order_id": "A-1",
        "amount": Decimal("4.00"),
        "currency": "USD",
        "channel": "web",
        **values,
        "refund_id": key,
    }
    return Happened(
        event="refunded",
        key=key,
        person=person,
        at_ms=at_ms,
        captured_at_ms=captured_at_ms,
        values=said,
    )


COMPILED = {name: rollups.EventRollups(CONTRACT, event) for name, event in CONTRACT.events.items()}


def stored(values: Any) -> Any:
    """What a store gives back of what it was given: everything is JSON."""
    return msgspec.json.decode(msgspec.json.encode(values))


def row_of(one: Happened) -> LedgerRow:
    """The ledger row of a moment, as a store gives it back."""
    added, _ = COMPILED[one.event].contributions(one.values, one.captured_at_ms)
    return LedgerRow(
        event=one.event,
        key=one.name[1],
        person=one.person,
        at_ms=one.at_ms,
        record=1,
        operation=1,
        contributions=stored(added),
    )


def folded(moments: Iterable[Happened], values: Any = None) -> dict[str, Any]:
    """One person's totals, each moment folded as it comes; the ledger knows those before it."""
    after: dict[str, Any] = {} if values is None else values
    ledger: set[LedgerKey] = set()
    for one in moments:
        row = row_of(one)
        totalled = COMPILED[one.event]
        after = stored(totalled.fold(after, row.at_ms, row.contributions, row.key, ledger))
        ledger.add(one.name)
    return after


def told(moments: Iterable[Happened]) -> dict[str, Any]:
    """What Customer.io is told in the end."""
    return rollups.on_the_wire(CONTRACT, folded(moments))


def expected(moments: Sequence[Happened]) -> dict[str, Any]:
    """Every total in fractions, when nothing waits any more, without code of the product."""
    orders = [one for one in moments if one.event == "paid"]
    refunds = [one for one in moments if one.event == "refunded"]
    web = [one for one in orders if one.values["channel"] == "web"]
    plain = [one for one in web if not one.values["gift"]]
    app = [one for one in orders if one.values["channel"] == "app"]
    signed = [(one.values, Fraction(one.values["total"])) for one in orders] + [
        (one.values, -Fraction(one.values["amount"])) for one in refunds
    ]
    dollars = [(said, amount) for said, amount in signed if said["currency"] == "USD"]
    totals: dict[str, Any] = {
        "orders": len(orders),
        "web_orders": len(web),
        "spent": sum((amount for _, amount in dollars), Fraction()),
        "web_spent": sum(
            (amount for said, amount in dollars if said["channel"] in ("web", "app")), Fraction()
        ),
        "goods": sum(
            (
                Fraction(one.values["total"]) - Fraction(one.values["shipping"])
                for one in orders
                if one.values["currency"] == "USD"
            ),
            Fraction(),
        ),
        "kept": sum((amount for _, amount in dollars), Fraction()),
        "dollars": sum((_in_dollars(said, amount) for said, amount in signed), Fraction()),
        "points": sum(one.values["points"] for one in orders),
        "coupons": len({one.values["coupon"] for one in orders} - {""}),
        "skus": len({item["sku"] for one in web for item in one.values["items"]} - {""}),
        "tags": len({tag for one in orders for tag in one.values["tags"]}),
        "gifts": len({one.values["gift"] for one in orders}),
    }
    for code in {said["currency"] for said, _ in signed} - {"USD"}:
        each = (amount for said, amount in signed if said["currency"] == code)
        totals[f"kept_{code.lower()}"] = sum(each, Fraction())
    times = {"first": min, "last": max}
    for name, counted in (("first_at", orders), ("last_at", orders)):
        if counted:
            totals[name] = times[name.split("_")[0]](one.at_ms for one in counted) // 1000
    for name, counted in (("first_web_at", web), ("last_web_at", plain)):
        if counted:
            totals[name] = times[name.split("_")[0]](one.at_ms for one in counted) // 1000
    said = [one for one in orders if one.values["coupon"]]
    for name, counted, value in (
        ("first_coupon", said, "coupon"),
        ("last_total", orders, "total"),
        ("last_gift", app, "gift"),
    ):
        if counted:
            by_time = sorted(counted, key=lambda one: (one.at_ms, one.key))
            totals[name] = by_time[0 if name.startswith("first") else -1].values[value]
    return totals


def _in_dollars(said: dict[str, Any], amount: Fraction) -> Fraction:
    """In cents, half to even, as Python rounds fractions; without a rate nothing."""
    rates = {"EUR": Fraction("1.085"), "JPY": Fraction("0.0067"), "USD": Fraction(1)}
    rate = rates.get(said["currency"])
    return Fraction() if rate is None else Fraction(round(amount * rate * 100), 100)
