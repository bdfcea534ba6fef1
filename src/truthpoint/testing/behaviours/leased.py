"""Leased: whose turn it is, what is in it, and when it comes."""

from __future__ import annotations

from truthpoint.core.decision import Outcome
from truthpoint.testing.scene import DEAD, DELIVERED, RETRY, who_of

from .base import Behaviour


class LeasedBehaviour(Behaviour):
    """What `lease` and `next_due_ms` do; what they never do is break an order."""

    def test_a_person_is_away_until_their_turn_is_settled(self) -> None:
        """Law 7: one turn at a time, so that nothing overtakes."""
        self.scene.meet("42")
        self.scene.event("42", barrier=True)
        self.scene.event("42")
        turn = self.scene.turn()

        assert self.scene.turns() == []

        self.scene.settle(turn)

        assert self.scene.drain() == ["42 #3"]

    def test_nobody_waits_for_another_person(self) -> None:
        """I5: one person's turn on its way holds back nobody else."""
        self.scene.meet("42", "43")
        self.scene.event("42")
        self.scene.turn()
        self.scene.event("43")

        assert [who_of(turn) for turn in self.scene.turns()] == ["43"]

    def test_the_oldest_goes_first(self) -> None:
        """Without anything critical, people come in the order of what they wait with."""
        people = ["7", "3", "9", "1"]
        self.scene.meet(*people)
        for who in people:
            self.scene.event(who)

        assert [who_of(turn) for turn in self.scene.turns()] == people

    def test_a_lease_gives_about_as_many_operations_as_asked(self) -> None:
        """A turn is whole, so the last one may exceed; one comes if any is due."""
        self.scene.meet("42", "43", "44")
        for who in ("42", "42", "42", "43", "44"):
            self.scene.event(who)

        assert [len(turn.operations) for turn in self.scene.turns(operations=2)] == [3]
        assert [who_of(turn) for turn in self.scene.turns(operations=1)] == ["43"]
        assert [who_of(turn) for turn in self.scene.turns(operations=1)] == ["44"]
        assert self.scene.turns(operations=1) == []

    def test_who_turns_out_to_have_nothing_to_send_hides_nobody(self) -> None:
        """I6: at least one turn comes if any is due, whoever stands before it."""
        self.scene.event("42")
        self.scene.settle(self.scene.turn(), DEAD)
        self.scene.meet("43")
        self.scene.event("42")
        self.scene.event("43")

        assert [who_of(turn) for turn in self.scene.turns(operations=1)] == ["43"]

    def test_operations_share_a_turn_up_to_a_barrier(self) -> None:
        """Law 7: a barrier goes alone; what stands around it may travel together."""
        self.scene.meet("42")
        first, second = self.scene.event("42"), self.scene.event("42")
        barrier = self.scene.identify("42", barrier=True)
        third, fourth = self.scene.event("42"), self.scene.identify("42", barrier=False)
        left: list[tuple[list[int], bool]] = []
        while turns := self.scene.turns():
            left += [([one.id for one in turn.operations], turn.alone) for turn in turns]
            self.scene.settle(turns[0])

        assert left == [
            ([first.id, second.id], False),
            ([barrier.id], True),
            ([third.id, fourth.id], False),
        ]

    def test_a_turn_carries_its_operations_as_they_were_decided(self) -> None:
        """Law 5: what leaves is what was decided, to the byte; only attempts have risen."""
        self.scene.meet("42")
        told = self.scene.event("42", attributes='{"total":10.50,"note":"é\\n"}'.encode())
        (one,) = self.scene.turn().operations

        assert one.attempts == 1
        assert (one.id, one.person, one.record) == (told.id, told.person, told.record)
        assert (one.lane, one.action, one.barrier) == (told.lane, told.action, told.barrier)
        assert (one.name, one.event_id, one.at_ms) == (told.name, told.event_id, told.at_ms)
        assert one.attributes == told.attributes

    def test_a_long_queue_leaves_in_order_piece_by_piece(self) -> None:
        """T16: a person with more than one turn can hold is neither cut short nor reordered."""
        self.scene.meet("42")
        ids = [self.scene.event("42", counted=True).id for _ in range(1_003)]
        left: list[int] = []
        totals: list[int] = []
        while turns := self.scene.turns():
            (turn,) = turns

            assert 0 < len(turn.operations) <= 500

            left += [one.id for one in turn.operations]
            totals += [turn.totals.version] if turn.totals else []
            self.scene.settle(turn)

        assert left == ids
        assert totals == [1_003]

    def test_a_postponed_person_waits(self) -> None:
        """T9: nobody's turn comes before the moment that was set."""
        self.scene.meet("42")
        self.scene.event("42")
        due_ms = self.scene.now_ms + 5_000
        self.scene.settle(self.scene.turn(), RETRY, not_before_ms=due_ms)

        assert self.scene.turns() == []
        assert self.scene.store.next_due_ms() == due_ms

        self.scene.now_ms = due_ms - 1

        assert self.scene.turns() == []

        self.scene.now_ms = due_ms

        assert self.scene.drain() == ["42 #2"]
        assert self.scene.store.next_due_ms() is None

    def test_a_wait_that_nobody_set_is_over(self) -> None:
        """A clock that was far ahead and is right again must not hold anybody for a day."""
        self.scene.meet("42")
        self.scene.event("42")
        self.scene.now_ms += 86_400_000
        due_ms = self.scene.now_ms + 5_000
        self.scene.settle(self.scene.turn(), RETRY, not_before_ms=due_ms)
        self.scene.now_ms -= 86_400_000

        assert self.scene.drain() == ["42 #2"]

    def test_the_earliest_postponed_person_is_told(self) -> None:
        """A worker that sleeps until then misses nobody."""
        self.scene.meet("42", "43", "44")
        for who, wait in (("42", 9_000), ("43", 3_000), ("44", 6_000)):
            self.scene.event(who)
            turn = self.scene.turn()
            self.scene.settle(turn, RETRY, not_before_ms=self.scene.now_ms + wait)

        assert self.scene.store.next_due_ms() == self.scene.now_ms + 3_000

    def test_a_postponed_person_holds_back_nobody_else(self) -> None:
        """I5: a poisoned person waits alone."""
        self.scene.meet("42", "43")
        self.scene.event("42")
        self.scene.settle(self.scene.turn(), RETRY, not_before_ms=self.scene.now_ms + 60_000)
        self.scene.event("43")

        assert self.scene.drain() == ["43 #4"]

    def test_something_new_does_not_call_a_postponed_person_back(self) -> None:
        """T9: the wait that was asked for is kept, whatever else is decided meanwhile."""
        self.scene.meet("42")
        first = self.scene.event("42")
        due_ms = self.scene.now_ms + 5_000
        self.scene.settle(self.scene.turn(), RETRY, not_before_ms=due_ms)
        second = self.scene.event("42")

        assert self.scene.turns() == []

        self.scene.now_ms = due_ms

        assert self.scene.drain() == [f"42 #{first.id}", f"42 #{second.id}"]

    def test_a_wait_is_over_once_the_person_has_left(self) -> None:
        """A wait belongs to what was postponed, not to what comes long after it."""
        self.scene.meet("42")
        self.scene.event("42")
        due_ms = self.scene.now_ms + 5_000
        self.scene.settle(self.scene.turn(), DELIVERED, not_before_ms=due_ms)
        self.scene.event("42")

        assert self.scene.standing(2) == [Outcome.DELIVERED]
        assert self.scene.drain() == ["42 #3"]

    def test_a_wait_survives_a_restart(self) -> None:
        """T9: a worker that starts anew does not storm."""
        self.scene.meet("42")
        self.scene.event("42")
        due_ms = self.scene.now_ms + 5_000
        self.scene.settle(self.scene.turn(), RETRY, not_before_ms=due_ms)
        self.scene.restart()

        assert self.scene.turns() == []
        assert self.scene.store.next_due_ms() == due_ms
