"""Faults as data: each kind, whom it meets, how often, and what the log says of it."""

from __future__ import annotations

import json

import pytest
from asking import BEARER, Asked, event, identify
from hypothesis import given, settings
from hypothesis import strategies as st

BATCH = {"batch": [identify("1"), event("1"), identify("2")]}


def _send(local, body=BATCH):
    return local.ask("POST", "/api/v2/batch", body)


def _read(local):
    return local.ask("GET", "/v1/activities", headers={"authorization": BEARER}).status


def _last(local):
    return local.log()[-1]


@pytest.mark.parametrize(("status", "headers"), [(429, {"Retry-After": "7"}), (503, {}), (301, {})])
def test_a_status_answers_and_applies_nothing(local, status, headers):
    """429 with its header, 5xx, 3xx: the items are in the log, not applied; once, then no more."""
    local.faults({"kind": "status", "status": status, "headers": headers, "body": "no"})

    reply = _send(local)
    assert (status, headers, b"no") == (reply.status, dict(reply.headers), reply.body)
    assert (status, True, "status") == (
        _last(local)["status"], _last(local)["answered"], _last(local)["fault"],
    )  # fmt: skip
    assert ["not_applied"] * 3 == local.effects()
    assert 0 == local.control("GET", "/local/log")[1]["people"]
    assert 200 == _send(local).status


def test_a_status_can_come_although_everything_is_applied(local):
    """The proxy gave up, and the service did not: what deduplication is for."""
    local.faults({"kind": "status", "status": 504, "applied": True})

    assert 504 == _send(local).status
    assert ["applied"] * 3 == local.effects()


def test_a_slow_answer_is_applied_at_once(local):
    """The reply carries its delay; the effect does not wait for it."""
    local.faults({"kind": "slow", "seconds": 11.5})

    reply = _send(local)
    assert (200, 11.5, None) == (reply.status, reply.delay_seconds, reply.reset)
    assert ["applied"] * 3 == local.effects()


def test_a_reset_before_applies_nothing(local):
    """The log tells items that were not applied, and that nothing was answered."""
    local.faults({"kind": "reset", "when": "before"})

    assert "before" == _send(local).reset
    assert (0, False, "reset") == (
        _last(local)["status"], _last(local)["answered"], _last(local)["fault"],
    )  # fmt: skip
    assert ["not_applied"] * 3 == local.effects()


def test_a_reset_after_applies_everything(local):
    """The lost answer: committed, and the sender cannot know."""
    local.faults({"kind": "reset", "when": "after"})

    reply = _send(local)
    assert ("after", 200) == (reply.reset, reply.status)
    assert (200, False) == (_last(local)["status"], _last(local)["answered"])
    assert ["applied"] * 3 == local.effects()


@pytest.mark.parametrize(
    ("chosen", "refused"),
    [({"indexes": [1]}, [1]), ({"persons": ["1"]}, [0, 1]), ({"every": 2}, [1])],
)
def test_items_are_refused_by_207_and_the_others_applied(local, chosen, refused):
    """By place, by person or every so manieth."""
    local.faults({"kind": "items", "reason": "invalid", "field": "x", "message": "no", **chosen})

    reply = _send(local)
    assert 207 == reply.status
    assert [
        {"batch_index": index, "reason": "invalid", "field": "x", "message": "no"}
        for index in refused
    ] == json.loads(reply.body)["errors"]
    assert refused == [item["index"] for item in local.items() if item["effect"] == "refused"]
    assert 3 - len(refused) == local.effects().count("applied")


def test_items_meet_batches_with_such_an_item_only(local):
    """Others pass, and do not use it up."""
    local.faults({"kind": "items", "persons": ["9"]})

    assert (200, {}) == local.entity(identify("9"))
    assert 200 == _send(local).status
    assert (207, 207) == (local.batch(identify("9"))[0], _last(local)["status"])


