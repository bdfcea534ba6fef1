"""The fixture for tests of users: a running workspace, empty for each, steered without sockets."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from asking import DAY, event, identify, ulid

from truthpoint.testing.running import LocalWorkspace, running_workspace
from truthpoint.testing.workspace import local_workspace, running_local_workspace
from truthpoint.workspace import Switches

__all__ = ["local_workspace", "running_local_workspace"]

_BASIC = "Basic " + base64.b64encode(b"site:key").decode()


def _send(url, *items):
    body = json.dumps({"batch": items}).encode()
    request = urllib.request.Request(url + "/api/v2/batch", body, {"Authorization": _BASIC})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("time", [1, 2])
def test_each_test_finds_it_empty(local_workspace, time):
    """The second finds nothing of the first: no person, no request, no fault, no time passed."""
    assert [] == local_workspace.log()
    assert None is local_workspace.person("1")
    assert 200 == _send(local_workspace.url, identify("1"))
    local_workspace.put_faults({"kind": "status", "status": 500, "times": None})
    local_workspace.advance(DAY)


def test_it_tells_what_arrived_and_what_became_of_it(local_workspace):
    """Log, items and people, without a socket."""
    _send(local_workspace.url, identify("a/b", plan="a"), event("a/b", id=ulid(1)))

    assert ["applied", "applied"] == [item["effect"] for item in local_workspace.items()]
    assert [200] == [request["status"] for request in local_workspace.log()]
    assert "a" == local_workspace.person("a/b")["attributes"]["plan"]


def test_more_requests_than_a_page_are_all_told(local_workspace):
    """The log is read to its end."""
    local_workspace.put_faults({"kind": "slow", "seconds": 1, "probability": 0, "times": None})
    for _ in range(501):
        local_workspace.person("1")

    assert 501 == len(local_workspace.log())


def test_faults_and_the_clock_are_steered(local_workspace):
    """A 503 once; an event that is a day too old after four days have passed."""
    local_workspace.put_faults({"kind": "status", "status": 503})
    local_workspace.set_clock(1_800_000_000)
    assert 1_800_000_000 + 4 * DAY == local_workspace.advance(4 * DAY)

    late = event("1", id=ulid(1), timestamp=1_800_000_000)
    assert [503, 200] == [_send(local_workspace.url, late), _send(local_workspace.url, late)]
    assert [None, False] == [item["would_trigger"] for item in local_workspace.items()]


def test_what_cannot_be_is_a_value_error(local_workspace):
    """With the text of the control API."""
    with pytest.raises(ValueError, match="kind is one of"):
        local_workspace.put_faults({"kind": "storm"})
    with pytest.raises(ValueError, match="at least 0"):
        local_workspace.advance(-1)
    with pytest.raises(ValueError, match="unix seconds"):
        local_workspace.set_clock(1e12)


def test_one_that_is_not_started_serves_no_tls():
    """It says what to use."""
    with running_workspace() as local:
        idle = LocalWorkspace(local._workspace)
        with pytest.raises(RuntimeError, match=r"running_workspace\(\)"):
            idle._running()
        idle._loop.close()


def test_another_can_run_with_other_switches(tmp_path):
    """On a file, beside the first."""
    with running_workspace(
        tmp_path / "workspace.db", switches=Switches(apply_delay_seconds=5)
    ) as local:
        _send(local.url, identify("1"))
        before = local.person("1")
        local.advance(5)
        after = local.person("1")

    assert (None, "1") == (before, after["id"])
    assert (tmp_path / "workspace.db").exists()


def test_it_needs_no_test_runner():
    """Only the module of fixtures imports pytest."""
    code = "import sys, truthpoint.testing.running; sys.exit('pytest' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
