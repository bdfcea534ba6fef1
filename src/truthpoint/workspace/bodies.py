"""What was sent and what was answered, as it crossed the wire: of the newest requests only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from .messages import encode

if TYPE_CHECKING:
    from .database import Database
    from .messages import Reply, Request

KEPT_BYTES: Final = 64_000_000
"""Bodies and answers kept; what is older is let go."""

SHOWN_BYTES: Final = 100_000
"""Of one body, in the answer that tells a request; the whole of it has an address of its own."""

_ROW_BYTES: Final = 100
"""What a row takes besides what is in it, so that empty bodies end too."""


def keep(database: Database, seq: int, request: Request, reply: Reply) -> None:
    """Keep a request's body and its answer, and let the oldest go.

    Headers of the request are never kept: its credentials are among them.
    """
    headers = encode(reply.headers).decode()
    row = database.one("bytes_kept")
    until_bytes = 0 if row is None else int(row[0])
    until_bytes += len(request.body) + len(reply.body) + len(headers) + _ROW_BYTES
    database.run("keep_body", seq, until_bytes, headers, reply.body, request.body)
    while (oldest := database.one("oldest_body")) and oldest[1] <= until_bytes - KEPT_BYTES:
        database.run("drop_body", oldest[0])


def told(database: Database, seq: int) -> dict[str, Any]:
    """Return what the control API tells of a request's body and its answer."""
    row = database.one("body", (seq,))
    if row is None:
        return {"body": None, "answer": None, "answer_headers": {}}
    headers, answer, body = row
    return {
        "body": _text(body),
        "answer": _text(answer),
        "answer_headers": msgspec.Raw(headers.encode()),
    }


def whole(database: Database, seq: int, *, is_answer: bool) -> bytes | None:
    """Return a body, or the body of an answer; None: it is not kept."""
    row = database.one("body", (seq,))
    return None if row is None else bytes(row[1 if is_answer else 2])


def _text(body: bytes) -> dict[str, Any]:
    """Return the beginning of a body as text, cut between two characters."""
    end = len(body)
    if end > SHOWN_BYTES:
        end = SHOWN_BYTES
        # A byte that goes on with a character does not begin one.
        while end > SHOWN_BYTES - 4 and body[end] & 0xC0 == 0x80:
            end -= 1
    return {
        "text": body[:end].decode(errors="replace"),
        "bytes": len(body),
        "is_whole": end == len(body),
        "is_utf8": _is_utf8(body),
    }


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
