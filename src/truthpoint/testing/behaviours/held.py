"""Held: what waits for its person, at the desk."""

from __future__ import annotations

from truthpoint.core.decision import Decision, Hold, Outcome, Verdict
from truthpoint.core.people import Grade, LinkRow
from truthpoint.core.views import Held

from .base import Behaviour

HOUR_MS = 3_600_000


class HeldBehaviour(Behaviour):
    """What `listed`, `replay`, `discard`, `waiting_for` and `backlog` do with held records."""

    def hold_one(self, *identifiers: tuple[str, str], hours: int = 1) -> int:
        """Capture a record and hold it; return its number."""
        record = self.scene.capture()
        self.hold_again(record, identifiers, self.scene.now_ms + hours * HOUR_MS)
        return record

    def hold_again(
        self, record: int, identifiers: tuple[tuple[str, str], ...], until_ms: int
    ) -> None:
        """Hold a record that is undecided."""
        next_person, next_operation = self.scene.store.knowledge.next_ids()
        self.scene.store.commit(
            Decision(
                records=(record,),
                verdicts=(
                    Verdict(
                        record=record,
                        outcome=Outcome.HELD,
                        reason="person_unknown_yet",
                        event="order_paid",
                    ),
                ),
                holds=(Hold(record=record, identifiers=identifiers, until_ms=until_ms),),
                next_person=next_person,
                next_operation=next_operation,
            )
        )

    def teach_link(self, kind: str, value: str, grade: Grade = Grade.ASSERTED) -> None:
        """Decide a record that links an identifier to the person 42."""
        self.teach_links((kind, value), grade=grade)

    def teach_links(self, *identifiers: tuple[str, str], grade: Grade = Grade.ASSERTED) -> None:
        """Decide a record that links identifiers to the person 42."""
        self.scene.event("42")
        (person,) = self.scene.store.knowledge.named(["42"])
        record = self.scene.capture()
        next_person, next_operation = self.scene.store.knowledge.next_ids()
        links = tuple(
            LinkRow(kind=kind, value=value, person=person.person, grade=grade, from_ms=1)
            for kind, value in identifiers
        )
        self.scene.store.commit(
            Decision(
                records=(record,),
                verdicts=(Verdict(record=record, outcome=Outcome.RECORDED, reason=""),),
                links=links,
                next_person=next_person,
                next_operation=next_operation,
            )
        )

    def held_records(self) -> list[int]:
        """Return the records that are held."""
        return [step.record for step in self.scene.desk.listed(Outcome.HELD, limit=10)]

    def undecided_records(self) -> list[int]:
        """Return the records that are undecided."""
        return [row.record for row in self.scene.store.undecided(9)]

    def test_held_records_say_until_when_and_by_which_kinds(self) -> None:
        """Law 16: each with its deadline and what could name its person; never the values."""
        first = self.hold_one(("order", "A-1"), ("email", "ana@example.org"))
        second = self.hold_one(("anonymous_id", "x"), ("anonymous_id", "y"), hours=2)
        steps = self.scene.desk.listed(Outcome.HELD, limit=10)
        until_ms = self.scene.now_ms + HOUR_MS

        assert [step.record for step in steps] == [first, second]
        assert {(step.outcome, step.reason) for step in steps} == {
            (Outcome.HELD, "person_unknown_yet")
        }
        assert [step.held for step in steps] == [
            Held(until_ms=until_ms, kinds=("email", "order")),
            Held(until_ms=until_ms + HOUR_MS, kinds=("anonymous_id",)),
        ]
        assert self.scene.step(first) == steps[0]
        assert len(self.scene.desk.listed(Outcome.HELD, limit=1)) == 1
        assert self.scene.desk.listed(Outcome.QUARANTINED, limit=10) == []

    def test_what_one_record_releases_is_decided_in_the_order_of_the_journal(self) -> None:
        """Law 7: whatever the order of its links, and of the holds."""
        first = self.hold_one(("order", "A-1"))
        second = self.hold_one(("order", "A-2"))
        third = self.hold_one(("order", "A-3"), ("order", "A-1"))
        self.teach_link("order", "A-4")
        self.scene.desk.replay(Outcome.HELD, [first])
        self.hold_again(first, (("order", "A-1"),), self.scene.now_ms + HOUR_MS)
        self.teach_links(("order", "A-3"), ("order", "A-2"), ("order", "A-1"))

        assert self.undecided_records() == [first, second, third]

    def test_the_oldest_held_record_is_told(self) -> None:
        """How long somebody has been waited for; nothing where nobody is."""
        before = self.scene.desk.backlog().oldest_held_ms
        record = self.hold_one(("order", "A-1"))
        self.hold_one(("order", "A-2"))
        found = self.scene.desk.record(record)

        assert before is None
        assert found is not None
        assert self.scene.desk.backlog().oldest_held_ms == found[0].captured_at_ms
        assert self.scene.desk.backlog().verdicts == {(Outcome.HELD, "person_unknown_yet"): 2}

    def test_a_held_record_is_found_by_what_it_carries(self) -> None:
        """Why did she not get it: her person is not known yet. As it is typed, or as it is kept."""
        first = self.hold_one(("email", "ana@example.org"), ("order", "A-1"))
        self.hold_one(("order", "A-2"))
        phone = self.hold_one(("phone", "+491701234567"))

        def found(name: str) -> list[int]:
            return [step.record for step in self.scene.desk.waiting_for(name, limit=9)]

        assert found("A-1") == found("ana@example.org") == found(" Ana@Example.org") == [first]
        assert found("+49 170 123-4567") == [phone]
        assert found("a-1") == found("A-3") == []
        assert self.scene.desk.waiting_for("A-1", limit=9)[0].held is not None

    def test_a_replayed_held_record_is_decided_again(self) -> None:
        """And held again where nothing was learned; it is no longer listed between the two."""
        record, other = self.hold_one(("order", "A-1")), self.hold_one(("order", "A-2"))

        assert self.scene.desk.replay(Outcome.HELD, [record, record, 99]) == 1
        assert self.scene.desk.replay(Outcome.HELD, [record]) == 0
        assert self.held_records() == [other]
        assert self.scene.desk.waiting_for("A-1", limit=9) == []
        assert self.scene.standing(record) == [Outcome.PENDING]
        assert self.undecided_records() == [record]

        self.hold_again(record, (("order", "A-1"),), self.scene.now_ms + HOUR_MS)

        assert self.held_records() == [record, other]
        assert self.scene.desk.replay(Outcome.HELD, None) == 2
        assert self.undecided_records() == [record, other]

    def test_a_discarded_held_record_waits_for_nobody(self) -> None:
        """Neither its deadline nor its person brings it back."""
        record, other = self.hold_one(("order", "A-1")), self.hold_one(("order", "A-2"))

        assert self.scene.desk.discard(Outcome.HELD, [record]) == 1
        assert self.scene.desk.discard(Outcome.HELD, [record]) == 0
        assert self.scene.step(record).reason == "discarded"
        assert self.scene.standing(record) == [Outcome.WITHHELD]
        assert self.held_records() == [other]

        self.teach_link("order", "A-1")
        self.scene.store.release(self.scene.now_ms + 9 * HOUR_MS)

        assert self.undecided_records() == [other]

    def test_what_is_to_be_decided_again_is_not_discarded(self) -> None:
        """Its person was found in the meantime, so it is held no more."""
        record = self.hold_one(("order", "A-1"))
        self.teach_link("order", "A-1")

        assert self.held_records() == []
        assert self.scene.desk.discard(Outcome.HELD, None) == 0
        assert self.scene.desk.discard(Outcome.HELD, [record]) == 0
        assert self.undecided_records() == [record]

    def test_held_and_quarantined_are_two_lists(self) -> None:
        """A number of one list does nothing to the other."""
        held, broken = self.hold_one(("order", "A-1")), self.scene.quarantine()

        assert self.scene.desk.replay(Outcome.QUARANTINED, [held]) == 0
        assert self.scene.desk.discard(Outcome.QUARANTINED, [held]) == 0
        assert self.scene.desk.replay(Outcome.HELD, [broken]) == 0
        assert self.scene.desk.discard(Outcome.HELD, [broken]) == 0
        assert self.scene.standing(held, broken) == [Outcome.HELD, Outcome.QUARANTINED]
