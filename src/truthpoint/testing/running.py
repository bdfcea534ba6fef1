"""A local workspace inside a test's own process: on a free port, and asked without sockets.

Needs no test runner; `truthpoint.testing.workspace` makes fixtures for pytest of it.
"""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote

from truthpoint.workspace import Request, Switches, Workspace, certificates_beside, start

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Mapping
    from pathlib import Path

    from truthpoint.workspace import RunningServer

T = TypeVar("T")

_WAIT_SECONDS: Final = 30
"""Longest wait for the server's own thread to start or stop something."""

_PAGE_REQUESTS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsAddress:
    """Where the workspace answers over TLS.

    Attributes:
        url: Without a slash at the end.
        ca_file: What a client is to trust; `REQUESTS_CA_BUNDLE` names it to `requests`.
    """

    url: str
    ca_file: Path


class LocalWorkspace:
    """A running local workspace; made by `running_workspace()`.

    Attributes:
        url: Where it answers, without a slash at the end.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.url = ""
        self._workspace = workspace
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="local-workspace")
        self._server: RunningServer | None = None
        self._tls: TlsAddress | None = None
        self._ends = ExitStack()

    def log(self) -> list[dict[str, Any]]:
        """Return every request of Customer.io's APIs since the reset, the oldest first."""
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            page = self._control(
                "GET", "/local/log", query={"after": str(after), "limit": str(_PAGE_REQUESTS)}
            )
            if not page["log"]:
                return found
            found += page["log"]
            after = page["next"]

    def items(self) -> list[dict[str, Any]]:
        """Return every item of every request in the log, with what became of it."""
        return [item for request in self.log() for item in request["items"]]

    def person(self, identifier: str, *, by: str = "id") -> dict[str, Any] | None:
        """Return a person as the App API shows one; None: nobody.

        Args:
            identifier: Value of the identifier.
            by: `id`, `email` or `cio_id`.
        """
        status, told = self._ask(
            "GET",
            f"/v1/customers/{quote(identifier, safe='')}/attributes",
            query={"id_type": by},
            authorized=True,
        )
        return told["customer"] if status == 200 else None

    def put_faults(self, *faults: Mapping[str, Any]) -> None:
        """Let requests go wrong; what was armed before is forgotten.

        Raises:
            ValueError: A fault is none; the text says which and why.
        """
        self._control("PUT", "/local/faults", body=list(faults))

    def advance(self, seconds: float) -> float:
        """Let so many seconds pass at once, and return the time then, in unix seconds.

        Raises:
            ValueError: The seconds are negative, or lead beyond the year 2100.
        """
        return self._control("PUT", "/local/clock", body={"advance_seconds": seconds})["at"]

    def set_clock(self, at: float) -> None:
        """Let it be so late, in unix seconds, and the clock stand still.

        Raises:
            ValueError: The time is before 1970 or after 2100.
        """
        self._control("PUT", "/local/clock", body={"at": at})

    def reset(self) -> None:
        """Forget everything: people, log, faults, clock."""
        self._workspace.reset()

    def tls(self) -> TlsAddress:
        """Answer over TLS too, from the first call on, and return where.

        Raises:
            WorkspaceError: There is no `openssl` to make certificates with.
        """
        if self._tls is None:
            files = self._ends.enter_context(certificates_beside(None))
            server = self._running()
            self._on_loop(server.serve_tls(files, port=0))
            self._tls = TlsAddress(url=server.tls_url, ca_file=files.ca_file)
        return self._tls

    def start(self) -> None:
        """Begin to answer; `running_workspace()` does this."""
        self._thread.start()
        self._server = self._on_loop(start(self._workspace, port=0))
        self.url = self._server.url

    def stop(self) -> None:
        """Answer no longer; `running_workspace()` does this."""
        try:
            if self._server is not None:
                self._on_loop(self._server.stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._ends.close()

    def _running(self) -> RunningServer:
        if self._server is None:
            raise RuntimeError("The local workspace is not started: use running_workspace().")
        return self._server

    def _on_loop(self, doing: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(_WAIT_SECONDS)

    def _control(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None
    ) -> Any:
        status, told = self._ask(method, path, query=query, body=body)
        if status != 200:
            raise ValueError("; ".join(told["errors"]))
        return told

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        authorized: bool = False,
    ) -> tuple[int, Any]:
        """Ask without a socket, and return status and body."""
        reply = self._workspace.handle(
            Request(
                method=method,
                path=path,
                query=query or {},
                headers={"authorization": "Bearer test"} if authorized else {},
                body=b"" if body is None else json.dumps(body).encode(),
            )
        )
        return reply.status, json.loads(reply.body)


@contextmanager
def running_workspace(
    path: Path | None = None,
    *,
    switches: Switches = Switches(),  # noqa: B008 - a frozen value is safe to share
) -> Generator[LocalWorkspace]:
    """Run a local workspace on a thread of its own meanwhile, on a free port.

    Args:
        path: Its file; None: memory.
        switches: Choices where Customer.io's documentation is silent.

    Raises:
        WorkspaceError: The file cannot be used.
    """
    workspace = Workspace(path, switches=switches)
    local = LocalWorkspace(workspace)
    try:
        local.start()
        try:
            yield local
        finally:
            local.stop()
    finally:
        workspace.close()
