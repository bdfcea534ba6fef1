"""A person's attributes: the latest by their own time, told when they change (laws 11, 12)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truthpoint.contract.model import (
    Bucket,
    Contract,
    Kind,
    Person,
    Property,
    Rollup,
    RollupKind,
    Type,
)
from truthpoint.contract.rules import Channel, Consent
from truthpoint.core import profile as profiles
from truthpoint.core.consent import SKEW_MS, state
from truthpoint.core.profile import (
    Applied,
    Kept,
    Profile,
    Update,
    apply,
    combine,
    from_json,
    to_json,
    wire_attributes,
)

MINUTE_MS = 60_000
CONSENTS = {
    "email_consent": Consent(channel=Channel.EMAIL, topic=3),
    "sms_consent": Consent(channel=Channel.SMS, topic=4),
    "consent": Consent(channel=Channel.ALL),
}
PLAIN = ("name", "city", "points")


def contract_with(*names: str, rollups: int = 0, buckets: int = 0) -> Contract:
    consents = tuple(
        Property(name=name, type=Type(kind=Kind.BOOLEAN), consent=consent)
        for name, consent in CONSENTS.items()
    )
    plain = tuple(Property(name=name, type=Type(kind=Kind.STRING)) for name in names)
    counts = [f"count{number}" for number in range(rollups)]
    return Contract(
        shop="acme",
        events={},
        sources={},
        person=Person(attributes=(*plain, *consents)),
        rollups={
            name: Rollup(name=name, kind=RollupKind.COUNT, event="order_paid") for name in counts
        },
        buckets=tuple(
            Bucket(name=f"step{number}", rollup="count0", steps=(("none", Decimal(0)),))
            for number in range(buckets)
        ),
    )


CONTRACT = contract_with(*PLAIN)

values = st.one_of(
    st.none(),
    st.sampled_from(["", "a", "b", Decimal("1.5"), 3, True, ["x", Decimal("2.50")], {"k": 1}]),
)
attributes = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(PLAIN, values),
        **dict.fromkeys(CONSENTS, st.booleans()),
    },
)
minutes = st.integers(0, 25)
updates = st.tuples(attributes, minutes, st.sampled_from(["form", "shop"])).map(
    lambda drawn: said(*drawn)
)
reports = st.tuples(
    st.fixed_dictionaries({}, optional=dict.fromkeys(CONSENTS, st.booleans())), minutes
).map(lambda drawn: reported(*drawn))
stories = st.lists(updates, max_size=10)


class CustomerIo:
    """What Customer.io has of a person: it passes over what is older than what it has."""

    def __init__(self) -> None:
        self.has: dict[str, tuple[object, int]] = {}

    def take(self, told: dict[str, object], at_ms: int) -> None:
        for name, value in told.items():
            if name not in self.has or at_ms >= self.has[name][1]:
                self.has[name] = (value, at_ms)

    def joined(self, other: CustomerIo) -> CustomerIo:
        """Its own merge: what this profile has stays, what it has not is taken over."""
        both = CustomerIo()
        both.has = {**other.has, **{n: v for n, v in self.has.items() if v[0] not in (None, "")}}
        return both


def said(attributes: dict[str, object], minute: int = 0, source: str = "shop") -> Update:
    return Update(attributes=attributes, at_ms=minute * MINUTE_MS, source=source)


def reported(attributes: dict[str, object], minute: int) -> Update:
    return Update(
        attributes=attributes,
        at_ms=minute * MINUTE_MS,
        source="customerio",
        from_customerio=True,
    )


def tell(
    story: list[Update],
    *,
    profile: Profile | None = None,
    peer: CustomerIo | None = None,
    contract: Contract = CONTRACT,
) -> Profile:
    """Apply a story; the peer takes what Customer.io is told and what it reports."""
    profile = Profile() if profile is None else profile
    for update in story:
        if peer is not None and update.from_customerio:
            peer.take(dict(update.attributes), update.at_ms)
        applied = apply(profile, update, contract)
        if peer is not None:
            peer.take(dict(applied.changed), applied.at_ms)
        profile = applied.profile
    return profile


def known(profile: Profile) -> dict[str, object]:
    plain = {name: kept.value for name, kept in profile.attributes.items()}
    return {**plain, **{name: state(heard) for name, heard in profile.consents.items()}}


def plain_model(story: list[Update]) -> dict[str, object]:
    """Written apart from the product: the greatest of all values of the latest time."""
    latest: dict[str, tuple[int, bool, str, object]] = {}
    for update in story:
        for name, value in update.attributes.items():
            text = profiles.normal_text(value) if value is not None else ""
            one = (update.at_ms, value is not None, text, value)
            if name in PLAIN and (name not in latest or one[:3] > latest[name][:3]):
                latest[name] = one
    return {name: value for name, (_, _, _, value) in latest.items()}


@given(stories)
def test_an_attribute_is_what_became_true_last(story: list[Update]) -> None:
    """Law 12: old news does not overwrite new."""
    kept = tell(story).attributes

    assert plain_model(story) == {name: one.value for name, one in kept.items()}


@given(stories, st.data())
def test_what_is_known_does_not_hang_on_the_order_of_arrival(
    story: list[Update], data: st.DataObject
) -> None:
    """Law 12: any order, and any of them twice."""
    again = data.draw(st.lists(st.sampled_from(story), max_size=4)) if story else []
    shuffled = data.draw(st.permutations([*story, *again]))
    one, other = tell(story), tell(shuffled)

    assert one.attributes == other.attributes
    assert one.consents == other.consents


@given(st.lists(st.one_of(updates, reports), max_size=12))
def test_customerio_has_what_is_known_here_after_every_step(story: list[Update]) -> None:
    """Laws 11, 12: what is sent, with the time it is sent with, always comes to the same."""
    peer, profile = CustomerIo(), Profile()
    for update in story:
        profile = tell([update], profile=profile, peer=peer)

        assert known(profile) == {name: value for name, (value, _) in peer.has.items()}


@given(stories)
def test_what_was_said_once_is_not_sent_again(story: list[Update]) -> None:
    """Law 11: a repeat changes nothing and sends nothing."""
    profile = tell(story)
    for update in story:
        applied = apply(profile, update, CONTRACT)

        assert {} == applied.changed
        assert profile == applied.profile


@given(st.lists(updates, max_size=8))
def test_a_profile_is_the_same_after_a_store(story: list[Update]) -> None:
    """A row of JSON and back, decimals with every digit."""
    profile = tell(story)

    assert profile == from_json(to_json(profile))
    assert str(profile) == str(from_json(to_json(profile)))


def test_equal_news_that_is_younger_moves_the_time_and_sends_nothing() -> None:
    """What lies between is then old, and is not taken."""
    profile = tell([said({"name": "Ana"}, 1)])
    later = apply(profile, said({"name": "Ana"}, 9), CONTRACT)
    between = apply(later.profile, said({"name": "Eva"}, 5), CONTRACT)

    assert {} == later.changed
    assert Kept("Ana", 9 * MINUTE_MS) == later.profile.attributes["name"]
    assert {} == between.changed


def test_equal_amounts_are_equal_however_they_are_written() -> None:
    """1.50 is 1.5."""
    profile = tell([said({"points": Decimal("1.50")}, 1)])

    assert {} == apply(profile, said({"points": Decimal("1.5")}, 2), CONTRACT).changed


def test_a_null_removes_and_is_sent_once() -> None:
    """The first one is sent even of what was never known: Customer.io may know it."""
    first = apply(Profile(), said({"name": None}, 1), CONTRACT)
    second = apply(first.profile, said({"name": None}, 2), CONTRACT)
    held = tell([said({"name": "Ana"}, 3)], profile=second.profile)

    assert {"name": None} == first.changed
    assert {} == second.changed
    assert {"name": None} == apply(held, said({"name": None}, 4), CONTRACT).changed


def test_a_null_is_no_word_about_a_consent() -> None:
    """Law 12: a consent is given or withdrawn, and never unsaid."""
    profile = tell([said({"email_consent": False}, 1)])
    applied = apply(profile, said({"email_consent": None}, 9), CONTRACT)

    assert profile == applied.profile
    assert {} == applied.changed
    assert ["consent_null"] == [one.code for one in applied.findings]
    assert "attributes.email_consent" == applied.findings[0].where.path


def test_only_a_change_of_consent_is_a_barrier() -> None:
    """Law 7: what Customer.io has already holds nobody up."""
    first = apply(Profile(), said({"email_consent": True, "name": "Ana"}, 1), CONTRACT)
    again = apply(first.profile, said({"email_consent": True, "name": "Eva"}, 2), CONTRACT)

    assert {"email_consent": True, "name": "Ana"} == first.changed
    assert first.consent_changed
    assert {"name": "Eva"} == again.changed
    assert not again.consent_changed


def test_a_withdrawal_that_arrives_late_is_sent_with_the_time_of_what_it_takes_back() -> None:
    """Law 12: with its own time Customer.io would pass it over."""
    profile = tell([said({"email_consent": True}, 10, "form")])
    late = apply(profile, said({"email_consent": False}, 8, "form"), CONTRACT)
    skewed = apply(profile, said({"email_consent": False}, 10, "shop"), CONTRACT)
    back = tell(
        [said({"email_consent": False}, 0, "form"), said({"email_consent": True}, 10, "form")]
    )
    within = apply(back, said({"email_consent": False}, 5, "shop"), CONTRACT)

    assert {"email_consent": False} == late.changed
    assert {"email_consent": False} == skewed.changed
    assert {"email_consent": False} == within.changed
    assert [10 * MINUTE_MS] * 3 == [one.at_ms for one in (late, skewed, within)]


def test_a_consent_is_never_told_with_an_older_time_than_another() -> None:
    """All topics are one attribute at Customer.io, which has one time."""
    profile = tell([said({"sms_consent": False}, 10)])
    late = apply(profile, said({"email_consent": False}, 4), CONTRACT)
    name = apply(profile, said({"name": "Ana"}, 4), CONTRACT)

    assert 10 * MINUTE_MS == late.at_ms
    assert 4 * MINUTE_MS == name.at_ms


def test_what_goes_out_with_a_withdrawal_is_not_passed_over_later() -> None:
    """A value that was sent with a later time than its own is taken back with that one."""
    peer = CustomerIo()
    profile = tell([said({"email_consent": True}, 10)], peer=peer)
    profile = tell(
        [said({"email_consent": False, "name": "Ana"}, 6, "form")], profile=profile, peer=peer
    )
    profile = tell([said({"name": "Eva"}, 8)], profile=profile, peer=peer)

    assert "Eva" == peer.has["name"][0]
    assert 10 * MINUTE_MS == profile.told_ms["name"]
    assert "name" not in tell([said({"name": "Ida"}, 20)], profile=profile, peer=peer).told_ms


def test_what_customerio_reports_is_not_sent_back() -> None:
    """Law 12: a withdrawal there is known here, and stays."""
    report = reported({"email_consent": False}, 9)
    told = apply(tell([said({"email_consent": True})]), report, CONTRACT)
    form = apply(told.profile, said({"email_consent": True}, 60, "form"), CONTRACT)

    assert {} == told.changed
    assert not told.consent_changed
    assert {} == form.changed


def test_a_grant_that_customerio_reports_against_a_withdrawal_is_taken_back_there() -> None:
    """Law 12: its first word grants nothing over another's denial, so it is told so."""
    report = reported({"email_consent": True}, 60)
    told = apply(tell([said({"email_consent": False})]), report, CONTRACT)

    assert {"email_consent": False} == told.changed
    assert report.at_ms == told.at_ms


