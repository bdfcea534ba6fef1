"""Forgotten: bytes of records, and profiles of which it is asked whether they are gone."""

from __future__ import annotations

from truthpoint.contract.model import Lane
from truthpoint.core.decision import (
    Hold,
    Outcome,
    Verdict,
)
from truthpoint.core.outbox import Action, Operation
from truthpoint.core.people import ID
from truthpoint.core.questions import ASK_AFTER_MS, Question, answered
from truthpoint.core.reused import is_reused
from truthpoint.testing.builders import START_MS, a_capture
from truthpoint.testing.scene import DELIVERED, RETRY

from .burying import ASKED, Burying


class ForgottenBehaviour(Burying):
    """Laws 16, 18 and 20: what is emptied, what stays in the counts, and what is asked."""

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
        self.scene.store.forgetting.tidy()
        self.scene.store.forgetting.tidy()
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
