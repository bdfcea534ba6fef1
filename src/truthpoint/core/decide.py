"""Step 3 of 6: a batch of records becomes one decision, purely.

The decision sees the records, the contract and what the store knew; it answers with
everything that changes: people, links, ledger rows, totals, operations, verdicts. A later
record of the batch sees what an earlier one changed. The store commits a decision as
one transaction together with the records it settles, so a crash repeats the work and
never half of it, and a repeated decision writes nothing new.

    plan        what a batch is about, and so what must be loaded
    identity    whose a record is
    moments     events: claims, totals, starts and closes
    sayings     what is said of people
    erasing     who is erased, and who is readmitted
    batch       what was known and what changes
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from truthpoint.contract.rules import Unidentified
from truthpoint.findings import Finding, Where, finding

from .batch import Batch
from .decision import Decision, Hold, Outcome, Reason, Verdict
from .erasing import Erasures
from .examined import (
    Broken,
    Erasing,
    Identity,
    Lacking,
    Linking,
    Merging,
    Moment,
    NotOwner,
    Word,
)
from .keying import ends_of
from .linking import Lesson
from .moments import Moments
from .people import ANONYMOUS, Grade
from .plan import completed
from .sayings import Sayings
from .unresolved import fate

if TYPE_CHECKING:
    from .decision import JournalRow, Known
    from .examine import Examiner
    from .examined import Examined
    from .people import PersonRow, Who
    from .plan import Plan


def decide(planned: Plan, examiner: Examiner, known: Known) -> Decision:
    """Return the decision of a batch. Pure: the same arguments give the same decision."""
    deciding = _Deciding(examiner, known)
    for row, examined in zip(planned.rows, planned.examined, strict=True):
        deciding.take(row, examined)
    return deciding.batch.decision(tuple(row.record for row in planned.rows))


def set_aside(row: JournalRow, evidence: str, *, next_ids: tuple[int, int]) -> Decision:
    """Return the decision of one record that could not be decided: it is quarantined.

    Args:
        row: The record.
        evidence: What happened, without anything of the record.
        next_ids: The first free person key and operation id.
    """
    found = finding("could_not_be_decided", evidence)
    verdict = Verdict(record=row.record, outcome=Outcome.QUARANTINED, reason=found.code)
    next_person, next_operation = next_ids
    return Decision(
        records=(row.record,),
        verdicts=(verdict,),
        findings={row.record: (found,)},
        next_person=next_person,
        next_operation=next_operation,
    )


class _Deciding:
    """Decides the records of one batch, one after the other."""

    def __init__(self, examiner: Examiner, known: Known) -> None:
        self.batch = Batch(examiner, known)
        self._examiner = examiner
        self._known = known
        self._moments = Moments(self.batch)
        self._sayings = Sayings(self.batch)
        self._erasures = Erasures(self.batch)

    def take(self, row: JournalRow, examined: Examined) -> None:
        """Decide one record."""
        if isinstance(examined, Lacking):
            record = completed(examined, self.batch.starts)
            examined = self._examiner.examine(record, source=row.source, completed=True)
        if examined.findings:
            self.batch.note(row, examined.findings)
        if not self._is_kept_away(row, examined):
            self._take(row, examined)

    def _is_kept_away(self, row: JournalRow, examined: Examined) -> bool:
        """Withhold what must not have any effect, and tell whether it was that."""
        batch = self.batch
        if examined.test and not self._known.takes_tests:
            batch.withhold(row, Reason.TEST, event=_event_of(examined))
            return True
        others = (
            examined.other if isinstance(examined, Merging) else None,
            examined.before if isinstance(examined, Identity) else None,
        )
        erased = batch.tombstones.name(examined.who) or any(
            batch.tombstones.name(one) for one in others if one is not None
        )
        if erased and not isinstance(examined, Erasing):
            batch.scrubbed.append(row.record)
            batch.withhold(row, Reason.ERASED, event=_event_of(examined))
            return True
        return False

    def _take(self, row: JournalRow, examined: Examined) -> None:
        match examined:
            case Moment():
                self._moment(row, examined)
            case Broken():
                self._broken(row, examined)
            case NotOwner():
                self._not_owner(row, examined)
            case Erasing():
                self._erasures.take(row, examined)
            case Identity() | Linking() | Merging() | Word():
                self._saying(row, examined)
            case Lacking():  # pragma: no cover - what was completed lacks nothing more
                raise AssertionError("a completed record lacks something")
            case _:  # pragma: no cover - the type checker holds this line
                assert_never(examined)

    def _broken(self, row: JournalRow, broken: Broken) -> None:
        reason = next(one.code for one in broken.findings if one.severity == "error")
        person = self.batch.registry.known(broken.who, broken.at_ms)
        if broken.ends:
            self._moments.close(person, broken.at_ms, broken.ends)
        # Whose it is, is kept, so that an erasure finds its bytes (law 20).
        tied = person or self._carried_by(broken)
        key = None if tied is None else tied.person
        self.batch.end(row, Outcome.QUARANTINED, reason, event=broken.event, person=key)

    def _carried_by(self, broken: Broken) -> PersonRow | None:
        """Return to whom a record leads whose id nobody has; a visitor is somebody here too."""
        registry = self.batch.registry
        visitors = (registry.addressed(one) for one in broken.who.links if one[0] == ANONYMOUS)
        led = registry.led_to(broken.who, broken.at_ms)
        return led or next((one for one in visitors if one is not None), None)

    def _not_owner(self, row: JournalRow, told: NotOwner) -> None:
        """Withhold what somebody else than the owner says, but learn from it (laws 6 and 9)."""
        batch = self.batch
        batch.hear(row.source, told.event, row.captured_at_ms)
        person = batch.registry.known(told.who, told.at_ms)
        self._moments.close(person, told.at_ms, told.ends)
        if person is not None:
            self._learn(row, told.who, person, told.at_ms)
        batch.withhold(
            row,
            Reason.NOT_OWNER,
            event=told.event,
            person=None if person is None else person.person,
        )

    def _moment(self, row: JournalRow, moment: Moment) -> None:
        event = moment.event
        if moment.stands_in and not self._is_silent(row, moment):
            self._too_early(row, moment)
            return
        self.batch.hear(row.source, event.name, row.captured_at_ms)
        if self._moments.is_repeat(row, moment):
            return
        # Only now: a repeat that names somebody else makes no person of them.
        person = self._person(row, moment.who, moment.at_ms, event=event.name, is_event=True)
        if person is None:
            self._moments.close(None, moment.at_ms, ends_of(event, moment.values))
            return
        lesson = self._learn(row, moment.who, person, moment.at_ms)
        person = self.batch.registry.row(person.person)
        if event.stage and not self._moments.is_tried_out_on(person):
            evidence = f"Version {event.version} of `{event.name}` is being tried out."
            self.batch.note(row, [finding("stage_qa", evidence)])
            self.batch.withhold(row, Reason.TEST, event=event.name, person=person.person)
            return
        self._moments.take(row, moment, person)
        if lesson.associated:
            self._sayings.associate(row, person, lesson, moment.at_ms)

    def _is_silent(self, row: JournalRow, moment: Moment) -> bool:
        """Tell whether an event's owner has been silent for so long that another may stand in."""
        fallback = moment.event.fallback
        last_ms = self.batch.last_heard_ms(moment.event.owner, moment.event.name)
        after_ms = 0 if fallback is None else fallback.after_ms
        return last_ms is None or row.captured_at_ms - last_ms >= after_ms

    def _too_early(self, row: JournalRow, moment: Moment) -> None:
        event = moment.event
        evidence = f"`{event.name}` belongs to the source `{event.owner}`, which is not silent."
        told = NotOwner(
            event=event.name,
            who=moment.who,
            at_ms=moment.at_ms,
            findings=(finding("not_owner", evidence),),
        )
        self.batch.note(row, told.findings)
        self._not_owner(row, told)

    def _saying(self, row: JournalRow, said: Identity | Linking | Merging | Word) -> None:
        person = self._person(row, self._as_named(said), said.at_ms, event=None, is_event=False)
        if person is None:
            return
        match said:
            case Identity():
                self._sayings.identify(row, said, person)
            case Linking():
                self._sayings.link(row, said, person)
            case Merging():
                self._sayings.receive(row, person, said.at_ms)
                self._sayings.merge(row, said, person)
            case Word():
                self._sayings.receive(row, person, said.at_ms)
                self._sayings.consent(row, said, person)
            case _:  # pragma: no cover - the type checker holds this line
                assert_never(said)

    def _as_named(self, said: Identity | Linking | Merging | Word) -> Who:
        """Return by what to find whose a record is.

        An identify may say a new email of whoever is known by the old one.
        """
        before = said.before if isinstance(said, Identity) else None
        led = None if before is None else self.batch.registry.led_to(before, said.at_ms)
        return said.who if before is None or led is None else before

    def _learn(self, row: JournalRow, who: Who, person: PersonRow, at_ms: int) -> Lesson:
        """Learn what an event says of its person in passing, and what it ties to them for good."""
        if not who.links and not who.permanent:
            return _NOTHING
        registry = self.batch.registry
        since = len(registry.joined)
        lesson = registry.learn(person.person, who.links, at_ms, Grade.INFERRED)
        tied = registry.learn(person.person, who.permanent, at_ms, Grade.ASSERTED)
        self.batch.unite(since, same_person=True)
        self.batch.note(row, lesson.findings + tied.findings)
        return lesson

    def _person(
        self, row: JournalRow, who: Who, at_ms: int, *, event: str | None, is_event: bool
    ) -> PersonRow | None:
        """Return whose a record is; None: nobody's yet, and it is settled what becomes of it."""
        registry = self.batch.registry
        person = registry.find(who, at_ms, asserted=not is_event)
        if person is not None:
            return person
        told = fate(
            self.batch.contract,
            who,
            captured_at_ms=row.captured_at_ms,
            now_ms=self._known.now_ms,
            is_event=is_event,
            again=row.replayed,
        )
        if told.held_until_ms:
            hold = Hold(record=row.record, identifiers=who.identifiers, until_ms=told.held_until_ms)
            self.batch.holds.append(hold)
            self.batch.note(row, [_at("person_unknown_yet", _carried(who))])
            self.batch.end(row, Outcome.HELD, "person_unknown_yet", event=event)
            return None
        match told.rule:
            case Unidentified.UNDER_EMAIL:
                return registry.guest(told.value, at_ms)
            case Unidentified.ANONYMOUS:
                return registry.visitor(told.value, at_ms)
            case Unidentified.QUARANTINE:
                self.batch.note(row, [_at("person_unresolved", _carried(who))])
                self.batch.end(row, Outcome.QUARANTINED, "person_unresolved", event=event)
                return None
            case _:  # pragma: no cover - the type checker holds this line
                assert_never(told.rule)


_NOTHING = Lesson()
"""What a record teaches that carries nothing but an id."""


def _event_of(examined: Examined) -> str | None:
    match examined:
        case Moment() | Lacking():
            return examined.event.name
        case NotOwner() | Broken():
            return examined.event
        case _:
            return None


def _carried(who: Who) -> str:
    kinds = ", ".join(sorted({kind for kind, _ in who.identifiers}))
    return f"The record carries no canonical id; it carries: {kinds or 'nothing'}."


def _at(code: str, evidence: str) -> Finding:
    return finding(code, evidence, where=Where(path="person.id"))
