"""Forgetting on SQLite: what is known of the erased, and bytes that are kept no longer (law 20).

Whoever is erased is remembered as a row without a name, for the ledger's sake. Everything
else of theirs goes in the transaction after which nothing of theirs is open: that of a
decision, of a lease, of a settlement, or of an operator who discards what was refused.

Bodies are in the journal, in a file of its own. So the transaction notes their records in
`scrub`, and a later one empties them; a crash between the two files repeats that.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import msgspec

from truthpoint.core.answers import SAID
from truthpoint.core.decision import Outcome, of_person
from truthpoint.core.outbox import Action, Standing
from truthpoint.core.people import address_of_erased, named_by
from truthpoint.core.questions import ASK_AFTER_MS, Question
from truthpoint.core.tombstones import digest

from . import rows
from .files import JOURNAL, LOCK_SECONDS, SQL, STATE, explained, transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from truthpoint.core.decision import Decision
    from truthpoint.core.people import Identifier
    from truthpoint.findings import Finding
    from truthpoint.ports import Settlement

TIDY_BYTES: Final = 64 << 20
"""Files up to this size are written anew: that takes half a second at most."""

EXPIRE_RECORDS: Final = 50_000
"""Records looked through in one transaction for bytes to forget."""


def purge(state: sqlite3.Connection, people: Iterable[int], now_ms: int) -> list[int]:
    """Remove what is known of the erased of whom nothing is open; inside a transaction.

    Args:
        state: The connection.
        people: Person keys; others than those being erased are passed over.
        now_ms: The present.

    Returns:
        Who is not being erased any more.
    """
    done: list[int] = []
    for person in people:
        found = state.execute(SQL["is_being_erased"], (person,)).fetchone()
        if found is None:
            done.append(person)
            continue
        waits = (state.execute(SQL[name], (person,)) for name in ("is_unanswered", "is_leased"))
        if any(one.fetchone() is not None for one in waits):
            continue
        _remove(state, person, now_ms)
        done.append(person)
    return done


def _remove(state: sqlite3.Connection, person: int, now_ms: int) -> None:
    state.execute(SQL["forget_questions_of"], (person,))
    question = _question(state, person, now_ms)
    if question is not None:
        _ask(state, question)
    state.execute(SQL["scrub_records_of_person"], (person,))
    state.execute(SQL["forget_findings_of_person"], (person,))
    for statement in ("holds", "replays"):
        state.execute(SQL[f"forget_{statement}_to_scrub"])
    state.execute(SQL["withhold_dead_of_person"], (person,))
    state.execute(SQL["blank_operations"], (SAID, person))
    # What moments add to totals can be a text of theirs: a coupon's, or a city's.
    state.execute(SQL["blank_ledger"], (person,))
    state.execute(SQL["forget_closings"], (of_person(person),))
    state.execute(SQL["forget_pause_of"], (person,))
    for statement in ("forget_links", "forget_profile", "forget_totals", "leave_queue"):
        state.execute(SQL[statement], (person,))
    state.execute(SQL["blank_person"], (address_of_erased(person), person))


def _question(state: sqlite3.Connection, person: int, now_ms: int) -> Question | None:
    """Return what to ask of somebody's profiles; None: there was none to end."""
    ended = state.execute(SQL["what_erased"], (person,)).fetchall()
    if not ended:
        return None
    record, action, _ = ended[0]
    return Question(
        person=person,
        record=record,
        action=Action(action),
        identifiers=tuple(named_by(address) for _, _, address in ended),
        due_ms=now_ms + ASK_AFTER_MS,
    )


def ask_of_merges(
    state: sqlite3.Connection, settlements: Iterable[Settlement], now_ms: int
) -> None:
    """Note what to ask of profiles that became part of others; inside a transaction."""
    for one in settlements:
        for operation in one.merged:
            question = Question(
                person=operation.person,
                record=operation.record,
                action=operation.action,
                identifiers=(named_by(operation.attributes.decode()),),
                due_ms=now_ms + ASK_AFTER_MS,
            )
            _ask(state, question)


def _ask(state: sqlite3.Connection, question: Question) -> None:
    columns = (question.person, question.record, question.action.value)
    told = rows.json_text(question.identifiers)
    state.execute(SQL["add_question"], (*columns, told, question.due_ms))


def bury(state: sqlite3.Connection, decision: Decision, secret: bytes) -> None:
    """Lift the tombstones that a decision lifts, and write its own; inside a transaction.

    Those of one person stay together, also where an erasure names somebody again.
    """
    # First: who is erased again behind their readmission stays erased.
    state.executemany(SQL["lift_tombstone"], [(one,) for one in decision.readmitted])
    for person, digests in decision.tombstones.items():
        tombs = [row[0] for row in state.execute(SQL["tombs"], (rows.json_text(digests),))]
        for other in tombs:
            state.execute(SQL["unite_tombs"], (person, other))
        state.executemany(SQL["add_tombstone"], [(one, person) for one in digests])
    buried = {one for digests in decision.tombstones.values() for one in digests}
    if buried:
        _release(state, buried, secret)


def _release(state: sqlite3.Connection, buried: set[str], secret: bytes) -> None:
    """Let held records be decided again that carry an identifier of somebody erased."""
    held = state.execute(SQL["identifiers_held"]).fetchall()
    theirs: list[Identifier] = [one for one in held if digest(secret, one) in buried]
    state.execute(SQL["release_by_links"], (rows.json_text(theirs),))


