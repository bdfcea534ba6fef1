"""What asserted, inferred and frozen links do, and the times between which they held (law 3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shopping import ANA, EVA, HOUR_MS, Story, identified, linked, paid, shipped, viewed

from truthpoint.core.linking import Lesson, Links
from truthpoint.core.people import (
    ONE_AT_A_TIME,
    Grade,
    LinkRow,
    PersonRow,
    address_of,
    by_id,
    holder,
    named_by,
)
from truthpoint.testing.builders import START_MS

ASSERTED, INFERRED, FROZEN = Grade.ASSERTED, Grade.INFERRED, Grade.FROZEN
EMAIL, PHONE = ("email", ANA), ("phone", "+12025550100")
CUSTOMER = ("stripe_customer", "cus_9")


def a_link(
    person: int,
    *,
    grade: Grade = ASSERTED,
    from_ms: int = 0,
    last_ms: int | None = None,
    until_ms: int | None = None,
    identifier: tuple[str, str] = EMAIL,
) -> LinkRow:
    """A link; one of an email was asserted once, when it began, unless it says otherwise."""
    kind, value = identifier
    if last_ms is None:
        last_ms = from_ms if kind in ONE_AT_A_TIME and grade is ASSERTED else 0
    return LinkRow(
        kind=kind,
        value=value,
        person=person,
        grade=grade,
        from_ms=from_ms,
        last_ms=last_ms,
        until_ms=until_ms,
    )


def grades(links: Links) -> dict[tuple[str, int], Grade]:
    return {(value, person): row.grade for (_, value, person), row in links.changed.items()}


def codes(lesson: Lesson) -> list[str]:
    return [one.code for one in lesson.findings]


# ------------------------------------------------------------------ to whom one leads


def test_an_asserted_link_leads_to_who_had_the_identifier_at_the_time() -> None:
    """An old event under an old email finds its person; a new one finds the new holder."""
    rows = [a_link(1, from_ms=100, until_ms=200), a_link(2, from_ms=300)]

    assert [1, 1, 1, 2, 2] == [holder(rows, at_ms, ASSERTED) for at_ms in (50, 100, 250, 300, 999)]


def test_an_identifier_stays_with_its_last_holder_until_it_is_somebody_elses() -> None:
    """Who has another email now is still found under the last one."""
    assert 1 == holder([a_link(1, from_ms=100, until_ms=200)], 999, ASSERTED)


def test_an_inferred_link_leads_only_where_no_other_link_is() -> None:
    """A frozen one leads to nobody, and so does one beside an assertion."""
    sure, guessed, frozen = a_link(1), a_link(2, grade=INFERRED), a_link(3, grade=FROZEN)

    assert 2 == holder([guessed], 0, INFERRED)
    assert [None, None, None] == [
        holder(rows, 0, INFERRED) for rows in ([frozen], [guessed, frozen], [sure, guessed])
    ]
    assert [None, 1] == [
        holder(rows, 0, ASSERTED) for rows in ([guessed, frozen], [guessed, frozen, sure])
    ]


def test_nobody_is_found_by_an_identifier_that_nothing_is_known_of() -> None:
    """Neither by assertion nor by inference."""
    links = Links([])

    assert [None, None] == [links.holder(EMAIL, 0, grade) for grade in (ASSERTED, INFERRED)]
    assert (None, []) == (links.present(1, "email"), links.of(1))


# --------------------------------------------------------------------------- inferred


def test_an_inferred_link_never_overrides_an_asserted_one() -> None:
    """A gift that was bought with another's email changes nothing of whose email it is."""
    links, lesson = Links([a_link(1, from_ms=50)]), Lesson()
    links.infer(2, EMAIL, 100, lesson)

    assert (["link_conflict"], [], {}) == (codes(lesson), lesson.refused, links.changed)
    assert 1 == links.holder(EMAIL, 100, ASSERTED)


