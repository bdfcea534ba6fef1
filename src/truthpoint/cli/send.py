"""`truthpoint send`: records from a file or standard input into the journal."""

from __future__ import annotations

import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from truthpoint import runtime
from truthpoint.capture import ResultKind, capture_lines
from truthpoint.errors import UsageError
from truthpoint.findings import as_text

from . import options, output

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from truthpoint.capture import LineReport

_SAID = {
    ResultKind.ACCEPTED: "accepted",
    ResultKind.REPEAT: "repeats, not kept again",
    ResultKind.INVALID: "will be quarantined",
    ResultKind.REFUSED: "refused and not kept",
}


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(send)


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
    """Capture records from FILE, durably; a worker decides and delivers them.

    Sent twice, a file changes nothing the second time.

    Examples:
      truthpoint send orders.ndjson
      zcat orders.ndjson.gz | truthpoint send - --json > report.ndjson
    """
    with output.failing_clearly(json=json):
        settings = runtime.Settings.gathered(contract=contract, store=store)
        loaded = runtime.load_contract(settings.contract)
        counts: Counter[ResultKind] = Counter()
        with (
            _opened(file) as (stream, size),
            runtime.recorder(loaded, settings, source=source) as recorder,
            _progress(size, hidden=json) as advance,
        ):
            for report in capture_lines(stream, recorder):
                counts[report.receipt.result] += 1
                advance(report.read_bytes)
                _tell(file, report, json=json)
    _summarise(counts, json=json)
    if counts[ResultKind.INVALID] or counts[ResultKind.REFUSED]:
        raise typer.Exit(output.FINDINGS)


@contextmanager
def _opened(file: str) -> Generator[tuple[BinaryIO, int | None]]:
    """Open the file, or standard input; yield it with its size where that is known."""
    if file == "-":
        yield sys.stdin.buffer, None
        return
    path = Path(file)
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}.", hint="Check the path."
        ) from None
    with stream:
        yield stream, path.stat().st_size


@contextmanager
def _progress(size: int | None, *, hidden: bool) -> Generator[Callable[[int], None]]:
    """Show progress on a terminal; yield what to call with the bytes read so far."""
    columns = (TextColumn("sending"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    disable = hidden or not output.notes.is_terminal
    with Progress(*columns, console=output.notes, transient=True, disable=disable) as progress:
        task = progress.add_task("sending", total=size)
        yield lambda read_bytes: progress.update(task, completed=read_bytes)


def _tell(file: str, report: LineReport, *, json: bool) -> None:
    if json:
        output.put_json(report.as_json())
        return
    receipt = report.receipt
    noteworthy = [one for one in receipt.findings if one.severity != "info"]
    if receipt.result in (ResultKind.INVALID, ResultKind.REFUSED) or noteworthy:
        output.put(f"{file}:{report.line}: {_SAID[receipt.result]}")
        for one in noteworthy:
            output.put("  " + as_text(one).replace("\n", "\n  "))


def _summarise(counts: Counter[ResultKind], *, json: bool) -> None:
    parts = [f"{counts[kind]:,} {said}" for kind, said in _SAID.items() if counts[kind]]
    line = f"{counts.total():,} records: {', '.join(parts) or 'the input holds none'}."
    (output.note if json else output.put)(line)
