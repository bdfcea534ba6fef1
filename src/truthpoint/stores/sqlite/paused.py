"""Pauses on SQLite: read in the transaction that leases; the rules are `truthpoint.core.pauses`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truthpoint.contract.model import Lane
from truthpoint.core.pauses import NONE, PauseKind, Pauses

from .files import SQL

if TYPE_CHECKING:
    import sqlite3

    from truthpoint.core.outbox import Operation

    from . import rows


def read_pauses(state: sqlite3.Connection) -> Pauses:
    """Return the pauses in force."""
    found = state.execute(SQL["pauses"]).fetchall()
    if not found:
        return NONE
    people = [row[0] for row in state.execute(SQL["paused_people"])]
    return Pauses.of(((PauseKind(kind), name) for kind, name, _ in found), people)


def open_lanes(pauses: Pauses) -> tuple[int, int, int]:
    """Return the first and the last lane that goes, and one between that does not; -1: none."""
    going = [lane.value for lane in Lane if lane not in pauses.lanes]
    if not going:
        return 0, -1, -1
    between = next((lane.value for lane in pauses.lanes if going[0] < lane < going[-1]), -1)
    return going[0], going[-1], between


def is_held(row: rows.Row, ready: list[Operation], pauses: Pauses) -> bool:
    """Tell whether a pause holds somebody who is due."""
    if not pauses.any:
        return False
    lane = Lane.CRITICAL if row[2] else Lane.LIVE
    return pauses.holds(row[0], lane, ready[0].event if ready else "")
