"""Deciding who is erased, and who is readmitted (law 20).

An erasure buries every identifier of somebody: a keyed digest of it is kept, and nothing
that comes under it has any effect. What erases them at Customer.io goes out behind what is on
its way; once that was answered, the store removes what it knows of them.

An identifier that others have too (a household's email) is not buried, because their records
would be kept away with it: it only leads to the erased no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.contract.rules import Erase
from truthpoint.findings import finding

from .decision import Outcome
from .outbox import Action, Standing
from .people import ANONYMOUS, EMAIL, ID, address_of

if TYPE_CHECKING:
    from .batch import Batch
    from .decision import JournalRow
    from .examined import Erasing
    from .people import Identifier, PersonRow, Who


class Erasures:
    """Decides the erasures and readmissions of one batch.

    Args:
        batch: The batch.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._contract = batch.contract
        self._registry = batch.registry

    def take(self, row: JournalRow, erasing: Erasing) -> None:
        """Decide one of them."""
        if erasing.readmits:
            self._readmit(row, erasing)
        else:
            self._erase(row, erasing)

    def _erase(self, row: JournalRow, erasing: Erasing) -> None:
        """Bury at once, then erase the profiles there."""
        batch = self._batch
        batch.scrubbed.append(row.record)
        people = self._found(erasing)
        if not people:
            people = [self._made(erasing) or self._registry.nobody()]
        batch.tombstones.bury(people[0].person, self._identifiers(row, erasing.who, people))
        is_first = True
        for person in people:
            if person.standing is Standing.ERASED:
                # An earlier erasure is under way, and takes what was not known then with it.
                continue
            self._registry.change(replace(person, standing=Standing.ERASED))
            for address in self._addresses(person):
                self._part(row, person, erasing, address, own=is_first)
                is_first = False
        if is_first:
            batch.end(row, Outcome.RECORDED, "", person=people[0].person)

    def _found(self, erasing: Erasing) -> list[PersonRow]:
        """Return everybody whom an erasure names: visitors, and guests of their own, too."""
        who, registry = erasing.who, self._registry
        found = [registry.known(who, erasing.at_ms)]
        for identifier in who.links:
            if identifier[0] in (ANONYMOUS, EMAIL):
                other = registry.addressed(identifier)
                found.append(other if other is not None and other.canonical_id is None else None)
        return list({one.person: one for one in found if one is not None}.values())

    def _made(self, erasing: Erasing) -> PersonRow | None:
        """Return somebody new: what comes of them later is kept away, or let in again."""
        who = erasing.who
        if who.id is not None:
            return self._registry.create(who.id)
        emails = [value for kind, value in who.links if kind == EMAIL]
        return self._registry.guest(emails[0], erasing.at_ms) if emails else None

    def _identifiers(
        self, row: JournalRow, who: Who, people: list[PersonRow]
    ) -> dict[Identifier, None]:
        """Return what to bury: all that names these people, and nobody else."""
        links = self._registry.links
        found: list[Identifier] = list(who.links)
        if who.id is not None:
            found.append((ID, who.id))
        for person in people:
            if person.canonical_id is not None:
                found.append((ID, person.canonical_id))
            found += links.of(person.person)
        theirs = {one.person for one in people}
        shared = [one for one in dict.fromkeys(found) if links.is_shared(one, theirs)]
        if shared:
            kinds = ", ".join(f"`{kind}`" for kind in sorted({kind for kind, _ in shared}))
            evidence = f"Somebody else has the same {kinds}."
            self._batch.note(row, [finding("erased_but_shared", evidence)])
        return dict.fromkeys(one for one in found if one not in shared)

    def _addresses(self, person: PersonRow) -> list[str]:
        """Return what to erase somebody by: the documents differ on whether one is enough.

        With ids that a merge made links, and every email that was theirs: what makes the
        profiles one that they name may not have been sent yet.
        """
        if person.is_anonymous or person.is_erased:
            return []
        links = self._registry.links
        addresses = [person.address]
        if person.canonical_id is not None:
            addresses.append(address_of(ID, person.canonical_id))
        addresses += [address_of(*one) for one in links.of(person.person) if one[0] == ID]
        for email in links.asserted(person.person, EMAIL):
            if not links.is_shared((EMAIL, email), {person.person}):
                addresses.append(address_of(EMAIL, email))
        return list(dict.fromkeys(addresses))

    def _part(
        self, row: JournalRow, person: PersonRow, erasing: Erasing, address: str, *, own: bool
    ) -> None:
        deletes = self._contract.person.erase is Erase.DELETE
        self._batch.add(
            row,
            person.person,
            Action.DELETE if deletes else Action.SUPPRESS,
            erasing.at_ms,
            address=address,
            own=own,
        )

    def _readmit(self, row: JournalRow, erasing: Erasing) -> None:
        """Let records of these identifiers count again, here and there."""
        batch, who = self._batch, erasing.who
        wrong = self._why_not(erasing)
        if wrong:
            batch.note(row, [finding("readmit_too_early", wrong)])
            batch.end(row, Outcome.QUARANTINED, "readmit_too_early")
            return
        named = [*([] if who.id is None else [(ID, who.id)]), *who.links]
        left = batch.tombstones.lift(named)
        if left:
            kinds = " and ".join(f"an `{kind}`" for kind in sorted(left))
            stay = "stay" if len(left) > 1 else "stays"
            evidence = f"Of whom it names, {kinds} that it does not name {stay} erased."
            batch.note(row, [finding("readmitted_in_part", evidence)])
        person = self._registry.known(who, erasing.at_ms) or self._made(erasing)
        if person is None or self._contract.person.erase is Erase.DELETE:
            batch.end(row, Outcome.RECORDED, "", person=None if person is None else person.person)
            return
        is_first = True
        for kind, value in named:
            if kind in (ID, EMAIL):
                address = address_of(kind, value)
                batch.add(
                    row,
                    person.person,
                    Action.UNSUPPRESS,
                    erasing.at_ms,
                    address=address,
                    own=is_first,
                )
                is_first = False

    def _why_not(self, erasing: Erasing) -> str:
        """Return why somebody cannot be readmitted now; empty: they can."""
        who = erasing.who
        person = self._registry.known(who, erasing.at_ms)
        if person is not None and person.standing is Standing.ERASED:
            return "Their erasure is still under way."
        if not self._batch.tombstones.name(who):
            return "Nobody was erased who has one of its identifiers."
        if who.id is None and all(kind != EMAIL for kind, _ in who.links):
            return "It carries neither an id nor an email, by which Customer.io lets them in again."
        return ""
