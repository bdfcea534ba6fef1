"""Critical: money first, with everything of the same person before it, and nobody else."""

from __future__ import annotations

from truthpoint.contract.model import Lane
from truthpoint.core.decision import Outcome
from truthpoint.testing.scene import DEAD, RETRY, who_of, words

from .base import Behaviour


class CriticalBehaviour(Behaviour):
    """Law 8, as a store must keep it."""

    def order(self) -> list[str]:
        """Lease everything that is due, and return whose turns came, in order."""
        return [who_of(turn) for turn in self.scene.turns()]

    def test_whoever_waits_with_something_critical_goes_first(self) -> None:
        """Law 8: before everybody who came earlier with something else."""
        self.scene.meet("41", "42", "43")
        self.scene.event("41")
        self.scene.event("42")
        self.scene.event("43", lane=Lane.CRITICAL)

        assert self.order() == ["43", "41", "42"]

    def test_critical_people_go_in_their_order(self) -> None:
        """Law 8: among those whom something critical lifts, the oldest first."""
        self.scene.meet("41", "42", "43")
        self.scene.event("43")
        self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.event("43", lane=Lane.CRITICAL)
        self.scene.event("41", lane=Lane.CRITICAL)

        assert self.order() == ["43", "42", "41"]

    def test_what_stands_before_the_critical_one_goes_with_it(self) -> None:
        """Law 8: law 7 holds; nothing critical overtakes its own person's past."""
        self.scene.meet("41", "42")
        self.scene.event("41")
        first = self.scene.event("42")
        second = self.scene.event("42", lane=Lane.CRITICAL)

        assert words(self.scene.turns(operations=1)[0]) == [f"42 #{first.id}", f"42 #{second.id}"]

    def test_what_stands_behind_the_critical_one_is_not_lifted(self) -> None:
        """Law 8: nobody else, and nothing else."""
        self.scene.meet("41", "42")
        earlier = self.scene.event("41")
        critical = self.scene.event("42", lane=Lane.CRITICAL)
        behind = self.scene.event("42")

        assert self.scene.drain() == [f"42 #{critical.id}", f"41 #{earlier.id}", f"42 #{behind.id}"]

    def test_a_barrier_before_the_critical_one_is_lifted_too(self) -> None:
        """Law 8: step by step, the whole way up to what is critical."""
        self.scene.meet("41", "42")
        self.scene.event("41")
        barrier = self.scene.identify("42", barrier=True)
        critical = self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.settle(self.scene.turns(operations=1)[0])
        (turn,) = self.scene.turns(operations=1)

        assert self.scene.standing(barrier) == [Outcome.DELIVERED]
        assert words(turn) == [f"42 #{critical.id}"]

    def test_a_new_persons_identify_is_lifted(self) -> None:
        """Law 8: the identify that law 4 asks for does not wait in the other lane."""
        self.scene.meet("41")
        self.scene.event("41")
        self.scene.event("42", lane=Lane.CRITICAL)
        (turn,) = self.scene.turns(operations=1)

        assert words(turn) == ["42 identify!"]

    def test_a_critical_one_that_comes_again_is_critical_again(self) -> None:
        """Law 8: over retries and deaths of workers."""
        self.scene.meet("41", "42")
        self.scene.event("41")
        critical = self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.settle(self.scene.turns(operations=1)[0], RETRY)
        (again,) = self.scene.turns(operations=1)
        self.scene.die()
        (last,) = self.scene.turns(operations=1)

        assert words(again) == words(last) == [f"42 #{critical.id}"]

    def test_once_the_critical_one_is_gone_its_person_is_one_of_many(self) -> None:
        """Law 8: whoever was lifted stands in the common order afterwards."""
        self.scene.meet("41", "42")
        self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.drain()
        self.scene.event("41")
        self.scene.event("42")

        assert self.order() == ["41", "42"]

    def test_a_dead_critical_one_lifts_nobody(self) -> None:
        """Law 8: only what waits is urgent."""
        self.scene.meet("41", "42")
        self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.settle(self.scene.turn(), DEAD)
        self.scene.event("41")
        self.scene.event("42")

        assert self.order() == ["41", "42"]

    def test_a_replayed_live_one_is_not_lifted_by_what_is_gone(self) -> None:
        """Law 8: a critical one that was delivered no longer lifts what stands before its place."""
        self.scene.meet("41", "42")
        dead = self.scene.event("42")
        self.scene.settle(self.scene.turn(), DEAD)
        self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.event("42")
        self.scene.settle(self.scene.turn())
        self.scene.desk.replay(Outcome.DEAD, [dead.record])
        self.scene.settle(self.scene.turn(), RETRY)
        earlier = self.scene.event("41", lane=Lane.CRITICAL)

        assert self.order() == ["41", "42"]
        assert self.scene.standing(earlier, dead) == [Outcome.PENDING] * 2

    def test_a_replayed_live_one_does_not_overtake_what_came_before_it(self) -> None:
        """Law 8: the same, against somebody who waits in the same lane."""
        self.scene.meet("41", "42")
        self.scene.event("41")
        dead = self.scene.event("42")
        first, second = self.scene.turns()
        self.scene.settle(first, RETRY)
        self.scene.settle(second, DEAD)
        self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.event("42")
        self.scene.settle(self.scene.turns(operations=1)[0])
        self.scene.desk.replay(Outcome.DEAD, [dead.record])
        both = self.scene.turns()
        for turn in both:
            self.scene.settle(turn, RETRY)

        assert [who_of(turn) for turn in both] == ["41", "42"]
        assert self.order() == ["41", "42"]

    def test_a_replayed_critical_one_is_critical(self) -> None:
        """Law 8: money that was refused and is sent again goes first."""
        self.scene.meet("41", "42")
        critical = self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.settle(self.scene.turn(), DEAD)
        self.scene.event("41")
        self.scene.event("42")
        self.scene.desk.replay(Outcome.DEAD, [critical.record])

        assert self.order() == ["42", "41"]
