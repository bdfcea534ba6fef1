"""The Track API as documented: identify and event by v1 and v2, region, answers, dedupe, times."""

from __future__ import annotations

import base64

import pytest
from asking import BASIC, BEARER, DAY, NOW, event, identify, ulid


def test_a_batch_that_is_fine_answers_200_and_an_empty_object_and_newline(local):
    """1.5: `{}` and a newline, JSON, never cached; nothing tells what was created."""
    reply = local.ask("POST", "/api/v2/batch", {"batch": [identify("1"), event("1")]})

    assert (200, b"{}\n") == (reply.status, reply.body)
    assert "application/json; charset=utf-8" == reply.headers["Content-Type"]
    assert ["applied", "applied"] == local.effects()


def test_items_of_a_batch_take_effect_in_their_order(local):
    """An identify and an event of a new person in one batch: one profile, no bare one."""
    local.batch(identify("1", plan="a"), event("1"), identify("1", plan="b"))

    assert {"plan": "b"} == local.attributes("1")
    assert 1 == len(local.activities("profile_create"))


def test_an_entity_is_one_item(local):
    """3: the same item without the batch around it."""
    assert (200, {}) == local.entity(identify("1", plan="a"))
    assert {"plan": "a"} == local.attributes("1")


def test_a_refused_entity_is_a_400_without_index(local):
    """1.4: `{"errors": [{reason, field, message}]}`."""
    expected = {"errors": [{"reason": "required", "field": "name", "message": "field is required"}]}

    assert (400, expected) == local.entity(event("1", name=None))


def test_a_v1_identify_and_event_take_effect(local):
    """2.3, 2.4: attributes flat in the body; the event's data under `data`."""
    local.put("7", {"email": "Ana@example.org", "plan": "monthly", "total": 23.50})
    status, body = local.post("7", {"name": " order_paid ", "data": {"order_id": "A-1"}})

    assert (200, {}) == (status, body)
    assert {"plan": "monthly", "total": "23.5"} == local.attributes("7")
    assert {"id": "7", "email": "ana@example.org"}.items() <= local.person("7")[
        "identifiers"
    ].items()
    (seen,) = local.activities("event")
    assert ("order_paid", {"order_id": "A-1"}) == (seen["name"], seen["data"])


@pytest.mark.parametrize(
    ("sent", "kept"), [("page", "page"), ("screen", "screen"), ("other", "event"), (None, "event")]
)
def test_the_type_of_a_v1_event_is_page_screen_or_event(local, sent, kept):
    """2.4: anything that is neither page nor screen is an event."""
    local.post("7", {"name": "https://shop.example/cart", "type": sent})

    assert [kept] == [
        each["type"] for each in local.activities() if each["type"] != "profile_create"
    ]


@pytest.mark.parametrize(
    ("path", "by", "value"),
    [
        ("ana%40example.org", "email", "ana@example.org"),
        ("ANA@Example.org", "email", "ana@example.org"),
        ("a%2Fb%20%25", "id", "a/b %"),
        ("%2B15551234567", "id", "+15551234567"),
        ("Ab", "id", "Ab"),
    ],
)
def test_the_kind_of_a_path_identifier_is_guessed_from_its_shape(local, path, by, value):
    """2.2: an email looks like one; a phone number becomes an id; ids keep their case."""
    local.put(path, {})

    (logged,) = local.items()
    assert {by: value} == logged["identifiers"]
    assert 1 == local.control("GET", "/local/log")[1]["people"]


def test_a_path_that_is_not_utf_8_is_a_400(local):
    """2.2: the identifier is percent-encoded UTF-8."""
    assert 400 == local.put("%ff", {})[0]


def test_the_region_answers_the_life_of_the_workspace(local):
    """1.2: the workspace id is the life, so that a store notices a reset."""
    reply = local.ask("GET", "/api/v1/accounts/region")

    expected = (
        f'{{"url":"http://127.0.0.1:8710","region":"us","environment_id":{local.workspace.life}}}\n'
    )
    assert (200, expected) == (reply.status, reply.body.decode())
    assert 0 < local.workspace.life < 2**31


def test_an_event_id_counts_once_for_good(local):
    """4: by whatever path, whatever else it says, whenever: 200, and no effect."""
    local.batch(event("1", id=ulid(5)), event("1", id=ulid(5), name="other"))
    local.now += 400 * DAY

    assert (200, {}) == local.post("2", {"name": "order_paid", "id": ulid(5).lower()})
    assert ["applied", "duplicate", "duplicate"] == local.effects()
    assert (1, 1) == (
        len(local.activities("event")),
        local.control("GET", "/local/log")[1]["events"],
    )
    assert None is local.person("2")


def test_events_without_id_are_two_events(local):
    """4: the same name, time and data twice are two moments."""
    local.batch(event("1", timestamp=NOW), event("1", timestamp=NOW))

    assert 2 == len(local.activities("event"))


