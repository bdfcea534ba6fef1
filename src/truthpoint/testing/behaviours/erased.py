"""Erased: what is known of somebody goes, whatever was under way, and the ledger stays (law 20)."""

from __future__ import annotations

from msgspec.structs import replace

from truthpoint.core.decision import (
    Hold,
    Outcome,
    Verdict,
)
from truthpoint.core.outbox import Standing, Totals
from truthpoint.core.pauses import Pause, PauseKind
from truthpoint.core.people import ID, Grade, LinkRow
from truthpoint.testing.builders import START_MS
from truthpoint.testing.scene import DEAD, RETRY

from .burying import ASKED, MAIL, PHONE, Burying


class ErasedBehaviour(Burying):
    """Law 20, over settlements, refusals, pauses, joins and restarts."""

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

    def test_a_pause_that_names_them_is_lifted(self) -> None:
        """Law 20: under their id, and under one that a merge made a link; no other is."""
        self.know()
        self.scene.drain()
        self.commit(
            links=(LinkRow(kind=ID, value="43", person=1, grade=Grade.ASSERTED, from_ms=0),),
            verdicts=(Verdict(record=0, outcome=Outcome.RECORDED, reason="", person=1),),
        )
        self.erase()
        self.scene.settle(self.scene.turn())
        last = self.scene.turn()
        for name in ("42", "43", "44"):
            self.scene.desk.pause(Pause(kind=PauseKind.PERSON, name=name))
        self.scene.settle(last)

        assert self.is_forgotten()
        assert [one.name for one in self.scene.desk.pauses()] == ["44"]

    def test_nothing_that_waited_in_their_totals_comes_due(self) -> None:
        """Laws 10 and 20: there is nobody left whose totals it could change."""
        self.know()
        pending = [["kept", "paid", "[]", "refunded", "[]", "-1", "", START_MS]]
        values: dict[str, object] = {"kept": "0", ":pending": pending}
        record = self.scene.capture()
        self.scene.commit(
            record,
            totals=(Totals(person=1, version=9, changed_by=1, values=values),),
            verdicts=(Verdict(record=record, outcome=Outcome.RECORDED, reason="", person=1),),
        )
        before = [one.person for one in self.knowledge.overdue(START_MS, limit=9)]
        self.erase()
        self.scene.drain()

        assert before == [1]
        assert self.is_forgotten()
        assert self.knowledge.overdue(START_MS, limit=9) == []

    def test_the_ledger_and_all_outcomes_stay(self) -> None:
        """Laws 5, 16, 20: a moment is one moment for good, also of somebody forgotten."""
        order = self.know()
        self.scene.drain()
        self.erase()
        self.scene.drain()
        (row,) = self.knowledge.ledger([("order_paid", '["A-42"]')])

        assert (row.record, row.person, row.contributions) == (order, 1, {})
        buried = self.knowledge.tombstones(self.digests((ID, "42"), MAIL))
        assert buried.keys() >= set(self.digests((ID, "42"), MAIL))

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
        """Law 20: who is erased twice is one; the decision says what of them is lifted."""
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

        theirs = self.digests((ID, "42"), (ID, "44"), MAIL, PHONE)

        assert self.knowledge.tombstones(phone) == dict.fromkeys(theirs, again.person)
        assert self.knowledge.tombstones(self.digests((ID, "45"))) == {}

        self.commit(
            readmitted=phone,
            verdicts=(Verdict(record=0, outcome=Outcome.RECORDED, reason=""),),
        )

        assert self.knowledge.tombstones(phone) == {}
        assert self.knowledge.tombstones(theirs).keys() == set(theirs) - set(phone)

    def test_a_held_record_with_a_buried_identifier_is_decided_again(self) -> None:
        """Law 20: it is not kept until its time is over."""
        hold = Hold(record=0, identifiers=(PHONE,), until_ms=START_MS + 1_000_000)
        held = Verdict(record=0, outcome=Outcome.HELD, reason="person_unknown_yet")
        record = self.commit(verdicts=(held,), holds=(hold,))
        self.scene.event("42")
        self.erase()

        assert [one.record for one in self.scene.store.undecided(9)] == [record]
