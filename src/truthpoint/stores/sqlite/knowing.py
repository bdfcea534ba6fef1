"""What a state file knows, as far as a batch is about it; see `truthpoint.ports.Knowledge`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from truthpoint.core.profile import from_json

from . import rows
from .files import SQL, explained

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Generator, Mapping
    from pathlib import Path

    from truthpoint.core.decision import LedgerKey, LedgerRow, Said, Tie
    from truthpoint.core.outbox import Totals
    from truthpoint.core.people import Identifier, LinkRow, PersonRow
    from truthpoint.core.profile import Profile


class SqliteKnowledge:
    """What one state file knows.

    Args:
        state: The connection.
        path: The file, for messages.
        events: Names of events by their numbers; grows while this lives.
        numbers: The reverse.
    """

    def __init__(
        self,
        state: sqlite3.Connection,
        path: Path,
        events: Mapping[int, str],
        numbers: Mapping[str, int],
    ) -> None:
        self._state = state
        self._path = path
        self._events = events
        self._numbers = numbers

    def named(self, canonical_ids: Collection[str]) -> list[PersonRow]:
        """Return the people who go by these canonical ids."""
        return [rows.person_row(row) for row in self._asked("people_by_id", canonical_ids)]

    def people(self, people: Collection[int]) -> list[PersonRow]:
        """Return the people with these person keys."""
        return [rows.person_row(row) for row in self._asked("people_by_key", people)]

    def people_after(self, person: int, *, limit: int) -> list[PersonRow]:
        """Return the next people beyond a person key."""
        with explained(self._path):
            asked = (person, limit)
            return [rows.person_row(row) for row in self._state.execute(SQL["people_after"], asked)]

    def links(self, identifiers: Collection[Identifier]) -> list[LinkRow]:
        """Return all links of these identifiers."""
        return [rows.link_row(row) for row in self._asked("links_by_identifier", identifiers)]

    def links_of(self, people: Collection[int]) -> list[LinkRow]:
        """Return all links of these people."""
        return [rows.link_row(row) for row in self._asked("links_by_person", people)]

    def ledger(self, keys: Collection[LedgerKey]) -> list[LedgerRow]:
        """Return the ledger's rows of these keys."""
        by_event: dict[str, list[str]] = {}
        for event, key in keys:
            by_event.setdefault(event, []).append(key)
        with explained(self._path):
            return [
                rows.ledger_row(event, row)
                for event, texts in by_event.items()
                for row in self._state.execute(
                    SQL["ledger_by_key"], (rows.json_text(texts), self._numbers.get(event, -1))
                )
            ]

    def moments(self, people: Collection[int]) -> list[LedgerRow]:
        """Return the ledger's rows of these people."""
        return [
            rows.ledger_row(self._events[row[0]], row[1:])
            for row in self._asked("ledger_by_person", people)
        ]

    def totals(self, people: Collection[int]) -> list[Totals]:
        """Return the totals of these people."""
        return [rows.totals_row(row) for row in self._asked("totals_by_person", people)]

    def overdue(self, now_ms: int, *, limit: int) -> list[Totals]:
        """Return totals in which something has waited long enough."""
        with explained(self._path):
            asked = (now_ms, limit)
            return [
                rows.totals_row(row) for row in self._state.execute(SQL["totals_overdue"], asked)
            ]

    def profiles(self, people: Collection[int]) -> dict[int, Profile]:
        """Return the profiles of these people."""
        return {
            person: from_json(content)
            for person, content in self._asked("profiles_by_person", people)
        }

    def starts(self, ties: Collection[Tie]) -> dict[Tie, bytes]:
        """Return what the latest start with each of these ties said."""
        found: dict[Tie, bytes] = {}
        with explained(self._path):
            for event, tie in ties:
                asked = (self._numbers.get(event, -1), tie)
                for (attributes,) in self._state.execute(SQL["latest_start"], asked):
                    found[event, tie] = attributes
        return found

    def said(self) -> list[Said]:
        """Return what each source has said of each event."""
        with explained(self._path):
            return [rows.said_row(row) for row in self._state.execute(SQL["said"])]

    def has_tombstones(self) -> bool:
        """Tell whether anybody was erased."""
        with explained(self._path):
            return self._state.execute(SQL["any_tombstone"]).fetchone() is not None

    def tombstones(self, digests: Collection[str]) -> dict[str, int]:
        """Return all tombstones of whoever one of these digests names."""
        return dict(self._asked("tombstones", digests))

    def secret(self) -> bytes:
        """Return the store's own secret."""
        with explained(self._path):
            return bytes.fromhex(self._get("secret"))

    def next_ids(self) -> tuple[int, int]:
        """Return the first free person key and operation id."""
        with explained(self._path):
            return self._get("next_person"), self._get("next_operation")

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """See to it that everything asked for within is of one moment."""
        with explained(self._path):
            self._state.execute("BEGIN")
            try:
                yield
            finally:
                self._state.execute("ROLLBACK")

    def _get(self, name: str) -> rows.Any:
        return self._state.execute(SQL["get_meta"], (name,)).fetchone()[0]

    def _asked(self, statement: str, values: Collection[object]) -> list[rows.Row]:
        if not values:
            return []
        with explained(self._path):
            asked = (rows.json_text(list(values)),)
            return self._state.execute(SQL[statement], asked).fetchall()
