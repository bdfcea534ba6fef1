"""Totals, whatever the order of arrival, the people, the joins and the waits (law 10)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from totalling import (
    COMPILED,
    CONTRACT,
    NOBODY_WAITS_MS,
    Happened,
    expected,
    folded,
    paid,
    refunded,
    row_of,
    stored,
)

from truthpoint.core import rollups
from truthpoint.core.decision import LedgerKey

_KEYS = st.sampled_from(["A-1", "A-2", "A-3", "A-4"])
_PEOPLE = st.integers(1, 3)
_TIMES = st.integers(0, 3).map(lambda seconds: 1_000 * seconds)
_CURRENCIES = st.sampled_from(["USD", "USD", "EUR", "JPY", "GBP"])
_CHANNELS = st.sampled_from(["web", "app", "shop"])
_SKUS = st.sampled_from(["", "S-1", "S-2", "S-3"]).map(lambda sku: {"sku": sku})


@st.composite
def amounts(draw: st.DrawFn, currency: str) -> Decimal:
    """An amount in the decimals of its currency."""
    cents = draw(st.integers(-10_000, 1_000_000))
    return Decimal(cents) if currency == "JPY" else Decimal(cents).scaleb(-2)


@st.composite
def orders(draw: st.DrawFn) -> Happened:
    currency = draw(_CURRENCIES)
    return paid(
        draw(_KEYS),
        person=draw(_PEOPLE),
        at_ms=draw(_TIMES),
        total=draw(amounts(currency)),
        shipping=draw(amounts(currency)),
        currency=currency,
        channel=draw(_CHANNELS),
        coupon=draw(st.sampled_from(["", "TEA", "MUG"])),
        gift=draw(st.booleans()),
        points=draw(st.integers(-5, 5)),
        items=draw(st.lists(_SKUS, max_size=3)),
        tags=draw(st.lists(st.integers(0, 3) | st.sampled_from([Decimal("0.5")]), max_size=3)),
    )


@st.composite
def refunds(draw: st.DrawFn) -> Happened:
    currency = draw(_CURRENCIES)
    return refunded(
        draw(st.sampled_from(["R-1", "R-2", "R-3"])),
        person=draw(_PEOPLE),
        at_ms=draw(_TIMES),
        captured_at_ms=draw(_TIMES),
        order_id=draw(_KEYS),
        amount=draw(amounts(currency)),
        currency=currency,
        channel=draw(_CHANNELS),
    )


MOMENTS = st.lists(orders() | refunds(), max_size=7, unique_by=lambda one: one.name)


def _compared(wire: dict[str, Any]) -> dict[str, Any]:
    return {
        name: Fraction(value) if type(value) in (Decimal, int) else value
        for name, value in wire.items()
    }


@given(MOMENTS, st.data())
def test_totals_are_what_an_independent_count_says(
    moments: list[Happened], data: st.DataObject
) -> None:
    """Law 10: exact, in any order of arrival, once nothing waits any more."""
    arrived = data.draw(st.permutations(moments))
    values, _ = rollups.settle_due(folded(arrived), NOBODY_WAITS_MS)
    wire = _compared(rollups.on_the_wire(CONTRACT, values))

    assert (_compared(expected(moments)) if moments else {}) == wire


@given(MOMENTS, st.data())
def test_the_order_of_arrival_leaves_no_trace(moments: list[Happened], data: st.DataObject) -> None:
    """Law 10: not only what is told, all that is kept is the same, what waits included."""
    assert folded(moments) == folded(data.draw(st.permutations(moments)))


@given(MOMENTS, MOMENTS, MOMENTS)
def test_joining_has_no_order(
    one: list[Happened], two: list[Happened], three: list[Happened]
) -> None:
    """Law 10: commutative, associative, and nobody is somebody without totals.

    A key is one person's: a moment that another one has is left out.
    """
    taken: set[LedgerKey] = set()
    people: list[dict[str, Any]] = []
    for moments in (one, two, three):
        people.append(folded(each for each in moments if each.name not in taken))
        taken |= {each.name for each in moments}
    a, b, c = people

    def joined(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
        return stored(rollups.combine(CONTRACT, left, right))

    assert joined(a, b) == joined(b, a)
    assert joined(joined(a, b), c) == joined(a, joined(b, c))
    assert a == joined(a, {}) == joined({}, a)


@given(MOMENTS, st.data())
def test_a_recomputation_equals_any_history_of_folds_joins_and_waits(
    moments: list[Happened], data: st.DataObject
) -> None:
    """Law 10: from the ledger rows alone, in any order."""
    ledger: set[LedgerKey] = set()
    people: dict[int, dict[str, Any]] = {}
    now_ms = 0
    for one in moments:
        row = row_of(one)
        before = people.get(one.person, {})
        after = COMPILED[one.event].fold(before, row.at_ms, row.contributions, row.key, ledger)
        people[one.person] = stored(after)
        ledger.add(one.name)
        if data.draw(st.booleans(), "time passes"):
            now_ms += data.draw(st.sampled_from([1, 3_600_000, 86_400_000]))
            people = {
                person: rollups.settle_due(values, now_ms)[0] for person, values in people.items()
            }
        if len(people) > 1 and data.draw(st.booleans(), "two people are one"):
            kept, gone = data.draw(st.permutations(sorted(people)))[:2]
            both = rollups.combine(CONTRACT, people[kept], people.pop(gone))
            people[kept], _ = rollups.settle_arrived(stored(both), ledger)
            moments = [_of(each, kept) if each.person == gone else each for each in moments]
    joined: dict[str, Any] = reduce(
        lambda left, right: rollups.combine(CONTRACT, left, right), people.values(), {}
    )
    joined, _ = rollups.settle_arrived(joined, ledger)
    rows = data.draw(st.permutations([row_of(one) for one in moments]))
    recomputed = rollups.recompute(CONTRACT, rows)

    # Who was late already when they came is counted by the next look at the time.
    assert rollups.settle_due(joined, now_ms)[0] == rollups.settle_due(recomputed, now_ms)[0]


def _of(one: Happened, person: int) -> Happened:
    return Happened(
        event=one.event,
        key=one.key,
        person=person,
        at_ms=one.at_ms,
        captured_at_ms=one.captured_at_ms,
        values=one.values,
    )


@given(MOMENTS)
def test_what_waits_is_counted_once_or_not_at_all(moments: list[Happened]) -> None:
    """Law 10: each wait ends, and none begins again."""
    values = folded(moments)
    waits = rollups.waits_for(values)
    arrived, by_arrival = rollups.settle_arrived(values, waits)
    over, by_time = rollups.settle_due(values, NOBODY_WAITS_MS)

    assert (arrived, by_arrival) == (over, by_time)
    assert (frozenset(), None) == (rollups.waits_for(over), rollups.next_due_ms(over))
    assert {one.awaited for one in by_time} == waits
    assert not waits & {one.name for one in moments}