def test_an_inference_beside_an_assertion_of_the_same_person_is_no_conflict() -> None:
    """Both once had the email; that they use it still tells nothing new."""
    links, lesson = Links([a_link(1, from_ms=50, until_ms=90), a_link(2, from_ms=90)]), Lesson()
    links.infer(1, EMAIL, 100, lesson)

    assert ([], {}) == (codes(lesson), links.changed)


def test_an_inference_beside_an_inference_of_ones_own_is_a_conflict_with_the_assertion() -> None:
    """What was guessed before it was asserted of somebody else is not believed again."""
    links = Links([a_link(1, from_ms=50), a_link(2, grade=FROZEN, from_ms=20)])
    lesson = Lesson()
    links.infer(2, EMAIL, 100, lesson)

    assert (["link_conflict"], {}) == (codes(lesson), links.changed)


def test_two_inferences_that_differ_freeze_each_other() -> None:
    """It is told once: a third person's inference finds it frozen already."""
    links, first, second, third = Links([]), Lesson(), Lesson(), Lesson()
    links.infer(1, CUSTOMER, 100, first)
    assert 1 == links.holder(CUSTOMER, 100, INFERRED)
    links.infer(2, CUSTOMER, 200, second)
    links.infer(3, CUSTOMER, 300, third)

    assert [[], ["link_frozen"], []] == [codes(one) for one in (first, second, third)]
    assert {("cus_9", 1): FROZEN, ("cus_9", 2): FROZEN, ("cus_9", 3): FROZEN} == grades(links)
    assert links.holder(CUSTOMER, 300, INFERRED) is None


def test_what_is_frozen_stays_frozen_whoever_uses_it_again() -> None:
    """Only an assertion thaws it."""
    links = Links([a_link(1, grade=FROZEN), a_link(2, grade=FROZEN)])
    links.infer(1, EMAIL, 5, Lesson())

    assert {} == links.changed


def test_the_same_inference_is_kept_from_when_it_was_true_first() -> None:
    """Later ones change nothing; an earlier one moves it back."""
    links = Links([a_link(1, grade=INFERRED, from_ms=100)])
    links.infer(1, EMAIL, 200, Lesson())
    assert {} == links.changed
    links.infer(1, EMAIL, 50, Lesson())

    assert [50] == [row.from_ms for row in links.changed.values()]


# --------------------------------------------------------------------------- asserted


def test_an_assertion_takes_the_place_of_what_was_inferred_of_others() -> None:
    """It thaws what was frozen, too: the identifier leads to somebody again."""
    links = Links([a_link(1, grade=INFERRED), a_link(2, grade=FROZEN)])
    lesson = Lesson()
    links.claim(3, EMAIL, 100, lesson)

    assert [] == codes(lesson)
    assert {(ANA, 1): FROZEN, (ANA, 3): ASSERTED} == grades(links)
    assert 3 == links.holder(EMAIL, 100, ASSERTED)


def test_an_assertion_makes_ones_own_inference_sure() -> None:
    """From the earlier of the two times on, where somebody may have several of a kind."""
    vendor = ("stripe_customer", "cus_1")
    links = Links([a_link(1, identifier=vendor, grade=INFERRED, from_ms=50)])
    links.claim(1, vendor, 100, Lesson())

    assert [a_link(1, identifier=vendor, from_ms=50)] == list(links.changed.values())


@pytest.mark.parametrize("inferred_first", [True, False])
def test_what_is_inferred_moves_no_beginning_of_an_email(*, inferred_first: bool) -> None:
    """It would end the one before, by nobody's word; whichever of the two arrives first."""
    links = Links([])
    steps = [
        lambda: links.infer(1, EMAIL, 50, Lesson()),
        lambda: links.claim(1, EMAIL, 100, Lesson()),
    ]
    for step in steps if inferred_first else reversed(steps):
        step()

    assert [a_link(1, from_ms=100, last_ms=100)] == list(links.changed.values())


def test_a_second_assertion_of_a_shared_email_counts_for_nobody_else() -> None:
    """A household: the first keeps it, the second is told so and must not send it."""
    links, lesson = Links([a_link(1, from_ms=50)]), Lesson()
    links.claim(2, EMAIL, 100, lesson)

    assert (["link_conflict"], [EMAIL], {}) == (codes(lesson), lesson.refused, links.changed)


