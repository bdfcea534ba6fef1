"""Opening the store's files: who they belong to, which version, and what can go wrong."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from errno import EACCES, EISDIR
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING, Final

from truthpoint.errors import CaptureFailed, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from truthpoint.errors import OperatorError

JOURNAL: Final = ("journal.db", 0x54504A31, "journal.sql")
"""File name, application id (`TPJ1`) and schema of the journal."""

STATE: Final = ("state.db", 0x54505331, "state.sql")
"""File name, application id (`TPS1`) and schema of the state."""

VERSIONS: Final = {JOURNAL[0]: 1, STATE[0]: 4}
"""Version of each schema; a file from a newer one is refused, one from an older one is raised."""

RAISES: Final = {
    (STATE[0], 2): "state-2.sql",
    (STATE[0], 3): "state-3.sql",
    (STATE[0], 4): "state-4.sql",
}
"""What raises a file to a version from the one before it; all of them stay."""

_MAKING: Final = Lock()

LOCK_SECONDS: Final = 10.0
"""Longest wait for another process's transaction; then the work fails clearly."""


def _read(name: str) -> str:
    return files("truthpoint.stores.sqlite").joinpath(name).read_text(encoding="utf-8")


def _queries() -> dict[str, str]:
    named: dict[str, str] = {}
    for file in ("queries.sql", "erasing.sql"):
        for part in _read(file).split("-- name: ")[1:]:
            name, _, statement = part.partition("\n")
            named[name.strip()] = statement.strip().rstrip(";")
    return named


SQL: Final = _queries()
"""Every statement by its name in `queries.sql` and `erasing.sql`."""


def open_file(
    folder: Path, kind: tuple[str, int, str], *, power: bool = False
) -> sqlite3.Connection:
    """Open one of the store's files, making it where it does not exist.

    Args:
        folder: The store's folder; made, for its user only, where it does not exist.
        kind: `JOURNAL` or `STATE`.
        power: Whether a commit must survive a loss of power; else the kill of the process.

    Raises:
        StoreUnusable: The file is not ours, newer than this version, or cannot be opened.
    """
    name, application, schema = kind
    path = folder / name
    with explained(path):
        _prepare(folder, path)
        # Threads that share a connection take turns (the recorder's lock sees to it).
        connection = sqlite3.connect(
            path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            _adopt(connection, path, application, schema)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if power else 'NORMAL'}")
            connection.execute("PRAGMA temp_store = MEMORY")
            # What is deleted is overwritten, so that the erased are not found in the file (law 20).
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA cache_size = -65536")
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(folder: Path, path: Path) -> None:
    """Make folder and file private to their user (law 21) before SQLite touches them."""
    see_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _see_writable(path)
    except OSError as error:
        raise StoreUnusable(
            f"{path} cannot be opened for writing: {error.strerror}.",
            hint="Give this user the right to write there, or name another --store.",
        ) from None


def see_folder(folder: Path) -> None:
    """See that a store's folder is one, or is not there.

    Raises:
        StoreUnusable: Something else is in its place.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreUnusable(
            f"{folder} is a file, and a store is a folder.", hint="Name a folder with --store."
        )


def _see_writable(path: Path) -> None:
    """Make a file where there is none, and see that one that exists can be written.

    What exists is not opened: at the close of any descriptor of a file, POSIX takes away all
    locks that this process has on it. Another connection of this process would lose its lock
    on the database, and the next process to close would take itself for the last one, and
    delete a log that is in use.
    """
    with _MAKING:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            if path.is_dir():
                raise IsADirectoryError(EISDIR, os.strerror(EISDIR)) from None
            if not os.access(path, os.R_OK | os.W_OK):
                raise PermissionError(EACCES, os.strerror(EACCES)) from None


def _adopt(connection: sqlite3.Connection, path: Path, application: int, schema: str) -> None:
    """Make a new file ours, or see that an old one is."""
    known = VERSIONS[path.name]
    if version_of(connection, path, application) == known:
        return
    with transaction(connection):
        # Another process may have made or raised it while this one waited for the lock.
        found = version_of(connection, path, application)
        if found == 0:
            make_tables(connection, (path.name, application, schema))
            return
        for version in range(found + 1, known + 1):
            _execute(connection, RAISES[path.name, version])
        connection.execute(f"PRAGMA user_version = {known}")


def make_tables(connection: sqlite3.Connection, kind: tuple[str, int, str]) -> None:
    """Make the tables of a file that has none, and make it ours; inside a transaction."""
    name, application, schema = kind
    _execute(connection, schema)
    connection.execute(f"PRAGMA application_id = {application}")
    connection.execute(f"PRAGMA user_version = {VERSIONS[name]}")


def _execute(connection: sqlite3.Connection, name: str) -> None:
    for statement in _read(name).split(";\n"):
        if statement.strip():
            connection.execute(statement)


def version_of(connection: sqlite3.Connection, path: Path, application: int) -> int:
    """Return the version of a file of ours; 0 when it is new and empty."""
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if found == 0 and version == 0 and tables == 0:
        return 0
    if found != application:
        raise StoreUnusable(
            f"{path} is another program's database.",
            hint="Name another folder with --store; nothing in the file was changed.",
        )
    known = VERSIONS[path.name]
    if version > known:
        raise StoreUnusable(
            f"{path} was written by a newer version (its schema is {version}, "
            f"this version knows {known}).",
            hint="Run the newer version; nothing in the file was changed.",
        )
    return version


_UNKNOWN: Final = (
    "Then say this again: it counts as not kept, and may be found in the journal all the same."
)


@contextmanager
def explained(path: Path, error: type[OperatorError] = StoreUnusable) -> Generator[None]:
    """Turn what SQLite raises into an error of ours: what, where, what to do.

    Args:
        path: The file, for the message.
        error: `StoreUnusable`, or `CaptureFailed` where a capture is at stake.
    """
    try:
        yield
    except sqlite3.Error as cause:
        said, hint = _explanation(cause)
        if error is CaptureFailed:
            # After an error of the disk nobody knows: what was written may be found again.
            known = "disk I/O error" not in str(cause)
            hint = f"{hint} {'Nothing of this call was kept.' if known else _UNKNOWN}"
        raise error(f"{path}: {said}.", hint=hint) from None


_CAUSES: Final = (
    ("locked", "another process held it too long", "Find the process that holds it; try again."),
    ("disk is full", "the disk is full", "Make room; what was accepted before is safe."),
    ("readonly", "it can only be read", "Give this user the right to write there."),
    ("not a database", "it is not a database", "Name another folder with --store."),
    ("malformed", "it is damaged", "Restore it from a backup; keep the damaged file."),
    ("disk I/O error", "the disk reported an error", "Check the disk, then start again."),
    ("unable to open", "it cannot be opened", "Check the folder and its rights."),
)


def _explanation(cause: sqlite3.Error) -> tuple[str, str]:
    text = str(cause)
    for sign, said, hint in _CAUSES:
        if sign in text:
            return said, hint
    name = getattr(cause, "sqlite_errorname", None) or type(cause).__name__
    return f"SQLite reports {name}", "Start again; if it happens again, report it."


@contextmanager
def transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Write all or nothing: begin at once, so that the lock is taken before the work."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise
