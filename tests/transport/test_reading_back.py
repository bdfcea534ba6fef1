"""Reading back from the App API (law 18): who is there, who is not, and what cannot be told."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import urllib.parse
import urllib.request
from contextlib import asynccontextmanager, closing

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.peer import Said, listening
from support.virtual import VirtualLoop
from truthpoint import reading
from truthpoint.reading import APP_URLS, MAX_ANSWER_BYTES, HttpReader
from truthpoint.testing.running import running_workspace
from truthpoint.testing.workspace import local_workspace, running_local_workspace
from truthpoint.transport import TRACK_URLS
from truthpoint.workspace import Switches

__all__ = ["local_workspace", "running_local_workspace"]

ANA = "ana+mail@example.org"
CANARY = "canary-7f3a@example.org"


def _send(url, *items):
    body = json.dumps({"batch": items}).encode()
    request = urllib.request.Request(
        url + "/api/v2/batch", body, {"Authorization": "Basic c2l0ZTprZXk="}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert 200 == answer.status


def _person(action, person, *, by="id", **more):
    return {"type": "person", "action": action, "identifiers": {by: person}, **more}


def _identify(person, *, by="id", **attributes):
    return _person("identify", person, by=by, attributes=attributes)


def _ask(url, *questions):
    """What is told of each question, and why the last was not answered."""

    async def story():
        reader = HttpReader(url, app_key="app-key")
        try:
            return [await reader.find(one) for one in questions], reader.failure
        finally:
            await reader.close()

    return asyncio.run(story())


@pytest.fixture
def peer():
    with listening() as one:
        yield one


def test_who_is_there_is_found_by_id_and_by_email_and_who_is_not_is_not(local_workspace):
    """The email in any case, with a plus sign."""
    _send(local_workspace.url, _identify("42", email=ANA))

    told = _ask(
        local_workspace.url,
        {"id": "42"},
        {"email": ANA.upper()},
        {"id": "43"},
        {"email": "bo@example.org"},
    )

    assert ([True, True, False, False], "") == told


def test_one_identifier_that_leads_to_somebody_is_enough(local_workspace):
    """Gone is who is found by none of them."""
    _send(local_workspace.url, _identify("42"))

    told = _ask(
        local_workspace.url,
        {"email": ANA, "id": "42"},
        {"email": ANA, "id": "43"},
        {"phone": "+4312345", "id": "42"},
    )

    assert ([True, False, True], "") == told


def test_a_merge_is_seen_by_the_secondary_who_is_gone(local_workspace):
    """Law 18: the primary is there, the secondary is not."""
    _send(local_workspace.url, _identify("42"), _identify("7", email=ANA))
    before, _ = _ask(local_workspace.url, {"id": "42"}, {"id": "7"})
    merge = {"type": "person", "action": "merge", "primary": {"id": "42"}}
    _send(local_workspace.url, {**merge, "secondary": {"id": "7"}})

    assert [True, True] == before
    assert ([True, False, False], "") == _ask(
        local_workspace.url, {"id": "42"}, {"id": "7"}, {"email": ANA}
    )


@pytest.mark.parametrize("action", ["suppress", "delete"])
def test_an_erasure_is_seen(local_workspace, action):
    """Law 20: by every identifier of theirs."""
    _send(local_workspace.url, _identify("42", email=ANA))
    _send(local_workspace.url, _person(action, "42"))

    assert ([False], "") == _ask(local_workspace.url, {"id": "42", "email": ANA})


def test_before_a_write_takes_effect_the_state_before_is_told():
    """About a second after the answer; whoever asks earlier asks again."""
    with running_workspace(switches=Switches(apply_delay_seconds=60)) as local:
        _send(local.url, _identify("42"))
        assert ([False], "") == _ask(local.url, {"id": "42"})
        local.advance(60)
        assert ([True], "") == _ask(local.url, {"id": "42"})


@given(
    identifier=st.text(
        st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=1, max_size=30
    ).filter(lambda text: not text.startswith("cio_"))
)
def test_an_id_of_any_characters_is_found_and_no_other(running_local_workspace, identifier):
    """`..`, slashes, percent signs, controls: ids are opaque."""
    running_local_workspace.reset()
    _send(running_local_workspace.url, _identify(identifier))

    told, _ = _ask(running_local_workspace.url, {"id": identifier}, {"id": identifier + "'"})

    assert [True, False] == told


@pytest.mark.parametrize(
    "identifiers", [{}, {"anonymous_id": "a"}, {"phone": "+4312345"}, {"id": "cio_03000001"}]
)
def test_what_the_app_api_cannot_be_asked_is_not_told(peer, identifiers):
    """An id that looks like a `cio_id` would be looked up as one."""
    told, failure = _ask(peer.url, identifiers)

    assert ([None], []) == (told, peer.asked)
    assert failure


def test_questions_carry_the_app_key_and_no_cookie(peer):
    """A bearer, on both questions; an email is escaped whole, plus sign and ampersand too."""
    peer.answer = lambda asked: Said(
        body={"results": []} if asked.method == "GET" else {"customers": []},
        headers={"Set-Cookie": "a=b; Path=/"},
    )
    email = "a+b&c=%41 é@example.org"

    told, failure = _ask(peer.url, {"id": "4 2", "email": email})

    assert ([False], "") == (told, failure)
    by_id, by_email = peer.asked
    assert ("POST", "/v1/customers/attributes") == (by_id.method, by_id.path)
    assert {"ids": ["4 2"]} == json.loads(by_id.body)
    assert ("GET", "/v1/customers") == (by_email.method, by_email.path.partition("?")[0])
    query = urllib.parse.parse_qs(by_email.path.partition("?")[2], strict_parsing=True)
    assert {"email": [email]} == query
    assert "%2B" in by_email.path
    for asked in peer.asked:
        assert "Bearer app-key" == asked.headers["authorization"]
        assert "cookie" not in asked.headers


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 401, 403, 404, 422, 429, 500, 503])
def test_another_status_than_200_tells_nothing(peer, status):
    """Neither there nor gone: a 404 could be a proxy's; a redirect is never followed."""
    somewhere = {"Location": f"{peer.url}/elsewhere"}
    peer.answer = lambda _: Said(status, b"" if status == 204 else b"{}", somewhere)

    assert ([None], f"HTTP {status}") == _ask(peer.url, {"id": "42"})
    assert ["/v1/customers/attributes"] == [asked.path for asked in peer.asked]


