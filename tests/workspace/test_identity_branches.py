"""What the delivery of identity relies on, asked by plain v2 requests, branch by branch.

A guest is known to Customer.io by an email until an id is learned; then one identify, which
carries both, gives the id to the profile. What it meets there is one of three branches (2.3,
7.3). Laws 3, 18 and 20 stand on what these tests show.
"""

from __future__ import annotations

import pytest
from asking import DAY, NOW, act, event, identify, merge, ulid

ANA = "ana@example.org"


def _cio_id(local, identifier, by="id"):
    return local.person(identifier, by)["identifiers"]["cio_id"]


def _names(local, identifier, by="id"):
    """Names of a person's events, the oldest first."""
    status, body = local.app(
        f"/v1/customers/{identifier}/activities?id_type={by}&type=event&limit=100"
    )

    assert 200 == status
    return [one["name"] for one in reversed(body["activities"])]


def _people(local):
    return local.control("GET", "/local/log")[1]["people"]


def _all(local):
    """Everybody's profile, as a reader sees it."""
    whom = [("1", "id"), ("42", "id"), (ANA, "email"), ("new@example.org", "email")]
    return [local.person(*one) for one in whom]


def _only(local, type_name):
    (one,) = local.activities(type_name)
    return one


class TestTheIdIsNew:
    """The email is a guest's, and nobody has the id."""

    def test_the_guests_own_profile_receives_the_id(self, local):
        """The same `cio_id`, attributes and history; no second profile, no merge."""
        local.batch(identify(ANA, by="email", city="Graz"), event(ANA, "order_paid", by="email"))
        guest = _cio_id(local, ANA, "email")

        assert (200, {}) == local.batch(identify("42", email=ANA, plan="a"))

        person = local.person("42")
        assert {"id": "42", "email": ANA, "cio_id": guest} == person["identifiers"]
        assert {"city": "Graz", "plan": "a"} == local.attributes("42")
        assert (1, ["order_paid"]) == (_people(local), _names(local, "42"))
        assert [] == local.activities("profile_merge")

    def test_an_older_time_of_the_identify_does_not_keep_the_id_away(self, local):
        """An id that nobody had is newer than nothing; only older attributes stay behind."""
        local.batch(identify(ANA, by="email", timestamp=NOW, city="Graz"))

        local.batch(identify("42", email=ANA, timestamp=NOW - DAY, city="Linz"))

        assert ANA == local.person("42")["identifiers"]["email"]
        assert {"city": "Graz"} == local.attributes("42")

    def test_events_by_either_identifier_then_reach_the_one_profile(self, local):
        """What is still on its way under the email is not lost and splits nobody."""
        local.batch(identify(ANA, by="email"), identify("42", email=ANA))
        local.batch(event(ANA, "late", by="email"), event("42", "next"))

        assert (1, ["late", "next"]) == (_people(local), _names(local, "42"))

    def test_the_same_identify_again_changes_nothing(self, local):
        """A lost answer is sent again (law 5)."""
        local.batch(identify(ANA, by="email"), identify("42", email=ANA))
        before = _all(local)

        assert (200, {}) == local.batch(identify("42", email=ANA))
        assert before == _all(local)
        assert [] == local.activities("failed_attribute_change")


_BOTH_AGES = pytest.mark.parametrize("guest_first", [True, False])


def _two_halves(local, *, guest_first):
    """A profile under the id alone and another under the email alone, each with an event."""
    guest = [
        identify(ANA, by="email", city="Graz", size="M"),
        event(ANA, "checkout_started", by="email", id=ulid(1), timestamp=NOW - 20),
    ]
    known = [
        identify("42", city="Linz", plan="a"),
        event("42", "order_paid", id=ulid(2), timestamp=NOW - 10),
    ]
    for items in (guest, known) if guest_first else (known, guest):
        local.batch(*items)


