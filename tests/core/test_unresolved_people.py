"""What becomes of a record whose person has no canonical id, by what it does carry (law 3)."""

from __future__ import annotations

import pytest
from deciding import rows
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from shopping import (
    ANA,
    AS_VISITOR,
    EVA,
    GUESTS,
    GUESTS_AND_VISITORS,
    HOUR_MS,
    QUARANTINE,
    UNDER_EMAIL,
    Story,
    a_shop,
    held,
    identified,
    linked,
    merged,
    paid,
    shipped,
    viewed,
)

from truthpoint.contract.check import Checker
from truthpoint.contract.model import Kind, Person, Property, Type
from truthpoint.contract.rules import Channel, Consent, Unidentified, Unresolved
from truthpoint.core.decision import Hold
from truthpoint.core.examine import Examiner
from truthpoint.core.examined import Broken, Moment
from truthpoint.core.naming import MAX_PERSON_ID_BYTES, Naming, identifiers_among, normalised
from truthpoint.core.people import Who
from truthpoint.core.plan import plan
from truthpoint.core.tombstones import DIGEST_BYTES, digest
from truthpoint.core.unresolved import LOOKED_AT_MS, Fate, fate
from truthpoint.testing.builders import START_MS, line

GUEST, VISITOR, CUSTOMER = {"email": ANA}, {"anonymous_id": "a-1"}, {"stripe_customer": "cus_9"}
QUARANTINED = [("quarantined", "person_unresolved")]
HELD = [("held", "person_unknown_yet")]


PEOPLE = Checker(
    replace(
        a_shop(),
        person=Person(
            attributes=tuple(
                Property(name=kind, type=Type(kind=Kind(kind))) for kind in ("email", "phone")
            )
        ),
    )
)
"""Attributes of the types that are called like the link kinds."""


def a_story(**unresolved: Unresolved) -> Story:
    return Story(examiner=Examiner(a_shop(unresolved)))


def fate_of(
    unresolved: dict[str, Unresolved],
    *kinds: str,
    waited_ms: int = 0,
    is_event: bool = True,
    again: bool = True,
) -> Fate:
    """What becomes of a record that carries a value of these kinds."""
    who = Who(links=tuple((kind, f"{kind} of hers") for kind in kinds))
    return fate(
        a_shop(unresolved),
        who,
        captured_at_ms=START_MS,
        now_ms=START_MS + waited_ms,
        is_event=is_event,
        again=again,
    )


def quarantined(*, until_ms: int = 0) -> Fate:
    return Fate(rule=Unidentified.QUARANTINE, held_until_ms=until_ms)


# ------------------------------------------------------------------------ each policy


def test_nothing_is_guessed_where_the_contract_says_nothing() -> None:
    """Quarantine is the policy of every kind that has no line of its own, nor `other`."""
    assert quarantined() == fate_of({}, "email", "anonymous_id", "stripe_customer")
    assert quarantined() == fate_of({"email": UNDER_EMAIL}, "stripe_customer")
    assert quarantined() == fate_of({"email": UNDER_EMAIL})


def test_a_kind_without_a_line_of_its_own_follows_other() -> None:
    """And one that has a line does not."""
    waits = held(Unidentified.QUARANTINE)
    policy = {"other": waits, "phone": QUARANTINE}

    assert quarantined(until_ms=START_MS + HOUR_MS) == fate_of(policy, "stripe_customer")
    assert quarantined() == fate_of(policy, "phone")


def test_the_best_that_a_record_carries_decides() -> None:
    """An email before an anonymous id, before waiting, before quarantine."""
    policy = {
        "email": UNDER_EMAIL,
        "anonymous_id": AS_VISITOR,
        "phone": held(Unidentified.QUARANTINE),
        "order": QUARANTINE,
    }
    kinds = ["order", "phone", "anonymous_id", "email"]
    under = Fate(rule=Unidentified.UNDER_EMAIL, value="email of hers")
    visitor = Fate(rule=Unidentified.ANONYMOUS, value="anonymous_id of hers")
    waits = quarantined(until_ms=START_MS + HOUR_MS)

    assert [quarantined(), waits, visitor, under] == [
        fate_of(policy, *kinds[:count]) for count in (1, 2, 3, 4)
    ]


