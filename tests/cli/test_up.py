"""`up` and `workspace`: their addresses, whether they are ready, and how they end."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import urllib.error
import urllib.request
from contextlib import contextmanager

import aiohttp
import pytest

from support.commands import Ended, Shop, ended, wait_until
from support.connected import SECRETS
from support.shop import order
from truthpoint import runtime
from truthpoint.cli import web
from truthpoint.stores.sqlite import SqliteStore

ANY_PORTS = ("--port", "0", "--workspace-port", "0")


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def _ask(url: str, *, method: str = "GET", body: object = None) -> tuple[int, dict]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, data=data)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


class Running:
    """`up` in a process of its own."""

    def __init__(self, shop: Shop, *arguments: str) -> None:
        self.process = shop.start("up", *ANY_PORTS, *arguments)
        assert self.process.stdout is not None
        said = b"".join(self.process.stdout.readline() for _ in range(4)).decode()
        if not said.startswith("local workspace"):
            raise AssertionError(f"it did not start: {said} {ended(self.process)}")
        self.said = said
        self.workspace, self.gateway = re.findall(r"http://127\.0\.0\.1:\d+", said)[:2]

    def stop(self, number: int = signal.SIGTERM) -> Ended:
        self.process.send_signal(number)
        return ended(self.process)


@contextmanager
def _up(shop: Shop, *arguments: str):
    running = Running(shop, *arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.communicate()


def _delivered(shop: Shop) -> int:
    return json.loads(shop.run("status", "--json").out)["operations"]["delivered"]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_up_prints_its_addresses_delivers_and_ends_with_0(shop, stop):
    """The whole path on one machine: send, decide, deliver, see it there, Ctrl-C."""
    with _up(shop) as running:
        assert (200, {"status": "alive"}) == _ask(f"{running.gateway}/healthz")
        wait_until(lambda: 200 == _ask(f"{running.gateway}/readyz")[0])
        shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
        wait_until(lambda: 1 == _delivered(shop))
        _, log = _ask(f"{running.workspace}/local/log")
        told = running.stop(stop)

    assert "store            sqlite:" in running.said
    assert running.said.endswith("`truthpoint send FILE`; Ctrl-C drains and ends.\n")
    assert 1 == log["events"]
    assert 0 == told.code
    assert re.fullmatch(r"1 delivered, 0 dead in \d+ requests\n", told.err)


def test_up_settles_what_is_under_way_before_it_ends(shop):
    """The workspace answers until the last request is settled: nothing stays leased."""
    with _up(shop) as running:
        slow = {"kind": "slow", "seconds": 0.5, "match": {"event": "order_paid"}}
        assert 200 == _ask(f"{running.workspace}/local/faults", method="PUT", body=[slow])[0]
        shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
        wait_until(lambda: 1 == _ask(f"{running.workspace}/local/log")[1]["events"])
        told = running.stop()

    status = json.loads(shop.run("status", "--json").out)
    assert 0 == told.code
    assert told.err.startswith("1 delivered")
    assert (1, 0) == (status["operations"]["delivered"], status["operations"]["leased"])


def test_up_again_goes_on_with_the_same_workspace(shop):
    """Its data lies beside the store's; nothing is delivered twice."""
    shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
    for number in (1, 2):
        with _up(shop) as running:
            shop.run("send", shop.file("b.ndjson", order(f"B-{number}", "1")))
            wait_until(lambda number=number: number + 1 == _delivered(shop))
            _, log = _ask(f"{running.workspace}/local/log")
            assert 0 == running.stop().code

    assert 3 == log["events"]


def test_after_a_reset_up_says_so_and_start_over_begins_anew(shop):
    """A store that delivered to the old life is refused, with the command that helps."""
    with _up(shop) as running:
        wait_until(lambda: 200 == _ask(f"{running.gateway}/readyz")[0])
        _ask(f"{running.workspace}/local/reset", method="POST")
        running.stop()

    refused = shop.spawn("up", *ANY_PORTS)
    with _up(shop, "--start-over") as anew:
        wait_until(lambda: 200 == _ask(f"{anew.gateway}/readyz")[0])
        captured = json.loads(shop.run("status", "--json").out)["captured"]
        anew.stop()

    assert 3 == refused.code
    assert "The local workspace began a new life" in refused.err
    assert "`truthpoint up --start-over` begins anew with it" in refused.err
    assert 0 == captured


def test_start_over_refuses_while_a_worker_runs(shop):
    """Nothing is deleted under a running worker."""
    shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
    store = SqliteStore(shop.store)
    store.acquire()

    told = shop.spawn("up", *ANY_PORTS, "--start-over")
    store.close()

    assert 3 == told.code
    assert "has a worker already" in told.err
    assert 1 == json.loads(shop.run("status", "--json").out)["captured"]


def test_start_over_refuses_a_store_that_served_another_workspace(connected):
    """What was sent to staging or production is not ours to forget."""
    shop = connected.shop
    shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
    shop.run("work", "--drain", "--workspace", "staging", **SECRETS)

    told = shop.run("up", *ANY_PORTS, "--start-over")

    assert 2 == told.code
    assert (
        f"error: The store {shop.store} delivered to the workspace `staging`, and starting over "
        "would forget what was sent there. Nothing was deleted; name another --store.\n"
    ) == told.err
    assert 1 == _delivered(shop)


