"""A state of an earlier version is raised where it lies, and goes on with what it held."""

from __future__ import annotations

import sqlite3

from support.shop import EXAMINER, order, say
from support.virtual import START_MS, StoppedClock
from truthpoint.core.pauses import Pause, PauseKind
from truthpoint.core.people import by_id
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, SqliteStore
from truthpoint.workers import Decider


def _schema(path) -> dict[str, object]:
    """Tables with their columns and indexes; a column that was added stands behind the others."""
    connection = sqlite3.connect(path)
    tables = connection.execute(
        "SELECT name, wr, strict FROM pragma_table_list WHERE schema = 'main'"
    ).fetchall()
    found: dict[str, object] = {
        name: (
            rowless,
            strict,
            sorted(_asked(connection, COLUMNS, name)),
            sorted(
                (*one, *_asked(connection, PLACES, one[0])) for one in _indexes(connection, name)
            ),
        )
        for name, rowless, strict in tables
    }
    connection.close()
    return found


COLUMNS = 'SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_xinfo(?)'
INDEXES = 'SELECT name, "unique", origin, partial FROM pragma_index_list(?)'
PLACES = 'SELECT name, "desc", coll FROM pragma_index_xinfo(?) WHERE key'
WRITTEN = "SELECT replace(sql, char(10), ' ') FROM sqlite_schema WHERE name = ? AND sql <> ''"


def _asked(connection, question: str, name: str) -> list[tuple[object, ...]]:
    return connection.execute(question, (name,)).fetchall()


def _indexes(connection, table: str) -> list[tuple[object, ...]]:
    return [
        (*one, *_asked(connection, WRITTEN, one[0])) for one in _asked(connection, INDEXES, table)
    ]


def _as_version_1(path) -> None:
    """Take from a state what later versions brought."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP INDEX operation_tie")
    connection.execute("DROP INDEX operation_late")
    connection.execute("DROP INDEX ledger_person")
    connection.execute("DROP INDEX totals_due")
    connection.execute("ALTER TABLE totals DROP COLUMN due_ms")
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


def _decide(folder) -> None:
    store = SqliteStore(folder)
    store.acquire()
    Decider(store, EXAMINER, StoppedClock()).step()
    store.close()


def test_a_state_of_version_1_is_raised(tmp_path):
    """It then is as a new one is, nothing of it is lost, and pauses work."""
    journal = SqliteJournal(tmp_path)
    say(journal, order("A-1", "1"))
    _decide(tmp_path)
    say(journal, order("A-2", "1"), start=1)
    journal.close()
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


def test_whom_a_state_of_version_1_knows_goes_by_their_id(tmp_path):
    """What waited for them and what comes later is one queue, and one sum."""
    journal = SqliteJournal(tmp_path)
    say(journal, order("A-1", "1"))
    _decide(tmp_path)
    _as_version_1(tmp_path / "state.db")
    say(journal, order("A-2", "1"), start=1)
    journal.close()
    _decide(tmp_path)

    store = SqliteStore(tmp_path)
    store.acquire()
    (turn,) = store.lease(START_MS, operations=10)
    (person,) = store.knowledge.named(["1"])
    (totals,) = store.knowledge.totals([person.person])
    store.close()

    assert ('{"id":"1"}', True) == (turn.address, turn.identify)
    assert by_id(person.person, "1") == person
    assert 2 == totals.values["orders_count"]
