"""The control API: what only a double has. Reset, faults, clock and log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from .messages import MALFORMED, control_error, json_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from .clock import Clock
    from .database import Database, Row
    from .faults import Faults
    from .messages import Reply, Request

PREFIX: Final = "/local/"

DEFAULT_PAGE_REQUESTS: Final = 100
LONGEST_PAGE_REQUESTS: Final = 1_000
"""Of the log."""

_LONGEST_NUMBER: Final = 18
"""Digits of a number that surely fits the database."""

_METHODS: Final = {
    "/local/reset": ("POST",),
    "/local/faults": ("GET", "PUT", "DELETE"),
    "/local/log": ("GET",),
    "/local/clock": ("GET", "PUT", "DELETE"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Levers:
    """What the control API can reach.

    Attributes:
        database: Where the log is.
        faults: The rules in force.
        clock: The workspace's time.
        reset: Begins a new life, and returns its id.
        settle: Lets everything take effect that is due.
    """

    database: Database
    faults: Faults
    clock: Clock
    reset: Callable[[], int]
    settle: Callable[[], None]


def answer(request: Request, levers: Levers) -> Reply:
    """Answer a request to `/local/...`."""
    methods = _METHODS.get(request.path)
    if methods is None:
        return control_error(404, f"there is no such path; there are {', '.join(_METHODS)}")
    if request.method not in methods:
        return control_error(405, f"{request.path} takes {', '.join(methods)}")
    if request.path == "/local/clock":
        return _clock(request, levers)
    if request.path == "/local/reset":
        return json_reply(200, {"life": levers.reset()})
    if request.path == "/local/log":
        return _log(request, levers.database)
    return _faults(request, levers.faults)


def _clock(request: Request, levers: Levers) -> Reply:
    """Set the clock; what is due by then has taken effect when this is answered."""
    if request.method == "DELETE":
        levers.clock.use_machine()
    if request.method == "PUT":
        wrong = levers.clock.put(request.body)
        if wrong:
            return control_error(400, wrong)
    levers.settle()
    return json_reply(200, levers.clock.shown())


def _faults(request: Request, faults: Faults) -> Reply:
    if request.method == "DELETE":
        faults.clear()
    if request.method == "PUT":
        try:
            given = msgspec.json.decode(request.body)
        except MALFORMED:
            return control_error(400, "the body must be JSON: a list of faults")
        wrong = faults.put(given)
        if wrong:
            return control_error(400, *wrong)
    return json_reply(200, {"faults": faults.shown()})


def _log(request: Request, database: Database) -> Reply:
    """Tell what was asked and what became of it, the oldest first."""
    numbers: list[int] = []
    for name, fallback in (("after", 0), ("limit", DEFAULT_PAGE_REQUESTS), ("newest", 0)):
        given = request.query.get(name, "")
        if given and not (given.isascii() and given.isdigit() and len(given) <= _LONGEST_NUMBER):
            return control_error(400, f"{name} must be a whole number")
        numbers.append(int(given) if given else fallback)
    after, limit, newest = numbers
    if not 1 <= limit <= LONGEST_PAGE_REQUESTS:
        return control_error(400, f"limit must be from 1 to {LONGEST_PAGE_REQUESTS}")
    if newest not in (0, 1):
        return control_error(400, "newest must be 0 or 1")
    rows = database.all("requests_newest" if newest else "requests_after", (after, limit))
    rows.sort(key=lambda row: row[0])
    ((life, _, people, events, requests),) = database.all("life")
    told: dict[str, Any] = {
        "life": life,
        "people": people,
        "events": events,
        "requests": requests,
        "next": rows[-1][0] if rows else after,
        "log": [_logged(database, row) for row in rows],
    }
    return json_reply(200, told)


def _logged(database: Database, row: Row) -> dict[str, Any]:
    seq, at, method, path, body_bytes, status, answered, fault = row
    return {
        "seq": seq,
        "at": at,
        "method": method,
        "path": path,
        "bytes": body_bytes,
        "status": status,
        "answered": bool(answered),
        "fault": fault,
        "items": [msgspec.Raw(body) for (body,) in database.all("items", (seq,))],
    }