def test_the_longest_wait_of_a_record_counts() -> None:
    """Each of its identifiers may still lead to somebody."""
    policy = {
        "email": held(Unidentified.UNDER_EMAIL, 5),
        "phone": held(Unidentified.QUARANTINE, 9),
    }

    assert quarantined(until_ms=START_MS + 9) == fate_of(policy, "email", "phone", waited_ms=8)
    assert Fate(rule=Unidentified.UNDER_EMAIL, value="email of hers") == fate_of(
        policy, "email", "phone", waited_ms=9
    )


@pytest.mark.parametrize("kind", ["email", "phone", "stripe_customer"])
def test_a_policy_takes_only_the_identifier_that_it_is_made_for(kind: str) -> None:
    """Nobody lives under a phone number, and no vendor's id is an anonymous one."""
    policy = {kind: Unresolved(then=Unidentified.ANONYMOUS)}

    assert quarantined() == fate_of(policy, kind)


@given(
    st.dictionaries(
        st.sampled_from(["email", "anonymous_id", "phone", "other"]),
        st.builds(
            lambda then, hold_ms: Unresolved(then=then, hold_ms=hold_ms),
            st.sampled_from(Unidentified),
            st.sampled_from([0, 5, HOUR_MS]),
        ),
    ),
    st.lists(st.sampled_from(["email", "anonymous_id", "phone", "order"]), unique=True),
    st.integers(0, 2 * HOUR_MS),
)
def test_what_is_said_of_a_person_is_never_anonymous(
    policy: dict[str, Unresolved], kinds: list[str], waited_ms: int
) -> None:
    """Customer.io knows no profile by an anonymous id: only events can be anonymous."""
    one = fate_of(policy, *kinds, waited_ms=waited_ms, is_event=False)

    assert one.rule is not Unidentified.ANONYMOUS
    if one.held_until_ms:
        assert START_MS + waited_ms < one.held_until_ms


@given(st.integers(0, 3 * HOUR_MS), st.sampled_from(Unidentified))
def test_nothing_waits_longer_than_the_contract_says(waited_ms: int, then: Unidentified) -> None:
    """Law 16: when the time is over, the rule behind it decides."""
    one = fate_of({"email": held(then)}, "email", waited_ms=waited_ms)

    assert (waited_ms < HOUR_MS) is bool(one.held_until_ms)


@given(st.integers(0, 96 * HOUR_MS), st.sampled_from((1_000, LOOKED_AT_MS, HOUR_MS)))
def test_nothing_is_given_up_before_the_records_behind_it_were_read(
    waited_ms: int, hold_ms: int
) -> None:
    """After a stop of days: it waits from its first decision on, and then no more."""
    policy = {"email": held(Unidentified.QUARANTINE, hold_ms)}
    one = fate_of(policy, "email", waited_ms=waited_ms, again=False)
    after_ms = one.held_until_ms - START_MS

    assert waited_ms + min(hold_ms, LOOKED_AT_MS) <= after_ms <= max(hold_ms, waited_ms + hold_ms)
    assert quarantined() == fate_of(policy, "email", waited_ms=after_ms)


# ------------------------------------------------------------------------ whole stories


def test_a_record_that_leads_to_nobody_is_quarantined_and_teaches_nothing() -> None:
    """Law 5: no person, no key, no link; an operator can release it later."""
    story = a_story()
    decision = story.tell(paid({**GUEST, **CUSTOMER}))

    assert QUARANTINED == story.ended()
    assert ((), (), (), ()) == (
        decision.people,
        decision.ledger,
        decision.links,
        decision.operations,
    )
    (found,) = decision.findings[1]
    assert "The record carries no canonical id; it carries: email, order, stripe_customer." == (
        found.evidence
    )


