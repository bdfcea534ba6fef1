"""What the Track API's answers mean: accepted, again later, refused, or stop.

The facts about the API are those of its published documentation, Track API v1 and v2.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import urlsplit

import msgspec

from .wire import BATCH_PATH, REGION_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_decode: Final = msgspec.json.Decoder().decode

LONGEST_REASON: Final = 300
"""Reasons of a refusal are kept up to so many characters."""

SAID: Final = " | Customer.io: "
"""Before it, a reason holds known words only; after it, the peer's own, which can repeat a
customer's value: those are shown with the record itself and nowhere else (law 21)."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What came back.

    Attributes:
        status: HTTP status.
        headers: Names in lower case.
        body: The whole body.
    """

    status: int
    headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
    body: bytes = b""


class Accepted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The request was accepted, but for the items named.

    Attributes:
        refused: Index of a refused item to the reason (see `SAID`); permanent.
        remark: What was odd about the answer, without its content; empty: nothing.
    """

    refused: Mapping[int, str] = msgspec.field(default_factory=dict[int, str])
    remark: str = ""


class Transient(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Nothing is known to be accepted; the same again later.

    Attributes:
        reason: Why, for the operator: a status or the kind of a failure.
        retry_after_seconds: What the peer asked for; None: nothing readable.
        suspect: Whether something in the request may be the cause.
    """

    reason: str
    retry_after_seconds: float | None = None
    suspect: bool = False


class RefusedWhole(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The request was refused for good as a whole; nothing of it was accepted.

    Attributes:
        reason: The status, and what the answer says; see `SAID`.
    """

    reason: str


class Halt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Credentials or address are wrong: nothing more may be sent.

    Attributes:
        reason: The status.
        region: The region whose address a redirect names; empty: none.
    """

    reason: str
    region: str = ""


Meaning = Accepted | Transient | RefusedWhole | Halt

_TRANSIENT: Final = frozenset({408, 425, 429})

_CREDENTIALS: Final = frozenset({401, 403, 407})

_ADDRESS: Final = frozenset({404, 405, 410})
"""At a path that names nobody, these speak of the address, not of what was sent there."""

_FIXED_PATHS: Final = frozenset({BATCH_PATH, REGION_PATH})

_HOSTS: Final = {"track.customer.io": "us", "track-eu.customer.io": "eu"}
"""Customer.io's own hosts and their regions (customerio-api, 1)."""


def meaning(
    answer: Answer, items: int, *, path: str = BATCH_PATH, now_s: int | None = None
) -> Meaning:
    """Return what an answer means for the request that it answers.

    Args:
        answer: The answer.
        items: How many items the request held.
        path: What was asked. Defaults to a batch.
        now_s: The present in unix seconds, for a date in `Retry-After`; None: not known.
    """
    status = answer.status
    if 200 <= status < 300:
        return _accepted(answer, items)
    if 300 <= status < 400:
        return _redirected(answer)
    if status in _CREDENTIALS or (status in _ADDRESS and path in _FIXED_PATHS):
        return Halt(reason=f"HTTP {status}")
    if status in _TRANSIENT or status >= 500:
        retry_after = _retry_after(answer.headers, now_s)
        suspect = status >= 500 and retry_after is None
        return Transient(reason=f"HTTP {status}", retry_after_seconds=retry_after, suspect=suspect)
    said = _reason(_errors(_read(answer.body) or {}))
    return RefusedWhole(reason=f"HTTP {status} {said}".strip()[:LONGEST_REASON])


def _redirected(answer: Answer) -> Halt:
    """A redirect is not followed: what is sent to another region would end there."""
    try:
        host = urlsplit(answer.headers.get("location", "")[:1_000]).hostname or ""
    except ValueError:
        host = ""
    region = _HOSTS.get(host, "")
    to = f" to {host}" if region else ""
    return Halt(reason=f"HTTP {answer.status}{to}", region=region)


def _accepted(answer: Answer, items: int) -> Accepted | Transient:
    said = _read(answer.body)
    if said is None and answer.body.strip():
        # What sits between may say 200 for Customer.io; ours is JSON (law 18).
        reason = f"HTTP {answer.status} with a body that is not Customer.io's"
        return Transient(reason=reason, suspect=True)
    # One item can have several errors.
    by_item: dict[int, list[Mapping[str, object]]] = {}
    unknown = 0
    errors = _errors(said or {})
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


def _read(body: bytes) -> Mapping[str, object] | None:
    """Return a body's JSON object; None: it is none, and so not one of Customer.io's."""
    try:
        decoded: object = _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return cast("dict[str, object]", decoded) if isinstance(decoded, dict) else None


def _errors(held: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return the error objects of an answer in any of the documented envelopes."""
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


class Region(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where the credentials lead.

    Attributes:
        region: `us`, `eu`, or what else it says; empty when it says nothing.
        environment_id: The workspace id; None when it says none.
    """

    region: str = ""
    environment_id: int | None = None


def read_region(body: bytes) -> Region:
    """Return what the region endpoint's body says; what is missing or odd stays empty."""
    held = _read(body) or {}
    region, environment = held.get("region"), held.get("environment_id")
    known = isinstance(environment, int) and not isinstance(environment, bool)
    return Region(
        region=region if isinstance(region, str) else "",
        environment_id=cast("int", environment) if known else None,
    )
