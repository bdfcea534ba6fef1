"""What a store knows, as far as a batch of records is about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection
    from contextlib import AbstractContextManager

    from truthpoint.core.decision import LedgerKey, LedgerRow, Said, Tie
    from truthpoint.core.outbox import Totals
    from truthpoint.core.people import Identifier, LinkRow, PersonRow
    from truthpoint.core.profile import Profile


class Knowledge(Protocol):
    """What is known of people and moments; whatever is asked for and unknown is left out."""

    def named(self, canonical_ids: Collection[str]) -> list[PersonRow]:
        """Return the people who go by these canonical ids."""
        ...

    def people(self, people: Collection[int]) -> list[PersonRow]:
        """Return the people with these person keys."""
        ...

    def links(self, identifiers: Collection[Identifier]) -> list[LinkRow]:
        """Return all links of these identifiers."""
        ...

    def links_of(self, people: Collection[int]) -> list[LinkRow]:
        """Return all links of these people."""
        ...

    def ledger(self, keys: Collection[LedgerKey]) -> list[LedgerRow]:
        """Return the ledger's rows of these keys."""
        ...

    def moments(self, people: Collection[int]) -> list[LedgerRow]:
        """Return the ledger's rows of these people."""
        ...

    def totals(self, people: Collection[int]) -> list[Totals]:
        """Return the totals of these people, where they have any."""
        ...

    def profiles(self, people: Collection[int]) -> dict[int, Profile]:
        """Return the profiles of these people, where they have any."""
        ...

    def starts(self, ties: Collection[Tie]) -> dict[Tie, bytes]:
        """Return what the latest start with each of these ties said, as one JSON object."""
        ...

    def said(self) -> list[Said]:
        """Return what each source has said of each event."""
        ...

    def has_tombstones(self) -> bool:
        """Tell whether anybody was erased."""
        ...

    def tombstones(self, digests: Collection[str]) -> dict[str, int]:
        """Return all tombstones of whoever one of these digests names.

        By digest: the person key that ties together what was erased together.
        """
        ...

    def secret(self) -> bytes:
        """Return the store's own secret, by which digests of identifiers are made."""
        ...

    def next_ids(self) -> tuple[int, int]:
        """Return the first free person key and the first free operation id."""
        ...


class Books(Knowledge, Protocol):
    """All that is known of people, moments and totals, to be gone through from end to end."""

    def people_after(self, person: int, *, limit: int) -> list[PersonRow]:
        """Return the next people beyond a person key, in the order of these keys."""
        ...

    def overdue(self, now_ms: int, *, limit: int) -> list[Totals]:
        """Return totals in which something has waited long enough, the longest first."""
        ...

    def snapshot(self) -> AbstractContextManager[None]:
        """See to it that everything asked for within is of one moment, whoever writes."""
        ...
