"""From the bytes of a Track request to operations, checked as far as that needs no state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import msgspec

from . import identifiers, limits, reading_v1
from .asked import (
    EVENT_ACTIONS,
    Asked,
    as_object,
    device_problems,
    event_problems,
    object_of,
    raws,
)
from .messages import json_reply, track_v1_error, track_v2_error
from .operations import Operation, Problem
from .routes import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .messages import Json, Reply, Request
    from .routes import Match
    from .switches import Switches

_UNBUILT_ACTIONS: Final = frozenset(["add_relationships", "delete_relationships"])
"""Documented in 3.2, missing in this version."""

_DEVICE_ACTIONS: Final = frozenset(["add_device", "delete_device"])
_BARE_ACTIONS: Final = frozenset(["delete", "suppress", "unsuppress"])
_ACTIONS: Final = frozenset(["identify", "merge"]) | EVENT_ACTIONS | _DEVICE_ACTIONS | _BARE_ACTIONS

_raw_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


def read(match: Match, request: Request, switches: Switches) -> Asked:
    """Return what a request asks for; nothing for one that only reads."""
    if match.endpoint is Endpoint.BATCH:
        return _batch(request.body, switches)
    if match.endpoint is Endpoint.ENTITY:
        return _entity(request.body, switches)
    return reading_v1.read(match, request, switches)


def _batch(body: bytes, switches: Switches) -> Asked:
    given = object_of(body)
    items = None if given is None else given.get("batch")
    operations: tuple[Operation, ...] = ()
    if isinstance(items, list):
        sizes = [len(bytes(raw)) for raw in _raw_items(raws(body)["batch"])]
        operations = tuple(
            _item(index, item, size_bytes, switches)
            for index, (item, size_bytes) in enumerate(
                zip(cast("list[object]", items), sizes, strict=True)
            )
        )
    limit_bytes = limits.BATCH_KILOBYTES * switches.kilobyte_bytes
    if len(body) > limit_bytes:
        message = f"request cannot be larger than {limit_bytes} bytes"
        refusal = track_v2_error(
            switches.oversize_status, reason="invalid", field="", message=message
        )
        return Asked(operations=operations, refusal=refusal)
    if given is None:
        return Asked(refusal=_not_an_object())
    if not isinstance(items, list):
        reason = "invalid" if "batch" in given else "required"
        message = "must be an array" if "batch" in given else "field is required"
        return Asked(refusal=track_v2_error(400, reason=reason, field="batch", message=message))
    if not operations and switches.empty_batch_status != 200:
        return Asked(
            refusal=track_v2_error(
                400, reason="invalid", field="batch", message="must not be empty"
            )
        )
    return Asked(operations=operations)


def _not_an_object() -> Reply:
    message = "body must be a JSON object"
    return track_v2_error(400, reason="invalid", field="", message=message)


def _entity(body: bytes, switches: Switches) -> Asked:
    given = object_of(body)
    limit_bytes = limits.ITEM_KILOBYTES * switches.kilobyte_bytes
    operation = None if given is None else _item(0, given, len(body), switches)
    operations = () if operation is None else (operation,)
    if len(body) > limit_bytes:
        message = f"entity cannot be larger than {limit_bytes} bytes"
        status = switches.oversize_status
        refusal = track_v2_error(status, reason="invalid", field="", message=message)
        return Asked(operations=operations, refusal=refusal)
    if operation is None:
        return Asked(refusal=_not_an_object())
    return Asked(operations=operations)


def _item(index: int, item: object, item_bytes: int, switches: Switches) -> Operation:
    """Return one v2 item, with everything that is wrong with it (3.1, 3.2, 17.2)."""
    if not isinstance(item, dict):
        problem = Problem("invalid", "", "item must be an object")
        return Operation(index=index, action=None, item_bytes=item_bytes, problems=(problem,))
    given = cast("Json", item)
    problems: list[Problem] = []
    limit_bytes = limits.ITEM_KILOBYTES * switches.kilobyte_bytes
    if item_bytes > limit_bytes:
        problems.append(Problem("invalid", "", f"item cannot be larger than {limit_bytes} bytes"))
    problems += _type_problems(given)
    kind, value = "", ""
    if not problems:
        if given["action"] == "merge":
            return reading_v1.merge_of(given, index, item_bytes)
        kind, value, found = identifiers.of_item(given, switches)
        problems += found
        problems += _content_problems(given, switches)
    action = given.get("action")
    name, event_id = given.get("name"), given.get("id")
    is_event = action in EVENT_ACTIONS
    attributes = as_object(given.get("attributes"))
    token = None
    if action in _DEVICE_ACTIONS:
        attributes = {"device": given.get("device")}
        token = as_object(given.get("device")).get("token")
    return Operation(
        index=index,
        action=action if isinstance(action, str) else None,
        kind=kind,
        value=value,
        identifiers=as_object(given.get("identifiers")),
        attributes=attributes,
        item_bytes=item_bytes,
        name=name.strip() if is_event and isinstance(name, str) else None,
        event_id=event_id if is_event and isinstance(event_id, str) else None,
        timestamp=given.get("timestamp"),
        token=token if isinstance(token, str) else "",
        problems=tuple(problems),
    )


def _type_problems(given: Json) -> Iterator[Problem]:
    """Yield what is wrong with an item's type and action; then nothing else is looked at."""
    of_type, action = given.get("type"), given.get("action")
    if of_type is None:
        yield Problem("required", "type", "field is required")
    elif of_type in ("object", "delivery"):
        yield _unbuilt("type", str(of_type))
    elif of_type != "person":
        yield Problem("invalid", "type", "unknown type")
    elif action is None:
        yield Problem("required", "action", "field is required")
    elif not isinstance(action, str):
        yield Problem("invalid", "action", "unknown action")
    elif action in _UNBUILT_ACTIONS:
        yield _unbuilt("action", action)
    elif action not in _ACTIONS:
        yield Problem("invalid", "action", "unknown action")


def _unbuilt(field: str, what: str) -> Problem:
    return Problem("unsupported", field, f"the local workspace does not support {what} yet")


def _content_problems(given: Json, switches: Switches) -> Iterator[Problem]:
    """Yield what is wrong with an item of a known action, besides its identifiers."""
    action = given["action"]
    if action in _DEVICE_ACTIONS:
        yield from device_problems(given, "token", adds=action == "add_device")
        return
    if action in _BARE_ACTIONS:
        return
    if not isinstance(given.get("attributes"), dict | None):
        yield Problem("invalid", "attributes", "must be an object")
    found = as_object(given.get("attributes"))
    is_event = action in EVENT_ACTIONS
    if is_event:
        yield from event_problems(given, switches)
    elif "cio_relationships" in given:
        yield _unbuilt("cio_relationships", "cio_relationships")
    else:
        yield from identifiers.among_attributes(found)
    yield from limits.attribute_problems(found, switches, of_person=not is_event)


def refused_whole(problems: tuple[Problem, ...], *, path_is_v1: bool) -> Reply:
    """Return the 400 of an endpoint that takes one item (1.4)."""
    if path_is_v1:
        texts = [f"{each.field}: {each.message}" for each in problems]
        return track_v1_error(400, *texts)
    return json_reply(400, {"errors": [each._asdict() for each in problems]})