def test_an_email_whose_holder_has_moved_on_may_be_asserted_of_another() -> None:
    """A recycled email: each has it in their own time."""
    links = Links([a_link(1, from_ms=50, until_ms=90)])
    early, late = Lesson(), Lesson()
    links.claim(2, EMAIL, 80, early)
    links.claim(2, EMAIL, 100, late)

    assert [["link_conflict"], []] == [codes(early), codes(late)]
    assert [1, 2] == [links.holder(EMAIL, at_ms, ASSERTED) for at_ms in (99, 100)]


def test_who_had_an_email_before_its_holder_may_say_so_afterwards() -> None:
    """The old holder's word arrives last; by then it is known that they have another email."""
    links = Links([a_link(2, from_ms=300), a_link(1, from_ms=200, identifier=("email", EVA))])
    lesson = Lesson()
    links.claim(1, EMAIL, 100, lesson)

    assert [] == codes(lesson)
    assert [1, 2] == [links.holder(EMAIL, at_ms, ASSERTED) for at_ms in (100, 300)]
    assert [200] == [row.until_ms for row in links.changed.values()]


@pytest.mark.parametrize("followed_ms", [None, 400])
def test_who_has_an_email_still_when_another_gets_it_is_in_conflict(
    followed_ms: int | None,
) -> None:
    """The next value of theirs must be known, and from before the other had the email."""
    known = [a_link(2, from_ms=300)]
    if followed_ms is not None:
        known.append(a_link(1, from_ms=followed_ms, identifier=("email", EVA)))
    links, lesson = Links(known), Lesson()
    links.claim(1, EMAIL, 100, lesson)

    assert (["link_conflict"], [EMAIL]) == (codes(lesson), lesson.refused)


def test_a_vendors_id_is_never_followed_by_another() -> None:
    """One person has many of them at a time, so that the first holder has it for good."""
    links = Links([a_link(2, from_ms=300, identifier=CUSTOMER)])
    lesson = Lesson()
    links.claim(1, ("stripe_customer", "cus_8"), 100, lesson)
    links.claim(1, ("stripe_customer", "cus_7"), 200, lesson)
    links.claim(1, CUSTOMER, 100, lesson)

    assert (["link_conflict"], [CUSTOMER]) == (codes(lesson), lesson.refused)
    assert [None, None] == [row.until_ms for row in links.changed.values()]


def test_one_email_ends_when_the_next_one_begins_whatever_arrived_first() -> None:
    """What came between two shortens the first."""
    links = Links([])
    for value, at_ms in ((ANA, 100), (EVA, 300), ("mia@example.org", 200)):
        links.claim(1, ("email", value), at_ms, Lesson())

    held = {value: (row.from_ms, row.until_ms) for (_, value, _), row in links.changed.items()}
    assert {ANA: (100, 200), "mia@example.org": (200, 300), EVA: (300, None)} == held
    assert EVA == links.present(1, "email")


def test_an_email_and_a_phone_number_are_there_beside_each_other() -> None:
    """Each kind has a present value of its own; what was inferred is none."""
    links = Links([a_link(1, grade=INFERRED, identifier=CUSTOMER)])
    links.claim(1, EMAIL, 100, Lesson())
    links.claim(1, PHONE, 200, Lesson())

    kinds = ("email", "phone", "stripe_customer")
    assert [ANA, PHONE[1], None] == [links.present(1, kind) for kind in kinds]
    assert [EMAIL, PHONE, CUSTOMER] == links.of(1)


def test_an_email_that_was_deleted_is_had_no_longer() -> None:
    """It still leads to its last holder, and may be asserted of somebody else."""
    links, lesson = Links([a_link(1, from_ms=50)]), Lesson()
    links.end(1, EMAIL, 100)
    assert (None, 1) == (links.present(1, "email"), links.holder(EMAIL, 999, ASSERTED))
    links.claim(2, EMAIL, 100, lesson)

    assert ([], 2) == (codes(lesson), links.holder(EMAIL, 100, ASSERTED))


