"""Forgetting in memory: what is known of the erased, and bytes that are kept no longer (law 20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.core.answers import SAID
from truthpoint.core.decision import Outcome, Reason, of_person
from truthpoint.core.outbox import Action, Standing, State
from truthpoint.core.pauses import PauseKind
from truthpoint.core.people import ID, address_of_erased, named_by
from truthpoint.core.questions import ASK_AFTER_MS, Question
from truthpoint.core.tombstones import digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from truthpoint.core.decision import Decision
    from truthpoint.findings import Finding
    from truthpoint.ports import Settlement

    from .shelf import Held, MemoryShelf

_ENDS = (Action.SUPPRESS, Action.DELETE)


def purge(shelf: MemoryShelf, now_ms: int) -> None:
    """Remove what is known of the erased of whom nothing is open."""
    for person in sorted(shelf.erasing):
        held = [one for one in shelf.operations.values() if one.operation.person == person]
        refused = [one for one in held if one.state is State.DEAD and one.operation.action in _ENDS]
        if refused or shelf.open.get(person) or shelf.is_away(person):
            continue
        _remove(shelf, person, held, now_ms)
        shelf.erasing.discard(person)


def _remove(shelf: MemoryShelf, person: int, operations: list[Held], now_ms: int) -> None:
    for number in [one.number for one in shelf.questions.values() if one.person == person]:
        del shelf.questions[number]
    _ask_of(shelf, person, operations, now_ms)
    decided = {one.record for one in shelf.verdicts.values() if one.person == person}
    told = {one.operation.record for one in operations if one.operation.action not in _ENDS}
    for record in told | decided:
        shelf.findings.pop(record, None)
    shelf.scrubs |= told | decided
    for record in shelf.scrubs:
        shelf.replays.pop(record, None)
        shelf.holds.pop(record, None)
    for one in operations:
        _blank(one)
    _resume(shelf, person)
    _remove_rows(shelf, person)
    for kept in (
        shelf.profiles,
        shelf.totals,
        shelf.due_ms,
        shelf.not_before_ms,
        shelf.refusals,
    ):
        kept.pop(person, None)
    shelf.waiting.discard(person)
    row = shelf.people[person]
    shelf.people[person] = replace(
        row, canonical_id=None, address=address_of_erased(person), identified=False
    )


def _resume(shelf: MemoryShelf, person: int) -> None:
    """Lift pauses of somebody, which name their ids."""
    ids = {one[1] for one in shelf.links if one[0] == ID and one[2] == person}
    for name in {shelf.people[person].canonical_id, *ids} - {None}:
        shelf.pauses.pop((PauseKind.PERSON, str(name)), None)


def _remove_rows(shelf: MemoryShelf, person: int) -> None:
    for key, moment in shelf.ledger.items():
        if moment.person == person:
            # What it adds to totals can be a text of theirs: a coupon's, or a city's.
            shelf.ledger[key] = replace(moment, contributions={})
    for start in [one for one in shelf.closings if one[1] == of_person(person)]:
        del shelf.closings[start]
    for link in [one for one in shelf.links if one[2] == person]:
        del shelf.links[link]


def _blank(held: Held) -> None:
    if held.state is State.DEAD:
        held.state, held.reason = State.WITHHELD, Reason.ERASED.value
    if SAID in held.reason:
        held.reason = ""
    held.operation = replace(held.operation, attributes=b"{}", address="", tie=None)


def _ask_of(shelf: MemoryShelf, person: int, operations: list[Held], now_ms: int) -> None:
    ended = sorted(
        (one.operation for one in operations if one.operation.action in _ENDS),
        key=lambda one: one.id,
    )
    if ended:
        identifiers = tuple(named_by(one.address) for one in ended)
        question = Question(
            person=person,
            record=ended[0].record,
            action=ended[0].action,
            identifiers=identifiers,
            due_ms=now_ms + ASK_AFTER_MS,
        )
        _ask(shelf, question)


def ask_of_merges(shelf: MemoryShelf, settlement: Settlement, now_ms: int) -> None:
    """Note what to ask of profiles that became part of others."""
    for one in settlement.merged:
        question = Question(
            person=one.person,
            record=one.record,
            action=one.action,
            identifiers=(named_by(one.attributes.decode()),),
            due_ms=now_ms + ASK_AFTER_MS,
        )
        _ask(shelf, question)


def _ask(shelf: MemoryShelf, question: Question) -> None:
    shelf.asked += 1
    shelf.questions[shelf.asked] = replace(question, number=shelf.asked)


def bury(shelf: MemoryShelf, decision: Decision) -> None:
    """Lift the tombstones that a decision lifts, and write its own."""
    erased = (one.person for one in decision.people if one.standing is Standing.ERASED)
    shelf.erasing.update(erased)
    # First: who is erased again behind their readmission stays erased.
    for one in decision.readmitted:
        shelf.tombstones.pop(one, None)
    for person, digests in decision.tombstones.items():
        others = {shelf.tombstones.get(one) for one in digests} - {None}
        for one, other in shelf.tombstones.items():
            if other in others:
                shelf.tombstones[one] = person
        shelf.tombstones.update(dict.fromkeys(digests, person))
        _release(shelf, set(digests))


def _release(shelf: MemoryShelf, buried: set[str]) -> None:
    """Let held records be decided again that carry an identifier of somebody erased."""
    for record, hold in sorted(shelf.holds.items()):
        if any(digest(shelf.secret, one) in buried for one in hold.identifiers):
            shelf.replays.setdefault(record, None)


def expire_late(shelf: MemoryShelf, decision: Decision) -> None:
    """Let bytes go that a decision ends after their time, and that name nobody."""
    for one in decision.verdicts:
        if one.record <= shelf.expired and one.person is None and one.outcome is not Outcome.HELD:
            shelf.scrubs.add(one.record)
            shelf.expired_records += 1


class MemoryForgetting:
    """Forgets on a shelf; see `truthpoint.ports.Forgetting`.

    Args:
        shelf: Where everything is kept.
        fence: Raises where another worker has the store.
    """

    def __init__(self, shelf: MemoryShelf, fence: Callable[[], None]) -> None:
        self._shelf = shelf
        self._fence = fence

    def expire(self, before_ms: int) -> int:
        """Let bytes be forgotten that cannot be searched by person."""
        shelf = self._shelf
        with shelf.lock:
            self._fence()
            old = [row.record for row in shelf.records.values() if row.captured_at_ms < before_ms]
            until = min(max(old, default=0), shelf.position)
            found = [
                one.record
                for one in shelf.verdicts.values()
                if shelf.expired < one.record <= until
                and one.person is None
                and one.outcome is not Outcome.HELD
                and one.reason != Reason.ERASED
                and one.record not in shelf.replays
                and one.record not in shelf.scrubs
            ]
            shelf.scrubs.update(found)
            shelf.expired = max(shelf.expired, until)
            shelf.expired_records += len(found)
            return len(found)

    def scrub(self, limit: int) -> int:
        """Empty the bodies of records whose bytes are to be forgotten."""
        shelf = self._shelf
        with shelf.lock:
            self._fence()
            asked = sorted(shelf.scrubs)[:limit]
            for record in asked:
                shelf.records[record] = replace(shelf.records[record], body=b"")
                shelf.scrubs.discard(record)
            return len(asked)

    def tidy(self) -> None:
        """Do nothing: there is no disk."""

    def questions(self, now_ms: int) -> list[Question]:
        """Return what is to be asked by now."""
        with self._shelf.lock:
            due = [one for one in self._shelf.questions.values() if one.due_ms <= now_ms]
        return sorted(due, key=lambda one: (one.due_ms, one.number))

    def next_question_ms(self) -> int | None:
        """Return when the earliest question is to be asked."""
        with self._shelf.lock:
            return min((one.due_ms for one in self._shelf.questions.values()), default=None)

    def answer(self, question: Question, found: Finding) -> None:
        """Forget a question, and keep with its record what was found."""
        shelf = self._shelf
        with shelf.lock:
            self._fence()
            if shelf.questions.pop(question.number, None) is not None:
                before = shelf.findings.get(question.record, ())
                shelf.findings[question.record] = (*before, found)
