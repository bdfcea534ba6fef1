"""From the bytes of a Track request to operations, checked as far as that needs no state."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from . import limits
from .messages import MALFORMED, decode, json_reply, track_v1_error, track_v2_error
from .operations import Operation, Problem
from .routes import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .messages import Json, Reply, Request
    from .routes import Match
    from .switches import Switches

EVENT_ACTIONS: Final = frozenset({"event", "page", "screen"})
"""Actions that store an event (3.2)."""

_UNBUILT_ACTIONS: Final = frozenset(
    [
        "delete",
        "add_relationships",
        "delete_relationships",
        "add_device",
        "delete_device",
        "merge",
        "suppress",
        "unsuppress",
    ]
)
"""Documented in 3.2, missing in this version."""

_EMAIL_SHAPE: Final = re.compile(r"[^@\s]+@[^@\s]+")
_raws: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_raw_items: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks for.

    Attributes:
        operations: Its items, in order; as far as they can be read, even if it is refused.
        refusal: The answer if the request as a whole is wrong; None: it is not.
    """

    operations: tuple[Operation, ...] = ()
    refusal: Reply | None = None


def read(match: Match, request: Request, switches: Switches) -> Asked:
    """Return what a request asks for; nothing for one that only reads."""
    if match.endpoint is Endpoint.BATCH:
        return _batch(request.body, switches)
    if match.endpoint is Endpoint.ENTITY:
        return _entity(request.body, switches)
    if match.endpoint is Endpoint.IDENTIFY:
        return _v1_identify(match.identifier, request.body, switches)
    if match.endpoint is Endpoint.EVENT:
        return _v1_event(match.identifier, request.body, switches)
    return Asked()


def guess(identifier: str) -> tuple[str, str]:
    """Return kind and value of an identifier in a v1 path, guessed from its shape (2.2)."""
    if identifier.startswith("cio_"):
        return "cio_id", identifier.removeprefix("cio_")
    if _EMAIL_SHAPE.fullmatch(identifier):
        return "email", identifier.lower()
    return "id", identifier


def _object(body: bytes) -> Json | None:
    """Return a body's JSON object; None if it is none, or not JSON."""
    try:
        body.decode()
        value = decode(body)
    except MALFORMED:
        return None
    return cast("Json", value) if isinstance(value, dict) else None


