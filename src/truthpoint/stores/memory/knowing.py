"""What a shelf knows, as far as a batch is about it; see `truthpoint.ports.Knowledge`."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Generator

    from truthpoint.core.decision import LedgerKey, LedgerRow, Said, Tie
    from truthpoint.core.outbox import Totals
    from truthpoint.core.people import Identifier, LinkRow, PersonRow
    from truthpoint.core.profile import Profile

    from .shelf import MemoryShelf


class MemoryKnowledge:
    """What one shelf knows.

    Args:
        shelf: Where everything is kept.
    """

    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf = shelf

    def named(self, canonical_ids: Collection[str]) -> list[PersonRow]:
        """Return the people who go by these canonical ids."""
        with self._shelf.lock:
            asked = frozenset(canonical_ids)
            return [one for one in self._shelf.people.values() if one.canonical_id in asked]

    def people(self, people: Collection[int]) -> list[PersonRow]:
        """Return the people with these person keys."""
        with self._shelf.lock:
            return [self._shelf.people[one] for one in people if one in self._shelf.people]

    def people_after(self, person: int, *, limit: int) -> list[PersonRow]:
        """Return the next people beyond a person key."""
        with self._shelf.lock:
            beyond = sorted(one for one in self._shelf.people if one > person)
            return [self._shelf.people[one] for one in beyond[:limit]]

    def links(self, identifiers: Collection[Identifier]) -> list[LinkRow]:
        """Return all links of these identifiers."""
        with self._shelf.lock:
            asked = frozenset(identifiers)
            return [one for one in self._shelf.links.values() if (one.kind, one.value) in asked]

    def links_of(self, people: Collection[int]) -> list[LinkRow]:
        """Return all links of these people."""
        with self._shelf.lock:
            asked = frozenset(people)
            return [one for one in self._shelf.links.values() if one.person in asked]

    def ledger(self, keys: Collection[LedgerKey]) -> list[LedgerRow]:
        """Return the ledger's rows of these keys."""
        with self._shelf.lock:
            return [self._shelf.ledger[one] for one in keys if one in self._shelf.ledger]

    def moments(self, people: Collection[int]) -> list[LedgerRow]:
        """Return the ledger's rows of these people."""
        with self._shelf.lock:
            asked = frozenset(people)
            return [one for one in self._shelf.ledger.values() if one.person in asked]

    def totals(self, people: Collection[int]) -> list[Totals]:
        """Return the totals of these people, where they have any."""
        with self._shelf.lock:
            return [self._shelf.totals[one] for one in people if one in self._shelf.totals]

    def overdue(self, now_ms: int, *, limit: int) -> list[Totals]:
        """Return totals in which something has waited long enough, the longest first."""
        shelf = self._shelf
        with shelf.lock:
            due = sorted(
                (due_ms, person) for person, due_ms in shelf.due_ms.items() if due_ms <= now_ms
            )
            return [shelf.totals[person] for _, person in due[:limit]]

    def profiles(self, people: Collection[int]) -> dict[int, Profile]:
        """Return the profiles of these people, where they have any."""
        with self._shelf.lock:
            kept = self._shelf.profiles
            return {one: kept[one] for one in people if one in kept}

    def starts(self, ties: Collection[Tie]) -> dict[Tie, bytes]:
        """Return what the latest start with each of these ties said."""
        asked = frozenset(ties)
        with self._shelf.lock:
            operations = sorted(self._shelf.operations.items())
            return {
                (held.operation.event, held.operation.tie): held.operation.attributes
                for _, held in operations
                if held.operation.tie is not None
                and (held.operation.event, held.operation.tie) in asked
            }

    def said(self) -> list[Said]:
        """Return what each source has said of each event."""
        with self._shelf.lock:
            return list(self._shelf.said.values())

    def has_tombstones(self) -> bool:
        """Tell whether anybody was erased."""
        return bool(self._shelf.tombstones)

    def tombstones(self, digests: Collection[str]) -> dict[str, int]:
        """Return all tombstones of whoever one of these digests names."""
        with self._shelf.lock:
            tombs = self._shelf.tombstones
            people = {tombs.get(one) for one in digests}
            return {digest: person for digest, person in tombs.items() if person in people}

    def secret(self) -> bytes:
        """Return the store's own secret."""
        return self._shelf.secret

    def next_ids(self) -> tuple[int, int]:
        """Return the first free person key and operation id."""
        return self._shelf.next_person, self._shelf.next_operation

    @contextmanager
    def snapshot(self) -> Generator[None]:
        """See to it that everything asked for within is of one moment."""
        with self._shelf.lock:
            yield
