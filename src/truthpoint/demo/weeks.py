"""The demo's weeks: sign-ups, orders, refunds, renewals, and what goes wrong in any shop.

It retries what it sent, says things late and out of order, lets a second system tell the
same orders, and now and then says something broken.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from .shop import PRODUCTS, Said, event, order, record, refund

if TYPE_CHECKING:
    from .shop import Shop

PEOPLE: Final = 300


def tell_weeks(shop: Shop) -> None:
    """Let the shop say what happened in its last weeks, all in the first round."""
    weeks = _Weeks(shop)
    for number in range(1, PEOPLE + 1):
        weeks.customer(str(number))
    weeks.broken()
    weeks.say()


class _Weeks:
    """Tells the weeks, one person after the other, then mixes them by time."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._chance = shop.chance
        self._now = shop.now
        self._dated: list[tuple[datetime, Said]] = []
        self._order = 1000

    def say(self) -> None:
        self._dated.sort(key=lambda one: one[0])
        told = [said for _, said in self._dated]
        self._shop.count("refunds_first", _refunds_first(told))
        self._shop.say(told)

    def _date(self, at: datetime, said: Said) -> None:
        """Say it when it happens; one in ten is said hours later, by a queue that was stuck."""
        said_at = at
        if self._chance.random() < 0.1:
            said_at += timedelta(hours=self._chance.randint(1, 30))
            self._shop.count("late")
        self._dated.append((said_at, said))

    def customer(self, number: str) -> None:
        chance = self._chance
        signed_up = self._now - timedelta(days=chance.randint(20, 60))
        attributes = {
            "email": f"shopper{number}@example.org",
            "name": f"Shopper {number}",
            "created_at": signed_up.isoformat(),
        }
        # Some systems never tell who somebody is; the event must arrive all the same.
        if chance.random() < 0.8:
            self._date(
                signed_up, record("identify", {"id": number}, signed_up, attributes=attributes)
            )
            self._shop.buyer("id", number).email = attributes["email"]
        for _ in range(chance.choice((0, 1, 1, 2, 3, 5))):
            self._buy(number)
        if chance.random() < 0.2:
            self._renew(number)

    def _buy(self, number: str) -> None:
        chance = self._chance
        self._order += 1
        order_id = f"A-{self._order}"
        at = self._now - timedelta(minutes=chance.randint(5, 20 * 24 * 60))
        bought = chance.sample(PRODUCTS, chance.randint(1, 3))
        items: list[dict[str, object]] = []
        total = Decimal(0)
        for sku, name, price in bought:
            quantity = chance.randint(1, 3)
            total += quantity * price
            items.append({"sku": sku, "name": name, "quantity": quantity, "price": str(price)})
        told = order({"id": number}, at, order_id, total, cart_id=f"C-{order_id}", items=items)
        self._date(at, told)
        self._shop.buyer("id", number).bought(total)
        self._what_goes_wrong(at, told)
        if chance.random() < 0.2:
            self._refund(number, at, order_id, total)

    def _renew(self, number: str) -> None:
        """Renew a subscription week by week; its biller sends each renewal twice now and then."""
        weeks = self._chance.randint(1, 4)
        self._shop.buyer("id", number).events += weeks
        for week in range(1, weeks + 1):
            at = self._now - timedelta(days=7 * (weeks - week), minutes=self._chance.randint(5, 99))
            renewal = event(
                "subscription_renewed",
                {"id": number},
                at,
                invoice_id=f"I-{number}-{week}",
                subscription_id=f"S-{number}",
                amount="19.95",
                currency="USD",
            )
            self._date(at, renewal)
            if self._chance.random() < 0.2:
                self._date(at, renewal)
                self._shop.count("retried")

    def _what_goes_wrong(self, at: datetime, told: Said) -> None:
        chance, shop = self._chance, self._shop
        if chance.random() < 0.3:
            for _ in range(chance.randint(1, 3)):
                self._date(at, told)
                shop.count("retried")
        if chance.random() < 0.05:
            properties = cast("dict[str, object]", told["properties"])
            later = at + timedelta(days=2)
            self._dated.append((later, {**told, "properties": {**properties, "total": "1.00"}}))
            shop.count("conflicting")
        if chance.random() < 0.15:
            self._date(at, {**told, "source": "legacy"})
            shop.count("foreign")

    def _refund(self, number: str, at: datetime, order_id: str, total: Decimal) -> None:
        """Give half of it back; a refund may be told before its order, and totals do not mind."""
        amount = (total / 2).quantize(Decimal("0.01"))
        refunded = at + timedelta(minutes=self._chance.choice((-3, 3)))
        self._date(refunded, refund({"id": number}, refunded, order_id, amount))
        self._shop.buyer("id", number).got_back(amount)

    def broken(self) -> None:
        at = self._now - timedelta(hours=2)
        payed = event("order_payed", {"id": "1"}, at)
        ten = event("order_paid", {"id": "1"}, at, order_id="B-1", total="ten", items=[])
        naive = {**event("order_paid", {"id": "1"}, at), "at": "2026-01-01 10:00"}
        nobody = event(
            "subscription_renewed",
            {},
            at,
            invoice_id="I-0-1",
            subscription_id="S-0",
            amount="19.95",
            currency="USD",
        )
        told = (payed, ten, naive, nobody)
        self._dated += [(at, one) for one in told]
        self._shop.count("broken", len(told))


def _refunds_first(told: list[Said]) -> int:
    """Return how many refunds are told before anything is said of their order."""
    ordered: set[object] = set()
    first = 0
    for one in told:
        properties = cast("dict[str, object]", one.get("properties", {}))
        if one.get("event") == "order_paid" and one["source"] == "backend":
            ordered.add(properties.get("order_id"))
        elif one.get("event") == "order_refunded":
            first += properties.get("order_id") not in ordered
    return first
