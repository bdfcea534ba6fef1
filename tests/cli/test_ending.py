"""How the long-running commands end: in order, at once, or because nobody answers."""

from __future__ import annotations

import http.client
import json
import re
import signal
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from support.commands import Shop, ended, wait_until
from support.local import serving as local_workspace
from support.peer import Said
from support.shop import identify, order
from truthpoint.stores.sqlite import SqliteStore


def _status(shop) -> dict:
    return json.loads(shop.run("status", "--json").out)["operations"]


def _send(shop, *records) -> None:
    shop.run("send", shop.file("records.ndjson", *records))


@contextmanager
def _holding(peer):
    """Hold each answer back until told; yield whether one is held, and what lets them go."""
    asked, answering = threading.Event(), threading.Event()

    def answer(_):
        asked.set()
        answering.wait(60)
        return Said()

    peer.answer = answer
    try:
        yield asked, answering
    finally:
        answering.set()
        peer.answer = lambda _: Said()


def _ask(url: str, *, method: str = "GET", body: object = None) -> tuple[int, dict]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, method=method, data=data)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def _insist(process, number: int) -> None:
    """Send a signal again and again until the process has ended."""

    def gone() -> bool:
        if process.poll() is None:
            process.send_signal(number)
        return process.poll() is not None

    wait_until(gone)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("drain", [[], ["--drain"]])
def test_a_second_signal_ends_a_worker_at_once(connected, stop, drain):
    """Exit 3, though an answer is still awaited; what was not settled goes out again."""
    shop, peer = connected.shop, connected.peer
    _send(shop, identify("1"), order("A-1", "1"))
    with _holding(peer) as (asked, _):
        process = shop.start("work", *drain)
        wait_until(asked.is_set)
        _insist(process, stop)
        told = ended(process)
    after = _status(shop)
    again = shop.run("work", "--drain")

    assert 3 == told.code
    assert told.err.endswith(
        "error: It was stopped before its end. What was not finished goes on at the next start.\n"
    )
    assert "Traceback" not in told.err
    assert 0 == after["delivered"]
    assert 0 == again.code
    assert 2 == _status(shop)["delivered"]


_INTERPRETER_ENDS = """
import asyncio, os, signal
from truthpoint.cli.ending import stop_on_signals

class Last:
    def __del__(self, kill=os.kill, pid=os.getpid(), number=signal.SIGTERM):
        kill(pid, number)

async def work():
    stop = stop_on_signals()
    os.kill(os.getpid(), signal.SIGTERM)
    await stop.wait()

asyncio.run(work())
last = Last()
"""


def test_a_second_signal_that_comes_when_all_is_done_changes_nothing(tmp_path):
    """The interpreter takes its handlers away while it ends: the signal would kill it."""
    told = ended(Shop(tmp_path).python(_INTERPRETER_ENDS))

    assert (0, "") == (told.code, told.err)


def test_two_signals_in_the_middle_of_delivery_lose_nothing_and_double_nothing(tmp_path):
    """Law 16: after the next start every order is at the workspace, once."""
    slow = {"kind": "slow", "seconds": 0.3, "times": None}
    with local_workspace(tmp_path / "workspace.db") as local:
        contract = tmp_path / "tracking.yaml"
        base = Shop(tmp_path).contract.read_text()
        contract.write_text(f'{base}\nworkspaces:\n  local: {{url: "{local.url}"}}\n')
        shop = Shop(tmp_path, contract=contract)
        local.ask("PUT", "/local/faults", {"faults": [slow]})
        codes: list[int] = []
        for part in range(4):
            _send(shop, *(order(f"A-{part}-{n}", str(n % 40)) for n in range(250)))
            before = local.ask("GET", "/local/log")["events"]
            process = shop.start("work")
            wait_until(lambda before=before: local.ask("GET", "/local/log")["events"] > before)
            _insist(process, signal.SIGTERM)
            codes.append(ended(process).code)
        local.ask("PUT", "/local/faults", {"faults": []})
        again = shop.run("work", "--drain", "--rate", "500")
        arrived = local.ask("GET", "/local/log")["events"]

    assert 3 in codes
    assert {3, 0} >= set(codes)
    assert 0 == again.code
    assert (1_000, 1_000) == (arrived, _status(shop)["delivered"])


