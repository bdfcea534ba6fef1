"""Records from a file or a pipe: NDJSON, one a line, sent twice without harm."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, BinaryIO, Final

from truthpoint.core.records import MAX_RECORD_BYTES
from truthpoint.errors import UsageError
from truthpoint.findings import as_json, finding

from .recorder import Receipt, ResultKind, Said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .recorder import Recorder

BATCH_LINES: Final = 500
"""Lines made durable in one step, at most."""

BATCH_BYTES: Final = 8 * 1024 * 1024
"""About how many bytes of lines are made durable in one step, at most."""

_GZIP: Final = b"\x1f\x8b\x08"
_BOM: Final = b"\xef\xbb\xbf"

_CHUNK_BYTES: Final = MAX_RECORD_BYTES + len(_BOM) + len(b"\r\n") + 1
"""More than a line within the limit can have, its end and a mark of UTF-8 included."""


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
        UsageError: The stream is compressed; nothing was kept.
        CaptureFailed: A batch of lines could not be made durable; what was reported
            before is safe, and the file can be sent again.
    """
    batch: list[_Line] = []
    batch_bytes = 0
    for line in _lines(stream):
        batch.append(line)
        batch_bytes += 0 if line.said is None else len(line.said.body)
        if len(batch) >= BATCH_LINES or batch_bytes >= BATCH_BYTES:
            yield from _capture(batch, recorder)
            batch = []
            batch_bytes = 0
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


def _lines(stream: BinaryIO) -> Iterator[_Line]:
    """Yield the lines that are not blank; one over the limit is read past, never held."""
    seen: dict[bytes, int] = {}
    number = read_bytes = 0
    while raw := stream.readline(_CHUNK_BYTES):
        number += 1
        read_bytes += len(raw)
        if number == 1 and raw.startswith(_GZIP):
            # Its bytes would fill the quarantine, line by line.
            raise UsageError(
                "The input is compressed (gzip).",
                hint="Nothing was kept; use: zcat FILE | truthpoint send - (or validate -)",
            )
        # A chunk that is full and has no end is a longer line, even if its end so far is
        # made of carriage returns.
        whole = raw.endswith(b"\n") or len(raw) < _CHUNK_BYTES
        while not whole:
            rest = stream.readline(_CHUNK_BYTES)
            read_bytes += len(rest)
            whole = rest.endswith(b"\n") or not rest
            raw = b""
        body = (raw.removeprefix(_BOM) if number == 1 else raw).rstrip(b"\r\n")
        if not raw or len(body) > MAX_RECORD_BYTES:
            yield _Line(number, None, read_bytes)
        elif body.strip():
            yield _Line(number, Said(body=body, mark=mark(body, seen)), read_bytes)


def mark(body: bytes, seen: dict[bytes, int]) -> bytes:
    """Return what names a line: its content, and the number of equal lines before it."""
    content = sha256(body).digest()
    # Eight bytes a line are enough to count equal ones, and a long file stays in memory.
    before = seen.get(content[:8], 0)
    seen[content[:8]] = before + 1
    return content + b"%d" % before
