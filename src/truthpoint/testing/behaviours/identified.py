"""Identified: nothing leaves for a person before an identify of theirs was accepted."""

from __future__ import annotations

from truthpoint.core.decision import Outcome
from truthpoint.core.outbox import Operation, Standing
from truthpoint.core.turns import no_identify
from truthpoint.ports import Fate, Result
from truthpoint.testing.scene import DEAD, DELIVERED, RETRY

from .base import Behaviour

NO_IDENTIFY_REACHED = no_identify(DEAD.reason)


class IdentifiedBehaviour(Behaviour):
    """Law 4, step by step, as a store must keep it over settlements and restarts."""

    def standing(self, who: str = "42") -> Standing:
        """Return how a person stands."""
        (person,) = self.scene.store.knowledge.named([who])
        return person.standing

    def refuse_all(self) -> Operation:
        """Let a person's event meet a refusal of every identify; return the event."""
        event = self.scene.event("42")
        self.scene.settle(self.scene.turn(), DEAD)
        return event

    def test_an_event_first_makes_an_identify_of_ours(self) -> None:
        """Law 4: where nobody sent one, we send one; alone, and awaited."""
        self.scene.event("42")
        turn = self.scene.turn()

        assert (turn.identify, turn.alone, turn.operations) == (True, True, ())
        assert self.scene.turns() == []

        self.scene.settle(turn)

        assert self.standing() is Standing.KNOWN
        assert self.scene.drain() == ["42 #1"]

    def test_an_identify_of_the_shop_goes_alone_and_first(self) -> None:
        """Law 4: no identify of ours where the shop sent one; the events wait for it."""
        self.scene.identify("42", barrier=False)
        self.scene.event("42")
        turn = self.scene.turn()

        assert (turn.identify, turn.alone) == (False, True)
        assert [one.id for one in turn.operations] == [1]

        self.scene.settle(turn)

        assert self.scene.drain() == ["42 #2"]

    def test_an_identify_that_failed_for_now_is_sent_again(self) -> None:
        """Law 4: a transient failure is no refusal; the person stays as they were."""
        self.scene.event("42")
        self.scene.settle(self.scene.turn(), RETRY)

        assert self.standing() is Standing.UNKNOWN
        assert self.scene.drain() == ["42 identify!", "42 #1"]

    def test_an_identify_of_the_shop_that_failed_for_now_is_sent_again(self) -> None:
        """Law 4: and nothing of the person overtakes it."""
        self.scene.identify("42")
        self.scene.event("42")
        self.scene.settle(self.scene.turn(), RETRY)

        assert self.scene.drain() == ["42 #1", "42 #2"]

    def test_a_refused_identify_is_followed_by_a_bare_one(self) -> None:
        """Law 4: the refused one is dead, a bare one is due, and then the rest goes on."""
        identify = self.scene.identify("42")
        self.scene.event("42")
        self.scene.settle(self.scene.turn(), DEAD)

        assert self.standing() is Standing.DUE
        assert self.scene.standing(identify) == [Outcome.DEAD]
        assert self.scene.drain() == ["42 identify!", "42 #2"]
        assert self.standing() is Standing.KNOWN

    def test_a_bare_identify_that_is_due_goes_without_anything_behind_it(self) -> None:
        """Law 4: the person is made known even if nothing else waits; over restarts."""
        self.scene.identify("42")
        self.scene.settle(self.scene.turn(), DEAD)
        self.scene.die()

        assert self.scene.drain() == ["42 identify!"]
        assert self.standing() is Standing.KNOWN

    def test_a_refused_identify_of_a_known_person_harms_nothing(self) -> None:
        """Law 4: once known, a person stays known; only that identify is dead."""
        self.scene.meet("42")
        identify = self.scene.identify("42")
        self.scene.event("42")
        self.scene.settle(self.scene.turn(), DEAD)

        assert self.standing() is Standing.KNOWN
        assert self.scene.standing(identify) == [Outcome.DEAD]
        assert self.scene.drain() == ["42 #3"]

    def test_a_person_whom_no_identify_reaches_sends_nothing(self) -> None:
        """Law 4: their operations are dead, `no_identify` and why, the later ones too."""
        first = self.refuse_all()
        second = self.scene.event("42")

        assert self.scene.turns() == []
        assert self.standing() is Standing.REFUSED
        assert self.scene.standing(first, second) == [Outcome.DEAD] * 2
        assert self.scene.step(first.record).reason == NO_IDENTIFY_REACHED

        self.scene.restart()
        third = self.scene.event("42")

        assert self.scene.turns() == []
        assert self.scene.standing(third) == [Outcome.DEAD]
        assert self.scene.step(third.record).attempts == 0
        assert self.scene.step(third.record).settled_at_ms == self.scene.now_ms

    def test_both_identifies_refused_leave_the_person_refused(self) -> None:
        """Law 4: the shop's, then the bare one; then nothing more is tried by itself."""
        identify, event = self.scene.identify("42"), self.scene.event("42")
        self.scene.settle(self.scene.turn(), DEAD)
        self.scene.settle(self.scene.turn(), DEAD)

        assert self.scene.turns() == []
        assert self.scene.standing(identify, event) == [Outcome.DEAD] * 2
        assert self.scene.step(identify.record).reason == DEAD.reason
        assert self.scene.step(event.record).reason == NO_IDENTIFY_REACHED

    def test_a_new_identify_of_the_shop_opens_the_way_again(self) -> None:
        """Law 4: what stood before it is dead, what stands behind it goes."""
        before = self.refuse_all()
        self.scene.identify("42")
        behind = self.scene.event("42")

        assert self.scene.drain() == ["42 #2", "42 #3"]
        assert self.scene.standing(before, behind) == [Outcome.DEAD, Outcome.DELIVERED]
        assert self.standing() is Standing.KNOWN

    def test_the_dead_of_a_refused_person_replay_with_an_identify(self) -> None:
        """Law 4: a replay tries the identify anew, and then everything in its order."""
        first = self.refuse_all()
        second = self.scene.event("42")
        self.scene.turns()

        assert self.scene.desk.replay(Outcome.DEAD, None) == 2
        assert self.standing() is Standing.UNKNOWN
        assert self.scene.drain() == ["42 identify!", f"42 #{first.id}", f"42 #{second.id}"]
        assert self.scene.standing(first, second) == [Outcome.DELIVERED] * 2

    def test_a_replay_whose_identify_is_refused_again_ends_as_before(self) -> None:
        """Law 4: dead again, and replayable again; nothing is lost between."""
        event = self.refuse_all()
        self.scene.turns()
        self.scene.desk.replay(Outcome.DEAD, [event.record])
        self.scene.settle(self.scene.turn(), DEAD)

        assert self.scene.turns() == []
        assert self.scene.standing(event) == [Outcome.DEAD]
        assert self.scene.desk.replay(Outcome.DEAD, None) == 1
        assert self.scene.drain() == ["42 identify!", "42 #1"]

    def test_one_dead_record_that_replays_brings_all_that_no_identify_preceded(self) -> None:
        """Law 4: what is dead for one cause replays together, in its order; others stay dead."""
        first = self.refuse_all()
        second = self.scene.event("42")
        self.scene.turns()
        other = self.scene.event("43")
        self.scene.settle(self.scene.turn(), DELIVERED)
        self.scene.settle(self.scene.turn(), DEAD)

        assert self.scene.desk.replay(Outcome.DEAD, [second.record]) == 2
        assert self.scene.drain() == ["42 identify!", f"42 #{first.id}", f"42 #{second.id}"]
        assert self.scene.standing(first, second) == [Outcome.DELIVERED] * 2
        assert self.scene.standing(other) == [Outcome.DEAD]

    def test_an_identify_that_is_accepted_forgets_why_earlier_ones_were_refused(self) -> None:
        """Law 4: what dies later dies for its own reason."""
        self.refuse_all()
        self.scene.turns()
        self.scene.desk.replay(Outcome.DEAD, None)
        self.scene.settle(self.scene.turn(), Fate(result=Result.DEAD, reason="another"))
        self.scene.turns()

        (step,) = self.scene.desk.listed(Outcome.DEAD, limit=9)
        assert step.reason == "no_identify: another"

    def test_a_refused_person_holds_back_nobody(self) -> None:
        """I5: one person's refusal is their own."""
        self.refuse_all()
        self.scene.event("43")
        self.scene.turns()
        self.scene.die()

        assert self.scene.drain() == ["43 identify!", "43 #2"]

    def test_a_refused_event_leaves_its_person_known(self) -> None:
        """Law 4: only identifies say how a person stands."""
        self.scene.meet("42")
        dead, alive = self.scene.event("42"), self.scene.event("42")
        self.scene.settle_each(self.scene.turn(), DEAD, DELIVERED)

        assert self.standing() is Standing.KNOWN
        assert self.scene.standing(dead, alive) == [Outcome.DEAD, Outcome.DELIVERED]
