"""Records from a file or a pipe: NDJSON, one a line, sent twice without harm."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO, Final

from truthpoint.core.records import MAX_RECORD_BYTES, read_record
from truthpoint.findings import as_json, finding

from .recorder import Receipt, ResultKind, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .recorder import Recorder

BATCH_LINES: Final = 500
"""Lines made durable in one step."""

_BOM: Final = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineReport:
    """What became of one line.

    Attributes:
        line: Its number in the file, from 1; blank lines count and are not reported.
        receipt: What became of it.
        read_bytes: Bytes of the file read so far, for progress.
    """

    line: int
    receipt: Receipt
    read_bytes: int

    def as_json(self) -> dict[str, object]:
        """Return it in the shape of `truthpoint send --json`."""
        return {
            "line": self.line,
            "record_id": self.receipt.record_id or None,
            "result": self.receipt.result.value,
            "findings": [as_json(one) for one in self.receipt.findings],
        }


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    said: Said | None
    read_bytes: int


def capture_lines(stream: BinaryIO, recorder: Recorder) -> Iterator[LineReport]:
    """Capture every line of a stream and report it once it is durable.

    A record that carries no id gets one made of its source, its content and the number
    of equal lines before it in this file: the same file sent again changes nothing,
    and two equal lines of one file are two records.

    Raises:
        CaptureFailed: A batch of lines could not be made durable; what was reported
            before is safe, and the file can be sent again.
    """
    batch: list[_Line] = []
    for line in _lines(stream, recorder.source):
        batch.append(line)
        if len(batch) >= BATCH_LINES:
            yield from _capture(batch, recorder)
            batch = []
    yield from _capture(batch, recorder)


def _capture(batch: list[_Line], recorder: Recorder) -> Iterator[LineReport]:
    kept = [line.said for line in batch if line.said is not None]
    receipts = iter(recorder.record_all(kept) if kept else ())
    for line in batch:
        receipt = _TOO_LONG if line.said is None else next(receipts)
        yield LineReport(line=line.number, receipt=receipt, read_bytes=line.read_bytes)


_TOO_LONG: Final = Receipt(
    record_id="",
    result=ResultKind.REFUSED,
    findings=(finding("record_too_large", f"The line has over {MAX_RECORD_BYTES:,} bytes."),),
)


def _lines(stream: BinaryIO, source: str) -> Iterator[_Line]:
    """Yield the lines that are not blank; one over the limit is read past, never held."""
    seen: dict[bytes, int] = {}
    number = read_bytes = 0
    # Two bytes more than the limit, for the line's end.
    while raw := stream.readline(MAX_RECORD_BYTES + 2):
        number += 1
        read_bytes += len(raw)
        if number == 1:
            raw = raw.removeprefix(_BOM)
        body = raw.rstrip(b"\r\n")
        too_long = len(body) > MAX_RECORD_BYTES
        while too_long and not raw.endswith(b"\n") and raw:
            raw = stream.readline(MAX_RECORD_BYTES)
            read_bytes += len(raw)
        if too_long:
            yield _Line(number, None, read_bytes)
        elif body.strip():
            said = Said(body=body, record_id=_derived_id(body, source, seen))
            yield _Line(number, said, read_bytes)


def _derived_id(body: bytes, source: str, seen: dict[bytes, int]) -> str:
    """Return an id from source, content and the number of equal lines before."""
    own = read_record(body, source=source, captured_at_ms=0).source or source
    content = sha256(b"%d:%b%b" % (len(own.encode()), own.encode(), body)).digest()
    # Eight bytes a line are enough to count equal ones, and a long file stays in memory.
    before = seen.get(content[:8], 0)
    seen[content[:8]] = before + 1
    return sha256(content + b"%d" % before).hexdigest()[:32]