class TestTheIdExistsWithoutAnEmail:
    """Two profiles with one identifier each: Customer.io joins them by itself (7.3)."""

    @_BOTH_AGES
    def test_one_profile_is_left_with_the_events_of_both(self, local, guest_first):
        """The older is primary: its attributes win, what it lacks comes over, nothing is lost."""
        _two_halves(local, guest_first=guest_first)
        older = _cio_id(local, ANA, "email") if guest_first else _cio_id(local, "42")

        assert (200, {}) == local.batch(identify("42", email=ANA))

        assert 1 == _people(local)
        identifiers = {"id": "42", "email": ANA, "cio_id": older}
        assert identifiers == local.person("42")["identifiers"]
        assert local.person("42") == local.person(ANA, "email")
        city = "Graz" if guest_first else "Linz"
        assert {"city": city, "plan": "a", "size": "M"} == local.attributes("42")
        assert {"checkout_started", "order_paid"} == set(_names(local, "42"))
        assert identifiers == _only(local, "profile_merge")["customer_identifiers"]

    @_BOTH_AGES
    def test_the_identifys_own_attributes_are_written_to_the_one_profile(self, local, guest_first):
        """One request joins and updates."""
        _two_halves(local, guest_first=guest_first)

        local.batch(identify("42", email=ANA, city="Wien"))

        assert {"city": "Wien", "plan": "a", "size": "M"} == local.attributes("42")

    @_BOTH_AGES
    def test_an_event_that_was_taken_before_is_a_repeat_after(self, local, guest_first):
        """Law 5: joining does not make a moment new."""
        _two_halves(local, guest_first=guest_first)
        local.batch(identify("42", email=ANA))

        local.batch(event("42", "checkout_started", id=ulid(1)), event("42", id=ulid(2)))

        assert ["duplicate"] * 2 == local.effects()[-2:]
        assert 2 == len(_names(local, "42"))

    @_BOTH_AGES
    def test_an_email_once_removed_comes_back_by_an_older_identify_that_joins(
        self, local, guest_first
    ):
        """A join gives both identifiers or does not happen: an email is never nobody's."""
        first = [identify(ANA, by="email")]
        second = [
            identify("42", email="old@example.org", timestamp=NOW - 60),
            identify("42", email=None, timestamp=NOW),
        ]
        for items in (first, second) if guest_first else (second, first):
            local.batch(*items)

        local.batch(identify("42", email=ANA, timestamp=NOW - 30))

        assert ANA == local.person("42")["identifiers"]["email"]
        assert 1 == _people(local)

    @_BOTH_AGES
    def test_a_join_that_would_be_over_the_limit_of_attributes_leaves_both(
        self, local, guest_first
    ):
        """What is refused changes nothing: both profiles stay whole."""
        _two_halves(local, guest_first=guest_first)
        local.batch(identify(ANA, by="email", **{f"a{n}": n for n in range(290)}))
        local.batch(identify("42", **{f"b{n}": n for n in range(290)}))
        before = _all(local)

        local.batch(identify("42", email=ANA, one_more=1))

        assert before == _all(local)
        assert 2 == _people(local)
        assert [] == local.activities("profile_merge")
        assert "failed_attribute_change" == local.activities()[0]["type"]

    def test_where_the_workspace_does_not_merge_both_stay(self, local_with):
        """The setting can be off: answered 200, a failed change, nothing written."""
        local = local_with(auto_merge="off")
        _two_halves(local, guest_first=True)
        before = _all(local)

        assert (200, {}) == local.batch(identify("42", email=ANA, plan="b"))

        assert before == _all(local)
        assert (2, ["ignored"]) == (_people(local), local.effects()[-1:])
        failed = _only(local, "failed_attribute_change")
        assert "42" == failed["customer_id"]
        assert [] == local.activities("profile_merge")
        assert ["order_paid"] == _names(local, "42")


class TestTheIdHasAnotherEmail:
    """Nothing joins: the answer is 200 all the same, so nothing must be sent."""

    @pytest.mark.parametrize("guest", [[identify(ANA, by="email", city="Graz")], []])
    def test_nothing_changes_and_only_an_activity_tells(self, local, guest):
        """Whether the email is a guest's or nobody's."""
        local.batch(identify("42", email="new@example.org", plan="a"), *guest)
        before = _all(local)

        assert (200, {}) == local.batch(identify("42", email=ANA, plan="b"))

        assert before == _all(local)
        assert ["ignored"] == local.effects()[-1:]
        failed = _only(local, "failed_attribute_change")
        assert "42" == failed["customer_id"]
        assert ANA not in str(failed["data"])

    def test_an_email_that_another_id_has_is_not_taken(self, local):
        """Two people of the shop: neither changes."""
        local.batch(identify("1", email=ANA), identify("42", plan="a"))
        before = _all(local)

        local.batch(identify("42", email=ANA, plan="b"))

        assert before == _all(local)
        assert "42" == _only(local, "failed_attribute_change")["customer_id"]

    def test_a_new_id_with_an_email_that_another_id_has_takes_that_profile_away(self, local_with):
        """2.3, unsettled: renamed by one reading, refused by the other; so nobody sends it."""
        found = {}
        for value in ("rename", "refuse"):
            local = local_with(new_id_with_known_email=value)
            local.batch(identify("1", email=ANA), identify("42", email=ANA))
            found[value] = [local.person(one) is not None for one in ("1", "42")]

        assert {"rename": [False, True], "refuse": [True, False]} == found


