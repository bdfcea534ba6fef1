"""Events of nobody yet: kept, claimed by an identify, expired, or an invitation."""

from __future__ import annotations

import pytest
from asking import DAY, NOW, event, identify, ulid


def _by_v1(local, name="viewed", **more):
    return local.v1("POST", "/events", {"anonymous_id": "anon", "name": name, **more})


def _by_v2(local, name="viewed", **more):
    return local.batch(event("anon", name, by="anonymous_id", **more))


versions = pytest.mark.parametrize("send", [_by_v1, _by_v2])


def _of(local, person="1"):
    told = local.app(f"/v1/customers/{person}/activities?limit=100")[1].get("activities", [])
    return [(one["type"], one["timestamp"]) for one in told if one["type"] in ("event", "page")]


@versions
def test_an_identify_with_the_anonymous_id_claims_the_events(local, send):
    """5: with their own times; `anon_merge` tells how many, and how many are young enough."""
    send(local, timestamp=NOW - 10)
    send(local, timestamp=NOW - 4 * DAY)

    assert [False] * 2 == [item["would_trigger"] for item in local.items()]
    local.put("1", {"anonymous_id": "anon"})
    assert [("event", NOW - 4 * DAY), ("event", NOW - 10)] == _of(local)
    (merged,) = local.activities("anon_merge")
    assert {"anonymous_id": "anon", "events": 2, "would_trigger": 1} == merged["data"]
    assert {"anonymous_id": "anon"} == local.attributes("1")


@versions
@pytest.mark.parametrize(("late_seconds", "count"), [(300, 1), (301, 0)])
def test_five_minutes_after_the_identify_events_still_count(local, send, late_seconds, count):
    """5: inclusive; later ones wait for another identify."""
    local.put("1", {"anonymous_id": "anon"})
    local.now += late_seconds
    send(local)

    assert count == len(_of(local))


@versions
@pytest.mark.parametrize(("days", "count"), [(30, 1), (30.001, 0)])
def test_an_event_that_nobody_claims_is_gone_after_thirty_days(local, send, days, count):
    """5: from its arrival, whatever its own time."""
    send(local, timestamp=NOW - 60 * DAY)
    local.now += days * DAY
    local.put("1", {"anonymous_id": "anon"})

    assert count == len(_of(local))


@versions
def test_an_anonymous_event_is_deduplicated_like_others(local, send):
    """4: by its id, also when it comes again under a person."""
    send(local, id=ulid(1))
    send(local, id=ulid(1))
    local.batch(event("1", id=ulid(1)))

    assert ["applied", "duplicate", "duplicate"] == local.effects()


def test_pages_and_screens_are_claimed_as_such(local):
    """5: event, page and screen."""
    _by_v1(local, "/a", type="page")
    local.put("1", {"anonymous_id": "anon"})

    assert [("page", NOW)] == _of(local)


@pytest.mark.parametrize("method", ["put", "batch"])
def test_an_anonymous_id_is_one_persons(local, method):
    """2.3: not used again by another; the whole update fails, and the events stay unclaimed."""
    local.put("1", {"anonymous_id": "anon"})
    local.now += 1000
    _by_v1(local)
    if method == "put":
        local.put("2", {"anonymous_id": "anon", "plan": "a"})
    else:
        local.batch(identify("2", anonymous_id="anon", plan="a"))

    assert None is local.person("2")
    (failed,) = local.activities("failed_attribute_change")
    assert "anonymous_id belongs to another person" == failed["data"]["reason"]


def test_an_event_for_a_recipient_alone_is_an_invitation(local):
    """2.5: it can start a campaign, and makes no profile."""
    told = {"name": "invited", "data": {"recipient": "ana@example.org"}}

    assert (200, {}) == local.v1("POST", "/events", told)
    assert ("applied", True) == (local.items()[0]["effect"], local.items()[0]["would_trigger"])
    assert ["event"] == [one["type"] for one in local.activities()]
    assert 0 == local.control("GET", "/local/log")[1]["people"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"[]", "JSON object"),
        ({"anonymous_id": "a"}, "name"),
        ({"anonymous_id": ["a"], "name": "n"}, "anonymous_id"),
        ({"anonymous_id": "a", "name": "n", "id": "no"}, "ULID"),
        ({"anonymous_id": "a", "name": "n", "data": 1}, "data"),
    ],
)
def test_what_is_wrong_with_an_anonymous_event_is_said(local, body, says):
    """v1: 400 with texts."""
    status, told = local.v1("POST", "/events", body)

    assert 400 == status
    assert says in told["meta"]["errors"][0]


def test_only_events_are_anonymous(local):
    """3.1: an identify of v2 by `anonymous_id` is not documented, and refused."""
    status, body = local.batch(identify("anon", by="anonymous_id"))

    assert (207, "unsupported") == (status, body["errors"][0]["reason"])


def test_a_deleted_person_frees_the_anonymous_id(local):
    """Nothing remembers whose it was."""
    local.put("1", {"anonymous_id": "anon"})
    local.v1("DELETE", "/customers/1")
    _by_v1(local)
    local.put("2", {"anonymous_id": "anon"})

    assert [("event", NOW)] == _of(local, "2")
