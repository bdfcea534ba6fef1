"""The small blocking capture: a record in, a receipt out, durable in between (law 1)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Self

from truthpoint.core.examine import Broken
from truthpoint.core.records import MAX_RECORD_BYTES, read_record
from truthpoint.errors import RecordInvalid
from truthpoint.findings import Finding, finding
from truthpoint.ports import Capture

from .encode import encode_record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from truthpoint.core.examine import Examiner
    from truthpoint.ports import Appended, Clock, Journal


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
    FAILED = "failed"
    """It was not kept, because it could not be made durable; only where failures are logged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a caller gets back for a record.

    Attributes:
        record_id: Its id within its source; empty when it was refused or failed.
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
        mark: From this and its source follows the id of a record that carries none, so that
            the same said again is a repeat; None: it gets a new id.
    """

    body: bytes
    mark: bytes | None = None


class Prepared(NamedTuple):
    """A record that was read and examined, and is not durable yet.

    Attributes:
        capture: What to append; None when it is refused.
        receipt: The receipt, if all goes well and it is no repeat.
    """

    capture: Capture | None
    receipt: Receipt

    def kept(self, appended: Appended) -> Receipt:
        """Return the receipt once it is known what the journal made of it."""
        if not appended.repeat:
            return self.receipt
        findings: tuple[Finding, ...] = ()
        if not appended.same:
            evidence = f"Record {appended.record} has the same id and other content."
            findings = (finding("record_id_reused", evidence),)
        return Receipt(
            record_id=self.receipt.record_id, result=ResultKind.REPEAT, findings=findings
        )


class Recorder:
    """Captures records durably; blocking.

    Threads may share one, and a forked child may go on with it, if its journal allows that.

    Args:
        journal: Where they are kept; closed with the recorder.
        examiner: The contract, for advice.
        clock: The time of day.
        source: The source of records that name none. Defaults to `backend`.
        only_source: Whether it is the source of all records; one that names another is
            kept under it, and is invalid. Defaults to no.
    """

    def __init__(
        self,
        journal: Journal,
        examiner: Examiner,
        clock: Clock,
        *,
        source: str = "backend",
        only_source: bool = False,
    ) -> None:
        self._journal = journal
        self._examiner = examiner
        self._clock = clock
        self._source = source
        self._only_source = only_source

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
            UsageError: The mapping holds a float, a naive datetime, or a value of another kind;
                or the recorder is closed.
            CaptureFailed: It could not be made durable; it was not kept.
        """
        ours = not isinstance(record, bytes)
        body = encode_record(record) if ours else record
        prepared = self.prepare(body, ours=ours)
        capture = not_refused(prepared, body)
        return prepared.kept(self._journal.append((capture,))[0])

    def record_all(self, said: Sequence[Said]) -> list[Receipt]:
        """Capture records in one durable step, all or none but for those over the limit.

        Raises:
            UsageError: The recorder is closed.
            CaptureFailed: They could not be made durable; none was kept.
        """
        now_ms = self._clock.now_ms()
        taken = [self.prepare(one.body, mark=one.mark, now_ms=now_ms) for one in said]
        captures = [one.capture for one in taken if one.capture is not None]
        appended = iter(self._journal.append(captures) if captures else ())
        return [one.receipt if one.capture is None else one.kept(next(appended)) for one in taken]

    def prepare(
        self,
        body: bytes,
        *,
        mark: bytes | None = None,
        now_ms: int | None = None,
        ours: bool = False,
    ) -> Prepared:
        """Read and examine a record without keeping it.

        Args:
            body: Its JSON.
            mark: As in `Said`.
            now_ms: The present; None: the clock's.
            ours: Whether `encode_record` wrote it.
        """
        if len(body) > MAX_RECORD_BYTES:
            found = finding("record_too_large", f"The record has {len(body):,} bytes.")
            refused = Receipt(record_id="", result=ResultKind.REFUSED, findings=(found,))
            return Prepared(None, refused)
        now_ms = self._clock.now_ms() if now_ms is None else now_ms
        read = read_record(body, source=self._source, captured_at_ms=now_ms, ours=ours)
        source = self._source if self._only_source else read.source or self._source
        record_id = read.record_id or _name(source, mark, now_ms)
        examined = self._examiner.examine(read, source=source)
        capture = Capture(
            source=source,
            record_id=record_id,
            captured_at_ms=now_ms,
            contract=self._examiner.contract.fingerprint,
            body=body,
        )
        broken = isinstance(examined, Broken)
        result = ResultKind.INVALID if broken else ResultKind.ACCEPTED
        receipt = Receipt(record_id=record_id, result=result, findings=examined.findings)
        return Prepared(capture, receipt)

    def close(self) -> None:
        """Let go of the journal; nothing waits in memory. Closing twice does no harm."""
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


def not_refused(prepared: Prepared, body: bytes) -> Capture:
    """Return what to append of a single record.

    Raises:
        RecordInvalid: It is over the limit.
    """
    if prepared.capture is None:
        raise RecordInvalid(
            f"The record has {len(body):,} bytes and was not kept.",
            hint=f"Send at most {MAX_RECORD_BYTES:,} bytes a record.",
            findings=prepared.receipt.findings,
        )
    return prepared.capture


def _name(source: str, mark: bytes | None, now_ms: int) -> str:
    """Return the id of a record that carries none."""
    if mark is not None:
        spoken = source.encode()
        return sha256(b"%d:%b%b" % (len(spoken), spoken, mark)).hexdigest()[:32]
    # Time first keeps neighbours together in the journal's index. The rest is asked of the
    # system each time: a count, or a generator, would be the same on both sides of a fork.
    return f"{now_ms:012x}{secrets.token_hex(10)}"