def _anonymous(name="viewed", anonymous_id="anon", **more):
    return event(anonymous_id, name, by="anonymous_id", **more)


class TestAnonymousEvents:
    """Kept under an `anonymous_id` until an identify names it (5)."""

    def test_they_make_no_profile_and_start_nothing(self, local):
        """Until then they are nobody's."""
        local.batch(_anonymous(id=ulid(1)))

        assert (0, ["applied"]) == (_people(local), local.effects())
        assert [False] == [item["would_trigger"] for item in local.items()]
        assert [] == local.activities()

    @pytest.mark.parametrize("known_before", [True, False])
    def test_an_identify_with_the_attribute_moves_them(self, local, known_before):
        """With their own times; those of the last 72 hours can start campaigns then."""
        if known_before:
            local.batch(identify("42"))
        local.batch(_anonymous("old", timestamp=NOW - 4 * DAY), _anonymous("young"))
        local.batch(_anonymous("anothers", anonymous_id="other"))

        local.batch(identify("42", anonymous_id="anon"))

        assert ["old", "young"] == _names(local, "42")
        told = _only(local, "anon_merge")["data"]
        assert {"anonymous_id": "anon", "events": 2, "would_trigger": 1} == told

    def test_they_move_to_a_guest_and_on_with_the_guest(self, local):
        """From a phone without a name, to an email, to an id: one profile in the end."""
        local.batch(_anonymous("viewed"))
        local.batch(identify(ANA, by="email", anonymous_id="anon"))
        local.batch(event(ANA, "order_paid", by="email"), identify("42", email=ANA))

        assert (1, ["viewed", "order_paid"]) == (_people(local), _names(local, "42"))

    def test_they_outlive_a_merge_and_so_does_the_grace(self, local):
        """What the secondary's anonymous id brings within five minutes is the primary's."""
        local.batch(identify("1"), identify("42", anonymous_id="anon"))
        local.batch(merge({"id": "1"}, {"id": "42"}), _anonymous())

        assert ["viewed"] == _names(local, "1")

    @pytest.mark.parametrize(("seconds", "names"), [(300, ["viewed"]), (301, [])])
    def test_those_of_the_next_five_minutes_move_too(self, local, seconds, names):
        """By the clock that can be set; later ones need another identify."""
        local.control("PUT", "/local/clock", {"at": NOW})
        local.batch(identify("42", anonymous_id="anon"))
        local.control("PUT", "/local/clock", {"advance_seconds": seconds})
        local.batch(_anonymous())

        assert names == _names(local, "42")

    def test_later_ones_move_by_another_anonymous_id_and_by_the_same_one_perhaps(self, local_with):
        """5: the pages contradict each other about the same one; another always does."""
        found = {}
        for value in ("new", "same"):
            local = local_with(anonymous_again=value)
            local.batch(identify("42", anonymous_id="anon"))
            local.now += 301
            local.batch(_anonymous("late"), _anonymous("other", anonymous_id="second"))
            local.batch(identify("42", anonymous_id="second"))
            local.batch(identify("42", anonymous_id="anon"))
            found[value] = _names(local, "42")

        assert {"new": ["other"], "same": ["other", "late"]} == found

    @pytest.mark.parametrize(("days", "names"), [(30, ["viewed"]), (30.001, [])])
    def test_after_thirty_days_they_are_gone(self, local, days, names):
        """By the clock that can be set; from their arrival, not from their own time."""
        local.control("PUT", "/local/clock", {"at": NOW})
        local.batch(_anonymous(timestamp=NOW - 60 * DAY))
        local.control("PUT", "/local/clock", {"advance_seconds": days * DAY})
        local.batch(identify("42", anonymous_id="anon"))

        assert names == _names(local, "42")

    def test_where_the_workspace_does_not_merge_them_they_stay_nobodys(self, local_with):
        """The setting can be off."""
        local = local_with(anonymous_merge="off")
        local.batch(_anonymous(), identify("42", anonymous_id="anon"), _anonymous())

        assert [] == _names(local, "42")


