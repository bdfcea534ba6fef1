"""What is taken off from a moment that is not there yet."""

from __future__ import annotations

from totalling import CONTRACT, HOUR_MS, folded, paid, refunded, row_of

from truthpoint.core import rollups
from truthpoint.core.rollups import Waiting

REFUND = refunded(captured_at_ms=5)


def test_a_refund_before_its_order_waits_where_the_contract_says_so() -> None:
    """Law 10: at once elsewhere; what waits tells for what, and until when."""
    values = folded([REFUND])

    assert ("-4", "0", "0") == (values["spent"], values["kept"], values["dollars"])
    assert {("paid", '["A-1"]')} == rollups.waits_for(values)
    assert HOUR_MS + 5 == rollups.next_due_ms(values)


def test_it_counts_when_its_order_arrives() -> None:
    """Law 10: and then nothing tells that it ever waited."""
    values = folded([REFUND, paid()])

    assert folded([paid(), REFUND]) == values
    assert ("6", "6", "6") == (values["spent"], values["kept"], values["dollars"])
    assert (frozenset(), None) == (rollups.waits_for(values), rollups.next_due_ms(values))


def test_another_order_ends_no_wait() -> None:
    """Law 10: nor does a refund that has the order's key as its own."""
    values = folded([REFUND, paid("A-2"), refunded("A-1", order_id="A-2")])

    assert "6" == values["kept"]
    assert {("paid", '["A-1"]')} == rollups.waits_for(values)


def test_it_counts_when_its_wait_is_over_and_is_told() -> None:
    """Law 10: each sum has a wait of its own; a moment before it, nothing happens."""
    values = folded([REFUND, refunded("R-2", order_id="A-2", captured_at_ms=6)])
    early, none = rollups.settle_due(values, HOUR_MS + 4)
    after, counted = rollups.settle_due(values, HOUR_MS + 5)

    assert (values, ()) == (early, none)
    assert (
        Waiting(
            rollup="kept",
            awaited=("paid", '["A-1"]'),
            moment=("refunded", '["R-1"]'),
            amount="-4",
            currency="",
            due_ms=HOUR_MS + 5,
        ),
    ) == counted
    assert ("-4", "0", HOUR_MS + 6) == (
        after["kept"],
        after["dollars"],
        rollups.next_due_ms(after),
    )
    assert HOUR_MS + 5 == rollups.next_due_ms(values)


def test_what_was_counted_without_its_order_is_reported_without_its_key() -> None:
    """Law 21: a key may be anything that a shop makes keys of."""
    _, counted = rollups.settle_due(folded([REFUND]), 10**15)
    told = [rollups.overdue(one) for one in counted]

    assert ["awaited_missing"] * 2 == [one.code for one in told]
    assert "The `paid` that it names did not come while `dollars` waited for it." in [
        one.evidence for one in told
    ]
    assert not any("A-1" in str(one) for one in told)


def test_an_order_after_the_wait_changes_nothing_any_more() -> None:
    """Law 10: the refund is counted once."""
    late, _ = rollups.settle_due(folded([REFUND]), 10**15)
    values = folded([paid()], late)

    assert folded([paid(), REFUND]) == values


def test_an_order_of_another_person_ends_the_wait_when_they_are_joined() -> None:
    """Law 10: the ledger has it; joining alone does not know whose moments there were."""
    joined = rollups.combine(CONTRACT, folded([REFUND]), folded([paid(person=2)]))
    awaited = rollups.waits_for(joined)
    still, none = rollups.settle_arrived(joined, ())
    after, counted = rollups.settle_arrived(joined, awaited)

    assert (joined, ()) == (still, none)
    assert {("paid", '["A-1"]')} == awaited
    assert ["dollars", "kept"] == sorted(one.rollup for one in counted)
    assert folded([paid(), REFUND]) == after


def test_a_recomputation_asks_the_ledger_for_orders_of_others() -> None:
    """Law 10: what the person's own rows do not hold, it can be told."""
    rows = [row_of(REFUND)]
    alone = rollups.recompute(CONTRACT, rows)
    told = rollups.recompute(CONTRACT, rows, rollups.waits_for(alone))

    assert ("0", "-4") == (alone["kept"], told["kept"])


def test_what_waits_in_another_currency_stays_in_it() -> None:
    """Law 10: kept apart before and after."""
    values = folded([refunded(currency="EUR")])
    after, _ = rollups.settle_due(values, 10**15)

    assert "kept:currencies" not in values
    assert ({"EUR": "-4"}, "0") == (after["kept:currencies"], after["kept"])
    assert "-4.34" == after["dollars"]
