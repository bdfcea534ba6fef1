"""A request's body: read within its limits, unpacked, and cut into records. Nothing is decided."""

from __future__ import annotations

import asyncio
import zlib
from typing import TYPE_CHECKING, Final

import msgspec

from truthpoint.core.lines import json_fault
from truthpoint.core.records import MAX_RECORD_BYTES

from .refusals import Refused

if TYPE_CHECKING:
    from starlette.requests import Request

MAX_BODY_BYTES: Final = 5_000_000
"""Largest body, as it is sent and once it is unpacked (design, section 5)."""

MAX_RECORDS: Final = 10_000
"""Most records of one request: each is answered, so that the answer stays small too."""

READ_SECONDS: Final = 30.0
"""Longest time for a body to arrive, so that slow senders do not hold their place for ever."""

_DISCARDED_BYTES: Final = 4 * MAX_BODY_BYTES
"""What is read of a refused body, so that its sender gets to read the answer."""

_NDJSON: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
_JSON: Final = "application/json"
_ANY: Final = ""
_BOM: Final = b"\xef\xbb\xbf"
_GZIP_BITS: Final = 16 + zlib.MAX_WBITS
_MOST_MEMBERS: Final = 100
"""Gzip streams one behind the other in a body, as `cat a.gz b.gz` makes them."""

_decode_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


def media_of(content_type: str | None) -> str:
    """Return the kind of body that a header announces; empty: none is announced.

    Raises:
        Refused: 415, it is of another kind.
    """
    media = (content_type or "").partition(";")[0].strip().lower()
    if media in _NDJSON or media in (_JSON, _ANY):
        return media
    raise Refused(
        415,
        "media_type",
        "The body is announced as neither NDJSON nor JSON.",
        hint="Send `Content-Type: application/x-ndjson`, one record a line, or "
        "`application/json`, an array of records (curl: with --data-binary).",
        headers={"Accept": f"application/x-ndjson, {_JSON}"},
    )


def encoding_of(content_encoding: str | None) -> str:
    """Return `gzip` or `identity`.

    Raises:
        Refused: 415, it is another one.
    """
    encoding = (content_encoding or "identity").strip().lower()
    if encoding in ("gzip", "x-gzip"):
        return "gzip"
    if encoding == "identity":
        return encoding
    raise Refused(
        415,
        "content_encoding",
        "The body is packed in a way that is not taken.",
        hint="Send it as it is, or with `Content-Encoding: gzip`.",
        headers={"Accept-Encoding": "gzip, identity"},
    )


async def read_body(request: Request) -> bytes:
    """Return a request's body as it was sent.

    Raises:
        Refused: 413, it is over the limit; 408, it did not arrive in time.
    """
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size <= MAX_BODY_BYTES:
                    parts.append(part)
                elif size > _DISCARDED_BYTES:
                    break
    except TimeoutError:
        raise Refused(
            408,
            "body_too_slow",
            f"The body did not arrive within {READ_SECONDS:.0f} seconds.",
            hint="Send fewer records at a time; nothing was kept.",
            headers={"Connection": "close"},
        ) from None
    if size > MAX_BODY_BYTES:
        raise _too_large()
    return b"".join(parts)


async def discard_body(request: Request) -> None:
    """Read what is left of a refused request's body, within bounds, so that the answer arrives."""
    size = 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > _DISCARDED_BYTES:
                    return
    except TimeoutError:
        return


def unpacked(body: bytes, encoding: str) -> bytes:
    """Return a body without its packing; never more than the limit is unpacked.

    Raises:
        Refused: 413, it unpacks to more than the limit; 400, it is not what it says.
    """
    if encoding != "gzip":
        return body
    parts: list[bytes] = []
    room = MAX_BODY_BYTES + 1
    try:
        for _ in range(_MOST_MEMBERS):
            part, body = _first_member(body, room)
            parts.append(part)
            room -= len(part)
            if room <= 0:
                raise _too_large()
            if not body:
                return b"".join(parts)
    except zlib.error:
        pass
    raise Refused(
        400,
        "not_gzip",
        "The body is announced as gzip, and is not, or is cut off.",
        hint="Send the whole file, or leave `Content-Encoding` out; nothing was kept.",
    )


def _first_member(body: bytes, room: int) -> tuple[bytes, bytes]:
    """Return what the first gzip stream of a body holds, at most `room` bytes, and the rest.

    Raises:
        zlib.error: It is no gzip, or is cut off.
    """
    member = zlib.decompressobj(_GZIP_BITS)
    part = member.decompress(body, room)
    if len(part) < room and not member.eof:
        raise zlib.error
    return part, member.unused_data


def records_of(body: bytes, media: str) -> list[tuple[int, bytes]]:
    """Return the records of a body, each with its number from 1: of its line, or in the array.

    Raises:
        Refused: 400, it holds none or is no JSON; 413, a record is too large, or there are
            too many.
    """
    body = body.removeprefix(_BOM)
    start = body.lstrip()[:1]
    if not start:
        raise Refused(
            400,
            "body_empty",
            "The body holds no record.",
            hint="Send one record a line, or a JSON array of records.",
        )
    if media in _NDJSON or (media == _ANY and start != b"["):
        found = _lines(body)
    elif start == b"[":
        found = _elements(body)
    else:
        found = [(1, body.strip())]
    for number, record in found:
        if len(record) > MAX_RECORD_BYTES:
            raise Refused(
                413,
                "record_too_large",
                f"Record {number} of the request has {len(record):,} bytes.",
                hint=f"Send at most {MAX_RECORD_BYTES:,} bytes a record; nothing was kept.",
            )
    return found


def _lines(body: bytes) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    for number, line in enumerate(body.split(b"\n"), 1):
        record = line.rstrip(b"\r")
        if record.strip():
            found.append((number, record))
            _see_count(len(found))
    return found


def _elements(body: bytes) -> list[tuple[int, bytes]]:
    try:
        elements = _decode_array(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Refused(
            400,
            "not_json",
            f"The body begins like a JSON array, and is none{json_fault(error)}.",
            hint="Send one whole array of records, or one record a line; nothing was kept.",
        ) from None
    _see_count(len(elements))
    return [(number, bytes(one)) for number, one in enumerate(elements, 1)]


def _see_count(count: int) -> None:
    if count > MAX_RECORDS:
        raise Refused(
            413,
            "too_many_records",
            f"The body holds more than {MAX_RECORDS:,} records.",
            hint="Send them in several requests; nothing was kept.",
        )


def _too_large() -> Refused:
    return Refused(
        413,
        "body_too_large",
        f"The body has more than {MAX_BODY_BYTES:,} bytes, as it is or unpacked.",
        hint="Send the records in several requests; nothing was kept.",
        headers={"Connection": "close"},
    )
