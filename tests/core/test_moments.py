"""Versions of a moment, corrections of it, who may stand in for its owner, what it closes."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from shopping import Story

from truthpoint.contract.model import Close, Contract, Event, Kind
from truthpoint.contract.rules import Correction, Fallback, OnViolation
from truthpoint.core.decision import Closing, Known, of_person
from truthpoint.core.examine import Examiner
from truthpoint.core.examined import Broken
from truthpoint.core.records import read_record
from truthpoint.testing.builders import START_MS, a_contract, a_property, line
from truthpoint.values.instants import to_iso

HOUR_MS = 3_600_000


def _shop() -> Contract:
    """The shop of the tests: orders in two versions, corrected, opened by carts."""
    contract = a_contract(
        Event(
            name="order_corrected",
            owner="backend",
            wire="order_corrected",
            key=("correction_id",),
            corrects=Correction(event="order_paid", by=("order_id",)),
            properties=(
                a_property("correction_id"),
                a_property("order_id"),
                a_property("total", Kind.MONEY),
                a_property("currency", Kind.CURRENCY),
            ),
        ),
        Event(
            name="cart_opened",
            owner="backend",
            wire="cart_opened",
            correlation="cart_id",
            properties=(a_property("cart_id", default=""),),
            stale_after_ms=HOUR_MS,
        ),
    )
    first = contract.events["order_paid"]
    second = replace(
        first,
        version=2,
        wire="order_paid_v2",
        correlation="cart_id",
        properties=(*first.properties, a_property("cart_id", default="")),
        closes=(Close(event="cart_opened", by="cart_id", skew_ms=1000, else_person=True),),
        earlier=(first,),
    )
    viewed = replace(
        contract.events["product_viewed"], fallback=Fallback(source="stripe", after_ms=HOUR_MS)
    )
    events = {**contract.events, "order_paid": second, "product_viewed": viewed}
    return replace(contract, events=events)


SHOP = Examiner(_shop())


def a_story() -> Story:
    return Story(examiner=SHOP)


def order(
    version: int, order_id: str = "A-1", *, total: str = "10.00", who: str = "42", **more: object
) -> bytes:
    return line(
        type="track",
        event="order_paid",
        version=version,
        person=who,
        at=to_iso(START_MS),
        properties={"order_id": order_id, "total": total, "currency": "USD", **more},
    )


def corrected(
    correction: str, total: str, *, at_ms: int = START_MS, who: str = "42", currency: str = "USD"
) -> bytes:
    return line(
        type="track",
        event="order_corrected",
        person=who,
        at=to_iso(at_ms),
        properties={
            "correction_id": correction,
            "order_id": "A-1",
            "total": total,
            "currency": currency,
        },
    )


def view(source: str) -> bytes:
    return line(
        type="track", event="product_viewed", person="42", source=source, properties={"sku": "s"}
    )


def cart(cart_id: str = "c-1") -> bytes:
    return line(
        type="track",
        event="cart_opened",
        person="42",
        at=to_iso(START_MS),
        properties={"cart_id": cart_id},
    )


# ------------------------------------------------------------------------------ versions


@pytest.mark.parametrize("versions", [(1, 2), (2, 1)])
def test_each_version_of_a_moment_goes_once_and_the_moment_counts_once(
    versions: tuple[int, int],
) -> None:
    """Law 14: a shop that changes over tells both; each has a wire name of its own."""
    story = a_story()
    sent = [
        one.name
        for version in (*versions, *versions)
        for one in story.tell(order(version)).operations
    ]

    names = {1: "order_paid", 2: "order_paid_v2"}
    assert [names[version] for version in versions] == sent
    assert 1 == story.known.totals[1].values["orders_count"]
    assert [("withheld", "duplicate")] == story.ended()


def test_a_version_that_says_something_else_goes_out_all_the_same() -> None:
    """It is the first of its wire name; the moment stands as it was claimed."""
    story = a_story()
    story.tell(order(1), order(2, total="11.00"))

    assert "10" == story.known.totals[1].values["lifetime_value"]
    assert 2 == len(story.decisions[0].operations)


# --------------------------------------------------------------------------- corrections


def test_a_correction_takes_the_place_of_what_it_corrects_in_totals() -> None:
    """What was sent stays; totals are computed anew, and the correction itself is sent."""
    story = a_story()
    story.tell(order(2), order(2, "A-2"))
    decision = story.tell(corrected("K-1", "4.00"))

    assert ("14", 2) == tuple(
        story.known.totals[1].values[name] for name in ("lifetime_value", "orders_count")
    )
    assert ["order_corrected"] == [one.name for one in decision.operations]
    assert [] == story.found


def test_a_correction_waits_for_a_moment_that_is_not_there_yet() -> None:
    """It is told so; the moment counts as corrected when it comes."""
    story = a_story()
    story.tell(corrected("K-1", "4.00"))
    assert ["corrected_unknown"] == story.found
    assert 1 not in story.known.totals
    story.tell(order(2))

    assert "4" == story.known.totals[1].values["lifetime_value"]


def test_a_correction_of_another_persons_moment_is_told_of_and_counts_for_its_owner() -> None:
    """Whose the order is, the order says."""
    story = a_story()
    story.tell(order(2))
    story.tell(corrected("K-1", "4.00", who="43"))

    assert ["corrected_of_another"] == story.found
    assert {1: "4"} == {
        person: totals.values["lifetime_value"] for person, totals in story.known.totals.items()
    }


def test_a_correction_in_another_currency_says_so() -> None:
    """Its amount is not in the total's currency: the moment adds nothing any more."""
    story = a_story()
    story.tell(order(2))
    story.tell(corrected("K-1", "4.00", currency="EUR"))

    assert ["currency_not_reporting"] == story.found
    assert "0" == story.known.totals[1].values["lifetime_value"]


