"""Whose a record is: people, guests and visitors, and how two of them become one (laws 3, 4)."""

from __future__ import annotations

import json

import pytest
from deciding import rows, run
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from shopping import (
    ANA,
    EVA,
    GUESTS_AND_VISITORS,
    HOUR_MS,
    Story,
    a_shop,
    identified,
    linked,
    merged,
    paid,
    shipped,
    viewed,
)

from truthpoint.contract.rules import Qa
from truthpoint.core.decision import Joined
from truthpoint.core.examine import Examiner
from truthpoint.core.identity import Registry
from truthpoint.core.outbox import Standing
from truthpoint.core.people import Grade, PersonRow, address_of, by_id
from truthpoint.core.plan import plan
from truthpoint.testing.builders import START_MS, line
from truthpoint.values.instants import to_iso

GUEST = {"email": ANA}
VISITOR = {"anonymous_id": "a-1"}
SHOP = Examiner(a_shop(GUESTS_AND_VISITORS))


def a_story() -> Story:
    return Story(examiner=SHOP)


def codes(story: Story) -> list[str]:
    """What the last decision found, but for attributes that an identify misses."""
    return [one for one in story.found if one != "attribute_missing"]


# ------------------------------------------------------------------------------ guests


def test_a_guest_lives_under_the_email_from_the_first_order_on() -> None:
    """Every record with the email is theirs, however it is written."""
    story = a_story()
    story.tell(paid(GUEST))
    story.tell(paid({"email": f" {ANA.upper()} "}, "A-2"))

    (guest,) = story.known.people
    assert (None, f'{{"email":"{ANA}"}}') == (guest.canonical_id, guest.address)
    assert [guest.person] == list(story.known.totals)
    assert 2 == story.known.totals[guest.person].values["orders_count"]
    assert {(ANA, 1): Grade.ASSERTED} == story.links("email")


def test_a_guest_of_their_own_is_not_taken_for_whom_weaker_signs_lead_to() -> None:
    """Another device's anonymous id is inferred to be somebody's; the email says who it is."""
    story = a_story()
    story.tell(viewed({"id": "42", **VISITOR}))
    decision = story.tell(paid({**GUEST, **VISITOR}))

    assert [2] == [one.person for one in decision.operations]
    assert [None] == [story.people[2].canonical_id]
    assert ["link_frozen"] == story.found


def test_a_guest_who_registers_receives_the_id_and_stays_who_they_are() -> None:
    """The same person key; an identify carries both and nothing else, alone, and gives the address.

    Whatever else is said goes behind it, so that nothing of it can have the two refused.
    """
    story = a_story()
    story.tell(paid(GUEST))
    (before,) = story.known.people
    decision = story.tell(identified("42", email=ANA, region="x"))

    (after,) = story.known.people
    assert (before.person, "42", before.address) == (
        after.person,
        after.canonical_id,
        after.address,
    )
    both, said = decision.operations
    assert ('{"id":"42"}', True, False) == (both.address, both.barrier, both.own)
    assert {"email": ANA} == json.loads(both.attributes)
    assert ("", True, {"region": "x"}) == (said.address, said.own, json.loads(said.attributes))
    assert () == decision.joined
    assert [1] == [one.person for one in story.tell(paid("42", "A-2")).operations]


def test_a_link_gives_a_guest_their_id_as_an_identify_does() -> None:
    """It asserts the email just as well."""
    story = a_story()
    story.tell(paid(GUEST))
    (operation,) = story.tell(linked("42", email=ANA)).operations

    assert (1, '{"id":"42"}') == (operation.person, operation.address)
    assert {"email": ANA} == json.loads(operation.attributes)
    assert "42" == story.people[1].canonical_id


def test_an_order_that_carries_an_id_and_a_guests_email_makes_nobody_of_the_guest() -> None:
    """An event only infers: it may be a gift, or another member of the household."""
    story = a_story()
    story.tell(paid(GUEST))
    decision = story.tell(paid({"id": "42", **GUEST}, "A-2"))

    assert [2] == [one.person for one in decision.operations]
    assert ([None, "42"], ["link_conflict"]) == (
        [one.canonical_id for one in story.known.people],
        story.found,
    )


