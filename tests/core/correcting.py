"""A shop that corrects its orders and refunds, and its totals computed in another way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from deciding import Told, rows, run

from truthpoint.contract import read
from truthpoint.core.decision import Known
from truthpoint.core.examine import Examiner
from truthpoint.testing.builders import START_MS, line
from truthpoint.values.instants import to_iso

SHOP = """\
truthpoint: 1
shop: acme
currency: USD
sources: {app: {kind: app}}
person: {id: {name: customer_id}}
events:
  paid:
    key: [order_id]
    properties:
      order_id: {type: string, required: true}
      total: {type: money, required: true}
      currency: {type: currency, required: true}
      channel: {type: string, default: web}
      coupon: {type: string, default: ""}
  refunded:
    key: [refund_id]
    properties:
      refund_id: {type: string, required: true}
      order_id: {type: string, required: true}
      amount: {type: money, required: true}
      currency: {type: currency, required: true}
  fixed:
    description: Says everything of an order anew.
    key: [fix_id]
    corrects: {paid: order_id}
    properties:
      fix_id: {type: string, required: true}
      order_id: {type: string, required: true}
      total: {type: money, required: true}
      currency: {type: currency, required: true}
      channel: {type: string, default: web}
      coupon: {type: string, default: ""}
  repriced:
    description: Says another amount, and nothing else; it has no key.
    corrects: {paid: order_id}
    properties:
      order_id: {type: string, required: true}
      total: {type: money, required: true}
      currency: {type: currency, required: true}
  noted:
    description: Says nothing that a total is made of.
    key: [note_id]
    corrects: {paid: order_id}
    properties:
      note_id: {type: string, required: true}
      order_id: {type: string, required: true}
      total: {type: string, default: ""}
  refund_fixed:
    key: [fix_id]
    corrects: {refunded: refund_id}
    properties:
      fix_id: {type: string, required: true}
      refund_id: {type: string, required: true}
      amount: {type: money, required: true}
      currency: {type: currency, required: true}
rollups:
  orders: {count: paid}
  web_orders: {count: paid, where: {channel: web}}
  spent: {sum: paid.total, minus: refunded.amount}
  web_spent: {sum: paid.total, where: {channel: web}}
  kept: {sum: paid.total, minus: refunded.amount, of: order_id, wait: 1h}
  coupons: {count_distinct: paid.coupon}
  first_coupon: {first: paid.coupon}
"""
CONTRACT = read(SHOP.encode(), file="tracking.yaml")
EXAMINER = Examiner(CONTRACT)
HOUR_MS = 3_600_000


def event(name: str, who: str = "42", *, after_ms: int = 0, **said: object) -> bytes:
    """A record of an event; amounts are in dollars unless they say otherwise."""
    if "amount" in said or "total" in said:
        said = {"currency": "USD", **said}
    return line(
        type="track",
        event=name,
        person={"id": who},
        at=to_iso(START_MS + after_ms),
        properties=said,
    )


def paid(order: str = "A-1", total: str = "10", who: str = "42", **said: Any) -> bytes:
    """An order."""
    return event("paid", who, order_id=order, total=total, **said)


def fixed(fix: str, order: str = "A-1", total: str = "10", **said: Any) -> bytes:
    """An order said anew."""
    return event("fixed", fix_id=fix, order_id=order, total=total, **said)


def repriced(order: str = "A-1", total: str = "10", **said: Any) -> bytes:
    """Another amount of an order."""
    return event("repriced", order_id=order, total=total, **said)


def refunded(refund: str = "R-1", order: str = "A-1", amount: str = "4", **said: Any) -> bytes:
    """A refund."""
    return event("refunded", refund_id=refund, order_id=order, amount=amount, **said)


def refund_fixed(fix: str, refund: str = "R-1", amount: str = "4", **said: Any) -> bytes:
    """Another amount of a refund."""
    return event("refund_fixed", fix_id=fix, refund_id=refund, amount=amount, **said)


def told(*bodies: bytes, cuts: Iterable[int] = (), now_ms: int = START_MS) -> Told:
    """Decide records in this order, cut into batches anywhere."""
    known = Known(secret=b"of the tests", now_ms=now_ms)
    return run(rows(*bodies, source="app"), cuts, known=known, examiner=EXAMINER)


def totals(story: Told) -> dict[str, Mapping[str, object]]:
    """Everybody's totals, by canonical id."""
    ids = {one.person: one.canonical_id or "" for one in story.known.people}
    return {ids[key]: one.values for key, one in story.known.totals.items()}


def added(story: Told) -> dict[tuple[str, str], Mapping[str, object]]:
    """What each moment and each correction adds."""
    return {key: row.contributions for key, row in story.known.ledger.items()}


def codes(story: Told) -> list[str]:
    """What was found about the records, in their order."""
    return [
        one.code
        for part in story.decisions
        for _, found in sorted(part.findings.items())
        for one in found
    ]


def spent(story: Told, who: str = "42") -> Decimal:
    """What somebody has spent."""
    return Decimal(str(totals(story)[who]["spent"]))