def test_the_latest_correction_counts_whatever_the_order_of_arrival() -> None:
    """By its own time, and all in one batch as in many."""
    said = (
        order(2),
        corrected("K-1", "4.00"),
        corrected("K-2", "5.00", at_ms=START_MS + 2),
        corrected("K-3", "6.00", at_ms=START_MS + 1),
    )
    for told in permutations(said):
        story = a_story()
        for body in told:
            story.tell(body)
        whole = a_story()
        whole.tell(*told)

        assert "5" == story.known.totals[1].values["lifetime_value"]
        assert "5" == whole.known.totals[1].values["lifetime_value"]


@given(st.permutations([("K-1", "4.00"), ("K-2", "5.00"), ("K-3", "6.00")]))
def test_of_corrections_of_one_time_the_same_one_counts_in_every_order(
    said: list[tuple[str, str]],
) -> None:
    """Ties go by what they say, not by when they arrived."""
    story = a_story()
    story.tell(order(2), *(corrected(*one) for one in said))

    assert "6" == story.known.totals[1].values["lifetime_value"]


# ---------------------------------------------------------------------------- stand-ins


def test_a_source_stands_in_for_an_owner_that_never_spoke() -> None:
    """Law 6: nobody else tells of the event."""
    decision = a_story().tell(view("stripe"))

    assert ["product_viewed"] == [one.name for one in decision.operations]


@pytest.mark.parametrize(("silent_ms", "ends"), [(HOUR_MS - 1, "not_owner"), (HOUR_MS, None)])
@pytest.mark.parametrize("batches", [1, 2])
def test_a_source_stands_in_once_the_owner_has_been_silent_for_long_enough(
    silent_ms: int, ends: str | None, batches: int
) -> None:
    """Law 6: until then, what it says is counted and not sent; the owner may always speak."""
    story = a_story()
    story.tell(view("backend"))
    known: Known = story.known
    before = [replace(one, last_ms=START_MS - silent_ms) for one in known.said.values()]
    story.known = replace(known, said={(one.source, one.event): one for one in before})
    bodies = [view("stripe")] * batches
    ended = [one.reason for body in bodies for one in story.tell(body).verdicts]

    assert [ends] * batches == ended if ends else [] == ended
    assert 1 == len(story.tell(view("backend")).operations)


def test_an_owner_who_speaks_in_the_same_batch_is_not_silent() -> None:
    """Batches leave no trace."""
    story = a_story()
    story.tell(view("backend"), view("stripe"))

    assert [("withheld", "not_owner")] == story.ended()
    assert ["not_owner"] == story.found


# ------------------------------------------------------------------------------- closes


def test_a_start_knows_its_tie_and_when_it_is_too_old() -> None:
    """Law 9: both are barriers, and both are looked at again before they leave."""
    decision = a_story().tell(cart(), cart(""), order(2, cart_id="c-1"))
    tied, free, paid = decision.operations

    assert ("c-1", START_MS + HOUR_MS, True) == (tied.tie, tied.expires_at_ms, tied.barrier)
    assert (None, START_MS + HOUR_MS) == (free.tie, free.expires_at_ms)
    assert (None, 0, True) == (paid.tie, paid.expires_at_ms, paid.barrier)


def test_a_close_closes_by_its_tie_else_everything_of_its_person() -> None:
    """Law 9: with the clock's skew allowed for."""
    decision = a_story().tell(order(2, cart_id="c-1"), order(2, "A-2"))
    until_ms = START_MS + 1000

    assert (
        Closing(event="cart_opened", tie="c-1", until_ms=until_ms),
        Closing(event="cart_opened", tie=of_person(1), until_ms=until_ms),
    ) == decision.closings