def test_reports_are_compared_in_whole_seconds_as_customerio_does() -> None:
    """Its grant of the second in which a withdrawal was told may be what it has."""
    denied = Update(attributes={"email_consent": False}, at_ms=60_900, source="shop")
    profile = apply(Profile(), denied, CONTRACT).profile
    there = apply(profile, reported({"email_consent": True}, 1), CONTRACT)
    older = apply(profile, reported({"email_consent": True}, 0), CONTRACT)

    assert {"email_consent": False} == there.changed
    assert {} == older.changed


def test_a_grant_of_a_backfill_is_sent_only_where_nobody_said_a_word() -> None:
    """Law 12: as the first word of all."""
    grant = Update(attributes={"sms_consent": True}, at_ms=5, source="shop", history=True)
    denied = tell([said({"sms_consent": False}, 0, "form")])

    assert {"sms_consent": True} == apply(Profile(), grant, CONTRACT).changed
    assert {} == apply(denied, grant, CONTRACT).changed


def test_consents_go_out_as_topics_and_as_unsubscribed() -> None:
    """Dotted keys leave the other topics alone; only the channel for all is `unsubscribed`."""
    changed = {"name": "Ana", "email_consent": True, "sms_consent": False, "consent": False}
    told = wire_attributes(CONTRACT, changed)

    assert {
        **changed,
        "cio_subscription_preferences.topics.topic_3": True,
        "cio_subscription_preferences.topics.topic_4": False,
        "unsubscribed": True,
    } == told
    assert {"consent": True, "unsubscribed": False} == wire_attributes(CONTRACT, {"consent": True})


