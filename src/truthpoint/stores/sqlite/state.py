"""The state on SQLite: `state.db`, written by the one worker that holds the store."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

import msgspec

from truthpoint.core.decision import first_rows
from truthpoint.errors import LeaseLost, StoreBusy, StoreUnusable
from truthpoint.ports import Binding

from . import rows
from .emptying import empty_journal, empty_state
from .erasing import SqliteForgetting, bury, erased_by
from .files import JOURNAL, SQL, STATE, explained, open_file, transaction
from .knowing import SqliteKnowledge
from .mending import leave_mark, mend
from .named import NamedFile, identity
from .outbox import Outbox
from .paused import open_lanes, read_pauses
from .writing import DecisionWriter

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from truthpoint.core.decision import (
        Decision,
        JournalRow,
    )
    from truthpoint.core.rates import Pace
    from truthpoint.core.turns import Turn
    from truthpoint.findings import Finding
    from truthpoint.ports import Settlement

SECRET_BYTES: Final = 32
"""Of a store's own secret, by which digests of identifiers are made."""

LOCK_FILE = "worker.lock"
"""Held by the worker for as long as it lives; the operating system frees it at its death."""


class SqliteStore:
    """State and outbox in `state.db`, and the journal to read; see `truthpoint.ports.Store`.

    Args:
        folder: The store's folder.

    Raises:
        StoreUnusable: A file is not ours, newer, or cannot be opened.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / STATE[0]
        self._journal = open_file(folder, JOURNAL)
        self._state = open_file(folder, STATE)
        self._files = [
            NamedFile(path, identity(path)) for path in (folder / JOURNAL[0], folder / STATE[0])
        ]
        self._lock: int | None = None
        self._lease = -1
        self._numbers: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self._outbox = Outbox(self._state, self._names, self._numbers)
        self._writer = DecisionWriter(self._state, self._outbox, self._event)
        self._knowledge = SqliteKnowledge(self._state, self._path, self._names, self._numbers)
        self._forgetting = SqliteForgetting(folder, self._state, self._journal, self._writing)

    @property
    def knowledge(self) -> SqliteKnowledge:
        """What it knows, as far as a batch of records is about it."""
        return self._knowledge

    @property
    def forgetting(self) -> SqliteForgetting:
        """What is to be forgotten."""
        return self._forgetting

    def acquire(self) -> tuple[Finding, ...]:
        """Become the worker; what a dead one had leased is ready again."""
        lock = os.open(self._folder / LOCK_FILE, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise StoreBusy(f"The store {self._folder} has a worker already.") from None
        self._lock = lock
        with explained(self._path), transaction(self._state):
            self._lease = self._get("lease") + 1
            self._set("lease", self._lease)
            self._learn_events()
            if self._get("secret") is None:
                self._set("secret", os.urandom(SECRET_BYTES).hex())
            self._outbox.recover()
            found = mend(self._state, self._journal, self._get("position"))
        return () if found is None else (found,)

    def binding(self) -> Binding | None:
        """Return what the store is bound to."""
        return read_binding(self._get("binding"))

    def bind(self, binding: Binding) -> None:
        """Bind the store for good."""
        with self._writing():
            self._set("binding", rows.json_text(binding))

    def rollups(self) -> str | None:
        """Return how totals are computed; None at first."""
        with explained(self._path):
            return self._get("rollups")

    def keep_rollups(self, definition: str) -> None:
        """Remember how totals are computed from now on."""
        with self._writing():
            self._set("rollups", definition)

    def keep_pace(self, pace: Pace) -> None:
        """Remember how delivery went lately."""
        with self._writing():
            self._set("pace", rows.json_text(pace))

    def undecided(self, limit: int, *, limit_bytes: int | None = None) -> list[JournalRow]:
        """Return the next records to decide, replayed ones first."""
        self._see_files()
        with explained(self._path), closing(self._undecided(limit)) as found:
            return first_rows(found, limit_bytes)

    def _undecided(self, limit: int) -> Generator[JournalRow]:
        """Read records one by one, so that those beyond a limit are not held in memory."""
        asked = [row[0] for row in self._state.execute(SQL["replay_requests"], (limit,))]
        position, left = self._get("position"), limit
        with explained(self._folder / JOURNAL[0]):
            for number in asked:
                for row in self._journal.execute(SQL["record_by_number"], (number,)):
                    left -= 1
                    yield rows.journal_row(row, replayed=True)
            after = (position, left)
            with closing(self._journal.execute(SQL["records_after"], after)) as found:
                for row in found:
                    yield rows.journal_row(row)

    def commit(self, decision: Decision) -> None:
        """Write a decision and the records that it settles, all or nothing."""
        with self._writing():
            self._settle_records(decision.records)
            try:
                self._writer.write(decision)
                self._forget(decision)
            except (sqlite3.IntegrityError, sqlite3.DataError) as error:
                # The file is in order; what was to be written is not.
                raise ValueError(f"SQLite reports {error.sqlite_errorname}") from None
            self._set("next_person", decision.next_person)
            self._set("next_operation", decision.next_operation)
        self._outbox.joined(decision.joined)

    def _forget(self, decision: Decision) -> None:
        """Bury whom a decision erases, and let bytes go that are past their time."""
        if decision.tombstones or decision.readmitted:
            bury(self._state, decision, self._knowledge.secret())
        self._outbox.erase(erased_by(decision), 0)
        self._forgetting.expire_late(decision)

    def _settle_records(self, records: Sequence[int]) -> None:
        """Move the position, and take replayed records' earlier verdicts away."""
        position: int = self._get("position")
        fresh = [number for number in records if number > position]
        for number in records:
            if number > position:
                continue
            if not self._state.execute(SQL["forget_replay"], (number,)).rowcount:
                raise LeaseLost(f"Record {number} was decided already.")
            self._state.execute(SQL["forget_verdict"], (number,))
            self._state.execute(SQL["forget_findings"], (number,))
            self._state.execute(SQL["forget_hold"], (number,))
        expected = self._journal.execute(SQL["numbers_after"], (position, len(fresh)))
        if fresh != [row[0] for row in expected]:
            raise LeaseLost("The decision's records are not the next ones of the journal.")
        if fresh:
            self._set("position", fresh[-1])
            leave_mark(self._state, self._journal, fresh[-1])

    def lease(self, now_ms: int, *, operations: int) -> list[Turn]:
        """Return turns of people who are not away, most urgent and oldest first."""
        with self._writing():
            return self._outbox.lease(now_ms, operations)

    def settle(self, settlements: Sequence[Settlement], *, now_ms: int) -> None:
        """Record what became of turns, and let their people go on."""
        self._outbox.check(settlements)
        with self._writing():
            self._outbox.settle(settlements, now_ms)

    def release(self, now_ms: int) -> None:
        """Let records be decided again whose time of waiting for their person is over."""
        with explained(self._path):
            due = self._state.execute(SQL["is_hold_due"], (now_ms,)).fetchone()
        if due is not None:
            with self._writing():
                self._state.execute(SQL["release_due"], (now_ms,))

    def next_due_ms(self) -> int | None:
        """Return when the earliest postponed person may go on whom no pause holds."""
        with explained(self._path):
            pauses = read_pauses(self._state)
            if not pauses.any:
                return self._state.execute(SQL["next_due"]).fetchone()[0]
            if pauses.everything:
                return None
            asked = open_lanes(pauses)
            return self._state.execute(SQL["next_due_unpaused"], asked).fetchone()[0]

    def pause_revision(self) -> int:
        """Return a number that rises whenever something is paused."""
        with explained(self._path):
            return self._get("pause_revision")

    def _see_files(self) -> None:
        """See that the path still names what is open: captures go on in what it names."""
        if not all(file.holds() for file in self._files):
            raise StoreUnusable(
                f"The store {self._folder} was deleted or replaced under its worker.",
                hint="Start again; it goes on with what the folder holds now.",
            )

    def forget(self) -> None:
        """Begin anew: everything is forgotten, and captures go on meanwhile. For the worker."""
        empty_state(self._state, self._folder)
        empty_journal(self._journal, self._folder)

    def close(self) -> None:
        """Give the lease back and let go of the files."""
        self.abandon()

    def abandon(self) -> None:
        """Let go of everything at once, as a dead process does: nothing is given back."""
        self._journal.close()
        self._state.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def _writing(self) -> Generator[None]:
        """A transaction of the worker: fenced, all or nothing, and explained."""
        with explained(self._path), transaction(self._state):
            if self._get("lease") != self._lease:
                raise LeaseLost(f"The store {self._folder} has a newer worker.")
            yield

    def _get(self, name: str) -> Any:
        row = self._state.execute(SQL["get_meta"], (name,)).fetchone()
        return None if row is None else row[0]

    def _set(self, name: str, value: int | str) -> None:
        self._state.execute(SQL["set_meta"], (name, value))

    def _event(self, name: str) -> int:
        """Return the number of an event's name; a new one is given inside a transaction."""
        if name not in self._numbers and self._state.in_transaction:
            self._state.execute(SQL["add_event_name"], (name,))
            self._learn_events()
        return self._numbers.get(name, -1)

    def _learn_events(self) -> None:
        for name, number in self._state.execute(SQL["event_names"]):
            self._numbers[name] = number
            self._names[number] = name


def read_binding(text: str | None) -> Binding | None:
    """Return a binding from what `meta` keeps of it."""
    return None if text is None else msgspec.json.decode(text, type=Binding)