def test_a_guest_is_told_of_at_once() -> None:
    """Mail after a purchase must not wait."""
    story = a_story(**GUESTS)
    (operation,) = story.tell(paid(GUEST)).operations

    assert (1, "order_paid") == (operation.person, operation.name)
    assert (1, 1) == (len(story.known.ledger), len(story.known.totals))


def test_an_identify_of_a_guest_makes_their_profile_too() -> None:
    """It goes by the email; no id is made up for it."""
    story = a_story(**GUESTS)
    story.tell(identified(GUEST, region="x"))

    assert [(1, "identify", b'{"email":"%b","region":"x"}' % ANA.encode())] == story.sent()
    assert [None] == [one.canonical_id for one in story.known.people]


def test_an_identify_that_carries_an_anonymous_id_alone_is_never_a_visitors() -> None:
    """Whose attributes they are, nobody can say yet."""
    story = a_story(**GUESTS_AND_VISITORS)
    story.tell(identified(VISITOR, region="x"), linked(VISITOR, email=ANA))

    assert [("quarantined", "person_unresolved")] == story.ended()[:1]
    assert [ANA] == [one.value for one in story.rows("email")]
    story.tell(viewed(VISITOR))
    assert [1] == [one.person for one in story.decisions[-1].operations]


def test_what_is_said_of_a_visitor_who_was_seen_is_not_said_of_anybody() -> None:
    """An earlier event of theirs makes them no person with attributes."""
    story = a_story(**GUESTS_AND_VISITORS)
    story.tell(viewed(VISITOR))
    story.tell(identified(VISITOR, region="x"), merged(VISITOR, "42"))

    assert QUARANTINED * 2 == story.ended()


def test_a_record_is_held_and_then_quarantined() -> None:
    """Held with all that it carries, until its time is over; then an operator decides."""
    story = a_story(stripe_customer=held(Unidentified.QUARANTINE))
    decision = story.tell(paid(CUSTOMER))

    assert (HELD, ["person_unknown_yet"]) == (story.ended(), story.found)
    carried = (("stripe_customer", "cus_9"), ("order", "A-1"))
    assert (Hold(record=1, identifiers=carried, until_ms=START_MS + HOUR_MS),) == decision.holds
    assert ((), ()) == (decision.people, decision.ledger)
    story.now_ms += HOUR_MS - 1
    story.tell(paid(CUSTOMER), again=True)
    assert HELD == story.ended()
    story.now_ms += 1
    story.tell(paid(CUSTOMER), again=True)
    assert QUARANTINED == story.ended()


def test_a_refund_waits_for_its_order_behind_it_though_a_stop_was_longer_than_its_hold() -> None:
    """Both were captured while nothing was decided for a day."""
    story = a_story(order=held(Unidentified.QUARANTINE))
    story.now_ms += 24 * HOUR_MS
    decision = story.tell(shipped(), paid("42"))

    assert HELD == story.ended()[:1]
    (hold,) = decision.holds
    assert story.now_ms + LOOKED_AT_MS == hold.until_ms
    assert [1] == [one.person for one in story.tell(shipped(), again=True).operations]


def test_a_record_is_held_and_then_lives_under_the_email() -> None:
    """The guest is made when the time is over, not before."""
    story = a_story(email=held(Unidentified.UNDER_EMAIL))
    story.tell(paid(GUEST))
    assert HELD == story.ended()
    story.now_ms += HOUR_MS
    decision = story.tell(paid(GUEST), again=True)

    assert [1] == [one.person for one in decision.operations]
    assert [(ANA, 1)] == list(story.links("email"))


