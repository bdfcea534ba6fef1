"""Erasure and readmission as decisions: what is buried, what goes out, what is kept away."""

from __future__ import annotations

import json

import pytest
from deciding import run
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as altered

from support.stories import EXAMINER, NOW_MS, event, identify, said
from truthpoint.core.decision import JournalRow, Known, Outcome
from truthpoint.core.examine import Examiner
from truthpoint.core.outbox import Action, Standing
from truthpoint.core.reused import other_id
from truthpoint.core.tombstones import digest

EMPTY = Known(secret=b"of the tests", now_ms=NOW_MS)
MAIL = {"email": "ana@example.org"}
PHONE = {"anonymous_id": "phone-7"}
ANA = identify("42", email="ana@example.org", phone="+15550001")
ORDER = event("order_paid", "42", order_id="A-1", cart_id="C-1", total="40.00", currency="USD")


def erase(who):
    return said("erase", who)


def readmit(who):
    return said("readmit", who)


def row(record, number=1, *, record_id=None):
    return JournalRow(
        record=number,
        source="backend",
        record_id=record_id or f"r{number}",
        captured_at_ms=NOW_MS,
        contract="",
        body=json.dumps(record).encode(),
    )


def told(*records, cuts=(), examiner=EXAMINER, known=EMPTY, first=1):
    journal = [row(one, number) for number, one in enumerate(records, first)]
    return run(journal, cuts, known=known, examiner=examiner)


def verdicts(story):
    return [
        (one.record, one.outcome, one.reason) for part in story.decisions for one in part.verdicts
    ]


def leaving(story):
    """The operations about a profile as a whole, with what they go by."""
    return [
        (one.action, json.loads(one.address), one.own)
        for part in story.decisions
        for one in part.operations
        if one.action in (Action.SUPPRESS, Action.UNSUPPRESS, Action.DELETE)
    ]


def buried(*identifiers):
    return frozenset(digest(EMPTY.secret, one) for one in identifiers)


def scrubbed(story):
    return [record for part in story.decisions for record in part.scrubbed]


def test_an_erasure_buries_all_that_names_somebody_and_goes_by_id_and_email():
    """Law 20: the documents differ on whether one is enough, so both are named."""
    story = told(ANA, ORDER, erase("42"))

    assert story.known.tombstones.keys() == buried(
        ("id", "42"), ("email", "ana@example.org"), ("phone", "+15550001"), ("order", "A-1")
    )
    assert leaving(story) == [
        (Action.SUPPRESS, {"id": "42"}, True),
        (Action.SUPPRESS, {"email": "ana@example.org"}, False),
    ]
    assert [one.standing for one in story.known.people] == [Standing.ERASED]
    assert scrubbed(story) == [3]


def test_the_contract_may_ask_for_deletion_instead():
    """Law 20: by policy."""
    contract = EXAMINER.contract
    person = altered(contract.person, erase=type(contract.person.erase)("delete"))
    story = told(ANA, erase("42"), examiner=Examiner(altered(contract, person=person)))

    assert [one[0] for one in leaving(story)] == [Action.DELETE, Action.DELETE]


@pytest.mark.parametrize(
    "later",
    [
        ORDER,
        identify(MAIL, first_name="Ana"),
        event("product_viewed", MAIL, product_id="P-1"),
        said("link", "43", links=MAIL),
        said("merge", "43", **{"from": {"id": "42"}}),
        event("order_refunded", {}, refund_id="R", order_id="A-1", amount="1", currency="USD"),
        event("order_paid", "42", order_id=7, currency="?"),
        {**ORDER, "at": "2026-09-21T14:13:20"},
        {**ORDER, "person": {"id": "99", "email": "Ana@Example.org"}, "extra": 1},
        {**ORDER, "event": "order_payed"},
        {**ORDER, "type": "trakc", "person": None},
        {**identify("43", email="ana@example.org"), "attributs": {}},
        {**said("link", "43", links=MAIL), "at": 5},
        {**said("merge", "43", **{"from": {"id": "42"}}), "source": ""},
        {**said("merge", "43", **{"from": {"id": "42"}}), "source": "nobody"},
        {**said("erase", "42"), "reason": "asked for it"},
    ],
    ids=[
        *("id", "email", "event", "link", "merge", "order", "broken"),
        *("naive", "extra key", "unknown event", "unknown type", "identify", "broken link"),
        *("form of a merge", "broken merge", "broken erase"),
    ],
)
@pytest.mark.parametrize("cut", [(), (3,)], ids=["same batch", "later batch"])
def test_records_under_any_identifier_of_theirs_are_withheld_and_forgotten(later, cut):
    """Law 20: whatever type they are, in the same batch and in a later one."""
    story = told(ANA, ORDER, erase("42"), later, cuts=cut)

    assert verdicts(story)[-1] == (4, Outcome.WITHHELD, "erased")
    assert scrubbed(story) == [3, 4]
    assert len(story.known.people) == 1


