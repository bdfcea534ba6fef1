"""Corrections: what takes the place of what a moment added to totals (law 10)."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest
from correcting import (
    CONTRACT,
    EXAMINER,
    HOUR_MS,
    SHOP,
    added,
    codes,
    event,
    fixed,
    paid,
    refund_fixed,
    refunded,
    repriced,
    spent,
    told,
    totals,
)
from deciding import after, rows, run
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from truthpoint.contract import read
from truthpoint.core.decision import Outcome
from truthpoint.core.examine import Examiner
from truthpoint.core.overdue import end_waits
from truthpoint.core.rollups import Corrections
from truthpoint.testing.builders import START_MS, line


def test_a_correction_takes_the_place_of_what_an_order_added():
    """Law 10: the sum, what `where` lets count, distinct and first values: all said anew."""
    story = told(
        paid(total="10", coupon="SPRING"),
        paid("A-2", total="1"),
        fixed("F-1", total="7.50", channel="phone", coupon="SUMMER"),
    )

    assert {
        "orders": 2,
        "web_orders": 1,
        "spent": "8.5",
        "web_spent": "1",
        "kept": "8.5",
        "coupons": ["SUMMER"],
        "first_coupon": [START_MS, '["A-1"]', "SUMMER"],
    } == totals(story)["42"]


def test_a_correction_changes_only_totals_of_which_it_says_everything():
    """Law 10: another amount says nothing of channel and coupon."""
    story = told(paid(coupon="SPRING", channel="phone"), repriced(total="7"))
    values = totals(story)["42"]

    assert ("7", "7") == (values["spent"], values["kept"])
    assert ["SPRING"] == values["coupons"]
    assert ("0", 0) == (values["web_spent"], values["web_orders"])


def test_a_correction_can_take_everything_away():
    """Law 10: an order of nothing still counts as an order."""
    story = told(paid(coupon="SPRING"), fixed("F-1", total="0"))

    assert (1, "0", []) == tuple(totals(story)["42"][one] for one in ("orders", "spent", "coupons"))


def test_a_correction_may_come_before_its_order():
    """Law 10: it waits in the ledger, for as long as it takes."""
    before = told(fixed("F-1", total="7"), paid(), cuts=[1])
    behind = told(paid(), fixed("F-1", total="7"), cuts=[1])

    assert totals(behind) == totals(before)
    assert added(behind) == added(before)
    assert ["corrected_unknown"] == codes(before)
    assert [] == codes(behind)


@pytest.mark.parametrize("cuts", [(), (1,), (1, 2), (1, 2, 3)])
def test_the_latest_correction_counts_whichever_came_first(cuts):
    """Law 10: two corrections and their order, in all orders of arrival."""
    story = [
        paid(coupon="SPRING"),
        fixed("F-1", total="7", coupon="SUMMER", after_ms=1_000),
        repriced(total="5", after_ms=2_000),
        repriced(total="6", after_ms=1_500),
    ]
    ends = [told(*order, cuts=cuts) for order in permutations(story)]

    assert all(totals(one) == totals(ends[0]) for one in ends)
    assert all(added(one) == added(ends[0]) for one in ends)
    # The latest says another amount only: of the coupon, the order's own word counts.
    assert Decimal(5) == spent(ends[0])
    assert ["SPRING"] == totals(ends[0])["42"]["coupons"]


def test_corrections_of_one_time_have_one_order():
    """Law 10: by name, key and words, and never by arrival."""
    story = [paid(), fixed("F-1", total="1"), fixed("F-2", total="2"), repriced(total="3")]
    story += [repriced(total="4")]
    ends = {spent(told(*order, cuts=[2, 3])) for order in permutations(story)}

    assert 1 == len(ends)


def test_a_correction_told_twice_is_one():
    """Law 5: with a key it is withheld, and without one it says the same once more."""
    keyed = told(paid(), fixed("F-1", total="7"), fixed("F-1", total="7"), cuts=[2])
    plain = told(paid(), repriced(total="7"), repriced(total="7"), cuts=[2])

    assert ["duplicate"] == codes(keyed)
    assert Decimal(7) == spent(keyed) == spent(plain)
    assert [Outcome.WITHHELD] == [one.outcome for one in keyed.decisions[1].verdicts]


def test_an_order_told_twice_stays_corrected():
    """Law 5: a retry of the order does not bring its old amount back."""
    assert Decimal(7) == spent(told(paid(), fixed("F-1", total="7"), paid(), cuts=[1, 2]))


def test_a_correction_of_another_persons_order_corrects_that_person():
    """Law 10: the key names the moment; a finding says that somebody may be confused."""
    other = event("fixed", "43", fix_id="F-1", order_id="A-1", total="7")
    behind = told(paid(), other, cuts=[1])
    before = told(other, paid(), cuts=[1])

    assert Decimal(7) == spent(behind) == spent(before)
    assert "43" not in totals(behind)
    assert totals(before) == totals(behind)
    assert ["corrected_of_another"] == codes(behind)
    assert behind.known.totals[1].changed_by == 2


def test_a_correction_in_a_batch_with_others_computes_one_persons_totals_alone():
    """Law 10: their moments are loaded beside the corrected person's, and stay theirs."""
    others = paid("B-1", "5", "43")
    story = told(paid(), others, fixed("F-1", total="7"), others, cuts=[2])

    assert Decimal(7) == spent(story)
    assert "5" == totals(story)["43"]["spent"]