def test_a_guest_is_joined_into_an_id_that_has_no_email() -> None:
    """The id came first: everything of the guest is moved, and Customer.io is told of both."""
    story = a_story()
    story.tell(paid("42"))
    story.tell(paid(GUEST, "A-2"))
    decision = story.tell(identified("42", email=ANA))

    assert (Joined(into=1, gone=2),) == decision.joined
    assert [by_id(1, "42", identified=True)] == story.known.people
    assert {(ANA, 1): Grade.ASSERTED} == story.links("email")
    assert {1} == {one.person for one in story.known.ledger.values()}
    assert (2, "20") == tuple(
        story.known.totals[1].values[name] for name in ("orders_count", "lifetime_value")
    )
    assert [(1, "identify", b'{"email":"%b"}' % ANA.encode())] == story.sent()


def test_a_guest_is_kept_apart_from_an_id_that_has_another_email() -> None:
    """Nothing of the contradiction is sent; the finding says what happened."""
    story = a_story()
    story.tell(identified("42", email=EVA), paid(GUEST))
    decision = story.tell(identified("42", email=ANA, region="x", at_ms=START_MS + 1))

    assert ["guest_kept_apart"] == story.found
    assert () == decision.joined
    assert [(1, "identify", b'{"region":"x"}')] == story.sent()
    assert {(EVA, 1): Grade.ASSERTED, (ANA, 2): Grade.ASSERTED} == story.links("email")


def test_a_guest_whose_id_is_known_already_is_joined_where_a_mapping_names_both() -> None:
    """The email of an identify's `person` asserts as its attribute does."""
    story = a_story()
    story.tell(identified("42", region="x"), paid(GUEST))
    decision = story.tell(identified({"id": "42", **GUEST}))

    assert (Joined(into=1, gone=2),) == decision.joined


def test_who_has_an_id_of_their_own_is_joined_to_nobody() -> None:
    """Two ids are two people until a merge says otherwise."""
    story = a_story()
    story.tell(paid(GUEST))
    story.tell(identified("42", email=ANA))
    decision = story.tell(identified("43", email=ANA, at_ms=START_MS + 1))

    assert (["link_conflict"], ()) == (codes(story), decision.joined)
    assert ["42", "43"] == [one.canonical_id for one in story.known.people]


def test_a_link_may_assert_of_a_guest_what_is_not_their_email() -> None:
    """Guests are people too; nobody is joined for it."""
    story = a_story()
    story.tell(paid(GUEST), paid({"email": EVA}, "A-2"))
    story.tell(linked(GUEST, stripe_customer="cus_9"))
    decision = story.tell(viewed({"stripe_customer": "cus_9"}))

    assert [1] == [one.person for one in decision.operations]
    story.tell(linked({"stripe_customer": "cus_9"}, email=EVA))
    assert ["link_conflict"] == story.found
    assert [None, None] == [one.canonical_id for one in story.known.people]


def test_a_guest_whose_email_was_another_persons_is_that_person() -> None:
    """The email still leads to its last holder, so no guest is made."""
    story = a_story()
    story.tell(identified("42", email=ANA, at_ms=START_MS - HOUR_MS), identified("42", email=EVA))
    decision = story.tell(paid(GUEST))

    assert [1] == [one.person for one in decision.operations]
    assert ["42"] == [one.canonical_id for one in story.known.people]


def test_an_address_has_one_guest() -> None:
    """Whoever is known by it is who lives there, also where no link says so."""
    known = PersonRow(person=7, canonical_id=None, address=address_of("email", ANA))
    registry = Registry([known], [], next_person=8, guests=True)

    assert known is registry.guest(ANA, START_MS)
    assert (8, {}, {}) == (registry.next_person, registry.changed, registry.links.changed)


# ---------------------------------------------------------------------------- visitors


