"""The file: a restart keeps everything, a kill loses nothing answered, a wrong one is refused."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from asking import BASIC, Asked, event, identify, ulid

from truthpoint.workspace import Request, Workspace, WorkspaceError


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "workspace.db"


def test_a_restart_on_the_same_file_keeps_everything(path):
    """Life, people, removed attributes, ids of events, activities and log; faults go."""
    first = Asked(path)
    first.batch(identify("1", plan="a"), event("1", id=ulid(1)))
    first.batch(identify("1", plan=None, timestamp=int(first.now) + 5))
    before = (first.workspace.life, first.log(), first.person("1"), first.activities())
    first.faults({"kind": "status", "status": 500})
    first.workspace.close()

    again = Asked(path)
    assert before[0] == again.workspace.life
    assert (before[2:], before[1]) == (
        (again.person("1"), again.activities()),
        again.log()[: len(before[1])],
    )
    again.batch(event("1", id=ulid(1)), identify("1", plan="old"))
    assert ["duplicate", "ignored"] == again.effects()[-2:]
    again.workspace.close()


def test_memory_forgets(tmp_path):
    """Without a path nothing is written."""
    lives = set()
    for _ in range(2):
        local = Asked()
        local.batch(identify("1"))
        lives.add(local.workspace.life)
        local.workspace.close()

    assert 2 == len(lives)
    assert [] == list(tmp_path.iterdir())


def test_the_files_are_their_users_only(path):
    """Law 21: 0600, also beside it and under a permissive umask."""
    old = os.umask(0)
    try:
        local = Asked(path)
        local.batch(identify("1"))
    finally:
        os.umask(old)

    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    local.workspace.close()
    assert {0o600} == set(modes.values())
    assert "workspace.db-wal" in modes


_SERVE = """
import asyncio, sys
from pathlib import Path
from truthpoint.workspace import Workspace, start

async def main():
    server = await start(Workspace(Path(sys.argv[1])), port=0)
    print(server.url, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


def test_a_kill_loses_no_request_that_was_answered(path):
    """Law 1 of the double: the log is committed before an answer leaves, SIGKILL or not."""
    with subprocess.Popen([sys.executable, "-c", _SERVE, path], stdout=subprocess.PIPE) as process:
        try:
            address = urlsplit(process.stdout.readline().decode().strip())
            connection = http.client.HTTPConnection(address.netloc, timeout=20)
            for number in range(50):
                body = json.dumps({"batch": [identify(str(number)), event(str(number))]})
                headers = {"Authorization": BASIC}
                connection.request("POST", "/api/v2/batch", body, headers)
                assert connection.getresponse().read() == b"{}\n"
            connection.close()
        finally:
            process.send_signal(signal.SIGKILL)

    local = Asked(path)
    assert ["applied"] * 100 == local.effects()
    told = local.control("GET", "/local/log")[1]
    assert (50, 50, 50) == (told["people"], told["events"], told["requests"])
    local.workspace.close()


def test_a_second_process_is_refused(path):
    """The lock is the operating system's: free again when its holder ends."""
    first = Workspace(path)
    opening = "from truthpoint.workspace import Workspace; import sys; from pathlib import Path\n"
    try_it = f"{opening}Workspace(Path(sys.argv[1]))"

    def second():
        return subprocess.run(
            [sys.executable, "-c", try_it, path], capture_output=True, text=True, check=False
        )

    refused = second()
    first.close()
    assert 0 != refused.returncode
    assert "If another local workspace has it open, end that one, or name another file." in (
        refused.stderr
    )
    assert 0 == second().returncode


def _foreign(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE shop (a)")
    connection.close()


def _newer(path):
    Workspace(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_foreign, "is not a local workspace's file. Name another one."),
        (lambda path: path.write_bytes(b"hello" * 300), "is not a local workspace's file"),
        (_newer, "is of schema version 99, and this program knows 3. Use the program that made it"),
        (lambda path: path.mkdir(), "cannot be opened for writing: Is a directory"),
    ],
)
def test_a_file_that_is_not_ours_is_refused_and_left_as_it_was(tmp_path, spoil, says):
    """A message with the file and what to do; nothing is written into it."""
    path = tmp_path / "workspace.db"
    spoil(path)
    before = path.read_bytes() if path.is_file() else None

    with pytest.raises(WorkspaceError) as caught:
        Workspace(path)

    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert before == (path.read_bytes() if path.is_file() else None)


