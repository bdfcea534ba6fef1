"""Reading what is ready to be sent, no more of it than a turn can hold."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

from truthpoint.core.decision import of_person
from truthpoint.core.people import EMAIL, has_address, named_by

from . import rows
from .files import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from truthpoint.core.outbox import Operation

PERSON_LIMIT: Final = 500
"""Operations loaded of one person for one turn."""

TOGETHER: Final = 100
"""Operations that are loaded together, of all these people: few enough for memory."""

LOADED_BYTES: Final = 1_000_000
"""Payload loaded of one person for one turn: more than a request holds, and one operation at
least."""

Ready = tuple[list["Operation"], bool]
"""Ready operations of one person in order, and whether they are all."""


class ReadyOperations:
    """The operations that are ready, of one state file.

    Args:
        state: The connection.
        events: Names of events by their numbers; grows while this lives.
        numbers: The reverse.
    """

    def __init__(
        self, state: sqlite3.Connection, events: Mapping[int, str], numbers: Mapping[str, int]
    ) -> None:
        self._state = state
        self._events = events
        self._numbers = numbers

    def first(self, people: Mapping[int, int]) -> dict[int, Ready]:
        """Return all that is ready of people, each from the operation given on.

        It is loaded together, up to a bound. Whom the bound cut short is left out, to be read
        alone when it is their turn: most have little, and then nobody is.
        """
        asked = (rows.json_text(people), TOGETHER)
        loaded = [
            rows.operation_row(row, self._events)
            for row in self._state.execute(SQL["first_operations"], asked)
        ]
        found: dict[int, list[Operation]] = {}
        for one in loaded:
            found.setdefault(one.person, []).append(one)
        if len(loaded) == TOGETHER:
            del found[loaded[-1].person]
        else:
            found |= {person: [] for person in people if person not in found}
        return {
            person: (sorted(operations, key=_place), True) for person, operations in found.items()
        }

    def after(self, person: int, head: int) -> Ready:
        """Return a person's first ready operations from `head` on, and whether they are all.

        One row is read at a time, so that no more is loaded than a turn can hold.
        """
        found: list[Operation] = []
        size = 0
        asked = (person, head, PERSON_LIMIT + 1)
        for row in self._state.execute(SQL["ready_operations"], asked):
            if len(found) == PERSON_LIMIT or size > LOADED_BYTES:
                return found, False
            found.append(rows.operation_row(row, self._events))
            size += len(found[-1].attributes)
        return found, True

    def names_another(self, merge: Operation) -> bool:
        """Tell whether the email by which a merge names the other profile is somebody else's."""
        address = merge.attributes.decode()
        if not has_address(EMAIL, address):
            return False
        asked = (*named_by(address), merge.person)
        return self._state.execute(SQL["held_by_another"], asked).fetchone() is not None

    def closed_until_ms(self, start: Operation) -> int | None:
        """Return until when the likes of a start are closed."""
        of_them = of_person(start.person)
        event = self._numbers[start.event]
        asked = (event, start.tie or of_them, of_them)
        return self._state.execute(SQL["closed_until"], asked).fetchone()[0]


_place: Final = attrgetter("id")
