"""What ends a profile: delete, suppress; and what unsuppress frees again (8.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .identifiers import as_identifier
from .operations import Effect, Outcome, ignored

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .operations import Operation
    from .turn import Person, Turn


def delete(turn: Turn, operation: Operation) -> Outcome:
    """Remove a person with everything of theirs; a later write creates them again."""
    person = turn.find(operation.kind, operation.value)
    if person is None:
        return ignored("unmatched", "identifiers", "nobody has this identifier")
    forget(turn, person)
    turn.note("profile_delete", operation, None, data={})
    return Outcome(effect=Effect.APPLIED)


def suppress(turn: Turn, operation: Operation) -> Outcome:
    """Remove a person and block their identifiers; one that nobody has is blocked in advance."""
    person = turn.find(operation.kind, operation.value)
    blocked = {operation.kind: operation.value}
    if person is not None and turn.switches.suppress_scope == "all":
        blocked = {"id": person.id, "email": person.email}
    elif operation.kind == "cio_id":
        if person is None:
            return ignored("unmatched", "identifiers", "nobody has this cio_id")
        kind = "email" if person.id is None else "id"
        blocked = {kind: person.email if person.id is None else person.id}
    # Those of one person share the number of this item, by which they are freed together.
    together = turn.seq * _ITEMS + operation.index
    for kind, value in blocked.items():
        if value is not None:
            turn.database.run("suppress", kind, value, together)
    if person is not None:
        forget(turn, person)
        # What happened to somebody suppressed is told of nobody.
        turn.note("profile_delete", operation, None, data={"forgotten": True}, whose={})
    return Outcome(effect=Effect.APPLIED)


_ITEMS = 1_000_000
"""More items than any batch can hold."""


def unsuppress(turn: Turn, operation: Operation) -> Outcome:
    """Free identifiers again; nothing that was removed comes back."""
    row = turn.database.one("is_suppressed", (operation.kind, operation.value))
    if row is None:
        return ignored("unmatched", "identifiers", "the identifier is not suppressed")
    if turn.switches.suppress_scope == "all":
        turn.database.run("unsuppress_together", row[0])
    turn.database.run("unsuppress", operation.kind, operation.value)
    return Outcome(effect=Effect.APPLIED)


def is_blocked(turn: Turn, operation: Operation) -> bool:
    """Tell whether an operation names somebody suppressed: it is ignored, and answered 200."""
    return any(
        turn.database.one("is_suppressed", named) is not None for named in _named(turn, operation)
    )


def _named(turn: Turn, operation: Operation) -> Iterator[tuple[str, str]]:
    if operation.kind == "recipient":
        yield "email", operation.value.lower()
    else:
        yield operation.kind, operation.value
    if operation.action == "identify" and turn.switches.suppressed_among_attributes == "ignore":
        yield from _named_among_attributes(operation)


def _named_among_attributes(operation: Operation) -> Iterator[tuple[str, str]]:
    for kind in ("id", "email"):
        value = as_identifier(kind, operation.attributes.get(kind))
        if value:
            yield kind, value


def without_suppressed(turn: Turn, operation: Operation) -> Operation:
    """Return an identify without the suppressed identifiers among its attributes."""
    suppressed = {
        kind
        for kind, value in _named_among_attributes(operation)
        if turn.database.one("is_suppressed", (kind, value)) is not None
    }
    if not suppressed:
        return operation
    left = {name: each for name, each in operation.attributes.items() if name not in suppressed}
    return replace(operation, attributes=left)


def forget(turn: Turn, person: Person) -> None:
    """Remove a profile and everything of theirs."""
    # What this request has noted so far is theirs too.
    turn.write_activities()
    for name in ("activities", "devices", "anonymous_owner", "attributes", "person"):
        turn.database.run(f"delete_{name}", person.key)
    turn.people_count -= 1
