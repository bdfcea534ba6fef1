"""A state of an earlier version is raised where it lies, and goes on with what it held."""

from __future__ import annotations

import sqlite3

from support.shop import order, say
from truthpoint.core.pauses import Pause, PauseKind
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, SqliteStore


def _schema(path) -> set[str]:
    connection = sqlite3.connect(path)
    try:
        return {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema") if sql}
    finally:
        connection.close()


def _as_version_1(path) -> None:
    """Take from a state what version 2 brought."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TABLE pause")
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
