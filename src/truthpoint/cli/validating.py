"""Foreseeing what would become of a file. Imported only by the command that does it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from truthpoint import runtime
from truthpoint.capture import ResultKind, capture_lines
from truthpoint.core.decision import Outcome
from truthpoint.core.examine import Examiner
from truthpoint.core.turns import CLOSED, STALE, SUPERSEDED
from truthpoint.errors import OperatorError
from truthpoint.findings import as_text
from truthpoint.values.counts import counted

from . import output, reading
from .notes import not_meant, waiting_keys
from .rehearsal import Rehearsal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from truthpoint.runtime import Settings

    from .rehearsal import Foreseen

_SENT: Final = "would be sent"
_REFUSED: Final = "would be refused and not kept"
_QUARANTINED: Final = "would be quarantined"
_REPEAT: Final = "would not be kept again"
_RECORDED: Final = "would be kept and, saying nothing new, not sent"


def run_validate(file: str, settings: Settings, *, source: str, json: bool) -> bool:
    """Tell of a file to its end; False when a record would be quarantined or refused."""
    contract = runtime.load_contract(settings.contract)
    reading.see_records(file, settings.contract)
    rehearsal = Rehearsal(Examiner(contract))
    with (
        reading.opened(file) as (stream, size_bytes),
        runtime.recorder(contract, settings, source=source, journal=rehearsal) as recorder,
        reading.progress("validating", size_bytes, hidden=json) as advance,
    ):
        foreseen = rehearsal.foresee(capture_lines(stream, recorder))
        counts = _tell_all(foreseen, advance, reading.shown_name(file), json=json)
    say = output.note if json else output.put
    parts = [f"{count:,} {said}" for said, count in counts.items()]
    say(f"{counted(counts.total(), 'record')}: {', '.join(parts) or 'the input holds none'}.")
    if waiting := waiting_keys(contract):
        output.note(waiting)
    wrong = not_meant(contract)
    for one in wrong:
        output.note(as_text(one))
    return not (counts[_QUARANTINED] or counts[_REFUSED] or wrong)


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
            elif said not in (_SENT, _RECORDED) or any(
                found.severity != "info" for found in one.findings
            ):
                _put(one, name, said)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OperatorError(
            f"{name} cannot be read any further: {error.strerror}.",
            hint="Check the disk or the pipe.",
        ) from None
    return counts


_WHY: Final = {
    CLOSED: "It started what has ended by now, as another record of this input says.",
    STALE: "It is too old to start anything; `stale_after` in the contract says when it is.",
    SUPERSEDED: "Its profile becomes part of another before it leaves, by a merge of this input.",
}
"""Why what is in order would be withheld; of everything else there is a finding."""


def _put(one: Foreseen, name: str, said: str) -> None:
    output.put(f"{name}:{one.report.line}: {said}")
    if one.reason in _WHY:
        output.put("  " + _WHY[one.reason])
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
        case Outcome.RECORDED:
            return _RECORDED
        case _:
            return f"would be {one.outcome.value} ({one.reason})"
