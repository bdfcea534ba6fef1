"""The journal on SQLite: `journal.db`, written by captures only."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from truthpoint.errors import CaptureFailed
from truthpoint.ports import Appended

from .files import JOURNAL, SQL, explained, open_file, transaction

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from truthpoint.ports import Capture


class SqliteJournal:
    """Makes captures durable in `journal.db`.

    Args:
        folder: The store's folder.
        power: Whether what is accepted survives a loss of power; by default it survives
            the kill of the process (law 1).

    Raises:
        StoreUnusable: The file is not ours, newer, or cannot be opened.
    """

    def __init__(self, folder: Path, *, power: bool = False) -> None:
        self._path = folder / JOURNAL[0]
        self._connection = open_file(folder, JOURNAL, power=power)
        self._failed = False

    def append(self, captures: Sequence[Capture]) -> list[Appended]:
        """Make captures durable, all or none; see `truthpoint.ports.Journal`."""
        if self._failed:
            # After a failed sync the system may call pages clean that never reached the
            # disk; only a writer that starts anew can be trusted (law 1).
            raise CaptureFailed(
                f"{self._path}: an earlier write failed on the disk.",
                hint="Nothing of this call was kept. Check the disk, then start again.",
                lasting=True,
            )
        try:
            if len(captures) == 1:
                # One statement is a transaction by itself, a third cheaper than a named one.
                return [self._append(captures[0])]
            with transaction(self._connection):
                return [self._append(capture) for capture in captures]
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "") or ""
            self._failed = name.startswith("SQLITE_IOERR")
            try:
                with explained(self._path, CaptureFailed):
                    raise
            except CaptureFailed as failure:
                failure.lasting = self._failed
                raise

    def _append(self, capture: Capture) -> Appended:
        execute = self._connection.execute
        row = execute(
            SQL["append"],
            (
                capture.source,
                capture.record_id,
                capture.captured_at_ms,
                capture.contract,
                capture.body,
            ),
        ).fetchone()
        if row is not None:
            return Appended(record=row[0], repeat=False)
        number, body = execute(SQL["earlier"], (capture.source, capture.record_id)).fetchone()
        return Appended(record=number, repeat=True, same=body == capture.body)

    def close(self) -> None:
        """Let go of the file; nothing waits in memory."""
        self._connection.close()