def test_a_deletion_ends_nothing_that_is_younger_or_over_or_not_theirs() -> None:
    """Older news changes nothing."""
    links = Links([a_link(1, from_ms=50), a_link(2, until_ms=90, identifier=("email", EVA))])
    links.end(1, EMAIL, 49)
    links.end(2, ("email", EVA), 100)
    links.end(3, EMAIL, 100)

    assert {} == links.changed


def test_who_goes_back_to_an_email_has_it_again() -> None:
    """The one between ended then, and is free for somebody else; the first is not."""
    links, first, between = Links([]), Lesson(), Lesson()
    for value, at_ms in ((ANA, 100), (EVA, 200), (ANA, 300)):
        links.claim(1, ("email", value), at_ms, Lesson())
    links.claim(2, EMAIL, 400, first)
    links.claim(2, ("email", EVA), 400, between)

    assert ([EMAIL], []) == (first.refused, between.refused)
    assert ANA == links.present(1, "email")


def test_an_email_that_was_deleted_and_said_again_is_had_again() -> None:
    """The deletion ended what was before it alone."""
    links = Links([])
    links.claim(1, EMAIL, 100, Lesson())
    links.end(1, EMAIL, 200)
    links.claim(1, EMAIL, 150, Lesson())
    assert links.present(1, "email") is None
    links.claim(1, EMAIL, 300, Lesson())

    assert ANA == links.present(1, "email")


def test_an_email_that_was_deleted_stays_deleted_when_another_one_follows() -> None:
    """It ended with the deletion, not with what came after it."""
    links = Links([a_link(1, from_ms=100)])
    links.end(1, EMAIL, 200)
    links.claim(1, ("email", EVA), 300, Lesson())

    assert {ANA: 200, EVA: None} == {row.value: row.until_ms for row in links.changed.values()}


def test_an_email_that_was_deleted_stays_deleted_when_two_people_are_one() -> None:
    """What is handed over keeps its end."""
    links = Links([a_link(2, from_ms=100, until_ms=200)])
    links.hand_over(2, 1)

    assert [a_link(1, from_ms=100, until_ms=200)] == list(links.changed.values())


_CLAIMS = st.lists(
    st.tuples(st.sampled_from([ANA, EVA]), st.integers(0, 9)), min_size=1, max_size=4
) | st.lists(
    st.tuples(st.sampled_from([ANA, EVA, "mia@example.org"]), st.integers(0, 9)),
    min_size=1,
    max_size=4,
)


@given(_CLAIMS, st.data())
def test_a_persons_email_is_the_same_for_every_order_of_arrival(
    claims: list[tuple[str, int]], data: st.DataObject
) -> None:
    """It is the one that was asserted last, by its own time; all others have ended."""
    told = []
    for order in (claims, data.draw(st.permutations(claims))):
        links = Links([])
        for value, at_ms in order:
            links.claim(1, ("email", value), at_ms, Lesson())
        told.append((links.present(1, "email"), links.changed))

    assert told[0][0] == told[1][0] == max((at_ms, value) for value, at_ms in claims)[1]
    assert [
        {row.value: (row.from_ms, row.last_ms, row.until_ms is None) for row in rows.values()}
        for _, rows in told
    ] == [
        {
            value: (min(times), max(times), value == told[0][0])
            for value in {value for value, _ in claims}
            for times in [[at_ms for one, at_ms in claims if one == value]]
        }
    ] * 2


