"""Requests by the control API: the list, failures, one with its body and its answer."""

from __future__ import annotations

import json

import pytest
from asking import BASIC, BEARER, NOW, Asked, event, identify, ulid

from truthpoint.workspace import Workspace, bodies


def requests(local, query=""):
    status, body = local.control("GET", f"/local/requests?{query}")

    assert status == 200, body
    return body


def request(local, seq, query=""):
    status, body = local.control("GET", f"/local/requests/{seq}?{query}")

    assert status == 200, body
    return body


def test_requests_are_listed_the_newest_first(local):
    """Method, path, status, items, time, how long, and by whom."""
    local.batch(identify("1"), event("1"))
    headers = {"authorization": BEARER, "user-agent": "shop/1"}
    local.ask("GET", "/v1/customers?email=ana@example.org", headers=headers)

    told = requests(local)

    assert [each.pop("took_ms") > 0 for each in told["found"]] == [True, True]
    assert told == {
        "life": local.workspace.life, "people": 1, "events": 1, "requests": 2, "next": None,
        "found": [
            {"seq": 2, "at": NOW, "method": "GET", "path": "/v1/customers", "bytes": 0,
             "status": 200, "answered": True, "fault": None, "item_count": 0, "client": "shop/1"},
            {"seq": 1, "at": NOW, "method": "POST", "path": "/api/v2/batch",
             "bytes": told["found"][1]["bytes"], "status": 200, "answered": True, "fault": None,
             "item_count": 2, "client": ""},
        ],
    }  # fmt: skip


def test_failures_are_found_among_many(local):
    """Whatever was not a plain success: refused, in part, broken off; one status by its number."""
    local.batch(identify("1"))
    local.batch(event(""))
    local.faults({"kind": "status", "status": 429}, {"kind": "reset", "when": "before"})
    local.ask("POST", "/api/v2/batch", {"batch": []})
    local.ask("POST", "/api/v2/batch", {"batch": []})
    local.ask("GET", "/nothing")

    def statuses(query):
        return [each["status"] for each in requests(local, query)["found"]]

    assert statuses("status=failures") == [404, 0, 429, 207]
    assert statuses("status=429") == [429]
    assert statuses("status=200") == [200]
    assert statuses("status=418") == []
    assert [each["fault"] for each in requests(local, "status=failures")["found"]] == [
        None,
        "reset",
        "status",
        None,
    ]


@pytest.mark.parametrize("status", ["", "failures", "200"])
def test_requests_are_read_page_by_page(local, status):
    """Nothing twice, nothing left out, however they are chosen."""
    for _ in range(3):
        local.batch(identify("1"))
        local.batch(event(""))
    expected = [each["seq"] for each in requests(local, f"status={status}")["found"]]

    found = []
    before = ""
    while before is not None:
        page = requests(local, f"status={status}&limit=2&before={before}")
        found += [each["seq"] for each in page["found"]]
        before = page["next"]

    assert found == expected
    assert len(found) in (3, 6)


@pytest.mark.parametrize("query", ["status=bad", "status=-1", "limit=0", "limit=201", "before=0"])
def test_a_wrong_parameter_is_refused(local, query):
    """400: what is wrong and what is allowed."""
    status, body = local.control("GET", f"/local/requests?{query}")

    assert (status, body["errors"][0].split()[0]) == (400, query.split("=")[0])


def test_a_request_is_told_with_its_body_and_its_answer(local):
    """As they crossed the wire, with the fault that struck and the headers it sent along."""
    local.faults({"kind": "status", "status": 429, "headers": {"Retry-After": "2"}, "body": "slow"})
    sent = b'{"batch": [{"type": "person", "action": "event", "name": "x"}]}'
    local.ask("POST", "/api/v2/batch", sent)

    told = request(local, 1)

    one = told["request"]
    assert (one["status"], one["fault"]) == (429, "status")
    assert one["body"] == {
        "text": sent.decode(), "bytes": len(sent), "is_whole": True, "is_utf8": True,
    }  # fmt: skip
    assert (one["answer"]["text"], one["answer_headers"]) == ("slow", {"Retry-After": "2"})
    assert [each["effect"] for each in told["items"]] == ["not_applied"]
    assert local.ask("GET", "/local/requests/1/body", headers={}).body == sent
    assert local.ask("GET", "/local/requests/1/answer", headers={}).body == b"slow"


def test_a_request_leads_to_those_beside_it(local):
    """Older and newer; none at the ends."""
    for _ in range(3):
        local.batch(identify("1"))

    beside = [(told["older"], told["newer"]) for told in (request(local, n) for n in (1, 2, 3))]

    assert beside == [(None, 2), (1, 3), (2, None)]


def test_many_items_are_told_page_by_page_and_one_whole(local):
    """A hundred at a time, without attributes; an item by itself has them."""
    local.batch(*[event("1", attributes={"n": number}) for number in range(150)])

    first, second = request(local, 1), request(local, 1, "item=100")

    assert [(len(told["items"]), told["first_item"]) for told in (first, second)] == [
        (100, 0),
        (50, 100),
    ]
    assert second["items"][0]["index"] == 100
    assert "attributes" not in second["items"][0]
    status, item = local.control("GET", "/local/requests/1/items/149")
    assert (status, item["attributes"]) == (200, {"n": 149})
    assert local.control("GET", "/local/requests/1/items/150")[0] == 404


@pytest.mark.parametrize("path", ["9", "x", "9/body", "9/answer", "9/items/0", "-1"])
def test_a_request_that_does_not_exist_is_a_404(local, path):
    """With what is the matter."""
    status, body = local.control("GET", f"/local/requests/{path}")

    assert (status, len(body["errors"])) == (404, 1)


