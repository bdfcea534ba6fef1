"""The command line's entry: every command, on one screen of help.

Exit codes: 0 clean (warnings, duplicates and held records included), 1 findings of
severity error or records that will be quarantined, 2 usage, 3 could not run.
"""

from __future__ import annotations

from typing import Annotated

import typer

from . import look, mend, run_commands, send

app = typer.Typer(
    name="truthpoint",
    help="Takes what happened in a shop once, makes it right, and delivers it to Customer.io.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - Typer hands a flag over by position
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - slow, and rarely asked for

        typer.echo(version("truthpoint"))
        raise typer.Exit


@app.callback()
def _main(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None: ...


run_commands.add_to(app)
send.add_to(app)
look.add_to(app)
mend.add_to(app)


def run() -> None:
    """Run the command line."""
    app()
