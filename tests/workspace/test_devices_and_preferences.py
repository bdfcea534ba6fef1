"""Devices, subscription topics, and people asked for by the hundred."""

from __future__ import annotations

import json

import pytest
from asking import BEARER, NOW, act, identify

TOKEN = "tok/en 1"
PHONE = {"platform": "ios", "last_used": NOW - 60, "attributes": {"device_os": "17"}}


def _add_by_v1(local, person="1", **device):
    return local.v1("PUT", f"/customers/{person}/devices", {"device": {"id": TOKEN, **device}})


def _add_by_v2(local, person="1", **device):
    return local.batch(act("add_device", person, device={"token": TOKEN, **device}))


def _delete_by_v1(local):
    return local.v1("DELETE", "/customers/1/devices/tok%2Fen%201")


def _delete_by_v2(local):
    return local.batch(act("delete_device", device={"token": TOKEN}))


versions = pytest.mark.parametrize(
    ("add", "delete"), [(_add_by_v1, _delete_by_v1), (_add_by_v2, _delete_by_v2)]
)


@versions
def test_a_device_is_added_updated_and_deleted(local, add, delete):
    """2.6: shown by the App API; attributes not sent stay; a second deletion changes nothing."""
    local.batch(identify("1"))

    assert (200, {}) == add(local, **PHONE)
    assert [{"id": TOKEN, **PHONE}] == local.person("1")["devices"]
    assert (200, {}) == add(local, platform="ios", attributes={"app_version": "2"})
    (device,) = local.person("1")["devices"]
    assert (NOW, {"device_os": "17", "app_version": "2"}) == (
        device["last_used"], device["attributes"],
    )  # fmt: skip
    assert [(200, {})] * 2 == [delete(local), delete(local)]
    assert [] == local.person("1")["devices"]
    assert ["applied"] * 4 + ["ignored"] == local.effects()
    assert 3 == len(local.activities("device_change"))


@pytest.mark.parametrize(
    ("device", "field"),
    [
        (None, "device"),
        ([], "device"),
        ({"platform": "ios"}, "device.{token}"),
        ({"token": 1, "id": 1, "platform": "ios"}, "device.{token}"),
        ({"token": "t", "id": "t"}, "device.platform"),
        ({"token": "t", "id": "t", "platform": "fax"}, "device.platform"),
        ({"token": "t", "id": "t", "platform": "ios", "attributes": 1}, "device.attributes"),
    ],
)
def test_a_device_that_is_wrong_is_refused(local, device, field):
    """v1: 400 with texts; v2: the error of the item."""
    status, body = local.v1("PUT", "/customers/1/devices", {"device": device})
    assert 400 == status
    assert body["meta"]["errors"][0].startswith(field.format(token="id") + ": ")
    status, body = local.batch(act("add_device", device=device))
    assert (207, field.format(token="token")) == (status, body["errors"][0]["field"])
    assert None is local.person("1")


def test_a_device_leaves_with_its_person(local):
    """Nothing of a deleted person comes back with a new one."""
    _add_by_v1(local, platform="ios")
    local.v1("DELETE", "/customers/1")
    local.put("1", {})

    assert [] == local.person("1")["devices"]


def _topics(local):
    body = local.app("/v1/customers/1/subscription_preferences?id_type=id")[1]["customer"]
    return {topic["id"]: topic["subscribed"] for topic in body["topics"]}


def test_an_object_replaces_all_topics_and_a_dotted_key_changes_one(local):
    """8.3: and the App API shows them as text, as computed, and in a view of their own."""
    name = "cio_subscription_preferences"
    local.put("1", {name: {"topics": {"topic_1": True, "topic_2": False}}})
    local.batch(identify("1", **{f"{name}.topics.topic_2": True, f"{name}.topics.topic_10": False}))

    assert {1: True, 2: True, 10: False} == _topics(local)
    shown = local.attributes("1")
    wanted = {"topics": {"topic_1": True, "topic_2": True, "topic_10": False}}
    assert [wanted] * 2 == [json.loads(shown[name]), json.loads(shown[f"_{name}_computed"])]
    local.put("1", {name: {"topics": {"topic_3": True}}})
    assert {3: True} == _topics(local)
    local.put("1", {f"{name}.topics.topic_3": None, "unsubscribed": True})
    assert {} == _topics(local)
    told = local.app("/v1/customers/1/subscription_preferences")[1]["customer"]
    assert (True, "1") == (told["unsubscribed"], told["identifiers"]["id"])


def test_a_misspelt_topic_is_an_attribute_of_its_own(local):
    """8.3: it is not refused, and changes no topic."""
    local.put("1", {"cio_subscription_preferences.topics.2": True})

    assert {"cio_subscription_preferences.topics.2": "true"} == local.attributes("1")
    assert {} == _topics(local)


def test_many_people_are_told_at_once(local):
    """9.1: by ids, those nobody has left out; at most a hundred."""
    local.batch(identify("1", plan="a"), identify("2"))

    def ask(body):
        reply = local.ask(
            "POST", "/v1/customers/attributes", body, headers={"authorization": BEARER}
        )
        return reply.status, json.loads(reply.body)

    status, body = ask({"ids": ["1", "nobody", "2"]})
    assert (200, ["1", "2"]) == (status, [one["customer"]["id"] for one in body["customers"]])
    assert local.person("1") == body["customers"][0]["customer"]
    assert [400] * 4 == [ask(one)[0] for one in ({"ids": ["1"] * 101}, {"ids": "1"}, [], b"{")]


def test_preferences_of_nobody_are_a_404(local):
    """As every question for somebody unknown."""
    assert 404 == local.app("/v1/customers/1/subscription_preferences")[0]