def _batch(body: bytes, switches: Switches) -> Asked:
    given = _object(body)
    items = None if given is None else given.get("batch")
    operations: tuple[Operation, ...] = ()
    if isinstance(items, list):
        sizes = [len(bytes(raw)) for raw in _raw_items(_raws(body)["batch"])]
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
    given = _object(body)
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
        kind, value, found = _identifier(given)
        problems += found
        problems += _content_problems(given, switches)
    action = given.get("action")
    attributes = given.get("attributes")
    identifiers = given.get("identifiers")
    name, event_id = given.get("name"), given.get("id")
    is_event = action in EVENT_ACTIONS
    return Operation(
        index=index,
        action=action if isinstance(action, str) else None,
        kind=kind,
        value=value,
        identifiers=cast("Json", identifiers) if isinstance(identifiers, dict) else {},
        attributes=cast("Json", attributes) if isinstance(attributes, dict) else {},
        item_bytes=item_bytes,
        name=name.strip() if is_event and isinstance(name, str) else None,
        event_id=event_id if is_event and isinstance(event_id, str) else None,
        timestamp=given.get("timestamp"),
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
    elif action != "identify" and action not in EVENT_ACTIONS:
        yield Problem("invalid", "action", "unknown action")


def _unbuilt(field: str, what: str) -> Problem:
    return Problem("unsupported", field, f"the local workspace does not support {what} yet")


def _identifier(given: Json) -> tuple[str, str, list[Problem]]:
    """Return kind, value and problems of a v2 item's identifiers (3.1)."""
    identifiers = given.get("identifiers")
    if identifiers is None:
        return "", "", [Problem("required", "identifiers", "field is required")]
    if not isinstance(identifiers, dict) or len(cast("Json", identifiers)) != 1:
        return "", "", [Problem("invalid", "identifiers", "exactly one identifier is required")]
    ((kind, value),) = cast("Json", identifiers).items()
    field = f"identifiers.{kind}"
    if kind in ("phone", "anonymous_id"):
        return "", "", [_unbuilt(field, kind)]
    if kind not in ("id", "email", "cio_id"):
        return "", "", [Problem("invalid", "identifiers", "unknown identifier")]
    text = as_identifier(kind, value)
    if text is None:
        return "", "", [Problem("invalid", field, "must be a string or a number")]
    if not text:
        return "", "", [Problem("invalid", field, "must not be empty")]
    if kind == "id" and limits.is_over(text, limits.ID_BYTES):
        message = f"id cannot be longer than {limits.ID_BYTES} bytes"
        return "", "", [Problem("invalid", field, message)]
    return kind, text, []


def as_identifier(kind: str, value: object) -> str | None:
    """Return an identifier as its text: emails in lower case (2.2); None if it is no identifier."""
    if isinstance(value, str):
        return value.lower() if kind == "email" else value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return None


def _content_problems(given: Json, switches: Switches) -> Iterator[Problem]:
    """Yield what is wrong with an item of a known action, besides its identifiers."""
    attributes = given.get("attributes")
    if attributes is not None and not isinstance(attributes, dict):
        yield Problem("invalid", "attributes", "must be an object")
        attributes = None
    found = cast("Json", attributes or {})
    is_event = given["action"] in EVENT_ACTIONS
    if is_event:
        yield from _event_problems(given, switches)
    elif "cio_relationships" in given:
        yield _unbuilt("cio_relationships", "cio_relationships")
    else:
        yield from _own_id_problems(found)
    yield from limits.attribute_problems(found, switches, of_person=not is_event)


def _own_id_problems(attributes: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with identifiers among the attributes of an identify."""
    for kind in ("id", "email"):
        value = attributes.get(kind)
        if value is None:
            continue
        text = as_identifier(kind, value)
        if text is None:
            yield Problem("invalid", f"attributes.{kind}", "must be a string or a number")
        elif kind == "id" and limits.is_over(text, limits.ID_BYTES):
            message = f"id cannot be longer than {limits.ID_BYTES} bytes"
            yield Problem("invalid", "attributes.id", message)


def _event_problems(given: Json, switches: Switches) -> Iterator[Problem]:
    """Yield what is wrong with an event's name and id (2.4, 4)."""
    name = given.get("name")
    if name is None or (isinstance(name, str) and not name.strip()):
        yield Problem("required", "name", "field is required")
    elif not isinstance(name, str):
        yield Problem("invalid", "name", "must be a string")
    elif limits.is_over(name.strip(), limits.EVENT_NAME_BYTES):
        message = f"event name cannot be longer than {limits.EVENT_NAME_BYTES} bytes"
        yield Problem("invalid", "name", message)
    event_id = given.get("id")
    if event_id is None or switches.invalid_event_id != "reject":
        return
    if not isinstance(event_id, str) or not limits.is_ulid(event_id):
        yield Problem("invalid", "id", "must be a valid ULID")


def _v1_identify(identifier: str, body: bytes, switches: Switches) -> Asked:
    """Read `PUT /customers/{identifier}`; problems wait, since v1 answers 200 to them (2.3)."""
    given = _object(body or b"{}")
    if given is None:
        return Asked(refusal=track_v1_error(400, "body must be a JSON object"))
    kind, value = guess(identifier)
    problems = [
        *_own_id_problems(given),
        *limits.attribute_problems(given, switches, of_person=True),
    ]
    if kind == "id" and limits.is_over(value, limits.ID_BYTES):
        message = f"id cannot be longer than {limits.ID_BYTES} bytes"
        problems.append(Problem("invalid", "identifiers.id", message))
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
        problems=tuple(problems),
    )
    if "cio_relationships" in given:
        message = "the local workspace does not support cio_relationships yet"
        return Asked(operations=(operation,), refusal=track_v1_error(501, message))
    return Asked(operations=(operation,))


def _v1_event(identifier: str, body: bytes, switches: Switches) -> Asked:
    """Read `POST /customers/{identifier}/events`; a problem refuses the request (2.4, 2.12)."""
    given = _object(body)
    if given is None:
        return Asked(refusal=track_v1_error(400, "body must be a JSON object"))
    kind, value = guess(identifier)
    problems = list(_event_problems(given, switches))
    data = given.get("data")
    if data is not None and not isinstance(data, dict):
        problems.append(Problem("invalid", "data", "must be an object"))
    found = cast("Json", data) if isinstance(data, dict) else {}
    if data is not None and len(bytes(_raws(body)["data"])) > limits.EVENT_DATA_BYTES:
        message = f"cannot be larger than {limits.EVENT_DATA_BYTES} bytes"
        problems.append(Problem("invalid", "data", message))
    if kind == "id" and limits.is_over(value, limits.ID_BYTES):
        message = f"id cannot be longer than {limits.ID_BYTES} bytes"
        problems.append(Problem("invalid", "identifiers.id", message))
    problems += limits.attribute_problems(found, switches, of_person=False)
    of_type, name, event_id = given.get("type"), given.get("name"), given.get("id")
    operation = Operation(
        index=0,
        # Whatever is neither page nor screen is an event (2.4).
        action=of_type if of_type in ("page", "screen") else "event",
        kind=kind,
        value=value,
        identifiers={kind: value},
        attributes=found,
        item_bytes=len(body),
        name=name.strip() if isinstance(name, str) else None,
        event_id=event_id if isinstance(event_id, str) else None,
        timestamp=given.get("timestamp"),
        path_is_v1=True,
        problems=tuple(problems),
    )
    return Asked(operations=(operation,))


def refused_whole(problems: tuple[Problem, ...], *, path_is_v1: bool) -> Reply:
    """Return the 400 of an endpoint that takes one item (1.4)."""
    if path_is_v1:
        texts = [f"{each.field}: {each.message}" for each in problems]
        return track_v1_error(400, *texts)
    return json_reply(400, {"errors": [each._asdict() for each in problems]})
