"""What each kind of rollup makes of moments, and what a ledger row keeps for it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from totalling import (
    COMPILED,
    CONTRACT,
    HOUR_MS,
    folded,
    paid,
    refunded,
    row_of,
    told,
)

from truthpoint.contract.model import Bucket, Contract, Foreign, Rollup, RollupKind
from truthpoint.core import rollups
from truthpoint.core.texts import key_text, normal_text

_TIER = Bucket(
    name="tier",
    rollup="coupons",
    steps=(("none", Decimal(0)), ("some", Decimal(2)), ("many", Decimal(20))),
)


def _only(**changes: Any) -> Contract:
    """The shop with one rollup, `kept`, changed."""
    return replace(CONTRACT, rollups={"kept": replace(CONTRACT.rollups["kept"], **changes)})


def test_nothing_but_the_start_is_known_before_something_counts() -> None:
    """Law 10: counts and sums start at 0, the others are absent."""
    zero = ("orders", "web_orders", "spent", "web_spent", "goods", "kept", "dollars", "points")
    values = ("coupons", "skus", "tags", "gifts")
    wire = rollups.on_the_wire(CONTRACT, COMPILED["refunded"].fold({}, 5, {}, "k"))

    assert dict.fromkeys([*zero, *values], 0) == wire


def test_an_event_without_rollups_touches_nothing() -> None:
    """It is not loaded for, and not folded."""
    assert ({"paid", "refunded"}, False) == (
        rollups.touching(CONTRACT),
        COMPILED["seen"].touched,
    )
    assert ({}, ()) == COMPILED["seen"].contributions({"sku": "S"}, 0)


def test_a_moment_counts_only_where_it_meets_every_condition() -> None:
    """Law 10: one of the values of each property, on what is taken off too."""
    wire = told(
        [
            paid("A-1", at_ms=9_000),
            paid("A-2", channel="app", at_ms=1_000),
            paid("A-3", channel="shop", at_ms=2_000),
            paid("A-4", gift=True, at_ms=10_000),
            refunded("R-1", channel="shop", order_id="A-3"),
            refunded("R-2", channel="app", order_id="A-2"),
        ]
    )

    assert (4, 2) == (wire["orders"], wire["web_orders"])
    assert (Decimal("32.00"), Decimal("26.00")) == (wire["spent"], wire["web_spent"])
    assert (1, 9) == (wire["first_at"], wire["first_web_at"])
    assert (10, 9) == (wire["last_at"], wire["last_web_at"])


def test_different_values_count_once() -> None:
    """Law 10: of a property, of a list's items, and of one of their properties."""
    items = [{"sku": "S-1"}, {"sku": "S-2"}, {"sku": "S-1"}, {"sku": ""}]
    wire = told(
        [
            paid("A-1", coupon="TEA", items=items, tags=[1, Decimal("1.5")]),
            paid("A-2", coupon="TEA", items=items[1:2], tags=[Decimal("1.50")], gift=True),
            paid("A-3", coupon="", items=[{"sku": "S-9"}], channel="app"),
        ]
    )

    assert (1, 2, 2, 2) == (wire["coupons"], wire["skus"], wire["tags"], wire["gifts"])


def test_first_and_last_go_by_time_and_then_by_key() -> None:
    """Law 10: who arrived first does not matter; an empty text is no value."""
    moments = [
        paid("A-2", coupon="TWO", total=Decimal("2.00"), at_ms=5),
        paid("A-1", coupon="ONE", total=Decimal("1.00"), at_ms=5),
        paid("A-3", coupon="", total=Decimal("3.50"), at_ms=5),
        paid("A-0", coupon="", at_ms=1),
    ]

    for ordered in (moments, moments[::-1]):
        wire = told(ordered)

        assert ("ONE", "3.50") == (wire["first_coupon"], str(wire["last_total"]))
    assert "first_coupon" not in told(moments[2:])


def test_a_first_or_last_value_may_be_false_or_zero() -> None:
    """Only an empty text says nothing."""
    wire = told([paid("A-1", channel="app", gift=False, total=Decimal("0.00"))])

    assert (False, "0.00") == (wire["last_gift"], str(wire["last_total"]))


