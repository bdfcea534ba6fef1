"""What ends a profile: delete, suppress, merge; by v1 and by v2, with what stays."""

from __future__ import annotations

import pytest
from asking import DAY, NOW, act, event, identify, merge, ulid

ANA = "ana@example.org"


def _by_v1(local, action, person="1"):
    method, tail = ("DELETE", "") if action == "delete" else ("POST", f"/{action}")
    return local.v1(method, f"/customers/{person}{tail}")


def _by_v2(local, action, person="1"):
    return local.batch(act(action, person, by="email" if "@" in person else "id"))


both = pytest.mark.parametrize("say", [_by_v1, _by_v2])


@both
def test_a_deleted_person_is_gone_with_everything(local, say):
    """8.1: 404, no activities of theirs but the deletion; the identifiers are free."""
    local.batch(identify("1", email=ANA, plan="a"), event("1", id=ulid(1)))

    assert (200, {}) == say(local, "delete")
    assert [None, None] == [local.person("1"), local.person(ANA, "email")]
    assert ["profile_delete"] == [one["type"] for one in local.activities()]
    assert 0 == local.control("GET", "/local/log")[1]["people"]


@both
def test_a_write_after_a_deletion_creates_the_person_again(local, say):
    """The trap of 17.3: another `cio_id`, nothing of before."""
    local.batch(identify("1", plan="a"))
    before = local.person("1")["identifiers"]["cio_id"]
    say(local, "delete")
    local.batch(event("1", id=ulid(1)))

    assert {} == local.attributes("1")
    assert before != local.person("1")["identifiers"]["cio_id"]


@both
@pytest.mark.parametrize("action", ["delete", "unsuppress"])
def test_what_is_not_there_is_answered_like_a_success(local, say, action):
    """8.1, recorded: 200 and nothing happens."""
    assert (200, {}) == say(local, action, "nobody")
    assert ["ignored"] == local.effects()


@both
def test_a_suppressed_person_is_gone_and_stays_away(local, say):
    """8.1: every later write by either identifier is ignored with 200, and leaves nothing."""
    local.batch(identify("1", email=ANA))

    assert (200, {}) == say(local, "suppress")
    told = [
        local.batch(identify("1", plan="b"), event("1"), act("delete"), event(ANA, by="email")),
        local.put("1", {"plan": "b"}),
        local.put("2", {"email": ANA.upper()}),
        local.post("ana%40example.org", {"name": "order_paid"}),
        local.v1("POST", "/events", {"name": "invited", "data": {"recipient": ANA}}),
        local.v1("PUT", "/customers/1/devices", {"device": {"id": "t", "platform": "ios"}}),
    ]
    assert {(200, "{}")} == {(status, str(body)) for status, body in told}
    assert {"ignored"} == set(local.effects()[2:])
    assert {"suppressed"} == {item["reason"] for item in local.items()[2:]}
    assert [None] * 3 == [local.person("1"), local.person("2"), local.person(ANA, "email")]


def test_what_happened_to_somebody_suppressed_names_nobody(local):
    """8.1: forgotten, not only removed."""
    local.batch(identify("1", email=ANA), event("1"))
    _by_v2(local, "suppress")

    (activity,) = local.activities()
    assert ("profile_delete", {"forgotten": True}) == (activity["type"], activity["data"])
    assert {"id": None, "email": None, "cio_id": None} == activity["customer_identifiers"]


@both
def test_unsuppress_frees_the_identifiers_and_brings_nothing_back(local, say):
    """8.1: a new profile, without history."""
    local.batch(identify("1", email=ANA, plan="a"))
    say(local, "suppress", ANA)
    say(local, "unsuppress")
    local.batch(identify("1", email=ANA))

    assert {} == local.attributes("1")
    assert ANA == local.person("1")["identifiers"]["email"]


def test_an_identifier_can_be_blocked_before_anybody_has_it(local):
    """8.1."""
    _by_v1(local, "suppress", "later")
    local.put("later", {})

    assert None is local.person("later")


def test_a_reset_forgets_what_is_suppressed(local):
    """It is state like any other."""
    _by_v1(local, "suppress")
    local.put("1", {})
    assert None is local.person("1")
    local.control("POST", "/local/reset")
    local.put("1", {})

    assert local.person("1") is not None


def _merge_by_v1(local, primary, secondary):
    return local.v1("POST", "/merge_customers", {"primary": primary, "secondary": secondary})


def _merge_by_v2(local, primary, secondary):
    return local.batch(merge(primary, secondary))


merging = pytest.mark.parametrize("join", [_merge_by_v1, _merge_by_v2])


