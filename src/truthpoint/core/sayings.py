"""Deciding what is said of people: identify, link, merge and consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.findings import finding

from . import profile as profiles
from .decision import Outcome
from .examined import IDENTIFIER_ATTRIBUTES
from .outbox import Action
from .people import ANONYMOUS, EMAIL, ID, Grade, address_of, has_address, named_by
from .profile import Update
from .texts import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .batch import Batch
    from .decision import JournalRow
    from .examined import Identity, Linking, Merging, Word
    from .linking import Lesson
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
        address = self._new_address(person, changed)
        if lesson.adopted:
            # Customer.io joins the guest's profile when it is told of both, known here or not.
            changed.setdefault(EMAIL, lesson.adopted)
        # One time goes with all of it, so that some is sent with a later one than its own.
        self._batch.keep_profile(person.person, profiles.sent(applied.profile, changed, at_ms))
        if not changed and not address and not opens:
            self._batch.end(row, Outcome.RECORDED, "", person=person.person)
            return
        consents = any(one.consent_changed for one in (*united, applied))
        apart = {} if address else _replaced(before, changed)
        if len(apart) == len(changed):
            apart = {}
        changed = {name: value for name, value in changed.items() if name not in apart}
        identifiers = not IDENTIFIER_ATTRIBUTES.isdisjoint(changed)
        operation = self._batch.add(
            row,
            person.person,
            Action.IDENTIFY,
            at_ms,
            attributes=self._encoded(changed),
            barrier=opens or identifiers or consents or bool(address),
            address=address,
        )
        self._batch.total_behind(operation)
        if apart:
            self._tell_beside(row, person, apart, at_ms)

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

    def _new_address(self, person: PersonRow, changed: dict[str, object]) -> str:
        """Return the address by id that a guest's profile receives; empty: there is none to give.

        The identify that gives it carries both: it goes by the id, and the email says whose
        profile it is (customerio-api, 2.3).
        """
        if person.canonical_id is None or not has_address(EMAIL, person.address):
            return ""
        changed.setdefault(EMAIL, named_by(person.address)[1])
        return address_of(ID, person.canonical_id)

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
        if changed:
            at_ms = max([united.at_ms, *(kept.at_ms for kept in gained.values())])
            kept_profile = profiles.sent(united.profile, changed, at_ms)
            self._batch.keep_profile(person.person, kept_profile)
            self._tell_beside(row, person, changed, at_ms)

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


_NOBODY = "`from` leads to nobody whom a merge could name at Customer.io."


def _identifiers(who: Who) -> dict[str, object]:
    """Return the links of a record that are attributes at Customer.io too."""
    return {kind: value for kind, value in who.links if kind in IDENTIFIER_ATTRIBUTES}


def _unrefused(attributes: dict[str, object], lesson: Lesson) -> dict[str, object]:
    """Return attributes without the identifiers that are somebody else's."""
    refused = {kind for kind, _ in lesson.refused}
    return {name: value for name, value in attributes.items() if name not in refused}


def _replaced(before: Profile, changed: Mapping[str, object]) -> dict[str, object]:
    """Return the identifiers among what changed that take the place of others.

    They are sent apart: where a workspace does not let an id change an email, Customer.io
    refuses the whole update, and answers 200 (customerio-api, 2.3).
    """
    had = {
        name
        for name in IDENTIFIER_ATTRIBUTES
        if name in before.attributes and before.attributes[name].value is not None
    }
    return {name: value for name, value in changed.items() if name in had and value is not None}