def test_the_beginning_of_a_long_body_is_shown_cut_between_two_characters(local):
    """The rest is at an address of its own."""
    text = "é" * 80_000
    for lead in ("", "x"):
        local.ask("POST", "/api/v2/batch", f"{lead}{text}".encode())

    for seq in (1, 2):
        told = request(local, seq)["request"]["body"]
        assert (told["is_whole"], told["is_utf8"]) == (False, True)
        assert set(told["text"]) <= {"é", "x"}
        assert 99_990 < len(told["text"].encode()) <= bodies.SHOWN_BYTES
        whole = local.ask("GET", f"/local/requests/{seq}/body", headers={})
        assert len(whole.body) == told["bytes"] >= 160_000


def test_a_body_that_is_no_text_is_shown_as_far_as_it_can_be_read(local):
    """Broken UTF-8, half a surrogate pair as JSON writes it, zero bytes."""
    for sent in (b'{"a": "\xed\xa0\x80\xff"}', b'{"batch": "\\ud800"}', b"\0\x01"):
        local.ask("POST", "/api/v2/batch", sent)

    broken, half, zero = (request(local, seq)["request"]["body"] for seq in (1, 2, 3))

    assert (broken["is_utf8"], "\ufffd" in broken["text"]) == (False, True)
    assert (half["is_utf8"], half["text"]) == (True, '{"batch": "\\ud800"}')
    assert zero["text"] == "\0\x01"


def test_what_is_given_whole_is_plain_text_that_nothing_runs(local):
    """A body of markup is no page of this workspace."""
    local.ask("POST", "/api/v2/batch", b"<script>alert(1)</script>")

    reply = local.ask("GET", "/local/requests/1/body", headers={})

    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]


def test_credentials_are_never_kept(tmp_path):
    """Law 21: neither in the file nor in any answer, whatever the client sends."""
    local = Asked(tmp_path / "workspace.db")
    secret = BASIC.removeprefix("Basic ")
    local.batch(identify("1"))
    local.ask("GET", "/v1/activities", headers={"authorization": "Bearer canary-4711"})
    seen = [local.ask("GET", f"/local/{path}", headers={}).body for path in
            ("log", "requests", "requests/1", "requests/2")]  # fmt: skip
    local.workspace.close()

    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for text in (secret, "canary-4711", "site:key"):
        assert text.encode() not in kept
        assert not any(text.encode() in each for each in seen)


def test_bodies_of_the_newest_requests_are_kept(local, monkeypatch):
    """The others are let go, however small; their items stay in the log."""
    monkeypatch.setattr(bodies, "KEPT_BYTES", 3_000)
    for number in range(30):
        local.batch(event("1", "x" * (number + 1)))

    kept = [request(local, seq)["request"]["body"] is not None for seq in range(1, 31)]

    assert kept == sorted(kept)
    assert 5 < sum(kept) < 15
    assert request(local, 1)["items"][0]["effect"] == "applied"
    assert request(local, 1)["request"]["answer"] is None
    assert local.control("GET", "/local/requests/1/body")[0] == 404


def test_how_long_a_request_took_goes_by_the_stopwatch():
    """Handling and a fault's delay, in milliseconds."""
    ticks = iter([0.0, 0.25, 1.0, 1.5])
    local = Asked()
    local.workspace.close()
    local.workspace = Workspace(None, clock=lambda: local.now, stopwatch=lambda: next(ticks))
    local.batch(identify("1"))
    local.faults({"kind": "slow", "seconds": 2})
    local.batch(identify("1"))

    took = [each["took_ms"] for each in requests(local)["found"]]
    local.workspace.close()

    assert took == [2500.0, 250.0]


def test_the_log_can_be_brief(local):
    """Without attributes, and with the newest 500 items of all its requests: a page stays small."""
    for _ in range(3):
        local.batch(*[event("1", attributes={"text": "x" * 500}) for _ in range(200)])

    whole = local.ask("GET", "/local/log", headers={}).body
    brief = local.ask("GET", "/local/log?brief=1", headers={}).body

    log = json.loads(brief)["log"]
    assert [len(each["items"]) for each in log] == [100, 200, 200]
    assert [each["item_count"] for each in log] == [200, 200, 200]
    assert [log[0]["items"][0]["index"], log[0]["items"][-1]["index"]] == [100, 199]
    assert "attributes" not in log[0]["items"][0]
    assert len(brief) * 2 < len(whole)


def test_a_reset_forgets_bodies_too(local):
    """Nothing of the life that ended can be read."""
    local.batch(event("1", id=ulid(1)))
    local.control("POST", "/local/reset")

    assert local.control("GET", "/local/requests/1")[0] == 404
    assert local.control("GET", "/local/requests/1/body")[0] == 404
    assert requests(local)["found"] == []


@pytest.mark.parametrize(
    "path",
    [
        "people",
        "people/1",
        "people/1/timeline",
        "activities/1",
        "requests",
        "requests/1",
        "requests/1/body",
        "requests/1/items/0",
    ],
)
def test_looking_is_for_programs_of_the_same_machine(local, path):
    """Another site's name in `Host` is a 403, and nothing of this is written to."""
    local.batch(identify("1"))
    before = local.log()

    assert local.ask("GET", f"/local/{path}", headers={"host": "evil.example"}).status == 403
    assert local.ask("GET", f"/local/{path}", headers={}, loopback=False).status == 403
    assert local.ask("PUT", f"/local/{path}", headers={}).status == 405
    assert local.log() == before
