"""The small blocking capture: a record in, a receipt out, durable in between (law 1)."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

from truthpoint.core.examine import Broken
from truthpoint.core.records import MAX_RECORD_BYTES, read_record
from truthpoint.errors import CaptureFailed, RecordInvalid, UsageError
from truthpoint.findings import Finding, finding
from truthpoint.ports import Capture

from .encode import encode_record

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from types import TracebackType

    from truthpoint.core.examine import Examiner
    from truthpoint.ports import Appended, Clock, Journal

LONGEST_TURN_SECONDS: Final = 15.0
"""Longest wait of one thread for another's capture: longer than a store's own wait for a lock."""


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
        mark: From this and its source follows the id of a record that carries none, so that
            the same said again is a repeat; None: it gets a new id.
    """

    body: bytes
    mark: bytes | None = None


class Recorder:
    """Captures records durably; blocking.

    Threads may share one; each call waits its turn. It belongs to the process that opened it:
    a forked child opens its own.

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
        self._ids = count(1)
        self._prefix = secrets.token_hex(8)
        self._turn = Lock()
        self._process = os.getpid()
        self._closed = False

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
                or the recorder is closed, or was opened by another process.
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
            UsageError: The recorder is closed, or was opened by another process.
            CaptureFailed: They could not be made durable; none was kept.
        """
        now_ms = self._clock.now_ms()
        taken = [self._prepare(one, now_ms) for one in said]
        captures = [capture for capture, _ in taken if capture is not None]
        with self._my_turn():
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
        source = self._source if self._only_source else read.source or self._source
        record_id = read.record_id or self._name(said, source)
        examined = self._examiner.examine(read, source=source)
        broken = isinstance(examined, Broken)
        capture = Capture(
            source=source,
            record_id=record_id,
            captured_at_ms=now_ms,
            contract=self._examiner.contract.fingerprint,
            body=said.body,
        )
        result = ResultKind.INVALID if broken else ResultKind.ACCEPTED
        return capture, Receipt(record_id=record_id, result=result, findings=examined.findings)

    def _name(self, said: Said, source: str) -> str:
        """Return the id of a record that carries none."""
        if said.mark is None:
            return f"{self._prefix}-{next(self._ids):x}"
        spoken = source.encode()
        return sha256(b"%d:%b%b" % (len(spoken), spoken, said.mark)).hexdigest()[:32]

    @contextmanager
    def _my_turn(self) -> Generator[None]:
        """Hold the journal alone: one connection serves all threads of this process."""
        # Before the lock: a fork may have copied it while another thread held it.
        if os.getpid() != self._process:
            raise UsageError(
                "The recorder was opened by another process, and this is a fork of it.",
                hint="Open one in each process, after the fork.",
            )
        if not self._turn.acquire(timeout=LONGEST_TURN_SECONDS):
            raise CaptureFailed("Another thread's capture holds the recorder for too long.")
        try:
            if self._closed:
                raise UsageError(
                    "The recorder is closed.", hint="Open another one with open_recorder()."
                )
            yield
        finally:
            self._turn.release()

    def close(self) -> None:
        """Let go of the journal; nothing waits in memory. Closing twice does no harm."""
        if self._closed or os.getpid() != self._process:
            return
        with self._my_turn():
            self._closed = True
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