def test_a_correction_of_an_order_that_never_comes_changes_nothing():
    """Law 10: nothing is invented; it is sent as the event that it is."""
    story = told(fixed("F-1", total="7"))

    assert {} == totals(story)
    assert ["corrected_unknown"] == codes(story)
    assert 1 == len(story.decisions[0].operations)


def test_a_correction_that_can_change_no_total_says_so():
    """A `total` that is text is no amount; without a word it would look as if it counted."""
    story = told(paid(), event("noted", note_id="N-1", order_id="A-1"))

    assert Decimal(10) == spent(story)
    assert ["corrected_nothing"] == codes(story)


def test_a_corrected_refund_waits_for_its_order_as_before():
    """Law 10: only the amount is another; what it waits for, and how long, stays."""
    story = told(refunded(amount="4"), refund_fixed("F-1", amount="3"))
    values = totals(story)["42"]

    assert ("0", "-3") == (values["kept"], values["spent"])
    assert [
        ["kept", "paid", '["A-1"]', "refunded", '["R-1"]', "-3", "", START_MS + HOUR_MS]
    ] == values[":pending"]
    after = told(refunded(amount="4"), refund_fixed("F-1", amount="3"), paid(), cuts=[1, 2])
    assert "7" == totals(after)["42"]["kept"]
    assert ":pending" not in totals(after)["42"]


def test_a_refund_whose_wait_is_over_stays_counted_when_it_is_corrected():
    """Law 10: it waits no second time, and is not taken off twice."""
    story = told(paid("A-2", total="1"), refunded(amount="4"))
    late = replace(story.known, now_ms=START_MS + 2 * HOUR_MS)
    ended = end_waits(
        late.totals.values(), late.ledger, now_ms=late.now_ms, next_ids=(9, late.next_operation)
    )
    behind = rows(refund_fixed("F-1", amount="3"), source="app", first=3)
    corrected = run(behind, known=after(late, ended), examiner=EXAMINER)

    assert "1" == totals(story)["42"]["kept"]
    assert "-3" == ended.totals[0].values["kept"]
    assert "-2" == totals(corrected)["42"]["kept"]
    assert ":pending" not in totals(corrected)["42"]


def test_an_amount_in_another_currency_is_refused_in_corrections_too():
    """Law 10: no total is silently in two currencies."""
    story = told(paid(), fixed("F-1", total="7", currency="EUR"))

    assert Decimal(0) == spent(story)
    assert {"currency_not_reporting"} == set(codes(story))


def test_a_correction_of_an_erased_persons_order_brings_no_totals_back():
    """Law 20: whoever is erased has none."""
    other = event("fixed", "43", fix_id="F-1", order_id="A-1", total="7")
    story = told(paid(), line(type="erase", person={"id": "42"}), other, cuts=[1, 2])

    assert () == story.decisions[2].totals


