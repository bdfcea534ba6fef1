"""The HTTP transport on real sockets: what it sends, and what each failure is called."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
from contextlib import contextmanager

import pytest

from support.peer import Said, listening
from truthpoint import transport
from truthpoint.core.answers import Answer
from truthpoint.core.wire import WireRequest
from truthpoint.ports import TransportFailed
from truthpoint.transport import MAX_ANSWER_BYTES, HttpTransport

POST = WireRequest(method="POST", path="/api/v2/batch", body=b'{"batch":[]}')


def _send(url: str, *requests: WireRequest) -> list[Answer]:
    async def story() -> list[Answer]:
        sending = HttpTransport(url, site_id="site", api_key="key")
        try:
            return [await sending.send(request) for request in requests]
        finally:
            await sending.close()

    return asyncio.run(story())


@pytest.fixture
def peer():
    with listening() as one:
        yield one


def test_a_request_arrives_as_it_is_with_basic_credentials(peer):
    """Method, path and body to the byte; site id and key by HTTP Basic."""
    _send(peer.url, POST)

    asked = peer.asked[0]
    expected = base64.b64encode(b"site:key").decode()
    assert ("POST", "/api/v2/batch", POST.body) == (asked.method, asked.path, asked.body)
    assert f"Basic {expected}" == asked.headers["authorization"]
    assert "application/json" == asked.headers["content-type"]


def test_an_escaped_path_is_not_escaped_again_nor_read(peer):
    """A person's id may hold any character; `%2F` and `..` must reach the peer as they are."""
    path = "/api/v1/customers/a%2Fb%25%20%C3%A9..%3F/events"

    _send(peer.url, WireRequest(method="POST", path=path, body=b"{}"))

    assert path == peer.asked[0].path


def test_an_answer_comes_back_whole_with_its_headers_in_lower_case(peer):
    """Whatever its status: what it means is decided elsewhere."""
    peer.answer = lambda _: Said(429, b'{"errors":[]}', {"Retry-After": "7"})

    (answer,) = _send(peer.url, POST)

    assert (429, b'{"errors":[]}') == (answer.status, answer.body)
    assert "7" == answer.headers["retry-after"]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_never_followed(peer, status):
    """Credentials and customers' data go where the contract says, and nowhere else."""
    peer.answer = lambda _: Said(status, b"", {"Location": f"{peer.url}/elsewhere"})

    (answer,) = _send(peer.url, POST)

    assert status == answer.status
    assert ["/api/v2/batch"] == [asked.path for asked in peer.asked]


def test_no_cookie_of_an_answer_is_sent_back(peer):
    """Requests are independent of each other."""
    peer.answer = lambda _: Said(200, b"{}", {"Set-Cookie": "a=b; Path=/"})

    _send(peer.url, POST, POST)

    assert "cookie" not in peer.asked[1].headers


def test_an_answer_without_end_is_read_past_and_cut(peer):
    """A peer gone wrong must not fill the memory; the next request still works."""
    peer.answer = lambda _: Said(200, b"x" * (3 * MAX_ANSWER_BYTES + 17))

    first, second = _send(peer.url, POST, POST)

    assert MAX_ANSWER_BYTES <= len(first.body) <= 2 * MAX_ANSWER_BYTES
    assert 200 == second.status


def _kind(url: str) -> str:
    with pytest.raises(TransportFailed) as failed:
        _send(url, POST)
    assert "site" not in str(failed.value)
    assert "key" not in str(failed.value)
    return failed.value.kind


def test_a_port_where_nobody_listens_is_no_connection():
    """The peer cannot have seen the request."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert "connect" == _kind(f"http://127.0.0.1:{port}")


def test_a_connection_closed_before_the_answer_is_a_lost_answer(peer):
    """The peer may have applied it: the same again, under the same ids."""
    peer.answer = lambda _: Said(None)

    assert "lost" == _kind(peer.url)
    assert 1 == len(peer.asked)


@contextmanager
def _speaking(words: bytes | None):
    """A peer that says these bytes to whoever connects, then closes; None: it says nothing."""
    over = threading.Event()

    def speak() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            if words is None:
                over.wait()
            else:
                connection.sendall(words)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=speak)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Encoding: gzip\r\n\r\nnope",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x15\x03\x01\x00\x02\x02\x50",
        b"HTTP/1.1 999999 ?\r\n\r\n",
        b"",
    ],
)
def test_an_answer_cut_off_or_not_http_is_a_lost_answer(words):
    """Nothing that a peer says ends in another error than ours."""
    with _speaking(words) as url:
        assert "lost" == _kind(url)


def test_a_peer_that_never_answers_is_a_timeout(monkeypatch):
    """The longest wait covers the whole answer."""
    monkeypatch.setattr(transport, "TIMEOUT_SECONDS", 0.05)

    with _speaking(None) as url:
        assert "timeout" == _kind(url)


def test_closing_is_harmless_before_and_after_and_the_next_request_opens_anew(peer):
    """A transport holds connections only while it has something to say."""

    async def story() -> int:
        sending = HttpTransport(peer.url + "/", site_id="s", api_key="k")
        await sending.close()
        await sending.send(POST)
        await sending.close()
        await sending.close()
        answer = await sending.send(POST)
        await sending.close()
        return answer.status

    assert 200 == asyncio.run(story())
    assert ["/api/v2/batch"] * 2 == [asked.path for asked in peer.asked]