@pytest.mark.parametrize(
    "sent", [NOW * 1000, str(NOW), True, NOW + 0.5, "2026-01-01T00:00:00Z", [], -1, 100_000_000_000]
)
def test_a_time_that_is_none_silently_becomes_now(local, sent):
    """2.13, the trap: 200, and the event happens now, young enough to start campaigns."""
    local.now = NOW + 7.25

    assert (200, {}) == local.batch(identify("1", timestamp=sent), event("1", timestamp=sent))
    for item in local.items():
        assert (NOW + 7, True) == (item["timestamp"], item["timestamp_replaced"])
    assert True is local.items()[1]["would_trigger"]


def test_a_time_that_is_one_counts(local):
    """2.13: whole unix seconds; without one, the time of receipt."""
    local.batch(event("1", timestamp=NOW - 3 * DAY), event("1", timestamp=0), event("1"))

    expected = [(NOW - 3 * DAY, True), (0, False), (NOW, True)]
    assert expected == [(each["timestamp"], each["would_trigger"]) for each in local.items()]
    assert not any(each["timestamp_replaced"] for each in local.items())


def test_an_event_older_than_72_hours_would_trigger_nothing(local):
    """6.1: it counts for segments only."""
    local.batch(event("1", timestamp=NOW - 3 * DAY - 1))

    assert [False] == [each["would_trigger"] for each in local.items()]


def test_decimals_are_kept_digit_for_digit(local):
    """Money is read exactly as written, never through a binary float."""
    body = b'{"batch":[{"type":"person","action":"event","identifiers":{"id":"1"},"name":"n",'
    local.ask("POST", "/api/v2/batch", body + b'"attributes":{"total":0.1000000000000000055}}]}')

    reply = local.ask("GET", "/v1/activities?type=event", headers={"authorization": BEARER})
    assert b'"total":0.1000000000000000055' in reply.body


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/accounts/region"),
        ("PUT", "/api/v1/customers/1"),
        ("POST", "/api/v1/customers/1/events"),
        ("POST", "/api/v2/entity"),
        ("POST", "/api/v2/batch"),
    ],
)
@pytest.mark.parametrize("authorization", ["", BEARER, "Basic", "Basic !", "Basic c2l0ZQ=="])
def test_the_track_api_asks_for_a_basic_pair(local, method, path, authorization):
    """1.1: an App API key on the Track API is a 401, and nothing takes effect."""
    body = {"batch": [identify("1")], "name": "order_paid"}
    reply = local.ask(method, path, body, headers={"authorization": authorization})

    assert (401, b'{"meta":{"error":"Unauthorized request"}}\n') == (reply.status, reply.body)
    assert {"not_applied"} >= set(local.effects())
    assert 0 == local.control("GET", "/local/log")[1]["people"]


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_both_alphabets_of_base64_are_credentials(local, encode):
    """1.1: one official SDK uses the URL-safe one."""
    pair = "Basic " + encode("sité?>:ké~?>".encode()).decode()

    assert (
        200 == local.ask("GET", "/api/v1/accounts/region", headers={"authorization": pair}).status
    )


@pytest.mark.parametrize("authorization", ["", BASIC, "Bearer", "Bearer "])
@pytest.mark.parametrize("path", ["/v1/customers?email=a@b", "/v1/activities", "/v1/exports"])
def test_the_app_api_asks_for_a_bearer(local, path, authorization):
    """1.1: a Track pair on the App API is a 401."""
    reply = local.ask("GET", path, headers={"authorization": authorization})

    expected = b'{"errors":[{"detail":"unauthorized","status":401}]}\n'
    assert (401, expected) == (reply.status, reply.body)


@pytest.mark.parametrize(
    ("method", "path", "authorization"),
    [
        ("POST", "/api/v1/forms/1/submit", BASIC),
        ("POST", "/api/v1/segments/1/add_customers", BASIC),
        ("POST", "/api/v1/metrics", ""),
        ("POST", "/unsubscribe/abc", ""),
        ("GET", "/v1/segments", BEARER),
        ("POST", "/v1/customers", BEARER),
    ],
)
def test_what_is_documented_and_not_built_is_a_501(local, method, path, authorization):
    """Nothing documented is answered as if it were done."""
    reply = local.ask(method, path, {}, headers={"authorization": authorization})

    assert 501 == reply.status
    assert b"does not have" in reply.body


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/nothing", "/v1/nothing", "/x", ""])
def test_what_nobody_documents_is_a_404(local, path):
    """Every envelope is the one of its API."""
    assert 404 == local.ask("POST", path, {}).status


@pytest.mark.parametrize("action", ["add_relationships", "delete_relationships"])
def test_an_action_that_is_not_built_is_refused_item_by_item(local, action):
    """207: the others are applied."""
    item = {"type": "person", "action": action, "identifiers": {"id": "1"}}
    status, body = local.batch(item, identify("2"))

    assert 207 == status
    assert [(0, "unsupported", "action")] == [
        (each["batch_index"], each["reason"], each["field"]) for each in body["errors"]
    ]
    assert ["refused", "applied"] == local.effects()
