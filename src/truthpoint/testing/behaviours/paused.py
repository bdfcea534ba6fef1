"""Paused: a kill switch holds what it names from the next lease on, and nobody else."""

from __future__ import annotations

from truthpoint.contract.model import Lane
from truthpoint.core.decision import Decision, Joined, Outcome, Verdict
from truthpoint.core.pauses import Pause, PauseKind
from truthpoint.core.people import ID, Grade, LinkRow
from truthpoint.testing.scene import DEAD, RETRY

from .base import Behaviour


class PausedBehaviour(Behaviour):
    """What `pause`, `resume` and `pauses` of the desk do to `lease` and `next_due_ms`."""

    def pause(self, kind: PauseKind, name: str = "") -> bool:
        """Put a pause in force."""
        return self.scene.desk.pause(Pause(kind=kind, name=name, since_ms=self.scene.now_ms))

    def resume(self, kind: PauseKind, name: str = "") -> bool:
        """Lift a pause."""
        return self.scene.desk.resume(kind, name)

    def test_a_pause_of_all_holds_everything_and_loses_nothing(self) -> None:
        """Law 8: nothing leaves from the next lease on; what waited leaves after it, in order."""
        self.scene.meet("41", "42")
        self.scene.event("42")
        self.pause(PauseKind.ALL)
        self.scene.event("41", lane=Lane.CRITICAL)
        self.scene.identify("43")

        assert self.scene.drain() == []

        self.resume(PauseKind.ALL)

        assert self.scene.drain() == ["41 #4", "42 #3", "43 #5"]

    def test_what_is_away_is_settled_under_a_pause(self) -> None:
        """Law 16: a pause holds what waits; what had left has its outcome."""
        self.scene.meet("42")
        operation = self.scene.event("42")
        turn = self.scene.turn()
        self.pause(PauseKind.ALL)
        self.scene.settle(turn)

        assert self.scene.standing(operation) == [Outcome.DELIVERED]

    def test_what_comes_again_under_a_pause_waits(self) -> None:
        """A retry is held like anything else."""
        self.scene.meet("42")
        self.scene.event("42")
        turn = self.scene.turn()
        self.pause(PauseKind.PERSON, "42")
        self.scene.settle(turn, RETRY)

        assert self.scene.turns() == []

        self.resume(PauseKind.PERSON, "42")

        assert self.scene.drain() == ["42 #2"]

    def test_a_paused_person_waits_and_nobody_else(self) -> None:
        """Law 8: what is new of them waits as well, whatever its lane."""
        self.scene.meet("41", "42")
        self.scene.event("42")
        self.pause(PauseKind.PERSON, "42")
        self.scene.event("41")
        first = self.scene.drain()
        self.scene.event("42", lane=Lane.CRITICAL)

        assert first == ["41 #4"]
        assert self.scene.drain() == []

        self.resume(PauseKind.PERSON, "42")

        assert self.scene.drain() == ["42 #3", "42 #5"]

    def test_a_person_can_be_paused_before_anything_is_known_of_them(self) -> None:
        """A pause names a canonical id, not somebody who exists."""
        self.pause(PauseKind.PERSON, "42")
        self.scene.identify("42")

        assert self.scene.drain() == []

    def merge(self) -> None:
        """Let the second person become part of the first."""
        record = self.scene.capture()
        next_person, next_operation = self.scene.store.knowledge.next_ids()
        link = LinkRow(kind=ID, value="43", person=1, grade=Grade.ASSERTED, from_ms=0)
        self.scene.store.commit(
            Decision(
                records=(record,),
                joined=(Joined(into=1, gone=2, merges=True),),
                links=(link,),
                verdicts=(Verdict(record=record, outcome=Outcome.RECORDED, reason="", person=1),),
                next_person=next_person,
                next_operation=next_operation,
            )
        )

    def test_a_pause_of_somebody_holds_whoever_they_became_part_of(self) -> None:
        """A merge moves what waits of them, and lets none of it go."""
        self.scene.meet("42", "43", "44")
        self.scene.event("43")
        due_ms = self.scene.now_ms + 5_000
        self.scene.settle(self.scene.turn(), RETRY, not_before_ms=due_ms)
        self.pause(PauseKind.PERSON, "43")
        self.merge()
        self.scene.event("42")
        self.scene.event("44")

        assert self.scene.store.next_due_ms() is None

        self.scene.now_ms = due_ms

        assert self.scene.drain() == ["44 #6"]

        self.resume(PauseKind.PERSON, "43")

        assert self.scene.drain() == ["42 #4", "42 #5"]

    def test_a_paused_event_holds_what_stands_behind_it(self) -> None:
        """Law 7: what stands before it leaves; it, and everything behind it, waits."""
        self.scene.meet("42")
        self.scene.identify("42", barrier=False)
        self.scene.event("42")
        self.scene.identify("42", barrier=False)
        self.pause(PauseKind.EVENT, "order_paid")

        assert self.scene.drain() == ["42 #2"]

        self.scene.identify("42", barrier=False)

        assert self.scene.drain() == []

        self.resume(PauseKind.EVENT, "order_paid")

        assert self.scene.drain() == ["42 #3", "42 #4", "42 #5"]

    def test_people_without_the_paused_event_go_on(self) -> None:
        """Law 8: nobody waits for it who has nothing of it."""
        self.scene.meet("41", "42", "43")
        self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.identify("41")
        self.scene.event("43")
        self.pause(PauseKind.EVENT, "order_paid")
        self.scene.identify("43")

        assert self.scene.drain() == ["41 #5"]

    def test_a_pause_of_another_event_holds_nothing(self) -> None:
        """Also when no store has seen its name."""
        self.scene.meet("42")
        self.scene.event("42")
        self.pause(PauseKind.EVENT, "cart_created")

        assert self.scene.drain() == ["42 #2"]

    def test_nobody_is_identified_for_a_paused_event_alone(self) -> None:
        """Law 4: the identify of our making goes with the event that asks for it."""
        self.scene.event("42")
        self.pause(PauseKind.EVENT, "order_paid")

        assert self.scene.drain() == []

        self.resume(PauseKind.EVENT, "order_paid")

        assert self.scene.drain() == ["42 identify!", "42 #1"]

    def test_nothing_is_dead_for_want_of_an_identify_while_its_event_is_paused(self) -> None:
        """A pause changes no outcome: what would be dead, is so after it."""
        self.scene.event("42")
        self.scene.settle(self.scene.turn(), DEAD)
        self.pause(PauseKind.EVENT, "order_paid")

        assert self.scene.turns() == []
        assert self.scene.standing(1) == [Outcome.PENDING]

        self.resume(PauseKind.EVENT, "order_paid")

        assert self.scene.turns() == []
        assert self.scene.standing(1) == [Outcome.DEAD]

    def test_totals_wait_for_the_paused_event_that_changed_them(self) -> None:
        """Law 10: they are sent right after it, not before."""
        self.scene.meet("42")
        self.scene.identify("42", barrier=False)
        self.scene.event("42", counted=True)
        self.pause(PauseKind.EVENT, "order_paid")

        assert self.scene.drain() == ["42 #2"]

        self.resume(PauseKind.EVENT, "order_paid")

        assert self.scene.drain() == ["42 #3", "42 totals 1"]

    def test_a_paused_live_lane_lets_money_through(self) -> None:
        """Law 8: whoever something critical lifts goes, with what stands before it, no further."""
        self.scene.meet("41", "42")
        self.scene.event("41")
        self.scene.event("42")
        self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.event("42")
        self.pause(PauseKind.LANE, "live")

        assert self.scene.drain() == ["42 #4", "42 #5"]

        self.resume(PauseKind.LANE, "live")

        assert self.scene.drain() == ["41 #3", "42 #6"]

    def test_a_paused_critical_lane_lets_the_rest_through(self) -> None:
        """Law 7: people for whom something critical waits wait as a whole."""
        self.scene.meet("41", "42")
        self.scene.event("41")
        self.scene.event("42")
        self.scene.event("42", lane=Lane.CRITICAL)
        self.pause(PauseKind.LANE, "critical")

        assert self.scene.drain() == ["41 #3"]

        self.resume(PauseKind.LANE, "critical")

        assert self.scene.drain() == ["42 #4", "42 #5"]

    def test_pauses_add_up(self) -> None:
        """Each holds by itself, until each is lifted."""
        self.scene.meet("41", "42")
        self.scene.event("42")
        self.scene.identify("41")
        self.pause(PauseKind.EVENT, "order_paid")
        self.pause(PauseKind.PERSON, "42")
        self.scene.drain()
        self.resume(PauseKind.EVENT, "order_paid")

        assert self.scene.drain() == []

        self.resume(PauseKind.PERSON, "42")

        assert self.scene.drain() == ["42 #3"]

    def test_a_replayed_operation_goes_before_a_paused_event(self) -> None:
        """It takes its old place, which the pause does not hold."""
        self.scene.meet("42")
        dead = self.scene.identify("42", barrier=False)
        self.scene.settle(self.scene.turn(), DEAD)
        self.scene.event("42")
        self.pause(PauseKind.EVENT, "order_paid")

        assert self.scene.drain() == []

        self.scene.desk.replay(Outcome.DEAD, [dead.record])

        assert self.scene.drain() == ["42 #2"]

    def test_a_postponed_person_who_is_paused_is_waited_for_by_nobody(self) -> None:
        """A worker that drains ends although something waits behind a pause."""
        self.scene.meet("41", "42", "43")
        for who, wait_ms in (("42", 1_000), ("43", 3_000)):
            self.scene.event(who)
            due_ms = self.scene.now_ms + wait_ms
            self.scene.settle(self.scene.turn(), RETRY, not_before_ms=due_ms)
        now_ms = self.scene.now_ms

        for kind, name, due_ms in (
            (PauseKind.PERSON, "42", now_ms + 3_000),
            (PauseKind.PERSON, "nobody", now_ms + 1_000),
            (PauseKind.ALL, "", None),
            (PauseKind.LANE, "live", None),
            (PauseKind.LANE, "critical", now_ms + 1_000),
            (PauseKind.EVENT, "order_paid", None),
            (PauseKind.EVENT, "cart_created", now_ms + 1_000),
        ):
            self.pause(kind, name)

            assert self.scene.store.next_due_ms() == due_ms

            self.resume(kind, name)

        assert self.scene.store.next_due_ms() == now_ms + 1_000

    def test_a_postponed_person_still_waits_once_a_pause_is_lifted(self) -> None:
        """T9: a pause does not cut short what Customer.io asked for."""
        self.scene.meet("42")
        self.scene.event("42")
        due_ms = self.scene.now_ms + 5_000
        self.scene.settle(self.scene.turn(), RETRY, not_before_ms=due_ms)
        self.pause(PauseKind.PERSON, "42")
        self.scene.drain()
        self.resume(PauseKind.PERSON, "42")

        assert self.scene.turns() == []

        self.scene.now_ms = due_ms

        assert self.scene.drain() == ["42 #2"]

    def test_pauses_survive_workers_and_restarts(self) -> None:
        """A kill switch that a restart lifts is none."""
        self.scene.meet("42")
        self.scene.event("42")
        self.pause(PauseKind.EVENT, "order_paid")
        self.scene.drain()
        self.scene.die()
        after_death = self.scene.drain()
        self.scene.restart()

        assert after_death == self.scene.drain() == []
        assert [one.name for one in self.scene.desk.pauses()] == ["order_paid"]

        self.resume(PauseKind.EVENT, "order_paid")

        assert self.scene.drain() == ["42 #2"]

    def test_pauses_are_told_and_each_is_there_once(self) -> None:
        """What is in force, oldest first, and since when."""
        first = self.pause(PauseKind.PERSON, "42")
        self.scene.now_ms += 1_000
        second, again = self.pause(PauseKind.ALL), self.pause(PauseKind.PERSON, "42")
        since_ms = self.scene.now_ms - 1_000

        assert (first, second, again) == (True, True, False)
        assert self.scene.desk.pauses() == (
            Pause(kind=PauseKind.PERSON, name="42", since_ms=since_ms),
            Pause(kind=PauseKind.ALL, since_ms=since_ms + 1_000),
        )
        assert not self.resume(PauseKind.EVENT, "order_paid")
        assert self.resume(PauseKind.PERSON, "42")
        assert [one.kind for one in self.scene.desk.pauses()] == [PauseKind.ALL]

    def test_a_worker_sees_that_something_was_paused(self) -> None:
        """What was leased before it and has not left can be given back."""
        before = self.scene.store.pause_revision()
        self.pause(PauseKind.PERSON, "42")
        paused = self.scene.store.pause_revision()
        self.pause(PauseKind.PERSON, "42")
        self.resume(PauseKind.PERSON, "42")

        assert paused > before
        assert self.scene.store.pause_revision() == paused

    def test_what_waits_is_told_by_lane(self) -> None:
        """Law 8: people and the capture of the oldest that waits, also of those who are away."""
        self.scene.meet("41", "42", "43")
        self.scene.event("41", counted=True)
        self.scene.event("42")
        self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.event("43")
        waiting = self.scene.desk.backlog().lanes
        away = self.scene.turns()
        self.scene.event("42")

        assert self.scene.desk.backlog().lanes == waiting
        assert {lane: one.people for lane, one in waiting.items()} == {
            Lane.CRITICAL: 1,
            Lane.LIVE: 2,
        }

        for turn in away:
            self.scene.settle(turn)

        assert {lane: one.people for lane, one in self.scene.desk.backlog().lanes.items()} == {
            Lane.LIVE: 1
        }

    def test_the_lag_of_a_lane_is_that_of_its_oldest_record(self) -> None:
        """Since it was captured, whenever it happened."""
        self.scene.meet("41", "42")
        early = self.scene.capture(captured_at_ms=self.scene.now_ms + 1_000)
        late = self.scene.capture(captured_at_ms=self.scene.now_ms + 7_000)
        self.scene.event("42", record=early)
        self.scene.event("41", lane=Lane.CRITICAL, record=late)
        lanes = self.scene.desk.backlog().lanes

        assert lanes[Lane.LIVE].oldest_captured_ms == self.scene.now_ms + 1_000
        assert lanes[Lane.CRITICAL].oldest_captured_ms == self.scene.now_ms + 7_000
