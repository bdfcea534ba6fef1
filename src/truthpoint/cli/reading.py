"""Records as a command reads them: from a file or standard input, with progress on a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from truthpoint.errors import UsageError

from . import output

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


def shown_name(file: str) -> str:
    """Return what a file is called in messages."""
    return "standard input" if file == "-" else file


def see_records(file: str, contract: str) -> None:
    """See that a file is not the contract, nor YAML at all: every line of it would be broken.

    Args:
        file: What is to be read as records.
        contract: The contract's file; it is known to load.

    Raises:
        UsageError: It is.
    """
    records = "Records are NDJSON, one JSON object a line, as in"
    if file != "-" and _is_same(file, contract):
        raise UsageError(
            f"{file} is the contract, and what is read here are records.",
            hint=f"The contract was read, and it loads; nothing was kept. {records} orders.ndjson.",
        )
    if file.endswith((".yaml", ".yml")):
        raise UsageError(
            f"{file} is YAML by its name, and what is read here are records.",
            hint=f"Nothing was kept. {records} orders.ndjson; a contract is named by --contract.",
        )


def _is_same(file: str, other: str) -> bool:
    try:
        return Path(file).samefile(other)
    except OSError:
        return False


@contextmanager
def opened(file: str) -> Generator[tuple[BinaryIO, int | None]]:
    """Open the file, or standard input; yield it with its size where that is known."""
    if file == "-":
        yield _standard_input(), None
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


def _standard_input() -> BinaryIO:
    if sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] - so when it is closed
        raise UsageError("Standard input is closed.", hint="Pipe records into it, or name a file.")
    if sys.stdin.isatty():
        output.note("Reading records from the terminal, one JSON object a line; Ctrl-D ends.")
    return sys.stdin.buffer


@contextmanager
def progress(
    doing: str, size_bytes: int | None, *, hidden: bool
) -> Generator[Callable[[int], None]]:
    """Show progress on a terminal; yield what to call with the bytes read so far."""
    if hidden or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich import progress as bars  # noqa: PLC0415 - slow to import, and only for terminals
    from rich.console import Console  # noqa: PLC0415 - the same

    columns = (
        bars.TextColumn(doing),
        bars.BarColumn(),
        bars.DownloadColumn(),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(doing, total=size_bytes)
        yield lambda read_bytes: shown.update(task, completed=read_bytes)
