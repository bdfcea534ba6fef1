"""A store that begins anew: its files are emptied and stay.

They are not deleted: a program that captures meanwhile has the journal open, and what it
wrote into a deleted file would be acknowledged and gone (law 1).
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING

from .files import JOURNAL, SQL, STATE, explained, make_tables, transaction

if TYPE_CHECKING:
    from pathlib import Path


def empty_journal(connection: sqlite3.Connection, folder: Path) -> None:
    """Forget all records; the next number is beyond theirs."""
    with explained(folder / JOURNAL[0]), transaction(connection):
        connection.execute("DELETE FROM record")
    _shrink(connection)


def empty_state(connection: sqlite3.Connection, folder: Path) -> None:
    """Forget everything but who the worker is."""
    with explained(folder / STATE[0]), transaction(connection):
        lease = connection.execute(SQL["get_meta"], ("lease",)).fetchone()
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        for (table,) in tables.fetchall():
            connection.execute(f'DROP TABLE "{table}"')
        make_tables(connection, STATE)
        connection.execute(SQL["set_meta"], ("lease", *lease))
    _shrink(connection)


def _shrink(connection: sqlite3.Connection) -> None:
    """Take what was forgotten off the disk, log included; another process may keep it from that."""
    with suppress(sqlite3.OperationalError):
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
