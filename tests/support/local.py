"""The local workspace under test: on a real port, or without sockets in virtual time."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from truthpoint.core.answers import Answer
from truthpoint.core.wire import WireRequest
from truthpoint.ports import TransportFailed
from truthpoint.workspace import Request, Workspace, start

_BASIC = "Basic bG9jYWw6bG9jYWw="


class Local:
    """A running local workspace.

    Attributes:
        url: Where it answers.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request of the control API, or of the App API, and return its JSON."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def log(self) -> list[dict[str, Any]]:
        """Return every request of the log, oldest first."""
        found: list[dict[str, Any]] = []
        after = 0
        while page := self.ask("GET", f"/local/log?after={after}&limit=500")["log"]:
            found += page
            after = page[-1]["seq"]
        return found


@contextmanager
def serving(path: Path | None = None, *, port: int = 0) -> Generator[Local]:
    """Run a local workspace on a thread of its own meanwhile."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    workspace = Workspace(path)
    try:
        server = asyncio.run_coroutine_threadsafe(start(workspace, port=port), loop).result(30)
        try:
            yield Local(server.url)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(30)
    finally:
        workspace.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class DirectTransport:
    """The way to a local workspace without sockets; waits pass in the loop's time."""

    def __init__(self, workspace: Workspace, *, latency_seconds: float = 0.01) -> None:
        self._workspace = workspace
        self._latency_seconds = latency_seconds

    async def send(self, request: WireRequest) -> Answer:
        """Send one request and return its answer; see `truthpoint.ports.Transport`."""
        headers = {"authorization": _BASIC, "host": "127.0.0.1"}
        await asyncio.sleep(self._latency_seconds)
        reply = self._workspace.handle(
            Request(method=request.method, path=request.path, headers=headers, body=request.body)
        )
        if reply.delay_seconds > 10:
            await asyncio.sleep(10)
            raise TransportFailed("timeout")
        await asyncio.sleep(reply.delay_seconds)
        if reply.reset is not None:
            raise TransportFailed("lost")
        told = {name.lower(): value for name, value in reply.headers.items()}
        return Answer(status=reply.status, headers=told, body=reply.body)

    async def close(self) -> None:
        """Nothing to let go of."""


def put_faults(workspace: Workspace, *faults: dict[str, Any]) -> None:
    """Arm faults of a workspace without sockets."""
    reply = workspace.handle(
        Request(
            method="PUT",
            path="/local/faults",
            headers={"host": "127.0.0.1"},
            body=json.dumps(list(faults)).encode(),
        )
    )

    assert reply.status == 200, reply.body


def read_log(workspace: Workspace) -> list[dict[str, Any]]:
    """Return every request in the log of a workspace without sockets, oldest first."""
    found: list[dict[str, Any]] = []
    after = "0"
    while True:
        query = {"after": after, "limit": "500"}
        reply = workspace.handle(
            Request(method="GET", path="/local/log", query=query, headers={"host": "127.0.0.1"})
        )
        page = json.loads(reply.body)["log"]
        if not page:
            return found
        found += page
        after = str(page[-1]["seq"])