def test_a_close_without_a_tie_and_without_a_person_closes_nothing() -> None:
    """Nothing says what it could close."""
    body = line(
        type="track",
        event="order_paid",
        version=2,
        person={"email": "ana@example.org"},
        properties={"order_id": "A-1", "total": "1", "currency": "USD"},
    )

    assert () == a_story().tell(body).closings


@pytest.mark.parametrize("source", ["backend", "stripe"])
def test_what_is_broken_or_not_the_owners_closes_all_the_same(source: str) -> None:
    """Law 9: that it happened is clear from its key, and nobody must be reminded then."""
    body = line(
        type="track",
        event="order_paid",
        version=2,
        person="42",
        source=source,
        at=to_iso(START_MS),
        properties={"order_id": "A-1", "total": "what", "cart_id": "c-1"},
    )
    decision = a_story().tell(body)

    assert [("c-1", START_MS + 1000)] == [(one.tie, one.until_ms) for one in decision.closings]
    assert () == decision.operations


@pytest.mark.parametrize(
    ("wrong", "at_ms"),
    [
        ({"propertys": {}}, START_MS),
        ({"at": "2026-09-21T14:13:20"}, START_MS + HOUR_MS),
        ({"at": "2099-01-01T00:00:00Z"}, START_MS + HOUR_MS),
        ({"at": "1970-01-01T00:00:00Z"}, START_MS + HOUR_MS),
        ({"type": "tracc"}, START_MS),
    ],
    ids=["key", "naive", "future", "ancient", "type"],
)
def test_what_breaks_the_form_of_records_closes_all_the_same(
    wrong: dict[str, object], at_ms: int
) -> None:
    """Law 9: also where its time cannot be read; then it had happened when it was captured."""
    record: dict[str, object] = {
        "type": "track",
        "event": "order_paid",
        "version": 2,
        "person": "42",
        "at": to_iso(START_MS),
        "properties": {"order_id": "A-1", "total": "10.00", "cart_id": "c-1"},
    }
    read = read_record(
        line(**(record | wrong)), source="backend", captured_at_ms=START_MS + HOUR_MS
    )
    broken = SHOP.examine(read)

    assert isinstance(broken, Broken)
    assert ("order_paid", at_ms) == (broken.event, broken.at_ms)
    assert [("cart_opened", "c-1")] == [(close.event, tie) for close, tie in broken.ends]


def test_a_number_that_no_memory_holds_closes_nothing() -> None:
    """A few bytes with an exponent would be written out as millions of digits."""
    body = line(
        type="track",
        event="order_paid",
        version=2,
        person="42",
        properties={"order_id": "A-1", "total": "what", "cart_id": "HUGE"},
    ).replace(b'"HUGE"', b"1e999999999999")
    story = a_story()
    story.tell(body)

    assert [("quarantined", "property_value")] == story.ended()
    assert {} == dict(story.people)


# ----------------------------------------------------------------- test mode and minimal


@pytest.mark.parametrize("takes_tests", [True, False])
def test_a_record_of_a_test_mode_has_no_effect_where_tests_are_not_taken(
    *, takes_tests: bool
) -> None:
    """Law 19: it makes no person and claims no key; elsewhere it is a record like others."""
    story = a_story()
    story.known = replace(story.known, takes_tests=takes_tests)
    body = line(
        type="track",
        event="order_paid",
        version=1,
        person="42",
        test=True,
        properties={"order_id": "A-1", "total": "1", "currency": "USD"},
    )
    decision = story.tell(body)

    assert ([] if takes_tests else [("withheld", "test")]) == story.ended()
    assert takes_tests is bool(decision.people) is bool(decision.ledger)


def test_an_event_that_breaks_its_contract_may_be_sent_as_far_as_it_is_right() -> None:
    """With the reasons kept; what makes it the same moment must be in order."""
    contract = a_contract()
    minimal = replace(contract.events["order_paid"], on_violation=OnViolation.SEND_MINIMAL)
    examiner = Examiner(replace(contract, events={**contract.events, "order_paid": minimal}))
    story = Story(examiner=examiner)
    body = line(
        type="track",
        event="order_paid",
        person="42",
        properties={"order_id": "A-1", "total": "1", "currency": "USD", "coupon": 5.5},
    )
    (operation,) = story.tell(body).operations

    assert b'"incomplete":true' in operation.attributes
    assert ["property_type"] == story.found
    story.tell(body.replace(b'"A-1"', b"true"))
    assert [("quarantined", "property_type")] == story.ended()
