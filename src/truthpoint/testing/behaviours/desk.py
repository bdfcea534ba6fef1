"""The desk: what an operator sees is how things stand, each record once."""

from __future__ import annotations

from truthpoint.contract.model import Lane
from truthpoint.core.decision import Outcome, Reason
from truthpoint.core.outbox import Action, State
from truthpoint.core.rates import Pace
from truthpoint.findings import finding
from truthpoint.testing.builders import an_order, line
from truthpoint.testing.scene import DEAD, DELIVERED

from .base import Behaviour


class DeskBehaviour(Behaviour):
    """What `backlog`, `person`, `events`, `listed` and `record` show."""

    def test_an_empty_store_has_an_empty_backlog(self) -> None:
        """The desk opens before anything happened."""
        backlog = self.scene.desk.backlog()

        assert (backlog.captured, backlog.undecided, backlog.people) == (0, 0, 0)
        assert sum(backlog.operations.values()) == 0
        assert backlog.verdicts == {}
        assert backlog.oldest_open_ms is None

    def test_every_record_is_counted_once(self) -> None:
        """Law 16: exactly one outcome each; what is counted adds up to what was captured."""
        self.scene.meet("42")
        self.scene.event("42", "A-1")
        self.scene.settle(self.scene.turn(), DEAD)
        self.scene.event("42", "A-2")
        self.scene.withhold("A-1")
        quarantined, replayed = self.scene.quarantine(), self.scene.quarantine()
        self.scene.desk.replay(Outcome.QUARANTINED, [replayed])
        self.scene.capture()
        backlog = self.scene.desk.backlog()

        assert backlog.captured == 7
        assert backlog.undecided == 2
        assert backlog.operations[State.DELIVERED] == 1
        assert backlog.operations[State.DEAD] == 1
        assert backlog.operations[State.READY] == 1
        assert backlog.verdicts == {
            (Outcome.WITHHELD, "duplicate"): 1,
            (Outcome.QUARANTINED, "person_unresolved"): 1,
        }
        assert self.scene.standing(quarantined, replayed) == [
            Outcome.QUARANTINED,
            Outcome.PENDING,
        ]

    def test_the_oldest_open_operation_is_told(self) -> None:
        """The lag is that of what waits longest, on its way or not."""
        first, second = self.scene.event("42"), self.scene.event("43")
        backlog = self.scene.desk.backlog()

        assert backlog.people == 2
        assert backlog.oldest_open_ms == first.at_ms

        for turn in self.scene.turns(operations=1):
            self.scene.settle(turn)
        (turn,) = self.scene.turns(operations=1)

        assert self.scene.desk.backlog().operations[State.LEASED] == 1
        assert self.scene.desk.backlog().oldest_open_ms == first.at_ms

        self.scene.settle(turn)

        assert self.scene.desk.backlog().oldest_open_ms == second.at_ms

        self.scene.drain()

        assert self.scene.desk.backlog().oldest_open_ms is None

    def test_a_delivered_record_tells_its_story(self) -> None:
        """Law 16: what left, as what, how often, when."""
        operation = self.scene.event("42", lane=Lane.CRITICAL)
        self.scene.drain()
        found = self.scene.desk.record(operation.record)

        assert found is not None

        row, step, findings = found

        assert row.record == step.record == operation.record
        assert (row.source, row.record_id) == (step.source, step.record_id) == ("backend", "r-1")
        assert findings == ()
        assert (step.outcome, step.reason) == (Outcome.DELIVERED, "")
        assert (step.action, step.event) == (Action.EVENT, "order_paid")
        assert (step.operation, step.event_id) == (operation.id, operation.event_id)
        assert (step.attempts, step.settled_at_ms) == (1, self.scene.now_ms)
        assert step.at_ms == operation.at_ms

    def test_a_record_keeps_its_bytes_and_reasons_at_the_desk(self) -> None:
        """Law 16: what breaks the contract is shown as it was said, with every reason."""
        body = b'\xff{"person": broken'
        reasons = (finding("not_text", "Byte 1 of the line is not UTF-8."),)
        record = self.scene.quarantine(self.scene.capture(body), findings=reasons)
        found = self.scene.desk.record(record)

        assert found is not None
        assert found[0].body == body
        assert found[2] == reasons
        assert (found[1].action, found[1].operation, found[1].event_id) == (None, None, "")

    def test_an_undecided_record_is_pending(self) -> None:
        """Law 16: accepted, and not yet decided."""
        record = self.scene.capture()

        assert self.scene.step(record).outcome is Outcome.PENDING

    def test_a_record_that_does_not_exist_is_none(self) -> None:
        """A wrong number is no error of ours."""
        assert self.scene.desk.record(1) is None

    def test_a_timeline_holds_everything_of_its_person_and_nothing_else(self) -> None:
        """What was sent and what was withheld, newest last."""
        self.scene.identify("42")
        self.scene.event("43")
        self.scene.event("42", "A-1", counted=True)
        self.scene.withhold("A-1", reason=Reason.CONFLICT)
        self.scene.drain()
        view = self.scene.desk.person("42", limit=10)

        assert view is not None
        assert (view.row.canonical_id, view.row.identified) == ("42", True)
        assert view.totals is not None
        assert view.totals.version == view.totals.sent_version == 1
        assert [step.record for step in view.steps] == [1, 3, 4]
        assert [step.outcome for step in view.steps] == [
            Outcome.DELIVERED,
            Outcome.DELIVERED,
            Outcome.WITHHELD,
        ]
        assert view.steps[-1].reason == "conflict"

    def test_a_timeline_that_is_cut_shows_the_latest(self) -> None:
        """What happened last is what is asked about."""
        for _ in range(5):
            self.scene.event("42")
        view = self.scene.desk.person("42", limit=2)

        assert view is not None
        assert [step.record for step in view.steps] == [4, 5]
        assert view.totals is None

    def test_nobody_goes_by_an_unknown_id(self) -> None:
        """None, and not a person made up for the question."""
        self.scene.event("42")

        assert self.scene.desk.person("4", limit=10) is None
        assert self.scene.desk.backlog().people == 1

    def test_a_keys_value_finds_the_claim_and_its_repeats(self) -> None:
        """Where is my order: the record that claimed it, and all that said it again."""
        self.scene.meet("42")
        claim = self.scene.event("42", "A-1")
        self.scene.event("42", "A-10")
        self.scene.event("42", "a-1")
        repeat = self.scene.withhold("A-1")
        conflict = self.scene.withhold("A-1", reason=Reason.CONFLICT)
        found = self.scene.desk.events("A-1", event=None, limit=10)

        assert [step.record for step in found] == [claim.record, repeat, conflict]
        assert self.scene.desk.events("A", event=None, limit=10) == []

    def test_a_key_of_several_values_is_found_by_each(self) -> None:
        """A cycle of a subscription is found by the subscription and by the cycle."""
        other = self.scene.event("42", "7")
        claim = self.scene.event("42", "S-1", "7")
        repeat = self.scene.withhold("S-1", "7")
        by_first = self.scene.desk.events("S-1", event=None, limit=10)
        by_second = self.scene.desk.events("7", event=None, limit=10)

        assert [step.record for step in by_first] == [claim.record, repeat]
        assert [step.record for step in by_second] == [other.record, claim.record, repeat]

    def test_events_that_are_cut_show_the_latest(self) -> None:
        """Newest last, and the newest stay."""
        self.scene.event("42", "A-1")
        repeats = [self.scene.withhold("A-1") for _ in range(4)]
        by_key = self.scene.desk.events("A-1", event=None, limit=2)
        by_name = self.scene.desk.events(None, event="order_paid", limit=2)
        every = self.scene.desk.events(None, event=None, limit=2)

        assert [step.record for step in by_key] == repeats[-2:]
        assert [step.record for step in by_name] == repeats[-2:]
        assert [step.record for step in every] == repeats[-2:]

    def test_events_are_found_by_name(self) -> None:
        """Sent, withheld or quarantined; an identify is no event."""
        self.scene.identify("42")
        event = self.scene.event("42", "A-1")
        repeat = self.scene.withhold("A-1")
        quarantined = self.scene.quarantine()
        records = [event.record, repeat, quarantined]

        by_name = self.scene.desk.events(None, event="order_paid", limit=10)
        every = self.scene.desk.events(None, event=None, limit=10)

        assert [step.record for step in by_name] == records
        assert [step.record for step in every] == records
        assert {step.event for step in every} == {"order_paid"}
        assert self.scene.desk.events(None, event="order_lost", limit=10) == []
        assert self.scene.desk.events("A-1", event="order_lost", limit=10) == []
        assert len(self.scene.desk.events("A-1", event="order_paid", limit=10)) == 2

    def test_an_unreadable_record_happened_when_it_was_captured(self) -> None:
        """What says no time has the time of its capture; what says one has that."""
        unreadable = self.scene.quarantine(self.scene.capture(b"not json"))
        told = line(type="track", event="order_paid", at="2026-09-21T00:00:00+02:00")
        readable = self.scene.quarantine(self.scene.capture(told))

        assert self.scene.step(unreadable).at_ms == self.scene.now_ms
        assert self.scene.step(readable).at_ms == 1_789_941_600_000

    def test_quarantined_and_dead_records_are_listed_oldest_first(self) -> None:
        """What an operator works through, from its beginning."""
        self.scene.meet("42")
        first, second = self.scene.quarantine(), self.scene.quarantine()
        dead, alive, late = (self.scene.event("42") for _ in range(3))
        self.scene.settle_each(self.scene.turn(), DEAD, DELIVERED, DEAD)
        quarantined = self.scene.desk.listed(Outcome.QUARANTINED, limit=10)
        listed = self.scene.desk.listed(Outcome.DEAD, limit=10)

        assert [step.record for step in quarantined] == [first, second]
        assert [step.record for step in listed] == [dead.record, late.record]
        assert {step.reason for step in listed} == {DEAD.reason}
        assert len(self.scene.desk.listed(Outcome.QUARANTINED, limit=1)) == 1
        assert self.scene.desk.listed(Outcome.DEAD, limit=1)[0].record == dead.record
        assert self.scene.standing(alive) == [Outcome.DELIVERED]

    def test_a_repeat_says_of_which_record_and_whether_it_names_somebody_else(self) -> None:
        """One order number of two people is a key that is too coarse, or a wrong one."""
        first = self.scene.event("42", "A-1")
        same = self.scene.withhold("A-1", body=an_order("42", "A-1"))
        other = self.scene.withhold("A-1", body=an_order(43, "A-1"))
        keyless = self.scene.withhold(reason=Reason.NOT_OWNER, body=an_order("43", "A-2"))
        steps = [self.scene.step(one) for one in (first.record, same, other, keyless)]

        assert [step.repeats for step in steps] == [None, first.record, first.record, None]
        assert [step.other_person for step in steps] == [False, False, True, False]

    def test_rates_are_of_the_last_minute(self) -> None:
        """What was captured by its time, what was delivered as the worker last wrote it down."""
        for seconds_ago in (300, 200, 61, 60, 30, 1):
            self.scene.capture(captured_at_ms=self.scene.now_ms - seconds_ago * 1000)
        before = self.scene.desk.rates(self.scene.now_ms)
        minute_ago_ms = self.scene.now_ms - 60_000
        for delivered in (1, 30):
            self.scene.store.keep_pace(
                Pace(delivered=delivered, from_ms=minute_ago_ms, until_ms=self.scene.now_ms)
            )
        after = self.scene.desk.rates(self.scene.now_ms)

        assert before.captured_per_second == after.captured_per_second == 3 / 60
        assert (before.delivered_per_second, after.delivered_per_second) == (0.0, 0.5)

    def test_an_empty_store_has_no_rates(self) -> None:
        """Nothing comes and nothing goes."""
        found = self.scene.desk.rates(self.scene.now_ms)

        assert (found.captured_per_second, found.delivered_per_second) == (0.0, 0.0)
