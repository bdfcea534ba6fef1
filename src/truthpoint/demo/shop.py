"""The demo's shop: what it says, and what is true of its people.

It is seeded, so that every run tells the same. `weeks` tells what any shop does, `stories`
what makes it hard to know who is who and what came first.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

Said = dict[str, object]
"""A record as the shop says it."""

Name = tuple[str, str]
"""How a profile is found at the workspace: `("id", "42")` or `("email", "ana@example.org")`."""

PRODUCTS: Final = (
    ("TEA-1", "Morning tea, 100 g", Decimal("8.90")),
    ("TEA-2", "Evening tea, 100 g", Decimal("9.40")),
    ("POT-1", "Small pot", Decimal("24.00")),
    ("CUP-1", "Cup", Decimal("6.50")),
    ("SUB-1", "Sampler", Decimal("19.95")),
)


@dataclass(slots=True)
class Buyer:
    """What is true of one person, and so must be at the workspace.

    Attributes:
        orders: What each of their orders came to.
        refunds: What went back to them.
        events: How many events of theirs are to arrive.
        email: The email that leads to their profile; empty: none does.
    """

    orders: list[Decimal] = field(default_factory=list[Decimal])
    refunds: list[Decimal] = field(default_factory=list[Decimal])
    events: int = 0
    email: str = ""

    @property
    def value(self) -> Decimal:
        """What they paid, less what went back."""
        return sum(self.orders, Decimal(0)) - sum(self.refunds, Decimal(0))

    def bought(self, total: Decimal) -> None:
        """Note that they paid an order."""
        self.orders.append(total)
        self.events += 1

    def got_back(self, amount: Decimal) -> None:
        """Note that money went back to them."""
        self.refunds.append(amount)
        self.events += 1


class Shop:
    """What the shop says in two rounds, and what is true of it.

    Everything of the first round is delivered before the second one begins.

    Args:
        now: The present; aware.
        seed: Chance; the same seed tells the same.

    Attributes:
        now: The present.
        chance: Chance.
        buyers: Who must be at the workspace.
        counts: How often each thing happened.
        told: For each story, whom each telling of it was about.
        gone: Profiles that must not be at the workspace at the end.
        same: Profiles of the first round, and by what the same profile is found at the end.
    """

    def __init__(self, now: datetime, *, seed: int = 11) -> None:
        self.now = now
        self.chance = random.Random(seed)  # noqa: S311 - a story needs no secrecy
        self.buyers: dict[Name, Buyer] = {}
        self.counts: dict[str, int] = {}
        self.told: dict[str, list[tuple[Name, ...]]] = {}
        self.gone: list[Name] = []
        self.same: dict[Name, Name] = {}
        self._placed: list[tuple[int, float, Said]] = []

    def buyer(self, kind: str, name: str) -> Buyer:
        """Return what is true of somebody, who is new if they were not named before."""
        return self.buyers.setdefault((kind, name), Buyer())

    def count(self, what: str, times: int = 1) -> None:
        """Note that something happened."""
        self.counts[what] = self.counts.get(what, 0) + times

    def say(self, records: Iterable[Said], *, turn: int = 1) -> None:
        """Say records one behind the other, anywhere among all others of a round.

        Args:
            records: What it says.
            turn: The round.
        """
        told = list(records)
        places = sorted(self.chance.random() for _ in told)
        self._placed += [(turn, place, one) for place, one in zip(places, told, strict=True)]

    def round(self, turn: int) -> list[Said]:
        """Return what the shop says in a round, in its order."""
        placed = sorted(
            ((place, one) for place_turn, place, one in self._placed if place_turn == turn),
            key=lambda placed: placed[0],
        )
        return [one for _, one in placed]


def record(kind: str, person: object, at: datetime, **more: object) -> Said:
    """Return a record of the backend, unless it says another source."""
    return {"source": "backend", "type": kind, "person": person, "at": at.isoformat(), **more}


def event(name: str, person: object, at: datetime, /, **properties: object) -> Said:
    """Return an event of the backend."""
    return record("track", person, at, event=name, properties=properties)


def order(person: object, at: datetime, /, order_id: str, total: Decimal, **more: object) -> Said:
    """Return a paid order."""
    told: dict[str, object] = {"currency": "USD", "items": [], **more}
    return event("order_paid", person, at, order_id=order_id, total=str(total), **told)


def refund(person: object, at: datetime, order_id: str, amount: Decimal) -> Said:
    """Return a refund, as the payment provider tells it."""
    told = event(
        "order_refunded",
        person,
        at,
        refund_id=f"R-{order_id}",
        order_id=order_id,
        amount=str(amount),
        currency="USD",
    )
    return {**told, "source": "payments"}


def checkout(person: object, at: datetime, cart_id: str, value: Decimal) -> Said:
    """Return a started checkout."""
    return event(
        "checkout_started",
        person,
        at,
        checkout_id=f"K-{cart_id}",
        cart_id=cart_id,
        value=str(value),
        currency="USD",
        items=[],
    )
