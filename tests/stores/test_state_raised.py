"""A state of an earlier version is raised where it lies, and goes on with what it held."""

from __future__ import annotations

import sqlite3
from pathlib import Path

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


VERSION_1 = Path(__file__).with_name("state-1.sql")
"""The schema of version 1 as it was."""


def _as_version_1(path: Path) -> None:
    """Put a file of version 1 in a state's place, with what of it such a file could hold."""
    known = path.with_name("known.db")
    path.rename(known)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    tables = [name for (name,) in connection.execute(TABLES).fetchall()]
    connection.execute("ATTACH ? AS known", (str(known),))
    for table in tables:
        columns = ", ".join(one for (one,) in _asked(connection, NAMES, table))
        connection.execute(f"DELETE FROM main.{table}")
        connection.execute(f"INSERT INTO main.{table} SELECT {columns} FROM known.{table}")
    connection.execute(
        "DELETE FROM main.meta WHERE name NOT IN (SELECT value FROM json_each(?))", [META]
    )
    application = connection.execute("PRAGMA known.application_id").fetchone()[0]
    connection.execute(f"PRAGMA application_id = {application}")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    known.unlink()


TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
NAMES = "SELECT name FROM pragma_table_info(?)"
META = '["lease", "position", "next_person", "next_operation", "binding", "rollups"]'


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
