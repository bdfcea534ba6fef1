"""`up`, `work` and `workspace`: the long-running commands, and `demo`."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from truthpoint import runtime
from truthpoint.workers import DeliverySettings

from . import options, output


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(work)
    app.command()(workspace)
    app.command()(demo)


def up(
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Gateway port.")] = 8700,
    workspace_port: options.WorkspacePort = 8710,
    start_over: Annotated[
        bool, typer.Option("--start-over", help="Delete the store and begin anew.")
    ] = False,
    rate: options.Rate = 50,
    contract: options.Contract = None,
    store: options.Store = None,
) -> None:
    """Run gateway, worker and a local Customer.io on this machine; Ctrl-C drains and ends.

    Examples:
      truthpoint up
      truthpoint up --port 8800 --workspace-port 8810
    """
    from .running import run_up  # noqa: PLC0415 - servers are slow to import

    with output.failing_clearly():
        settings = runtime.Settings.gathered(contract=contract, store=store)
        delivery = DeliverySettings(requests_per_second=rate)
        asyncio.run(
            run_up(
                settings,
                delivery,
                port=port,
                workspace_port=workspace_port,
                start_over=start_over,
            )
        )


def work(
    *,
    drain: Annotated[
        bool, typer.Option("--drain", help="End when nothing waits any more.")
    ] = False,
    rate: options.Rate = 50,
    contract: options.Contract = None,
    store: options.Store = None,
    workspace: options.Workspace = None,
) -> None:
    """Decide what was captured and deliver it, until Ctrl-C.

    Examples:
      truthpoint work --workspace staging
      truthpoint work --drain
    """
    from .running import run_work  # noqa: PLC0415 - the client is slow to import

    with output.failing_clearly():
        settings = runtime.Settings.gathered(contract=contract, store=store, workspace=workspace)
        delivery = DeliverySettings(requests_per_second=rate)
        asyncio.run(run_work(settings, delivery, drain=drain))


def workspace(
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535)] = 8710,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="PATH", help="Where it keeps its data. Default: memory."),
    ] = None,
) -> None:
    """Run a local Customer.io alone, until Ctrl-C.

    Examples:
      truthpoint workspace --file workspace.db
    """
    from .running import run_workspace  # noqa: PLC0415 - servers are slow to import

    with output.failing_clearly():
        asyncio.run(run_workspace(port=port, file=file))


def demo() -> None:
    """Run a small shop into a local Customer.io, and report what arrived and what did not.

    Examples:
      truthpoint demo
    """
    from truthpoint.demo import run_demo  # noqa: PLC0415 - servers are slow to import

    with output.failing_clearly():
        lines, proven = asyncio.run(run_demo())
        for line in lines:
            output.put(line)
    if not proven:
        raise typer.Exit(output.FINDINGS)