def test_a_record_that_is_held_is_decided_by_a_link_that_is_learned_meanwhile() -> None:
    """Released, it finds its person as if it came only now."""
    story = a_story(stripe_customer=held(Unidentified.QUARANTINE))
    story.tell(paid(CUSTOMER))
    story.tell(linked("42", **CUSTOMER))
    decision = story.tell(paid(CUSTOMER))

    assert ["42"] == [story.people[one.person].canonical_id for one in decision.operations]


def test_a_source_is_heard_though_its_record_is_held() -> None:
    """Law 6: it has spoken, so that nobody stands in for it."""
    story = a_story(stripe_customer=held(Unidentified.QUARANTINE))
    decision = story.tell(paid(CUSTOMER))

    assert [("backend", "order_paid", 1)] == [
        (one.source, one.event, one.count) for one in decision.said
    ]


def test_business_links_lead_before_anything_is_held() -> None:
    """A shipment carries nothing but its order, whose buyer is known."""
    story = a_story(other=held(Unidentified.QUARANTINE))
    story.tell(shipped())
    assert HELD == story.ended()
    story.tell(paid("42"))
    story.tell(shipped())

    assert [] == story.ended()


def test_a_second_email_makes_a_second_guest() -> None:
    """Nothing says that they are one."""
    story = a_story(**GUESTS)
    story.tell(paid(GUEST), paid({"email": EVA}, "A-2"))

    assert [1, 2] == sorted(story.people)


# ------------------------------------------------------- what names nobody, or not well


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("email", " Ana@Example.ORG ", "ana@example.org"),
        ("email", "ana", None),
        ("email", "ana @example.org", None),
        ("phone", "+1 (202) 555-01.00", "+12025550100"),
        ("phone", "2025550100", None),
        ("phone", "+44 (0)20 7946 0018", None),
        ("phone", "+0123456789", None),
        ("stripe_customer", " cus_9 ", "cus_9"),
        ("stripe_customer", "  ", None),
        ("stripe_customer", "cus\x00", None),
        ("stripe_customer", 12, "12"),
        ("stripe_customer", True, None),
        ("stripe_customer", ["cus_9"], None),
        ("stripe_customer", 1.5, None),
        ("stripe_customer", "x" * MAX_PERSON_ID_BYTES, "x" * MAX_PERSON_ID_BYTES),
        ("stripe_customer", "x" * (MAX_PERSON_ID_BYTES + 1), None),
        ("stripe_customer", "é" * (MAX_PERSON_ID_BYTES // 2 + 1), None),
    ],
)
def test_an_identifier_is_compared_in_one_writing(
    kind: str, given: object, kept: str | None
) -> None:
    """An email in lower case, a phone number in E.164, anything else as its own text."""
    assert kept == normalised(kind, given)


@given(
    st.sampled_from(["email", "phone"]),
    st.text("aB@. \u00c4\x00", max_size=9) | st.text("+0123456789 ()./-", max_size=22),
)
def test_an_attribute_has_the_form_of_its_link(kind: str, given: str) -> None:
    """What is kept and sent of a person is what leads to them."""
    checked = PEOPLE.attributes({kind: given})
    said = checked.values[kind] if not checked.findings else None

    assert normalised(kind, given) == said


@given(st.sampled_from(["email", "phone", "anonymous_id"]), st.text(max_size=20))
def test_an_identifier_in_its_own_writing_stays_as_it_is(kind: str, given: str) -> None:
    """Normal forms are normal."""
    kept = normalised(kind, given)

    assert kept is None or kept == normalised(kind, kept)


def test_what_is_empty_carries_nothing() -> None:
    """A form's empty field is no damaged identifier."""
    who, findings = Naming(a_shop()).who({"id": "", "email": "", "phone": None})

    assert (Who(), ()) == (who, findings)


def test_identifiers_stand_in_the_order_of_the_contract() -> None:
    """Not in that of the record: they are asked in it, one after the other."""
    who, _ = Naming(a_shop()).who({"stripe_customer": "cus_9", "phone": "+12025550100", **GUEST})

    assert ["email", "phone", "stripe_customer"] == [kind for kind, _ in who.links]


