"""Always and never, over any order of person actions: nobody half gone, nothing told twice."""

from __future__ import annotations

import pytest
from asking import Asked, act, event, identify, merge, ulid
from hypothesis import given, settings
from hypothesis import strategies as st

from truthpoint.workspace import Switches

_PEOPLE = [("id", "1"), ("id", "2"), ("email", "ana@example.org"), ("email", "bo@example.org")]
_DEVICE = {"token": "t", "platform": "ios"}


def _item(action, one, other, number):
    (by, person), (other_by, other_person) = one, other
    if action == "merge":
        return merge({by: person}, {other_by: other_person})
    if action == "identify":
        more = {other_by: other_person} if other_by != by else {"plan": number}
        return identify(person, by=by, **more)
    if action == "claim":
        return identify(person, by=by, anonymous_id="anon")
    if action == "anonymous":
        return event("anon", by="anonymous_id", id=ulid(number))
    if action == "event":
        return event(person, by=by, id=ulid(number))
    return act(action, person, by=by, device=_DEVICE)


_ACTIONS = [
    "identify", "identify", "event", "anonymous", "claim", "merge", "delete", "suppress",
    "unsuppress", "add_device", "delete_device",
]  # fmt: skip
items = st.lists(
    st.builds(
        _item,
        st.sampled_from(_ACTIONS),
        st.sampled_from(_PEOPLE),
        st.sampled_from(_PEOPLE),
        st.integers(1, 6),
    ),
    max_size=25,
)


def _rows(local, statement):
    return local.workspace._database._connection.execute(statement).fetchall()


def _everything(local):
    """People, activities and events as a reader sees them, without the numbers of requests."""
    found = [local.person(value, kind) for kind, value in _PEOPLE]
    for person in found:
        if person is not None:
            person.pop("timestamps")
            person["attributes"].pop("cio_id")
            person["identifiers"].pop("cio_id")
            for device in person["devices"]:
                device.pop("last_used")
    told = local.control("GET", "/local/log")[1]
    activities = [(one["type"], one["customer_id"]) for one in _all_activities(local)]
    return found, told["people"], told["events"], activities, local.effects()


def _all_activities(local):
    start, found = "", []
    while True:
        body = local.app(f"/v1/activities?limit=100&start={start}")[1]
        found += body["activities"]
        start = body["next"]
        if not start:
            return found


def _check_whole(local):
    """Nothing belongs to somebody who is gone, and nobody suppressed has a profile."""
    for table in ("attribute", "device", "anonymous_owner", "activity"):
        orphans = (
            f"SELECT person FROM {table} WHERE person NOT NULL EXCEPT SELECT person FROM person"
        )
        assert [] == _rows(local, orphans), table
    ((people,),) = _rows(local, "SELECT count(*) FROM person")
    assert people == local.control("GET", "/local/log")[1]["people"]
    for kind in ("id", "email"):
        blocked = f"SELECT value FROM suppressed WHERE kind = '{kind}'"
        assert [] == _rows(local, f"SELECT 1 FROM person WHERE {kind} IN ({blocked})")
        told = f"""SELECT 1 FROM person AS p LEFT JOIN attribute AS a
            ON a.person = p.person AND a.name = '{kind}'
            WHERE p.{kind} IS NOT json_extract(a.value, '$')"""
        assert [] == _rows(local, told), kind
    assert [] == _rows(local, "SELECT 1 FROM person WHERE id IS NULL AND email IS NULL")


def _holds(given):
    """Each item alone, the same in one batch, and the same applied later: one story."""
    alone, together, later = Asked(), Asked(), Asked(switches=Switches(apply_delay_seconds=5))
    for item in given:
        assert 200 == alone.batch(item)[0]
    assert 200 == together.batch(*given)[0]
    _check_whole(alone)
    _check_whole(together)
    later.batch(*given)
    later.control("PUT", "/local/clock", {"advance_seconds": 5})

    whole = _everything(together)
    assert _everything(alone) == whole
    assert _everything(later) == whole
    for one in (alone, together, later):
        one.workspace.close()


@settings(max_examples=60, deadline=None)
@given(given=items)
def test_any_order_of_actions_leaves_nobody_half_gone(given):
    """Identifiers are unique, counts are right, and batching or delay changes nothing."""
    _holds(given)


@pytest.mark.soak
@given(given=items)
def test_any_order_of_actions_leaves_nobody_half_gone_at_full_size(given):
    """The same with the profile of the soak."""
    _holds(given)
