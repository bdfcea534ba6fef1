"""The workspace over HTTP, plain and by TLS, on 127.0.0.1 only.

Requests are handled in the event loop's own thread, one after the other: the order of the log
is the order of arrival, and one that takes a few milliseconds would gain nothing from a second
thread under the interpreter's lock. Only waiting (`delay_seconds`) is done beside the others.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
import traceback
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from .errors import WorkspaceError
from .messages import Reply, Request, control_error

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, MutableMapping
    from pathlib import Path

    from .certificates import Certificates
    from .workspace import Workspace

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

HOST: Final = "127.0.0.1"
LARGEST_PORT: Final = 65_535

BODY_BYTES: Final = 5_000_000
"""Longest body that is read; ten times the largest that Customer.io documents."""

KEEP_ALIVE_SECONDS: Final = 75
STOP_SECONDS: Final = 2
"""Longest wait for answers under way when the server stops; then they are cut off."""

_NO_LINGER: Final = struct.pack("ii", 1, 0)
"""Closing sends a reset instead of an orderly end."""

_log: Final = logging.getLogger(__name__)


class RunningServer:
    """A workspace that is being served.

    Attributes:
        url: Where, without a slash at the end.
        tls_url: The same over TLS; empty: not served.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.url = ""
        self.tls_url = ""
        self._workspace = workspace
        self._running: list[tuple[_Site, _Server, asyncio.Task[None]]] = []

    async def serve_tls(self, files: Certificates, *, port: int) -> None:
        """Serve the same workspace over TLS too.

        Args:
            files: What the server shows.
            port: On 127.0.0.1; 0: any that is free.

        Raises:
            WorkspaceError: The port cannot be used.
        """
        at = await self._serve(_listen(port, "TLS of the local workspace"), files.server_file)
        self.tls_url = f"https://{HOST}:{at}"

    async def serve(self, *, port: int) -> None:
        """Serve without TLS; `start` calls this."""
        self.url = f"http://{HOST}:{await self._serve(_listen(port, 'the local workspace'), None)}"

    async def stop(self) -> None:
        """End it: answers that wait are cut off, others are finished. Twice changes nothing."""
        for site, server, _ in self._running:
            site.stopping.set()
            server.should_exit = True
        for _, _, serving in self._running:
            await serving

    async def _serve(self, listener: socket.socket, server_file: Path | None) -> int:
        """Serve on a socket until stopped, and return its port."""
        port: int = listener.getsockname()[1]
        site = _Site(self._workspace)
        config = uvicorn.Config(
            site.serve,
            http=site.protocol,
            interface="asgi3",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
            ssl_certfile=server_file,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        ready = asyncio.create_task(server.ready.wait())
        await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            ready.cancel()
            listener.close()
            serving.result()
        self._running.append((site, server, serving))
        return port


async def start(workspace: Workspace, *, port: int) -> RunningServer:
    """Serve a workspace in the running event loop, until stopped.

    Args:
        workspace: What to serve; it stays the caller's to close.
        port: On 127.0.0.1; 0: any that is free.

    Raises:
        WorkspaceError: The port cannot be used.
    """
    running = RunningServer(workspace)
    await running.serve(port=port)
    return running


def _listen(port: int, what: str) -> socket.socket:
    reason = "a port is from 0 to 65535"
    if 0 <= port <= LARGEST_PORT:
        try:
            listener = socket.create_server((HOST, port), backlog=2048)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
        else:
            # Inherited by every connection. asyncio sets it on sockets of its own only, and
            # without it each answer after the first waits 40 ms for an acknowledgement.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return listener
    raise WorkspaceError(
        f"Port {port} on {HOST} cannot be used for {what}: {reason}. Choose "
        "another with --port (of `up`: --workspace-port), or end the program that holds it."
    )


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to others and tells when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self.ready.set()


class _Site:
    """A workspace as an ASGI application that can also break a connection.

    ASGI has no word for a reset, so the protocol notes each connection's transport by the
    client's address, which is its own as long as the connection lasts.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.stopping = asyncio.Event()
        transports: dict[tuple[str, int], asyncio.Transport] = {}
        self._transports = transports

        class Protocol(H11Protocol):
            """Notes its transport while connected."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - as its base
                super().connection_made(transport)
                if self.client is not None:
                    transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    transports.pop(self.client, None)
                super().connection_lost(exc)

        self.protocol = Protocol

    async def serve(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        body = await _read(receive)
        if body is None:
            text = f"a body cannot be larger than {BODY_BYTES} bytes"
            await _send(send, control_error(413, text), closes=True)
            return
        reply = self._reply(_request(scope, body))
        if reply.delay_seconds:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), reply.delay_seconds)
        is_cut = bool(reply.delay_seconds) and self.stopping.is_set()
        if reply.reset is not None or is_cut:
            await self._reset(tuple(scope["client"]), receive)
            return
        await _send(send, reply)

    def _reply(self, request: Request) -> Reply:
        try:
            return self._workspace.handle(request)
        except Exception as error:  # noqa: BLE001 - a defect here is answered, not hidden
            # The text of an exception may quote a value, so only its kind and place are told.
            place = "".join(traceback.format_tb(error.__traceback__))
            _log.error("the local workspace failed with %s\n%s", type(error).__name__, place)
            text = f"the local workspace failed with {type(error).__name__}; its log says where"
            return control_error(500, text)

    async def _reset(self, client: tuple[str, int], receive: Receive) -> None:
        """Break the connection with a TCP reset, and wait until it is gone."""
        transport = self._transports.get(client)
        if transport is not None:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


async def _read(receive: Receive) -> bytes | None:
    """Return a request's body; None: it is too large."""
    parts: list[bytes] = []
    body_bytes = 0
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        body_bytes += len(part)
        if body_bytes > BODY_BYTES:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _request(scope: Message, body: bytes) -> Request:
    query: dict[str, str] = {}
    for name, value in parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True):
        query.setdefault(name, value)
    headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
    return Request(
        method=scope["method"],
        path=scope["raw_path"].decode("latin-1"),
        query=query,
        headers=headers,
        body=body,
        scheme=scope["scheme"],
        loopback=ip_address(scope["client"][0]).is_loopback,
    )


async def _send(send: Send, reply: Reply, *, closes: bool = False) -> None:
    # These two have no body, whatever a fault gives them.
    body = b"" if reply.status in (204, 304) else reply.body
    given = {name.lower(): value for name, value in reply.headers.items()}
    given["content-length"] = str(len(body))
    if closes:
        given["connection"] = "close"
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in given.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