def test_a_raw_body_is_answered_and_everything_applied(local):
    """HTML from a proxy, half a JSON, a 207 without fields."""
    local.faults(
        {"kind": "raw_body", "body": "<html>", "headers": {"Content-Type": "text/html"}},
        {"kind": "raw_body", "status": 207, "body": '{"errors":[{}'},
    )

    first, second = _send(local), _send(local)
    assert (200, b"<html>", "text/html") == (
        first.status, first.body, first.headers["Content-Type"],
    )  # fmt: skip
    assert (207, b'{"errors":[{}') == (second.status, second.body)
    assert "application/json; charset=utf-8" == second.headers["Content-Type"]
    assert {"applied", "duplicate"} >= set(local.effects())


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        ({"path": "/api/v2/*"}, [0, 1]),
        ({"path": "/v1/activities"}, [2]),
        ({"person": "1"}, [0]),
        ({"event": "order_paid"}, [0]),
        ({"path": "/api/v2/batch", "person": "3"}, [1]),
        ({"person": "1", "event": "other"}, []),
        ({}, [0, 1, 2]),
    ],
)
def test_a_fault_meets_the_requests_that_fit_all_its_parts(local, match, struck):
    """Path pattern, person, event: reads included."""
    local.faults({"kind": "status", "status": 500, "times": None, "match": match})

    statuses = [_send(local).status, _send(local, {"batch": [identify("3")]}).status, _read(local)]
    assert [500 if place in struck else 200 for place in range(3)] == statuses


def test_times_and_skip_say_when(local):
    """Two pass, two are struck, the rest pass; the figures are shown."""
    local.faults({"kind": "status", "status": 500, "skip": 2, "times": 2, "name": "outage"})

    assert [200, 200, 500, 500, 200] == [_send(local).status for _ in range(5)]
    (rule,) = local.control("GET", "/local/faults")[1]["faults"]
    assert ("outage", 2) == (rule["name"], rule["struck"])
    assert [None, None, "outage", "outage", None] == [one["fault"] for one in local.log()]


def test_the_first_fault_that_strikes_wins(local):
    """One request suffers one fault."""
    local.faults({"kind": "status", "status": 500}, {"kind": "status", "status": 502})

    assert [500, 502, 200] == [_send(local).status for _ in range(3)]


@settings(max_examples=10)
@given(st.integers(0, 2**32), st.sampled_from([0.1, 0.5, 0.9]))
def test_a_seed_repeats_the_run(seed, probability):
    """The same draws for the same seed; never all, never none over many."""
    runs = []
    for _ in range(2):
        local = Asked()
        rule = {"kind": "status", "status": 500, "times": None, "match": {"path": "/api/v1/*"}}
        local.faults({**rule, "probability": probability, "seed": seed})
        region = [local.ask("GET", "/api/v1/accounts/region").status for _ in range(200)]
        local.workspace.close()
        runs.append(region)

    assert runs[0] == runs[1]
    assert {200, 500} == set(runs[0])


def test_a_request_without_credentials_meets_no_fault(local):
    """It stays a 401, and the fault waits for a real one."""
    local.faults({"kind": "status", "status": 500})

    assert 401 == local.ask("POST", "/api/v2/batch", BATCH, headers={}).status
    assert 500 == _send(local).status


def test_a_broken_request_can_meet_a_fault_too(local):
    """A proxy answers before anybody reads."""
    local.faults({"kind": "status", "status": 502})

    assert [502, 400] == [local.ask("POST", "/api/v2/batch", b"{").status for _ in range(2)]


