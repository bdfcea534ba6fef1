"""`up`, `serve`, `work` and `workspace`: the long-running commands, and `demo`."""

from __future__ import annotations

from typing import Annotated

import typer

from truthpoint import runtime
from truthpoint.errors import UsageError

from . import alerting, failing, options, output


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (up, serve, work, workspace, demo):
        app.command(help=options.help_of(command))(command)


def up(  # noqa: PLR0913 - one option for each choice
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Gateway port.")] = 8700,
    workspace_port: options.WorkspacePort = 8710,
    start_over: Annotated[
        bool, typer.Option("--start-over", help="Empty the local store and begin anew.")
    ] = False,
    rate: options.Rate = 50,
    alert_command: alerting.Command = None,
    alert_url: alerting.Url = None,
    alert_lag: alerting.Lag = "15m",
    alert_silence: alerting.Silence = None,
    alert_quarantine: alerting.Growth = 10,
    contract: options.Contract = None,
    store: options.Store = None,
) -> None:
    """Run worker, gateway and a local Customer.io; Ctrl-C drains.

    It prints their addresses. The gateway takes records with the key `local`. A second Ctrl-C ends
    at once, with 3, and loses nothing.

    Examples:
      truthpoint up
      truthpoint up --port 8800 --workspace-port 8810
    """
    import asyncio  # noqa: PLC0415 - slow to import

    from .serving import run_up  # noqa: PLC0415 - servers are slow to import

    with failing.failing_clearly():
        settings = runtime.Settings.gathered(contract=contract, store=store)
        ports = {"port": port, "workspace_port": workspace_port}
        wanted = alerting.Wanted(
            command=alert_command,
            url=alert_url,
            lag=alert_lag,
            silence=alert_silence,
            quarantine_records=alert_quarantine,
        )
        asyncio.run(run_up(settings, wanted, rate=rate, start_over=start_over, **ports))


def serve(
    *,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Its port.")] = 8700,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="The address to listen on.")
    ] = "127.0.0.1",
    certificate: Annotated[
        str | None,
        typer.Option("--certificate", metavar="PATH", help="TLS: the certificate chain, PEM."),
    ] = None,
    private_key: Annotated[
        str | None, typer.Option("--private-key", metavar="PATH", help="TLS: its key, PEM.")
    ] = None,
    contract: options.Contract = None,
    store: options.Store = None,
) -> None:
    """Run the gateway alone, until Ctrl-C.

    It takes records by POST /v1/records, each request durable to a loss of power, and answers
    /metrics, /healthz and /readyz. A worker delivers them: `truthpoint work`. A second Ctrl-C ends
    at once, with 3.

    Examples:
      truthpoint serve
      truthpoint serve --host 0.0.0.0 --certificate tls.pem --private-key key.pem
    """
    import asyncio  # noqa: PLC0415 - slow to import

    from .web import Tls, run_serve  # noqa: PLC0415 - servers are slow to import

    with failing.failing_clearly():
        if private_key and not certificate:
            raise UsageError("--private-key was given without --certificate.", hint="Give both.")
        settings = runtime.Settings.gathered(contract=contract, store=store)
        tls = Tls(certificate=certificate, private_key=private_key) if certificate else None
        asyncio.run(run_serve(settings, host=host, port=port, tls=tls))


def work(  # noqa: PLR0913 - one option for each choice
    *,
    drain: Annotated[
        bool, typer.Option("--drain", help="End when nothing waits any more.")
    ] = False,
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            min=0.1,
            metavar="SECONDS",
            help="With --drain: give up when nothing was taken for so long.",
        ),
    ] = 60,
    shadow: Annotated[bool, typer.Option("--shadow", help="Decide, and send nothing.")] = False,
    rate: options.Rate = 50,
    alert_command: alerting.Command = None,
    alert_url: alerting.Url = None,
    alert_lag: alerting.Lag = "15m",
    alert_silence: alerting.Silence = None,
    alert_quarantine: alerting.Growth = 10,
    contract: options.Contract = None,
    store: options.Store = None,
    workspace: options.Workspace = None,
) -> None:
    """Decide what was captured and deliver it, until Ctrl-C.

    Ctrl-C or SIGTERM finishes what is under way; the second one ends at once, with 3, and loses
    nothing. A store has one worker at a time. With --shadow nothing leaves: `status`, `person`
    and `events` show what was decided, and a later run delivers it.

    Examples:
      truthpoint work --drain
      truthpoint work --shadow --drain
      truthpoint work --alert-silence order_paid=2h --alert-command cat
      truthpoint work --workspace staging
    """
    import asyncio  # noqa: PLC0415 - slow to import

    from .working import run_work  # noqa: PLC0415 - the client is slow to import

    with failing.failing_clearly():
        settings = runtime.Settings.gathered(contract=contract, store=store, workspace=workspace)
        wanted = alerting.Wanted(
            command=alert_command,
            url=alert_url,
            lag=alert_lag,
            silence=alert_silence,
            quarantine_records=alert_quarantine,
        )
        running = run_work(
            settings, wanted, rate=rate, drain=drain, patience_seconds=patience, shadow=shadow
        )
        asyncio.run(running)


def workspace(
    *,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Its port; 0: any free one.")
    ] = 8710,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="PATH", help="Where it keeps its data. Default: memory."),
    ] = None,
) -> None:
    """Run a local Customer.io alone, until Ctrl-C.

    Examples:
      truthpoint workspace
      truthpoint workspace --file workspace.db
    """
    import asyncio  # noqa: PLC0415 - slow to import

    from .serving import run_workspace  # noqa: PLC0415 - servers are slow to import

    with failing.failing_clearly():
        asyncio.run(run_workspace(port=port, file=file))


def demo(
    *,
    stay: Annotated[
        bool, typer.Option("--stay", help="Leave the workspace's page open until Ctrl-C.")
    ] = False,
) -> None:
    """Run a small shop into a local Customer.io, and report.

    It ends with 0 when everything that was read back is as it must be, and leaves nothing behind.

    Examples:
      truthpoint demo
      truthpoint demo --stay
    """
    import asyncio  # noqa: PLC0415 - slow to import

    from truthpoint.demo import run_demo  # noqa: PLC0415 - servers are slow to import

    from .working import stay_at  # noqa: PLC0415 - servers are slow to import

    with failing.failing_clearly():
        proven = asyncio.run(run_demo(output.put, stay=stay_at if stay else None))
        if not proven:
            raise typer.Exit(failing.FINDINGS)
