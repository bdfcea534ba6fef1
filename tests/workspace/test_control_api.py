"""The control API: the log, a reset, what it refuses; and who may use it."""

from __future__ import annotations

import re

import pytest
from asking import BASIC, NOW, event, identify, ulid


def test_the_log_tells_every_request_and_every_item(local):
    """The whole format: counts, place, time, path, size, answer, and the items as applied."""
    local.now = NOW + 0.5
    local.batch(
        identify("1", plan="a", timestamp=NOW),
        event("1", id=ulid(1), timestamp=NOW, attributes={"order_id": "A-1"}),
        event("1", id="no"),
    )

    status, body = local.control("GET", "/local/log")
    assert 200 == status
    (request,) = body.pop("log")
    assert {
        "life": local.workspace.life, "people": 1, "events": 1, "requests": 1, "next": 1,
    } == body  # fmt: skip
    items = request.pop("items")
    assert request.pop("bytes") > 300
    assert {
        "seq": 1, "at": NOW + 0.5, "method": "POST", "path": "/api/v2/batch",
        "status": 207, "answered": True, "fault": None, "item_count": 3,
    } == request  # fmt: skip
    common = {
        "identifiers": {"id": "1"}, "timestamp": NOW, "timestamp_replaced": False,
        "reason": None, "field": None, "message": None,
    }  # fmt: skip
    assert [
        common | {
            "index": 0, "action": "identify", "name": None, "event_id": None,
            "bytes": items[0]["bytes"], "effect": "applied", "would_trigger": None,
            "attributes": {"plan": "a"},
        },
        common | {
            "index": 1, "action": "event", "name": "order_paid", "event_id": ulid(1),
            "bytes": items[1]["bytes"], "effect": "applied", "would_trigger": True,
            "attributes": {"order_id": "A-1"},
        },
        common | {
            "index": 2, "action": "event", "name": "order_paid", "event_id": "no",
            "bytes": items[2]["bytes"], "effect": "refused", "would_trigger": None,
            "timestamp": None, "attributes": {},
            "reason": "invalid", "field": "id", "message": "must be a valid ULID",
        },
    ] == items  # fmt: skip


def test_the_log_tells_reads_and_refusals_too(local):
    """Every request of Customer.io's APIs; the control API itself is not among them."""
    local.ask("GET", "/api/v1/accounts/region")
    local.app("/v1/activities")
    local.ask("POST", "/api/v2/batch", {"batch": [identify("1")]}, headers={})
    local.ask("GET", "/nothing")

    assert [200, 200, 401, 404] == [one["status"] for one in local.log()]
    assert [0, 0, 1, 0] == [len(one["items"]) for one in local.log()]


def test_the_log_is_read_page_by_page(local):
    """`after` and `limit`, oldest first; `next` leads on; with `newest=1` the last ones."""
    for number in range(5):
        local.batch(identify(str(number)))

    def told(query):
        body = local.control("GET", f"/local/log?{query}")[1]
        return [one["seq"] for one in body["log"]], body["next"]

    assert ([1, 2], 2) == told("limit=2")
    assert ([3, 4], 4) == told("after=2&limit=2")
    assert ([5], 5) == told("after=4&limit=2")
    assert ([], 5) == told("after=5&limit=2")
    assert ([4, 5], 5) == told("limit=2&newest=1")
    assert ([], 99) == told("after=99&newest=1")


@pytest.mark.parametrize("query", ["after=x", "after=-1", "limit=0", "limit=1001", "newest=2"])
def test_a_wrong_page_of_the_log_is_refused(local, query):
    """400: what is wrong and what is allowed."""
    status, body = local.control("GET", f"/local/log?{query}")

    assert (400, query.split("=")[0]) == (status, body["errors"][0].split(" ")[0])


