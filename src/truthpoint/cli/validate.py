"""`truthpoint validate`: what would happen to records, without capturing them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Final

import typer

from truthpoint import runtime
from truthpoint.capture import ResultKind, capture_lines
from truthpoint.core.decision import Outcome
from truthpoint.core.examine import Examiner
from truthpoint.errors import OperatorError
from truthpoint.findings import as_text

from . import failing, options, output, reading
from .notes import waiting_keys
from .rehearsal import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .rehearsal import Foreseen

_SENT: Final = "would be sent"
_REFUSED: Final = "would be refused and not kept"
_QUARANTINED: Final = "would be quarantined"
_REPEAT: Final = "would not be kept again"


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

    It looks at FILE and the contract alone; a store may know a record already. With --json, each
    line is that of send with two keys more: outcome (delivered, withheld, quarantined; null: not
    kept) and reason. It ends with 1 when a record would be quarantined or refused.

    Examples:
      truthpoint validate orders.ndjson
      cat samples/*.ndjson | truthpoint validate -
      truthpoint validate orders.ndjson --json > report.ndjson
    """
    with failing.failing_clearly(json=json):
        settings = runtime.Settings.gathered(contract=contract)
        loaded = runtime.load_contract(settings.contract)
        rehearsal = Rehearsal(Examiner(loaded))
        with (
            reading.opened(file) as (stream, size_bytes),
            runtime.recorder(loaded, settings, source=source, journal=rehearsal) as recorder,
            reading.progress("validating", size_bytes, hidden=json) as advance,
        ):
            foreseen = rehearsal.foresee(capture_lines(stream, recorder))
            counts = _tell_all(foreseen, advance, reading.shown_name(file), json=json)
        say = output.note if json else output.put
        parts = [f"{count:,} {said}" for said, count in counts.items()]
        noun = "record" if counts.total() == 1 else "records"
        say(f"{counts.total():,} {noun}: {', '.join(parts) or 'the input holds none'}.")
        if waiting := waiting_keys(loaded):
            output.note(waiting)
        if counts[_QUARANTINED] or counts[_REFUSED]:
            raise typer.Exit(failing.FINDINGS)


def _tell_all(
    foreseen: Iterable[Foreseen], advance: Callable[[int], None], name: str, *, json: bool
) -> Counter[str]:
    """Tell of each line, or only of the noteworthy ones; return how many of each kind."""
    counts: Counter[str] = Counter()
    try:
        for one in foreseen:
            said = _said(one)
            counts[said] += 1
            advance(one.report.read_bytes)
            if json:
                output.put_json(one.as_json())
            elif said != _SENT or any(found.severity != "info" for found in one.findings):
                _put(one, name, said)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OperatorError(
            f"{name} cannot be read any further: {error.strerror}.",
            hint="Check the disk or the pipe.",
        ) from None
    return counts


def _put(one: Foreseen, name: str, said: str) -> None:
    output.put(f"{name}:{one.report.line}: {said}")
    for found in one.findings:
        output.put("  " + as_text(found).replace("\n", "\n  "))


def _said(one: Foreseen) -> str:
    match one.outcome:
        case None:
            return _REPEAT if one.report.receipt.result is ResultKind.REPEAT else _REFUSED
        case Outcome.DELIVERED:
            return _SENT
        case Outcome.QUARANTINED:
            return _QUARANTINED
        case _:
            return f"would be {one.outcome.value} ({one.reason})"
