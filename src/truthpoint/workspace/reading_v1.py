"""Requests of the Track API v1, read: each is one operation, named by its path (2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from . import identifiers, limits
from .asked import Asked, as_object, device_problems, event_problems, object_of, raws
from .messages import json_reply, track_v1_error
from .operations import Operation, Problem
from .routes import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .messages import Json, Request
    from .routes import Match
    from .switches import Switches

_BODY_IS_NONE: Final = "body must be a JSON object"


_BARE: Final = frozenset(
    [Endpoint.DELETE, Endpoint.SUPPRESS, Endpoint.UNSUPPRESS, Endpoint.DELETE_DEVICE]
)
"""What is said by the path alone; a body is overlooked, as the SDKs send an empty one."""


def read(match: Match, request: Request, switches: Switches) -> Asked:
    """Return what a request of v1 asks for; nothing for one that only reads."""
    if match.endpoint is Endpoint.IDENTIFY:
        return _identify(match.identifier, request.body, switches)
    if match.endpoint is Endpoint.EVENT:
        return _event(identifiers.guess(match.identifier), request.body, switches)
    if match.endpoint is Endpoint.ANONYMOUS_EVENT:
        return _anonymous_event(request.body, switches)
    if match.endpoint is Endpoint.MERGE:
        return _merge(request.body)
    if match.endpoint is Endpoint.ADD_DEVICE:
        return _add_device(match, request.body)
    if match.endpoint in _BARE:
        return Asked(operations=(_bare(match, len(request.body)),))
    return Asked()


def _bare(match: Match, body_bytes: int, **more: Any) -> Operation:
    kind, value = identifiers.guess(match.identifier)
    if match.device_id:
        more["attributes"] = {"device": {"id": match.device_id}}
        more["token"] = match.device_id
    return Operation(
        index=0,
        action=match.endpoint.value,
        kind=kind,
        value=value,
        identifiers={kind: value},
        item_bytes=body_bytes,
        path_is_v1=True,
        **more,
    )


def _identify(identifier: str, body: bytes, switches: Switches) -> Asked:
    """Read `PUT /customers/{identifier}`; problems wait, since v1 answers 200 to them (2.3)."""
    given = object_of(body or b"{}")
    if given is None:
        return Asked(refusal=track_v1_error(400, _BODY_IS_NONE))
    kind, value = identifiers.guess(identifier)
    problems = [
        *identifiers.among_attributes(given),
        *limits.attribute_problems(given, switches, of_person=True),
    ]
    too_long = identifiers.of_length(kind, value, "identifiers.id")
    operation = Operation(
        index=0,
        action="identify",
        kind=kind,
        value=value,
        identifiers={kind: value},
        attributes=given,
        item_bytes=len(body),
        timestamp=given.get("_timestamp"),
        path_is_v1=True,
        problems=tuple(problems) if too_long is None else (*problems, too_long),
    )
    if "cio_relationships" in given:
        message = "the local workspace does not support cio_relationships yet"
        return Asked(operations=(operation,), refusal=track_v1_error(501, message))
    return Asked(operations=(operation,))


def _event(named: tuple[str, str], body: bytes, switches: Switches) -> Asked:
    """Read an event; a problem refuses the request (2.4, 2.12).

    Args:
        named: Kind and value of the identifier; both empty: nobody is named.
        body: The body.
        switches: Which event ids and sizes are refused.
    """
    given = object_of(body)
    if given is None:
        return Asked(refusal=track_v1_error(400, _BODY_IS_NONE))
    kind, value = named
    data = given.get("data")
    problems = [*event_problems(given, switches), *_data_problems(data, body)]
    too_long = identifiers.of_length(kind, value, "identifiers.id")
    if too_long is not None:
        problems.append(too_long)
    found = as_object(data)
    problems += limits.attribute_problems(found, switches, of_person=False)
    of_type, name, event_id = given.get("type"), given.get("name"), given.get("id")
    operation = Operation(
        index=0,
        # Whatever is neither page nor screen is an event (2.4).
        action=of_type if of_type in ("page", "screen") else "event",
        kind=kind,
        value=value,
        identifiers={kind: value} if kind else {},
        attributes=found,
        item_bytes=len(body),
        name=name.strip() if isinstance(name, str) else None,
        event_id=event_id if isinstance(event_id, str) else None,
        timestamp=given.get("timestamp"),
        path_is_v1=True,
        problems=tuple(problems),
    )
    return Asked(operations=(operation,))


def _data_problems(data: object, body: bytes) -> list[Problem]:
    if data is None:
        return []
    found: list[Problem] = []
    if not isinstance(data, dict):
        found.append(Problem("invalid", "data", "must be an object"))
    if len(bytes(raws(body)["data"])) > limits.EVENT_DATA_BYTES:
        message = f"cannot be larger than {limits.EVENT_DATA_BYTES} bytes"
        found.append(Problem("invalid", "data", message))
    return found


def _anonymous_event(body: bytes, switches: Switches) -> Asked:
    """Read `POST /events`: of nobody yet, or an invitation to `data.recipient` (2.5)."""
    given = object_of(body)
    told = None if given is None else given.get("anonymous_id")
    text = None if told is None else identifiers.as_identifier("anonymous_id", told)
    if told is not None and text is None:
        reply = track_v1_error(400, "anonymous_id: must be a string or a number")
        return Asked(refusal=reply)
    if text:
        return _event(("anonymous_id", text), body, switches)
    recipient = as_object((given or {}).get("data")).get("recipient")
    named = ("recipient", recipient) if recipient and isinstance(recipient, str) else ("", "")
    if not named[0] and given is not None and switches.event_of_nobody == "refuse":
        return Asked(refusal=track_v1_error(400, "anonymous_id: field is required"))
    return _event(named, body, switches)


def _merge(body: bytes) -> Asked:
    """Read `POST /merge_customers`; its envelope has one text, not a list (1.4, 2.8)."""
    given = object_of(body)
    if given is None:
        return Asked(refusal=json_reply(400, {"meta": {"error": _BODY_IS_NONE}}))
    operation = merge_of(given, 0, len(body), path_is_v1=True)
    if operation.problems:
        first = operation.problems[0]
        told = {"meta": {"error": f"{first.field}: {first.message}"}}
        return Asked(operations=(operation,), refusal=json_reply(400, told))
    return Asked(operations=(operation,))


def merge_of(given: Json, index: int, item_bytes: int, *, path_is_v1: bool = False) -> Operation:
    """Return a merge, by v1 or v2: exactly one identifier on each side (2.8)."""
    kind, value, problems = identifiers.one_of(given.get("primary"), "primary")
    other_kind, other_value, found = identifiers.one_of(given.get("secondary"), "secondary")
    return Operation(
        index=index,
        action="merge",
        kind=kind,
        value=value,
        identifiers=as_object(given.get("primary")),
        attributes={"secondary": given.get("secondary")},
        other=(other_kind, other_value),
        item_bytes=item_bytes,
        path_is_v1=path_is_v1,
        problems=(*problems, *found),
    )


def _add_device(match: Match, body: bytes) -> Asked:
    """Read `PUT /customers/{identifier}/devices`; the token is `device.id` (2.6)."""
    given = object_of(body)
    if given is None:
        return Asked(refusal=track_v1_error(400, _BODY_IS_NONE))
    problems = tuple(device_problems(given, "id", adds=True))
    device: Mapping[str, Any] = as_object(given.get("device"))
    token = device.get("id")
    operation = _bare(
        match,
        len(body),
        attributes={"device": given.get("device")},
        token=token if isinstance(token, str) else "",
        problems=problems,
    )
    return Asked(operations=(operation,))
