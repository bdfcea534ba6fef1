"""The control API: what only a double has. Reset, faults, clock, log, and looking into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from . import logbook, looking
from .messages import MALFORMED, control_error, json_reply
from .parameters import WrongParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .clock import Clock
    from .database import Database
    from .faults import Faults
    from .messages import Reply, Request
    from .turn import Turn

PREFIX: Final = "/local/"

_METHODS: Final = {
    "/local/reset": ("POST",),
    "/local/faults": ("GET", "PUT", "DELETE"),
    "/local/log": ("GET",),
    "/local/clock": ("GET", "PUT", "DELETE"),
    "/local/people": ("GET",),
    "/local/people/{id}": ("GET",),
    "/local/people/{id}/timeline": ("GET",),
    "/local/activities/{number}": ("GET",),
    "/local/requests": ("GET",),
    "/local/requests/{seq}": ("GET",),
    "/local/requests/{seq}/body": ("GET",),
    "/local/requests/{seq}/answer": ("GET",),
    "/local/requests/{seq}/items/{index}": ("GET",),
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
        turn: What people are read with.
    """

    database: Database
    faults: Faults
    clock: Clock
    reset: Callable[[], int]
    settle: Callable[[], None]
    turn: Callable[[], Turn]


_LOOKS: Final[Mapping[str, Callable[[Levers, Mapping[str, str], list[str]], Reply]]] = {
    "/local/log": lambda levers, query, _: logbook.log(levers.database, query),
    "/local/people": lambda levers, query, _: looking.people(levers.turn(), query),
    "/local/people/{id}": lambda levers, query, names: looking.person(
        levers.turn(), names[0], query
    ),
    "/local/people/{id}/timeline": lambda levers, query, names: looking.timeline(
        levers.turn(), names[0], query
    ),
    "/local/activities/{number}": lambda levers, _, names: looking.activity(
        levers.turn(), names[0]
    ),
    "/local/requests": lambda levers, query, _: logbook.requests(levers.database, query),
    "/local/requests/{seq}": lambda levers, query, names: logbook.request(
        levers.database, names[0], query
    ),
    "/local/requests/{seq}/body": lambda levers, _, names: logbook.body(levers.database, *names),
    "/local/requests/{seq}/answer": lambda levers, _, names: logbook.body(levers.database, *names),
    "/local/requests/{seq}/items/{index}": lambda levers, _, names: logbook.item(
        levers.database, names[0], names[2]
    ),
}
"""What only reads, by the shape of its path; the words behind the second are given too."""


def answer(request: Request, levers: Levers) -> Reply:
    """Answer a request to `/local/...`."""
    segments = request.path.split("/")
    shape = next((each for each in _METHODS if _fits(each.split("/"), segments)), None)
    if shape is None:
        return control_error(404, f"there is no such path; there are {', '.join(_METHODS)}")
    if request.method not in _METHODS[shape]:
        return control_error(405, f"{shape} takes {', '.join(_METHODS[shape])}")
    if shape == "/local/clock":
        return _clock(request, levers)
    if shape == "/local/reset":
        return json_reply(200, {"life": levers.reset()})
    if shape == "/local/faults":
        return _faults(request, levers.faults)
    try:
        return _LOOKS[shape](levers, request.query, segments[3:])
    except WrongParameterError as wrong:
        return control_error(400, str(wrong))


def _fits(shape: list[str], segments: list[str]) -> bool:
    return len(shape) == len(segments) and all(
        each != "" if part.startswith("{") else part == each
        for part, each in zip(shape, segments, strict=True)
    )


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
