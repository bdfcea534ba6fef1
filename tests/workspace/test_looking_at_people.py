"""People by the control API: the list and its search, one person, what happened to them."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from asking import NOW, act, event, identify, merge, ulid
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from truthpoint.workspace import Request

HOSTILE = "<script>\u202e\u200f😀"


def people(local, query=""):
    status, body = local.control("GET", f"/local/people?{query}")

    assert status == 200, body
    return body


def ids(local, query=""):
    return [each["id"] for each in people(local, query)["found"]]


def person(local, name, query=""):
    return local.control("GET", f"/local/people/{quote(name, safe='')}?{query}")


def timeline(local, name, query=""):
    status, body = local.control("GET", f"/local/people/{quote(name, safe='')}/timeline?{query}")

    assert status == 200, body
    return body


def test_people_are_listed_the_newest_first(local):
    """Identifiers, when the profile was made, and when something last happened."""
    local.batch(identify("1", email="Ana@example.org"))
    local.now += 60
    local.batch(identify("guest@example.org", by="email"))
    local.batch(event("1"))

    told = people(local)

    cio_ids = [each.pop("cio_id") for each in told["found"]]
    assert told == {
        "life": local.workspace.life, "people": 2, "events": 1, "requests": 3,
        "next": None, "suppressed": [],
        "found": [
            {"id": None, "email": "guest@example.org",
             "created_at": NOW + 60, "last_activity_at": NOW + 60},
            {"id": "1", "email": "ana@example.org",
             "created_at": NOW, "last_activity_at": NOW + 60},
        ],
    }  # fmt: skip
    assert [len(each) for each in cio_ids] == [16, 16]


def test_people_are_read_page_by_page(local):
    """`before` and `limit`; `next` leads on, and is null at the end."""
    local.batch(*[identify(str(number)) for number in range(5)])

    first = people(local, "limit=2")
    second = people(local, f"limit=2&before={first['next']}")
    last = people(local, f"limit=2&before={second['next']}")

    assert [[each["id"] for each in page["found"]] for page in (first, second, last)] == [
        ["4", "3"],
        ["2", "1"],
        ["0"],
    ]
    assert last["next"] is None


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ana", ["3", "2"]),
        ("ANA", ["3", "2"]),
        (" ana ", ["3", "2"]),
        ("example.org", ["3", "2", "1"]),
        ("100%", ["100%"]),
        ("0%", ["100%"]),
        ("a_b", ["a_b"]),
        ("\\", ["c\\d"]),
        ("nobody", []),
        ("'; DROP TABLE person; --", []),
    ],
)
def test_the_search_takes_an_id_an_email_or_a_part(local, search, found):
    """Whatever its case; signs of LIKE and of SQL mean themselves."""
    local.batch(
        identify("1", email="ben@example.org"),
        identify("2", email="ana@example.org"),
        identify("3", email="joana@example.org"),
        *[identify(each) for each in ("100%", "a_b", "axb", "c\\d")],
    )

    assert ids(local, f"search={search}") == found


def test_whoever_is_named_exactly_leads(local):
    """Id 4 among hundreds that hold a 4: first, once, and not again on a later page."""
    local.batch(*[identify(str(number)) for number in range(100)])

    first = people(local, "search=4&limit=3")
    second = people(local, f"search=4&limit=30&before={first['next']}")

    assert [each["id"] for each in first["found"]] == ["4", "94", "84", "74"]
    assert "4" not in [each["id"] for each in second["found"]]
    assert second["next"] is None


def test_the_search_takes_a_cio_id(local):
    """With its prefix or without."""
    local.batch(identify("1"), identify("2"))
    cio_id = local.person("1")["identifiers"]["cio_id"]

    assert (ids(local, f"search=cio_{cio_id}"), ids(local, f"search={cio_id}")) == (["1"], ["1"])


def test_the_search_says_what_is_suppressed(local):
    """The person is gone; who looks for them learns why."""
    local.batch(identify("1", email="ana@example.org"), act("suppress", "1"))

    assert people(local, "search=1")["suppressed"] == [{"id": "1"}]
    assert people(local, "search=ANA@example.org")["suppressed"] == [{"email": "ana@example.org"}]


def test_a_person_is_told_whole(local):
    """Identifiers with their times, attributes with theirs, devices, topics, anonymous ids."""
    local.batch(identify("1", email="ana@example.org", anonymous_id="x9", timestamp=NOW - 50))
    local.now += 10
    topics = {"topics": {"topic_2": False, "topic_1": True}}
    local.batch(identify("1", plan="a", total=19.90, unsubscribed=True, timestamp=NOW + 5))
    local.batch(identify("1", cio_subscription_preferences=topics))
    device = {"id": "t", "platform": "ios", "last_used": NOW}
    local.ask("PUT", "/api/v1/customers/1/devices", {"device": device})

    told = person(local, "1")[1]["person"]

    cio_id = told["cio_id"]
    assert told == {
        "id": "1", "email": "ana@example.org", "cio_id": cio_id,
        "created_at": NOW, "last_activity_at": NOW + 10,
        "since": {"id": NOW - 50, "email": NOW - 50, "cio_id": NOW},
        "anonymous_ids": ["x9"],
        "unsubscribed": True, "topics": {"1": True, "2": False}, "suppressed": [],
        "attributes": [
            {"name": "anonymous_id", "value": "x9", "at": NOW - 50, "changed_at": NOW - 50},
            {"name": "cio_subscription_preferences", "value": topics,
             "at": NOW + 10, "changed_at": NOW + 10},
            {"name": "plan", "value": "a", "at": NOW + 5, "changed_at": NOW + 5},
            {"name": "total", "value": 19.9, "at": NOW + 5, "changed_at": NOW + 5},
            {"name": "unsubscribed", "value": True, "at": NOW + 5, "changed_at": NOW + 5},
        ],
        "devices": [{"id": "t", "platform": "ios", "last_used": NOW, "attributes": {}}],
    }  # fmt: skip


def test_a_person_is_found_by_each_identifier(local):
    """By `id_type`, or by whichever fits first; slashes and all."""
    local.batch(identify("a/b", email="ana@example.org"))
    cio_id = local.person("ana@example.org", "email")["identifiers"]["cio_id"]

    for name, query in (
        ("a/b", ""),
        ("a/b", "id_type=id"),
        ("Ana@example.org", ""),
        ("ana@example.org", "id_type=email"),
        (f"cio_{cio_id}", ""),
        (cio_id, "id_type=cio_id"),
    ):
        assert person(local, name, query)[1]["person"]["id"] == "a/b", (name, query)
    assert person(local, "ana@example.org", "id_type=id")[0] == 404
    assert person(local, "a/b", "id_type=phone")[0] == 400


def test_a_person_that_does_not_exist_is_a_404_that_says_why_if_it_can(local):
    """Suppressed, or simply unknown."""
    local.batch(identify("1"), act("suppress", "1"))

    assert person(local, "1") == (
        404,
        {"errors": ["nobody has this identifier"], "suppressed": [{"id": "1"}]},
    )
    assert person(local, "2")[1]["suppressed"] == []
    assert local.control("GET", "/local/people/2/timeline")[0] == 404


def test_the_timeline_tells_everything_that_happened_the_latest_first(local):
    """Identify, change, event with its data, refusal, merge: each with the request that did it."""
    local.batch(identify("1", plan="a"))
    local.batch(identify("2", region="EU"))
    data = {"order_id": "A-1", "total": 59.90}
    local.batch(event("1", id=ulid(1), timestamp=NOW - 60, attributes=data))
    local.batch(identify("1", plan="old", timestamp=NOW - 9))
    local.batch(identify("1", id="3"))
    local.batch(merge({"id": "1"}, {"id": "2"}))

    told = timeline(local, "1")

    assert [(each["type"], each["request"]) for each in told["found"]] == [
        ("profile_merge", 6),
        ("failed_attribute_change", 5),
        ("skipped_update", 4),
        ("event", 3),
        ("attribute_change", 2),
        ("profile_create", 2),
        ("attribute_change", 1),
        ("profile_create", 1),
    ]
    (paid,) = (each for each in told["found"] if each["type"] == "event")
    assert paid.pop("activity") > 0
    assert paid == {
        "type": "event", "name": "order_paid", "at": NOW - 60, "processed_at": NOW,
        "data": data, "data_bytes": len(b'{"order_id":"A-1","total":59.9}'),
        "event_id": ulid(1), "would_trigger": True, "request": 3, "item": 0,
    }  # fmt: skip
    assert told["found"][-2]["data"] == {"plan": {"from": None, "to": "a"}}
    assert told["found"][-2]["event_id"] is None


def test_the_timeline_is_read_page_by_page(local):
    """Nothing twice, nothing left out."""
    local.batch(identify("1"), *[event("1", f"e{number}") for number in range(6)])
    found = []
    query = "limit=3"
    while True:
        page = timeline(local, "1", query)
        found += [each["name"] or each["type"] for each in page["found"]]
        if page["next"] is None:
            break
        query = f"limit=3&before={page['next']}"

    assert found == ["e5", "e4", "e3", "e2", "e1", "e0", "profile_create"]


def test_large_data_is_left_out_of_the_timeline_and_told_by_itself(local):
    """100 kB in an event, a thousand of them: a page stays small."""
    text = "é😀" * 15_000
    local.post("1", {"name": "big", "data": {"text": text}})

    (big, _) = timeline(local, "1")["found"]

    assert (big["data"], big["data_bytes"] > 90_000) == (None, True)
    status, whole = local.control("GET", f"/local/activities/{big['activity']}")
    assert (status, whole["data"]) == (200, {"text": text})
    assert local.control("GET", "/local/activities/999")[0] == 404
    assert local.control("GET", "/local/activities/x")[0] == 404


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("limit=0", "limit must be from 1 to 200"),
        ("limit=201", "limit must be from 1 to 200"),
        ("before=0", "before must be at least 1"),
        ("before=x", "before must be a whole number"),
        (f"search={'x' * 201}", "search cannot be longer than 200 characters"),
    ],
)
def test_a_wrong_parameter_is_refused(local, query, says):
    """400: what is wrong and what is allowed."""
    assert local.control("GET", f"/local/people?{query}") == (400, {"errors": [says]})


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_whoever_was_identified_is_always_found(local, text):
    """Any id that a person may have leads to them: by its address, and by the search."""
    local.batch(identify(text))

    assert person(local, text, "id_type=id")[1]["person"]["id"] == text
    found = local.workspace.handle(_search(text))
    assert found.status == 200
    if text.strip() == text:
        assert any(each["id"] == text for each in _json(found)["found"])


def _search(text):
    return Request(method="GET", path="/local/people", query={"search": text})


def _json(reply):
    return json.loads(reply.body)


def test_hostile_values_come_back_as_they_were(local):
    """Markup, signs that turn writing around, emoji: JSON carries them unchanged."""
    local.batch(identify(HOSTILE, **{HOSTILE: HOSTILE}), event(HOSTILE, HOSTILE))

    told = person(local, HOSTILE)[1]["person"]

    assert (told["id"], told["attributes"][0]["value"]) == (HOSTILE, HOSTILE)
    assert timeline(local, HOSTILE)["found"][0]["name"] == HOSTILE
