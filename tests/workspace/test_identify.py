"""Who an identify writes and what: the decision table of 2.3, partial updates, order by time."""

from __future__ import annotations

import pytest
from asking import NOW, Asked, event, identify
from hypothesis import given
from hypothesis import strategies as st


def _people(local):
    return local.control("GET", "/local/log")[1]["people"]


def test_a_known_person_is_updated(local):
    """Known path identifier, none in the body: update that person."""
    local.put("1", {"plan": "a"})
    local.put("1", {"id": "1", "plan": "b"})

    assert (1, {"plan": "b"}) == (_people(local), local.attributes("1"))


def test_an_unknown_person_is_created_even_by_an_empty_body(local):
    """Unknown: create; `{}` leaves id and `cio_id` only (appendix D, 3)."""
    local.put("1", {})

    person = local.person("1")
    assert {"id", "cio_id"} == set(person["attributes"])
    assert 16 == len(person["identifiers"]["cio_id"])
    assert None is person["identifiers"]["email"]


def test_update_true_never_creates(local):
    """`_update` of nobody: v1 leaves a failed change, v2 nothing at all (16, row 3)."""
    assert (200, {}) == local.put("1", {"_update": True, "plan": "a"})
    assert (200, {}) == local.batch(identify("2", _update=True, plan="a"))

    assert 0 == _people(local)
    assert ["failed_attribute_change"] == [each["type"] for each in local.activities()]
    assert ["ignored", "ignored"] == local.effects()


def test_an_unknown_id_with_a_known_email_goes_to_that_person(local):
    """Unknown path identifier, the body names X, who has none: X gets it."""
    local.put("ana@example.org", {"plan": "a"})
    local.put("1", {"email": "ANA@example.org"})

    assert 1 == _people(local)
    assert {"plan": "a"} == local.attributes("1")


def test_an_unknown_email_with_a_known_id_goes_to_that_person(local):
    """The reverse: the email becomes that of the person whom the id names."""
    local.put("1", {"plan": "a"})
    local.put("ana@example.org", {"id": "1"})

    assert 1 == _people(local)
    assert "1" == local.person("ana@example.org", "email")["id"]


def test_a_known_person_gets_an_identifier_that_they_lack(local):
    """Known X, unknown value, X has none of that kind: X gets it."""
    local.put("1", {})
    local.put("1", {"email": "ana@example.org"})
    local.put("bob@example.org", {})
    local.put("bob@example.org", {"id": "2"})

    assert "1" == local.person("ana@example.org", "email")["id"]
    assert "bob@example.org" == local.person("2")["identifiers"]["email"]


def test_an_identifier_once_set_does_not_change_by_another(local):
    """Known X, another value than X has: 200, and a failed change; nothing is written."""
    local.put("1", {"email": "ana@example.org", "plan": "a"})
    assert (200, {}) == local.put("1", {"email": "new@example.org", "plan": "b"})
    assert (200, {}) == local.put("ana@example.org", {"id": "2", "plan": "c"})

    assert {"plan": "a"} == local.attributes("1")
    assert None is local.person("2")
    assert 2 == len(local.activities("failed_attribute_change"))
    assert ["applied", "ignored", "ignored"] == local.effects()


def test_an_identifier_of_another_person_is_not_taken(local):
    """Known X, a value of Y: 200, and a failed change; nothing is written."""
    local.put("1", {"plan": "a"})
    local.put("2", {"email": "bob@example.org"})
    local.put("1", {"email": "bob@example.org", "plan": "b"})

    assert {"plan": "a"} == local.attributes("1")
    (failed,) = local.activities("failed_attribute_change")
    assert "1" == failed["customer_id"]
    assert "bob" not in str(failed["data"])


def test_identifiers_change_by_cio_id(local):
    """`cio_…` known: any free identifier is set; v2 goes without the prefix."""
    local.put("1", {"email": "ana@example.org"})
    cio_id = local.person("1")["identifiers"]["cio_id"]
    local.put(f"cio_{cio_id}", {"id": "2"})
    local.batch(identify(cio_id, by="cio_id", email="new@example.org", plan="a"))

    assert {"id": "2", "email": "new@example.org", "cio_id": cio_id} == local.person("2")[
        "identifiers"
    ]
    assert {"plan": "a"} == local.attributes("2")
    assert None is local.person("1")