def test_whoever_is_unknown_is_kept_away_from_now_on():
    """Law 20: an erasure comes before the first record of somebody, too."""
    story = told(erase({"id": "42", **MAIL}), ORDER, identify("43", email="ana@example.org"))

    assert leaving(story) == [(Action.SUPPRESS, {"id": "42"}, True)]
    assert [one[1:] for one in verdicts(story)] == [(Outcome.WITHHELD, "erased")] * 2


def test_a_stranger_of_whom_only_a_phone_is_named_is_buried_all_the_same():
    """Law 20: nothing can be sent of them, and nothing will be kept."""
    story = told(erase({"phone": "+15550001"}), identify("42", phone="+15550001"), cuts=(1,))

    assert leaving(story) == []
    assert verdicts(story) == [(1, Outcome.RECORDED, ""), (2, Outcome.WITHHELD, "erased")]
    assert scrubbed(story) == [1, 2]


def test_a_second_erasure_changes_nothing():
    """Law 20: the first is under way."""
    story = told(ANA, erase("42"), erase(MAIL), cuts=(2,))

    assert len(leaving(story)) == 2
    assert verdicts(story) == [(3, Outcome.RECORDED, "")]


def test_a_guest_is_erased_by_their_email():
    """Law 20: nobody needs an id for it."""
    order = event("order_paid", MAIL, order_id="A-1", total="40.00", currency="USD")
    story = told(order, erase(MAIL))

    assert leaving(story) == [(Action.SUPPRESS, MAIL, True)]
    assert story.known.tombstones.keys() == buried(("email", "ana@example.org"), ("order", "A-1"))


def test_a_visitor_is_erased_though_no_profile_is_there():
    """Law 20: their anonymous id is buried, and nothing of theirs leaves."""
    story = told(event("product_viewed", PHONE, product_id="P-1"), erase(PHONE))

    assert leaving(story) == []
    assert [one.standing for one in story.known.people] == [Standing.ERASED]
    assert story.known.tombstones.keys() == buried(("anonymous_id", "phone-7"))


def test_who_was_merged_is_erased_with_whom_they_became_part_of():
    """Law 20: under both ids, for the merge may be on its way still."""
    merge = said("merge", "42", **{"from": {"id": "43"}})
    story = told(ANA, identify("43"), merge, erase("43"))

    assert [one[1] for one in leaving(story)] == [{"id": "42"}, {"id": "43"}, MAIL]
    assert buried(("id", "42"), ("id", "43")) <= story.known.tombstones.keys()


def test_what_others_have_too_is_not_buried():
    """Law 20: a household's phone keeps nobody away but who asked for it."""
    other = event("product_viewed", {"id": "43", "phone": "+15550002"}, product_id="P-1")
    mine = event("product_viewed", {"id": "42", "phone": "+15550002"}, product_id="P-2")
    story = told(mine, other, erase("42"), other, mine, cuts=(2, 3))

    assert story.known.tombstones.keys() == buried(("id", "42"))
    assert [one.code for one in story.decisions[1].findings[3]] == ["erased_but_shared"]
    assert verdicts(story) == [(5, Outcome.WITHHELD, "erased")]


def test_somebody_who_was_erased_is_readmitted_by_all_that_is_named():
    """Law 20: on purpose; both identifiers are let in again at Customer.io."""
    story = told(erase({"id": "42", **MAIL}))
    gone = altered(
        story.known.people[0], canonical_id=None, address='{"erased":"1"}', standing=Standing.ERASED
    )
    known = altered(story.known, people=[gone], links=[])
    again = told(readmit({"id": "42", **MAIL}), ORDER, cuts=(1,), known=known, first=2)

    assert [one[1] for one in leaving(again)] == [{"id": "42"}, MAIL]
    assert verdicts(again) == []
    assert [one.canonical_id for one in again.known.people] == [None, "42"]


def forgotten(story):
    """What is known once the erasure of the first person was answered."""
    gone = altered(
        story.known.people[0], canonical_id=None, address='{"erased":"1"}', standing=Standing.ERASED
    )
    return altered(story.known, people=[gone], links=[])


def codes(story, record):
    return [one.code for part in story.decisions for one in part.findings.get(record, ())]


