"""The scenario of the mission: started on a phone, paid on a desktop, in any order of arrival."""

from __future__ import annotations

from itertools import permutations

import pytest

from support.stories import MINUTE_MS, NOW_MS, event, identify, tell
from truthpoint.core.decision import Outcome

PHONE = {"anonymous_id": "phone-7"}
STARTED = NOW_MS - 30 * MINUTE_MS
PAID = NOW_MS - 5 * MINUTE_MS

CART = event("cart_created", PHONE, STARTED - MINUTE_MS, cart_id="C-1")
CHECKOUT = event(
    "checkout_started",
    {**PHONE, "email": "Ana@Example.org"},
    STARTED,
    checkout_id="K-1",
    cart_id="C-1",
    value="40.00",
    currency="USD",
)
ORDER = event(
    "order_paid", "42", PAID, order_id="A-1", cart_id="C-1", total="40.00", currency="USD"
)
LOGIN = identify("42", NOW_MS - 10 * MINUTE_MS, email="ana@example.org")

STORY = (CART, CHECKOUT, ORDER, ORDER, ORDER, LOGIN)
ORDERS = list(permutations(range(len(STORY))))


@pytest.mark.parametrize(
    "cut", [0, 3, *(pytest.param(cut, marks=pytest.mark.soak) for cut in (1, 2, 4, 5))]
)
def test_the_purchase_stops_the_abandonment_series_in_all_720_orders(cut: int) -> None:
    """Laws 3, 5, 9, 10: one person, one order, totals right, no start behind its close."""
    for order in ORDERS:
        told = tell([STORY[place] for place in order], cuts=[cut] if cut else ())
        records = {place: number for number, place in enumerate(order, 1)}

        assert told.names() == {
            frozenset(
                {
                    "id=42",
                    "email=ana@example.org asserted",
                    "anonymous_id=phone-7 inferred",
                    "order=A-1 asserted",
                }
            )
        }, order
        assert len(told.events("order_paid")) == 1, order
        ends = [told.outcome(records[place]) for place in (2, 3, 4)]
        assert sorted(ends) == [
            (Outcome.DELIVERED, ""),
            (Outcome.WITHHELD, "duplicate"),
            (Outcome.WITHHELD, "duplicate"),
        ], order
        ((_, totals),) = told.totals().items()
        assert (totals["orders_count"], totals["lifetime_value"]) == (1, "40"), order

        started = told.outcome(records[1])
        paid_in_first = any(order.index(place) < cut for place in (2, 3, 4))
        started_in_first = order.index(1) < cut
        if started_in_first and not paid_in_first:
            assert started == (Outcome.DELIVERED, ""), order
        else:
            assert started == (Outcome.WITHHELD, "closed"), order
        assert all(end is not Outcome.PENDING for end, _ in told.outcomes()), order
