"""Replayed and discarded: what an operator decides about single records."""

from __future__ import annotations

from truthpoint.contract.model import Lane
from truthpoint.core.decision import Outcome
from truthpoint.core.outbox import Action, Operation, State
from truthpoint.core.people import ID, address_of
from truthpoint.errors import LeaseLost
from truthpoint.findings import finding
from truthpoint.testing.scene import DEAD, DELIVERED, RETRY

from .base import Behaviour, refused

QUARANTINED = Outcome.QUARANTINED


class ReplayedBehaviour(Behaviour):
    """What `replay` and `discard` do."""

    def dead(self, count: int = 1) -> list[Operation]:
        """Let events of a known person be refused for good; return their operations."""
        self.scene.meet("42")
        operations = [self.scene.event("42") for _ in range(count)]
        self.scene.settle(self.scene.turn(), DEAD)
        return operations

    def test_replayed_records_are_decided_first_in_the_order_of_asking(self) -> None:
        """Law 7: what is released takes its place in the order when it is released."""
        first, second, third = (self.scene.quarantine() for _ in range(3))
        new = self.scene.capture()
        desk = self.scene.desk
        counts = desk.replay(QUARANTINED, [third]), desk.replay(QUARANTINED, [first])
        rows = self.scene.store.undecided(10)

        assert counts == (1, 1)
        assert [(row.record, row.replayed) for row in rows] == [
            (third, True),
            (first, True),
            (new, False),
        ]
        assert [row.record for row in self.scene.store.undecided(1)] == [third]
        assert [row.record for row in self.scene.store.undecided(2)] == [third, first]
        assert self.scene.standing(second) == [QUARANTINED]

    def test_a_replay_that_was_asked_for_survives(self) -> None:
        """Law 16: over restarts, until it is decided; with the bytes as they were said."""
        body = b"\x00broken"
        record = self.scene.quarantine(self.scene.capture(body))
        self.scene.desk.replay(QUARANTINED, None)
        self.scene.restart()
        (row,) = self.scene.store.undecided(10)

        assert (row.record, row.body, row.replayed) == (record, body, True)

    def test_a_record_under_replay_is_pending_and_not_listed(self) -> None:
        """Law 16: one outcome: it waits for its decision, so it is not quarantined."""
        record = self.scene.quarantine()
        self.scene.desk.replay(QUARANTINED, [record])

        assert self.scene.standing(record) == [Outcome.PENDING]
        assert self.scene.desk.listed(QUARANTINED, limit=10) == []
        assert self.scene.desk.replay(QUARANTINED, [record]) == 0
        assert self.scene.desk.replay(QUARANTINED, None) == 0
        assert self.scene.desk.discard(QUARANTINED, [record]) == 0

    def test_a_replayed_record_forgets_its_earlier_verdict(self) -> None:
        """Law 16: the new decision stands, its findings too, and nothing of the old one."""
        old = (finding("person_unresolved", "It carries no id."),)
        record = self.scene.quarantine(findings=old)
        self.scene.desk.replay(QUARANTINED, [record])
        self.scene.quarantine(record, reason="event_unknown")
        found = self.scene.desk.record(record)

        assert found is not None
        assert (found[1].outcome, found[1].reason) == (QUARANTINED, "event_unknown")
        assert found[2] == ()
        assert self.scene.store.undecided(10) == []
        assert self.scene.desk.backlog().verdicts == {(QUARANTINED, "event_unknown"): 1}

    def test_a_replayed_record_that_is_sound_now_is_sent(self) -> None:
        """Law 16: quarantine replays; the record has the outcome of its operation."""
        self.scene.meet("42")
        record = self.scene.quarantine()
        behind = self.scene.event("42")
        self.scene.desk.replay(QUARANTINED, [record])
        _, operation = self.scene.store.knowledge.next_ids()
        told = Operation(
            id=operation,
            person=1,
            record=record,
            lane=behind.lane,
            action=behind.action,
            event=behind.event,
            name=behind.name,
            event_id="1" * 26,
            at_ms=behind.at_ms,
            attributes=b"{}",
            barrier=False,
        )
        self.scene.commit(record, operations=(told,))

        assert self.scene.drain() == [f"42 #{behind.id}", f"42 #{told.id}"]
        assert self.scene.standing(record) == [Outcome.DELIVERED]
        assert self.scene.desk.backlog().verdicts == {}

    def test_totals_are_told_again_behind_a_replay_that_makes_two_profiles_one(self) -> None:
        """Law 10: of each attribute Customer.io then keeps what one of the two had."""
        self.scene.meet("42")
        for action, address in (
            (Action.IDENTIFY, address_of(ID, "42")),
            (Action.MERGE, ""),
            (Action.IDENTIFY, ""),
        ):
            record = self.scene.capture()
            _, operation = self.scene.store.knowledge.next_ids()
            told = Operation(
                id=operation,
                person=1,
                record=record,
                lane=Lane.LIVE,
                action=action,
                event="",
                name="",
                event_id="",
                at_ms=record,
                attributes=b'{"email":"ana@example.org"}',
                barrier=True,
                address=address,
            )
            self.scene.commit(record, operations=(told,))
            self.scene.settle(self.scene.turn(), DEAD)
            self.scene.event("42", counted=True)
            self.scene.drain()
            self.scene.desk.replay(Outcome.DEAD, [record])
            replayed = self.scene.drain()

            assert replayed[0] == f"42 #{operation}"
            is_told_again = any("totals" in one for one in replayed[1:])
            assert is_told_again is (bool(address) or action is Action.MERGE)

    def test_replayed_and_new_records_are_decided_together(self) -> None:
        """Law 5: each once; a decision that was made before is refused whole."""
        record = self.scene.quarantine()
        new = self.scene.capture()
        self.scene.desk.replay(QUARANTINED, [record])

        refused(LeaseLost, self.scene.quarantine, record, record)
        assert self.scene.standing(record, new) == [Outcome.PENDING] * 2

        self.scene.quarantine(record, new)

        assert self.scene.standing(record, new) == [QUARANTINED] * 2
        refused(LeaseLost, self.scene.quarantine, record, self.scene.capture())
        assert len(self.scene.store.undecided(10)) == 1

    def test_only_what_is_quarantined_or_dead_is_replayed_or_discarded(self) -> None:
        """Law 16: a wrong number does nothing, and is not counted."""
        self.scene.meet("42")
        withheld, waiting = self.scene.withhold("A-1"), self.scene.event("42").record
        undecided = self.scene.capture()
        wrong = [1, withheld, waiting, undecided, 99]
        desk = self.scene.desk

        assert desk.replay(QUARANTINED, wrong) == desk.replay(Outcome.DEAD, wrong) == 0
        assert desk.discard(QUARANTINED, wrong) == desk.discard(Outcome.DEAD, wrong) == 0
        assert self.scene.standing(1, withheld, waiting, undecided) == [
            Outcome.DELIVERED,
            Outcome.WITHHELD,
            Outcome.PENDING,
            Outcome.PENDING,
        ]

    def test_a_record_named_twice_is_replayed_once(self) -> None:
        """The count is that of records, not of words."""
        record = self.scene.quarantine()
        (dead,) = self.dead()

        assert self.scene.desk.replay(QUARANTINED, [record, record]) == 1
        assert self.scene.desk.replay(Outcome.DEAD, [dead.record, dead.record]) == 1

    def test_a_dead_record_is_sent_again_as_the_same(self) -> None:
        """Laws 5 and 16: the same operation and event id; its attempts go on counting."""
        (operation,) = self.dead()

        assert self.scene.desk.replay(Outcome.DEAD, [operation.record]) == 1

        step = self.scene.step(operation.record)

        assert (step.outcome, step.reason) == (Outcome.PENDING, "")
        assert (step.attempts, step.settled_at_ms) == (1, None)

        (again,) = self.scene.turn().operations

        assert (again.id, again.event_id) == (operation.id, operation.event_id)
        assert (again.attributes, again.attempts) == (operation.attributes, 2)

    def test_a_dead_record_takes_its_old_place_among_what_waits(self) -> None:
        """Law 7: the queue is in the order of ids, whatever was replayed into it."""
        dead = self.dead(2)
        waiting = self.scene.event("42")
        self.scene.desk.replay(Outcome.DEAD, [one.record for one in reversed(dead)])

        assert self.scene.drain() == [f"42 #{one.id}" for one in (*dead, waiting)]

    def test_a_replay_does_not_disturb_a_turn_on_its_way(self) -> None:
        """Law 7: whoever is away stays away, and finds the replayed one when they are back."""
        (dead,) = self.dead()
        waiting = self.scene.event("42")
        turn = self.scene.turn()
        self.scene.desk.replay(Outcome.DEAD, [dead.record])

        assert self.scene.turns() == []

        self.scene.settle(turn, RETRY)

        assert self.scene.drain() == [f"42 #{dead.id}", f"42 #{waiting.id}"]

    def test_a_replay_survives_the_death_of_a_worker(self) -> None:
        """I1: an operator's word is durable."""
        (dead,) = self.dead()
        self.scene.desk.replay(Outcome.DEAD, None)
        self.scene.die()

        assert self.scene.drain() == [f"42 #{dead.id}"]

    def test_a_discarded_quarantined_record_is_withheld_for_good(self) -> None:
        """Law 16: an operator's decision is an outcome like any other; reasons and bytes stay."""
        reasons = (finding("person_unresolved", "It carries no id."),)
        first, second = self.scene.quarantine(findings=reasons), self.scene.quarantine()

        assert self.scene.desk.discard(QUARANTINED, [first]) == 1

        found = self.scene.desk.record(first)

        assert found is not None
        assert (found[1].outcome, found[1].reason) == (Outcome.WITHHELD, "discarded")
        assert found[2] == reasons
        assert self.scene.standing(second) == [QUARANTINED]
        assert self.scene.desk.replay(QUARANTINED, None) == 1
        assert [row.record for row in self.scene.store.undecided(10)] == [second]

    def test_a_discarded_dead_record_is_withheld_for_good(self) -> None:
        """Law 16: it is neither dead nor sent again."""
        first, second = self.dead(2)

        assert self.scene.desk.discard(Outcome.DEAD, [first.record]) == 1
        assert self.scene.standing(first, second) == [Outcome.WITHHELD, Outcome.DEAD]
        assert self.scene.step(first.record).reason == "discarded"
        assert self.scene.desk.backlog().operations[State.WITHHELD] == 1
        assert self.scene.desk.replay(Outcome.DEAD, [first.record]) == 0
        assert self.scene.turns() == []
        assert self.scene.desk.discard(Outcome.DEAD, None) == 1
        assert self.scene.desk.listed(Outcome.DEAD, limit=10) == []

    def test_a_discarded_record_survives_a_restart(self) -> None:
        """Law 16: for good."""
        (dead,) = self.dead()
        quarantined = self.scene.quarantine()
        self.scene.desk.discard(Outcome.DEAD, None)
        self.scene.desk.discard(QUARANTINED, None)
        self.scene.restart()

        assert self.scene.standing(dead, quarantined) == [Outcome.WITHHELD] * 2
        assert self.scene.drain() == []

    def test_nothing_to_replay_is_no_error(self) -> None:
        """An operator may ask for all, and there may be none."""
        desk = self.scene.desk

        assert desk.replay(QUARANTINED, None) == desk.replay(Outcome.DEAD, None) == 0
        assert desk.discard(QUARANTINED, []) == desk.discard(Outcome.DEAD, []) == 0
        assert DELIVERED.reason == ""