@pytest.mark.parametrize("cuts", [(), (1,)])
def test_an_id_that_is_readmitted_brings_all_but_an_email_that_is_not_named(cuts):
    """Law 20: Customer.io blocks the email too, and nobody here can tell it which it was."""
    records = [
        readmit("42"),
        event("product_viewed", {"phone": "+15550001", "id": "42"}, product_id="P-1"),
        event("product_viewed", {"id": "42", **MAIL}, product_id="P-2"),
        readmit({"id": "42", **MAIL}),
        event("product_viewed", {"id": "42", **MAIL}, product_id="P-3"),
    ]
    known = forgotten(told(ANA, erase("42")))
    again = told(*records, cuts=cuts, known=known, first=3)

    assert codes(again, 3) == ["readmitted_in_part"]
    assert verdicts(again) == [(5, Outcome.WITHHELD, "erased")]
    assert codes(again, 6) == []
    assert [one[1] for one in leaving(again)] == [{"id": "42"}, {"id": "42"}, MAIL]
    assert [one.canonical_id for one in again.known.people if one.canonical_id] == ["42"]


def test_an_email_that_is_readmitted_leaves_the_id_erased():
    """Law 20: what came under the id would be sent, and have no effect there."""
    known = forgotten(told(ANA, erase("42")))
    again = told(readmit(MAIL), ORDER, known=known, first=3)

    assert codes(again, 3) == ["readmitted_in_part"]
    assert verdicts(again) == [(4, Outcome.WITHHELD, "erased")]
    assert again.known.tombstones.keys() == buried(("id", "42"))


def test_who_is_readmitted_in_the_batch_that_erased_them_is_not_buried_by_it():
    """Law 20: somebody of whom nothing was known is erased at once; the last word counts."""
    both = {"phone": "+15550001", "id": "42"}
    known = forgotten(told(erase("42")))
    for cuts in ((), (1,)):
        again = told(erase({"phone": "+15550001"}), readmit(both), known=known, cuts=cuts, first=2)

        assert again.known.tombstones == {}


def test_who_was_deleted_is_readmitted_without_a_word_to_customerio():
    """Law 20: a deletion blocks nothing there, so nothing is to be lifted."""
    contract = EXAMINER.contract
    person = altered(contract.person, erase=type(contract.person.erase)("delete"))
    examiner = Examiner(altered(contract, person=person))
    story = told(erase("42"), examiner=examiner)
    gone = altered(
        story.known.people[0], canonical_id=None, address='{"erased":"1"}', standing=Standing.ERASED
    )
    known = altered(story.known, people=[gone], links=[])
    again = told(readmit("42"), ORDER, known=known, first=2, examiner=examiner)

    assert leaving(again) == []
    assert verdicts(again) == [(2, Outcome.RECORDED, "")]


@pytest.mark.parametrize(
    ("story", "why"),
    [
        ([ANA, readmit("42")], "Nobody was erased"),
        ([ANA, erase("42"), readmit("42")], "under way"),
        ([readmit("42")], "Nobody was erased"),
        ([erase({"phone": "+15550001"}), readmit({"phone": "+15550001"})], "neither an id"),
    ],
    ids=["known", "under way", "never erased", "phone only"],
)
def test_nobody_is_readmitted_who_cannot_be(story, why):
    """Law 20: a readmission that would mean nothing goes to quarantine with its reason."""
    ended = told(*story)
    record = len(story)

    assert verdicts(ended)[-1] == (record, Outcome.QUARANTINED, "readmit_too_early")
    assert why in ended.decisions[-1].findings[record][0].evidence


def test_a_record_id_that_was_used_before_lets_nothing_of_the_erased_in():
    """Law 20: a journal that forgot a record's bytes takes the same again, under another id."""
    named = {**ORDER, "record_id": "r1"}
    kept = row(named, 2, record_id=other_id("r1", json.dumps(named).encode()))
    again = run([kept], known=told(erase("42")).known, examiner=EXAMINER)

    assert verdicts(again) == [(2, Outcome.WITHHELD, "erased")]
    assert scrubbed(again) == [2]


STORY = [
    ANA,
    ORDER,
    event("product_viewed", PHONE, product_id="P-1"),
    event("product_viewed", {**PHONE, **MAIL}, product_id="P-2"),
    identify("42", first_name="Ana"),
]


@given(place=st.integers(0, len(STORY)), cuts=st.sets(st.integers(1, 5), max_size=3))
def test_nothing_is_decided_for_the_erased_after_their_erasure(place, cuts):
    """Law 20: wherever the erasure falls and however the journal is cut."""
    records = [*STORY[:place], erase({"id": "42", **MAIL, **PHONE}), *STORY[place:]]
    story = told(*records, cuts=cuts)
    later = range(place + 2, len(records) + 1)

    operations = [one for part in story.decisions for one in part.operations]
    assert all(one.record <= place + 1 for one in operations)
    assert {one[0] for one in verdicts(story) if one[2] == "erased"} == set(later)
    assert set(scrubbed(story)) == {place + 1, *later}