_ODD = [
    b"",
    b"<html>captive portal</html>",
    b"{}",
    b"[]",
    b'{"customers":{},"results":{}}',
    b'{"customers":[{}],"results":[1]}',
    b'{"customers":[{"customer":null}],"results":[null]}',
    b"\xff",
    b"[" * 100_000,
    b'{"customers":[{"customer":{"id":"9"}}],"results":[{"email":"bo@example.org"}]}',
    b'{"customers":[{"customer":{}}],"results":[{}]}',
    b'{"customers":[],"results":[],"x":"' + b"x" * MAX_ANSWER_BYTES + b'"}',
]


@pytest.mark.parametrize("body", _ODD, ids=range(len(_ODD)))
@pytest.mark.parametrize("identifiers", [{"id": "42"}, {"email": CANARY}])
def test_a_200_that_does_not_say_it_tells_nothing(peer, body, identifiers):
    """200 is not proof (law 18): neither that somebody is gone, nor that it is they."""
    peer.answer = lambda _: Said(200, body)

    told, failure = _ask(peer.url, identifiers)

    assert [None] == told
    assert failure
    assert CANARY not in failure


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"customers":null,"results":null}', False),
        (b'{"customers":[{"customer":{"id":42}}],"results":[{"email":"ANA+mail@example.org"}]}', 1),
    ],
)
def test_a_null_list_is_an_empty_one_and_a_number_is_an_id(peer, body, expected):
    """As recorded elsewhere in the App API."""
    peer.answer = lambda _: Said(200, body)

    assert ([expected] * 2, "") == _ask(peer.url, {"id": "42"}, {"email": ANA})


def test_one_unanswered_question_leaves_it_open_unless_another_finds_somebody(peer):
    """Found is found; gone needs every answer."""
    results = {"results": []}
    peer.answer = lambda asked: Said(503) if asked.method == "POST" else Said(200, results)
    assert ([None], "HTTP 503") == _ask(peer.url, {"id": "42", "email": ANA})

    results = {"results": [{"email": ANA}]}
    assert ([True], "") == _ask(peer.url, {"id": "42", "email": ANA})


def test_a_port_where_nobody_listens_tells_nothing():
    """And says why."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert ([None], "no answer (connect)") == _ask(f"http://127.0.0.1:{port}", {"id": "42"})


def test_a_lost_answer_tells_nothing_and_the_next_question_is_asked_anew(local_workspace):
    """The reader stays of use after a failure, and forgets its reason."""
    _send(local_workspace.url, _identify("42"))
    local_workspace.put_faults({"kind": "reset", "when": "after"})

    assert ([None, True], "") == _ask(local_workspace.url, {"id": "42"}, {"id": "42"})


def test_a_peer_that_never_answers_is_not_waited_for(monkeypatch):
    """The longest wait covers the whole answer."""
    monkeypatch.setattr(reading, "TIMEOUT_SECONDS", 0.05)

    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert ([None], "no answer (timeout)") == _ask(url, {"id": "42"})


def test_no_second_sees_more_questions_than_a_workspace_allows(monkeypatch):
    """10 a second, shared with whoever else asks; at most that many, however many ask at once."""
    asked_at = []

    @asynccontextmanager
    async def request(*_, **__):
        asked_at.append(asyncio.get_running_loop().time())
        raise aiohttp.ServerDisconnectedError
        yield

    monkeypatch.setattr(aiohttp.ClientSession, "request", request)

    async def story():
        reader = HttpReader("http://127.0.0.1:1", app_key="app-key")
        await asyncio.gather(*(reader.find({"id": str(number)}) for number in range(40)))
        await asyncio.sleep(100)
        await asyncio.gather(*(reader.find({"id": str(number)}) for number in range(40)))
        await reader.close()

    with closing(VirtualLoop()) as loop:
        loop.run_until_complete(story())

    assert 80 == len(asked_at)
    assert max(sum(at <= one < at + 1 for one in asked_at) for at in asked_at) <= 10
    assert asked_at[39] < 10


def test_nothing_of_a_person_is_logged_or_told(peer, caplog):
    """Law 21, with every logger at its loudest."""
    caplog.set_level(logging.DEBUG)
    failures = []
    for status in (None, 200, 401, 500):
        peer.answer = lambda _, status=status: Said(status, CANARY.encode())
        failures.append(_ask(peer.url, {"id": CANARY, "email": CANARY})[1])

    assert all(failures)
    assert CANARY not in str(failures)
    assert CANARY not in caplog.text
    assert "app-key" not in caplog.text


def test_each_region_has_both_apis():
    """1.1: one region, two hosts."""
    assert set(TRACK_URLS) == set(APP_URLS)