@pytest.mark.parametrize("option", ["--port", "--workspace-port"])
def test_a_port_that_is_taken_is_said_before_anything_is_deleted(shop, option):
    """Exit 3, which port, and which option chooses another."""
    shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = shop.run("up", *ANY_PORTS, option, str(port), "--start-over")

    assert 3 == told.code
    assert (
        f"error: Port {port} on 127.0.0.1 cannot be used: Address already in use. "
        f"Choose another with {option}, or end the program that holds it.\n"
    ) == told.err
    assert 1 == json.loads(shop.run("status", "--json").out)["captured"]


def test_up_says_when_the_contract_names_another_address(connected):
    """`up` delivers to the workspace that it starts."""
    with _up(connected.shop) as running:
        wait_until(lambda: 200 == _ask(f"{running.gateway}/readyz")[0])
        told = running.stop()

    assert 0 == told.code
    assert "warning url_ignored" in told.err
    assert [] == connected.peer.asked


def test_a_second_up_on_a_store_is_refused(shop):
    """Exit 3, whatever its ports; the first one goes on."""
    with _up(shop) as running:
        told = shop.spawn("up", *ANY_PORTS)
        assert 0 == running.stop().code

    assert 3 == told.code
    assert "has a worker already" in told.err


def test_the_gateway_is_not_ready_until_the_worker_is(shop):
    """`/readyz`: 503 until store, lease and region are there, 200 after, over real HTTP."""

    class _Worker:
        waits_for = "the workspace's region answer is missing"

    async def story() -> list[tuple[int, dict]]:
        settings = runtime.Settings(contract=str(shop.contract), store=f"sqlite:{shop.store}")
        contract = runtime.load_contract(settings.contract)
        around, seen = web.Around(settings, asyncio.Event(), with_worker=True), []
        with web.listening(0, "--port") as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            serving = web.serving(listener, contract, settings, around)
            async with serving, aiohttp.ClientSession() as session:
                for worker_ready in (None, False, True, False):
                    if worker_ready is not None:
                        around.worker = around.worker or _Worker()
                        around.worker.waits_for = "" if worker_ready else _Worker.waits_for
                    async with session.get(f"{url}/readyz") as response:
                        seen.append((response.status, await response.json()))
                async with session.get(f"{url}/healthz") as response:
                    seen.append((response.status, await response.json()))
        return seen

    seen = asyncio.run(story())

    no_lease, no_answer = (
        (503, {"status": "not ready", "waits_for": waits})
        for waits in ("the store's lease is missing", _Worker.waits_for)
    )
    ready = (200, {"status": "ready"})
    assert [no_lease, no_answer, ready, no_answer, (200, {"status": "alive"})] == seen


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("file", [(), ("--file", "workspace.db")])
def test_a_workspace_alone_runs_until_told_to_stop(shop, stop, file):
    """It prints its addresses, answers, and ends with 0."""
    process = shop.start("workspace", "--port", "0", *file)
    assert process.stdout is not None
    said, over_tls = (process.stdout.readline().decode() for _ in range(2))
    status, region = _ask(said.split()[-1] + "/local/log")
    process.send_signal(stop)
    told = ended(process)

    assert said.startswith("local workspace  http://127.0.0.1:")
    assert over_tls.startswith("with TLS         https://127.0.0.1:")
    assert (200, 0) == (status, region["requests"])
    assert (0, "", "") == (told.code, told.out, told.err)
    if file:
        assert 0o600 == (shop.folder / "workspace.db").stat().st_mode & 0o777


def test_a_workspaces_file_that_is_none_and_a_port_that_is_taken_are_said(shop):
    """Exit 3, what and where."""
    notes = shop.folder / "notes.db"
    notes.write_bytes(b"no database at all " * 100)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        on_port = shop.run("workspace", "--port", port)
    on_file = shop.run("workspace", "--port", "0", "--file", str(notes))

    assert (3, 3) == (on_port.code, on_file.code)
    assert f"error: Port {port} on 127.0.0.1 cannot be used" in on_port.err
    assert "Choose another with --port" in on_port.err
    assert f"error: {notes} is not a local workspace's file. Name another one.\n" == on_file.err


def test_the_demo_stays_when_asked(shop):
    """The page and what was read back stay until SIGINT; then it ends with 0."""
    process = shop.start("demo", "--stay")
    said = ""
    while " until Ctrl-C" not in said:
        line = process.stdout.readline().decode()

        assert line, "it ended"

        said = line
    url = said.split()[5]
    with urllib.request.urlopen(url, timeout=30) as page:
        assert b"Local workspace" in page.read()
    process.send_signal(signal.SIGINT)

    assert 0 == ended(process).code


def test_the_demo_proves_itself_and_leaves_nothing(shop):
    """Exit 0, and a report that says what was sent, what was read back and how it compares."""
    told = shop.spawn("demo", environment={"TMPDIR": str(shop.folder)})

    assert 0 == told.code
    assert "" == told.err
    assert told.out.endswith("\nEverything is where it belongs.\n")
    checks = re.findall(r"^  (ok |NOT) +(\d+) [a-z].*\.$", told.out, re.MULTILINE)
    assert 18 == len(checks)
    assert all(word == "ok " and count != "0" for word, count in checks)
    assert [] == list(shop.folder.iterdir())