def test_the_rules_are_replaced_and_cleared(local):
    """PUT replaces all, DELETE clears; a reset clears too."""
    rule = {"kind": "status", "status": 500, "times": None}
    local.faults(rule)
    local.faults({"kind": "slow", "seconds": 1})

    assert ["slow"] == [one["kind"] for one in local.control("GET", "/local/faults")[1]["faults"]]
    assert (200, {"faults": []}) == local.control("DELETE", "/local/faults")
    local.faults(rule)
    local.control("POST", "/local/reset")
    assert (200, {"faults": []}) == local.control("GET", "/local/faults")


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        (b"{", "must be JSON"),
        (b"\xff", "must be JSON"),
        ({}, "list of faults"),
        ([{"kind": "storm"}], "items, limit, raw_body, reset, slow, status"),
        ([{"status": 500}], "kind"),
        ([{"kind": "status"}], "status"),
        ([{"kind": "status", "status": 99}], "200 to 599"),
        ([{"kind": "status", "status": 500, "headers": {"A": "b\r\nC: d"}}], "on one line"),
        ([{"kind": "raw_body", "body": "", "headers": {"a b": "c"}}], "on one line"),
        ([{"kind": "raw_body", "body": "", "headers": {"A": "é"}}], "on one line"),
        ([{"kind": "raw_body", "body": "", "headers": {"Content-Length": "9"}}], "Content-Length"),
        ([{"kind": "limit", "per_second": 0}], "per_second must be at least 1"),
        ([{"kind": "status", "status": 500, "colour": "red"}], "colour"),
        ([{"kind": "status", "status": 500, "times": 0}], "times"),
        ([{"kind": "status", "status": 500, "skip": -1}], "skip"),
        ([{"kind": "status", "status": 500, "probability": 1.5}], "probability"),
        ([{"kind": "status", "status": 500, "match": {"who": "1"}}], "who"),
        ([{"kind": "slow", "seconds": 0}], "more than 0"),
        ([{"kind": "slow", "seconds": 601}], "at most 600"),
        ([{"kind": "reset", "when": "during"}], "during"),
        ([{"kind": "items"}], "exactly one"),
        ([{"kind": "items", "every": 0}], "every"),
        ([{"kind": "items", "indexes": [-1]}], "indexes"),
        ([{"kind": "items", "indexes": [0], "every": 1}], "exactly one"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_place_and_the_old_ones_stay(local, rules, says):
    """400: what is wrong and what is allowed."""
    local.faults({"kind": "status", "status": 418})

    status, body = local.control("PUT", "/local/faults", rules)

    assert 400 == status
    assert says in " ".join(body["errors"])
    assert 418 == _send(local).status


def test_reads_meet_faults(local):
    """The App API has its bad days too."""
    local.faults({"kind": "status", "status": 429, "headers": {"Retry-After": "1"}})

    assert [429, 200] == [_read(local), _read(local)]


def test_a_limit_answers_429_to_what_is_too_much_in_one_second(local):
    """17.1: the App API's ten a second; the next second begins anew, and others are not met."""
    limit = {"kind": "limit", "per_second": 10, "match": {"path": "/v1/*"}}
    local.faults({**limit, "headers": {"Retry-After": "1"}})

    told = [
        local.ask("GET", "/v1/activities", headers={"authorization": BEARER}) for _ in range(12)
    ]
    assert [200] * 10 + [429] * 2 == [one.status for one in told]
    assert b'{"errors":[{"detail":"too many requests","status":429}]}\n' == told[-1].body
    assert "1" == told[-1].headers["Retry-After"]
    assert 200 == local.batch(event("1"))[0]
    local.now += 1
    assert 200 == local.app("/v1/activities")[0]
    (shown,) = local.control("GET", "/local/faults")[1]["faults"]
    assert (13, 2) == (shown["met"], shown["struck"])


def test_a_limit_can_lose_what_is_too_much_and_say_nothing(local):
    """6.3: excess may be lost without an error status; the log tells which."""
    local.faults({"kind": "limit", "per_second": 1, "drops": True, "match": {"path": "/api/*"}})

    assert [(200, {})] * 2 == [local.batch(identify("1")), local.batch(identify("2"), event("2"))]
    assert ["applied", "ignored", "ignored"] == local.effects()
    assert "dropped" == local.items()[1]["reason"]
    assert (True, None) == (local.person("1") is not None, local.person("2"))
    assert 200 == local.ask("GET", "/api/v1/accounts/region").status


@pytest.mark.parametrize("status", [500, 502, 503, 504, 301, 401])
def test_the_answers_of_17_1_are_status_faults(local, status):
    """301 of the wrong region and 401 in mid-run included: nothing is applied, once."""
    local.faults({"kind": "status", "status": status})

    assert status == local.ask("POST", "/api/v2/batch", {"batch": [identify("1")]}).status
    assert ["not_applied"] == local.effects()
    assert (200, {}) == local.batch(identify("1"))
