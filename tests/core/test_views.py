"""What an operator sees is worked out from what is stored, and nothing is guessed."""

from __future__ import annotations

from truthpoint.core.decision import Outcome, Reason, Said
from truthpoint.core.people import Grade, LinkRow
from truthpoint.core.records import read_record
from truthpoint.core.reused import id_anew, is_reused
from truthpoint.core.views import (
    Closer,
    Step,
    hearsay,
    is_closed,
    led_to,
    names_another,
    spellings,
    tie_words,
    unsent_closer,
)
from truthpoint.testing.builders import START_MS, line


def a_link(person: int, *, kind: str = "email", grade: Grade = Grade.ASSERTED, from_ms: int = 0):
    return LinkRow(kind=kind, value="ana@example.org", person=person, grade=grade, from_ms=from_ms)


def a_step(record: int, outcome: Outcome, *, reason: str = "", event: str = "order_paid", at: int):
    return Step(record=record, at_ms=at, outcome=outcome, reason=reason, event=event)


def test_hearsay_names_everybody_who_told_an_event_that_was_withheld() -> None:
    """Law 6: what another than the owner says is counted, by source."""
    words = [
        Said(source="stripe", event="order_paid", count=2, last_ms=9),
        Said(source="backend", event="order_paid", count=5, last_ms=8),
        Said(source="backend", event="order_refunded", count=1, last_ms=7),
    ]
    (told,) = hearsay({"order_paid": 2}, words)

    assert ("order_paid", 2) == (told.event, told.withheld)
    assert ["backend", "stripe"] == [one.source for one in told.said]


def test_a_start_that_was_closed_is_told_from_one_that_was_too_old() -> None:
    """Law 9: both are withheld, for different reasons."""
    closed = a_step(1, Outcome.WITHHELD, reason=Reason.CLOSED.value, at=1)
    stale = a_step(1, Outcome.WITHHELD, reason=Reason.STALE.value, at=1)
    sent = a_step(1, Outcome.DELIVERED, at=1)

    assert [True, False, False] == [is_closed(one) for one in (closed, stale, sent)]


def test_a_tie_is_told_with_the_property_that_says_it() -> None:
    """And by itself where no property does, or the bytes cannot be read."""
    body = line(type="track", event="order_paid", properties={"cart_id": "C-1"})
    record = read_record(body, source="backend", captured_at_ms=START_MS)
    unreadable = read_record(b"{", source="backend", captured_at_ms=START_MS)

    assert "cart_id C-1" == tie_words(record, "C-1")
    assert ["C-2", "C-1"] == [tie_words(record, "C-2"), tie_words(unreadable, "C-1")]


def test_a_close_that_was_not_sent_itself_is_named_when_it_can_have_closed_the_start() -> None:
    """Law 9: a close in quarantine, or not the owner's, still closes; the latest is named."""
    start = a_step(1, Outcome.WITHHELD, event="checkout_started", at=10)
    steps = [
        a_step(2, Outcome.QUARANTINED, at=12),
        a_step(3, Outcome.WITHHELD, reason=Reason.NOT_OWNER.value, at=15),
        a_step(4, Outcome.QUARANTINED, at=5),
        a_step(5, Outcome.QUARANTINED, at=99),
        a_step(6, Outcome.DELIVERED, at=14),
        a_step(7, Outcome.QUARANTINED, event="product_viewed", at=14),
    ]

    assert Closer(record=3, event="order_paid", sent=False) == unsent_closer(
        start, 20, steps, {"order_paid"}
    )
    assert None is unsent_closer(start, 20, steps[2:], {"order_paid"})


def test_an_identifier_is_found_however_it_is_typed() -> None:
    """Law 3: emails in any case, phone numbers with marks; all else as it is."""
    assert [" Ana@Example.org", "Ana@Example.org", "ana@example.org"] == spellings(
        " Ana@Example.org"
    )
    assert ["+1 (415) 555-0123", "+14155550123"] == spellings("+1 (415) 555-0123")
    assert ["cus_9"] == spellings("cus_9")


def test_links_lead_to_one_person_or_to_nobody() -> None:
    """Law 3: by now; asserted before inferred, over all kinds of links of that name."""
    assert None is led_to([])
    assert 2 == led_to([a_link(1), a_link(2, from_ms=5)])
    assert 1 == led_to([a_link(1), a_link(2, grade=Grade.FROZEN)])
    assert 3 == led_to([a_link(3, grade=Grade.INFERRED)])
    assert None is led_to([a_link(3, grade=Grade.FROZEN)])
    assert None is led_to([a_link(1), a_link(2, kind="order")])


def test_a_record_names_another_only_by_another_canonical_id() -> None:
    """An email says nothing of the kind, and unreadable bytes neither."""

    def named(person: object) -> bool:
        body = line(type="track", event="order_paid", person=person)
        return names_another(read_record(body, source="b", captured_at_ms=START_MS), "42")

    assert [False, True, False] == [named("42"), named(43), named({"email": "a@example.org"})]
    assert not names_another(read_record(b"{", source="b", captured_at_ms=START_MS), "42")


def test_what_is_said_again_after_its_bytes_are_gone_has_an_id_of_its_own() -> None:
    """Law 20: it follows from id and content, and is no reuse of an id."""
    name = id_anew("r-1", b"{}")

    assert name == id_anew("r-1", b"{}") != id_anew("r-1", b"[]")
    assert not is_reused(name, "r-1")
