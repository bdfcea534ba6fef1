"""A request and its reply as plain values, JSON that keeps decimals, and the error envelopes."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

encode: Final = msgspec.json.Encoder(decimal_format="number").encode
"""Write JSON; a `Decimal` becomes the number it was read from."""

decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode
"""Read JSON; a number with a fraction or an exponent becomes a `Decimal`, digit for digit."""

MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)
"""What `decode` raises for bytes that are not JSON, are not UTF-8, or are nested too deeply."""

JSON_HEADERS: Final[Mapping[str, str]] = {
    # As recorded from the live service (1.5).
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "no-cache, no-store, must-revalidate, max-age=0",
}

Json = dict[str, Any]
"""A JSON object as read from the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request.

    Attributes:
        method: In capitals.
        path: As on the wire: percent-encoded, from the root, without the query.
        query: Decoded parameters; of a repeated one, the first. Defaults to none.
        headers: Names in lower case. Defaults to none.
        body: The whole body. Defaults to none.
        loopback: Whether it came from this machine. Defaults to True.
        scheme: `http` or `https`. Defaults to `http`.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    loopback: bool = True
    scheme: str = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to answer, and how.

    Attributes:
        status: HTTP status; what would have been answered when `reset` is given.
        headers: Names as they are sent.
        body: The whole body.
        delay_seconds: How long to wait before answering. Defaults to 0: at once.
        reset: The connection dies without an answer: `before` anything was applied, or
            `after` all of it was applied and committed. None: it is answered.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    delay_seconds: float = 0.0
    reset: Literal["before", "after"] | None = None


def json_reply(status: int, value: object) -> Reply:
    """Return a reply with a JSON body and a newline behind it, as the live service sends (1.5)."""
    return Reply(status=status, headers=JSON_HEADERS, body=encode(value) + b"\n")


ACCEPTED: Final = json_reply(200, {})
"""Success: accepted for processing, and nothing more is said (1.5)."""


def track_v1_error(status: int, *texts: str) -> Reply:
    """Return an error in the envelope of the Track API v1 (1.4)."""
    return json_reply(status, {"meta": {"errors": texts}})


def track_v2_error(status: int, *, reason: str, field: str, message: str) -> Reply:
    """Return a refusal of a whole request in the envelope of the Track API v2 (1.4, 3.4)."""
    return json_reply(status, {"errors": [{"reason": reason, "field": field, "message": message}]})


def app_error(status: int, detail: str) -> Reply:
    """Return an error in the envelope of the App API (1.4); the status as a number."""
    return json_reply(status, {"errors": [{"detail": detail, "status": status}]})


def control_error(status: int, *texts: str) -> Reply:
    """Return an error of the control API: what is wrong and what is allowed."""
    return json_reply(status, {"errors": texts})
