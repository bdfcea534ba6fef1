"""The command line's entry: every command, on one screen of help.

Exit codes: 0 clean (warnings, duplicates and held records included), 1 findings of
severity error or records that will be quarantined, or nothing found of what was asked for,
2 usage, 3 could not run, or was stopped before its end.

With `--json`, standard output holds JSON only: results, and at the end, where a command could
not go on, one line `{"error": {"code", "message", "hint", "exit_code"}}` (a contract that does
not load adds its `findings`). The text of the error is on standard error in any case. Arguments
that do not parse are told as text, for whoever typed them.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from . import erasing, init, keys, look, mend, pausing, recomputing, run_commands, send, validate


class _Root(TyperGroup):
    """The first help is one screen: commands, and no list of options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands alone; the epilog names the options."""
        self.format_commands(ctx, formatter)


app = typer.Typer(
    name="truthpoint",
    help="From what happened in a shop to Customer.io: once, in order, and proven.",
    epilog="""\b
Options: --help (of a command too), --version, --install-completion.
Exit codes: 0 clean, 1 findings, 2 usage, 3 could not run.""",
    cls=_Root,
    no_args_is_help=True,
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


init.add_to(app)
run_commands.add_to(app)
send.add_to(app)
validate.add_to(app)
look.add_to(app)
mend.add_to(app)
recomputing.add_to(app)
pausing.add_to(app)
erasing.add_to(app)
keys.add_to(app)


def run() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character gets its number, not a failure.
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="truthpoint")
