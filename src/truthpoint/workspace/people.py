"""Who is meant: the decision table of an identify, for workspaces that take email or id (2.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from .identifiers import as_identifier
from .messages import encode
from .turn import Person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .operations import Operation
    from .turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which profile an identify writes.

    Attributes:
        person: The profile; None: one is to be created, unless `failure` says otherwise.
        gains: Identifiers it gets, by kind; None removes one.
        failure: Why nothing is written; empty: it is.
        is_silent: The failure leaves no activity.
        absorbs: Another profile that becomes part of this one first; None: no other.
        denied: An identifier that is not changed though the rest is written; empty: none.
    """

    person: Person | None = None
    gains: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    failure: str = ""
    is_silent: bool = False
    absorbs: Person | None = None
    denied: str = ""


def choose(turn: Turn, operation: Operation) -> Choice:
    """Return which profile an identify writes, and with which identifiers."""
    asked = _identifiers_asked(operation)
    if operation.kind == "cio_id":
        return _by_cio_id(turn, operation, asked)
    named = asked.pop(operation.kind, operation.value)
    person = turn.find(operation.kind, operation.value)
    if named not in (operation.value, None):
        # Set identifiers change by `cio_id` only.
        return Choice(person=person, failure=f"{operation.kind} can be changed by cio_id only")
    other = "email" if operation.kind == "id" else "id"
    if person is None:
        return _unknown(turn, operation, other, asked.get(other))
    if other not in asked:
        # An email that is addressed and null at once is removed like any other.
        return Choice(person=person, gains=_removal(turn, person) if named is None else {})
    return _known(turn, operation, person, other, asked[other])


def _identifiers_asked(operation: Operation) -> dict[str, str | None]:
    """Return the identifiers among an identify's attributes; None: asked to be removed."""
    asked: dict[str, str | None] = {}
    for kind in ("id", "email"):
        if kind in operation.attributes:
            asked[kind] = as_identifier(kind, operation.attributes[kind]) or None
    if "id" in asked and asked["id"] is None:
        # An id is never removed by an attribute [I].
        del asked["id"]
    return asked


def _by_cio_id(turn: Turn, operation: Operation, asked: dict[str, str | None]) -> Choice:
    """`cio_…` known: any free identifier is set; unknown: the request is dropped."""
    person = turn.find("cio_id", operation.value)
    if person is None:
        return Choice(failure="nobody has this cio_id", is_silent=True)
    gains: dict[str, str | None] = {}
    for kind, value in asked.items():
        if value is None:
            gains |= _removal(turn, person)
            continue
        owner = turn.find(kind, value)
        if owner is not None and owner.key != person.key:
            return Choice(person=person, failure=f"{kind} belongs to another person")
        gains[kind] = value
    return Choice(person=person, gains=gains)


def _unknown(turn: Turn, operation: Operation, other: str, value: str | None) -> Choice:
    """Unknown path identifier: create, or give it to the person whom the body names."""
    named = {operation.kind: operation.value}
    found = None if value is None else turn.find(other, value)
    if found is None:
        if operation.attributes.get("_update") is True:
            # v1 logs a failed change, v2 does nothing at all (16, row 3).
            is_silent = not operation.path_is_v1
            return Choice(failure="nobody to update", is_silent=is_silent)
        return Choice(gains=named if value is None else {**named, other: value})
    current = found.id if operation.kind == "id" else found.email
    if current is None:
        return Choice(person=found, gains=named)
    if operation.kind == "id" and turn.switches.new_id_with_known_email == "rename":
        return Choice(person=found, gains=named)
    if operation.kind == "email" and turn.switches.email_update_by_id == "on":
        return Choice(person=found, gains=named)
    return Choice(person=found, failure=f"the person found has another {operation.kind}")


def _known(
    turn: Turn, operation: Operation, person: Person, other: str, value: str | None
) -> Choice:
    """Known person, and the body tells their other identifier too."""
    if value is None:
        return Choice(person=person, gains=_removal(turn, person))
    current = person.id if other == "id" else person.email
    if value == current:
        return Choice(person=person)
    owner = turn.find(other, value)
    if owner is not None:
        if turn.switches.auto_merge == "on" and _is_half(person) and _is_half(owner):
            # Each has one of the two identifiers: the older profile takes the other over.
            older, younger = sorted((person, owner), key=lambda each: each.key)
            gains = {operation.kind: operation.value, other: value}
            return Choice(person=older, gains=gains, absorbs=younger)
        return Choice(person=person, failure=f"{other} belongs to another person")
    if current is None:
        return Choice(person=person, gains={other: value})
    allowed = turn.switches.email_update_by_id == "on" and operation.kind == "id"
    if other == "email" and allowed:
        return Choice(person=person, gains={other: value})
    if turn.switches.identifier_change == "refuse_identifier":
        return Choice(person=person, denied=other)
    return Choice(person=person, failure=f"{other} can be changed by cio_id only")


def _is_half(person: Person) -> bool:
    """Tell whether a profile has one identifier only, its `cio_id` not counted (7.3)."""
    return person.id is None or person.email is None


def _removal(turn: Turn, person: Person) -> dict[str, str | None]:
    """Return the change for an email that is null: a person keeps one identifier."""
    if turn.switches.email_null == "remove" and person.id is not None:
        return {"email": None}
    return {}


def create(
    turn: Turn, operation: Operation, gains: Mapping[str, str | None], *, at_s: int
) -> Person:
    """Create a profile with these identifiers as of `at_s`, and log its creation."""
    named = f"{turn.life}/{turn.seq}/{operation.index}/{operation.kind}/{operation.value}"
    cio_id = blake2b(named.encode(), digest_size=8).hexdigest()
    cursor = turn.database.run("add_person", gains.get("id"), gains.get("email"), cio_id)
    person = Person(
        key=int(cursor.lastrowid or 0),
        id=gains.get("id"),
        email=gains.get("email"),
        cio_id=cio_id,
    )
    rows = [(person.key, "cio_id", encode(cio_id).decode(), turn.now_s, turn.now_s)]
    rows += [
        (person.key, kind, encode(value).decode(), at_s, at_s)
        for kind, value in gains.items()
        if value is not None
    ]
    turn.database.many("put_attribute", rows)
    turn.people_count += 1
    turn.note("profile_create", operation, person, data={})
    return person