@given(
    st.lists(
        st.tuples(st.sampled_from([ANA, EVA, "mia@example.org"]), st.integers(0, 9)),
        min_size=1,
        max_size=3,
        unique_by=(lambda one: one[0], lambda one: one[1]),
    ),
    st.data(),
)
def test_the_times_of_a_persons_emails_are_the_same_for_every_order_of_arrival(
    claims: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Each from when it was asserted until the next one was."""
    told = []
    for order in (claims, data.draw(st.permutations(claims))):
        links = Links([])
        for value, at_ms in order:
            links.claim(1, ("email", value), at_ms, Lesson())
        told.append({row.value: row for row in links.changed.values()})

    assert told[0] == told[1]


_WORDS = st.lists(
    st.tuples(st.sampled_from([1, 2, 3]), st.integers(0, 9), st.booleans()), max_size=8
)


@given(_WORDS)
def test_no_inference_ever_changes_what_was_asserted(words: list[tuple[int, int, bool]]) -> None:
    """Law 3: whoever an identifier was asserted of has it, whatever comes together with it."""
    both, alone = Links([]), Links([])
    for person, at_ms, asserts in words:
        if asserts:
            both.claim(person, EMAIL, at_ms, Lesson())
            alone.claim(person, EMAIL, at_ms, Lesson())
        else:
            both.infer(person, EMAIL, at_ms, Lesson())

    if any(asserts for _, _, asserts in words):
        holders = {at_ms: both.holder(EMAIL, at_ms, ASSERTED) for at_ms in range(10)}
        assert {at_ms: alone.holder(EMAIL, at_ms, ASSERTED) for at_ms in range(10)} == holders


# ------------------------------------------------------------------------- two are one


def test_what_was_frozen_between_two_people_thaws_when_they_are_one() -> None:
    """There is nobody else to whom it could lead."""
    links = Links([a_link(1, grade=FROZEN, from_ms=9), a_link(2, grade=FROZEN, from_ms=5)])
    links.hand_over(2, 1)

    assert [a_link(1, grade=INFERRED, from_ms=5)] == list(links.changed.values())
    assert ([EMAIL], []) == (links.of(1), links.of(2))


def test_what_was_frozen_between_three_people_stays_frozen_when_two_are_one() -> None:
    """It still leads to two."""
    links = Links([a_link(n, grade=FROZEN) for n in (1, 2, 3)])
    links.hand_over(2, 1)

    assert links.holder(EMAIL, 0, INFERRED) is None
    assert [] == [row for row in links.changed.values() if row.grade is not FROZEN]


def test_two_peoples_emails_stand_one_behind_the_other_when_they_are_one() -> None:
    """The surer and the earlier of what was said of each identifier."""
    links = Links(
        [
            a_link(1, from_ms=100),
            a_link(1, grade=INFERRED, from_ms=10, identifier=CUSTOMER),
            a_link(2, from_ms=50, identifier=("email", EVA)),
            a_link(2, from_ms=70, identifier=CUSTOMER),
        ]
    )
    links.hand_over(2, 1)

    assert {
        ("email", EVA, 1): a_link(1, from_ms=50, until_ms=100, identifier=("email", EVA)),
        (*CUSTOMER, 1): a_link(1, from_ms=10, identifier=CUSTOMER),
    } == links.changed
    assert ANA == links.present(1, "email")


def test_who_has_no_links_hands_nothing_over() -> None:
    """A visitor whose link was never kept."""
    links = Links([a_link(1)])
    links.hand_over(2, 1)

    assert {} == links.changed


def test_a_link_of_this_batch_that_is_handed_over_is_the_survivors_alone() -> None:
    """Nothing is written for a person key that nobody has any more."""
    links = Links([])
    links.claim(2, EMAIL, 5, Lesson())
    links.hand_over(2, 1)

    assert [1] == [row.person for row in links.changed.values()]


# -------------------------------------------------------------------------- addresses


@given(st.sampled_from(["id", "email", "anonymous_id"]), st.text(min_size=1, max_size=8))
def test_an_address_holds_the_identifier_that_it_is_made_of(kind: str, value: str) -> None:
    """Whatever stands in it."""
    assert (kind, value) == named_by(address_of(kind, value))


def test_only_who_has_no_other_name_is_anonymous() -> None:
    """Guests and people with an id are not."""
    guest = PersonRow(person=2, canonical_id=None, address=address_of(*EMAIL))
    visitor = PersonRow(person=3, canonical_id=None, address=address_of("anonymous_id", "a-1"))

    assert [False, False, True] == [one.is_anonymous for one in (by_id(1, "42"), guest, visitor)]


# ------------------------------------------------------------------------ whole stories


def test_an_old_event_under_an_old_email_finds_its_person() -> None:
    """Also once somebody else has the email: the time of the event decides."""
    story = Story()
    long_ago, ago = START_MS - 9 * HOUR_MS, START_MS - 5 * HOUR_MS
    story.tell(
        identified("42", email=ANA, at_ms=long_ago),
        identified("42", email=EVA, at_ms=ago),
        identified("43", email=ANA),
    )
    assert "link_conflict" not in story.found
    ana, eva = story.person("id", "42"), story.person("id", "43")
    decision = story.tell(
        viewed({"email": ANA}, at_ms=long_ago + 1),
        viewed({"email": ANA}, at_ms=ago + 1),
        viewed({"email": ANA}, at_ms=START_MS),
    )

    assert [ana, ana, eva] == [one.person for one in decision.operations]


def test_the_second_of_a_household_is_identified_without_the_email() -> None:
    """Everything else of the identify is sent; the finding says what is not."""
    story = Story()
    story.tell(identified("42", email=ANA))
    story.tell(identified("43", email=ANA, region="x", at_ms=START_MS + 1))

    assert ["link_conflict"] == [one for one in story.found if one != "attribute_missing"]
    assert [(2, "identify", b'{"region":"x"}')] == story.sent()
    assert {(ANA, 1): ASSERTED} == story.links("email")


def test_a_gift_that_was_bought_with_anothers_email_is_the_buyers() -> None:
    """The id says whose order it is; the email stays its holder's."""
    story = Story()
    story.tell(identified("42", email=ANA))
    decision = story.tell(paid({"id": "43", "email": ANA}))

    assert ["link_conflict"] == story.found
    assert ["43"] == [story.people[one.person].canonical_id for one in decision.operations]
    assert {(ANA, 1): ASSERTED} == story.links("email")


def test_what_a_shop_ties_to_an_order_finds_its_person_by_the_order() -> None:
    """A fulfilment names nobody: the order that it is about was asserted of its buyer."""
    story = Story()
    story.tell(paid("42"))
    decision = story.tell(shipped())

    assert [1] == [one.person for one in decision.operations]
    assert {("A-1", 1): ASSERTED} == story.links("order")


def test_an_order_of_one_person_that_another_ships_is_a_conflict() -> None:
    """It was asserted of its buyer, and an order is its buyer's for good."""
    story = Story()
    story.tell(paid("42"))
    story.tell(shipped(who={"id": "43"}))

    assert ["link_conflict"] == story.found
    assert {("A-1", 1): ASSERTED} == story.links("order")


def test_an_inferred_link_leads_until_it_freezes_and_again_once_it_is_asserted() -> None:
    """A vendor's id that came together with one person, then with another."""
    story = Story()
    customer = {"stripe_customer": "cus_9"}
    story.tell(viewed({"id": "42", **customer}))
    assert [1] == [one.person for one in story.tell(viewed(customer)).operations]
    story.tell(viewed({"id": "43", **customer}))
    assert ["link_frozen"] == story.found
    story.tell(viewed(customer))
    assert [("quarantined", "person_unresolved")] == story.ended()
    story.tell(linked("43", **customer))
    assert [("recorded", "")] == story.ended()

    assert [2] == [one.person for one in story.tell(viewed(customer)).operations]
    assert {("cus_9", 1): FROZEN, ("cus_9", 2): ASSERTED} == story.links("stripe_customer")


def test_an_identifier_that_was_asserted_leads_before_one_that_was_inferred() -> None:
    """Whatever stands first in the contract."""
    story = Story()
    phone = "+12025550100"
    story.tell(viewed({"id": "42", "phone": phone}), linked("43", stripe_customer="cus_9"))
    decision = story.tell(viewed({"phone": phone, "stripe_customer": "cus_9"}))

    assert [2] == [one.person for one in decision.operations]
    assert ["link_frozen"] == story.found