def test_other_currencies_go_where_the_contract_says() -> None:
    """Law 10: refused, kept apart, or converted and rounded to cents, half to even."""
    moments = [
        paid("A-1", currency="EUR", total=Decimal("10.00")),
        paid("A-2", currency="EUR", total=Decimal("0.10")),
        paid("A-3", currency="JPY", total=Decimal(1000)),
        paid("A-4", currency="GBP", total=Decimal("1.00"), points=3),
        refunded("R-1", currency="EUR", order_id="A-1", amount=Decimal("0.30")),
    ]
    wire = told(moments)

    # 10.85 + 0.1085 → 0.11 + 6.70 - 0.3255 → 0.33
    assert ("0.00", "17.33") == (str(wire["spent"]), str(wire["dollars"]))
    assert {"kept": "0.00", "kept_eur": "9.80", "kept_gbp": "1.00", "kept_jpy": "1000"} == {
        name: str(value) for name, value in wire.items() if name.startswith("kept")
    }
    assert 3 == wire["points"]


@pytest.mark.parametrize(
    ("amount", "cents"), [("1.00", "0.12"), ("3.00", "0.38"), ("-1.00", "-0.12"), ("0.00", "0")]
)
def test_a_conversion_rounds_half_to_even(amount: str, cents: str) -> None:
    """Law 10: 0.125 is 0.12 and 0.375 is 0.38, so that many conversions do not drift."""
    contract = _only(foreign=Foreign.RATES, rates=(("EUR", Decimal("0.125")),), minus_of=None)
    compiled = rollups.EventRollups(contract, contract.events["paid"])
    one = paid(currency="EUR", total=Decimal(amount))

    assert ({"kept": cents}, ()) == compiled.contributions(one.values, 0)


def test_what_has_no_place_is_told_and_not_added() -> None:
    """Law 10: by each sum that refuses it; one whose condition it does not meet is not asked."""
    _, euros = COMPILED["paid"].contributions(paid(currency="EUR").values, 0)
    _, pounds = COMPILED["paid"].contributions(paid(currency="GBP", channel="shop").values, 0)
    _, ours = COMPILED["paid"].contributions(paid().values, 0)

    assert ("spent", "web_spent", "goods") == euros
    assert ("spent", "goods", "dollars") == pounds
    assert () == ours


def test_a_row_keeps_what_a_moment_adds_and_no_more() -> None:
    """Law 10: that it counts, and when it was, the row itself says; that it does not, stands."""
    one = paid(channel="app", currency="EUR", coupon="TEA", items=[{"sku": "S"}], tags=[2])

    assert {
        "web_orders": None,
        "first_web_at": None,
        "last_web_at": None,
        "kept": {"amount": "10", "currency": "EUR"},
        "dollars": "10.85",
        "points": "0",
        "coupons": ["TEA"],
        "tags": ["2"],
        "gifts": ["false"],
        "first_coupon": "TEA",
        "last_total": {"decimal": "10.00"},
        "last_gift": False,
    } == row_of(one).contributions
    assert {
        "spent": "-4",
        "web_spent": "-4",
        "kept": {"amount": "-4", "of": '["A-1"]', "due_ms": HOUR_MS + 7},
        "dollars": {"amount": "-4", "of": '["A-1"]', "due_ms": 7 * 24 * HOUR_MS + 7},
    } == row_of(refunded(captured_at_ms=7)).contributions


def test_a_row_of_an_earlier_version_is_read_as_it_was_meant() -> None:
    """It counts, and adds its amounts: no version before this one had conditions."""
    old = replace(row_of(paid(at_ms=5_000)), contributions={"spent": "10.50", "gone": "7"})
    wire = rollups.on_the_wire(CONTRACT, rollups.recompute(CONTRACT, [old]))

    assert (1, 1, Decimal("10.50"), 5) == (
        wire["orders"],
        wire["web_orders"],
        wire["spent"],
        wire["first_web_at"],
    )


def test_a_row_of_another_rule_is_counted_by_the_rule_of_now() -> None:
    """What waited does so no longer; what was kept in another currency has no place."""
    rows = [row_of(refunded()), row_of(refunded("R-2", currency="EUR"))]
    at_once = _only(minus_of=None)
    refusing = _only(minus_of=None, foreign=Foreign.REFUSE)
    converting = _only(foreign=Foreign.RATES, rates=(("EUR", Decimal(2)),))

    assert {"kept": "-4", "kept:currencies": {"EUR": "-4"}} == rollups.recompute(at_once, rows)
    assert {"kept": "-4"} == rollups.recompute(refusing, rows)
    values, counted = rollups.settle_due(rollups.recompute(converting, rows), 10**15)
    assert ({"kept": "-4"}, 1) == (values, len(counted))


