"""Two profiles become one: by a merge (7.2), or by an identify that names both (7.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import attributes, leaving
from .operations import Effect, Outcome, ignored

if TYPE_CHECKING:
    from .attributes import Kept
    from .operations import Operation
    from .turn import Person, Turn

_EMPTY_TEXT = '""'


def merge(turn: Turn, operation: Operation) -> Outcome:
    """Let the primary person take over the secondary; nothing, if one of them is missing."""
    primary = turn.find(operation.kind, operation.value)
    if primary is None:
        return ignored("unmatched", "primary", "the primary person is unknown")
    secondary = turn.find(*operation.other)
    if secondary is None:
        return ignored("unmatched", "secondary", "the secondary person is unknown")
    if primary.key == secondary.key:
        return ignored("unmatched", "secondary", "both are the same person")
    join(turn, operation, primary, secondary)
    return Outcome(effect=Effect.APPLIED)


def join(turn: Turn, operation: Operation, primary: Person, secondary: Person) -> None:
    """Move what the primary has not, history included, and remove the secondary.

    The identifiers of the secondary are free again. Nothing that moves can start a campaign
    by its event.
    """
    turn.write_activities()
    moved = _moved(turn, primary, secondary)
    turn.database.many(
        "put_attribute",
        [
            (primary.key, name, kept.value, kept.at_s, kept.changed_s)
            for name, kept in moved.items()
        ],
    )
    turn.database.run("move_activities", primary.key, secondary.key)
    turn.database.run("move_anonymous_owner", primary.key, secondary.key)
    if turn.switches.merge_devices == "move":
        turn.database.run("move_devices", primary.key, secondary.key)
    leaving.forget(turn, secondary)
    told = {"secondary": secondary.identifiers(), "attributes": sorted(moved)}
    turn.note("profile_merge", operation, primary, data=told)


def foreseen(turn: Turn, primary: Person, secondary: Person) -> dict[str, Kept]:
    """Return what will be kept of the primary's attributes after a join; nothing is written.

    An identifier that was removed counts as never set: a join gives the primary both, whatever
    the time of the identify that causes it.
    """
    ours = attributes.load(turn, primary.key)
    removed = {name for name in attributes.IDENTIFIERS & ours.keys() if ours[name].value is None}
    left = {name: kept for name, kept in ours.items() if name not in removed}
    return {**left, **_moved(turn, primary, secondary)}


def _moved(turn: Turn, primary: Person, secondary: Person) -> dict[str, Kept]:
    """Return the secondary's attributes that the primary has not; identifiers never move."""
    ours = attributes.load(turn, primary.key)
    return {
        name: kept
        for name, kept in attributes.load(turn, secondary.key).items()
        if name not in attributes.IDENTIFIERS
        and kept.value is not None
        and _is_missing(ours.get(name))
    }


def _is_missing(kept: Kept | None) -> bool:
    return kept is None or kept.value is None or kept.value == _EMPTY_TEXT
