"""The documented limits, to the byte, and what each path answers to what breaks them (2.12)."""

from __future__ import annotations

import json

import pytest
from asking import NOW, event, identify

TOO_LONG = "property value cannot be longer than 1000 bytes"


def _errors(body):
    return [(e.get("batch_index"), e["reason"], e["field"]) for e in body["errors"]]


def test_a_batch_of_three_with_a_wrong_one_applies_the_other_two(local):
    """17.3: 207 names index, reason, field and message; 0 and 2 are applied."""
    status, body = local.batch(identify("1"), identify("2", suburb="x" * 1001), identify("3"))

    expected = {
        "batch_index": 1,
        "reason": "invalid",
        "field": "attributes.suburb",
        "message": TOO_LONG,
    }
    assert (207, {"errors": [expected]}) == (status, body)
    assert ["applied", "refused", "applied"] == local.effects()


def test_one_item_can_have_several_errors(local):
    """3.4: one error for each field."""
    status, body = local.batch(identify("1", a="x" * 1001, b="é" * 501))

    expected = [(0, "invalid", "attributes.a"), (0, "invalid", "attributes.b")]
    assert (207, expected) == (status, _errors(body))


@pytest.mark.parametrize(
    ("item", "reason", "field"),
    [
        (identify("x" * 151), "invalid", "identifiers.id"),
        (identify("é" * 75 + "x"), "invalid", "identifiers.id"),
        (identify(""), "invalid", "identifiers.id"),
        (identify([1]), "invalid", "identifiers.id"),
        (identify("1", **{"n" * 151: 1}), "invalid", "attributes." + "n" * 40),
        (identify("1", big=[1] * 501), "invalid", "attributes.big"),
        (identify("1", **{f"a{n}": n for n in range(301)}), "invalid", "attributes"),
        (identify("1", id="x" * 151), "invalid", "attributes.id"),
        (event("1", name="n" * 101), "invalid", "name"),
        (event("1", name="  "), "required", "name"),
        (event("1", name=7), "invalid", "name"),
        (event("1", id="not-a-ulid"), "invalid", "id"),
        (event("1", id="8" + "0" * 25), "invalid", "id"),
        (event("1", attributes=[]), "invalid", "attributes"),
        ({**identify("1"), "type": None}, "required", "type"),
        ({**identify("1"), "type": "thing"}, "invalid", "type"),
        ({**identify("1"), "type": "object"}, "unsupported", "type"),
        ({**identify("1"), "action": None}, "required", "action"),
        ({**identify("1"), "action": "dance"}, "invalid", "action"),
        ({**identify("1"), "identifiers": None}, "required", "identifiers"),
        ({**identify("1"), "identifiers": {}}, "invalid", "identifiers"),
        ({**identify("1"), "identifiers": {"id": "1", "email": "a@b"}}, "invalid", "identifiers"),
        ({**identify("1"), "identifiers": {"name": "1"}}, "invalid", "identifiers"),
        (identify("1", by="phone"), "unsupported", "identifiers.phone"),
        ("item", "invalid", ""),
    ],
)
def test_a_wrong_item_is_refused_with_reason_and_field(local, item, reason, field):
    """17.2: by 207 in a batch, beside an item that is applied."""
    status, body = local.batch(item, identify("good"))

    assert (207, [(0, reason, field)]) == (status, _errors(body))
    assert ["refused", "applied"] == local.effects()


def test_what_is_just_within_the_limits_is_applied(local):
    """Each limit is a longest allowed, in bytes of UTF-8."""
    status, body = local.batch(
        identify("x" * 150, **{"n" * 150: "x" * 1000, "e": "é" * 500}),
        identify("y" * 150, **{f"a{n}": n for n in range(300)}),
        event("x" * 150, name="é" * 50),
    )

    assert (200, {}) == (status, body)


@pytest.mark.parametrize(("size_bytes", "status"), [(32_000, 200), (32_001, 207)])
def test_an_item_of_a_batch_has_32_kilobytes(local, size_bytes, status):
    """Measured on the wire, as the item's own bytes."""
    empty = json.dumps(event("1", attributes={"text": ""}))
    item = event("1", attributes={"text": "x" * (size_bytes - len(empty))})

    assert size_bytes == len(json.dumps(item))
    assert status == local.batch(item, identify("2"))[0]
    assert size_bytes == local.items()[0]["bytes"]


