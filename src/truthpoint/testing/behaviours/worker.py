"""One worker holds a store: it alone writes, and whoever comes after it finds everything."""

from __future__ import annotations

from truthpoint.core.decision import Outcome
from truthpoint.core.outbox import State
from truthpoint.errors import LeaseLost, StoreBusy
from truthpoint.ports import Binding
from truthpoint.testing.scene import settlement

from .base import Behaviour, refused


class WorkerBehaviour(Behaviour):
    """What `acquire`, `bind`, `rollups` and the fencing of the lease do."""

    def test_a_store_has_one_worker(self) -> None:
        """One decider per store: a second one is told so at once, and disturbs nothing."""
        other = self.scene.under_test.store()

        refused(StoreBusy, other.acquire)
        refused(LeaseLost, other.lease, 0, operations=1)

        other.close()
        self.scene.event("42")

        assert self.scene.drain() == ["42 identify!", "42 #1"]

    def test_a_store_that_was_given_back_can_be_held_by_another(self) -> None:
        """A worker that stops in good order leaves the way free."""
        self.scene.store.close()
        other = self.scene.under_test.store()
        other.acquire()
        self.scene.store = other
        third = self.scene.under_test.store()

        refused(StoreBusy, third.acquire)

        third.close()

    def test_what_a_dead_worker_had_leased_is_ready_again(self) -> None:
        """I1: the next worker finds it in its place, with its attempt counted."""
        self.scene.meet("42")
        first, second = self.scene.event("42"), self.scene.event("42")
        self.scene.turn()
        self.scene.die()
        turn = self.scene.turn()

        assert [one.id for one in turn.operations] == [first.id, second.id]
        assert [one.attempts for one in turn.operations] == [2, 2]

    def test_what_a_worker_leaves_behind_at_its_end_is_not_lost(self) -> None:
        """I1: closing with turns away is no different from dying."""
        self.scene.event("42")
        self.scene.turn()
        self.scene.restart()

        assert self.scene.drain() == ["42 identify!", "42 #1"]

    def test_nobody_writes_who_did_not_acquire(self) -> None:
        """A store that is only opened cannot change anything."""
        other = self.scene.under_test.store()

        refused(LeaseLost, other.keep_rollups, "x")
        refused(LeaseLost, other.bind, _binding())
        refused(LeaseLost, other.lease, 0, operations=1)

        other.close()

    def test_a_late_write_of_a_stuck_worker_is_refused(self) -> None:
        """T13: whoever was overtaken cannot write, whatever it still believes."""
        self.scene.meet("42")
        operation = self.scene.event("42")
        stuck, turn = self.scene.store, self.scene.turn()
        waiting = self.scene.capture()
        self.scene.under_test.loosen()
        newer = self.scene.under_test.store()
        newer.acquire()
        now_ms = self.scene.now_ms

        refused(LeaseLost, stuck.settle, [settlement(turn)], now_ms=now_ms)
        refused(LeaseLost, stuck.lease, now_ms, operations=1)
        refused(LeaseLost, stuck.bind, _binding())
        refused(LeaseLost, stuck.keep_rollups, "x")
        refused(LeaseLost, self.scene.quarantine, waiting)
        assert self.scene.standing(operation, waiting) == [Outcome.PENDING] * 2

        stuck.close()
        self.scene.store = newer

        assert newer.binding() is None
        assert self.scene.drain() == ["42 #2"]
        assert self.scene.step(operation.record).attempts == 2

    def test_a_turn_of_an_earlier_worker_cannot_be_settled(self) -> None:
        """T13: a turn ends with the lease under which it left."""
        self.scene.event("42")
        turn = self.scene.turn()
        self.scene.die()

        refused(LeaseLost, self.scene.settle, turn)
        assert self.scene.desk.backlog().operations[State.READY] == 1

    def test_a_store_remembers_its_workspace(self) -> None:
        """Law 19: a store serves one workspace, written at its first delivery."""
        before = self.scene.store.binding(), self.scene.desk.backlog().binding
        self.scene.store.bind(_binding())
        self.scene.restart()

        assert before == (None, None)
        assert self.scene.store.binding() == _binding()
        assert self.scene.desk.backlog().binding == _binding()

    def test_a_store_remembers_how_totals_are_computed(self) -> None:
        """Law 10: a changed definition is noticed, also over restarts."""
        before = self.scene.store.rollups()
        self.scene.store.keep_rollups("one")
        self.scene.restart()

        assert before is None
        assert self.scene.store.rollups() == "one"

        self.scene.store.keep_rollups("two")

        assert self.scene.store.rollups() == "two"


def _binding() -> Binding:
    return Binding(workspace="local", environment="7", person_rule="customer_id ^[0-9]+$")
