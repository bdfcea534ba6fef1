"""What would happen to records: captured and decided as always, and kept nowhere.

The recorder, the examination and the decision are those of `send` and `work`; only the
journal is another one, which remembers what tells a repeat and nothing else. What a
store knows already is not looked at: it speaks of the input alone.
"""

from __future__ import annotations

from array import array
from collections import deque
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from truthpoint.capture import ResultKind
from truthpoint.core.decide import decide
from truthpoint.core.decision import JournalRow, Outcome
from truthpoint.core.outbox import Standing
from truthpoint.core.plan import plan
from truthpoint.core.reused import Reused, other_id
from truthpoint.core.turns import Queue, next_turn
from truthpoint.findings import as_json
from truthpoint.ports import Appended
from truthpoint.workers.knowing import know

from .remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from truthpoint.capture import LineReport
    from truthpoint.core.examine import Examiner
    from truthpoint.core.outbox import Operation
    from truthpoint.findings import Finding
    from truthpoint.ports import Capture

_KEPT: Final = (ResultKind.ACCEPTED, ResultKind.INVALID)
_DELIVERED: Final = (Outcome.DELIVERED, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """What would become of one line.

    Attributes:
        report: What capture would say of it.
        outcome: How the record would end if Customer.io takes it; None: it would not be kept.
        reason: Why it would not be sent; empty when it would.
        findings: Everything found; a line is a record's number here.
    """

    report: LineReport
    outcome: Outcome | None
    reason: str
    findings: tuple[Finding, ...]

    def as_json(self) -> dict[str, object]:
        """Return it in the shape of `truthpoint validate --json`."""
        return {
            **self.report.as_json(),
            "findings": [as_json(one) for one in self.findings],
            "outcome": None if self.outcome is None else self.outcome.value,
            "reason": self.reason or None,
        }


class Rehearsal:
    """A journal that keeps no record, and the decision on what went through it.

    Args:
        examiner: The contract.
    """

    def __init__(self, examiner: Examiner) -> None:
        self._examiner = examiner
        # Small values, because there is one for each record of a long input: the first bytes of
        # a hash over the content, and the record's place.
        self._ids: dict[bytes, bytes] = {}
        self._lines = array("Q")
        # Captures, each with the place of the record whose id it used again, if it did.
        self._waiting: deque[tuple[Capture, int | None]] = deque()
        self._remembered = Remembered()

    def append(self, captures: Sequence[Capture]) -> list[Appended]:
        """Take captures, none of them durably; see `truthpoint.ports.Journal`."""
        return [self._append(capture) for capture in captures]

    def close(self) -> None:
        """Nothing to let go of."""

    def _append(self, capture: Capture) -> Appended:
        content = sha256(capture.body).digest()[:8]
        record_id, first = capture.record_id, None
        while True:
            name = f"{len(capture.source)}:{capture.source}{record_id}".encode()
            key = sha256(name).digest()[:16]
            earlier = self._ids.get(key)
            if earlier is None:
                break
            place = int.from_bytes(earlier[8:], "big")
            if earlier[:8] == content:
                return Appended(record=place + 1, repeat=True, reused=_reused(first, record_id))
            first = place if first is None else first
            record_id = other_id(record_id, capture.body)
        place = len(self._ids)
        self._ids[key] = content + place.to_bytes(6, "big")
        self._waiting.append((replace(capture, record_id=record_id), first))
        return Appended(record=place + 1, repeat=False, reused=_reused(first, record_id))

    def foresee(self, reports: Iterable[LineReport]) -> Iterator[Foreseen]:
        """Return what would become of each line that was captured into this journal.

        Args:
            reports: What capture says of each line, in order, while it reads.
        """
        batch: list[LineReport] = []
        kept = 0
        for report in reports:
            batch.append(report)
            kept += report.receipt.result in _KEPT
            if kept == len(self._waiting):
                yield from self._decide(batch)
                batch, kept = [], 0

    def _decide(self, batch: list[LineReport]) -> Iterator[Foreseen]:
        reused: dict[int, int] = {}
        kept = [one for one in batch if one.receipt.result in _KEPT]
        rows = [self._row(one.line, reused) for one in kept]
        if not rows:
            yield from map(self._not_kept, batch)
            return
        planned = plan(rows, self._examiner)
        known = know(planned, self._remembered, now_ms=rows[-1].captured_at_ms, takes_tests=True)
        decision = decide(planned, self._examiner, known)
        self._remembered.remember(decision)
        verdicts = {one.record: (one.outcome, one.reason) for one in decision.verdicts}
        now_ms = known.now_ms
        starts = [one for one in decision.operations if one.own and one.expires_at_ms]
        verdicts |= {one.record: self._start(one, now_ms) for one in starts}
        for report in batch:
            if report.receipt.result not in _KEPT:
                yield self._not_kept(report)
                continue
            outcome, reason = verdicts.get(report.line, _DELIVERED)
            yield Foreseen(
                report=report,
                outcome=outcome,
                reason=reason,
                findings=_named(decision.findings.get(report.line, ()), reused.get(report.line)),
            )

    def _start(self, start: Operation, now_ms: int) -> tuple[Outcome, str]:
        """Return how a start would end: whether it is too late for it (law 9)."""
        queue = Queue(
            person=start.person,
            address="",
            standing=Standing.KNOWN,
            operations=(start,),
            complete=True,
            closed_until_ms=self._remembered.closed_until_ms(start),
            now_ms=now_ms,
        )
        turn = next_turn(queue)
        ended = () if turn is None else turn.ended
        return (Outcome.WITHHELD, ended[0][2]) if ended else _DELIVERED

    def _row(self, line: int, reused: dict[int, int]) -> JournalRow:
        """Return the next record; note the line of the one whose id it used again."""
        capture, first = self._waiting.popleft()
        self._lines.append(line)
        if first is not None:
            reused[line] = self._lines[first]
        return JournalRow(
            record=line,
            source=capture.source,
            record_id=capture.record_id,
            captured_at_ms=capture.captured_at_ms,
            contract=capture.contract,
            body=capture.body,
        )

    def _not_kept(self, report: LineReport) -> Foreseen:
        receipt = report.receipt
        reason = "record_id" if receipt.repeat else "record_too_large"
        return Foreseen(report=report, outcome=None, reason=reason, findings=receipt.findings)


def _reused(first: int | None, record_id: str) -> Reused | None:
    return None if first is None else Reused(earlier=first + 1, record_id=record_id)


def _named(findings: tuple[Finding, ...], first: int | None) -> tuple[Finding, ...]:
    """Return findings in which a reused id names the line of the record that has it."""
    evidence = f"Record {first} has the same id and other content."
    return tuple(
        replace(one, evidence=evidence) if one.code == "record_id_reused" else one
        for one in findings
    )
