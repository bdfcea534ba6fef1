"""Totals: a slot a person; behind what changed them, the latest only, never backwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truthpoint.core.decision import Outcome
from truthpoint.testing.scene import DEAD, DELIVERED, RETRY

from .base import Behaviour

if TYPE_CHECKING:
    from truthpoint.core.outbox import Totals


class TotalsBehaviour(Behaviour):
    """Law 10, as a store must keep it."""

    def slot(self) -> Totals:
        """Return the totals of the first person."""
        (totals,) = self.scene.store.knowledge.totals([1])
        return totals

    def counted(self, times: int = 1) -> None:
        """Let events come that change the first person's totals."""
        for _ in range(times):
            self.scene.event("42", counted=True)

    def test_totals_leave_right_behind_what_changed_them(self) -> None:
        """Law 10: in the same turn, after the event, with the value it brought about."""
        self.scene.meet("42")
        self.counted()
        turn = self.scene.turn()

        assert [one.id for one in turn.operations] == [2]
        assert turn.totals is not None
        assert turn.totals.values == self.slot().values

        self.scene.settle(turn)

        assert not self.slot().waiting
        assert self.scene.turns() == []

    def test_only_the_latest_totals_are_sent(self) -> None:
        """Law 10: three changes that leave together are told once."""
        self.scene.meet("42")
        self.counted(3)

        assert self.scene.drain() == ["42 #2", "42 #3", "42 #4", "42 totals 3"]
        assert self.slot().sent_version == 3

    def test_totals_wait_for_what_changed_them_last(self) -> None:
        """Law 10: a value that stems from an event behind a barrier does not overtake it."""
        self.scene.meet("42")
        self.counted()
        self.scene.identify("42")
        self.counted()

        assert self.scene.drain() == ["42 #2", "42 #3", "42 #4", "42 totals 2"]

    def test_totals_do_not_wait_for_what_has_no_part_in_them(self) -> None:
        """Law 10: sent right after what changed them, not after everything."""
        self.scene.meet("42")
        self.counted()
        self.scene.identify("42")

        assert self.scene.drain() == ["42 #2", "42 totals 1", "42 #3"]

    def test_totals_wait_for_an_identify(self) -> None:
        """Law 4: totals are no exception."""
        self.counted()

        assert self.scene.drain() == ["42 identify!", "42 #1", "42 totals 1"]

    def test_totals_that_failed_for_now_are_sent_again(self) -> None:
        """Law 10: not lost when the event got through and they did not."""
        self.scene.meet("42")
        self.counted()
        self.scene.settle(self.scene.turn(), DELIVERED, totals=RETRY)

        assert self.slot().waiting
        assert self.scene.drain() == ["42 totals 1"]

    def test_totals_without_a_fate_are_still_waiting(self) -> None:
        """Law 10: what is not said to be told was not told."""
        self.scene.meet("42")
        self.counted()
        turn = self.scene.turn()
        self.scene.settle_each(turn, DELIVERED)

        assert self.scene.drain() == ["42 totals 1"]

    def test_totals_survive_the_death_of_a_worker(self) -> None:
        """I1: whether they left or not, they leave again."""
        self.scene.meet("42")
        self.counted()
        self.scene.settle(self.scene.turn(), DELIVERED, totals=RETRY)
        self.scene.turn()
        self.scene.die()

        assert self.scene.drain() == ["42 totals 1"]

    def test_totals_that_changed_on_the_way_are_sent_again(self) -> None:
        """Law 10: an older version that was accepted does not hide a newer one."""
        self.scene.meet("42")
        self.counted()
        turn = self.scene.turn()
        self.counted()
        self.scene.settle(turn)

        assert (self.slot().sent_version, self.slot().version) == (1, 2)
        assert self.scene.drain() == ["42 #3", "42 totals 2"]

    def test_refused_totals_are_not_sent_until_they_change(self) -> None:
        """Law 16: refused for good is not tried for ever."""
        self.scene.meet("42")
        self.counted()
        self.scene.settle(self.scene.turn(), DELIVERED, totals=DEAD)

        assert self.scene.turns() == []

        self.counted()

        assert self.scene.drain() == ["42 #3", "42 totals 2"]

    def test_totals_are_sent_although_what_changed_them_was_refused(self) -> None:
        """Law 5: a dead event keeps its claim and counts; so do its totals."""
        self.scene.meet("42")
        self.counted(2)
        self.scene.settle_each(self.scene.turn(), DEAD, DEAD)

        assert self.scene.drain() == ["42 totals 2"]

    def test_totals_that_were_refused_say_so_until_others_are_accepted(self) -> None:
        """Law 16: what Customer.io refuses for good is told with its reason."""
        self.scene.meet("42")
        self.counted()
        self.scene.settle(self.scene.turn(), totals=DEAD)

        assert (self.slot().waiting, self.slot().refused) == (False, DEAD.reason)

        self.counted()
        self.scene.drain()

        assert (self.slot().waiting, self.slot().refused) == (False, "")

    def test_the_time_of_totals_is_the_present(self) -> None:
        """Design, section 5: sent with the time at which the value was computed."""
        self.scene.meet("42")
        self.counted()
        turn = self.scene.turn()

        assert turn.totals is not None
        assert turn.totals.wire_at_s == self.scene.now_ms // 1000

        self.scene.settle(turn)

        assert self.slot().wire_at_s == turn.totals.wire_at_s

    def test_the_time_of_totals_rises_strictly(self) -> None:
        """Law 10: never backwards; not in one second, not when the clock jumps back."""
        self.scene.meet("42")
        self.counted()
        times: list[int] = []
        for jump_ms in (0, 0, -3_600_000, 1, 7_200_000, -1):
            self.scene.now_ms += jump_ms
            turn = self.scene.turn()

            assert turn.totals is not None

            times.append(turn.totals.wire_at_s)
            self.scene.settle(turn, RETRY)

        assert times == sorted(set(times))

    def test_the_time_of_totals_rises_over_the_death_of_a_worker(self) -> None:
        """Law 10: what may have left is never followed by something older or as old."""
        self.scene.meet("42")
        self.counted()
        first = self.scene.turn().totals
        self.scene.die()
        self.scene.now_ms -= 60_000
        second = self.scene.turn().totals

        assert first is not None
        assert second is not None
        assert second.wire_at_s > first.wire_at_s

    def test_totals_of_a_refused_person_wait_until_they_are_known(self) -> None:
        """Laws 4 and 10: nothing is sent, and nothing is forgotten."""
        self.counted()
        self.scene.settle(self.scene.turn(), DEAD)

        assert self.scene.turns() == []
        assert self.slot().waiting

        self.scene.identify("42")

        assert self.scene.drain() == ["42 #2", "42 totals 1"]

    def test_totals_of_a_refused_person_come_with_a_replay(self) -> None:
        """Laws 4 and 10: an operator's replay opens the way for them too."""
        self.counted()
        self.scene.settle(self.scene.turn(), DEAD)
        self.scene.turns()
        self.scene.desk.replay(Outcome.DEAD, None)

        assert self.scene.drain() == ["42 identify!", "42 #1", "42 totals 1"]

    def test_totals_are_each_persons_own(self) -> None:
        """Law 3: two people never share a slot."""
        self.scene.meet("42", "43")
        self.scene.event("42", counted=True)
        self.scene.event("43", counted=True)
        self.scene.event("43", counted=True)
        versions = [turn.totals and turn.totals.version for turn in self.scene.turns()]

        assert versions == [1, 2]

    def test_a_postponed_person_keeps_their_totals(self) -> None:
        """T9: totals wait with their person."""
        self.scene.meet("42")
        self.counted()
        due_ms = self.scene.now_ms + 5_000
        self.scene.settle(self.scene.turn(), DELIVERED, totals=RETRY, not_before_ms=due_ms)

        assert self.scene.turns() == []
        assert self.scene.store.next_due_ms() == due_ms

        self.scene.now_ms = due_ms

        assert self.scene.drain() == ["42 totals 1"]
