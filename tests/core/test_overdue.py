"""What waited long enough in totals is counted without a record that says so (law 10)."""

from __future__ import annotations

from correcting import CONTRACT, EXAMINER, HOUR_MS, event, paid, refunded, told, totals
from deciding import after, rows, run
from msgspec.structs import replace

from truthpoint.core import rollups
from truthpoint.core.overdue import end_waits, keys_of
from truthpoint.testing.builders import START_MS

DUE_MS = START_MS + HOUR_MS


def ended(story, now_ms=DUE_MS):
    """The decision that ends the waits of everybody in a story."""
    known = story.known
    next_ids = known.next_person, known.next_operation
    ledger = {
        key: known.ledger[key]
        for key in keys_of(known.totals.values(), now_ms) & known.ledger.keys()
    }
    return end_waits(known.totals.values(), ledger, now_ms=now_ms, next_ids=next_ids)


def test_a_refund_counts_when_its_wait_is_over_and_its_record_says_so():
    """Law 10: money went back for an order that nobody told of."""
    story = told(refunded(amount="4"))
    decision = ended(story)

    assert "0" == totals(story)["42"]["kept"]
    assert ["-4"] == [one.values["kept"] for one in decision.totals]
    assert [2] == [one.version for one in decision.totals]
    assert {1: ["awaited_missing"]} == {
        record: [one.code for one in found] for record, found in decision.findings.items()
    }
    assert () == decision.records == decision.operations == decision.verdicts


def test_an_order_of_somebody_else_was_not_missing():
    """Law 10: the ledger has it, whoever placed it; only its person's totals ask when it comes."""
    story = told(refunded(amount="4"), paid(who="43"), cuts=[1])
    decision = ended(story)

    assert "0" == totals(story)["42"]["kept"]
    assert ["-4"] == [one.values["kept"] for one in decision.totals if one.person == 1]
    assert {} == decision.findings


def test_an_order_of_somebody_else_that_is_known_ends_the_wait_at_once():
    """Law 10: the ledger is asked for it in the batch in which the refund comes."""
    apart = told(paid(who="43"), refunded(amount="4"), cuts=[1])
    together = told(paid(who="43"), refunded(amount="4"))

    assert "-4" == totals(apart)["42"]["kept"] == totals(together)["42"]["kept"]


def test_two_people_who_are_joined_ask_the_ledger_for_what_they_wait_for():
    """Law 10: the order of the one ends the wait of the other, also in a batch of its own."""
    merge = b'{"type": "merge", "person": {"id": "42"}, "from": {"id": "43"}}'
    story = told(refunded(amount="4"), paid(who="43"), merge, cuts=[1, 2])

    assert "6" == totals(story)["42"]["kept"]
    assert ":pending" not in totals(story)["42"]


def test_what_still_waits_goes_on_waiting():
    """Law 10: only what is due is counted; whose moment was never claimed gets no finding."""
    story = told(refunded(amount="4"), refunded("R-2", "A-2", "1"))
    (slot,) = story.known.totals.values()
    pending = [
        [*one[:-1], one[-1] + (5 if "R-2" in one[4] else 0)] for one in slot.values[":pending"]
    ]
    later = replace(slot, values={**slot.values, ":pending": pending})
    decision = end_waits([later], {}, now_ms=DUE_MS, next_ids=(1, 1))

    assert "-4" == decision.totals[0].values["kept"]
    assert DUE_MS + 5 == rollups.next_due_ms(decision.totals[0].values)
    assert {} == decision.findings


def test_an_order_after_the_wait_changes_nothing_any_more():
    """Law 10: the refund counts once."""
    story = told(refunded(amount="4"))
    known = after(story.known, ended(story))
    behind = run(rows(paid(), source="app", first=2), known=known, examiner=EXAMINER)

    assert "6" == totals(behind)["42"]["kept"]


def test_a_moment_that_waits_for_nothing_asks_for_nothing():
    """Only refunds of this shop wait; every other event is spared the question."""
    assert frozenset({"refunded"}) == rollups.awaiting(CONTRACT)
    assert (
        "kept" in totals(told(event("fixed", fix_id="F", order_id="A-1", total="1"), paid()))["42"]
    )
