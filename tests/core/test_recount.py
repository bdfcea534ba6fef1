"""Totals compared with the ledger (law 10: recomputable)."""

from __future__ import annotations

from decimal import Decimal

from correcting import CONTRACT, HOUR_MS, fixed, paid, refunded, told, totals
from msgspec.structs import replace

from truthpoint.core import rollups
from truthpoint.core.outbox import Standing, Totals
from truthpoint.core.recount import mend, recount
from truthpoint.testing.builders import START_MS


def compared(story, kept=None, *, contract=CONTRACT, now_ms=START_MS, standing=Standing.KNOWN):
    """What differs of the first person of a story."""
    known = story.known
    person = replace(known.people[0], standing=standing)
    moments = [one for one in known.ledger.values() if one.person == person.person]
    arrived = rollups.awaited(contract, moments) & known.ledger.keys()
    return recount(contract, person, kept, moments, arrived=arrived, now_ms=now_ms)


def slot(story):
    """The totals of the first person."""
    return story.known.totals[1]


STORY = told(paid(coupon="SPRING"), paid("A-2", "1"), refunded(amount="4"), fixed("F-1", total="7"))


def test_totals_that_are_as_the_ledger_has_them_do_not_differ():
    """Law 10: corrected, taken off and counted as they are."""
    assert compared(STORY, slot(STORY)) is None


def test_what_differs_is_told_as_customer_io_sees_it():
    """Law 10: and what is right is not told."""
    wrong = replace(slot(STORY), values={**slot(STORY).values, "spent": "99", "orders": 1})
    found = compared(STORY, wrong)

    assert [("orders", 1, 2), ("spent", Decimal("99.00"), Decimal("4.00"))] == found.differences(
        CONTRACT
    )


def test_totals_that_are_missing_are_made():
    """Law 10: also for who never had any; they wait for the last moment that changed them."""
    found = compared(STORY, None)
    decision = mend([found], next_ids=(7, 9))

    assert totals(STORY)["42"] == decision.totals[0].values
    assert (1, 4) == (decision.totals[0].version, decision.totals[0].changed_by)
    assert (7, 9) == (decision.next_person, decision.next_operation)
    assert () == decision.records


def test_mended_totals_are_sent():
    """Law 10: the latest value only, with a version that rises."""
    wrong = replace(slot(STORY), version=5, sent_version=5, values={})
    (mended,) = mend([compared(STORY, wrong)], next_ids=(1, 1)).totals

    assert mended.waiting
    assert 6 == mended.version


def test_nothing_is_made_for_who_has_no_moment():
    """Law 10: empty totals and no totals are one."""
    story = told(fixed("F-1", total="7"))

    assert compared(story, None) is None
    assert compared(story, Totals(person=1, values={})) is None


def test_whoever_is_erased_has_no_totals():
    """Law 20: their moments stay, and nothing is made of them again."""
    assert compared(STORY, None, standing=Standing.ERASED) is None


def test_a_wait_goes_on_and_one_that_is_over_is_left_to_the_worker():
    """Law 10: its finding is still to be made; what was counted before stays counted."""
    story = told(refunded(amount="4"))
    counted, _ = rollups.settle_due(slot(story).values, START_MS + HOUR_MS)
    late_ms = START_MS + 2 * HOUR_MS

    assert compared(story, slot(story)) is None
    assert compared(story, slot(story), now_ms=late_ms) is None
    assert compared(story, replace(slot(story), values=counted), now_ms=late_ms) is None


def test_an_order_of_somebody_else_is_asked_for():
    """Law 10: the ledger has it, so nothing waits for it."""
    story = told(paid(who="43"), refunded(amount="4"), cuts=[1])
    known = story.known
    (one,) = [row for row in known.people if row.canonical_id == "42"]
    moments = [row for row in known.ledger.values() if row.person == one.person]
    awaited = rollups.awaited(CONTRACT, moments)

    assert {("paid", '["A-1"]')} == awaited
    kept = known.totals[one.person]
    found = recount(CONTRACT, one, kept, moments, arrived=awaited, now_ms=START_MS)
    assert found is None


def test_a_rollup_that_is_new_is_made_of_the_moments_from_before():
    """Law 10: after a change of the contract, totals come to the new definition."""
    counted = replace(CONTRACT.rollups["orders"], name="purchases")
    more = replace(CONTRACT, rollups={**CONTRACT.rollups, "purchases": counted})
    found = compared(STORY, slot(STORY), contract=more)

    assert [("purchases", None, 2)] == found.differences(more)


def test_totals_that_are_declared_no_more_stay_as_they_are():
    """Law 10: they may be declared again, with what waits in them."""
    less = replace(
        CONTRACT,
        rollups={k: v for k, v in CONTRACT.rollups.items() if k not in ("orders", "kept")},
    )
    waits = told(refunded(amount="4"), paid("A-2", "1"))

    assert ":pending" in slot(waits).values
    assert compared(waits, slot(waits), contract=less) is None


def test_what_does_not_show_is_a_difference_too():
    """Law 10: as many distinct values, and other ones."""
    wrong = replace(STORY.known.totals[1], values={**slot(STORY).values, "coupons": []})
    other = told(paid(coupon="SPRING"))
    shown = replace(slot(other), values={**slot(other).values, "coupons": ["SUMMER"]})

    assert [] == compared(other, shown).differences(CONTRACT)
    assert compared(STORY, wrong) is None
