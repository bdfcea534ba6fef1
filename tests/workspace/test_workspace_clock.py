"""The clock that can be set, and writes that take effect later."""

from __future__ import annotations

import pytest
from asking import DAY, NOW, Asked, act, event, identify, ulid

from truthpoint.workspace import Switches, WorkspaceError


def _set(local, **body):
    return local.control("PUT", "/local/clock", body)


def test_the_clock_is_set_moved_and_run(local):
    """Absolute: it stands; relative: it stands or runs on as before; `run`: from where it is."""
    assert (200, {"at": NOW, "runs": True, "ahead_seconds": 0}) == local.control(
        "GET", "/local/clock"
    )
    assert (200, NOW + DAY, False) == _told(_set(local, at=NOW + DAY))
    local.now += 60
    assert (200, NOW + DAY + 5, False) == _told(_set(local, advance_seconds=5))
    assert (200, NOW + DAY + 5, True) == _told(_set(local, run=True))
    local.now += 60
    assert (200, NOW + DAY + 65, True) == _told(_set(local, run=True))
    assert (200, NOW + 2 * DAY + 65, True) == _told(_set(local, advance_seconds=DAY))
    assert (200, NOW + 120, True) == _told(local.control("DELETE", "/local/clock"))


def _told(answer):
    status, body = answer
    return status, body["at"], body["runs"]


def test_every_time_goes_by_the_clock(local):
    """Activities, what can trigger, the log, and the 30 days of anonymous events."""
    local.v1("POST", "/events", {"anonymous_id": "anon", "name": "viewed"})
    local.batch(event("1", id=ulid(1), timestamp=NOW))
    _set(local, at=NOW + 31 * DAY)
    local.batch(event("1", id=ulid(2), timestamp=NOW), event("1", id=ulid(3)))
    local.put("1", {"anonymous_id": "anon"})

    assert [False, True, False, True, None] == [one["would_trigger"] for one in local.items()]
    assert [NOW, NOW, NOW + 31 * DAY] == [one["at"] for one in local.log()][:3]
    assert NOW + 31 * DAY == local.activities("event")[0]["timestamp"]
    assert [] == local.activities("anon_merge")


def test_the_clock_is_kept_over_a_restart_and_ends_with_a_reset(tmp_path):
    """It is in the file."""
    path = tmp_path / "workspace.db"
    first = Asked(path)
    _set(first, at=NOW + DAY)
    first.workspace.close()

    again = Asked(path)
    before = again.control("GET", "/local/clock")[1]
    again.control("POST", "/local/reset")
    after = again.control("GET", "/local/clock")[1]
    again.workspace.close()
    assert (NOW + DAY, False) == (before["at"], before["runs"])
    assert (NOW, True) == (after["at"], after["runs"])


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        [],
        {},
        {"at": NOW, "run": True},
        {"at": "tomorrow"},
        {"at": True},
        {"at": -1},
        {"at": 1e12},
        {"advance_seconds": -1},
        {"advance_seconds": 1e12},
        {"run": False},
        {"stop": True},
    ],
)
def test_what_is_no_time_is_refused_and_changes_nothing(local, body):
    """400 with what is allowed."""
    status, told = local.control("PUT", "/local/clock", body)

    assert 400 == status
    assert "at" in told["errors"][0]
    assert (NOW, True) == _told(local.control("GET", "/local/clock"))[1:]


def test_a_write_can_take_effect_after_its_answer(local_with):
    """17.1: answered at once, `pending` in the log, applied at its time by what comes next."""
    local = local_with(apply_delay_seconds=1.0)

    assert (207, 1) == _batch_of_three(local)
    assert ["pending", "refused", "pending"] == local.effects()
    assert None is local.person("1")
    local.now += 1
    assert "a" == local.person("1")["attributes"]["plan"]
    assert ["applied", "refused", "applied"] == local.effects()
    told = local.control("GET", "/local/log")[1]
    assert (1, 1) == (told["people"], told["events"])


def _batch_of_three(local):
    status, body = local.batch(identify("1", plan="a"), event("1", name=""), event("1"))
    return status, body["errors"][0]["batch_index"]


def test_setting_the_clock_lets_everything_due_take_effect_first(local_with):
    """Synchronous: when it is answered, a reader sees it."""
    local = local_with(apply_delay_seconds=1.0)
    local.put("1", {"plan": "a"})
    local.v1("DELETE", "/customers/1")
    local.put("1", {"x": 1})
    _set(local, advance_seconds=1)

    assert ["applied"] * 3 == local.effects()
    assert {"x": "1"} == local.attributes("1")


def test_what_waits_survives_a_restart(tmp_path):
    """An answer is a promise, whatever becomes of the process."""
    path = tmp_path / "workspace.db"
    first = Asked(path, Switches(apply_delay_seconds=5))
    first.batch(identify("1", plan="a"), act("suppress", "2"))
    first.workspace.close()

    again = Asked(path)
    again.now += 5
    person = again.person("1")
    again.workspace.close()
    assert "a" == person["attributes"]["plan"]


def test_an_items_fault_strikes_what_waits_too(local_with):
    """An item refused by the answer never takes effect."""
    local = local_with(apply_delay_seconds=1.0)
    local.faults({"kind": "items", "indexes": [0]})
    local.batch(identify("1"), identify("2"))
    local.now += 2

    assert [None, "2"] == [local.person("1"), local.person("2")["id"]]


@pytest.mark.parametrize("seconds", [-1, 3601, float("nan")])
def test_a_delay_out_of_bounds_is_refused(seconds):
    """With what it allows."""
    with pytest.raises(WorkspaceError, match="apply_delay_seconds allows 0 to 3600"):
        Switches(apply_delay_seconds=seconds)
