"""The events that everything here is measured with: a paid order with four line items."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

PEOPLE: Final = 5_000
START_S: Final = 1_790_000_000
"""2026-09-21T12:53:20Z; each order happened a second after the one before."""

CONTRACT: Final = """\
truthpoint: 1
shop: bench
currency: USD
sources:
  backend: {kind: app}
workspaces:
  local: {url: "URL"}
person:
  id: {name: customer_id, pattern: "^[0-9]+$"}
types:
  line_item:
    sku:        {type: string, required: true}
    product_id: {type: string, required: true}
    name:       {type: string, required: true}
    quantity:   {type: integer, minimum: 1, required: true}
    price:      {type: money, required: true}
events:
  order_paid:
    key: [order_id]
    compare: [total, currency]
    lane: critical
    properties:
      order_id: {type: string, required: true}
      cart_id:  {type: string, default: ""}
      total:    {type: money, required: true}
      currency: {type: currency, required: true}
      coupon:   {type: string, default: ""}
      items:    {type: list, of: line_item, required: true}
"""

ROLLUPS: Final = """\
rollups:
  orders_count:   {count: order_paid}
  lifetime_value: {sum: order_paid.total}
  first_order_at: {earliest: order_paid}
  last_order_at:  {latest: order_paid}
"""


def orders(count: int, *, seed: int = 11) -> Iterator[bytes]:
    """Yield records of paid orders, about 620 bytes each, of 5,000 people in random order."""
    chance = random.Random(seed)
    for number in range(count):
        items = [
            {
                "sku": f"TEA-{chance.randrange(500)}",
                "product_id": str(chance.randrange(10_000, 99_999)),
                "name": "Morning tea, loose, 100 g",
                "quantity": chance.randint(1, 4),
                "price": f"{chance.randint(100, 9_999) / 100:.2f}",
            }
            for _ in range(4)
        ]
        record = {
            "type": "track",
            "event": "order_paid",
            "person": {"id": str(chance.randrange(PEOPLE))},
            "at": _iso(START_S + number),
            "properties": {
                "order_id": f"A-{number}",
                "cart_id": f"cart-{number}",
                "total": f"{chance.randint(1_000, 99_999) / 100:.2f}",
                "currency": "USD",
                "items": items,
            },
        }
        yield json.dumps(record, separators=(",", ":")).encode()


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
