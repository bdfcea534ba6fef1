"""The small blocking capture: a record in, a receipt out, durable in between (law 1)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple, Self

from truthpoint.core.examined import Broken
from truthpoint.core.records import LONGEST_NAME, MAX_RECORD_BYTES, read_record
from truthpoint.errors import RecordInvalid
from truthpoint.findings import Finding, Where, finding
from truthpoint.ports import Capture

from .encode import encode_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from truthpoint.core.examine import Examiner
    from truthpoint.core.records import Record, Unreadable
    from truthpoint.ports import Appended, Clock, Journal


class ResultKind(StrEnum):
    """What became of a record at capture."""

    ACCEPTED = "accepted"
    """It is durable and, as far as can be told now, keeps the contract."""
    REPEAT = "repeat"
    """Its source said the same under this record id before; nothing was kept."""
    INVALID = "invalid"
    """It is durable and will be quarantined: it breaks the contract, or its id was used."""
    REFUSED = "refused"
    """It was not kept: it is over the size limit."""
    FAILED = "failed"
    """It was not kept, because it could not be made durable; only where failures are logged."""


Advice = tuple[ResultKind, tuple[Finding, ...]]
"""What the contract says of a record: accepted or invalid, and why."""


class Receipt:
    """What a caller gets back for a record.

    Attributes:
        record_id: Its id within its source; empty when it was refused or failed.
        result: What became of it.
        findings: What capture noticed; advice only, the decision is what counts.
    """

    __slots__ = ("_advice", "_examine", "record_id")

    def __init__(
        self,
        *,
        record_id: str,
        result: ResultKind = ResultKind.ACCEPTED,
        findings: tuple[Finding, ...] = (),
        examine: Callable[[], Advice] | None = None,
    ) -> None:
        self.record_id = record_id
        # Examined once somebody looks: most receipts of a tracker are thrown away.
        self._examine = examine
        self._advice = (result, findings) if examine is None else None

    @property
    def result(self) -> ResultKind:
        """What became of it."""
        return self._advised()[0]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What capture noticed."""
        return self._advised()[1]

    @property
    def repeat(self) -> bool:
        """Whether the source said the same under this record id before."""
        return self._advice is not None and self._advice[0] is ResultKind.REPEAT

    def _advised(self) -> Advice:
        if self._advice is None:
            assert self._examine is not None
            self._advice = self._examine()
        return self._advice

    def __repr__(self) -> str:
        codes = [one.code for one in self.findings]
        result = self.result.value
        return f"Receipt(record_id={self.record_id!r}, result={result!r}, findings={codes})"


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
        reused = appended.reused
        if reused is None and not appended.repeat:
            return self.receipt
        record_id = self.receipt.record_id if reused is None else reused.record_id
        if reused is None or appended.repeat:
            return Receipt(record_id=record_id, result=ResultKind.REPEAT)
        evidence = f"Record {reused.earlier} has the same id and other content."
        found = finding("record_id_reused", evidence, where=Where(path="record_id"))
        findings = (found, *self.receipt.findings)
        return Receipt(record_id=record_id, result=ResultKind.INVALID, findings=findings)


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
        return self.keep_all(self.prepare_all(said))

    def prepare_all(self, said: Sequence[Said]) -> list[Prepared]:
        """Read and examine records without keeping them."""
        now_ms = self._clock.now_ms()
        return [self.prepare(one.body, mark=one.mark, now_ms=now_ms) for one in said]

    def keep_all(self, prepared: Sequence[Prepared]) -> list[Receipt]:
        """Make durable what was prepared; see `record_all`."""
        captures = [one.capture for one in prepared if one.capture is not None]
        appended = iter(self._journal.append(captures) if captures else ())
        return [
            one.receipt if one.capture is None else one.kept(next(appended)) for one in prepared
        ]

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
        result, findings = self._advise(read, source)
        receipt = Receipt(record_id=record_id, result=result, findings=findings)
        return Prepared(self._capture(source, record_id, now_ms, body), receipt)

    def prepare_unread(
        self,
        body: bytes,
        *,
        source: str | None,
        record_id: str | None,
        alike: Callable[[], tuple[Finding, ...]],
    ) -> Prepared:
        """Make ready what `encode_record` wrote; it is examined when its receipt is looked at.

        Most receipts are not, and reading a record takes as long as making it durable.

        Args:
            body: Its JSON.
            source: The source that it names; None: none.
            record_id: The id that it names; None: none.
            alike: Further findings.
        """
        if len(body) > MAX_RECORD_BYTES or not (_is_name(source) and _is_name(record_id)):
            prepared = self.prepare(body, ours=True)
            result, findings = prepared.receipt.result, prepared.receipt.findings + alike()
            told = prepared.receipt.record_id
            return prepared._replace(
                receipt=Receipt(record_id=told, result=result, findings=findings)
            )
        now_ms = self._clock.now_ms()
        source = source or self._source
        record_id = record_id or _name(source, None, now_ms)

        def examine() -> Advice:
            read = read_record(body, source=source, captured_at_ms=now_ms, ours=True)
            result, findings = self._advise(read, source)
            return result, findings + alike()

        capture = self._capture(source, record_id, now_ms, body)
        return Prepared(capture, Receipt(record_id=record_id, examine=examine))

    def _advise(self, read: Record | Unreadable, source: str) -> Advice:
        try:
            examined = self._examiner.examine(read, source=source)
        except Exception as error:  # noqa: BLE001 - advice that fails must not keep a record out
            evidence = f"Examining it ended in {type(error).__name__}."
            return ResultKind.INVALID, (finding("could_not_be_decided", evidence),)
        broken = isinstance(examined, Broken)
        return ResultKind.INVALID if broken else ResultKind.ACCEPTED, examined.findings

    def _capture(self, source: str, record_id: str, now_ms: int, body: bytes) -> Capture:
        return Capture(
            source=source,
            record_id=record_id,
            captured_at_ms=now_ms,
            contract=self._examiner.contract.fingerprint,
            body=body,
        )

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


def _is_name(given: object) -> bool:
    """Tell whether it is None, or a text that a record can name its source or itself by."""
    return given is None or (type(given) is str and 0 < len(given) <= LONGEST_NAME)


def _name(source: str, mark: bytes | None, now_ms: int) -> str:
    """Return the id of a record that carries none."""
    if mark is not None:
        spoken = source.encode()
        return sha256(b"%d:%b%b" % (len(spoken), spoken, mark)).hexdigest()[:32]
    # Time first keeps neighbours together in the journal's index. The rest is asked of the
    # system each time: a count, or a generator, would be the same on both sides of a fork.
    return f"{now_ms:012x}{os.urandom(10).hex()}"
