"""How the command line speaks: results to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from truthpoint.errors import ContractInvalid, TruthpointError
from truthpoint.findings import as_json, as_text
from truthpoint.values.instants import to_iso

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from truthpoint.findings import Finding
    from truthpoint.ports import Step

CLEAN: Final = 0
FINDINGS: Final = 1
USAGE: Final = 2
COULD_NOT_RUN: Final = 3

_encode: Final = msgspec.json.Encoder(decimal_format="string").encode

console: Final = Console(highlight=False, soft_wrap=True)
"""Standard output."""

notes: Final = Console(stderr=True, highlight=False, soft_wrap=True)
"""Standard error: progress, findings, errors."""


def put(line: str = "") -> None:
    """Write one line of text as it is, without markup."""
    console.print(line, markup=False)


def note(line: str) -> None:
    """Write one line to standard error, without markup."""
    notes.print(line, markup=False)


def put_json(value: object) -> None:
    """Write one value as one line of JSON."""
    sys.stdout.write(_encode(value).decode() + "\n")


def note_findings(findings: Iterable[Finding]) -> None:
    """Write findings to standard error."""
    for one in findings:
        note(as_text(one))


def put_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table; plain where the output is no terminal."""
    if not console.is_terminal:
        put("\t".join(headings))
        for row in rows:
            put("\t".join(row))
        return
    table = Table(*headings, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    console.print(table, markup=False)


def step_json(step: Step) -> dict[str, object]:
    """Return a step as plain values, without what is not known."""
    values: dict[str, object] = {
        "record": step.record,
        "at": to_iso(step.at_ms),
        "outcome": step.outcome.value,
        "reason": step.reason,
        "event": step.event,
        "action": step.action.value if step.action else "",
        "event_id": step.event_id,
        "attempts": step.attempts or "",
        "settled_at": to_iso(step.settled_at_ms) if step.settled_at_ms is not None else "",
        "source": step.source,
        "record_id": step.record_id,
    }
    return {name: value for name, value in values.items() if value != ""}


STEP_HEADINGS: Final = ("record", "at", "what", "outcome", "reason", "source", "record_id")


def step_row(step: Step) -> tuple[str, ...]:
    """Return a step as a row of `STEP_HEADINGS`."""
    what = step.event or (step.action.value if step.action else "-")
    return (
        str(step.record),
        to_iso(step.at_ms),
        what,
        step.outcome.value,
        step.reason or "-",
        step.source,
        step.record_id,
    )


@contextmanager
def failing_clearly(*, json: bool = False) -> Generator[None]:
    """Turn an error of ours into its message and its exit code.

    Args:
        json: Findings are written as NDJSON to standard output.
    """
    try:
        yield
    except TruthpointError as error:
        if isinstance(error, ContractInvalid):
            for one in error.findings:
                if json:
                    put_json(as_json(one))
                else:
                    note(as_text(one))
        note(f"error: {error}")
        raise typer.Exit(error.exit_code) from None
    except BrokenPipeError:
        # The reader has seen enough, as `head` does; nothing is wrong.
        sys.stderr.close()
        raise typer.Exit(CLEAN) from None