def test_a_visitors_events_leave_under_their_anonymous_id() -> None:
    """No identify can precede them."""
    story = a_story()
    story.tell(viewed(VISITOR))
    story.tell(viewed(VISITOR))

    (visitor,) = story.known.people
    assert ('{"anonymous_id":"a-1"}', Standing.ANONYMOUS, True) == (
        visitor.address,
        visitor.standing,
        visitor.is_anonymous,
    )


@pytest.mark.parametrize(
    "naming",
    [
        pytest.param(paid({"id": "42", **VISITOR}), id="in passing"),
        pytest.param(identified({"id": "42", **VISITOR}), id="for certain"),
        pytest.param(linked("42", anonymous_id="a-1"), id="by a link"),
        pytest.param(paid({**GUEST, **VISITOR}), id="as a guest"),
    ],
)
def test_a_visitor_becomes_part_of_who_their_anonymous_id_comes_together_with(
    naming: bytes,
) -> None:
    """Customer.io is asked to associate what came before, behind what named the person."""
    story = a_story()
    story.tell(viewed(VISITOR))
    decision = story.tell(naming)

    assert (Joined(into=2, gone=1),) == decision.joined
    (person,) = story.known.people
    assert 2 == person.person
    last = decision.operations[-1]
    assert (2, b'{"anonymous_id":"a-1"}', False) == (last.person, last.attributes, last.own)
    later = story.tell(viewed(VISITOR))
    assert [2] == [one.person for one in later.operations]


def test_nobody_is_associated_twice() -> None:
    """The visitor is there no more."""
    story = a_story()
    story.tell(viewed(VISITOR), paid({"id": "42", **VISITOR}))
    decision = story.tell(paid({"id": "42", **VISITOR}, "A-2"))

    assert ["event"] == [one.action.value for one in decision.operations]


def test_an_anonymous_id_that_two_people_used_makes_neither_the_visitor() -> None:
    """A shared device: what is frozen leads to nobody, so nobody receives its events."""
    story = a_story()
    story.tell(viewed({"id": "42", **VISITOR}), viewed({"id": "43", **VISITOR}))
    story.tell(viewed(VISITOR))
    visitor = story.person("anonymous_id", "a-1")
    decision = story.tell(viewed({"id": "43", **VISITOR}))

    assert ((), ["event"]) == (decision.joined, [one.action.value for one in decision.operations])
    assert [visitor] == [one.person for one in story.tell(viewed(VISITOR)).operations]
    story.tell(identified({"id": "43", **VISITOR}))
    assert (Joined(into=2, gone=visitor),) == story.decisions[-1].joined


# --------------------------------------------------------------------- merges and words


def test_who_was_merged_is_found_by_either_id() -> None:
    """The second id leads to the first person from then on, also in the same batch."""
    story = a_story()
    story.tell(identified("42", email=ANA), paid("43"))
    decision = story.tell(merged("42", "43"), paid("43", "A-2"))

    assert (Joined(into=1, gone=2, merges=True),) == decision.joined
    assert [("merge", 1), ("event", 1)] == [
        (one.action.value, one.person) for one in decision.operations
    ]
    assert b'{"id":"43"}' == decision.operations[0].attributes
    assert [1] == [one.person for one in story.tell(paid("43", "A-3")).operations]
    assert 3 == story.known.totals[1].values["orders_count"]


def test_who_was_merged_was_identified_if_either_was() -> None:
    """An identify of the one who stays misses nothing that was said of the other."""
    story = a_story()
    story.tell(paid("42"), identified("43", email=ANA))
    story.tell(merged("42", "43"))

    assert [by_id(1, "42", identified=True)] == story.known.people


def test_three_people_can_become_one_in_one_batch() -> None:
    """Everything is written under the person key that stays in the end."""
    story = a_story()
    decision = story.tell(
        paid("1"), paid("2", "A-2"), paid("3", "A-3"), merged("2", "3"), merged("1", "2")
    )

    assert {1} == {one.person for one in (*decision.operations, *decision.ledger)}
    assert 3 == story.known.totals[1].values["orders_count"]
    story.tell(merged("3", "1"))
    assert [("quarantined", "merge_of_itself")] == story.ended()