def test_of_a_consent_that_nobody_spoke_of_nothing_is_sent() -> None:
    """Absence is no word."""
    applied = apply(Profile(), said({"name": "Ana"}), CONTRACT)

    assert {"name": "Ana"} == wire_attributes(CONTRACT, applied.changed)


def many(count: int, value: str = "x") -> dict[str, object]:
    return {f"a{number:03}": value for number in range(count)}


@pytest.mark.parametrize(
    ("rollups", "buckets", "consents", "room"),
    [
        (0, 0, {}, 300),
        (4, 0, {}, 296),
        (4, 2, {}, 294),
        (0, 0, {"email_consent": True}, 298),
        (0, 0, {"email_consent": True, "sms_consent": True}, 297),
        (2, 1, {"email_consent": True, "consent": True}, 293),
    ],
)
def test_customerio_keeps_three_hundred_attributes_of_a_person(
    rollups: int, buckets: int, consents: dict[str, object], room: int
) -> None:
    """Totals and consents count, the topics as one, and are sent whatever else is."""
    contract = contract_with(*many(310), rollups=rollups, buckets=buckets)
    full = apply(Profile(), said({**many(room), **consents}), contract)
    over = apply(full.profile, said({"a309": "late"}, 1), contract)

    assert {**many(room), **consents} == full.changed
    assert () == full.findings
    assert {} == over.changed
    assert ("a309",) == over.profile.unsent
    assert "late" == over.profile.attributes["a309"].value
    assert ["attributes_full"] == [one.code for one in over.findings]
    assert "attributes.a309" == over.findings[0].where.path


