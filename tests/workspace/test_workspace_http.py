"""The workspace on a real port: plain clients, keep-alive, resets, slow answers, large bodies."""

from __future__ import annotations

import asyncio
import http.client
import json
import signal
import socket
from urllib.parse import urlsplit

import aiohttp
import pytest
from asking import BASIC, event, identify, ulid

from support.local import serving
from truthpoint.workspace import Workspace, WorkspaceError, start
from truthpoint.workspace import server as server_module


@pytest.fixture(scope="module")
def shared():
    with serving() as running:
        yield running


@pytest.fixture
def running(shared):
    shared.ask("POST", "/local/reset")
    return shared


@pytest.fixture
def connect(running):
    """A plain connection to the workspace; each is closed at the end."""
    made = []

    def make():
        made.append(http.client.HTTPConnection(urlsplit(running.url).netloc, timeout=20))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _send(connection, method, path, body=b"", **headers):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request(method, path, data, {"Authorization": BASIC, **headers})
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


def test_every_endpoint_answers_a_plain_client_on_one_connection(running, connect):
    """v2 batch and entity, v1 identify and event, region, App API, log: kept alive throughout."""
    connection = connect()

    assert 200 == _send(connection, "POST", "/api/v2/batch", {"batch": [identify("a/b 1")]})[0]
    sock = connection.sock
    assert 200 == _send(connection, "POST", "/api/v2/entity", event("a/b 1", id=ulid(1)))[0]
    assert 200 == _send(connection, "PUT", "/api/v1/customers/a%2Fb%201", {"plan": "a"})[0]
    path = "/api/v1/customers/a%2Fb%201/events"
    assert 200 == _send(connection, "POST", path, {"name": "n", "id": ulid(2)})[0]
    region = json.loads(_send(connection, "GET", "/api/v1/accounts/region")[1])
    bearer = {"Authorization": "Bearer x"}
    path = "/v1/customers/a%2Fb%201/attributes?id_type=id"
    person = json.loads(_send(connection, "GET", path, **bearer)[1])["customer"]

    assert sock is connection.sock is not None
    assert running.url == region["url"]
    assert ("a", "a/b 1") == (person["attributes"]["plan"], person["id"])
    assert ["identify", "event", "identify", "event"] == [
        item["action"] for one in running.log() for item in one["items"]
    ]


def test_a_plus_in_a_query_is_a_space(running, connect):
    """9.1, the trap: an email with `+` is found only as `%2B`."""
    connection = connect()
    _send(connection, "PUT", "/api/v1/customers/ana%2Bx%40example.org", {})

    assert [] == running.ask("GET", "/v1/customers?email=ana+x@example.org")["results"]
    assert 1 == len(running.ask("GET", "/v1/customers?email=ana%2Bx@example.org")["results"])


