"""The journal: accepted means durable, once, and as it was said."""

from __future__ import annotations

from truthpoint.core.reused import Reused, other_id
from truthpoint.testing.builders import START_MS, a_capture

from .base import Behaviour


class JournalBehaviour(Behaviour):
    """What a journal does."""

    def test_captures_are_numbered_in_the_order_in_which_they_came(self) -> None:
        """Law 7 begins here: the numbers of the journal rise, within a call and over calls."""
        first = self.scene.journal.append([a_capture(b"a", "1"), a_capture(b"b", "2")])
        second = self.scene.journal.append([a_capture(b"c", "3")])
        numbers = [one.record for one in (*first, *second)]

        assert sorted(set(numbers)) == numbers

    def test_an_empty_call_keeps_nothing(self) -> None:
        """Nothing said, nothing kept."""
        assert self.scene.journal.append([]) == []
        assert self.scene.desk.backlog().captured == 0

    def test_a_record_comes_back_exactly_as_it_was_said(self) -> None:
        """Law 16: the original bytes are kept, whatever they are."""
        bodies = [b"", b"\x00", b"\xff\xfe not text", '{"ä": "\U0001f600"}'.encode(), b"x" * 2**20]
        captures = [a_capture(body, f"r-{n}") for n, body in enumerate(bodies)]
        self.scene.journal.append(captures)

        assert [row.body for row in self.scene.store.undecided(10)] == bodies

    def test_a_record_keeps_what_was_said_about_it(self) -> None:
        """Law 16: source, id, time of capture and contract stay with the bytes."""
        capture = a_capture(
            b"{}", "é-1", source="stripe", contract="feedbeef", captured_at_ms=START_MS + 7
        )
        number = self.scene.journal.append([capture])[0].record
        (row,) = self.scene.store.undecided(1)

        assert row.record == number
        assert (row.source, row.record_id) == ("stripe", "é-1")
        assert (row.captured_at_ms, row.contract) == (START_MS + 7, "feedbeef")
        assert not row.replayed

    def test_a_record_id_that_is_said_again_is_kept_once(self) -> None:
        """Law 5: a retry of capture is no second record; it learns the first one's number."""
        (first,) = self.scene.journal.append([a_capture(b"{}", "1")])
        (again,) = self.scene.journal.append([a_capture(b"{}", "1")])

        assert (first.repeat, first.reused) == (False, None)
        assert (again.record, again.repeat, again.reused) == (first.record, True, None)
        assert len(self.scene.store.undecided(10)) == 1

    def test_a_record_id_with_other_bytes_is_kept_under_another(self) -> None:
        """Laws 5 and 16: the first one stands, and what differs is told and not dropped."""
        (first,) = self.scene.journal.append([a_capture(b"first", "1")])
        (other,) = self.scene.journal.append([a_capture(b"other", "1")])
        kept_as = other_id("1", b"other")
        rows = self.scene.store.undecided(10)

        assert not other.repeat
        assert other.record > first.record
        assert other.reused == Reused(earlier=first.record, record_id=kept_as)
        assert [(row.record_id, row.body) for row in rows] == [("1", b"first"), (kept_as, b"other")]

    def test_the_same_other_bytes_again_are_a_repeat(self) -> None:
        """Law 5: however often and in whichever order a source says it, each content is one."""
        captures = [a_capture(body, "1") for body in (b"a", b"b", b"a", b"c", b"b", b"c", b"a")]
        appended = self.scene.journal.append(captures)
        self.scene.restart()
        again = self.scene.journal.append(captures)

        assert [one.repeat for one in appended] == [False, False, True, False, True, True, True]
        assert [one.repeat for one in again] == [True] * 7
        assert [one.record for one in again] == [one.record for one in appended]
        assert [one.reused for one in again] == [one.reused for one in appended]
        assert [row.body for row in self.scene.store.undecided(10)] == [b"a", b"b", b"c"]

    def test_an_id_that_another_record_was_kept_under_can_be_named(self) -> None:
        """Law 16: whatever a source calls its records, each content is kept."""
        taken = other_id("1", b"b")
        captures = [a_capture(b"a", "1"), a_capture(b"x", taken), a_capture(b"b", "1")]
        first, _, other = self.scene.journal.append(captures)

        assert other.reused == Reused(earlier=first.record, record_id=other_id(taken, b"b"))
        assert [row.body for row in self.scene.store.undecided(10)] == [b"a", b"x", b"b"]

    def test_a_repeat_within_one_call_is_a_repeat(self) -> None:
        """Law 5: a file that holds a line twice under one id is no different."""
        captures = [a_capture(b"a", "1"), a_capture(b"a", "1"), a_capture(b"b", "2")]
        appended = self.scene.journal.append(captures)

        assert [one.repeat for one in appended] == [False, True, False]
        assert appended[0].record == appended[1].record
        assert len(self.scene.store.undecided(10)) == 2

    def test_a_record_id_belongs_to_its_source(self) -> None:
        """Law 5: two sources may count alike."""
        appended = self.scene.journal.append(
            [a_capture(b"a", "1"), a_capture(b"a", "1", source="stripe")]
        )

        assert [one.repeat for one in appended] == [False, False]

    def test_what_was_accepted_survives(self) -> None:
        """Law 1: after a restart every record is there, and numbers go on rising."""
        before = self.scene.journal.append([a_capture(b"a", "1")])[0].record
        self.scene.restart()
        after, again = self.scene.journal.append([a_capture(b"b", "2"), a_capture(b"a", "1")])

        assert after.record > before
        assert (again.record, again.repeat) == (before, True)
        assert [row.body for row in self.scene.store.undecided(10)] == [b"a", b"b"]
