"""Derived attributes: the step that a total has reached, sent with the totals."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truthpoint.contract.model import Bucket, Contract, Event, Rollup, RollupKind
from truthpoint.core import rollups

TIER = Bucket(
    name="tier",
    rollup="spent",
    steps=(("none", Decimal(0)), ("silver", Decimal(200)), ("gold", Decimal("1000.50"))),
)
BUYER = Bucket(name="buyer", rollup="orders", steps=(("never", Decimal(0)), ("once", Decimal(1))))
PAID = Event(name="order_paid", owner="app", wire="order_paid", key=("order_id",))
CONTRACT = Contract(
    shop="acme",
    events={"order_paid": PAID},
    sources={},
    rollups={
        "spent": Rollup(name="spent", kind=RollupKind.SUM, event="order_paid", property="total"),
        "orders": Rollup(name="orders", kind=RollupKind.COUNT, event="order_paid"),
    },
    buckets=(TIER, BUYER),
)


@pytest.mark.parametrize(
    ("total", "word"),
    [
        ("0", "none"),
        ("199.99", "none"),
        ("200", "silver"),
        ("200.00", "silver"),
        ("1000.49", "silver"),
        ("1000.50", "gold"),
        ("99999", "gold"),
        ("-5", "none"),
    ],
)
def test_a_step_begins_at_its_amount_and_the_first_holds_below_it_too(
    total: str, word: str
) -> None:
    """Exact decimals: a cent decides. A refund before its order leaves nobody without a step."""
    assert word == TIER.word(Decimal(total))


def test_steps_go_with_the_totals_that_they_are_made_of() -> None:
    """A sum and a count alike, beside the totals themselves."""
    told = rollups.on_the_wire(CONTRACT, {"spent": "250", "orders": 3})

    expected = {"spent": Decimal("250.00"), "orders": 3, "tier": "silver", "buyer": "once"}
    assert expected == told


def test_a_step_of_a_total_that_is_not_there_is_not_sent() -> None:
    """What nothing is known of says nothing."""
    assert {"orders": 0, "buyer": "never"} == rollups.on_the_wire(CONTRACT, {"orders": 0})


def test_steps_are_no_part_of_what_totals_are_computed_by() -> None:
    """Other steps change no total: what is kept stays right."""
    plain = Contract(shop="acme", events={}, sources={}, rollups=CONTRACT.rollups)

    assert rollups.definition(plain) == rollups.definition(CONTRACT)


@given(st.lists(st.decimals(-2000, 2000, places=2), min_size=2, max_size=8))
def test_more_is_never_a_lower_step(totals: list[Decimal]) -> None:
    """Steps rise with the total, and every total is in exactly one."""
    words = [word for word, _ in TIER.steps]
    places = [words.index(TIER.word(total)) for total in sorted(totals)]

    assert sorted(places) == places
