"""A state of an earlier version is raised where it lies, and goes on with what it held."""

from __future__ import annotations

import sqlite3

from support.shop import order, say
from truthpoint.core.pauses import Pause, PauseKind
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, SqliteStore


def _schema(path) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        found = connection.execute("SELECT sql FROM sqlite_schema").fetchall()
        # A column that was added stands where it was added; a file's layout says nothing.
        return {"".join(sql.split()) for (sql,) in found if sql}
    finally:
        connection.close()


def _as_version_1(path) -> None:
    """Take from a state what later versions brought."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP INDEX operation_tie")
    connection.execute("DROP INDEX ledger_person")
    for column in ("address", "tie", "expires_at_ms", "not_before_ms", "own"):
        connection.execute(f"ALTER TABLE operation DROP COLUMN {column}")
    for table in ("link", "profile", "hold", "closing", "said", "tombstone", "scrub", "pause"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute("ALTER TABLE queue DROP COLUMN failures")
    connection.execute(
        "CREATE TABLE person_1 (person INTEGER PRIMARY KEY, canonical_id TEXT NOT NULL UNIQUE,"
        " standing INTEGER NOT NULL DEFAULT 0, identified INTEGER NOT NULL DEFAULT 0) STRICT"
    )
    connection.execute(
        "INSERT INTO person_1 SELECT person, canonical_id, standing, identified FROM person"
    )
    connection.execute("DROP TABLE person")
    connection.execute("ALTER TABLE person_1 RENAME TO person")
    connection.execute("DELETE FROM meta WHERE name = 'pause_revision'")
    connection.execute("PRAGMA user_version = 1")
    connection.close()


def test_a_state_of_version_1_is_raised(tmp_path):
    """It then is as a new one is, nothing of it is lost, and pauses work."""
    journal = SqliteJournal(tmp_path)
    say(journal, order("A-1", "1"))
    journal.close()
    SqliteStore(tmp_path).close()
    new = _schema(tmp_path / "state.db")
    _as_version_1(tmp_path / "state.db")

    desk = SqliteDesk(tmp_path)
    paused = desk.pause(Pause(kind=PauseKind.ALL))
    undecided = desk.backlog().undecided
    desk.close()
    store = SqliteStore(tmp_path)
    store.acquire()
    revision = store.pause_revision()
    store.close()

    assert new == _schema(tmp_path / "state.db")
    assert (True, 1, 1) == (paused, undecided, revision)