def test_email_and_phone_are_identifiers_among_attributes() -> None:
    """Whatever else stands there; what was deleted or is none is left out."""
    attributes = {"phone": "+12025550100", "region": "x", "email": None}

    assert (("phone", "+12025550100"),) == identifiers_among(attributes)
    assert (("email", ANA),) == identifiers_among({"email": ANA, "phone": ""})


def test_a_damaged_link_loses_no_order() -> None:
    """It is left out with a warning, also where the record is in its usual form otherwise."""
    examiner = Examiner(a_shop(GUESTS))
    whole = plan(rows(paid({"id": "42", "email": ANA})), examiner).examined[0]
    damaged = plan(rows(paid({"id": "42", "email": "ana"})), examiner).examined[0]

    assert isinstance(whole, Moment)
    assert isinstance(damaged, Moment)
    assert (("email", ANA),) == whole.who.links
    assert () == damaged.who.links
    assert ["person_link_invalid"] == [one.code for one in damaged.findings]


def test_a_record_that_carries_nothing_at_all_is_broken() -> None:
    """No policy could help it."""
    (one,) = plan(rows(viewed({})), Examiner(a_shop(GUESTS))).examined

    assert isinstance(one, Broken)
    assert ["The record carries no canonical id; it carries: nothing."] == [
        found.evidence for found in one.findings
    ]


def test_a_consent_by_email_is_a_guests_word() -> None:
    """Who is known by the email only has a profile, and may withdraw there."""
    contract = a_shop(GUESTS)
    news = Property(
        name="news",
        type=Type(kind=contract.person.attributes[0].type.kind),
        consent=Consent(channel=Channel.ALL),
    )
    person = replace(contract.person, attributes=(*contract.person.attributes, news))
    story = Story(examiner=Examiner(replace(contract, person=person)))
    story.tell(line(type="consent", person=GUEST, consents={"news": False}))

    assert [(1, "identify", b'{"news":false,"unsubscribed":true}')] == story.sent()
    story.tell(line(type="consent", person=GUEST, consents={"news": False}))
    assert ([("recorded", "")], []) == (story.ended(), story.sent())


# -------------------------------------------------------------- what is kept of the erased


@given(st.binary(min_size=1, max_size=64), st.binary(min_size=1, max_size=64))
def test_a_digest_can_be_told_only_by_who_has_the_secret(one: bytes, other: bytes) -> None:
    """Law 20: keyed, of a fixed length, and never the value."""
    told = digest(one, ("email", ANA))

    kind, _, hidden = told.partition(":")

    assert told == digest(one, ("email", ANA))
    assert ("email", 2 * DIGEST_BYTES) == (kind, len(hidden))
    assert (one == other) is (told == digest(other, ("email", ANA)))
    assert told not in {digest(one, ("phone", ANA)), digest(one, ("email", EVA))}


def test_money_does_not_wait_for_an_order_of_its_own_where_a_link_of_its_person_decides() -> None:
    """Law 8: only a record that names nobody else is held by what its event ties."""
    rules = {
        "order": Unresolved(then=Unidentified.QUARANTINE, hold_ms=HOUR_MS),
        "other": Unresolved(then=Unidentified.QUARANTINE),
    }
    contract = a_shop(rules)
    order = (("order", "A-1"),)

    def fate_at_once(who: Who) -> Fate:
        return fate(
            contract, who, captured_at_ms=START_MS, now_ms=START_MS, is_event=True, again=False
        )

    paid_by_phone = fate_at_once(Who(links=(("stripe_customer", "cus_9"),), permanent=order))
    refunded = fate_at_once(Who(permanent=order))

    assert paid_by_phone == Fate(rule=Unidentified.QUARANTINE)
    assert refunded.held_until_ms == START_MS + HOUR_MS