def erased_by(decision: Decision) -> list[int]:
    """Return whom a decision erases."""
    return [one.person for one in decision.people if one.standing is Standing.ERASED]


class SqliteForgetting:
    """Forgets in one store's files; see `truthpoint.ports.Forgetting`.

    Args:
        folder: The store's folder.
        state: The state's connection.
        journal: The journal's.
        writing: Begins a transaction of the worker on the state.
    """

    def __init__(
        self,
        folder: Path,
        state: sqlite3.Connection,
        journal: sqlite3.Connection,
        writing: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._path = folder / STATE[0]
        self._journal_path = folder / JOURNAL[0]
        self._state = state
        self._journal = journal
        self._writing = writing

    def expire(self, before_ms: int) -> int:
        """Let bytes be forgotten that cannot be searched by person."""
        first, last = self._meta("expired"), min(self._captured(before_ms), self._meta("position"))
        expired = 0
        for start in range(first, last, EXPIRE_RECORDS):
            until = min(start + EXPIRE_RECORDS, last)
            with self._writing():
                found = self._state.execute(SQL["expire_records"], (start, until)).rowcount
                self._count(found)
                self._state.execute(SQL["set_meta"], ("expired", until))
            expired += found
        return expired

    def expire_late(self, decision: Decision) -> None:
        """Do so with records that a decision ends after their time; inside its transaction."""
        until = self._meta("expired")
        late = [
            (one.record,)
            for one in decision.verdicts
            if one.record <= until and one.person is None and one.outcome is not Outcome.HELD
        ]
        if late:
            self._state.executemany(SQL["add_scrub"], late)
            self._count(len(late))

    def _count(self, expired: int) -> None:
        count = self._meta("expired_records") + expired
        self._state.execute(SQL["set_meta"], ("expired_records", count))

    def _captured(self, before_ms: int) -> int:
        """Return the last record that was captured before; numbers rise with time."""
        with explained(self._journal_path):
            low, high = 1, self._journal.execute(SQL["last_record"]).fetchone()[0] + 1
            while low < high:
                middle = (low + high) // 2
                record, captured_at_ms = self._journal.execute(
                    SQL["record_from"], (middle,)
                ).fetchone()
                if captured_at_ms >= before_ms:
                    high = middle
                else:
                    low = record + 1
        return low - 1

    def scrub(self, limit: int) -> int:
        """Empty the bodies of records whose bytes are to be forgotten."""
        with explained(self._path):
            asked: list[tuple[int]] = self._state.execute(SQL["to_scrub"], (limit,)).fetchall()
        if not asked:
            return 0
        with explained(self._journal_path), transaction(self._journal):
            self._journal.executemany(SQL["empty_body"], asked)
        with self._writing():
            self._state.executemany(SQL["scrubbed"], asked)
            self._state.execute(SQL["set_meta"], ("untidy", 1))
        if len(asked) < limit:
            for connection in (self._journal, self._state):
                _shorten(connection)
        return len(asked)

    def tidy(self) -> None:
        """Take off the disk what SQLite has left of rows that it moved from page to page.

        It overwrites what it deletes (`secure_delete`), and not the former place of what it
        moves. Larger files are left as they are: to write them anew takes too long beside
        captures; their operator does it.
        """
        if not self._meta("untidy"):
            return
        done = [_write_anew(one) for one in (self._journal, self._state)]
        if all(done):
            with self._writing():
                self._state.execute(SQL["set_meta"], ("untidy", 0))
        _shorten(self._state)

    def questions(self, now_ms: int) -> list[Question]:
        """Return what is to be asked by now."""
        with explained(self._path):
            found = self._state.execute(SQL["questions"], (now_ms,)).fetchall()
        return [_read(row) for row in found]

    def next_question_ms(self) -> int | None:
        """Return when the earliest question is to be asked."""
        with explained(self._path):
            return self._state.execute(SQL["next_question"]).fetchone()[0]

    def answer(self, question: Question, found: Finding) -> None:
        """Forget a question, and keep with its record what was found."""
        with self._writing():
            if self._state.execute(SQL["forget_question"], (question.number,)).rowcount:
                told = rows.findings_text([found])
                self._state.execute(SQL["write_findings"], (question.record, told))
        _shorten(self._state)

    def _meta(self, name: str) -> int:
        row = self._state.execute(SQL["get_meta"], (name,)).fetchone()
        return 0 if row is None else row[0]


def _read(row: rows.Row) -> Question:
    number, person, record, action, identifiers, due_ms = row
    return Question(
        number=number,
        person=person,
        record=record,
        action=Action(action),
        identifiers=msgspec.json.decode(identifiers, type=tuple[tuple[str, str], ...]),
        due_ms=due_ms,
    )


def _write_anew(connection: sqlite3.Connection) -> bool:
    """Write a small file anew; False: somebody keeps it from that now."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    with _at_once(connection):
        try:
            if pages * page_bytes <= TIDY_BYTES:
                connection.execute("VACUUM")
        except sqlite3.OperationalError:
            return False
    _shorten(connection)
    return True


def _shorten(connection: sqlite3.Connection) -> None:
    """Take a log off the disk, which holds pages as they were; whoever reads keeps it from that."""
    with _at_once(connection), suppress(sqlite3.OperationalError):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def _at_once(connection: sqlite3.Connection) -> Generator[None]:
    """Wait for nobody meanwhile."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(LOCK_SECONDS * 1000)}")
