"""Opening the store's files to look only: nothing is made, raised or written.

SQLite reads a database with a log (WAL) by way of two files beside it, and whoever reads
makes them where they are missing. In a folder that takes no file it reads with those that
are there; without them only a database that it is told not to change (`immutable`). That is
said of a file without a log only: who has a database open has a log beside it, so nobody has.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from errno import EISDIR
from typing import TYPE_CHECKING, Final

from truthpoint.errors import StoreUnusable

from .files import (
    JOURNAL,
    LOCK_SECONDS,
    STATE,
    VERSIONS,
    explained,
    make_tables,
    see_folder,
    transaction,
    version_of,
)

if TYPE_CHECKING:
    from pathlib import Path


_TAKES_NO_FILE: Final = ("SQLITE_CANTOPEN", "SQLITE_READONLY_DIRECTORY")
"""What SQLite says when it cannot make what it needs to read: an index of the log, or the log."""


def look_into_journal(folder: Path) -> sqlite3.Connection:
    """Open the journal of a store that holds something.

    Raises:
        StoreUnusable: There is none, or it cannot be read.
    """
    see_folder(folder)
    path = folder / JOURNAL[0]
    if not folder.exists():
        raise StoreUnusable(
            f"There is no store at {folder}.",
            hint="Send a first record, or name the store's folder with --store.",
        )
    made = path.exists()
    connection = _look(path, JOURNAL[1]) if made else None
    if connection is None and (folder / STATE[0]).exists():
        raise StoreUnusable(
            f"{path} is {'empty' if made else 'missing'}, and {STATE[0]} beside it is not.",
            hint="Restore both from one backup, or name another folder with --store.",
        )
    if connection is None:
        raise StoreUnusable(
            f"The store {folder} holds nothing yet.",
            hint="Send a first record, or name another folder with --store.",
        )
    return connection


def look_into_state(folder: Path) -> sqlite3.Connection:
    """Open the state; an empty one in memory for a store that has only captured so far.

    Raises:
        StoreUnusable: It cannot be read.
    """
    path = folder / STATE[0]
    connection = _look(path, STATE[1]) if path.exists() else None
    if connection is None:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        with transaction(connection):
            make_tables(connection, STATE)
    return connection


def _look(path: Path, application: int) -> sqlite3.Connection | None:
    """Open a file to read it; None when it is new and empty."""
    if path.is_dir():
        raise StoreUnusable(
            f"{path} cannot be opened: {os.strerror(EISDIR)}.",
            hint="Name another folder with --store.",
        )
    with explained(path):
        connection = _connected(path)
        try:
            version = version_of(connection, path, application)
            connection.execute("PRAGMA cache_size = -65536")
        except BaseException:
            connection.close()
            raise
    if version == VERSIONS[path.name]:
        return connection
    connection.close()
    if version == 0:
        return None
    raise StoreUnusable(
        f"{path} was written by an earlier version (its schema is {version}, "
        f"this version knows {VERSIONS[path.name]}).",
        hint="Start a worker once: it raises the file to this version.",
    )


def _connected(path: Path) -> sqlite3.Connection:
    try:
        return _connection(path, "mode=ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname not in _TAKES_NO_FILE:
            raise
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise StoreUnusable(
            f"{path} has a log beside it, which cannot be read in a folder that takes no file.",
            hint="Copy the whole folder to where you may write, and name the copy with --store.",
        )
    return _connection(path, "mode=ro&immutable=1")


def _connection(path: Path, how: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{how}",
        uri=True,
        timeout=LOCK_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        # The log is opened by the first read.
        with closing(connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1")) as read:
            read.fetchone()
    except BaseException:
        connection.close()
        raise
    return connection
