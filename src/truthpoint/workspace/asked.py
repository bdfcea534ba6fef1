"""What a request asks for, and what reading it by v1 and by v2 has in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from . import limits
from .messages import MALFORMED, decode
from .operations import Operation, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .messages import Json, Reply
    from .switches import Switches

EVENT_ACTIONS: Final = frozenset({"event", "page", "screen"})
"""Actions that store an event (3.2)."""

PLATFORMS: Final = ("ios", "android")
"""Of devices (2.6)."""

raws: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
"""Read a JSON object and leave its values as they are on the wire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a request asks for.

    Attributes:
        operations: Its items, in order; as far as they can be read, even if it is refused.
        refusal: The answer if the request as a whole is wrong; None: it is not.
    """

    operations: tuple[Operation, ...] = ()
    refusal: Reply | None = None


def object_of(body: bytes) -> Json | None:
    """Return a body's JSON object; None if it is none, or not JSON."""
    try:
        body.decode()
        value = decode(body)
    except MALFORMED:
        return None
    return cast("Json", value) if isinstance(value, dict) else None


def as_object(value: object) -> Json:
    """Return a JSON object; of any other value, an empty one."""
    return cast("Json", value) if isinstance(value, dict) else {}


def event_problems(given: Json, switches: Switches) -> Iterator[Problem]:
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


def device_problems(given: Mapping[str, Any], key: str, *, adds: bool) -> Iterator[Problem]:
    """Yield what is wrong with a device (2.6).

    Args:
        given: The item or body that holds it as `device`.
        key: What the API calls the token: `id` in v1, `token` in v2.
        adds: Whether it is added; of one that is deleted, only the token counts.
    """
    device = given.get("device")
    if device is None:
        yield Problem("required", "device", "field is required")
        return
    if not isinstance(device, dict):
        yield Problem("invalid", "device", "must be an object")
        return
    told = cast("Json", device)
    token = told.get(key)
    if token is None or token == "":
        yield Problem("required", f"device.{key}", "field is required")
    elif not isinstance(token, str):
        yield Problem("invalid", f"device.{key}", "must be a string")
    if not adds:
        return
    if told.get("platform") is None:
        yield Problem("required", "device.platform", "field is required")
    elif told["platform"] not in PLATFORMS:
        yield Problem("invalid", "device.platform", f"must be one of {', '.join(PLATFORMS)}")
    if not isinstance(told.get("attributes", {}), dict):
        yield Problem("invalid", "device.attributes", "must be an object")