def test_what_waits_for_room_goes_out_when_there_is_some() -> None:
    """The one that waited longest first, with the time that it is sent with."""
    contract = contract_with(*many(310))
    profile = tell(
        [said(many(300)), said({"a305": "b"}, 8), said({"a304": "b"}, 2)], contract=contract
    )
    freed = apply(profile, said({"a000": None, "a001": "new"}, 4), contract)
    more = apply(freed.profile, said({"a002": None}, 9), contract)

    assert {"a000": None, "a001": "new", "a305": "b"} == freed.changed
    assert 8 * MINUTE_MS == freed.at_ms
    assert ("a304",) == freed.profile.unsent
    assert () == freed.findings
    assert {"a002": None, "a304": "b"} == more.changed
    assert () == more.profile.unsent


def test_what_waits_for_room_keeps_the_latest_and_is_removed_without_a_word() -> None:
    """It never went out, so that nothing is there to change or to remove."""
    contract = contract_with(*many(310))
    profile = tell(
        [said(many(300)), said({"a305": "b"}, 1), said({"a306": "b"}, 1)], contract=contract
    )
    again = apply(profile, said({"a305": "c"}, 2), contract)
    gone = apply(again.profile, said({"a305": None}, 3), contract)
    freed = apply(gone.profile, said({"a000": None}, 4), contract)

    assert {} == again.changed
    assert ["attributes_full"] == [one.code for one in again.findings]
    assert {} == gone.changed
    assert ("a306",) == gone.profile.unsent
    assert {"a000": None, "a306": "b"} == freed.changed


def test_a_consent_is_told_even_where_there_is_no_room() -> None:
    """Law 12: no limit stands before a withdrawal."""
    contract = contract_with(*many(310))
    profile = tell([said(many(300))], contract=contract)
    applied = apply(profile, said({"email_consent": False, "a300": "x"}, 1), contract)

    assert {"email_consent": False} == applied.changed
    assert ("a300",) == applied.profile.unsent


def test_more_totals_than_room_leave_what_is_there_alone() -> None:
    """A contract that grew: what was sent goes on to be told."""
    profile = tell([said(many(300))], contract=contract_with(*many(310)))
    contract = contract_with(*many(310), rollups=5)
    applied = apply(profile, said({"a000": "y", "a301": "x"}, 1), contract)

    assert {"a000": "y"} == applied.changed