def test_a_reset_begins_a_new_life_and_forgets_all(local):
    """People, ids of events, activities, log; the numbers of the log go on."""
    local.batch(identify("1"), event("1", id=ulid(1)))
    old = local.workspace.life

    status, body = local.control("POST", "/local/reset")

    assert (200, local.workspace.life) == (status, body["life"])
    assert old != local.workspace.life
    assert None is local.person("1")
    assert [] == local.activities()
    local.batch(event("1", id=ulid(1)))
    assert "applied" == local.effects()[-1]
    told = local.control("GET", "/local/log")[1]
    assert (1, 1, local.workspace.life) == (told["people"], told["events"], told["life"])
    assert told["log"][0]["seq"] > 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/local/clock", 405),
        ("GET", "/local/reset", 405),
        ("POST", "/local/log", 405),
        ("GET", "/local/nothing", 404),
        ("GET", "/page/nothing.js", 404),
        ("POST", "/", 405),
    ],
)
def test_what_there_is_not_is_said(local, method, path, status):
    """Errors are JSON with a text."""
    got, body = local.control(method, path)

    assert status == got
    assert body["errors"][0]


def test_a_wrong_page_of_another_machine_is_refused(local):
    """Only loopback, by address."""
    assert 403 == local.ask("GET", "/local/log", loopback=False).status
    assert 403 == local.ask("GET", "/", loopback=False).status


@pytest.mark.parametrize(
    ("host", "may"),
    [
        ("127.0.0.1:8710", True), ("127.0.0.1", True), ("localhost:8710", True),
        ("LOCALHOST", True), ("[::1]:8710", True), ("evil.example:8710", False),
        ("127.0.0.1.evil.example", False), ("192.168.0.7:8710", False), ("localhost.evil", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/local/log", "/", "/page/x", "/v1/activities"])
def test_another_sites_name_that_leads_here_is_refused(local, host, may, path):
    """DNS rebinding: `Host` is the other site's, for the App API's people too."""
    reply = local.ask("GET", path, headers={"host": host, "authorization": "Bearer x"})

    assert may == (reply.status != 403)


@pytest.mark.parametrize(
    "host", ["track.customer.io", "host.docker.internal:8710", "workspace.localhost"]
)
def test_a_name_that_no_stranger_can_point_here_may_use_the_apis_only(local, host):
    """A client whose host cannot be changed is led here by a hosts file."""
    headers = {"host": host, "authorization": BASIC}

    assert 200 == local.ask("GET", "/api/v1/accounts/region", headers=headers).status
    assert 403 == local.ask("GET", "/local/log", headers=headers).status


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        (None, True), ("http://127.0.0.1:8710", True), ("http://127.0.0.1:3000", False),
        ("https://evil.example", False), ("null", False), ("", False),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/local/reset"), ("DELETE", "/local/faults")]
)
def test_another_sites_page_cannot_control(local, origin, may, method, path):
    """CSRF: a browser names the page's origin with each write."""
    life = local.workspace.life
    headers = {} if origin is None else {"origin": origin}

    reply = local.ask(method, path, headers=headers)

    assert may == (reply.status == 200)
    assert may or life == local.workspace.life


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/page/index.html", "text/html; charset=utf-8"),
        ("/page/page.css", "text/css; charset=utf-8"),
        ("/page/page.js", "text/javascript; charset=utf-8"),
        ("/page/icon.svg", "image/svg+xml; charset=utf-8"),
    ],
)
def test_the_page_is_sent_with_strict_headers(local, path, kind):
    """Nothing from elsewhere, nothing inline, nothing guessed, never in another site's frame."""
    reply = local.ask("GET", path)

    assert (200, kind) == (reply.status, reply.headers["Content-Type"])
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; frame-ancestors 'none'")
    assert "unsafe" not in policy
    assert "nosniff" == reply.headers["X-Content-Type-Options"]


def test_what_the_page_asks_for_is_there(local):
    """Every address in its files leads to something."""
    asked = set()
    for name in ("index.html", "page.css", "page.js", "words.js"):
        text = local.ask("GET", f"/page/{name}").body.decode()
        asked |= set(re.findall(r"[\"'(`](/page/[\w.-]+)", text))
        asked |= {f"/page/{found}" for found in re.findall(r'from "\./([\w.-]+)"', text)}

    assert "/page/words.js" in asked
    assert {200} == {local.ask("GET", path).status for path in asked}
