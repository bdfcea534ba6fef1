"""`truthpoint send`: records from a file or standard input into the journal."""

from __future__ import annotations

from typing import Annotated

import typer

from truthpoint import runtime

from . import failing, options


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=options.help_of(send))(send)


def send(
    file: Annotated[str, typer.Argument(metavar="FILE", help="NDJSON, or - for standard input.")],
    *,
    source: Annotated[
        str, typer.Option("--source", help="The source of records that name none.")
    ] = runtime.DEFAULT_SOURCE,
    contract: options.Contract = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Capture records from FILE, durably; a worker delivers them.

    Sent twice, a file changes nothing the second time. Lines that break the contract are kept
    and will be quarantined. With --json, each line's report is one line:
    {line, record_id, result: accepted|repeat|invalid|refused, findings}.

    Examples:
      truthpoint send orders.ndjson
      zcat orders.ndjson.gz | truthpoint send - --json > report.ndjson
    """
    from .sending import run_send  # noqa: PLC0415 - contract and capture are slow to import

    with failing.failing_clearly(json=json):
        settings = runtime.Settings.gathered(contract=contract, store=store)
        if not run_send(file, settings, source=source, json=json):
            raise typer.Exit(failing.FINDINGS)
