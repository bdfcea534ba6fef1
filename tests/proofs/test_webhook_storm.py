"""T17: deliveries repeated, shuffled and up to 14 days late; totals are exact all the same."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from support import virtual
from support.stories import CONTRACT, DAY_MS, NOW_MS, Said, Told, event, open_shop
from truthpoint.contract import read
from truthpoint.core.decision import Outcome
from truthpoint.core.examine import Examiner

DAYS = 14
PATIENT = CONTRACT.read_bytes().replace(b"{hold: 1h,", b"{hold: 15d,")
EXAMINER = Examiner(read(PATIENT, file="stories.yaml"))


class Storm:
    """What a payment provider says of orders, and what it comes to.

    Args:
        seed: The same seed makes the same storm.
        people: How many people.
        orders: How many orders of each.
    """

    def __init__(self, seed: int, people: int, orders: int) -> None:
        self._chance = random.Random(seed)
        self.moments: list[Said] = []
        self.paid: dict[str, dict[str, Decimal]] = defaultdict(dict)
        self.back: dict[str, Decimal] = defaultdict(Decimal)
        for number in range(people * orders):
            self._order(str(1 + number % people), f"A-{number}")

    def _order(self, person: str, order: str) -> None:
        at_ms = NOW_MS - self._chance.randrange(DAYS * DAY_MS)
        total = Decimal(self._chance.randrange(1, 100_000)) / 100
        usd = {"currency": "USD", "order_id": order}
        self.moments.append(event("order_paid", person, at_ms, total=str(total), **usd))
        if self._chance.random() < 0.2:
            total = Decimal(self._chance.randrange(1, 100_000)) / 100
            more = {"correction_id": f"X-{order}", "total": str(total)}
            self.moments.append(event("order_corrected", person, at_ms + 1000, **usd, **more))
        self.paid[person][order] = total
        for place in range(self._chance.choice((0, 0, 1, 2))):
            amount = Decimal(self._chance.randrange(1, 1000)) / 100
            # What a payment provider says of a refund names the charge, and nobody.
            who = self._chance.choice(({"order": order}, person))
            more = {"refund_id": f"R-{order}-{place}", "amount": str(amount)}
            self.moments.append(event("order_refunded", who, at_ms + 2000, **usd, **more))
            self.back[person] += amount

    def deliveries(self) -> dict[int, list[Said]]:
        """Each moment one to five times, on any of the days, in any order."""
        found: dict[int, list[Said]] = {day: [] for day in range(DAYS + 1)}
        for moment in self.moments:
            for _ in range(self._chance.randint(1, 5)):
                found[self._chance.randint(0, DAYS)].append(moment)
        for day in found.values():
            self._chance.shuffle(day)
        return found


async def weather(storm: Storm, folder: Path | None) -> Told:
    """Let a storm pass: every day what came is decided and delivered."""
    clock = virtual.VirtualClock(asyncio.get_running_loop())
    shop = open_shop(clock, examiner=EXAMINER, folder=folder)
    for delivered in storm.deliveries().values():
        shop.capture(*delivered)
        await shop.worker.drain()
        clock.shift_ms += DAY_MS
    clock.shift_ms += 2 * DAY_MS
    await shop.worker.drain()
    told = shop.result()
    if folder is not None:
        for each in (shop.store, shop.journal, shop.desk):
            each.close()
    return told


def judge(storm: Storm, told: Told) -> None:
    """I3: one effect for each business key, and totals equal to a sum over all of them."""
    ends = Counter(told.ends)
    assert set(ends) == {(Outcome.DELIVERED, ""), (Outcome.WITHHELD, "duplicate")}
    assert ends[Outcome.DELIVERED, ""] == len(storm.moments)
    assert len(told.events()) == len(storm.moments)
    assert len({json.dumps(one["event_id"]) for one in told.events()}) == len(storm.moments)
    for person, orders in storm.paid.items():
        found: Any = told.profile(person)
        assert int(found["attributes"]["orders_count"]) == len(orders)
        expected = sum(orders.values(), Decimal(0)) - storm.back[person]
        assert Decimal(found["attributes"]["lifetime_value"]) == expected, person


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("seed", range(3))
def test_totals_are_exact_after_a_storm_of_webhooks(seed: int, kind: str, tmp_path: Path) -> None:
    """T17: refunds come before their orders, and everything comes up to five times."""
    storm = Storm(seed, people=5, orders=6)
    folder = tmp_path / "store" if kind == "sqlite" else None
    judge(storm, virtual.run(weather(storm, folder)))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_totals_are_exact_after_a_storm_at_full_size(seed: int, tmp_path: Path) -> None:
    """T17, with 6,000 orders."""
    storm = Storm(1000 + seed, people=300, orders=20)
    judge(storm, virtual.run(weather(storm, tmp_path / "store")))