@pytest.mark.parametrize("command", ["serve", "up"])
def test_a_second_signal_ends_a_gateway_at_once(tmp_path, command):
    """A request that never comes to its end does not hold it for 45 seconds."""
    shop = Shop(tmp_path)
    ports = ["--port", "0", *(["--workspace-port", "0"] if command == "up" else [])]
    process = shop.start(command, *ports)
    said = b""
    while b"Ctrl-C" not in said:
        said = process.stdout.readline()
        assert said, "it ended"
        if found := re.match(rb"gateway +http://127.0.0.1:(\d+)\n", said):
            port = int(found[1])
    token = shop.run("keys", "new", "--source", "backend").out.strip()
    connection = _begin_request(port, token)
    _insist(process, signal.SIGTERM)
    told = ended(process)
    connection.close()

    assert 3 == told.code
    assert "error: It was stopped before its end." in told.err


def _begin_request(port: int, token: str):
    """Send the head of a request and the first bytes of its body, and no more."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest("POST", "/v1/records")
    connection.putheader("Authorization", f"Bearer {token}")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b'{"type"')
    metrics = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def taken() -> bool:
        metrics.request("GET", "/metrics")
        return b"waiting_requests 1\n" in metrics.getresponse().read()

    wait_until(taken)
    metrics.close()
    return connection


@pytest.mark.parametrize("silent", ["region", "delivery"])
def test_drain_gives_up_on_a_workspace_that_takes_nothing(connected, silent):
    """Exit 3 and what to do; everything waits, and goes out once the workspace answers."""
    shop, peer = connected.shop, connected.peer
    _send(shop, order("A-1", "1"))
    if silent == "region":
        region, peer.region = peer.region, Said(None)
    else:
        peer.answer = lambda _: Said(503)

    told = shop.run("work", "--drain", "--patience", "0.2")
    waiting = _status(shop)
    if silent == "region":
        peer.region = region
    peer.answer = lambda _: Said()
    again = shop.run("work", "--drain")

    assert 3 == told.code
    assert told.err.endswith(
        "error: The workspace `local` took nothing for 0.2 seconds"
        f"{'' if silent == 'region' else ' (HTTP 503)'}. "
        "What is not delivered waits in the store: run it again later, or give a longer "
        "--patience.\n"
    )
    assert "0 delivered" not in told.err
    assert 0 == waiting["delivered"]
    assert (0, 1) == (again.code, _status(shop)["delivered"])


def test_patience_lasts_as_long_as_something_arrives(connected):
    """It counts silence, not time: a long drain is no reason to give up."""
    shop, peer = connected.shop, connected.peer
    _send(shop, *(order(f"A-{n}", str(n)) for n in range(8)))
    peer.answer = lambda _: Said()

    told = shop.run("work", "--drain", "--patience", "0.5", "--rate", "4")

    assert 0 == told.code
    assert told.err.startswith("8 delivered")


def test_an_error_is_told_without_a_summary_before_it(connected):
    """`0 delivered` above an error reads as if that were the news."""
    shop, peer = connected.shop, connected.peer
    peer.region = Said(401)
    _send(shop, order("A-1", "1"))

    told = shop.run("work", "--drain")

    assert 3 == told.code
    assert "delivered" not in told.err
    assert 1 == told.err.count("\n")


def test_the_gateway_of_up_is_not_ready_while_it_drains(tmp_path):
    """A balancer must look elsewhere from the first signal on; it is alive until its end."""
    shop = Shop(tmp_path)
    process = shop.start("up", "--port", "0", "--workspace-port", "0")
    said = b"".join(process.stdout.readline() for _ in range(4)).decode()
    workspace, gateway = re.findall(r"http://127\.0\.0\.1:\d+", said)[:2]
    wait_until(lambda: 200 == _ask(f"{gateway}/readyz")[0])
    slow = {"kind": "slow", "seconds": 5, "match": {"event": "order_paid"}}
    _ask(f"{workspace}/local/faults", method="PUT", body=[slow])
    _send(shop, order("A-1", "1"))
    wait_until(lambda: _status(shop)["leased"])
    process.send_signal(signal.SIGTERM)
    ending = wait_until(lambda: (told := _ask(f"{gateway}/readyz"))[0] == 503 and told)
    alive = _ask(f"{gateway}/healthz")[0]
    _insist(process, signal.SIGTERM)
    ended(process)

    assert "it was told to end, and finishes what is under way" == ending[1]["waits_for"]
    assert 200 == alive


def test_nothing_is_lost_or_leased_for_ever_by_two_signals_before_the_first_request(connected):
    """Whenever they come: the store stays whole, and has no worker afterwards."""
    shop, peer = connected.shop, connected.peer
    peer.region = Said(None)
    _send(shop, order("A-1", "1"))
    process = shop.start("work")
    wait_until(lambda: peer.asked)
    _insist(process, signal.SIGINT)
    ended(process)
    store = SqliteStore(shop.store)

    assert () == store.acquire()

    store.close()