def test_a_merge_of_nobody_whom_a_merge_could_name_is_quarantined() -> None:
    """An email that leads to nobody, and an anonymous id: Customer.io merges neither."""
    story = a_story()
    story.tell(paid("42"), viewed(VISITOR))
    for gone in ({"email": EVA}, VISITOR):
        story.tell(merged("42", gone))
        assert [("quarantined", "merge_of_nobody")] == story.ended()


def test_a_guest_may_be_merged_by_the_email() -> None:
    """Their address is what Customer.io merges."""
    story = a_story()
    story.tell(identified("42", email=EVA), paid(GUEST))
    decision = story.tell(merged("42", GUEST))

    assert [b'{"email":"ana@example.org"}'] == [one.attributes for one in decision.operations]
    assert ["42"] == [one.canonical_id for one in story.known.people]


def test_an_email_that_was_deleted_is_free_for_somebody_else() -> None:
    """From the deletion on; before it, it is its holder's."""
    story = a_story()
    story.tell(identified("42", email=ANA, at_ms=START_MS - HOUR_MS))
    story.tell(identified("42", email=None))
    assert [START_MS] == [one.until_ms for one in story.rows("email")]
    story.tell(identified("43", email=ANA))

    assert [] == codes(story)
    # The id comes first: the profile of whoever had the email must not receive it.
    told = [(2, "identify", b"{}"), (2, "identify", b'{"email":"%b"}' % ANA.encode())]
    assert told == story.sent()


def test_an_older_deletion_frees_nothing() -> None:
    """By its own time, the email came after it (law 11)."""
    story = a_story()
    story.tell(identified("42", email=ANA), identified("42", email=None, at_ms=START_MS - 1))

    assert [None] == [one.until_ms for one in story.rows("email")]


def test_a_deletion_that_arrives_before_what_it_deletes_ends_it_all_the_same() -> None:
    """By their own times, the email was there first (law 11)."""
    story = a_story()
    story.tell(identified("42", email=None), identified("42", email=ANA, at_ms=START_MS - 1))

    assert [(START_MS - 1, START_MS)] == [
        (one.from_ms, one.until_ms) for one in story.rows("email")
    ]


def test_what_somebody_else_than_the_owner_says_teaches_links_all_the_same() -> None:
    """Law 6: it is counted and not sent; whom it names is known better afterwards."""
    story = a_story()
    order = json.loads(paid({"id": "42", "stripe_customer": "cus_9"}))
    story.tell(paid("42", "A-2"))
    story.tell(json.dumps({**order, "source": "stripe"}).encode())
    decision = story.tell(viewed({"stripe_customer": "cus_9"}))

    assert [1] == [one.person for one in decision.operations]
    assert [("stripe", 1)] == [
        (one.source, one.count) for one in story.known.said.values() if one.source == "stripe"
    ]


def test_an_event_that_is_being_tried_out_goes_to_the_people_of_qa_alone() -> None:
    """By the id, or by the email that was asserted of them; the others are told why not."""
    contract = a_shop(GUESTS_AND_VISITORS)
    event = replace(contract.events["product_viewed"], stage="qa")
    qa = Qa(emails=("*@Example.org",), ids=("9*",))
    story = Story(
        examiner=Examiner(
            replace(contract, qa=qa, events={**contract.events, "product_viewed": event})
        )
    )
    story.tell(identified("42", email=ANA), identified("43", email="ana@example.com"))
    decision = story.tell(viewed("42"), viewed("43"), viewed("44"), viewed("99"))

    assert [1, 4] == [one.person for one in decision.operations]
    assert [("withheld", "test")] * 2 == story.ended()
    assert ["stage_qa"] * 2 == story.found


def test_an_event_that_is_being_tried_out_goes_to_nobody_where_nobody_is_named() -> None:
    """A contract made by hand may have no `qa`: then it is kept from everybody."""
    contract = a_shop(GUESTS_AND_VISITORS)
    event = replace(contract.events["product_viewed"], stage="qa")
    story = Story(
        examiner=Examiner(replace(contract, events={**contract.events, "product_viewed": event}))
    )
    decision = story.tell(viewed("42"))

    assert () == decision.operations
    assert [("withheld", "test")] == story.ended()


