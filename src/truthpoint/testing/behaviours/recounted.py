"""Recounted: what waits in totals comes due, and totals can be compared with the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.core.decision import Decision, Joined
from truthpoint.core.outbox import Totals
from truthpoint.findings import finding
from truthpoint.testing.builders import START_MS

from .base import Behaviour

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.core.decision import LedgerRow
    from truthpoint.findings import Finding


class RecountedBehaviour(Behaviour):
    """Law 10, between the decisions of records."""

    def decide(
        self,
        *totals: Totals,
        corrected: tuple[LedgerRow, ...] = (),
        joined: tuple[Joined, ...] = (),
        findings: Mapping[int, tuple[Finding, ...]] | None = None,
    ) -> None:
        """Commit a decision that settles no record."""
        next_person, next_operation = self.knowledge.next_ids()
        self.scene.store.commit(
            Decision(
                records=(),
                totals=totals,
                corrected=corrected,
                joined=joined,
                findings=findings or {},
                next_person=next_person,
                next_operation=next_operation,
            )
        )

    def waits(self, person: int, *due_ms: int, version: int = 9) -> Totals:
        """Return totals in which something waits until these times."""
        pending = [["kept", "paid", "[]", "refunded", "[]", "-1", "", one] for one in due_ms]
        values: dict[str, object] = {"kept": "0"}
        if pending:
            values[":pending"] = pending
        return Totals(person=person, version=version, changed_by=1, values=values)

    def overdue(self, now_ms: int, limit: int = 9) -> list[int]:
        """Return in whose totals something has waited long enough."""
        return [one.person for one in self.knowledge.overdue(now_ms, limit=limit)]

    def test_totals_in_which_nothing_waits_are_never_overdue(self) -> None:
        """Law 10: most totals wait for nothing."""
        self.scene.event("42", counted=True)

        assert self.overdue(2**53) == []

    def test_totals_are_overdue_from_the_moment_on_until_which_they_wait(self) -> None:
        """Law 10: the longest overdue first, and no more than asked for."""
        for who in ("41", "42", "43", "44"):
            self.scene.event(who)
        self.decide(
            self.waits(1, START_MS + 2, START_MS + 30),
            self.waits(2, START_MS + 1),
            self.waits(3, START_MS + 40),
            self.waits(4),
        )

        assert self.overdue(START_MS) == []
        assert self.overdue(START_MS + 1) == [2]
        assert self.overdue(START_MS + 39) == [2, 1]
        assert self.overdue(START_MS + 39, limit=1) == [2]

        self.scene.restart()

        assert self.overdue(START_MS + 40) == [2, 1, 3]
        assert (
            self.knowledge.overdue(START_MS + 1, limit=1)[0].values
            == self.waits(2, START_MS + 1).values
        )

    def test_totals_are_overdue_for_as_long_as_something_waits_in_them(self) -> None:
        """Law 10: what was counted waits no longer."""
        self.scene.event("42")
        self.decide(self.waits(1, START_MS))
        self.decide(self.waits(1, START_MS + 5, version=10))

        assert self.overdue(START_MS + 4) == []
        assert self.overdue(START_MS + 5) == [1]

        self.decide(self.waits(1, version=11))

        assert self.overdue(2**53) == []

    def test_totals_of_who_became_part_of_somebody_are_not_overdue(self) -> None:
        """Law 3: what they waited for waits in the other's totals."""
        self.scene.event("42")
        self.scene.event("43")
        self.decide(self.waits(1, START_MS), self.waits(2, START_MS))
        self.decide(self.waits(1, START_MS, version=10), joined=(Joined(into=1, gone=2),))

        assert self.overdue(START_MS) == [1]

    def test_totals_that_no_record_changed_are_sent(self) -> None:
        """Law 10: as all others are, with their latest value."""
        self.scene.meet("42")
        self.scene.event("42", counted=True)
        self.scene.drain()
        self.decide(self.waits(1))

        assert self.scene.drain() == ["42 totals 9"]

    def test_a_moment_that_was_corrected_is_another_in_all_but_its_key(self) -> None:
        """Law 10: a later correction of the same moment is the one that is kept."""
        operation = self.scene.event("42", "A-1")
        (row,) = self.knowledge.moments([1])
        other = replace(
            row,
            at_ms=row.at_ms + 7,
            record=row.record + 1,
            operation=operation.id + 1,
            compare=b"",
            correlation="latest",
            contributions={"lifetime_value": "7", ":itself": {"lifetime_value": "10.50"}},
        )
        self.decide(corrected=(other,))

        assert self.knowledge.moments([1]) == [other]
        assert self.knowledge.ledger([(row.event, row.key)]) == [other]

        self.scene.restart()

        assert self.knowledge.moments([1]) == [other]

    def test_what_is_found_later_stands_behind_what_was_found(self) -> None:
        """Law 16: a record's findings are all of its reasons."""
        told, late = finding("attribute_missing", "]"), finding("awaited_missing", "[")
        record = self.scene.quarantine(findings=(told,))
        plain = self.scene.quarantine()
        self.decide(findings={record: (late, late), plain: (late,)})

        def found(number: int) -> tuple[Finding, ...]:
            known = self.scene.desk.record(number)
            assert known is not None
            return known[2]

        assert found(record) == (told, late, late)
        assert found(plain) == (late,)

    def test_people_come_in_the_order_of_their_keys(self) -> None:
        """Everybody once, however many come at a time."""
        for who in ("44", "42", "43"):
            self.scene.event(who)

        with self.knowledge.snapshot():
            pages = [self.knowledge.people_after(after, limit=2) for after in (0, 2, 3)]

        assert [[one.canonical_id for one in page] for page in pages] == [["44", "42"], ["43"], []]
