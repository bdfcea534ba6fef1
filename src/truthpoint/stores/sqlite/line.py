"""The line on SQLite: who waits with something to send, and in which place.

A place is found from what is open, whenever somebody comes back: by their operations, by
their totals, or by an identify that is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from truthpoint.contract.model import Lane
from truthpoint.core.outbox import Standing
from truthpoint.core.turns import WITHOUT_TOTALS

from . import rows
from .files import SQL

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

UNKNOWN_CRITICAL: Final = 2**63 - 1
"""More than any id of an operation: where the last critical one is must be looked up."""


class Back(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Somebody whose place in the line is to be found.

    Attributes:
        person: The person key.
        head: Not after their first open operation.
        critical_until: Not before their last open critical operation; `UNKNOWN_CRITICAL`
            where nothing is known.
        not_before_ms: When they may go on.
        failures: How many of their turns in a row have failed.
    """

    person: int
    head: int
    critical_until: int
    not_before_ms: int = 0
    failures: int = 0


def come_back(state: sqlite3.Connection, back: Sequence[Back]) -> None:
    """Give people their place in the line, or none, inside a transaction of the caller."""
    by_person = {one.person: one for one in back}
    asked = rows.json_text([(one.person, one.head, one.critical_until) for one in back])
    puts: list[rows.Row] = []
    leaves: list[rows.Row] = []
    for row in state.execute(SQL["standing_in_line"], (asked,)).fetchall():
        place = _place(row, by_person[row[0]])
        if place is not None:
            puts.append(place)
        elif row[5]:
            leaves.append((row[0],))
    state.executemany(SQL["put_queue"], puts)
    state.executemany(SQL["leave_queue"], leaves)


def enqueue(state: sqlite3.Connection, person: int, operation: int, lane: Lane) -> None:
    """Put a person whose operation is ready again into the line."""
    critical = operation if lane is Lane.CRITICAL else 0
    state.execute(SQL["write_queue"], (person, lane.value, operation, critical, 0, 0))


def _place(row: rows.Row, back: Back) -> rows.Row | None:
    """Return somebody's row of the line; None when they have nothing to send."""
    person, standing, version, sent_version, changed_by, _, next_open, critical_until = row
    head = back.head
    if next_open is not None:
        head = next_open
    elif version is not None and version > sent_version and standing not in WITHOUT_TOTALS:
        head = changed_by
    elif standing != Standing.DUE:
        return None
    lane = Lane.CRITICAL if critical_until else Lane.LIVE
    only_totals = next_open is None
    return (
        person,
        lane.value,
        head,
        critical_until,
        only_totals,
        back.not_before_ms,
        back.failures,
    )