def test_a_taken_identifier_is_not_given_by_cio_id(local):
    """Free identifiers only."""
    local.put("1", {})
    local.put("2", {})
    cio_id = local.person("1")["identifiers"]["cio_id"]
    local.put(f"cio_{cio_id}", {"id": "2", "plan": "a"})

    assert ({}, {}) == (local.attributes("1"), local.attributes("2"))


def test_a_cio_id_of_nobody_is_dropped(local):
    """200, no person, no activity: for identify and event."""
    assert (200, {}) == local.put("cio_0011223344556677", {"plan": "a"})
    assert (200, {}) == local.post("cio_0011223344556677", {"name": "order_paid"})

    assert (0, []) == (_people(local), local.activities())
    assert ["ignored", "ignored"] == local.effects()


def test_an_update_is_partial_and_null_removes(local):
    """2.3, appendix D 7: keys not sent stay; null removes."""
    local.put("1", {"plan": "a", "age": 30, "vip": True, "gone": "x"})
    local.put("1", {"plan": "b", "gone": None, "never": None})

    assert {"age": "30", "plan": "b", "vip": "true"} == local.attributes("1")


def test_a_null_email_frees_it_for_another(local):
    """Appendix D, 7: an email set to null is gone from the profile."""
    local.put("1", {"email": "ana@example.org"})
    local.put("1", {"email": None})
    local.put("2", {"email": "ana@example.org"})

    assert None is local.person("1")["identifiers"]["email"]
    assert "2" == local.person("ana@example.org", "email")["id"]


def test_a_person_known_by_email_alone_keeps_it(local):
    """The last identifier is never removed."""
    local.put("ana@example.org", {"email": None, "plan": "a"})
    local.put("ana@example.org", {"email": None, "plan": "b"})

    assert {"plan": "b"} == local.attributes("ana@example.org", "email")


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_older_update_does_not_overwrite_a_newer_one(local, version):
    """Law 12's other side: `_timestamp` or `timestamp` decides, attribute by attribute."""
    for at, attributes in ((NOW, {"plan": "new"}), (NOW - 60, {"plan": "old", "size": "M"})):
        if version == "v1":
            local.put("1", {**attributes, "_timestamp": at})
        else:
            local.batch(identify("1", timestamp=at, **attributes))

    assert {"plan": "new", "size": "M"} == local.attributes("1")
    (skipped,) = local.activities("skipped_update")
    assert {"attributes": ["plan"]} == skipped["data"]


def test_a_removal_is_not_undone_by_an_older_value(local):
    """What is gone stays gone until a newer word."""
    local.batch(identify("1", plan="a", timestamp=NOW - 90))
    local.batch(identify("1", plan=None, timestamp=NOW))
    local.batch(identify("1", plan="b", timestamp=NOW - 60))

    assert {} == local.attributes("1")
    assert "ignored" == local.effects()[-1]


def test_changes_tell_from_and_to_and_their_time_moves_with_the_value_only(local):
    """9.2: `{name: {from, to}}`; appendix D, 6: an equal value keeps its old time."""
    local.batch(identify("1", plan="a", size="M", timestamp=NOW - 60))
    local.batch(identify("1", plan="b", size="M", timestamp=NOW))

    assert {"plan": {"from": "a", "to": "b"}} == local.activities("attribute_change")[0]["data"]
    assert {"plan": NOW, "size": NOW - 60}.items() <= local.person("1")["timestamps"].items()


def test_an_event_of_nobody_creates_a_bare_profile(local):
    """2.4: undocumented; the default is what makes the mistake visible."""
    local.batch(event("ana@example.org", by="email"))

    assert {} == local.attributes("ana@example.org", "email")


@given(st.permutations(range(5)), st.lists(st.sampled_from("ab"), min_size=5, max_size=5))
def test_the_order_of_arrival_never_decides(order, names):
    """Whatever the order, each attribute has the value of the newest update of it."""
    local = Asked()
    for at in order:
        local.batch(identify("1", timestamp=NOW + at, **{names[at]: str(at)}))

    expected = {name: str(at) for at, name in enumerate(names)}
    assert expected == local.attributes("1")
    local.workspace.close()
