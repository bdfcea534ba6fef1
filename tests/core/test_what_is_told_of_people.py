"""What is told of people: when, behind what, and what of it stays known (laws 7, 10, 11, 12)."""

from __future__ import annotations

import json

from msgspec.structs import replace
from shopping import (
    ANA,
    EVA,
    GUESTS_AND_VISITORS,
    Story,
    a_shop,
    identified,
    linked,
    merged,
    paid,
    viewed,
)

from truthpoint.contract.model import Kind, Property, Type
from truthpoint.contract.rules import Channel, Consent
from truthpoint.core.examine import Examiner
from truthpoint.core.outbox import Action, Operation
from truthpoint.core.people import ANONYMOUS, address_of
from truthpoint.testing.builders import START_MS, line

GUEST = {"email": ANA}
VISITOR = {"anonymous_id": "a-1"}
MERGE_DELAY_MS = 45_000
NEWS = "news"


def a_story() -> Story:
    """A story of a shop that knows a consent, two plain attributes and a phone."""
    contract = a_shop(GUESTS_AND_VISITORS)
    more = (
        Property(name="phone", type=Type(kind=Kind.STRING)),
        Property(name="plan", type=Type(kind=Kind.STRING)),
        Property(name=NEWS, type=Type(kind=Kind.BOOLEAN), consent=Consent(channel=Channel.ALL)),
    )
    person = replace(
        contract.person,
        attributes=(*contract.person.attributes, *more),
        merge_delay_ms=MERGE_DELAY_MS,
    )
    return Story(examiner=Examiner(replace(contract, person=person)))


def told(story: Story) -> list[tuple[Action, dict[str, object], int]]:
    """What the last decision sends: action, attributes, and how long after the start."""
    return [
        (one.action, json.loads(one.attributes), one.at_ms - START_MS)
        for one in story.decisions[-1].operations
    ]


def identifies(story: Story) -> list[tuple[dict[str, object], int]]:
    """The same of its identifies."""
    return [one[1:] for one in told(story) if one[0] is Action.IDENTIFY]


def told_behind(story: Story, person: int) -> Operation | None:
    """The operation of the last decision behind which somebody's totals are told."""
    changed_by = story.known.totals[person].changed_by
    return next((one for one in story.decisions[-1].operations if one.id == changed_by), None)


# ------------------------------------------------------------- a guest who is somebody's id


def test_who_was_one_person_all_along_has_of_two_values_the_later_one() -> None:
    """Law 11: what the guest said last is told of the id, with the time at which it was said."""
    story = a_story()
    story.tell(identified("42", region="x"))
    story.tell(identified(GUEST, region="y", at_ms=START_MS + 10_000))
    story.tell(identified("42", email=ANA, at_ms=START_MS + 5_000))

    (person,) = story.known.profiles.values()
    assert "y" == person.attributes["region"].value
    assert [({"email": ANA}, 10_000), ({"region": "y"}, 10_000)] == identifies(story)


def test_an_email_that_nobody_told_has_no_time_with_which_it_was_told() -> None:
    """Law 11: what follows an identify without an email has its own time."""
    story = a_story()
    story.tell(identified("42", region="x", at_ms=START_MS + 10_000))
    story.tell(identified("42", email=ANA))

    assert [({"email": ANA}, 0)] == identifies(story)


def test_a_change_of_consent_is_awaited_whatever_else_is_told_with_it() -> None:
    """Law 7: also where two people become one, of whom only one said a word."""
    story = a_story()
    story.tell(identified("42", region="x"), identified(GUEST, region="y"))
    story.tell(identified("42", email=ANA, **{NEWS: False}, at_ms=START_MS + 1_000))

    both, said = story.decisions[-1].operations
    assert {"email": ANA} == json.loads(both.attributes)
    assert (False, True) == (json.loads(said.attributes)[NEWS], said.barrier)


def test_a_guest_is_told_of_their_id_once() -> None:
    """The next identify in the same batch tells nothing of it any more."""
    story = a_story()
    story.tell(paid(GUEST))
    story.tell(
        identified("42", email=ANA),
        identified("42", region="x", at_ms=START_MS + 1_000),
    )

    assert [({"email": ANA}, 0), ({"region": "x"}, 1_000)] == identifies(story)


def test_a_consent_that_gives_a_guest_their_id_tells_the_id_beside_its_own_word() -> None:
    """Law 16: how the record ends is how its own word ends."""
    story = a_story()
    story.tell(paid(GUEST))
    story.tell(line(type="consent", person={"id": "42", **GUEST}, consents={NEWS: False}))

    both, word = story.decisions[-1].operations
    assert ({"email": ANA}, '{"id":"42"}', False) == (
        json.loads(both.attributes),
        both.address,
        both.own,
    )
    assert ({NEWS: False, "unsubscribed": True}, "", True) == (
        json.loads(word.attributes),
        word.address,
        word.own,
    )


