"""The demo's shop: seeded, so that every run tells the same story.

It does what shops do: signs people up, takes orders and refunds, renews subscriptions,
retries what it sent, says things late and out of order, lets a second system tell the
same orders, sells to guests, and now and then says something broken.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

Said = dict[str, object]
"""A record as the shop says it."""

PEOPLE: Final = 300
_PRODUCTS: Final = (
    ("TEA-1", "Morning tea, 100 g", Decimal("8.90")),
    ("TEA-2", "Evening tea, 100 g", Decimal("9.40")),
    ("POT-1", "Small pot", Decimal("24.00")),
    ("CUP-1", "Cup", Decimal("6.50")),
    ("SUB-1", "Sampler", Decimal("19.95")),
)


@dataclass(slots=True)
class Shop:
    """What the shop says, and what is true of it.

    Attributes:
        said: Its records, in the order in which it says them.
        orders: Customer id to their orders' totals.
        refunds: Customer id to what went back to them.
        renewals: Customer id to how often their subscription was renewed.
        late: Records said hours after they happened, behind younger ones.
        retried: Records that repeat an earlier one.
        conflicting: Records that tell an earlier order differently.
        foreign: Records of a source that does not own the event.
        guests: Records without a customer id.
        broken: Records that break the contract in other ways.
    """

    said: list[Said] = field(default_factory=list[Said])
    orders: dict[str, list[Decimal]] = field(default_factory=dict[str, "list[Decimal]"])
    refunds: dict[str, list[Decimal]] = field(default_factory=dict[str, "list[Decimal]"])
    renewals: dict[str, int] = field(default_factory=dict[str, int])
    late: int = 0
    retried: int = 0
    conflicting: int = 0
    foreign: int = 0
    guests: int = 0
    broken: int = 0


def open_shop(*, now: datetime, seed: int = 11) -> Shop:
    """Return the shop's last weeks.

    Args:
        now: The end of them; aware.
        seed: Chance; the same seed tells the same story.
    """
    return _Story(random.Random(seed), now).tell()  # noqa: S311 - a story needs no secrecy


class _Story:
    """Tells the shop's weeks, one person after the other, then mixes them by time."""

    def __init__(self, chance: random.Random, now: datetime) -> None:
        self._chance = chance
        self._now = now
        self._shop = Shop()
        self._dated: list[tuple[datetime, Said]] = []
        self._order = 1000

    def tell(self) -> Shop:
        for number in range(1, PEOPLE + 1):
            self._customer(str(number))
        self._guests()
        self._broken()
        self._dated.sort(key=lambda one: one[0])
        self._shop.said = [said for _, said in self._dated]
        return self._shop

    def _say(self, at: datetime, said: Said) -> None:
        """Say it when it happens; one in ten is said hours later, by a queue that was stuck."""
        said_at = at
        if self._chance.random() < 0.1:
            said_at += timedelta(hours=self._chance.randint(1, 30))
            self._shop.late += 1
        self._dated.append((said_at, {"source": "backend", **said, "at": at.isoformat()}))

    def _customer(self, number: str) -> None:
        chance = self._chance
        signed_up = self._now - timedelta(days=chance.randint(20, 60))
        attributes = {
            "email": f"shopper{number}@example.org",
            "name": f"Shopper {number}",
            "created_at": signed_up.isoformat(),
        }
        # Some systems never tell who somebody is; the event must arrive all the same.
        if chance.random() < 0.8:
            self._say(
                signed_up,
                {"type": "identify", "person": {"id": number}, "attributes": attributes},
            )
        for _ in range(chance.choice((0, 1, 1, 2, 3, 5))):
            self._buy(number)
        if chance.random() < 0.2:
            self._renew(number)

    def _buy(self, number: str) -> None:
        chance, shop = self._chance, self._shop
        self._order += 1
        at = self._now - timedelta(minutes=chance.randint(5, 20 * 24 * 60))
        bought = chance.sample(_PRODUCTS, chance.randint(1, 3))
        items: list[dict[str, object]] = []
        total = Decimal(0)
        for sku, name, price in bought:
            quantity = chance.randint(1, 3)
            total += quantity * price
            items.append({"sku": sku, "name": name, "quantity": quantity, "price": str(price)})
        told: dict[str, object] = {
            "order_id": f"A-{self._order}",
            "cart_id": f"cart-{self._order}",
            "total": str(total),
            "currency": "USD",
            "items": items,
        }
        order: Said = {
            "type": "track",
            "event": "order_paid",
            "person": {"id": number},
            "properties": told,
        }
        self._say(at, order)
        shop.orders.setdefault(number, []).append(total)
        self._what_goes_wrong(at, order, told)
        if chance.random() < 0.2:
            self._refund(number, at, total)

    def _renew(self, number: str) -> None:
        """Renew a subscription week by week; its biller sends each renewal twice now and then."""
        weeks = self._chance.randint(1, 4)
        self._shop.renewals[number] = weeks
        for week in range(1, weeks + 1):
            renewal: Said = {
                "type": "track",
                "event": "subscription_renewed",
                "person": {"id": number},
                "properties": {
                    "invoice_id": f"I-{number}-{week}",
                    "subscription_id": f"S-{number}",
                    "amount": "19.95",
                    "currency": "USD",
                },
            }
            at = self._now - timedelta(days=7 * (weeks - week), minutes=self._chance.randint(5, 99))
            self._say(at, renewal)
            if self._chance.random() < 0.2:
                self._say(at, renewal)
                self._shop.retried += 1

    def _what_goes_wrong(self, at: datetime, order: Said, told: Mapping[str, object]) -> None:
        chance, shop = self._chance, self._shop
        if chance.random() < 0.3:
            for _ in range(chance.randint(1, 3)):
                self._say(at, order)
                shop.retried += 1
        if chance.random() < 0.05:
            self._say(at, {**order, "properties": {**told, "total": "1.00"}})
            shop.conflicting += 1
        if chance.random() < 0.15:
            self._say(at, {**order, "source": "legacy"})
            shop.foreign += 1

    def _refund(self, number: str, at: datetime, total: Decimal) -> None:
        amount = (total / 2).quantize(Decimal("0.01"))
        refund: dict[str, object] = {
            "refund_id": f"R-{self._order}",
            "order_id": f"A-{self._order}",
            "amount": str(amount),
            "currency": "USD",
        }
        # Refunds may overtake their orders; totals do not mind.
        self._say(
            at + timedelta(minutes=self._chance.choice((-3, 3))),
            {
                "type": "track",
                "event": "order_refunded",
                "person": {"id": number},
                "properties": refund,
            },
        )
        self._shop.refunds.setdefault(number, []).append(amount)

    def _guests(self) -> None:
        for number in range(3):
            told: dict[str, object] = {
                "order_id": f"G-{number}",
                "total": "8.90",
                "currency": "USD",
                "items": [],
            }
            self._say(
                self._now - timedelta(hours=number + 1),
                {
                    "type": "track",
                    "event": "order_paid",
                    "person": {"email": f"guest{number}@example.org"},
                    "properties": told,
                },
            )
            self._shop.guests += 1

    def _broken(self) -> None:
        at = self._now - timedelta(hours=2)
        order: Said = {"type": "track", "event": "order_paid", "person": {"id": "1"}}
        self._say(at, {**order, "event": "order_payed", "properties": {}})
        self._say(at, {**order, "properties": {"order_id": "B-1", "total": "ten", "items": []}})
        naive: Said = {**order, "at": "2026-01-01 10:00", "source": "backend", "properties": {}}
        self._dated.append((at, naive))
        self._shop.broken += 3
