"""Deciding what is said of people: identify, link, merge and consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.findings import finding

from . import profile as profiles
from .decision import Outcome
from .examined import IDENTIFIER_ATTRIBUTES
from .linking import Lesson
from .outbox import Action, Standing
from .people import ANONYMOUS, EMAIL, ID, Grade, address_of, has_address, named_by
from .profile import Update
from .texts import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .batch import Batch
    from .decision import JournalRow
    from .examined import Identity, Linking, Merging, Word
    from .people import PersonRow, Who
    from .profile import Applied, Profile


class Sayings:
    """Decides what the records of one batch say of people.

    Args:
        batch: The batch.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._contract = batch.contract
        self._registry = batch.registry

    def _teach(
        self, row: JournalRow, said: Identity | Linking, person: PersonRow
    ) -> tuple[Lesson, list[Applied]]:
        """Learn what is asserted of somebody; return also what is to be told of a join."""
        since = len(self._registry.joined)
        lesson = self._registry.learn(person.person, said.who.links, said.at_ms, Grade.ASSERTED)
        united = self._batch.unite(since, same_person=True)
        self._batch.note(row, lesson.findings)
        return lesson, united

    def identify(self, row: JournalRow, identity: Identity, person: PersonRow) -> None:
        """Decide an identify: what changed is sent, nothing older, nothing twice."""
        lesson, united = self._teach(row, identity, person)
        person = self._registry.row(person.person)
        first = not person.identified
        if first:
            found = self._batch.examiner.first_identify(identity)
            self._batch.note(row, [one for one in found if one.code == "attribute_missing"])
            person = replace(person, identified=True)
            self._registry.change(person)
        attributes = _unrefused({**_identifiers(identity.who), **identity.attributes}, lesson)
        self._tell(row, person, attributes, identity.at_ms, (lesson, united), opens=first)
        self.associate(row, person, lesson, identity.at_ms)

    def link(self, row: JournalRow, linking: Linking, person: PersonRow) -> None:
        """Decide a link: an email or a phone is told to Customer.io, all else stays here."""
        lesson, united = self._teach(row, linking, person)
        person = self._registry.row(person.person)
        attributes = _unrefused(_identifiers(linking.who), lesson)
        self._tell(row, person, attributes, linking.at_ms, (lesson, united), opens=False)
        self.associate(row, person, lesson, linking.at_ms)

    def _tell(
        self,
        row: JournalRow,
        person: PersonRow,
        attributes: Mapping[str, object],
        at_ms: int,
        taught: tuple[Lesson, list[Applied]],
        *,
        opens: bool,
    ) -> None:
        """Send what changed of somebody's attributes; nothing changed: nothing is sent."""
        lesson, united = taught
        update = Update(attributes=attributes, at_ms=at_ms, source=row.source)
        before = self._batch.profile(person.person)
        applied = profiles.apply(before, update, self._contract)
        self._batch.note(row, applied.findings)
        self._end_links(person.person, applied.profile)
        changed: dict[str, object] = {}
        for one in (*united, applied):
            changed |= one.changed
            at_ms = max(at_ms, one.at_ms)
        adopted = self._adopted(person, lesson)
        if adopted and changed.get(EMAIL) == adopted:
            del changed[EMAIL]
        # One time goes with all of it, so that some is sent with a later one than its own.
        told = [*changed, *([EMAIL] if adopted else [])]
        self._batch.keep_profile(person.person, profiles.sent(applied.profile, told, at_ms))
        tells = bool(changed) or (opens and not adopted)
        if adopted:
            self._adopt(row, person, adopted, at_ms, own=not tells)
        elif not tells:
            self._batch.end(row, Outcome.RECORDED, "", person=person.person)
        if not tells:
            return
        consents = any(one.consent_changed for one in (*united, applied))
        self._send(row, person, before, changed, at_ms, barrier=opens or consents)

    def _send(
        self,
        row: JournalRow,
        person: PersonRow,
        before: Profile,
        changed: Mapping[str, object],
        at_ms: int,
        *,
        barrier: bool,
    ) -> None:
        """Send changed attributes: what Customer.io may not take apart, behind the rest."""
        apart = self._contested(before, person, changed)
        rest = {name: value for name, value in changed.items() if name not in apart}
        is_known_there = (
            person.standing is Standing.KNOWN or apart.keys() <= before.attributes.keys()
        )
        if not rest and is_known_there:
            rest, apart = apart, {}
        identifiers = not IDENTIFIER_ATTRIBUTES.isdisjoint(rest)
        operation = self._batch.add(
            row,
            person.person,
            Action.IDENTIFY,
            at_ms,
            attributes=self._encoded(rest),
            barrier=barrier or identifiers,
        )
        self._batch.total_behind(operation)
        if apart:
            self._tell_beside(row, person, apart, at_ms)

    def _contested(
        self, before: Profile, person: PersonRow, changed: Mapping[str, object]
    ) -> dict[str, object]:
        """Return the identifiers among what changed that Customer.io may not take.

        They are sent apart, behind the rest: those that take the place of others, because where
        a workspace does not let an id change an email, it refuses the whole update, and answers
        200; and those that somebody else had, because that profile may have them still, and
        would be given the id of a new one (customerio-api, 2.3).
        """
        links = self._registry.links
        found = _replaced(before, person, changed)
        for name in IDENTIFIER_ATTRIBUTES & changed.keys():
            value = changed[name]
            if isinstance(value, str) and links.was_anothers((name, value), person.person):
                found[name] = value
        return found

    def _adopted(self, person: PersonRow, lesson: Lesson) -> str:
        """Return the email of a guest's profile that somebody's id is to receive; empty: of none.

        The guest got the id with this record, or became part of whoever has it.
        """
        if person.person in self._registry.received:
            self._registry.received.discard(person.person)
            return named_by(person.address)[1]
        return lesson.adopted

    def _adopt(
        self, row: JournalRow, person: PersonRow, email: str, at_ms: int, *, own: bool
    ) -> None:
        """Tell Customer.io that somebody's id and the email of a guest are one person.

        By an identify that goes by the id and carries both: the email says whose profile it is
        (customerio-api, 2.3). Nothing else is in it, so that nothing else can have it refused;
        and it is the email under which the guest lives there, whatever theirs is by now.
        """
        canonical_id = person.canonical_id
        operation = self._batch.add(
            row,
            person.person,
            Action.IDENTIFY,
            at_ms,
            attributes=self._encoded({EMAIL: email}),
            address="" if canonical_id is None else address_of(ID, canonical_id),
            own=own,
        )
        self._batch.total_behind(operation)

    def receive(self, row: JournalRow, person: PersonRow, at_ms: int) -> None:
        """Tell Customer.io of the id that a guest got with a record that is no identify or link.

        Those tell it themselves.
        """
        if person.person not in self._registry.received:
            return
        email = self._adopted(person, _NOTHING)
        self._hold(row, person, email, at_ms)
        self._adopt(row, person, email, at_ms, own=False)

    def _hold(self, row: JournalRow, person: PersonRow, email: str, at_ms: int) -> None:
        """Keep that somebody has the email under which they live, though nobody told it as one."""
        profile = self._batch.profile(person.person)
        if EMAIL not in profile.attributes:
            update = Update(attributes={EMAIL: email}, at_ms=at_ms, source=row.source)
            self._batch.keep_profile(
                person.person, profiles.apply(profile, update, self._contract).profile
            )

    def _tell_beside(
        self, row: JournalRow, person: PersonRow, changed: Mapping[str, object], at_ms: int
    ) -> None:
        """Send attributes that a record has caused beside its own operation."""
        self._batch.add(
            row,
            person.person,
            Action.IDENTIFY,
            at_ms,
            attributes=self._encoded(changed),
            own=False,
        )

    def _encoded(self, changed: Mapping[str, object]) -> bytes:
        return encode(profiles.wire_attributes(self._contract, changed))

    def _end_links(self, person: int, profile: Profile) -> None:
        """Let an email or a phone that was deleted be somebody else's from then on.

        The deletion may have arrived before what it deletes.
        """
        links = self._registry.links
        for kind in sorted(IDENTIFIER_ATTRIBUTES & profile.attributes.keys()):
            kept, value = profile.attributes[kind], links.present(person, kind)
            if kept.value is None and value is not None:
                links.end(person, (kind, value), kept.at_ms)

    def associate(self, row: JournalRow, person: PersonRow, lesson: Lesson, at_ms: int) -> None:
        """Ask Customer.io to give somebody the events that came under their anonymous ids."""
        for value in lesson.associated:
            self._tell_beside(row, person, {ANONYMOUS: value}, at_ms)

    def merge(self, row: JournalRow, merging: Merging, person: PersonRow) -> None:
        """Decide a merge: everything of the second is the first's, here and there."""
        other = self._registry.known(merging.other, merging.at_ms)
        if other is not None and other.person == person.person:
            self._refuse_merge(row, person)
            return
        if other is None:
            if merging.other.id is None:
                self._batch.note(row, [finding("merge_of_nobody", _NOBODY)])
                self._batch.end(row, Outcome.QUARANTINED, "merge_of_nobody", person=person.person)
                return
            other = self._registry.create(merging.other.id)
        since = len(self._registry.joined)
        for one in (person, other):
            if has_address(EMAIL, one.address):
                self._hold(row, one, named_by(one.address)[1], merging.at_ms)
        before = self._batch.profile(person.person)
        self._registry.join(person.person, other.person, merges=True)
        united = self._batch.unite(since, same_person=False)
        operation = self._batch.add(
            row,
            person.person,
            Action.MERGE,
            merging.at_ms,
            attributes=other.address.encode(),
            not_before_ms=self._batch.known.now_ms + self._contract.person.merge_delay_ms,
        )
        self._batch.total_behind(operation)
        for one in united:
            self._tell_of_merge(row, person, before, one)

    def _tell_of_merge(
        self, row: JournalRow, person: PersonRow, before: Profile, united: Applied
    ) -> None:
        """Send what Customer.io's own merge may not carry over.

        That is a withdrawal, identifiers, and whatever the second person's profile there did
        not have yet, because its identify was still under way.
        """
        gained = {
            name: kept
            for name, kept in united.profile.attributes.items()
            if kept.value is not None and before.attributes.get(name) is not kept
        }
        changed = {**{name: kept.value for name, kept in gained.items()}, **united.changed}
        # Apart: for an identifier that it does not take, Customer.io refuses the whole update.
        named = {name: changed.pop(name) for name in IDENTIFIER_ATTRIBUTES & changed.keys()}
        if EMAIL in named:
            # Where a guest's profile has it still, that one becomes part of this one, and of
            # each attribute the value of the older of the two profiles stays.
            changed = profiles.held(united.profile)
        told = {**named, **changed}
        at_ms = max([united.at_ms, *profiles.times(united.profile, told)])
        self._batch.keep_profile(person.person, profiles.sent(united.profile, told, at_ms))
        for part in (named, changed):
            if part:
                self._tell_beside(row, person, part, at_ms)

    def _refuse_merge(self, row: JournalRow, person: PersonRow) -> None:
        evidence = "Both are the same person already."
        self._batch.note(row, [finding("merge_of_itself", evidence)])
        self._batch.end(row, Outcome.QUARANTINED, "merge_of_itself", person=person.person)

    def consent(self, row: JournalRow, word: Word, person: PersonRow) -> None:
        """Decide a change of consent that was made elsewhere (law 12)."""
        source = self._contract.sources[row.source]
        update = Update(
            attributes=word.consents,
            at_ms=word.at_ms,
            source=row.source,
            from_customerio=source.kind == "customerio",
        )
        applied = profiles.apply(self._batch.profile(person.person), update, self._contract)
        self._batch.keep_profile(person.person, applied.profile)
        self._batch.note(row, applied.findings)
        if not applied.changed:
            self._batch.end(row, Outcome.RECORDED, "", person=person.person)
            return
        self._batch.add(
            row,
            person.person,
            Action.IDENTIFY,
            applied.at_ms,
            attributes=self._encoded(applied.changed),
        )


_NOTHING = Lesson()
"""What is learned of somebody from a record that teaches nothing."""

_NOBODY = "`from` leads to nobody whom a merge could name at Customer.io."


def _identifiers(who: Who) -> dict[str, object]:
    """Return the links of a record that are attributes at Customer.io too."""
    return {kind: value for kind, value in who.links if kind in IDENTIFIER_ATTRIBUTES}


def _unrefused(attributes: dict[str, object], lesson: Lesson) -> dict[str, object]:
    """Return attributes without the identifiers that are somebody else's."""
    refused = {kind for kind, _ in lesson.refused}
    return {name: value for name, value in attributes.items() if name not in refused}


def _replaced(
    before: Profile, person: PersonRow, changed: Mapping[str, object]
) -> dict[str, object]:
    """Return the identifiers among what changed that take the place of others.

    Whoever lives under an email has it there, whether or not anybody ever told it as one.
    """
    had = {
        name
        for name in IDENTIFIER_ATTRIBUTES
        if name in before.attributes and before.attributes[name].value is not None
    }
    if has_address(EMAIL, person.address) and changed.get(EMAIL) != named_by(person.address)[1]:
        had.add(EMAIL)
    return {name: value for name, value in changed.items() if name in had and value is not None}