@given(one=stories, other=stories, same_person=st.booleans(), primary_stays=st.booleans())
def test_a_withdrawal_of_either_stands_at_customerio_after_a_join(
    one: list[Update],
    other: list[Update],
    *,
    same_person: bool,
    primary_stays: bool,
) -> None:
    """Law 12: whichever of two profiles Customer.io keeps, and a grant is never sent."""
    ours, theirs = CustomerIo(), CustomerIo()
    primary, secondary = tell(one, peer=ours), tell(other, peer=theirs)
    both = combine(primary, secondary, same_person=same_person)
    peer = ours.joined(theirs) if primary_stays or not same_person else theirs.joined(ours)
    peer.take(dict(both.changed), both.at_ms)
    for name in CONSENTS:
        now = known(both.profile).get(name)

        assert both.changed.get(name) is not True
        if now is False:
            assert peer.has[name][0] is False


@given(one=stories, other=stories, primary_stays=st.booleans())
def test_attributes_of_one_person_are_at_customerio_as_they_are_known_here(
    one: list[Update],
    other: list[Update],
    *,
    primary_stays: bool,
) -> None:
    """Law 12: the latest by its own time, as if all had come under one identifier."""
    ours, theirs = CustomerIo(), CustomerIo()
    both = combine(tell(one, peer=ours), tell(other, peer=theirs), same_person=True)
    peer = ours.joined(theirs) if primary_stays else theirs.joined(ours)
    peer.take(dict(both.changed), both.at_ms)
    expected = tell([*one, *other]).attributes

    assert expected == both.profile.attributes
    for name, kept in expected.items():
        there = peer.has.get(name, (None, 0))[0]
        assert there == kept.value or (there in (None, "") and kept.value in (None, ""))


@given(stories, stories)
def test_in_a_merge_the_primary_has_what_it_has(one: list[Update], other: list[Update]) -> None:
    """As Customer.io's own merge does; only a withdrawal is told."""
    ours, theirs = CustomerIo(), CustomerIo()
    both = combine(tell(one, peer=ours), tell(other, peer=theirs), same_person=False)
    peer = ours.joined(theirs)
    told = known(both.profile)

    assert set(both.changed) <= set(CONSENTS)
    assert {name: told[name] for name in peer.has if name in PLAIN} == {
        name: value for name, (value, _) in peer.has.items() if name in PLAIN
    }


def test_two_withdrawals_are_not_told_again() -> None:
    """Whichever profile stays, it says so already."""
    denied = tell([said({"email_consent": False})])

    assert {} == combine(denied, denied, same_person=True).changed
    assert {} == combine(denied, Profile(), same_person=False).changed
    assert {"email_consent": False} == combine(denied, Profile(), same_person=True).changed
    assert combine(Profile(), denied, same_person=False).consent_changed


def test_a_merge_carries_no_grant_that_nobody_here_was_told_of() -> None:
    """Law 12: what the secondary permitted is not known of the primary."""
    granted = tell([said({"email_consent": True})])
    both = combine(Profile(), granted, same_person=False)

    assert {} == both.profile.consents
    assert {} == both.changed


def test_what_waits_for_room_is_joined_with_what_was_sent() -> None:
    """What either has at Customer.io has its place there; the rest goes on waiting."""
    sent = Profile(attributes={"name": Kept("Ana", 1), "city": Kept(None, 9)})
    waiting = Profile(
        attributes={"name": Kept("Eva", 2), "city": Kept("Rome", 2), "points": Kept(1, 2)},
        unsent=("city", "name", "points"),
    )
    joins = {
        "same, into the sent": combine(sent, waiting, same_person=True),
        "same, into the waiting": combine(waiting, sent, same_person=True),
        "other, into the sent": combine(sent, waiting, same_person=False),
        "other, into the waiting": combine(waiting, sent, same_person=False),
    }
    assert {
        "same, into the sent": ({"name": "Eva", "city": None}, ("points",)),
        "same, into the waiting": ({"name": "Eva", "city": None}, ("points",)),
        "other, into the sent": ({}, ("city", "points")),
        "other, into the waiting": ({"name": "Eva"}, ("city", "points")),
    } == {case: (join.changed, join.profile.unsent) for case, join in joins.items()}


def test_the_skew_is_five_minutes() -> None:
    """Law 12, as it is written."""
    assert 5 * MINUTE_MS == SKEW_MS


def test_nothing_to_say_is_nothing_to_send() -> None:
    """An update without attributes leaves everything as it is."""
    assert Applied(profile=Profile(), changed={}, at_ms=MINUTE_MS, consent_changed=False) == apply(
        Profile(), said({}, 1), CONTRACT
    )