# ---------------------------------------------------------------- what must be loaded


def test_the_plan_says_by_what_its_people_may_be_known() -> None:
    """Ids and identifiers of both sides of a merge, and addresses of guests and visitors."""
    planned = plan(rows(paid({"id": "42", **VISITOR}), merged("43", GUEST), shipped()), SHOP)

    assert {"42", "43"} == planned.ids
    assert {
        ("email", ANA),
        ("anonymous_id", "a-1"),
        ("order", "A-1"),
    } == planned.identifiers
    ids = {("id", "42"), ("id", "43")}
    assert ids | planned.identifiers == set(planned.buried())


@pytest.mark.parametrize(
    ("body", "teaches"),
    [
        (viewed("42"), False),
        (b"broken", False),
        (viewed({"id": "42", **GUEST}), False),
        (viewed({"id": "42", **VISITOR}), True),
        (identified("42"), True),
        (linked("42", email=ANA), True),
        (merged("42", "43"), True),
        (line(type="erase", person="42"), True),
        (line(type="track", event="product_viewed", source="stripe", person=VISITOR), True),
        (line(type="track", event="product_viewed", source="stripe", person=GUEST), False),
    ],
)
def test_the_plan_says_whether_all_links_of_its_people_are_needed(
    body: bytes, *, teaches: bool
) -> None:
    """Where people may be joined, or one email may follow another."""
    assert teaches is plan(rows(body), SHOP).teaches


@pytest.mark.parametrize(
    ("body", "tells"),
    [
        (viewed({"id": "42", **VISITOR}), False),
        (identified("42"), True),
        (linked("42", email=ANA), True),
        (merged("42", "43"), True),
        (line(type="erase", person="42"), True),
    ],
)
def test_the_plan_says_whether_profiles_are_needed(body: bytes, *, tells: bool) -> None:
    """Where attributes are said, or people may be joined who have some; visitors have none."""
    assert tells is plan(rows(body), SHOP).tells


def test_the_totals_of_whom_no_id_names_are_always_loaded() -> None:
    """Links led to them: guests, and an id that was merged; a record without id names nobody."""
    people = [by_id(n, str(n)) for n in (42, 43)]
    guest = replace(by_id(44, "44"), canonical_id=None)
    by_link = plan(rows(paid(GUEST)), SHOP)
    by_name = plan(rows(viewed("42")), SHOP)

    assert [42, 43] == by_link.people_with_totals(people, [])
    assert [43, 44] == by_name.people_with_totals([*people, guest], [])


def test_whoever_stays_in_a_merge_keeps_the_email_that_they_had() -> None:
    """Law 3: as their profile does, here and at Customer.io; the other one was theirs, too."""
    story = a_story()
    story.tell(identified("42", email=ANA, at_ms=START_MS - 2 * HOUR_MS))
    story.tell(identified("43", email=EVA, at_ms=START_MS - HOUR_MS))
    story.tell(merged("42", "43"))
    story.tell(identified("44", email=ANA))

    assert ["link_conflict"] == codes(story)
    assert {ANA: True, EVA: False} == {
        one.value: one.until_ms is None for one in story.rows("email")
    }


def test_what_three_people_had_in_common_is_frozen_when_two_of_them_are_merged() -> None:
    """Law 3: also where nothing else of the batch is about the third."""
    story = a_story()
    for who in ("42", "43", "44"):
        story.tell(viewed({"id": who, **VISITOR}))
    story.tell(merged("42", "43"))

    assert {("a-1", 1): Grade.FROZEN, ("a-1", 3): Grade.FROZEN} == story.links("anonymous_id")


def test_a_merged_id_keeps_the_totals_of_whoever_it_leads_to_whoever_else_is_named() -> None:
    """Law 10: also in a batch in which the id that stays tells nothing that is totalled."""
    for bodies in ([paid("41", "A-2")], [viewed("42"), paid("41", "A-2")]):
        story = a_story()
        story.tell(paid("42"), merged("42", "41"))
        story.tell(*bodies)

        (totals,) = story.known.totals.values()
        assert (2, "20") == (totals.values["orders_count"], totals.values["lifetime_value"])


