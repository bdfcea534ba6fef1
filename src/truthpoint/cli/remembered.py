"""What a rehearsal remembers of the records that went through it; see `ports.Knowledge`.

Small values only, because there is something for each record of a long input: what moments
add to totals, and what starts have said, is not kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from truthpoint.core.decision import of_person

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from truthpoint.core.decision import Decision, LedgerKey, LedgerRow, Said, Tie
    from truthpoint.core.outbox import Operation, Totals
    from truthpoint.core.people import Identifier, LinkRow, PersonRow
    from truthpoint.core.profile import Profile

_NOTHING: Final[Mapping[str, object]] = {}


class Remembered:
    """People, links, profiles and claims of a rehearsal."""

    def __init__(self) -> None:
        self._people: dict[int, PersonRow] = {}
        self._named: dict[str, int] = {}
        self._links: dict[Identifier, dict[int, LinkRow]] = {}
        self._of: dict[int, set[Identifier]] = {}
        self._profiles: dict[int, Profile] = {}
        self._ledger: dict[LedgerKey, LedgerRow] = {}
        self._starts: dict[Tie, bytes] = {}
        self._closings: dict[Tie, int] = {}
        self._said: dict[tuple[str, str], Said] = {}
        self._next = (1, 1)

    def remember(self, decision: Decision) -> None:
        """Take what a decision changes for the records behind it."""
        for joined in decision.joined:
            self._people.pop(joined.gone, None)
            self._profiles.pop(joined.gone, None)
            for identifier in self._of.pop(joined.gone, set()):
                self._links[identifier].pop(joined.gone, None)
        for person in decision.people:
            self._people[person.person] = person
            if person.canonical_id is not None:
                self._named[person.canonical_id] = person.person
        for link in decision.links:
            identifier = (link.kind, link.value)
            self._links.setdefault(identifier, {})[link.person] = link
            self._of.setdefault(link.person, set()).add(identifier)
        self._profiles.update(decision.profiles)
        self._ledger.update(
            ((one.event, one.key), replace(one, contributions=_NOTHING)) for one in decision.ledger
        )
        self._starts.update(
            ((one.event, one.tie), one.attributes)
            for one in decision.operations
            if one.tie is not None
        )
        for one in decision.closings:
            name = (one.event, one.tie)
            self._closings[name] = max(one.until_ms, self._closings.get(name, one.until_ms))
        self._said.update(((one.source, one.event), one) for one in decision.said)
        self._next = (decision.next_person, decision.next_operation)

    def closed_until_ms(self, start: Operation) -> int | None:
        """Return until when the likes of a start are closed."""
        ties = {start.tie or "", of_person(start.person)}
        found = [self._closings.get((start.event, tie)) for tie in ties]
        return max((one for one in found if one is not None), default=None)

    def named(self, canonical_ids: Collection[str]) -> list[PersonRow]:
        """Return the people who go by these canonical ids."""
        return self.people([self._named[one] for one in canonical_ids if one in self._named])

    def people(self, people: Collection[int]) -> list[PersonRow]:
        """Return the people with these person keys."""
        return [self._people[one] for one in people if one in self._people]

    def links(self, identifiers: Collection[Identifier]) -> list[LinkRow]:
        """Return all links of these identifiers."""
        return [link for one in identifiers for link in self._links.get(one, {}).values()]

    def links_of(self, people: Collection[int]) -> list[LinkRow]:
        """Return all links of these people."""
        return [self._links[one][person] for person in people for one in self._of.get(person, ())]

    def ledger(self, keys: Collection[LedgerKey]) -> list[LedgerRow]:
        """Return the claims of these keys."""
        return [self._ledger[one] for one in keys if one in self._ledger]

    def moments(self, people: Collection[int]) -> list[LedgerRow]:
        """Return nothing: totals are not computed."""
        del people
        return []

    def totals(self, people: Collection[int]) -> list[Totals]:
        """Return nothing: totals are not computed."""
        del people
        return []

    def profiles(self, people: Collection[int]) -> dict[int, Profile]:
        """Return the profiles of these people."""
        return {one: self._profiles[one] for one in people if one in self._profiles}

    def starts(self, ties: Collection[Tie]) -> dict[Tie, bytes]:
        """Return what the latest start with each of these ties said."""
        return {one: self._starts[one] for one in ties if one in self._starts}

    def said(self) -> list[Said]:
        """Return what each source has said of each event last."""
        return list(self._said.values())

    def has_tombstones(self) -> bool:
        """Tell that nobody was erased here."""
        return False

    def tombstones(self, digests: Collection[str]) -> dict[str, int]:
        """Return nothing: nobody was erased here."""
        del digests
        return {}

    def secret(self) -> bytes:
        """Return a secret that protects nothing, for nothing is kept."""
        return b"rehearsal"

    def next_ids(self) -> tuple[int, int]:
        """Return the first free person key and operation id."""
        return self._next
