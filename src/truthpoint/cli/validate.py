"""`truthpoint validate`: what would happen to records, without capturing them."""

from __future__ import annotations

from typing import Annotated

import typer

from truthpoint import runtime

from . import failing, options


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=options.help_of(validate))(validate)


def validate(
    file: Annotated[str, typer.Argument(metavar="FILE", help="NDJSON, or - for standard input.")],
    *,
    source: Annotated[
        str, typer.Option("--source", help="The source of records that name none.")
    ] = runtime.DEFAULT_SOURCE,
    contract: options.Contract = None,
    json: options.Json = False,
) -> None:
    """Say what would happen to the records in FILE; capture none.

    It looks at FILE and the contract alone; a store may know a record already. The contract is
    checked as it is read, here as by every command that takes --contract. With --json, each
    line is that of send with two keys more: outcome (delivered, recorded, withheld, held,
    quarantined; null: not kept) and reason. It ends with 1 when a record would be quarantined or
    refused, or where the contract could hold what is said of money.

    Examples:
      truthpoint validate orders.ndjson
      cat samples/*.ndjson | truthpoint validate -
      truthpoint validate orders.ndjson --json > report.ndjson
    """
    from .validating import run_validate  # noqa: PLC0415 - contract and capture are slow to import

    with failing.failing_clearly(json=json):
        settings = runtime.Settings.gathered(contract=contract)
        if not run_validate(file, settings, source=source, json=json):
            raise typer.Exit(failing.FINDINGS)
