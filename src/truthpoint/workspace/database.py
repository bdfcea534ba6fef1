"""The workspace's file: who it belongs to, which version, and one transaction per request."""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from errno import EACCES, EISDIR
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from .errors import WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping
    from pathlib import Path

APPLICATION_ID: Final = 0x54505731
"""`TPW1`, in the head of the file: what makes it a local workspace's."""

VERSION: Final = 3
"""Version of the schema; a file of a newer one is refused."""

_SCHEMAS: Final = ("schema.sql", "schema_2.sql", "schema_3.sql")
"""What makes version 1, and what each version adds to the one before."""

LOCK_SECONDS: Final = 1.0
"""Longest wait for another process that has the file open; then starting fails clearly."""

_MAKING: Final = Lock()

Row = tuple[Any, ...]


def _read(name: str) -> str:
    return files(__package__ or "").joinpath(name).read_text(encoding="utf-8")


def _queries() -> dict[str, str]:
    named: dict[str, str] = {}
    for part in _read("queries.sql").split("-- name: ")[1:]:
        name, _, statement = part.partition("\n")
        named[name.strip()] = statement.strip().rstrip(";")
    return named


SQL: Final = _queries()
"""Every statement by its name in `queries.sql`."""


class Database:
    """A connection to the workspace's file, with statements by name.

    Args:
        path: The file, made for its user only where it does not exist; None: memory.

    Raises:
        WorkspaceError: The file is not a local workspace's, of a newer version, in use, or
            cannot be opened.
    """

    def __init__(self, path: Path | None) -> None:
        self._name = "memory" if path is None else str(path)
        if path is not None:
            _prepare(path)
        try:
            self._connection = sqlite3.connect(
                ":memory:" if path is None else path,
                timeout=LOCK_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._open(path)
            except BaseException:
                self._connection.close()
                raise
        except sqlite3.OperationalError as error:
            raise WorkspaceError(
                f"{self._name} cannot be used ({error}). If another local workspace has it open, "
                "end that one, or name another file."
            ) from None
        except sqlite3.DatabaseError:
            raise WorkspaceError(
                f"{self._name} is not a local workspace's file. Name another one."
            ) from None

    def one(self, name: str, parameters: Iterable[Any] = ()) -> Row | None:
        """Return the first row of a statement; None: it has none."""
        row: Row | None = self._connection.execute(SQL[name], tuple(parameters)).fetchone()
        return row

    def all(self, name: str, parameters: Iterable[Any] = ()) -> list[Row]:
        """Return all rows of a statement."""
        return self._connection.execute(SQL[name], tuple(parameters)).fetchall()

    def all_named(self, name: str, parameters: Mapping[str, Any]) -> list[Row]:
        """Return all rows of a statement whose parameters have names."""
        return self._connection.execute(SQL[name], parameters).fetchall()

    def run(self, name: str, *parameters: Any) -> sqlite3.Cursor:
        """Run a statement; the cursor tells `rowcount` and `lastrowid`."""
        return self._connection.execute(SQL[name], parameters)

    def many(self, name: str, rows: Iterable[Row]) -> None:
        """Run a statement once per row."""
        self._connection.executemany(SQL[name], rows)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Commit what is done within, or nothing of it."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file; a second time changes nothing."""
        self._connection.close()

    def _open(self, path: Path | None) -> None:
        execute = self._connection.execute
        # One workspace has the file: the lock is the operating system's, so a killed one
        # leaves none behind.
        execute("PRAGMA locking_mode = EXCLUSIVE")
        version = self._version()
        execute("PRAGMA journal_mode = WAL")
        # A commit survives the kill of the process; after a loss of power the last ones may
        # be gone. It is a double for development, not a store.
        execute("PRAGMA synchronous = NORMAL")
        execute("PRAGMA temp_store = MEMORY")
        execute("PRAGMA cache_size = -65536")
        with self.transaction():
            for name in _SCHEMAS[version:]:
                for statement in _read(name).split(";\n"):
                    if statement.strip():
                        execute(statement)
            execute(f"PRAGMA application_id = {APPLICATION_ID}")
            execute(f"PRAGMA user_version = {VERSION}")
        if path is not None:
            path.chmod(0o600)

    def _version(self) -> int:
        """Return the file's version, 0 if it is empty; another's or a newer one is refused."""
        ours = self._pragma("application_id")
        version = self._pragma("user_version")
        tables = self._connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if (ours, version, tables) == (0, 0, 0):
            return 0
        if ours != APPLICATION_ID:
            raise WorkspaceError(f"{self._name} is not a local workspace's file. Name another one.")
        if not 1 <= version <= VERSION:
            raise WorkspaceError(
                f"{self._name} is of schema version {version}, and this program knows {VERSION}. "
                "Use the program that made it, or name another file."
            )
        return version

    def _pragma(self, name: str) -> int:
        value: int = self._connection.execute(f"PRAGMA {name}").fetchone()[0]
        return value


def _prepare(path: Path) -> None:
    """Make the file private to its user (law 21) before SQLite touches it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _see_writable(path)
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be opened for writing: {error.strerror}. Name another file, or give "
            "this user the right to write there."
        ) from None


def _see_writable(path: Path) -> None:
    """Make a file where there is none, and see that one that exists can be written.

    What exists is not opened: at the close of any descriptor of a file, POSIX takes away all
    locks that this process has on it, and another workspace of this process has one.
    """
    with _MAKING:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except FileExistsError:
            if path.is_dir():
                raise IsADirectoryError(EISDIR, os.strerror(EISDIR)) from None
            if not os.access(path, os.R_OK | os.W_OK):
                raise PermissionError(EACCES, os.strerror(EACCES)) from None