@pytest.mark.skipif(os.geteuid() == 0, reason="a superuser may write into a read-only folder")
def test_a_read_only_folder_is_refused(tmp_path):
    """Before SQLite touches it."""
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(WorkspaceError, match="Permission denied"):
            Workspace(tmp_path / "workspace.db")
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_takes_no_file_is_refused():
    """Nobody may write there, a superuser neither."""
    with pytest.raises(WorkspaceError, match="cannot be opened for writing"):
        Workspace(Path("/proc/workspace.db"))


def test_a_file_that_cannot_grow_answers_500_and_applies_nothing(path):
    """A full disk: no answer claims what is not committed, and the workspace goes on after."""
    local = Asked(path)
    local.batch(identify("1", plan="a"))
    connection = local.workspace._database._connection
    connection.execute("PRAGMA max_page_count = 1")

    big = [identify(str(number), text="x" * 900) for number in range(400)]
    reply = local.ask("POST", "/api/v2/batch", {"batch": big})
    assert 500 == reply.status
    assert b"disk is full" in reply.body

    connection.execute("PRAGMA max_page_count = 4294967294")
    assert ["applied"] == local.effects()
    assert (200, {}) == local.batch(identify("2"))
    local.workspace.close()


def test_a_copy_of_the_file_after_the_close_is_whole(path, tmp_path):
    """Closing leaves one file: what was in the log beside it is in it."""
    local = Asked(path)
    local.batch(identify("1"))
    local.workspace.close()
    local.workspace.close()
    copy = tmp_path / "copy.db"
    shutil.copyfile(path, copy)

    again = Asked(copy)
    assert ["applied"] == again.effects()
    again.workspace.close()


def test_threads_share_a_workspace(path):
    """Requests of several threads are handled one after the other."""
    local = Asked(path)

    def one(number):
        body = json.dumps({"batch": [identify("1", **{f"a{number}": 1})]}).encode()
        request = Request(
            method="POST", path="/api/v2/batch", headers={"authorization": BASIC}, body=body
        )
        return local.workspace.handle(request).status

    with ThreadPoolExecutor(4) as pool:
        assert {200} == set(pool.map(one, range(100)))
    assert 100 == len(local.attributes("1"))
    local.workspace.close()


def test_a_file_of_version_1_is_taken_over(path):
    """What is in it stays, and what versions 2 and 3 add works."""
    first = Asked(path)
    first.batch(identify("1", plan="a"))
    first.workspace.close()
    connection = sqlite3.connect(path)
    later = ("device", "suppressed", "anonymous", "anonymous_owner", "clock", "waiting", "log_body")
    for table in later:
        connection.execute(f"DROP TABLE {table}")
    for index in ("log_failed", "log_by_status"):
        connection.execute(f"DROP INDEX {index}")
    for column in ("query", "client", "took_ms", "item_count"):
        connection.execute(f"ALTER TABLE log DROP COLUMN {column}")
    connection.execute("PRAGMA user_version = 1")
    connection.close()

    again = Asked(path)
    again.ask("PUT", "/api/v1/customers/1/devices", {"device": {"id": "t", "platform": "ios"}})
    person = again.person("1")
    requests = again.control("GET", "/local/requests")[1]["found"]
    again.workspace.close()
    assert [(1, True), (1, False)] == [
        (each["item_count"], each["took_ms"] is None) for each in requests[-1:] + requests[1:2]
    ]
    assert ("a", ["t"]) == (
        person["attributes"]["plan"],
        [device["id"] for device in person["devices"]],
    )
