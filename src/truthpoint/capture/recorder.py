"""The small blocking capture: a record in, a receipt out, durable in between (law 1)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, Final, Self, cast

import msgspec

from truthpoint.core.examine import Broken
from truthpoint.core.records import MAX_RECORD_BYTES, read_record
from truthpoint.errors import RecordInvalid, UsageError
from truthpoint.findings import Finding, finding
from truthpoint.ports import Capture
from truthpoint.values.instants import InstantRefused, from_datetime, to_iso

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from truthpoint.core.examine import Examiner
    from truthpoint.ports import Appended, Clock, Journal

# Decimals become strings: exact, whatever reads the journal later.
_encode: Final = msgspec.json.Encoder(decimal_format="string").encode


class ResultKind(StrEnum):
    """What became of a record at capture."""

    ACCEPTED = "accepted"
    """It is durable and, as far as can be told now, keeps the contract."""
    REPEAT = "repeat"
    """Its source gave this record id before; nothing was kept."""
    INVALID = "invalid"
    """It is durable and will be quarantined: it breaks the contract."""
    REFUSED = "refused"
    """It was not kept: it is over the size limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a caller gets back for a record.

    Attributes:
        record_id: Its id within its source; empty when it was refused.
        result: What became of it.
        findings: What capture noticed; advice only, the decision is what counts.
    """

    record_id: str
    result: ResultKind
    findings: tuple[Finding, ...] = ()

    @property
    def repeat(self) -> bool:
        """Whether the source gave this record id before."""
        return self.result is ResultKind.REPEAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One record's bytes, and how to name it when it does not name itself.

    Attributes:
        body: The bytes.
        record_id: The id to use when the record carries none; None: a new one.
    """

    body: bytes
    record_id: str | None = None


class Recorder:
    """Captures records durably; blocking.

    Args:
        journal: Where they are kept; closed with the recorder.
        examiner: The contract, for advice.
        clock: The time of day.
        source: The source of records that name none. Defaults to `backend`.
    """

    def __init__(
        self, journal: Journal, examiner: Examiner, clock: Clock, *, source: str = "backend"
    ) -> None:
        self._journal = journal
        self._examiner = examiner
        self._clock = clock
        self._source = source
        self._ids = count(1)
        self._prefix = secrets.token_hex(8)

    @property
    def source(self) -> str:
        """The source of records that name none."""
        return self._source

    def record(self, record: bytes | Mapping[str, object]) -> Receipt:
        """Capture one record: its JSON in UTF-8, or a mapping of the same shape.

        In a mapping, money is a Decimal and times are aware datetimes.

        Returns:
            The receipt; when it is returned, the record is durable.

        Raises:
            RecordInvalid: It is over 1 MiB; it was not kept.
            UsageError: The mapping holds a float, a naive datetime, or a value of another kind.
            CaptureFailed: It could not be made durable; it was not kept.
        """
        body = record if isinstance(record, bytes) else encode_record(record)
        receipt = self.record_all([Said(body=body)])[0]
        if receipt.result is ResultKind.REFUSED:
            raise RecordInvalid(
                f"The record has {len(body):,} bytes and was not kept.",
                hint=f"Send at most {MAX_RECORD_BYTES:,} bytes a record.",
            )
        return receipt

    def record_all(self, said: Sequence[Said]) -> list[Receipt]:
        """Capture records in one durable step, all or none but for those over the limit.

        Raises:
            CaptureFailed: They could not be made durable; none was kept.
        """
        now_ms = self._clock.now_ms()
        taken = [self._prepare(one, now_ms) for one in said]
        captures = [capture for capture, _ in taken if capture is not None]
        appended = iter(self._journal.append(captures) if captures else ())
        return [
            receipt if capture is None else _after(capture, next(appended), receipt)
            for capture, receipt in taken
        ]

    def _prepare(self, said: Said, now_ms: int) -> tuple[Capture | None, Receipt]:
        """Return what to append, and the receipt if all goes well."""
        if len(said.body) > MAX_RECORD_BYTES:
            found = finding("record_too_large", f"The record has {len(said.body):,} bytes.")
            return None, Receipt(record_id="", result=ResultKind.REFUSED, findings=(found,))
        read = read_record(said.body, source=self._source, captured_at_ms=now_ms)
        record_id = read.record_id or said.record_id or f"{self._prefix}-{next(self._ids):x}"
        examined = self._examiner.examine(read)
        broken = isinstance(examined, Broken)
        capture = Capture(
            source=read.source or self._source,
            record_id=record_id,
            captured_at_ms=now_ms,
            contract=self._examiner.contract.fingerprint,
            body=said.body,
        )
        result = ResultKind.INVALID if broken else ResultKind.ACCEPTED
        return capture, Receipt(record_id=record_id, result=result, findings=examined.findings)

    def close(self) -> None:
        """Let go of the journal; nothing waits in memory."""
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _after(capture: Capture, appended: Appended, receipt: Receipt) -> Receipt:
    """Return the receipt once it is known whether the record was a repeat."""
    if not appended.repeat:
        return receipt
    findings: tuple[Finding, ...] = ()
    if not appended.same:
        evidence = f"Record {appended.record} has the same id and other content."
        findings = (finding("record_id_reused", evidence),)
    return Receipt(record_id=capture.record_id, result=ResultKind.REPEAT, findings=findings)


def encode_record(record: Mapping[str, object]) -> bytes:
    """Return a mapping as the JSON of a record.

    Raises:
        UsageError: It holds a float, a naive datetime, or a value of another kind.
    """
    try:
        return _encode(_plain(record, "record"))
    except (TypeError, msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
        raise UsageError(
            "The record holds a value that cannot be written as JSON.",
            hint="Use str, int, bool, None, Decimal, aware datetime, list and dict.",
        ) from None


def _plain(value: object, path: str) -> object:
    if isinstance(value, float):
        raise UsageError(
            f"`{path}` is a float.", hint="Use Decimal: a binary float changes amounts."
        )
    if isinstance(value, datetime):
        try:
            return to_iso(from_datetime(value))
        except InstantRefused:
            raise UsageError(
                f"`{path}` is a datetime without an offset.",
                hint="Use an aware datetime, such as datetime.now(UTC).",
            ) from None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        held = cast("dict[str, object]", value)
        return {name: _plain(one, f"{path}.{name}") for name, one in held.items()}
    if isinstance(value, list | tuple):
        items = cast("Sequence[object]", value)
        return [_plain(one, f"{path}[{place}]") for place, one in enumerate(items)]
    return value
