"""Running the long-lived parts: servers, worker, signals. Imported only by commands that run."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from truthpoint import runtime
from truthpoint.errors import OperatorError, UsageError
from truthpoint.gateway import gateway
from truthpoint.workspace import Workspace, WorkspaceError, start

from . import output

if TYPE_CHECKING:
    from collections.abc import Generator

    from truthpoint.findings import Finding
    from truthpoint.runtime import Settings
    from truthpoint.workers import DeliverySettings, Worker
    from truthpoint.workspace import RunningServer

STORE_FILES = ("journal.db", "state.db", "workspace.db")


def _stop_on_signals() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set: what is under way is finished first."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def _report(found: Finding) -> None:
    output.note_findings([found])


async def run_work(settings: Settings, delivery: DeliverySettings, *, drain: bool) -> None:
    """Run a worker until told to stop, or until nothing waits."""
    contract = runtime.load_contract(settings.contract)
    chosen = runtime.chosen_workspace(contract, settings.workspace)
    stop = _stop_on_signals()
    worker, store, transport = runtime.open_worker(
        contract, settings, chosen, delivery=delivery, report=_report
    )
    try:
        if drain:
            await _until(stop, worker)
        else:
            output.note(f"delivering to `{chosen.name}`; Ctrl-C ends after what is under way")
            await worker.run(stop)
    finally:
        store.close()
        await transport.close()
    seen = worker.deliverer.statistics()
    output.note(f"{seen.delivered:,} delivered, {seen.dead:,} dead in {seen.requests:,} requests")


async def _until(stop: asyncio.Event, worker: Worker) -> None:
    """Drain, but end early when told to stop."""
    draining = asyncio.create_task(worker.drain())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({draining, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not draining.done():
        draining.cancel()
        await worker.deliverer.finish()
        return
    draining.result()


async def run_workspace(*, port: int, file: str | None) -> None:
    """Run a local workspace until told to stop."""
    stop = _stop_on_signals()
    async with AsyncExitStack() as stack:
        server = await _start_workspace(stack, None if file is None else Path(file), port)
        output.put(f"local workspace  {server.url}")
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
    settings: Settings,
    delivery: DeliverySettings,
    *,
    port: int,
    workspace_port: int,
    start_over: bool,
) -> None:
    """Run workspace, worker and gateway in one process until told to stop."""
    contract = runtime.load_contract(settings.contract)
    folder = runtime.store_folder(settings.store)
    if start_over:
        _forget(folder)
    stop = _stop_on_signals()
    async with AsyncExitStack() as stack:
        listener = _listen(stack, port)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        server = await _start_workspace(stack, folder / "workspace.db", workspace_port)
        ours = runtime.local_workspace(contract, server.url, report=_report)
        worker, store, transport = runtime.open_worker(
            contract, settings, ours, delivery=delivery, report=_report
        )
        stack.push_async_callback(transport.close)
        stack.callback(store.close)
        web = _Gateway(uvicorn.Config(gateway(lambda: worker.ready), log_level="warning"))
        serving = asyncio.create_task(web.serve(sockets=[listener]))
        output.put(f"local workspace  {server.url}")
        output.put(f"gateway          http://127.0.0.1:{listener.getsockname()[1]}")
        output.put(f"store            {settings.store}")
        output.put("Send records with `truthpoint send FILE`; Ctrl-C drains and ends.")
        try:
            await worker.run(stop)
        finally:
            web.should_exit = True
            await serving


class _Gateway(uvicorn.Server):
    """A uvicorn server that leaves signals to us."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone."""
        yield


def _listen(stack: AsyncExitStack, port: int) -> socket.socket:
    try:
        listener = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise UsageError(
            f"Port {port} on 127.0.0.1 cannot be used: {error.strerror}.",
            hint="Choose another with --port, or end the program that holds it.",
        ) from None
    stack.callback(listener.close)
    return listener


def _forget(folder: Path) -> None:
    """Delete the store's files, unless a worker holds them."""
    runtime.refuse_if_held(folder)
    for name in STORE_FILES:
        for end in ("", "-wal", "-shm"):
            (folder / f"{name}{end}").unlink(missing_ok=True)
