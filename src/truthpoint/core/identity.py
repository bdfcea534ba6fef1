"""Whose record it is: people as one batch sees and changes them (laws 3 and 4).

Theory of operation
-------------------
A record names its person by the canonical id, by other identifiers, or by both. `find` says
who that is; `learn` keeps what the record teaches. Three kinds of people exist:

    - those with a canonical id;
    - guests, who live under their email until an id is learned;
    - visitors, of whom nothing is known but an anonymous id.

A visitor becomes part of whoever their anonymous id is linked to. A guest whose email is
asserted of an id receives that id; where somebody has the id already, and no email of their
own, the two are joined. Joining moves everything to one person key, so that a queue is never
split. What contradicts an asserted link is never acted on: a finding tells of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from .decision import Joined
from .linking import Lesson, Links
from .outbox import Standing
from .people import (
    ANONYMOUS,
    EMAIL,
    ID,
    ONE_AT_A_TIME,
    Grade,
    PersonRow,
    address_of,
    address_of_erased,
    by_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .people import Identifier, LinkRow, Who


class Registry:
    """The people of one batch: who was known, and what the batch changes.

    Args:
        people: Everybody whom a record of the batch may be about.
        links: All links of the identifiers that it carries, and of all these people.
        next_person: The first free person key.
        guests: Whether somebody without an id lives under their email.

    Attributes:
        next_person: The first free person key, now.
        links: Their links.
        changed: New people and changed ones, by person key.
        joined: Who became part of whom, in order.
        received: Guests who got an id of which Customer.io is to be told yet, by person key.
    """

    def __init__(
        self,
        people: Iterable[PersonRow],
        links: Iterable[LinkRow],
        *,
        next_person: int,
        guests: bool,
    ) -> None:
        self.next_person = next_person
        self.links = Links(links)
        self.changed: dict[int, PersonRow] = {}
        self.joined: list[Joined] = []
        self.received: set[int] = set()
        self._guests = guests
        self._survivors: dict[int, int] = {}
        self._people: dict[int, PersonRow] = {}
        self._named: dict[str, int] = {}
        self._addressed: dict[str, int] = {}
        for person in people:
            self._remember(person)

    def survivor(self, person: int) -> int:
        """Return the person key that somebody has now, whoever they were joined into."""
        while person in self._survivors:
            person = self._survivors[person]
        return person

    def row(self, person: int) -> PersonRow:
        """Return somebody's row."""
        return self._people[self.survivor(person)]

    def named(self, canonical_id: str) -> PersonRow | None:
        """Return who goes by a canonical id, or went by it before a merge."""
        person = self._named.get(canonical_id)
        if person is None:
            person = self.links.holder((ID, canonical_id), 0, Grade.ASSERTED)
        return None if person is None else self.row(person)

    def addressed(self, identifier: Identifier) -> PersonRow | None:
        """Return whom Customer.io knows by this email or anonymous id only."""
        person = self._addressed.get(address_of(*identifier))
        return None if person is None else self._people[person]

    def find(self, who: Who, at_ms: int, *, asserted: bool) -> PersonRow | None:
        """Return whose record it is; None: nobody's yet.

        A canonical id always leads to somebody, who is made where there is none. Visitors are
        not found: what else their records carry decides.

        Args:
            who: What the record says.
            at_ms: When it happened.
            asserted: Whether it says for certain that what it carries is one person.
        """
        if who.id is not None:
            known = self.named(who.id)
            if known is not None:
                return known
            guest = self._guest(who.links) if asserted else None
            return self.create(who.id) if guest is None else self._receive(guest, who.id)
        return self.led_to(who, at_ms)

    def known(self, who: Who, at_ms: int) -> PersonRow | None:
        """Return whose record it is, as far as that is known; nobody is made."""
        return self.led_to(who, at_ms) if who.id is None else self.named(who.id)

    def led_to(self, who: Who, at_ms: int) -> PersonRow | None:
        """Return to whom a record's other identifiers lead; visitors are not found."""
        for identifier in who.identifiers:
            person = self._led_to(identifier, at_ms, Grade.ASSERTED)
            if person is not None:
                return person
        for identifier in sorted(who.identifiers, key=lambda one: one[0] != EMAIL):
            person = self._led_to(identifier, at_ms, Grade.INFERRED)
            if person is not None:
                return person
            if self._guests and identifier[0] == EMAIL:
                # A guest of their own: weaker signs do not make them somebody else.
                return None
        return None

    def _led_to(self, identifier: Identifier, at_ms: int, grade: Grade) -> PersonRow | None:
        person = self.links.holder(identifier, at_ms, grade)
        row = None if person is None else self._people[person]
        return None if row is None or row.is_anonymous else row

    def _guest(self, links: Iterable[Identifier]) -> PersonRow | None:
        for identifier in links:
            if identifier[0] == EMAIL:
                guest = self.addressed(identifier)
                if guest is not None and guest.canonical_id is None:
                    return guest
        return None

    def create(self, canonical_id: str) -> PersonRow:
        """Return a new person who goes by an id."""
        return self._add(by_id(self.next_person, canonical_id))

    def guest(self, email: str, at_ms: int) -> PersonRow:
        """Return the guest who lives under an email, a new one where there is none."""
        known = self.addressed((EMAIL, email))
        if known is not None:
            return known
        address = address_of(EMAIL, email)
        guest = self._add(PersonRow(person=self.next_person, canonical_id=None, address=address))
        self.links.link(guest.person, (EMAIL, email), at_ms, Grade.ASSERTED)
        return guest

    def visitor(self, anonymous_id: str, at_ms: int) -> PersonRow:
        """Return the visitor who is known by an anonymous id, a new one where there is none."""
        known = self.addressed((ANONYMOUS, anonymous_id))
        if known is not None:
            return known
        visitor = self._add(
            PersonRow(
                person=self.next_person,
                canonical_id=None,
                address=address_of(ANONYMOUS, anonymous_id),
                standing=Standing.ANONYMOUS,
            )
        )
        # Nothing is to be told of it: who makes a visitor was led to nobody.
        self.links.infer(visitor.person, (ANONYMOUS, anonymous_id), at_ms, Lesson())
        return visitor

    def nobody(self) -> PersonRow:
        """Return a new person of whom nothing is known, for what is buried of a stranger."""
        key = self.next_person
        return self._add(PersonRow(person=key, canonical_id=None, address=address_of_erased(key)))

    def change(self, person: PersonRow) -> None:
        """Keep somebody's row as it is from now on."""
        self._people[person.person] = self.changed[person.person] = person

    def learn(
        self, person: int, identifiers: Iterable[Identifier], at_ms: int, grade: Grade
    ) -> Lesson:
        """Keep what a record teaches of somebody.

        Args:
            person: The person key.
            identifiers: What the record carries beside the canonical id.
            at_ms: When it happened.
            grade: Asserted or inferred.
        """
        lesson = Lesson()
        for identifier in identifiers:
            self._absorb(person, identifier, grade, lesson)
            if identifier in lesson.refused:
                continue
            if grade is Grade.ASSERTED:
                self.links.claim(person, identifier, at_ms, lesson)
            else:
                self.links.infer(person, identifier, at_ms, lesson)
        return lesson

    def join(self, into: int, gone: int, *, merges: bool = False) -> None:
        """Make two people one: everything of the second is the first's from now on.

        Args:
            into: The person key that stays.
            gone: The person key that nobody has any more.
            merges: Whether they were two until now, by what was said of them.
        """
        secondary = self._people.pop(gone)
        self.joined.append(Joined(into=into, gone=gone, merges=merges))
        self._survivors[gone] = into
        self.changed.pop(gone, None)
        self._addressed.pop(secondary.address, None)
        stands = [(kind, self.links.present(into, kind)) for kind in sorted(ONE_AT_A_TIME)]
        self.links.hand_over(gone, into)
        for kind, value in stands if merges else ():
            if value is not None:
                self.links.keep_present(into, (kind, value))
        if secondary.canonical_id is not None:
            self._named[secondary.canonical_id] = into
            self.links.link(into, (ID, secondary.canonical_id), 0, Grade.ASSERTED)
        if secondary.identified and not self._people[into].identified:
            self.change(replace(self._people[into], identified=True))

    def _absorb(self, person: int, identifier: Identifier, grade: Grade, lesson: Lesson) -> None:
        """Join whoever is known by this identifier only, where it is certain enough."""
        kind, value = identifier
        if kind not in (ANONYMOUS, EMAIL):
            return
        other = self.addressed(identifier)
        if other is None or other.person == person or other.canonical_id is not None:
            return
        if kind == ANONYMOUS:
            if grade is Grade.INFERRED and self.links.is_frozen(identifier):
                # Several people use the device: whose the visits were, nobody knows.
                return
            self.join(person, other.person)
            lesson.associated.append(value)
        elif grade is Grade.ASSERTED and self._people[person].canonical_id is not None:
            if self.links.present(person, EMAIL) in (None, value):
                self.join(person, other.person)
                lesson.adopted = value
            else:
                lesson.refuse(identifier, "guest_kept_apart", _OTHER_EMAIL)

    def _receive(self, guest: PersonRow, canonical_id: str) -> PersonRow:
        """Give a guest their id."""
        self.received.add(guest.person)
        self._named[canonical_id] = guest.person
        received = replace(guest, canonical_id=canonical_id)
        self.change(received)
        return received

    def _add(self, person: PersonRow) -> PersonRow:
        self.next_person += 1
        self._remember(person)
        self.change(person)
        return person

    def _remember(self, person: PersonRow) -> None:
        self._people[person.person] = person
        self._addressed[person.address] = person.person
        if person.canonical_id is not None:
            self._named[person.canonical_id] = person.person


_OTHER_EMAIL = "A guest lives under its `email`, and its person has another one."