@merging
def test_a_merge_moves_what_the_primary_has_not(local, join):
    """7.2: attributes missing or empty move with their times, history moves, secondary is gone."""
    local.batch(identify("1", plan="a", city=None), identify("2", plan="b", city="x", x=1))
    local.batch(event("2", "order_paid", id=ulid(1), timestamp=NOW - DAY))

    assert (200, {}) == join(local, {"id": "1"}, {"id": "2"})
    assert {"plan": "a", "city": "x", "x": "1"} == local.attributes("1")
    assert None is local.person("2")
    told = local.app("/v1/customers/1/activities?type=event")[1]["activities"]
    assert [("order_paid", NOW - DAY, "1")] == [
        (one["name"], one["timestamp"], one["customer_id"]) for one in told
    ]
    (merged,) = local.activities("profile_merge")
    assert {"attributes": ["city", "x"]}.items() <= merged["data"].items()
    assert 1 == local.control("GET", "/local/log")[1]["people"]


@merging
def test_the_secondarys_identifiers_are_free_again(local, join):
    """7.2: they are not inherited, and may be used anew."""
    local.batch(identify("1"), identify(ANA, by="email"))
    join(local, {"id": "1"}, {"email": ANA})

    assert None is local.person("1")["identifiers"]["email"]
    local.batch(identify("3", email=ANA))
    assert "3" == local.person(ANA, "email")["id"]


@merging
@pytest.mark.parametrize(
    ("primary", "secondary", "field"),
    [("nobody", "1", "primary"), ("1", "nobody", "secondary"), ("1", "1", "secondary")],
)
def test_a_merge_without_both_does_nothing(local, join, primary, secondary, field):
    """2.8: answered 200; the log says which is missing."""
    local.batch(identify("1", plan="a"))

    assert (200, {}) == join(local, {"id": primary}, {"id": secondary})
    assert ("ignored", field) == (local.items()[-1]["effect"], local.items()[-1]["field"])
    assert {"plan": "a"} == local.attributes("1")


@pytest.mark.parametrize(
    ("side", "says"),
    [
        (None, "field is required"),
        ({}, "exactly one identifier is required"),
        ({"id": "1", "email": ANA}, "exactly one identifier is required"),
        ({"id": True}, "must be a string or a number"),
        ({"id": ""}, "must not be empty"),
        ({"phone": "+1"}, "does not support phone"),
    ],
)
def test_a_merge_needs_exactly_one_identifier_on_each_side(local, side, says):
    """2.8, 1.4: v1 answers `meta.error` with one text, v2 the error of the item."""
    status, body = _merge_by_v1(local, {"id": "1"}, side)
    assert (400, ["error"]) == (status, list(body["meta"]))
    assert says in body["meta"]["error"]
    status, body = _merge_by_v2(local, side, {"id": "1"})
    assert 207 == status
    assert says in body["errors"][0]["message"]
    assert body["errors"][0]["field"].startswith("primary")


def test_an_identify_that_names_two_halves_makes_them_one(local):
    """7.3: the older profile is primary, takes the other's identifier and what it lacks."""
    local.batch(identify(ANA, by="email", plan="a"), identify("1", plan="b", x=1), event("1"))
    older = local.person(ANA, "email")["identifiers"]["cio_id"]
    local.put("1", {"email": ANA})

    person = local.person("1")
    assert {"id": "1", "email": ANA, "cio_id": older} == person["identifiers"]
    assert {"plan": "a", "x": "1"} == local.attributes("1")
    assert ["applied"] == local.effects()[-1:]
    assert 1 == len(local.activities("profile_merge"))
    assert 1 == len(local.app("/v1/customers/1/activities?type=event")[1]["activities"])


@pytest.mark.parametrize("halves", [({"email": "x@example.org"}, {}), ({}, {"id": "9"})])
def test_two_whole_profiles_are_not_merged_by_an_identify(local, halves):
    """7.3: each must have one identifier only; else it is a failed change."""
    first, second = halves
    local.batch(identify("1", **first), identify(ANA, by="email", **second))
    local.put("1", {"email": ANA, "plan": "a"})

    assert {} == local.attributes("1")
    assert 1 == len(local.activities("failed_attribute_change"))


def test_a_deletion_takes_what_its_own_request_left_too(local):
    """One batch: identify, delete, identify; nothing of before is left."""
    local.batch(identify("1", plan="a"), act("delete"), identify("1", x=1))

    assert {"x": "1"} == local.attributes("1")
    assert ["attribute_change", "profile_create", "profile_delete"] == [
        one["type"] for one in local.activities()
    ]
