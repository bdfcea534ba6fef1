"""Events of nobody yet: kept for 30 days, until an identify says whose they are (5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import times
from .identifiers import as_identifier
from .operations import Effect, Outcome, ignored
from .turn import Person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .database import Database
    from .operations import Operation
    from .times import Moment
    from .turn import Turn

KEPT_SECONDS: Final = 30 * 86_400
"""An event that nobody claims is gone after so long, from its arrival."""

GRACE_SECONDS: Final = 300
"""Events that arrive up to so long after the identify are still that person's."""

KINDS: Final = frozenset({"anonymous_id", "recipient", ""})
"""What may stand in an event instead of a person."""


def expire(database: Database, now: float) -> None:
    """Remove what nobody claimed in time; `now` in unix seconds."""
    database.run("expire_anonymous", now - KEPT_SECONDS)


def take(turn: Turn, operation: Operation, when: Moment) -> Outcome:
    """Keep an event of nobody yet; an invitation is answered and kept by nobody (2.5)."""
    if not operation.kind:
        return ignored("unmatched", "anonymous_id", "the event names nobody")
    turn.events_count += 1
    triggers = times.can_trigger(when.at_s, turn.now, turn.switches)
    if operation.kind == "recipient":
        turn.note(operation.action or "event", operation, None, at_s=when.at_s)
    else:
        expire(turn.database, turn.now)
        owner = _owner_in_grace(turn, operation.value)
        if owner is None:
            triggers = False
            turn.database.run(
                "add_anonymous",
                operation.value,
                operation.action,
                operation.name,
                when.at_s,
                turn.now,
                turn.seq,
                operation.index,
            )
        else:
            turn.note(operation.action or "event", operation, owner, at_s=when.at_s)
            _note_merge(turn, operation, owner, operation.value, [when.at_s])
    return Outcome(
        effect=Effect.APPLIED,
        timestamp=when.at_s,
        timestamp_replaced=when.is_replaced,
        would_trigger=triggers,
    )


def _owner_in_grace(turn: Turn, anonymous_id: str) -> Person | None:
    row = turn.database.one("anonymous_owner", (anonymous_id,))
    if row is None or turn.now > row[1] or turn.switches.anonymous_merge == "off":
        return None
    found = turn.database.one("person_by_key", (row[0],))
    if found is None:
        return None
    return Person(key=found[0], id=found[1], email=found[2], cio_id=found[3])


def asked_for(attributes: Mapping[str, object]) -> str:
    """Return the anonymous id among an identify's attributes; empty: none."""
    return as_identifier("anonymous_id", attributes.get("anonymous_id")) or ""


def is_taken(turn: Turn, anonymous_id: str, person: Person | None) -> bool:
    """Tell whether an anonymous id is another person's: it is not used again (2.3)."""
    row = turn.database.one("anonymous_owner", (anonymous_id,)) if anonymous_id else None
    return row is not None and (person is None or person.key != row[0])


def associate(turn: Turn, operation: Operation, person: Person, anonymous_id: str) -> None:
    """Give a person the events of their anonymous id, and those of the next five minutes."""
    expire(turn.database, turn.now)
    row = turn.database.one("anonymous_owner", (anonymous_id,))
    if row is not None and turn.switches.anonymous_again == "new":
        return
    turn.database.run("put_anonymous_owner", anonymous_id, person.key, turn.now + GRACE_SECONDS)
    if turn.switches.anonymous_merge == "off":
        return
    rows = turn.database.all("anonymous_events", (anonymous_id,))
    if not rows:
        return
    turn.write_activities()
    turn.database.many(
        "add_activity",
        [
            (person.key, None, kind, name, at_s, turn.now, None, seq, item)
            for kind, name, at_s, seq, item in rows
        ],
    )
    turn.database.run("drop_anonymous", anonymous_id)
    _note_merge(turn, operation, person, anonymous_id, [at_s for _, _, at_s, _, _ in rows])


def _note_merge(
    turn: Turn, operation: Operation, person: Person, anonymous_id: str, times_s: list[int]
) -> None:
    """Note how many events became a person's, and how many of them can start campaigns."""
    young = [at for at in times_s if times.can_trigger(at, turn.now, turn.switches)]
    told = {"anonymous_id": anonymous_id, "events": len(times_s), "would_trigger": len(young)}
    turn.note("anon_merge", operation, person, data=told)