def test_rows_of_events_that_no_rollup_counts_give_no_totals() -> None:
    """Neither an event of the contract nor one that it no longer has."""
    seen = replace(row_of(paid()), event="seen")
    gone = replace(row_of(paid()), event="gone")

    assert {} == rollups.recompute(CONTRACT, [seen, gone])
    assert folded([paid()]) == rollups.recompute(CONTRACT, [seen, row_of(paid()), gone])


def test_totals_that_are_no_longer_declared_are_left_out_of_a_join() -> None:
    """Law 10: nothing says any more what they mean, so they cannot be added up."""
    few = replace(CONTRACT, rollups={"orders": CONTRACT.rollups["orders"]})
    waiting = folded([refunded()])

    assert {"orders": 1} == rollups.combine(few, waiting, folded([paid()]))
    assert {"orders": 2} == rollups.combine(few, {"orders": 2, "old": "x"}, {"old": 5})
    assert {"orders": 2} == rollups.combine(few, {"old": 5}, {"orders": 2})


def test_a_fold_changes_nothing_in_place() -> None:
    """Totals that were handed out stay as they were."""
    before = folded([paid("A-1", coupon="B", currency="EUR"), refunded(order_id="A-9")])
    kept = rollups.combine(CONTRACT, before, {})
    folded([paid("A-9", coupon="A", currency="EUR"), refunded("R-2", order_id="A-8")], before)
    rollups.combine(CONTRACT, before, folded([paid("A-7", coupon="C")]))
    rollups.settle_due(before, 10**15)

    assert kept == before


def test_steps_may_be_of_distinct_values() -> None:
    """Law 10: their number is what the steps compare."""
    contract = replace(CONTRACT, buckets=(_TIER, replace(_TIER, name="by_sum", rollup="spent")))
    values = folded([paid("A-1", coupon="A"), paid("A-2", coupon="B")])
    wire = rollups.on_the_wire(contract, values)

    assert ("some", "many") == (wire["tier"], wire["by_sum"])


def test_a_definition_says_everything_that_changes_a_total() -> None:
    """And nothing more than before for the rollups of before; no value can pass for another."""
    contract = _only(where=(("channel", ("web; spent=sum:", Decimal("1.5"))),))
    rates = _only(minus_of=None, foreign=Foreign.RATES, rates=(("EUR", Decimal("1.50")),))

    assert (
        'kept=sum:paid.total-refunded.amount@USD where {"channel":["web\\u003b spent=sum:","1.5"]}'
        " of order_id within 3600000 per_currency"
    ) == rollups.definition(contract)
    assert ('kept=sum:paid.total-refunded.amount@USD rates {"EUR":"1.50"}') == rollups.definition(
        rates
    )
    text = rollups.definition(CONTRACT)
    assert text == rollups.declared(rollups.to_remember(text, text))
    assert "coupons=count_distinct:paid.coupon-None.None@USD" in text


def test_a_new_kind_is_no_old_one() -> None:
    """Law 10: a name keeps its kind, or its values would be taken for others."""
    last = Rollup(name="kept", kind=RollupKind.LAST, event="paid", property="coupon")
    now = rollups.definition(replace(CONTRACT, rollups={"kept": last}))

    assert ("kept", "sum", "last") == rollups.changed_kind(rollups.definition(CONTRACT), now)
    assert rollups.changed_kind(rollups.definition(CONTRACT), now.replace("kept", "new")) is None


@pytest.mark.parametrize("value", ["A-1", "ä\n", 7, Decimal("7.50"), True, False])
def test_a_key_that_is_waited_for_is_written_as_the_ledger_writes_it(value: object) -> None:
    """Law 5: one text for one key."""
    said = refunded(order_id=value).values

    assert {("paid", key_text([normal_text(value)]))} == COMPILED["refunded"].awaits(said)
    assert frozenset() == COMPILED["paid"].awaits(paid().values)
