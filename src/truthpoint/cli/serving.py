"""Running the servers: gateway and local workspace. Imported only by commands that run."""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from truthpoint import runtime
from truthpoint.errors import OperatorError
from truthpoint.gateway import gateway
from truthpoint.workers import DeliverySettings
from truthpoint.workspace import Workspace, WorkspaceError, start

from . import output
from .working import put_seen, report, stop_on_signals

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from truthpoint.runtime import Settings
    from truthpoint.workers import Worker
    from truthpoint.workspace import RunningServer

WORKSPACE_FILE = "workspace.db"


async def run_workspace(*, port: int, file: str | None) -> None:
    """Run a local workspace until told to stop."""
    stop = stop_on_signals()
    async with AsyncExitStack() as stack:
        server = await _start_workspace(stack, None if file is None else Path(file), port)
        _announce(f"local workspace  {server.url}")
        await stop.wait()


async def _start_workspace(stack: AsyncExitStack, path: Path | None, port: int) -> RunningServer:
    try:
        local = Workspace(path)
        stack.callback(local.close)
        server = await start(local, port=port)
    except WorkspaceError as error:
        raise OperatorError(str(error)) from None
    stack.push_async_callback(server.stop)
    return server


async def run_up(
    settings: Settings, *, rate: float, port: int, workspace_port: int, start_over: bool
) -> None:
    """Run workspace, worker and gateway in one process until told to stop."""
    stop = stop_on_signals()
    contract = runtime.load_contract(settings.contract)
    folder = runtime.store_folder(settings.store)
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(_listening(port, "--port"))
        # Seen before anything is deleted: a port that is taken must not cost a store.
        with _listening(workspace_port, "--workspace-port"):
            if start_over:
                runtime.forget(folder, beside=(WORKSPACE_FILE,))
        ready = _Ready()
        await stack.enter_async_context(_serving(listener, ready))
        runtime.see_free(folder)
        server = await _start_workspace(stack, folder / WORKSPACE_FILE, workspace_port)
        ours = runtime.local_workspace(contract, server.url, report=report)
        worker, store, transport = runtime.open_worker(
            contract,
            settings,
            ours,
            delivery=DeliverySettings(requests_per_second=rate),
            report=report,
        )
        stack.push_async_callback(transport.close)
        stack.callback(store.close)
        ready.worker = worker
        _announce(
            f"local workspace  {server.url}",
            f"gateway          http://127.0.0.1:{listener.getsockname()[1]}",
            f"store            {settings.store}",
            "Send records with `truthpoint send FILE`; Ctrl-C drains and ends.",
        )
        try:
            await worker.run(stop)
        finally:
            put_seen(worker)


def _announce(*lines: str) -> None:
    """Write lines at once: whoever waits for the addresses reads a pipe."""
    for line in lines:
        output.put(line)
    output.flush()


class _Ready:
    """Whether there is a worker, and it is ready."""

    worker: Worker | None = None

    def __call__(self) -> bool:
        return self.worker is not None and self.worker.ready


@asynccontextmanager
async def _serving(listener: socket.socket, ready: Callable[[], bool]) -> AsyncGenerator[None]:
    """Serve the gateway meanwhile."""
    web = _Gateway(uvicorn.Config(gateway(ready), log_level="warning", lifespan="off"))
    serving = asyncio.create_task(web.serve(sockets=[listener]))
    try:
        yield
    finally:
        web.should_exit = True
        await serving


class _Gateway(uvicorn.Server):
    """A uvicorn server that leaves signals to us."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone."""
        yield


@contextmanager
def _listening(port: int, option: str) -> Generator[socket.socket]:
    """Hold a port of this machine."""
    try:
        listener = socket.create_server(("127.0.0.1", port))
        # Inherited by every connection: an answer must not wait for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise OperatorError(
            f"Port {port} on 127.0.0.1 cannot be used: {os.strerror(error.errno or 0)}.",
            hint=f"Choose another with {option}, or end the program that holds it.",
        ) from None
    with listener:
        yield listener