# -------------------------------------------------------------------- always and never

_IDS = st.sampled_from(["1", "2", "3"])
_EMAILS = st.sampled_from([ANA, EVA])
_VISITORS = st.sampled_from(["a-1", "a-2"])
_WHO = st.fixed_dictionaries(
    {},
    optional={
        "id": _IDS,
        "email": _EMAILS,
        "anonymous_id": _VISITORS,
        "stripe_customer": st.sampled_from(["cus_1", "cus_2"]),
    },
)
_TIMES = st.integers(START_MS - 5, START_MS)
_ORDERS = st.sampled_from(["A", "B", "C", "D"])
_ATTRIBUTES = st.fixed_dictionaries(
    {}, optional={"email": _EMAILS | st.none(), "region": st.sampled_from(["x", "y"])}
)
_STORIES = st.lists(
    st.one_of(
        st.builds(lambda who, order, at: paid(who, order, at_ms=at), _WHO, _ORDERS, _TIMES),
        st.builds(lambda who, at: viewed(who, at_ms=at), _WHO, _TIMES),
        st.builds(
            lambda who, at, told: identified(who, at_ms=at, **told), _WHO, _TIMES, _ATTRIBUTES
        ),
        st.builds(
            lambda who, at, value: linked(who, at_ms=at, stripe_customer=value),
            _WHO,
            _TIMES,
            st.sampled_from(["cus_1", "cus_2"]),
        ),
        st.builds(merged, _WHO, _WHO),
        st.builds(shipped, _ORDERS, _WHO),
        st.builds(lambda who, at: line(type="erase", person=who, at=to_iso(at)), _WHO, _TIMES),
    ),
    min_size=1,
    max_size=14,
)


@given(_STORIES, st.lists(st.integers(1, 13), max_size=5))
def test_people_are_the_same_wherever_their_story_is_cut(
    bodies: list[bytes], cuts: list[int]
) -> None:
    """Laws 3 and 5: people, links, ledger, totals and outcomes; batches leave no trace."""
    journal = rows(*bodies)
    whole = run(journal, examiner=SHOP)
    parts = run(journal, cuts, examiner=SHOP)

    for name in ("people", "links"):
        assert sorted(map(repr, getattr(whole.known, name))) == sorted(
            map(repr, getattr(parts.known, name))
        )
    for name in ("ledger", "totals", "profiles", "tombstones", "next_person", "next_operation"):
        assert getattr(whole.known, name) == getattr(parts.known, name)
    verdicts = [
        [(one.record, one.outcome, one.reason) for part in told.decisions for one in part.verdicts]
        for told in (whole, parts)
    ]
    assert verdicts[0] == verdicts[1]


@given(_STORIES)
def test_every_link_and_every_moment_is_of_somebody_who_is_there(bodies: list[bytes]) -> None:
    """Law 3: nothing hangs on a person key that was joined into another."""
    known = run(rows(*bodies), range(len(bodies)), examiner=SHOP).known
    people = {one.person for one in known.people}
    ids = [one.canonical_id for one in known.people if one.canonical_id is not None]
    addresses = [one.address for one in known.people]

    assert people >= {one.person for one in known.links}
    assert people >= {one.person for one in known.ledger.values()}
    assert people >= known.totals.keys() | known.profiles.keys()
    assert (len(set(ids)), len(set(addresses))) == (len(ids), len(addresses))


@given(_STORIES)
def test_an_identifier_is_asserted_of_one_person_at_a_time(bodies: list[bytes]) -> None:
    """Law 3: whoever has it now is the only one who has."""
    known = run(rows(*bodies), range(len(bodies)), examiner=SHOP).known
    holders = [
        (one.kind, one.value)
        for one in known.links
        if one.grade is Grade.ASSERTED and one.until_ms is None
    ]

    assert len(set(holders)) == len(holders)
