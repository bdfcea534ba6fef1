"""A person's devices, by their token (2.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import people, times
from .messages import decode, encode
from .operations import Effect, Outcome, ignored

if TYPE_CHECKING:
    from .operations import Operation
    from .turn import Person, Turn


def add(turn: Turn, operation: Operation) -> Outcome:
    """Add a device or update it; attributes that are not sent stay."""
    person = turn.find(operation.kind, operation.value)
    if person is None:
        if operation.kind == "cio_id" or turn.switches.device_for_unknown_person == "ignore":
            return ignored("unmatched", "identifiers", "nobody has this identifier")
        gains = {operation.kind: operation.value}
        person = people.create(turn, operation, gains, at_s=turn.now_s)
    sent: dict[str, Any] = operation.attributes["device"]
    row = turn.database.one("device", (person.key, operation.token))
    before: dict[str, Any] = {} if row is None else decode(row[0])
    when = times.moment(sent.get("last_used"), turn.now_s, turn.switches)
    attributes: dict[str, Any] = sent.get("attributes") or {}
    body: dict[str, Any] = {
        "platform": sent["platform"],
        "last_used": when.at_s,
        "attributes": {**before.get("attributes", {}), **attributes},
    }
    if turn.switches.device_of_another == "move":
        turn.database.run("take_device_from_others", operation.token, person.key)
    turn.database.run("put_device", person.key, operation.token, encode(body).decode())
    if body != before:
        data = {"id": operation.token, "platform": body["platform"]}
        turn.note("device_change", operation, person, data={"added": data})
    return Outcome(effect=Effect.APPLIED, timestamp_replaced=when.is_replaced)


def delete(turn: Turn, operation: Operation) -> Outcome:
    """Remove a device; one that is not there is answered like a success."""
    person = turn.find(operation.kind, operation.value)
    if person is None:
        return ignored("unmatched", "identifiers", "nobody has this identifier")
    if turn.database.run("delete_device", person.key, operation.token).rowcount == 0:
        return ignored("unmatched", "device", "the person has no such device")
    turn.note("device_change", operation, person, data={"removed": {"id": operation.token}})
    return Outcome(effect=Effect.APPLIED)


def shown(turn: Turn, person: Person) -> list[dict[str, Any]]:
    """Return a person's devices as the App API tells them."""
    rows = turn.database.all("devices", (person.key,))
    return [{"id": token, **decode(body)} for token, body in rows]
