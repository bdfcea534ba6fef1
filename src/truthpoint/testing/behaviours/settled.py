"""Settled: what became of a turn is written whole, and the person goes on."""

from __future__ import annotations

from truthpoint.core.decision import Outcome
from truthpoint.core.outbox import State
from truthpoint.errors import LeaseLost
from truthpoint.ports import Settlement
from truthpoint.testing.scene import DEAD, DELIVERED, RETRY, settlement

from .base import Behaviour, refused


class SettledBehaviour(Behaviour):
    """What `settle` does."""

    def test_each_operation_has_the_fate_that_it_was_given(self) -> None:
        """T10: only what was named is dead, with its reason; the rest is delivered."""
        self.scene.meet("42")
        first, second, third = (self.scene.event("42") for _ in range(3))
        self.scene.now_ms += 1_234
        self.scene.settle_each(self.scene.turn(), DELIVERED, DEAD, DELIVERED)
        step = self.scene.step(second.record)

        assert self.scene.standing(first, second, third) == [
            Outcome.DELIVERED,
            Outcome.DEAD,
            Outcome.DELIVERED,
        ]
        assert (step.reason, step.attempts) == (DEAD.reason, 1)
        assert step.settled_at_ms == self.scene.now_ms
        assert self.scene.step(first.record).reason == ""
        assert self.scene.turns() == []

    def test_what_failed_for_now_comes_again_before_everything_behind_it(self) -> None:
        """Law 7: order holds over retries, however often."""
        self.scene.meet("42")
        ids = [self.scene.event("42").id for _ in range(3)]
        for attempt in (1, 2, 3):
            turn = self.scene.turn()

            assert [one.id for one in turn.operations] == ids
            assert {one.attempts for one in turn.operations} == {attempt}

            self.scene.settle(turn, RETRY)
        late = self.scene.event("42")

        assert self.scene.drain() == [f"42 #{one}" for one in (*ids, late.id)]

    def test_failures_of_a_person_come_with_their_next_turn(self) -> None:
        """Laws 7 and 16: of any turn; also over a restart while they wait; a success ends them."""
        self.scene.event("42")
        self.scene.event("43")
        for failures in (1, 2):
            first, second = self.scene.turns()

            assert (first.failures, second.failures) == (failures - 1, 0)

            self.scene.settle(second, RETRY)
            self.scene.settle(first, RETRY, failures=failures)
        self.scene.restart()
        first, second = self.scene.turns()

        assert (first.failures, second.failures) == (2, 0)

        self.scene.settle(first)
        self.scene.settle(second)

        assert [turn.failures for turn in self.scene.turns()] == [0, 0]

    def test_failures_of_totals_alone_come_with_their_next_turn(self) -> None:
        """Laws 7 and 16: a turn without operations counts as any other."""
        self.scene.meet("42")
        self.scene.event("42", counted=True)
        self.scene.settle(self.scene.turn(), DELIVERED, totals=RETRY, failures=7)
        turn = self.scene.turn()

        assert (turn.operations, turn.failures) == ((), 7)

    def test_a_transient_failure_is_never_dead(self) -> None:
        """Law 16: neither count nor age makes a transient failure a dead one."""
        self.scene.meet("42")
        operation = self.scene.event("42")
        for _ in range(50):
            self.scene.now_ms += 86_400_000
            self.scene.settle(self.scene.turn(), RETRY)

        assert self.scene.standing(operation) == [Outcome.PENDING]
        assert self.scene.step(operation.record).attempts == 50
        assert self.scene.step(operation.record).settled_at_ms is None

    def test_the_rest_of_a_turn_that_broke_off_comes_again_in_order(self) -> None:
        """Law 7: when a turn was sent piece by piece, its tail stays in its place."""
        self.scene.meet("42")
        operations = [self.scene.event("42") for _ in range(4)]
        self.scene.settle_each(self.scene.turn(), DELIVERED, DEAD, RETRY, RETRY)

        assert self.scene.drain() == [f"42 #{one.id}" for one in operations[2:]]

    def test_every_operation_of_a_turn_needs_a_fate(self) -> None:
        """Law 16: nothing is dropped by leaving it out; a wrong settlement writes nothing."""
        self.scene.meet("42")
        first, second = self.scene.event("42"), self.scene.event("42")
        turn = self.scene.turn()
        short = Settlement(turn=turn, operations={first.id: DELIVERED})
        more = Settlement(turn=turn, operations=dict.fromkeys(range(1, 9), DELIVERED))
        settle, now_ms = self.scene.store.settle, self.scene.now_ms

        refused(ValueError, settle, [short], now_ms=now_ms)
        refused(ValueError, settle, [more], now_ms=now_ms)
        assert self.scene.standing(first, second) == [Outcome.PENDING] * 2
        assert self.scene.turns() == []

        self.scene.settle(turn)

        assert self.scene.standing(first, second) == [Outcome.DELIVERED] * 2

    def test_settlements_are_written_together_or_not_at_all(self) -> None:
        """Settled is one durable moment: a wrong settlement takes the right ones with it."""
        self.scene.meet("42", "43")
        right, wrong = self.scene.event("42"), self.scene.event("43")
        first, second = self.scene.turns()
        bad = [settlement(first), Settlement(turn=second)]

        refused(ValueError, self.scene.store.settle, bad, now_ms=self.scene.now_ms)
        assert self.scene.standing(right, wrong) == [Outcome.PENDING] * 2

        good = [settlement(first), settlement(second)]
        self.scene.store.settle(good, now_ms=self.scene.now_ms)

        assert self.scene.standing(right, wrong) == [Outcome.DELIVERED] * 2

    def test_a_turn_is_settled_once(self) -> None:
        """Law 5: a second word about a turn changes nothing."""
        self.scene.meet("42")
        operation = self.scene.event("42")
        turn = self.scene.turn()
        self.scene.settle(turn)

        refused(LeaseLost, self.scene.settle, turn, DEAD)
        assert self.scene.standing(operation) == [Outcome.DELIVERED]

    def test_a_turn_given_twice_in_one_call_is_refused(self) -> None:
        """Law 5: two words about one turn in one breath are no better, and nothing is written."""
        self.scene.event("42")
        turn = self.scene.turn()
        twice = [settlement(turn), settlement(turn, RETRY)]

        assert turn.identify
        refused(LeaseLost, self.scene.store.settle, twice, now_ms=self.scene.now_ms)

        self.scene.settle(turn)

        assert self.scene.drain() == ["42 #1"]

    def test_a_turn_that_was_never_leased_cannot_be_settled(self) -> None:
        """T13: only what this worker handed out comes back."""
        self.scene.meet("42", "43")
        operation = self.scene.event("42")
        turn = self.scene.turn()
        self.scene.settle(turn, RETRY)

        refused(LeaseLost, self.scene.settle, turn)
        assert self.scene.standing(operation) == [Outcome.PENDING]

    def test_a_settled_turn_stays_settled(self) -> None:
        """Law 1, for the way out: what was settled survives the death of the worker."""
        self.scene.meet("42")
        done, dead, again = (self.scene.event("42") for _ in range(3))
        self.scene.settle_each(self.scene.turn(), DELIVERED, DEAD, RETRY)
        self.scene.die()
        states = self.scene.desk.backlog().operations

        assert (states[State.DELIVERED], states[State.DEAD], states[State.READY]) == (2, 1, 1)
        assert self.scene.standing(done, dead) == [Outcome.DELIVERED, Outcome.DEAD]
        assert self.scene.drain() == [f"42 #{again.id}"]

    def test_an_empty_settlement_changes_nothing(self) -> None:
        """Nothing done, nothing written."""
        self.scene.event("42")
        self.scene.store.settle([], now_ms=self.scene.now_ms)

        assert self.scene.drain() == ["42 identify!", "42 #1"]
