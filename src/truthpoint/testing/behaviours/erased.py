"""Erased: what is known of somebody goes, whatever was under way, and the ledger stays (law 20)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.core.decision import (
    Closing,
    Decision,
    Hold,
    JournalRow,
    Outcome,
    Verdict,
    of_person,
)
from truthpoint.core.outbox import Action, Operation, Standing
from truthpoint.core.people import EMAIL, ID, Grade, Identifier, LinkRow, address_of
from truthpoint.core.profile import Profile
from truthpoint.core.questions import ASK_AFTER_MS, Question, answered
from truthpoint.core.reused import is_reused
from truthpoint.core.tombstones import digest
from truthpoint.testing.builders import START_MS, a_capture
from truthpoint.testing.scene import DEAD, DELIVERED, RETRY

from .base import Behaviour

if TYPE_CHECKING:
    from truthpoint.core.people import PersonRow

MAIL = (EMAIL, "ana@example.org")
PHONE = ("phone", "+15550001")
ASKED = ((ID, "42"), MAIL)


class ErasedBehaviour(Behaviour):
    """Law 20, over settlements, refusals, pauses, joins and restarts."""

    # -------------------------------------------------------------------- the story

    def person(self, who: str = "42") -> PersonRow:
        """Return somebody's row."""
        (row,) = self.knowledge.named([who])
        return row

    def digests(self, *identifiers: Identifier) -> tuple[str, ...]:
        """Return what the store keeps of identifiers."""
        secret = self.knowledge.secret()
        return tuple(digest(secret, one) for one in identifiers)

    def commit(  # noqa: PLR0913 - each is a part of a decision
        self,
        *,
        people: tuple[PersonRow, ...] = (),
        links: tuple[LinkRow, ...] = (),
        operations: tuple[Operation, ...] = (),
        verdicts: tuple[Verdict, ...] = (),
        holds: tuple[Hold, ...] = (),
        tombstones: dict[int, tuple[str, ...]] | None = None,
        readmitted: tuple[str, ...] = (),
        scrubs: bool = False,
        profile: int | None = None,
        again: int | None = None,
    ) -> int:
        """Capture a record and commit what is decided of it; return its number."""
        record = self.scene.capture() if again is None else again
        next_person, next_operation = self.knowledge.next_ids()
        placed = tuple(
            replace(one, id=next_operation + place, record=record)
            for place, one in enumerate(operations)
        )
        self.scene.store.commit(
            Decision(
                records=(record,),
                people=people,
                links=links,
                operations=placed,
                verdicts=tuple(replace(one, record=record) for one in verdicts),
                holds=tuple(replace(one, record=record) for one in holds),
                tombstones=tombstones or {},
                readmitted=readmitted,
                scrubbed=(record,) if scrubs else (),
                profiles={} if profile is None else {profile: Profile()},
                closings=()
                if profile is None
                else (Closing(event="order_paid", tie=of_person(profile), until_ms=1),),
                next_person=max([next_person, *(one.person + 1 for one in people)]),
                next_operation=next_operation + len(operations),
            )
        )
        return record

    def know(self, who: str = "42") -> int:
        """Let somebody be known well: links, profile, totals; return the record of their order."""
        order = self.scene.event(who, f"A-{who}", counted=True)
        key = order.person
        links = tuple(
            LinkRow(kind=kind, value=value, person=key, grade=Grade.ASSERTED, from_ms=1)
            for kind, value in (MAIL, PHONE)
        )
        verdict = Verdict(record=0, outcome=Outcome.RECORDED, reason="", person=key)
        self.commit(links=links, verdicts=(verdict,), profile=key)
        return order.record

    def erase(
        self, who: str = "42", *, action: Action = Action.SUPPRESS, sends: bool = True
    ) -> int:
        """Decide the erasure of somebody; return its record."""
        row = self.person(who)
        operations = tuple(
            Operation(
                id=0,
                person=row.person,
                record=0,
                lane=Lane.LIVE,
                action=action,
                event="",
                name="",
                event_id="",
                at_ms=START_MS,
                attributes=b"{}",
                barrier=True,
                address=address_of(*one),
                own=one[0] == ID,
            )
            for one in ((ID, who), MAIL)
        )
        recorded = Verdict(record=0, outcome=Outcome.RECORDED, reason="", person=row.person)
        return self.commit(
            people=(replace(row, standing=Standing.ERASED),),
            operations=operations if sends else (),
            verdicts=() if sends else (recorded,),
            tombstones={row.person: self.digests((ID, who), MAIL, PHONE)},
            scrubs=True,
        )

    def is_forgotten(self, key: int = 1) -> bool:
        """Tell whether nothing is left of somebody but a row without a name."""
        (row,) = self.knowledge.people([key])
        left = [
            self.knowledge.links_of([key]),
            self.knowledge.totals([key]),
            list(self.knowledge.profiles([key])),
        ]
        assert row.standing is Standing.ERASED
        assert row.is_erased == (left == [[], [], []])
        return row.is_erased

    def body(self, record: int) -> JournalRow:
        """Return a record as the journal has it."""
        found = self.scene.desk.record(record)
        assert found is not None
        return found[0]

    def scrub(self) -> int:
        """Empty the bodies of all records that are to be forgotten; return how many."""
        total = 0
        while count := self.scene.store.forgetting.scrub(2):
            total += count
        return total

    # --------------------------------------------------------------------- the purge

    def test_once_what_erases_them_was_answered_nothing_is_known_of_them(self) -> None:
        """Law 20: person, links, profile, totals, closings and the words of operations go."""
        order = self.know()
        self.scene.drain()
        erase = self.erase()

        assert not self.is_forgotten()

        self.scene.settle(self.scene.turn())

        assert not self.is_forgotten(), "the email is not erased yet"

        self.scene.settle(self.scene.turn())

        assert self.is_forgotten()
        assert self.knowledge.named(["42"]) == []
        assert self.scene.turns() == []
        assert self.scene.standing(order, erase) == [Outcome.DELIVERED] * 2

    def test_the_ledger_and_all_outcomes_stay(self) -> None:
        """Laws 5, 16, 20: a moment is one moment for good, also of somebody forgotten."""
        order = self.know()
        self.scene.drain()
        self.erase()
        self.scene.drain()
        (row,) = self.knowledge.ledger([("order_paid", '["A-42"]')])

        assert (row.record, row.person) == (order, 1)
        assert self.knowledge.tombstones(self.digests((ID, "42"), MAIL)) == frozenset(
            self.digests((ID, "42"), MAIL)
        )

    def test_what_is_on_its_way_is_awaited(self) -> None:
        """Law 20: it settles as it is, and only then what erases them leaves."""
        self.scene.meet("42")
        self.know()
        turn = self.scene.turn()
        self.erase()

        assert self.scene.turns() == []

        self.scene.settle(turn)

        assert not self.is_forgotten()
        assert self.scene.drain() == ["42 #3", "42 #4"]
        assert self.is_forgotten()

    def test_a_lost_answer_to_what_was_on_its_way_erases_all_the_same(self) -> None:
        """Law 20: it may have arrived; it does not leave again."""
        self.scene.meet("42")
        order = self.know()
        turn = self.scene.turn()
        self.erase()
        self.scene.settle(turn, RETRY)

        assert self.scene.drain() == ["42 #3", "42 #4"]
        assert self.scene.standing(order) == [Outcome.WITHHELD]
        assert self.is_forgotten()

    def test_what_erases_them_comes_again_until_it_is_answered(self) -> None:
        """Laws 16, 20: nothing is removed meanwhile, over a death of the worker too."""
        self.know()
        self.erase()
        self.scene.settle(self.scene.turn(), RETRY)
        self.scene.turn()
        self.scene.die()

        assert not self.is_forgotten()
        assert self.scene.drain() == ["42 #2", "42 #3"]
        assert self.is_forgotten()

    def test_a_refused_erasure_keeps_what_it_needs_to_be_sent_again(self) -> None:
        """Laws 16, 20: dead, it waits for an operator; a replay goes on."""
        self.know()
        erase = self.erase()
        self.scene.settle(self.scene.turn(), DEAD)
        self.scene.drain()

        assert not self.is_forgotten()
        assert self.scene.standing(erase) == [Outcome.DEAD]
        assert self.scene.desk.replay(Outcome.DEAD, [erase]) == 1
        assert self.scene.drain() == ["42 #2"]
        assert self.is_forgotten()

    def test_who_discards_a_refused_erasure_gives_up_that_part_alone(self) -> None:
        """Law 20: what is known here goes, and it is asked what is left there."""
        self.know()
        erase = self.erase()
        self.scene.settle(self.scene.turn(), DEAD)
        self.scene.drain()

        assert self.scene.desk.discard(Outcome.DEAD, [erase]) == 1
        assert self.is_forgotten()
        (question,) = self.scene.store.forgetting.questions(self.scene.now_ms)
        assert question.identifiers == ASKED

    def test_whatever_else_of_theirs_was_dead_never_leaves(self) -> None:
        """Law 20: withheld as erased; a replay has nothing to send."""
        self.scene.meet("42")
        order = self.know()
        self.scene.settle(self.scene.turn(), DEAD)
        self.erase()
        self.scene.drain()

        assert self.scene.step(order).outcome is Outcome.WITHHELD
        assert self.scene.step(order).reason == "erased"
        assert self.scene.desk.replay(Outcome.DEAD, None) == 0

    def test_somebody_of_whom_nothing_can_be_sent_is_forgotten_at_once(self) -> None:
        """Law 20: a visitor, or a stranger: what waits of theirs is withheld first."""
        order = self.know()
        self.erase(sends=False)

        assert not self.is_forgotten()
        assert self.scene.turns() == []
        assert self.is_forgotten()
        assert self.scene.standing(order) == [Outcome.WITHHELD]

    def test_nobody_with_nothing_open_waits_for_a_lease(self) -> None:
        """Law 20: the decision itself forgets them."""
        self.know()
        self.scene.drain()
        self.erase(sends=False)

        assert self.is_forgotten()

    def test_another_persons_things_stay(self) -> None:
        """Law 20: who was not named is not touched."""
        self.know("42")
        other = self.scene.event("43", "A-43", counted=True)
        self.scene.drain()
        self.erase()
        self.scene.drain()

        assert self.person("43").standing is Standing.KNOWN
        assert [one.values["orders_count"] for one in self.knowledge.totals([other.person])] == [1]
        assert self.scrub() == 3
        assert not self.body(other.record).is_forgotten

    def test_tombstones_of_one_person_stay_together(self) -> None:
        """Law 20: who is erased twice, and readmitted once, is readmitted whole."""
        self.know()
        self.erase()
        self.scene.drain()
        phone = self.digests(PHONE)
        again = self.scene.event("44")
        self.commit(
            people=(replace(self.person("44"), standing=Standing.ERASED),),
            tombstones={again.person: self.digests((ID, "44"), MAIL)},
            verdicts=(Verdict(record=0, outcome=Outcome.RECORDED, reason=""),),
        )

        assert self.knowledge.tombstones(phone)

        self.commit(
            readmitted=self.digests((ID, "44")),
            verdicts=(Verdict(record=0, outcome=Outcome.RECORDED, reason=""),),
        )

        assert self.knowledge.tombstones([*phone, *self.digests((ID, "42"))]) == frozenset()

    def test_a_held_record_with_a_buried_identifier_is_decided_again(self) -> None:
        """Law 20: it is not kept until its time is over."""
        hold = Hold(record=0, identifiers=(PHONE,), until_ms=START_MS + 1_000_000)
        held = Verdict(record=0, outcome=Outcome.HELD, reason="person_unknown_yet")
        record = self.commit(verdicts=(held,), holds=(hold,))
        self.scene.event("42")
        self.erase()

        assert [one.record for one in self.scene.store.undecided(9)] == [record]

    # ------------------------------------------------------------------- their bytes

    def test_the_bytes_of_their_records_are_emptied_and_the_records_stay(self) -> None:
        """Laws 16, 20: in small steps, and no step twice; counts stay."""
        order = self.know()
        self.scene.drain()
        erase = self.erase()
        captured = self.scene.desk.backlog().captured

        assert self.scrub() == 1, "the erasure names them, and needs to be read no more"
        assert self.body(erase).is_forgotten
        assert not self.body(order).is_forgotten

        self.scene.drain()

        assert self.scrub() == 2
        assert self.body(order).is_forgotten
        assert self.scrub() == 0
        assert self.scene.desk.backlog().captured == captured
        assert self.scene.step(order).outcome is Outcome.DELIVERED

    def test_a_death_before_the_bytes_are_emptied_loses_nothing_of_it(self) -> None:
        """Law 20: what is to be forgotten is remembered until it is."""
        self.know()
        self.erase()
        self.scene.drain()
        self.scene.store.forgetting.scrub(1)
        self.scene.die()

        assert self.scrub() == 2

    def test_a_record_whose_bytes_are_gone_is_not_decided_again(self) -> None:
        """Law 16: there is nothing to decide; it stays in quarantine, and in the counts."""
        self.know()
        key = self.person().person
        broken = Verdict(record=0, outcome=Outcome.QUARANTINED, reason="missing", person=key)
        waiting, record = self.commit(verdicts=(broken,)), self.commit(verdicts=(broken,))
        self.scene.desk.replay(Outcome.QUARANTINED, [waiting])
        self.erase()
        self.scene.drain()

        assert self.scene.store.undecided(9) == []
        assert self.scene.desk.replay(Outcome.QUARANTINED, [record]) == 0

        self.scrub()

        assert self.scene.desk.replay(Outcome.QUARANTINED, None) == 0
        assert self.scene.standing(waiting, record) == [Outcome.QUARANTINED] * 2

    def test_what_is_said_again_after_its_bytes_are_gone_is_a_new_record(self) -> None:
        """Laws 1, 16, 20: nobody can tell whether it is the same; said twice, it is a repeat."""
        record = self.scene.quarantine(self.scene.capture(b"{}"))
        name = self.body(record).record_id
        self.expire()
        self.scrub()
        capture = a_capture(b"{}", name)
        again, twice = (self.scene.journal.append([capture])[0] for _ in range(2))

        assert (again.repeat, again.reused, twice.repeat) == (False, None, True)
        assert twice.record == again.record != record
        assert not is_reused(self.body(again.record).record_id, name)

    # ------------------------------------------------------------ bytes of nobody

    def expire(self, *, after_ms: int = 1) -> int:
        """Let the bytes go that were captured before the present of the story."""
        return self.scene.store.forgetting.expire(START_MS + after_ms)

    def test_bytes_that_name_nobody_are_forgotten_after_their_time(self) -> None:
        """Law 20: nobody could find them in an erasure."""
        old = self.scene.quarantine()
        young = self.scene.quarantine(self.scene.capture(captured_at_ms=START_MS + 5))

        assert self.expire(after_ms=0) == 0
        assert self.expire() == 1
        assert self.expire() == 0
        assert self.scrub() == 1
        assert self.body(old).is_forgotten
        assert not self.body(young).is_forgotten
        assert self.scene.desk.backlog().expired == 1
        assert self.scene.standing(old, young) == [Outcome.QUARANTINED] * 2

    def test_bytes_of_somebody_or_of_what_waits_are_kept(self) -> None:
        """Laws 16, 20: they can be searched, or are still to be decided."""
        order = self.know()
        hold = Hold(record=0, identifiers=(("order", "A-9"),), until_ms=START_MS + 1)
        held = Verdict(record=0, outcome=Outcome.HELD, reason="person_unknown_yet")
        waiting = self.commit(verdicts=(held,), holds=(hold,))
        replayed = self.scene.quarantine()
        self.scene.desk.replay(Outcome.QUARANTINED, [replayed])
        undecided = self.scene.capture()

        assert self.expire() == 0
        assert self.scrub() == 0
        assert not any(self.body(one).is_forgotten for one in (order, waiting, replayed, undecided))

        broken = Verdict(record=0, outcome=Outcome.QUARANTINED, reason="missing")
        self.commit(verdicts=(broken,), again=replayed)

        assert self.scrub() == 1, "decided again after its time, it is forgotten at once"
        assert self.scene.desk.backlog().expired == 1

    # -------------------------------------------------------------------- reading back

    def questions(self, *, after_ms: int = ASK_AFTER_MS) -> list[Question]:
        """Return what is to be asked then."""
        return self.scene.store.forgetting.questions(self.scene.now_ms + after_ms)

    def test_once_erased_it_is_asked_whether_they_are_gone(self) -> None:
        """Laws 18, 20: by every identifier; a restart forgets no question, an answer does."""
        self.know()
        erase = self.erase(action=Action.DELETE)
        self.scene.drain()
        self.scrub()
        self.scene.die()

        assert self.questions(after_ms=ASK_AFTER_MS - 1) == []
        assert self.scene.store.forgetting.next_question_ms() == self.scene.now_ms + ASK_AFTER_MS
        (question,) = self.questions()
        assert (question.record, question.action) == (erase, Action.DELETE)
        assert question.identifiers == ASKED

        for _ in range(2):
            found = answered(question, (False, False), "")
            self.scene.store.forgetting.answer(question, found)

        assert self.questions() == []
        assert self.scene.store.forgetting.next_question_ms() is None
        told = self.scene.desk.record(erase)
        assert told is not None
        assert [one.code for one in told[2]] == ["erasure_verified"]

    def test_once_merged_it_is_asked_whether_the_other_is_gone(self) -> None:
        """Law 18: by what the merge named; only once it was accepted."""
        self.scene.meet("42")
        merge = Operation(
            id=0,
            person=self.person().person,
            record=0,
            lane=Lane.LIVE,
            action=Action.MERGE,
            event="",
            name="",
            event_id="",
            at_ms=START_MS,
            attributes=b'{"id":"43"}',
            barrier=True,
        )
        record = self.commit(operations=(merge,))
        self.scene.settle(self.scene.turn(), RETRY)

        assert self.questions() == []

        self.scene.settle(self.scene.turn(), DELIVERED)
        (question,) = self.questions()

        assert (question.record, question.action) == (record, Action.MERGE)
        assert question.identifiers == ((ID, "43"),)

    def test_an_erasure_takes_the_questions_of_earlier_merges_with_it(self) -> None:
        """Law 20: they name the person."""
        self.test_once_merged_it_is_asked_whether_the_other_is_gone()
        self.erase()
        self.scene.drain()

        (question,) = self.questions()
        assert question.action is Action.SUPPRESS
