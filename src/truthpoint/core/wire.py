"""Step 6 of 6: items and requests as bytes for the Track API, and what its answers mean.

Money is a JSON number in major units, times are unix seconds (design, section 5). The
facts about the API are those of its published documentation, Track API v1 and v2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

import msgspec

from truthpoint.values.instants import to_seconds

from .outbox import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .outbox import Operation, Totals

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_decode: Final = msgspec.json.Decoder().decode

BATCH_PATH: Final = "/api/v2/batch"
REGION_PATH: Final = "/api/v1/accounts/region"

LONGEST_REASON: Final = 300
"""Reasons of a refusal are kept up to so many characters."""

SAID: Final = " | Customer.io: "
"""Before it, a reason holds known words only; after it, the peer's own, which can repeat a
customer's value: those are shown with the record itself and nowhere else (law 21)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing said to Customer.io about one person.

    Attributes:
        person: The person key.
        operation: The operation that it tells; None for totals and for our own identify.
        totals: The totals that it tells; None for others.
        encoded: The item as the v2 API takes it.
    """

    person: int
    operation: Operation | None
    totals: Totals | None
    encoded: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WireRequest:
    """One HTTP request to the Track API.

    Attributes:
        method: `POST`, `PUT` or `GET`.
        path: Path from the root, percent-encoded.
        body: The body; empty for `GET`.
    """

    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status.
        headers: Names in lower case.
        body: The whole body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


def identify_item(person: int, canonical_id: str) -> Item:
    """Return an identify of our making: the identifier only (law 4)."""
    encoded = b"".join((_head("identify", canonical_id), b',"attributes":{}}'))
    return Item(person=person, operation=None, totals=None, encoded=encoded)


def totals_item(
    totals: Totals, canonical_id: str, attributes: Mapping[str, object], at_s: int
) -> Item:
    """Return an identify that tells a person's totals as of `at_s`, in unix seconds."""
    encoded = b"".join(
        (
            _head("identify", canonical_id),
            b',"timestamp":%d,"attributes":' % at_s,
            _encode(attributes),
            b"}",
        )
    )
    return Item(person=totals.person, operation=None, totals=totals, encoded=encoded)


def operation_item(operation: Operation, canonical_id: str) -> Item:
    """Return an operation as an item of the v2 API."""
    naming = b""
    if operation.action is Action.EVENT:
        naming = b',"name":%b,"id":"%b"' % (_encode(operation.name), operation.event_id.encode())
    encoded = b"".join(
        (
            _head(operation.action.value, canonical_id),
            naming,
            b',"timestamp":%d,"attributes":' % to_seconds(operation.at_ms),
            operation.attributes,
            b"}",
        )
    )
    return Item(person=operation.person, operation=operation, totals=None, encoded=encoded)


def _head(action: str, canonical_id: str) -> bytes:
    """Return the start of an item: whom it is about and what it does."""
    return b'{"type":"person","action":"%b","identifiers":{"id":%b}' % (
        action.encode(),
        _encode(canonical_id),
    )


def batch(items: list[Item]) -> WireRequest:
    """Return a v2 batch of these items."""
    body = b'{"batch":[' + b",".join([item.encoded for item in items]) + b"]}"
    return WireRequest(method="POST", path=BATCH_PATH, body=body)


def single(operation: Operation, canonical_id: str) -> WireRequest:
    """Return one operation as a v1 request, for what is too large for v2."""
    person = quote(canonical_id, safe="")
    seconds = to_seconds(operation.at_ms)
    if operation.action is Action.IDENTIFY:
        # Raw values keep their bytes, so that no decimal changes on the way.
        raw = msgspec.json.decode(operation.attributes, type=dict[str, msgspec.Raw])
        body = _encode({**raw, "_timestamp": seconds})
        return WireRequest(method="PUT", path=f"/api/v1/customers/{person}", body=body)
    body = b'{"name":%b,"id":"%b","timestamp":%d,"data":%b}' % (
        _encode(operation.name),
        operation.event_id.encode(),
        seconds,
        operation.attributes,
    )
    return WireRequest(method="POST", path=f"/api/v1/customers/{person}/events", body=body)


def v1_addresses(canonical_id: str) -> bool:
    """Tell whether v1 takes this id for an id.

    In v1 the server guesses from the shape: what looks like an email is one, and what
    starts with `cio_` is Customer.io's own id (customerio-api, 2.2).
    """
    # `.` and `..` are steps of a path, which clients resolve before they send it.
    dots = canonical_id in (".", "..")
    return "@" not in canonical_id and not canonical_id.startswith("cio_") and not dots


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The request was accepted, but for the items named.

    Attributes:
        refused: Index of a refused item to the reason (see `SAID`); permanent.
        remark: What was odd about the answer, without its content; empty: nothing.
    """

    refused: Mapping[int, str] = field(default_factory=dict[int, str])
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transient:
    """Nothing is known to be accepted; the same again later.

    Attributes:
        reason: Why, for the operator: a status or the kind of a failure.
        retry_after_seconds: What the peer asked for; None: nothing readable.
    """

    reason: str
    retry_after_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedWhole:
    """The request was refused for good as a whole; nothing of it was accepted.

    Attributes:
        reason: The status, and what the answer says; see `SAID`.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Halt:
    """Credentials or address are wrong: nothing more may be sent.

    Attributes:
        reason: The status.
    """

    reason: str