@pytest.mark.parametrize(("when", "effect"), [("before", "not_applied"), ("after", "applied")])
def test_a_reset_breaks_the_connection_without_a_byte(running, connect, when, effect):
    """T8: the client sees a TCP reset, and the log knows whether it took effect."""
    running.ask("PUT", "/local/faults", [{"kind": "reset", "when": when}])
    body = json.dumps({"batch": [identify("1")]}).encode()
    head = (
        "POST /api/v2/batch HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {BASIC}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    address = urlsplit(running.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as raw:
        raw.sendall(head.encode() + body)
        with pytest.raises(ConnectionResetError):
            raw.recv(1)

    (request,) = running.log()
    assert (False, [effect]) == (request["answered"], [one["effect"] for one in request["items"]])
    assert 200 == _send(connect(), "GET", "/api/v1/accounts/region")[0]


def test_a_slow_answer_holds_up_nobody_else(running, connect):
    """`delay_seconds` is waited beside the others; the effect is there at once."""
    rule = {"kind": "slow", "seconds": 300, "match": {"person": "slow"}}
    running.ask("PUT", "/local/faults", [rule])
    slow = connect()
    slow.request("PUT", "/api/v1/customers/slow", b"{}", {"Authorization": BASIC})
    while not running.log():
        pass  # until the request is in

    assert 200 == _send(connect(), "PUT", "/api/v1/customers/quick", b"{}")[0]
    assert ["slow", None] == [one["fault"] for one in running.log()]


def test_a_status_fault_reaches_the_client_with_its_headers(running, connect):
    """429 and Retry-After as given; a 204 has no body, whatever the fault says."""
    running.ask(
        "PUT",
        "/local/faults",
        [
            {"kind": "status", "status": 429, "headers": {"Retry-After": "3"}, "body": "slow down"},
            {"kind": "status", "status": 204, "body": "not sent"},
        ],
    )
    connection = connect()

    status, body, headers = _send(connection, "GET", "/api/v1/accounts/region")
    assert (429, b"slow down", "3") == (status, body, headers["Retry-After"])
    assert (204, b"") == _send(connection, "GET", "/api/v1/accounts/region")[:2]
    assert 200 == _send(connection, "GET", "/api/v1/accounts/region")[0]


def test_a_body_over_five_megabytes_is_not_read_to_its_end(running):
    """413 and the connection ends; nothing is logged."""
    address = urlsplit(running.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as raw:
        raw.sendall(b"POST /api/v2/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
        sent = 0
        while sent <= 5_000_000:
            sent += raw.send(b"x" * 65_536)
        answer = b""
        while b"}" not in answer:
            answer += raw.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"5000000 bytes" in answer
    assert [] == running.log()


def test_what_is_not_http_gets_a_400_and_others_go_on(running):
    """A stranger's bytes end their own connection only."""
    address = urlsplit(running.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as raw:
        raw.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        assert raw.recv(12).startswith(b"HTTP/1.1 400")

    assert [] == running.log()


def test_many_requests_at_once_are_each_applied_once(running):
    """Law 1's other side: forty connections, one order, no two requests mixed."""

    async def story():
        async with aiohttp.ClientSession(running.url, headers={"Authorization": BASIC}) as session:

            async def one(number):
                items = [identify(str(number), n=number), event(str(number), id=ulid(number))]
                async with session.post("/api/v2/batch", json={"batch": items}) as answer:
                    return answer.status

            return await asyncio.gather(*(one(number) for number in range(400)))

    assert {200} == set(asyncio.run(story()))
    told = running.ask("GET", "/local/log?limit=1000")
    assert (400, 400, 400) == (told["people"], told["events"], told["requests"])
    assert all(
        {str(one["items"][0]["attributes"]["n"])} == {i["identifiers"]["id"] for i in one["items"]}
        for one in told["log"]
    )


def test_forwarded_addresses_are_not_believed(running, connect):
    """Who asks is who is connected, whatever a header says."""
    forged = {"X-Forwarded-For": "8.8.8.8", "Forwarded": "for=8.8.8.8"}

    assert 200 == _send(connect(), "GET", "/local/log", **forged)[0]


def test_only_loopback_is_bound(running):
    """127.0.0.1, and no other address of the machine."""
    address = urlsplit(running.url)

    assert "127.0.0.1" == address.hostname
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", address.port), timeout=5).close()


def test_a_taken_port_is_said_with_what_to_do(running):
    """One documented class, before anything is served."""
    port = urlsplit(running.url).port
    workspace = Workspace(None)

    with pytest.raises(
        WorkspaceError, match=rf"Port {port} .* in use\. Choose another with --port"
    ):
        asyncio.run(start(workspace, port=port))
    with pytest.raises(WorkspaceError, match="Port 70000"):
        asyncio.run(start(workspace, port=70_000))
    workspace.close()


async def _json(session, path):
    async with session.get(path) as answer:
        return json.loads(await answer.read())


def test_stopping_cuts_off_what_waits_and_frees_the_port():
    """A slow answer of ten minutes does not hold up the end; a second stop changes nothing."""

    async def story():
        workspace = Workspace(None)
        server = await start(workspace, port=0)
        async with aiohttp.ClientSession(server.url, headers={"Authorization": BASIC}) as session:
            async with session.put("/local/faults", json=[{"kind": "slow", "seconds": 600}]):
                pass
            asking = asyncio.create_task(session.post("/api/v2/batch", json={"batch": []}))
            while not (await _json(session, "/local/log"))["log"]:
                pass  # until the request is in
            await server.stop()
            await server.stop()
            with pytest.raises(aiohttp.ClientConnectionError):
                await asking
        again = await start(workspace, port=urlsplit(server.url).port)
        await again.stop()
        workspace.close()

    asyncio.run(story())


def test_a_defect_inside_is_a_500_and_tells_no_data(caplog):
    """Law 21: the log names the kind of the exception and the place, never its text."""
    canary = "ana" + "@example.org"

    class Broken:
        def handle(self, request):
            raise ValueError(canary)

    async def story():
        server = await start(Broken(), port=0)
        async with (
            aiohttp.ClientSession(server.url) as session,
            session.get("/api/v1/accounts/region") as answer,
        ):
            text = await answer.text()
        await server.stop()
        return answer.status, text

    status, text = asyncio.run(story())
    assert (500, True) == (status, "ValueError" in text)
    assert "ValueError" in caplog.text
    assert canary not in text + caplog.text


def test_signals_stay_with_the_caller():
    """Whoever runs the loop decides what Ctrl-C does."""

    async def story():
        workspace = Workspace(None)
        before = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
        server = await start(workspace, port=0)
        during = [signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)]
        await server.stop()
        workspace.close()
        return before, during

    before, during = asyncio.run(story())
    assert before == during


def test_an_answer_does_not_wait_for_an_acknowledgement():
    """Every connection sends at once; without that each answer after the first takes 40 ms."""
    with (
        server_module._listen(0, "a test") as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
