"""A journal that was set back: noticed by marks, and mended so that nothing is passed over.

A loss of power, or a `journal.db` put back from a backup, can leave a journal that holds
less than the state has decided. It then gives numbers out again, and what is captured
under them would count as decided. So each decision leaves a mark of the last record that
it settled; where the newest mark does not fit the journal, every record behind the last
mark that does is given a number beyond the position. What of it was decided before is
recognised by its business key or has the same event id: it is repeated, not doubled.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from truthpoint.findings import Finding, finding

from .files import SQL, transaction

if TYPE_CHECKING:
    import sqlite3

MARKED_RECORDS: Final = 100_000
"""Marks are kept of so many of the latest records: far more than a loss of power can take."""


def leave_mark(state: sqlite3.Connection, journal: sqlite3.Connection, record: int) -> None:
    """Remember the last record that a decision settles; inside the decision's transaction."""
    state.execute(SQL["add_mark"], (record, _digest(journal, record)))
    state.execute(SQL["forget_marks"], (record - MARKED_RECORDS,))


def mend(state: sqlite3.Connection, journal: sqlite3.Connection, position: int) -> Finding | None:
    """See that the journal holds what was decided, and mend its numbers where it does not.

    Args:
        state: The state; inside a transaction.
        journal: The journal.
        position: The last record decided.

    Returns:
        What was found; None when all is well.
    """
    marks: list[tuple[int, bytes]] = state.execute(SQL["marks"]).fetchall()
    if not marks or _fits(journal, *marks[0]):
        return None
    last_sound = next((record for record, digest in marks if _fits(journal, record, digest)), 0)
    with transaction(journal):
        moved = _renumber(journal, last_sound, position)
    state.execute(SQL["forget_lost_marks"], (last_sound,))
    evidence = (
        f"The journal no longer holds record {position}, which was decided; "
        f"{moved} record(s) behind record {last_sound} got new numbers."
    )
    return finding("journal_set_back", evidence)


def _renumber(journal: sqlite3.Connection, last_sound: int, position: int) -> int:
    """Move the records behind a sound one beyond the position; return how many there were."""
    moved = journal.execute(SQL["lift_records"], (last_sound,)).rowcount
    journal.execute(SQL["drop_records"], (position - last_sound,))
    # Whether anything was captured since or not, the next number is beyond the position.
    journal.execute(SQL["raise_sequence"], (position,))
    return moved


def _fits(journal: sqlite3.Connection, record: int, digest: bytes) -> bool:
    return _digest(journal, record) == digest


def _digest(journal: sqlite3.Connection, record: int) -> bytes:
    """Return 8 bytes that tell a record from others; empty when the journal has none."""
    row = journal.execute(SQL["record_name"], (record,)).fetchone()
    return sha256("\0".join(row).encode()).digest()[:8] if row else b""