@pytest.mark.parametrize(("size_bytes", "status"), [(32_000, 200), (32_001, 400)])
def test_an_entity_has_32_kilobytes(local, size_bytes, status):
    """Over it the whole request is refused."""
    empty = json.dumps(event("1", attributes={"text": ""}))

    item = event("1", attributes={"text": "x" * (size_bytes - len(empty))})
    assert status == local.entity(item)[0]


@pytest.mark.parametrize(("size_bytes", "status"), [(500_000, 200), (500_001, 400)])
def test_a_batch_has_500_kilobytes(local, size_bytes, status):
    """17.1, 7: over it nothing is applied, and the log still tells what was asked."""
    items = [event("1", attributes={"text": "x" * 20_000}) for _ in range(24)]
    rest = size_bytes - len(json.dumps({"batch": [*items, event("1", attributes={"text": ""})]}))
    items.append(event("1", attributes={"text": "x" * rest}))

    assert status == local.batch(*items)[0]
    assert {"applied" if status == 200 else "not_applied"} == set(local.effects())
    assert 25 == len(local.items())


@pytest.mark.parametrize(("data_bytes", "status"), [(100_000, 200), (100_001, 400)])
def test_the_data_of_a_v1_event_has_100_000_bytes(local, data_bytes, status):
    """Three times what v2 takes; over it a 400 in the v1 envelope."""
    data = {"text": "x" * (data_bytes - len('{"text": ""}'))}
    got, body = local.post("1", {"name": "order_paid", "data": data})

    assert status == got
    assert (status == 400) == ("data: cannot be larger" in str(body.get("meta", {}).get("errors")))


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "n" * 101}, {"name": "n", "id": "x"}, {"name": "n", "data": 1}, []],
)
def test_a_wrong_v1_event_is_a_400_with_texts(local, body):
    """1.4: `{"meta": {"errors": [text]}}`."""
    status, told = local.post("1", body)

    assert 400 == status
    assert told["meta"]["errors"]
    assert 0 == local.control("GET", "/local/log")[1]["events"]


@pytest.mark.parametrize(
    "attributes",
    [{"a": "x" * 1001}, {"n" * 151: 1}, {f"a{n}": n for n in range(301)}, {"id": "x" * 151}],
)
def test_a_wrong_v1_identify_is_a_200_and_a_failed_change(local, attributes):
    """2.12: identify documents no 400; the activity is the only trace."""
    assert (200, {}) == local.put("1", {"plan": "a", **attributes})

    assert None is local.person("1")
    assert ["failed_attribute_change"] == [each["type"] for each in local.activities()]


def test_a_person_has_300_attributes_over_all_updates(local):
    """The 301st is refused, values of those that are there still change, removals make room."""
    local.put("1", {f"a{n}": n for n in range(300)})
    local.put("1", {"one_more": 1, "a0": "new"})
    local.put("1", {"a1": "new", "a2": None, "one_more": 1})

    assert ["applied", "ignored", "applied"] == local.effects()
    attributes = local.attributes("1")
    assert (300, "0", "new", "1") == (
        len(attributes), attributes["a0"], attributes["a1"], attributes["one_more"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", ""),
        (b"[]", ""),
        (b"{", ""),
        (b'{"batch":[\xff]}', ""),
        (b"[" * 100_000, ""),
        (b"{}", "batch"),
        (b'{"batch":{}}', "batch"),
        (b'{"batch":null}', "batch"),
    ],
)
def test_a_batch_that_is_none_is_refused_whole(local, body, field):
    """17.1, 7: a 400 with reason and field, without an index; nothing is applied."""
    reply = local.ask("POST", "/api/v2/batch", body)

    assert 400 == reply.status
    assert [(None, field)] == [
        (each.get("batch_index"), each["field"]) for each in json.loads(reply.body)["errors"]
    ]


def test_the_data_of_an_event_has_no_limit_for_its_values(local):
    """2.12: the 1,000 bytes are listed under people; strictness here is a switch."""
    assert 200 == local.batch(event("1", attributes={"text": "x" * 5000}, timestamp=NOW))[0]
