"""Decided: a batch is written whole, once, in order, or not at all."""

from __future__ import annotations

from truthpoint.core.decision import LedgerRow, Outcome, Verdict
from truthpoint.core.outbox import Standing, Totals
from truthpoint.core.people import by_id
from truthpoint.core.texts import key_text
from truthpoint.errors import LeaseLost
from truthpoint.findings import Where, finding
from truthpoint.testing.builders import START_MS
from truthpoint.testing.scene import DELIVERED

from .base import Behaviour, refused


class DecidedBehaviour(Behaviour):
    """What `undecided`, `known`, `totals`, `next_ids` and `commit` do."""

    def test_records_are_undecided_until_their_decision_is_committed(self) -> None:
        """Law 16: a crash between accepted and decided repeats work and loses none."""
        numbers = [self.scene.capture() for _ in range(3)]

        assert [row.record for row in self.scene.store.undecided(2)] == numbers[:2]
        assert [row.record for row in self.scene.store.undecided(9)] == numbers

        self.scene.die()

        assert [row.record for row in self.scene.store.undecided(9)] == numbers

        self.scene.quarantine(*numbers[:2])

        assert [row.record for row in self.scene.store.undecided(9)] == numbers[2:]

        self.scene.restart()

        assert [row.record for row in self.scene.store.undecided(9)] == numbers[2:]

    def test_records_that_are_large_come_a_few_at_a_time(self) -> None:
        """A batch is bounded by its bytes as well as by its number, and one always comes."""
        numbers = [self.scene.capture(b"x" * size) for size in (40, 60, 1, 500, 10, 90)]

        def taken(limit: int, limit_bytes: int) -> list[int]:
            rows = self.scene.store.undecided(limit, limit_bytes=limit_bytes)
            return [row.record for row in rows]

        assert taken(9, 100) == numbers[:2]
        assert taken(9, 99) == numbers[:1]
        assert taken(9, 39) == taken(9, 0) == numbers[:1]
        assert taken(1, 100) == numbers[:1]
        assert taken(9, 701) == numbers
        assert taken(9, 700) == numbers[:5]

        self.scene.quarantine(*numbers[:3])

        assert taken(9, 100) == numbers[3:4]
        assert self.scene.desk.replay(Outcome.QUARANTINED, numbers[:2]) == 2
        assert taken(9, 99) == numbers[:1]
        assert taken(9, 100) == numbers[:2]
        assert taken(9, 600) == [*numbers[:2], numbers[3]]
        assert taken(2, 600) == numbers[:2]

    def test_a_decision_is_not_written_twice(self) -> None:
        """Law 5: a repeated decision writes nothing new."""
        record = self.scene.quarantine()

        refused(LeaseLost, self.scene.quarantine, record)
        assert self.scene.desk.backlog().verdicts == {(Outcome.QUARANTINED, "person_unresolved"): 1}

    def test_a_decision_that_skips_a_record_is_refused(self) -> None:
        """Law 16: no record is passed over; and what is refused writes nothing."""
        first, second = self.scene.capture(), self.scene.capture()
        person = by_id(1, "42")

        refused(LeaseLost, self.scene.commit, second, people=(person,))
        refused(LeaseLost, self.scene.commit, second, first, people=(person,))
        refused(LeaseLost, self.scene.commit, first, second, second + 1, people=(person,))
        assert self.knowledge.named(["42"]) == []
        assert self.knowledge.next_ids() == (1, 1)
        assert [row.record for row in self.scene.store.undecided(9)] == [first, second]

    def test_everything_of_a_decision_comes_back_as_it_was_written(self) -> None:
        """Laws 3, 5, 10: people, ledger rows and totals are what the next decision builds on."""
        record = self.scene.capture()
        person = by_id(7, "42", identified=True)
        full = LedgerRow(
            event="order_paid",
            key='["A-1","é"]',
            person=7,
            at_ms=START_MS,
            record=record,
            operation=3,
            compare=b"\x00\xff345678",
            correlation="cart-1",
            contributions={"lifetime_value": "-10.50"},
        )
        bare = LedgerRow(
            event="order_refunded",
            key='["A-1"]',
            person=7,
            at_ms=START_MS,
            record=record,
            operation=4,
        )
        values: dict[str, object] = {"orders_count": 2, "lifetime_value": "0.10"}
        totals = Totals(person=7, version=2, changed_by=4, values=values)
        self.scene.commit(record, people=(person,), ledger=(full, bare), totals=(totals,))
        self.scene.restart()
        keys = [("order_paid", full.key), ("order_refunded", bare.key)]
        people, rows = self.knowledge.named(["42"]), self.knowledge.ledger(keys)

        assert people == [person]
        assert sorted(rows, key=lambda row: row.event) == [full, bare]
        assert self.knowledge.totals([7]) == [totals]
        assert self.knowledge.next_ids() == (8, 1)

    def test_what_is_not_known_is_left_out(self) -> None:
        """Law 3: nobody is made up, and one key is not taken for another."""
        self.scene.event("42", "A-1")
        event, key = "order_paid", '["A-1"]'
        wrong = [
            ("order_refunded", key),
            (event, '["A"]'),
            (event, '["A-1","B"]'),
            (event, '["a-1"]'),
        ]

        assert self.knowledge.named(["4", "422", "42 "]) == []
        assert self.knowledge.ledger(wrong) == []
        assert self.knowledge.named([]) == []
        assert self.knowledge.ledger([]) == []
        assert self.knowledge.totals([1, 99]) == []
        assert len(self.knowledge.ledger([(event, key)])) == 1

    def test_ids_and_keys_of_any_characters_are_found_again(self) -> None:
        """Laws 3 and 5: a character that means something to the store means nothing in them."""
        odd = ['"', "'", "\\", "%", "a,b", "[]", "\t", "\u2028", "\ufffe", "é", "\U0010ffff", " "]
        keys = [*odd, "\0", "a\0b", "\x7f"]
        for who in odd:
            self.scene.event(f"4{who}2")
        for key in keys:
            self.scene.event("42", key, key)
        claimed = [("order_paid", key_text((key, key))) for key in keys]
        people = self.knowledge.named([f"4{who}2" for who in odd])
        rows = self.knowledge.ledger(claimed)

        assert sorted(str(one.canonical_id) for one in people) == sorted(f"4{who}2" for who in odd)
        assert sorted((row.event, row.key) for row in rows) == sorted(claimed)

    def test_a_decision_does_not_change_how_a_person_stands(self) -> None:
        """Law 4: a decision knows people as they stood before; only settling changes that."""
        self.scene.meet("42")
        self.scene.identify("42")
        (person,) = self.knowledge.named(["42"])

        assert person.standing is Standing.KNOWN
        assert person.identified

    def test_a_decision_does_not_change_what_was_told_of_totals(self) -> None:
        """Law 10: a decision made before totals were sent cannot make them unsent."""
        self.scene.meet("42")
        self.scene.event("42", counted=True)
        self.scene.drain()
        told = self.knowledge.totals([1])[0]
        self.scene.event("42", counted=True)
        changed = self.knowledge.totals([1])[0]

        assert (told.sent_version, told.version) == (1, 1)
        assert (changed.sent_version, changed.version) == (1, 2)
        assert changed.wire_at_s == told.wire_at_s > 0

    def test_findings_and_verdicts_are_kept_with_their_record(self) -> None:
        """Law 16: every reason is kept, also of a record that is delivered."""
        reasons = (
            finding("person_unresolved", "It carries no id.", where=Where(path="person.id")),
            finding("property_unknown", "2 properties are not declared.", fix="Declare them."),
        )
        quarantined = self.scene.quarantine(findings=reasons)
        found = self.scene.desk.record(quarantined)

        assert found is not None
        assert found[2] == reasons
        assert (found[1].outcome, found[1].reason) == (Outcome.QUARANTINED, "person_unresolved")

    def test_a_record_without_an_operation_has_its_verdict(self) -> None:
        """Law 16: one outcome, recorded, also for what is never sent."""
        record = self.scene.capture()
        verdict = Verdict(record=record, outcome=Outcome.WITHHELD, reason="not_owner")
        self.scene.commit(record, verdicts=(verdict,))

        assert self.scene.step(record).outcome is Outcome.WITHHELD
        assert self.scene.step(record).reason == "not_owner"
        assert self.scene.turns() == []

    def test_people_whom_only_a_verdict_names_have_no_turn(self) -> None:
        """A queue holds those who have something to send, and nobody else."""
        self.scene.meet("42")
        self.scene.withhold("A-1")

        assert self.scene.turns() == []
        assert self.scene.store.next_due_ms() is None

    def test_ids_go_on_where_they_were(self) -> None:
        """Law 7: operation ids rise with the journal, over restarts."""
        first = self.scene.event("42")
        self.scene.restart()
        second = self.scene.event("43")

        assert second.id > first.id
        assert second.person > first.person

    def test_what_is_decided_while_a_person_is_away_comes_behind(self) -> None:
        """Law 7: the queue grows at its end."""
        self.scene.meet("42")
        first = self.scene.event("42")
        turn = self.scene.turn()
        second = self.scene.event("42")

        assert self.scene.turns() == []

        self.scene.settle(turn, DELIVERED)

        assert self.scene.drain() == [f"42 #{second.id}"]
        assert self.scene.standing(first, second) == [Outcome.DELIVERED] * 2
