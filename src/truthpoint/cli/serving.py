"""Running the servers: gateway and local workspace. Imported only by commands that run."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from truthpoint import around, runtime
from truthpoint.errors import OperatorError
from truthpoint.workers import DeliverySettings
from truthpoint.workspace import Workspace, WorkspaceError, certificates_beside, start

from .alerting import bounds_of
from .ending import stop_on_signals
from .watching import alerting
from .web import Around, announce, listening, serving
from .working import note_pauses, put_seen, report

if TYPE_CHECKING:
    from truthpoint.runtime import Settings
    from truthpoint.workspace import RunningServer

    from .alerting import Wanted

WORKSPACE_FILE = "workspace.db"


async def run_workspace(*, port: int, file: str | None) -> None:
    """Run a local workspace until told to stop."""
    stop = stop_on_signals()
    async with AsyncExitStack() as stack:
        path = None if file is None else Path(file)
        server = await _start_workspace(stack, path, port)
        announce(f"local workspace  {server.url}", await _with_tls(stack, server, path, port))
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


async def _with_tls(
    stack: AsyncExitStack, server: RunningServer, path: Path | None, port: int
) -> str:
    """Serve TLS on the port after the plain one, and return the line that says so, or why not.

    Only clients that insist on TLS need it, so that what it lacks ends nothing.
    """
    try:
        files = stack.enter_context(certificates_beside(path))
        await server.serve_tls(files, port=port + 1 if port else 0)
    except WorkspaceError as error:
        return f"without TLS      {error}"
    return f"with TLS         {server.tls_url}  CA file {files.ca_file.absolute()}"


async def run_up(
    settings: Settings,
    wanted: Wanted,
    *,
    rate: float,
    port: int,
    workspace_port: int,
    start_over: bool,
) -> None:
    """Run workspace, worker and gateway in one process until told to stop."""
    stop = stop_on_signals()
    contract = runtime.load_contract(settings.contract)
    bounds = bounds_of(wanted, contract)
    folder = runtime.store_folder(settings.store)
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listening(port, "--port"))
        # Seen before anything is deleted: a port that is taken must not cost a store.
        with listening(workspace_port, "--workspace-port"):
            if start_over:
                runtime.forget(folder, beside=(WORKSPACE_FILE,))
        told = Around(settings, stop, with_worker=True)
        local = runtime.usual_source(contract)
        await stack.enter_async_context(
            serving(listener, contract, settings, told, local_source=local)
        )
        runtime.see_free(folder)
        file = folder / WORKSPACE_FILE
        server = await _start_workspace(stack, file, workspace_port)
        tls_line = await _with_tls(stack, server, file, workspace_port)
        ours = around.local_workspace(contract, server.url, report=report)
        worker, store, transport = runtime.open_worker(
            contract,
            settings,
            ours,
            delivery=DeliverySettings(requests_per_second=rate),
            report=report,
        )
        stack.push_async_callback(transport.close)
        stack.callback(store.close)
        told.worker = worker
        announce(
            f"local workspace  {server.url}",
            f"gateway          http://127.0.0.1:{listener.getsockname()[1]}",
            f"store            {settings.store}",
            "Send records with `truthpoint send FILE`; Ctrl-C drains and ends.",
            tls_line,
        )
        note_pauses(settings)
        async with alerting(worker, settings, bounds, wanted):
            await worker.run(stop)
        put_seen(worker)