def test_a_guest_who_says_another_email_has_it_told_behind_the_rest() -> None:
    """Whoever lives under an email has it there, though nobody ever told it as one."""
    story = a_story()
    story.tell(paid(GUEST))
    story.tell(identified(GUEST, email=EVA, region="x"))

    assert [({"region": "x"}, 0), ({"email": EVA}, 0)] == identifies(story)


# --------------------------------------------------------- totals of people who became one


def test_totals_of_a_guest_and_an_id_are_told_behind_what_makes_them_one() -> None:
    """Law 10: Customer.io keeps of each attribute what one of the two had, not the later one."""
    for more in ({}, {"region": "x"}):
        story = a_story()
        story.tell(identified("42"), paid("42"), paid(GUEST, "A-2"))
        story.tell(identified("42", email=ANA, **more))

        both = told_behind(story, story.person("id", "42"))
        assert both is not None
        assert ({"email": ANA}, '{"id":"42"}') == (json.loads(both.attributes), both.address)


def test_totals_of_a_visitor_are_told_behind_the_identify_that_says_whose_they_are() -> None:
    """Law 10: also where that identify is the first of its person."""
    story = a_story()
    story.tell(paid(VISITOR))
    story.tell(identified({"id": "42", **VISITOR}, region="x"))

    first = told_behind(story, story.person("id", "42"))
    assert first is not None
    assert {"region": "x"} == json.loads(first.attributes)


def test_totals_of_who_was_merged_are_told_behind_the_merge() -> None:
    """Law 10: Customer.io's merge leaves the totals of the one who stays alone."""
    story = a_story()
    story.tell(identified("42"), paid("42"), paid("43", "A-2"))
    story.tell(merged("42", "43"))

    merge = told_behind(story, story.person("id", "42"))
    assert merge is not None
    assert Action.MERGE is merge.action


# --------------------------------------------------------------------------------- merges


def test_a_merge_waits_for_a_while_behind_the_present() -> None:
    """Both profiles must be there before they can become one."""
    story = a_story()
    story.tell(identified("42", region="x"), identified("43", region="y"))
    story.tell(merged("42", "43"))

    (merge,) = (one for one in story.decisions[-1].operations if one.action is Action.MERGE)
    assert story.now_ms + MERGE_DELAY_MS == merge.not_before_ms


def test_a_merge_that_cannot_be_says_why() -> None:
    """Law 16: of nobody, and of somebody with themselves."""
    story = a_story()
    story.tell(identified("42", region="x"), identified("43", region="y"))
    for gone, code in (({"email": EVA}, "merge_of_nobody"), ("42", "merge_of_itself")):
        story.tell(merged("42", gone))

        assert [code] == story.found
        assert [("quarantined", code)] == story.ended()


def test_a_merge_tells_what_the_other_profile_may_not_have_had_yet() -> None:
    """Nothing is told again that the one who stays had; an identifier goes before the rest."""
    story = a_story()
    story.tell(
        identified("42", region="x"),
        identified("43", phone="+12025550100", region="y", plan="gold"),
    )
    story.tell(merged("42", "43"))

    assert [({"phone": "+12025550100"}, 0), ({"plan": "gold"}, 0)] == identifies(story)


def test_a_merge_that_brings_an_email_tells_all_that_is_known_once_more() -> None:
    """A guest's profile may have the email still, and the older of two values stays there."""
    story = a_story()
    story.tell(identified("42", region="x"), identified("43", email=ANA, region="y", plan="gold"))
    story.tell(merged("42", "43"))

    assert [({"email": ANA}, 0), ({"region": "x", "plan": "gold"}, 0)] == identifies(story)


def test_what_a_merge_tells_goes_with_the_latest_of_its_times_and_is_not_passed_over() -> None:
    """Law 11: what Customer.io has with a later time, it takes no older news of."""
    story = a_story()
    story.tell(
        identified("42", region="x"),
        identified("43", plan="gold", at_ms=START_MS + 1_000),
        identified("43", phone="+12025550100", at_ms=START_MS + 10_000),
    )
    story.tell(merged("42", "43"))
    assert [
        ({"phone": "+12025550100"}, 10_000),
        ({"plan": "gold"}, 10_000),
    ] == identifies(story)
    story.tell(identified("42", plan="silver", at_ms=START_MS + 5_000))

    assert [({"plan": "silver"}, 10_000)] == identifies(story)


# ------------------------------------------------------------------------- what was found


def test_an_identify_says_what_it_could_not_take() -> None:
    """Law 16: a null is no word about a consent, and stays without effect."""
    story = a_story()
    story.tell(identified("42", region="x", **{NEWS: None}))

    assert "consent_null" in story.found
    assert [({"region": "x"}, 0)] == identifies(story)


def test_a_link_that_teaches_an_anonymous_id_tells_nothing_but_whose_it_is() -> None:
    """All that is no attribute there stays here."""
    story = a_story()
    story.tell(viewed(VISITOR), identified("42", region="x"))
    story.tell(linked("42", anonymous_id="a-1", stripe_customer="cus_9"))

    assert [({ANONYMOUS: "a-1"}, 0)] == identifies(story)
    assert address_of(ANONYMOUS, "a-1") not in {one.address for one in story.known.people}
