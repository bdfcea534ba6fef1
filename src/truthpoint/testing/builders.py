"""A small shop: its contract, and records as it would say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from truthpoint.contract.model import (
    Contract,
    Event,
    Kind,
    Lane,
    Person,
    Property,
    Rollup,
    RollupKind,
    Source,
    Type,
)
from truthpoint.ports import Capture
from truthpoint.values.instants import to_iso

if TYPE_CHECKING:
    from collections.abc import Iterable

START_MS: Final = 1_790_000_000_000
"""When stories of tests begin: 2026-09-21T14:13:20Z."""

_encode: Final = msgspec.json.Encoder(decimal_format="string").encode


def a_property(name: str, kind: Kind = Kind.STRING, *, default: object = None) -> Property:
    """Return a property; it is required unless it has a default."""
    return Property(name=name, type=Type(kind=kind), required=default is None, default=default)


def a_contract(*more: Event, without: Iterable[str] = ()) -> Contract:
    """Return the contract of a shop with orders, refunds, views and four rollups.

    `order_paid` is critical, keyed by `order_id` and compared by total and currency;
    `order_refunded` is keyed by `refund_id`; `product_viewed` has no key. They belong
    to the source `backend`; `stripe` may speak and owns nothing.

    Args:
        more: Further events.
        without: Names of events to leave out.
    """
    left_out = set(without)
    events = (_paid(), _refunded(), _viewed(), *more)
    return Contract(
        shop="acme",
        currency="USD",
        person=Person(
            id_name="customer_id",
            pattern="^[0-9]+$",
            links=("email", "phone"),
            attributes=(
                a_property("email", Kind.EMAIL),
                Property(name="region", type=Type(kind=Kind.STRING)),
            ),
        ),
        events={one.name: one for one in events if one.name not in left_out},
        rollups={
            one.name: one
            for one in _rollups()
            if one.event not in left_out and one.minus_event not in left_out
        },
        sources={name: Source(name=name) for name in ("backend", "stripe")},
        fingerprint="0123456789abcdef",
    )


def _paid() -> Event:
    return Event(
        name="order_paid",
        owner="backend",
        wire="order_paid",
        key=("order_id",),
        compare=("total", "currency"),
        lane=Lane.CRITICAL,
        properties=(
            a_property("order_id"),
            a_property("total", Kind.MONEY),
            a_property("currency", Kind.CURRENCY),
            a_property("coupon", default=""),
        ),
    )


def _refunded() -> Event:
    return Event(
        name="order_refunded",
        owner="backend",
        wire="order_refunded",
        key=("refund_id",),
        properties=(
            a_property("refund_id"),
            a_property("amount", Kind.MONEY),
            a_property("currency", Kind.CURRENCY),
        ),
    )


def _viewed() -> Event:
    return Event(
        name="product_viewed",
        owner="backend",
        wire="product_viewed",
        properties=(a_property("sku"),),
    )


def _rollups() -> tuple[Rollup, ...]:
    return (
        Rollup(name="orders_count", kind=RollupKind.COUNT, event="order_paid"),
        Rollup(
            name="lifetime_value",
            kind=RollupKind.SUM,
            event="order_paid",
            property="total",
            minus_event="order_refunded",
            minus_property="amount",
        ),
        Rollup(name="first_order_at", kind=RollupKind.EARLIEST, event="order_paid"),
        Rollup(name="last_order_at", kind=RollupKind.LATEST, event="order_paid"),
    )


def line(**record: object) -> bytes:
    """Return a record as one line of NDJSON; money as a Decimal becomes a decimal string."""
    return _encode(record)


def an_order(
    who: object = "42", order: str = "A-1", *, total: object = "10.00", at_ms: int = START_MS
) -> bytes:
    """Return a record of an order paid, in US dollars."""
    return line(
        type="track",
        event="order_paid",
        person={"id": who},
        at=to_iso(at_ms),
        properties={"order_id": order, "total": total, "currency": "USD"},
    )


def an_identify(who: object = "42", *, at_ms: int = START_MS, **attributes: object) -> bytes:
    """Return a record of an identify."""
    return line(type="identify", person={"id": who}, at=to_iso(at_ms), attributes=attributes)


def a_capture(
    body: bytes,
    record_id: str,
    *,
    source: str = "backend",
    contract: str = "0123456789abcdef",
    captured_at_ms: int = START_MS,
) -> Capture:
    """Return bytes on their way into the journal."""
    return Capture(
        source=source,
        record_id=record_id,
        captured_at_ms=captured_at_ms,
        contract=contract,
        body=body,
    )
