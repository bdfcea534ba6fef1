"""One request of Customer.io's APIs: checked, struck by a fault or not, applied, answered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from . import app_api, credentials, reading
from .applying import apply, is_refused
from .faults import ItemsFault, LimitFault, RawBodyFault, ResetFault, SlowFault, StatusFault
from .messages import (
    ACCEPTED,
    JSON_HEADERS,
    Reply,
    app_error,
    json_reply,
    track_v1_error,
    track_v2_error,
)
from .operations import Effect, Outcome, Problem
from .routes import Endpoint, Family, match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .faults import AnyFault, Faults
    from .messages import Request
    from .operations import Operation
    from .reading import Asked
    from .routes import Match
    from .turn import Turn

_NOT_APPLIED: Final = Outcome(effect=Effect.NOT_APPLIED)
_PENDING: Final = Outcome(effect=Effect.PENDING)
_DROPPED: Final = Outcome(
    effect=Effect.IGNORED, problems=(Problem("dropped", "", "over the limit of requests"),)
)

NOTHING_ANSWERED: Final = 0
"""Status of a request whose connection was reset before anything was applied: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request gets, and what became of its items.

    Attributes:
        reply: The reply.
        items: Its operations and their outcomes, in order. Defaults to none.
        fault: Name of the fault that struck; None: none did.
    """

    reply: Reply
    items: Sequence[tuple[Operation, Outcome]] = field(default=())
    fault: str | None = None


def answer(turn: Turn, request: Request, faults: Faults) -> Answer:
    """Let a request take effect, and return its answer.

    What is not an endpoint, or comes without credentials, meets no fault. A fault strikes
    before the request is looked at as a whole, so that even a broken batch can get a 503.
    """
    try:
        matched = match(request.method, request.path)
    except UnicodeDecodeError:
        return Answer(reply=track_v1_error(400, "the identifier in the path is not UTF-8"))
    if matched.endpoint is Endpoint.UNKNOWN:
        return Answer(reply=_error(matched.family, 404, "not found", "not_found"))
    asked = reading.read(matched, request, turn.switches)
    if not matched.is_open:
        denial = credentials.refusal(request.headers.get("authorization", ""), matched.family)
        if denial is not None:
            return _untouched(asked, denial)
    if matched.endpoint is Endpoint.UNBUILT:
        message = f"the local workspace does not have {request.method} {matched.pattern} yet"
        return _untouched(asked, _error(matched.family, 501, message, "unsupported"))
    fault = faults.strike(request.path, asked.operations, turn.now)
    if fault is None:
        return _apply(turn, request, matched, asked)
    return _struck(turn, request, matched, asked, fault)


def _error(family: Family, status: int, message: str, reason: str) -> Reply:
    if family is Family.APP:
        return app_error(status, message)
    if family is Family.TRACK_V2:
        return track_v2_error(status, reason=reason, field="", message=message)
    return track_v1_error(status, message)


def _untouched(asked: Asked, reply: Reply) -> Answer:
    return Answer(reply=reply, items=[(each, _NOT_APPLIED) for each in asked.operations])


def _struck(turn: Turn, request: Request, matched: Match, asked: Asked, fault: AnyFault) -> Answer:
    """Answer a request that a fault strikes."""
    name = fault.name or str(fault.__struct_config__.tag)
    if isinstance(fault, StatusFault) and not fault.applied:
        answered = _untouched(asked, _faulty_reply(fault))
    elif isinstance(fault, LimitFault) and not fault.drops:
        error = _error(matched.family, 429, "too many requests", "rate_limited")
        limited = replace(error, headers={**error.headers, **fault.headers})
        answered = _untouched(asked, limited)
    elif isinstance(fault, LimitFault) and asked.operations:
        answered = Answer(reply=ACCEPTED, items=[(each, _DROPPED) for each in asked.operations])
    elif isinstance(fault, ResetFault) and fault.when == "before":
        answered = _untouched(asked, Reply(status=NOTHING_ANSWERED, reset="before"))
    else:
        hits = fault if isinstance(fault, ItemsFault) else None
        answered = _apply(turn, request, matched, asked, hits)
        if isinstance(fault, StatusFault | RawBodyFault):
            answered = replace(answered, reply=_faulty_reply(fault))
        elif isinstance(fault, SlowFault):
            late = replace(answered.reply, delay_seconds=fault.seconds)
            answered = replace(answered, reply=late)
        elif isinstance(fault, ResetFault):
            answered = replace(answered, reply=replace(answered.reply, reset="after"))
    return replace(answered, fault=name)


def _faulty_reply(fault: StatusFault | RawBodyFault) -> Reply:
    is_json = isinstance(fault, RawBodyFault) and not fault.headers
    headers = JSON_HEADERS if is_json else fault.headers
    return Reply(status=fault.status, headers=headers, body=fault.body.encode())


def _apply(
    turn: Turn,
    request: Request,
    matched: Match,
    asked: Asked,
    hits: ItemsFault | None = None,
) -> Answer:
    """Apply a request item by item, unless it is refused as a whole."""
    if asked.refusal is not None:
        return _untouched(asked, asked.refusal)
    if not asked.operations and matched.endpoint is not Endpoint.BATCH:
        return Answer(reply=_read_reply(turn, request, matched))
    items: list[tuple[Operation, Outcome]] = []
    for operation in asked.operations:
        if hits is not None and hits.hits(operation):
            outcome = Outcome(effect=Effect.REFUSED, problems=(hits.problem(),))
        elif turn.switches.apply_delay_seconds and not is_refused(operation):
            outcome = _PENDING
        else:
            outcome = apply(turn, operation)
        items.append((operation, outcome))
    if matched.endpoint is Endpoint.BATCH:
        return Answer(reply=_batch_reply(turn, items, is_faulty=hits is not None), items=items)
    ((operation, outcome),) = items
    reply = ACCEPTED
    if outcome.effect is Effect.REFUSED:
        reply = reading.refused_whole(outcome.problems, path_is_v1=operation.path_is_v1)
    return Answer(reply=reply, items=items)


def _batch_reply(
    turn: Turn, items: Sequence[tuple[Operation, Outcome]], *, is_faulty: bool
) -> Reply:
    """Return 200, or 207 with every problem of every item refused (3.4)."""
    refused = [pair for pair in items if pair[1].effect is Effect.REFUSED]
    if not refused:
        return ACCEPTED
    status = 207
    if len(refused) == len(items) and not is_faulty:
        status = turn.switches.all_invalid_status
    # A refusal of the whole has no `batch_index` (1.4).
    errors = [
        {**({} if status == 400 else {"batch_index": operation.index}), **problem._asdict()}
        for operation, outcome in refused
        for problem in outcome.problems
    ]
    return json_reply(status, {"errors": errors})


def _read_reply(turn: Turn, request: Request, matched: Match) -> Reply:
    """Answer a request that only reads."""
    if matched.endpoint is Endpoint.REGION:
        host = request.headers.get("host") or "127.0.0.1"
        told = {"url": f"{request.scheme}://{host}", "region": "us", "environment_id": turn.life}
        return json_reply(200, told)
    return app_api.answer(turn, request, matched)