@pytest.mark.parametrize("erased_first", [True, False])
def test_what_an_erased_person_corrected_counts_no_more_for_an_order_that_comes_later(erased_first):
    """Law 20: nothing is left of what it said; the order counts as it says itself."""
    other = event("fixed", "43", fix_id="F-1", order_id="A-1", total="7")
    before = told(other, line(type="erase", person={"id": "43"})).known
    correction = before.ledger["paid@corrected", '["A-1"]']
    forgotten = {
        ("paid@corrected", '["A-1"]'): replace(correction, contributions={}),
    }
    known = replace(before, ledger={**before.ledger, **forgotten}) if erased_first else before
    story = run(rows(paid(), source="app", first=3), known=known, examiner=EXAMINER)

    assert Decimal(10 if erased_first else 7) == spent(story)


ORDERS = st.sampled_from(["A-1", "A-2"])
AMOUNTS = st.sampled_from(["0", "1", "2.50", "9.99"])
CHANNELS = st.sampled_from(["web", "phone"])
COUPONS = st.sampled_from(["", "SPRING", "SUMMER"])
TIMES = st.integers(0, 3).map(lambda hours: hours * 1_000)


@st.composite
def stories(draw):
    """Orders, refunds and corrections of both; keys may repeat only with the same words."""
    story = [
        draw(st.builds(paid, st.just(key), AMOUNTS, channel=CHANNELS, coupon=COUPONS))
        for key in draw(st.lists(ORDERS, unique=True))
    ]
    for number in range(draw(st.integers(0, 3))):
        kind = st.builds(
            fixed,
            st.just(f"F-{number}"),
            ORDERS,
            AMOUNTS,
            channel=CHANNELS,
            coupon=COUPONS,
            after_ms=TIMES,
        )
        story.append(draw(kind | st.builds(repriced, ORDERS, AMOUNTS, after_ms=TIMES)))
    if draw(st.booleans()):
        story.append(draw(st.builds(refunded, st.just("R-1"), ORDERS, AMOUNTS)))
        fixes = st.builds(refund_fixed, st.just("X-1"), st.just("R-1"), AMOUNTS, after_ms=TIMES)
        story += draw(st.lists(fixes, max_size=1))
    repeated = draw(st.lists(st.sampled_from(story), max_size=3)) if story else []
    return story, [*story, *repeated]


@settings(max_examples=150)
@given(stories(), st.randoms(use_true_random=False), st.sets(st.integers(1, 8)))
def test_totals_are_the_same_for_every_order_of_arrival(story, chance, cuts):
    """Law 10: shuffled, repeated, and cut into batches anywhere."""
    plain, arriving = story
    chance.shuffle(arriving)
    one, other = told(*plain), told(*arriving, cuts=cuts)

    assert totals(one) == totals(other)
    assert added(one) == added(other)


def test_items_are_corrected_where_they_are_of_one_type():
    """Law 10: a list of other items says something else; read in one pass or not."""
    text = SHOP.replace(
        "sources:",
        "types: {item: {sku: {type: string, required: true}}, "
        "thing: {sku: {type: integer, required: true}}}\nsources:",
        1,
    )
    items = "      items: {type: list, of: item, default: []}\n"
    channel, noted = "      channel: {type", "      total: {type: string"
    text = text.replace(channel, items + channel).replace(
        noted, items.replace("item,", "thing,") + noted
    )
    text += "  skus: {count_distinct: paid.items.sku}\n"
    examiner = Examiner(read(text.encode(), file="tracking.yaml"))
    bodies = [
        paid(items=[{"sku": "a"}, {"sku": "b"}]),
        fixed("F-1", items=[{"sku": "c"}]),
        event("noted", note_id="N-1", order_id="A-1", items=[{"sku": 1}], after_ms=9_000),
    ]

    def skus(*said):
        story = run(rows(*said, source="app"), [1, 2], examiner=examiner)
        return totals(story)["42"]["skus"], codes(story)

    assert (["c"], []) == skus(*bodies[:2])
    assert (["c"], ["corrected_unknown"]) == skus(*reversed(bodies[:2]))
    assert (["a", "b"], ["corrected_nothing"]) == skus(*bodies)


def test_only_an_event_that_corrects_says_anything_of_another():
    """A mistake of the product's own would otherwise pass in silence."""
    with pytest.raises(ValueError, match="corrects nothing"):
        Corrections(CONTRACT, CONTRACT.events["paid"])
