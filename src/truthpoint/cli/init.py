"""`truthpoint init`: a contract to start from, with samples, in the shop's folder."""

from __future__ import annotations

import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from truthpoint import runtime
from truthpoint.errors import OperatorError, UsageError

from . import failing, options, output
from .notes import waiting_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=options.help_of(init))(init)


def init(
    folder: Annotated[
        str, typer.Argument(metavar="FOLDER", help="Where to; made if missing.")
    ] = ".",
    *,
    json: options.Json = False,
) -> None:
    """Write a contract to start from, with samples of every event.

    A tracking.yaml with the money events of a shop, records to try it with, a catalog and an
    .env.example. A file that is there already is never overwritten.

    Examples:
      truthpoint init
      truthpoint init my-shop
    """
    from truthpoint.findings import as_json  # noqa: PLC0415 - help does without
    from truthpoint.starter import starter_files  # noqa: PLC0415 - help does without

    with failing.failing_clearly(json=json):
        files = starter_files()
        base = Path(folder)
        _see_free(base, folder, files)
        _write(base, folder, files)
        contract = runtime.load_contract(str(base / runtime.DEFAULT_CONTRACT))
        if json:
            notes = [as_json(one) for one in contract.notes]
            output.put_json({"folder": folder, "written": list(files), "findings": notes})
            return
        output.put(f"Wrote {len(files)} files in {'this folder' if folder == '.' else folder}:")
        for line in _tree(files):
            output.put(f"  {line}")
        output.put()
        for line in waiting_lines(contract):
            output.put(line)
        output.put()
        for line in _next(folder):
            output.put(line)


def _see_free(base: Path, folder: str, files: Mapping[str, bytes]) -> None:
    """See that nothing is there yet of what will be written."""
    there = [name for name in files if (base / name).exists() or (base / name).is_symlink()]
    if there:
        more = f" and {len(there) - 3} more" if len(there) > 3 else ""
        where = "This folder" if folder == "." else folder
        raise UsageError(
            f"{where} has {', '.join(there[:3])}{more} already; nothing was written.",
            hint="Name another folder, or move them away; init overwrites nothing.",
        )


def _write(base: Path, folder: str, files: Mapping[str, bytes]) -> None:
    """Write all files, or leave none of them."""
    made: list[Path] = []
    try:
        for name, content in files.items():
            path = base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            # Only if it is still not there.
            with path.open("xb") as file:
                made.append(path)
                file.write(content)
    except OSError as error:
        for path in made:
            with suppress(OSError):
                path.unlink()
        said = f"{folder} cannot be written: {error.strerror}."
        if isinstance(error, FileExistsError | NotADirectoryError):
            raise UsageError(said, hint="Nothing is left there; name another folder.") from None
        raise OperatorError(
            said, hint="Nothing is left there; mend that, then try again."
        ) from None


def _tree(files: Mapping[str, bytes]) -> Iterator[str]:
    """Yield the files, those of a folder as one line."""
    folders: dict[str, int] = {}
    for name in files:
        top, slash, _ = name.partition("/")
        if slash:
            folders[top] = folders.get(top, 0) + 1
        else:
            yield f"{name:<15}{_WHAT.get(name, '')}".rstrip()
    for top, count in folders.items():
        yield f"{f'{top}/':<15}{count} files: a least and a full record of each event"


_WHAT: Final = {
    "tracking.yaml": "the contract: who, which events, which totals",
    "catalog.csv": "an example of the table that completes line items",
    ".env.example": "the secrets that a workspace at Customer.io needs",
}


def _next(folder: str) -> Iterator[str]:
    """Yield what to do next; every command works as it stands."""
    if Path(folder).resolve() != Path.cwd():
        yield f"Next, after cd {shlex.quote(folder)}:"
    else:
        yield "Next:"
    for what, command in _STEPS:
        yield f"  {what:<39} {command}"
    yield "Then give the shop its name in tracking.yaml, for good, and tell it your own events."


_STEPS: Final = (
    ("See what would happen to the samples:", "cat samples/*.ndjson | truthpoint validate -"),
    ("Capture them:", "cat samples/*.ndjson | truthpoint send -"),
    ("Deliver to a Customer.io of your own:", "truthpoint up"),
    ("Elsewhere, see what became of one:", "truthpoint person 1002"),
)