Meaning = Accepted | Transient | RefusedWhole | Halt

_TRANSIENT: Final = frozenset({408, 425, 429})


def meaning(answer: Answer, items: int, *, now_s: int | None = None) -> Meaning:
    """Return what an answer means for the request that it answers.

    Args:
        answer: The answer.
        items: How many items the request held.
        now_s: The present in unix seconds, for a date in `Retry-After`; None: not known.
    """
    status = answer.status
    if 200 <= status < 300:
        return _accepted(answer, items)
    if status in (401, 403) or 300 <= status < 400:
        return Halt(reason=f"HTTP {status}")
    if status in _TRANSIENT or status >= 500:
        retry_after = _retry_after(answer.headers, now_s)
        return Transient(reason=f"HTTP {status}", retry_after_seconds=retry_after)
    said = _reason(_errors(answer.body))
    return RefusedWhole(reason=f"HTTP {status} {said}".strip()[:LONGEST_REASON])


def _accepted(answer: Answer, items: int) -> Accepted:
    # One item can have several errors.
    by_item: dict[int, list[Mapping[str, object]]] = {}
    unknown = 0
    errors = _errors(answer.body)
    for error in errors:
        index = error.get("batch_index")
        if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < items:
            by_item.setdefault(index, []).append(error)
        else:
            unknown += 1
    refused = {
        index: (_reason(found) or "no reason given")[:LONGEST_REASON]
        for index, found in by_item.items()
    }
    if unknown:
        return Accepted(refused=refused, remark=f"{unknown} error(s) name no item of the request")
    if answer.status == 207 and not errors:
        return Accepted(remark="a 207 that names no item")
    return Accepted(refused=refused)


def _errors(body: bytes) -> list[Mapping[str, object]]:
    """Return the error objects of an answer in any of the documented envelopes."""
    try:
        decoded: object = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    if not isinstance(decoded, dict):
        return []
    held = cast("dict[str, object]", decoded)
    meta = held.get("meta")
    if isinstance(meta, dict):
        held = cast("dict[str, object]", meta)
    errors = held.get("errors", held.get("error"))
    listed = cast("list[object]", errors) if isinstance(errors, list) else [errors]
    return [
        cast("dict[str, object]", one) if isinstance(one, dict) else {"message": one}
        for one in listed
        if one is not None
    ]


_KNOWN_REASONS: Final = frozenset({"required", "invalid"})
_KNOWN_FIELD: Final = re.compile(
    r"(type|action|name|id|timestamp|batch|data|identifiers|primary|secondary|attributes)"
    r"(\.[A-Za-z_][A-Za-z0-9_]{0,99})?"
)


def _reason(errors: Sequence[Mapping[str, object]]) -> str:
    """Return why something was refused: known words, then the peer's own after `SAID`."""
    known: list[str] = []
    words: list[str] = []
    for error in errors:
        reason, where = error.get("reason"), error.get("field")
        placed = [
            reason if isinstance(reason, str) and reason in _KNOWN_REASONS else "",
            where if isinstance(where, str) and _KNOWN_FIELD.fullmatch(where) else "",
        ]
        known.append(" ".join(filter(None, placed)))
        given = (reason, where, error.get("message") or error.get("detail"))
        said = [one for one in given if isinstance(one, str) and one and one not in placed]
        words.append(" ".join(said))
    sure, told = "; ".join(filter(None, known)), "; ".join(filter(None, words))
    return f"{sure or 'no known reason'}{SAID}{told}" if told else sure


def _retry_after(headers: Mapping[str, str], now_s: int | None) -> float | None:
    """Return a `Retry-After` in seconds; None when it is missing, negative or unreadable.

    A date counts from the answer's own `Date`, so that two clocks need not agree; from
    `now_s` where it has none.
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    until = _http_date(asked)
    since = _http_date(headers.get("date", "")) or now_s
    if until is None or since is None:
        return None
    return max(0.0, float(until - since))


def _http_date(text: str) -> int | None:
    """Return an HTTP date in unix seconds; None for any other text."""
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Where the credentials lead.

    Attributes:
        region: `us`, `eu`, or what else it says; empty when it says nothing.
        environment_id: The workspace id; None when it says none.
    """

    region: str = ""
    environment_id: int | None = None


def read_region(body: bytes) -> Region:
    """Return what the region endpoint's body says; what is missing or odd stays empty."""
    try:
        decoded: object = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Region()
    held = cast("dict[str, object]", decoded) if isinstance(decoded, dict) else {}
    region, environment = held.get("region"), held.get("environment_id")
    known = isinstance(environment, int) and not isinstance(environment, bool)
    return Region(
        region=region if isinstance(region, str) else "",
        environment_id=cast("int", environment) if known else None,
    )