class TestMerge:
    """Two ids of one person, joined on purpose (2.8, 7.2)."""

    @pytest.fixture
    def merged(self, local):
        """42 took over 7, who had an email."""
        local.batch(
            identify("42", plan="a"),
            event("42", "order_paid", timestamp=NOW - 5),
            identify("7", email=ANA, plan="b", size="M"),
            event("7", "checkout_started", timestamp=NOW - 10),
        )
        assert (200, {}) == local.batch(merge({"id": "42"}, {"id": "7"}))
        return local

    def test_the_primary_is_left_with_the_events_of_both(self, merged):
        """Its own attributes win; the secondary is gone by id and by email."""
        assert (1, {"plan": "a", "size": "M"}) == (_people(merged), merged.attributes("42"))
        assert {"order_paid", "checkout_started"} == set(_names(merged, "42"))
        assert [None, None] == [merged.person("7"), merged.person(ANA, "email")]
        assert None is merged.person("42")["identifiers"]["email"]

    @pytest.mark.parametrize(("identifier", "by"), [("7", "id"), (ANA, "email")])
    def test_an_event_under_the_secondarys_identifiers_makes_a_ghost(self, merged, identifier, by):
        """Why nothing is sent under them again (law 3): a second profile, bare."""
        merged.batch(event(identifier, "late", by=by))

        assert (2, {}) == (_people(merged), merged.attributes(identifier, by))
        assert (["late"], False) == (_names(merged, identifier, by), "late" in _names(merged, "42"))

    def test_the_primary_can_be_given_the_secondarys_email(self, merged):
        """It is free again; the next identify of the primary may carry it."""
        merged.batch(identify("42", email=ANA))

        assert "42" == merged.person(ANA, "email")["id"]
        assert 1 == _people(merged)

    def test_the_same_merge_again_does_nothing(self, merged):
        """A lost answer is sent again: the secondary is unknown by then."""
        before = _all(merged)

        assert (200, {}) == merged.batch(merge({"id": "42"}, {"id": "7"}))
        assert before == _all(merged)
        assert ("ignored", "secondary") == (
            merged.items()[-1]["effect"],
            merged.items()[-1]["field"],
        )

    def test_before_the_primarys_identify_has_taken_effect_it_does_nothing(self, local_with):
        """2.8: answered 200; why a merge waits after the identify, and is read back (law 18)."""
        local = local_with(apply_delay_seconds=2)
        local.batch(identify("7"))
        local.now += 2
        local.batch(merge({"id": "42"}, {"id": "7"}))
        local.now += 1
        local.batch(identify("42"))
        local.now += 10

        assert [True, True] == [local.person(one) is not None for one in ("42", "7")]
        assert [] == local.activities("profile_merge")


class TestErasure:
    """What suppressing and deleting leave, and what comes after (8.1, law 20)."""

    def test_who_is_suppressed_is_gone_and_no_write_brings_them_back(self, local):
        """404 by id and by email; every later write answers 200 and is ignored."""
        local.batch(identify("42", email=ANA, anonymous_id="anon"), event("42", id=ulid(1)))

        assert (200, {}) == local.batch(act("suppress", "42"))
        local.batch(
            identify("42", plan="a"),
            identify(ANA, by="email"),
            identify("1", email=ANA),
            event("42", id=ulid(2)),
            event(ANA, by="email"),
            merge({"id": "42"}, {"id": "7"}),
        )

        assert {"ignored"} == set(local.effects()[3:])
        assert 404 == local.app("/v1/customers/42/attributes?id_type=id")[0]
        assert 404 == local.app(f"/v1/customers/{ANA}/attributes?id_type=email")[0]
        assert (200, {"results": []}) == local.app(f"/v1/customers?email={ANA}")
        assert 0 == _people(local)

    def test_who_is_deleted_is_gone_until_the_next_write(self, local):
        """404; then an event or an identify makes them anew, without anything of before."""
        local.batch(identify("42", email=ANA, plan="a"), event("42", id=ulid(1)))
        before = _cio_id(local, "42")

        assert (200, {}) == local.batch(act("delete", "42"))
        assert 404 == local.app("/v1/customers/42/attributes?id_type=id")[0]
        assert 404 == local.app(f"/v1/customers/{ANA}/attributes?id_type=email")[0]

        local.batch(event("42", "late", id=ulid(2)))
        assert before != _cio_id(local, "42")
        assert ({}, ["late"]) == (local.attributes("42"), _names(local, "42"))
        assert None is local.person("42")["identifiers"]["email"]

    def test_who_is_readmitted_starts_without_history(self, local):
        """Unsuppress frees the identifiers, and gives nothing back."""
        local.batch(identify("42", email=ANA, plan="a"), event("42", "before"))
        local.batch(act("suppress", "42"), act("unsuppress", "42"))
        local.batch(identify("42", email=ANA), event("42", "after"))

        assert ({}, ["after"]) == (local.attributes("42"), _names(local, "42"))
