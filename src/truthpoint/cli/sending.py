"""Capturing a file, and telling of each line. Imported only by the command that does it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from truthpoint import runtime
from truthpoint.capture import ResultKind, capture_lines
from truthpoint.errors import OperatorError
from truthpoint.findings import as_text
from truthpoint.values.counts import counted

from . import output, reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from truthpoint.capture import LineReport
    from truthpoint.runtime import Settings

_SAID: Final = {
    ResultKind.ACCEPTED: "accepted",
    ResultKind.REPEAT: "repeat, not kept again",
    ResultKind.INVALID: "will be quarantined",
    ResultKind.REFUSED: "refused and not kept",
}
_SAID_OF_MANY: Final = {**_SAID, ResultKind.REPEAT: "repeats, not kept again"}


def run_send(file: str, settings: Settings, *, source: str, json: bool) -> bool:
    """Capture a file to its end; False when a line will be quarantined or was refused."""
    contract = runtime.load_contract(settings.contract)
    reading.see_records(file, settings.contract)
    with (
        reading.opened(file) as (stream, size_bytes),
        runtime.recorder(contract, settings, source=source) as recorder,
        reading.progress("sending", size_bytes, hidden=json) as advance,
    ):
        counts = _send(capture_lines(stream, recorder), advance, _Teller(file, json=json))
    _summarise(counts, json=json)
    return not (counts[ResultKind.INVALID] or counts[ResultKind.REFUSED])


def _send(
    reports: Iterable[LineReport], advance: Callable[[int], None], teller: _Teller
) -> Counter[ResultKind]:
    """Capture to the end, telling of each line."""
    counts: Counter[ResultKind] = Counter()
    line = 0
    try:
        for report in reports:
            line = report.line
            counts[report.receipt.result] += 1
            advance(report.read_bytes)
            teller.tell(report)
    except (OperatorError, KeyboardInterrupt):
        _say_where(line)
        raise
    except OSError as error:
        _say_where(line)
        raise OperatorError(
            f"{teller.name} cannot be read any further: {error.strerror}.",
            hint="Check the disk or the pipe.",
        ) from None
    return counts


def _say_where(line: int) -> None:
    kept = f"after line {line}; up to there everything is kept" if line else "at the start"
    output.note(f"Stopped {kept}. Send the same again: nothing is kept twice.")


class _Teller:
    """Tells what became of each line: all of them as JSON, or the noteworthy ones as text."""

    def __init__(self, file: str, *, json: bool) -> None:
        self.name = reading.shown_name(file)
        self._json = json

    def tell(self, report: LineReport) -> None:
        try:
            if self._json:
                output.put_json(report.as_json())
            else:
                self._put(report)
        except BrokenPipeError:
            # Whoever read the report has gone; the capture goes on to its end.
            output.hush()

    def _put(self, report: LineReport) -> None:
        receipt = report.receipt
        noteworthy = [one for one in receipt.findings if one.severity != "info"]
        if receipt.result in (ResultKind.INVALID, ResultKind.REFUSED) or noteworthy:
            output.put(f"{self.name}:{report.line}: {_SAID[receipt.result]}")
            for one in noteworthy:
                output.put("  " + as_text(one).replace("\n", "\n  "))


def _summarise(counts: Counter[ResultKind], *, json: bool) -> None:
    parts = [
        f"{counts[kind]:,} {(_SAID if counts[kind] == 1 else _SAID_OF_MANY)[kind]}"
        for kind in _SAID
        if counts[kind]
    ]
    line = f"{counted(counts.total(), 'record')}: {', '.join(parts) or 'the input holds none'}."
    (output.note if json else output.put)(line)
