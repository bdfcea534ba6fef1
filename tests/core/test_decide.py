"""The decision of a batch, story by story."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from bad_records import CASES, CONTRACT, Case
from deciding import EMPTY, EXAMINER, RICH, after, one_batch, rows, run
from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.core.decide import decide
from truthpoint.core.decision import LedgerRow, Outcome, Verdict
from truthpoint.core.examine import Examiner
from truthpoint.core.outbox import Action, Operation, Standing, Totals
from truthpoint.core.people import by_id
from truthpoint.core.plan import plan
from truthpoint.core.texts import key_text
from truthpoint.testing.builders import START_MS, a_contract, an_identify, an_order, line
from truthpoint.values.event_id import event_id
from truthpoint.values.instants import to_iso


def reasons(verdicts: tuple[Verdict, ...]) -> list[tuple[int, str, str]]:
    return [(one.record, one.outcome.value, one.reason) for one in verdicts]


def a_view(person: str = "42", sku: str = "s-1") -> bytes:
    return line(
        type="track",
        event="product_viewed",
        person={"id": person},
        at=to_iso(START_MS),
        properties={"sku": sku},
    )


def points(grant: object = 1, at_ms: int = START_MS, **told: object) -> bytes:
    return line(
        type="track",
        event="points_given",
        person="42",
        at=to_iso(at_ms),
        properties={"grant": grant, "points": 5, **told},
    )


def test_an_order_becomes_a_person_a_ledger_row_totals_and_one_operation() -> None:
    """Everything that one moment changes, whole."""
    decision = one_batch(an_order(total="10.50"))
    ulid = event_id("acme", "order_paid", ["A-1"])

    assert (by_id(1, "42"),) == decision.people
    assert (
        Operation(
            id=1,
            person=1,
            record=1,
            lane=Lane.CRITICAL,
            action=Action.EVENT,
            event="order_paid",
            name="order_paid",
            event_id=ulid,
            at_ms=START_MS,
            attributes=b'{"order_id":"A-1","total":10.50,"currency":"USD","coupon":"",'
            b'"event_id":"%b"}' % ulid.encode(),
            barrier=False,
        ),
    ) == decision.operations
    assert (
        LedgerRow(
            event="order_paid",
            key='["A-1"]',
            person=1,
            at_ms=START_MS,
            record=1,
            operation=1,
            compare=sha256(b'["10.5","USD"]').digest()[:8],
            contributions={"lifetime_value": "10.5"},
        ),
    ) == decision.ledger
    assert (
        Totals(
            person=1,
            version=1,
            changed_by=1,
            values={
                "orders_count": 1,
                "lifetime_value": "10.5",
                "first_order_at": START_MS,
                "last_order_at": START_MS,
            },
        ),
    ) == decision.totals
    assert ((), {}, (1,)) == (decision.verdicts, decision.findings, decision.records)
    assert (2, 2) == (decision.next_person, decision.next_operation)


def test_a_repeat_is_a_duplicate_whoever_sends_it_and_whenever() -> None:
    """Law 5: other record ids, another batch, another writing of the same values."""
    again = json.dumps(
        {
            "type": "track",
            "event": "order_paid",
            "person": 42,
            "at": to_iso(START_MS - 60_000),
            "properties": {"currency": "USD", "total": 10, "order_id": "A-1", "coupon": "X"},
        }
    ).encode()
    told = run(rows(an_order(), again, an_order()), cuts=[2])

    assert [(2, "withheld", "duplicate"), (3, "withheld", "duplicate")] == [
        one for decision in told.decisions for one in reasons(decision.verdicts)
    ]
    assert [1, 0] == [len(decision.operations) for decision in told.decisions]
    assert (1, 1) == (told.known.totals[1].version, len(told.known.ledger))
    assert [("A repeat of record 1.")] == [one.evidence for one in told.decisions[1].findings[3]]


def test_a_repeat_that_says_something_else_is_a_conflict() -> None:
    """Law 5: kept, reported, not sent; what it differs in is named, without its values."""
    decision = one_batch(an_order(), an_order(total="11.00"))

    assert (
        Verdict(
            record=2,
            outcome=Outcome.WITHHELD,
            reason="conflict",
            event="order_paid",
            person=1,
            key='["A-1"]',
        ),
    ) == decision.verdicts
    assert ["It differs from record 1 in what it says of `total`, `currency`."] == [
        one.evidence for one in decision.findings[2]
    ]
    assert (1, "10") == (
        decision.totals[0].version,
        decision.totals[0].values["lifetime_value"],
    )


def test_a_repeat_about_somebody_else_makes_no_person_of_them() -> None:
    """A repeated decision writes nothing new."""
    decision = one_batch(an_order("42"), an_order("43"))

    assert [(2, "withheld", "duplicate")] == reasons(decision.verdicts)
    assert ["42"] == [one.canonical_id for one in decision.people]


def test_rows_from_before_the_contract_compared_anything_are_no_conflict() -> None:
    """What was not written down cannot differ."""
    contract = a_contract()
    paid = replace(contract.events["order_paid"], compare=())
    without = Examiner(replace(contract, events={**contract.events, "order_paid": paid}))
    before = run(rows(an_order()), examiner=without).known
    later = run(rows(an_order(total="99"), first=2), known=before).decisions[0]
    back = run(rows(an_order()), examiner=EXAMINER).known
    earlier = run(rows(an_order(total="99"), first=2), known=back, examiner=without).decisions[0]

    assert [(2, "withheld", "duplicate")] == reasons(later.verdicts)
    assert [(2, "withheld", "duplicate")] == reasons(earlier.verdicts)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_quarantined_changes_nothing_but_its_own_outcome(case: Case) -> None:
    """Law 5: it claims no key and makes no person; the reason is its first error."""
    decision = one_batch(case.body, examiner=Examiner(CONTRACT))

    assert ((), (), (), ()) == (
        decision.people,
        decision.ledger,
        decision.totals,
        decision.operations,
    )
    (verdict,) = decision.verdicts
    errors = [one.code for one in decision.findings[1] if one.severity == "error"]
    assert (Outcome.QUARANTINED, errors[0]) == (verdict.outcome, verdict.reason)


def test_the_first_valid_record_claims_the_key() -> None:
    """Law 5: a broken one before it, and one that is not the owner's, leave the key free."""
    not_the_owners = json.dumps({**json.loads(an_order()), "source": "stripe"}).encode()
    decision = one_batch(an_order(total="x"), not_the_owners, an_order(), an_order(total="x"))

    assert [
        (1, "quarantined", "property_value"),
        (2, "withheld", "not_owner"),
        (4, "quarantined", "property_value"),
    ] == reasons(decision.verdicts)
    assert [3] == [one.record for one in decision.ledger]
    assert ["order_paid"] * 3 == [one.event for one in decision.verdicts]


def test_an_event_without_key_is_a_moment_every_time() -> None:
    """Law 5: its id comes from source and record id, and no ledger row is written."""
    told = run(rows(a_view(), a_view()), cuts=[1])
    operations = [one for decision in told.decisions for one in decision.operations]

    assert [event_id("acme", "product_viewed", ["backend", f"r{n}"]) for n in (1, 2)] == [
        one.event_id for one in operations
    ]
    assert (({}, {})) == (told.known.ledger, told.known.totals)
    assert [Lane.LIVE, Lane.LIVE] == [one.lane for one in operations]


def test_a_key_may_hold_the_time_and_a_large_number() -> None:
    """`at` counts in unix seconds, as on the wire; numbers are whole decimal text."""
    told = run(
        rows(points(10**15), points(10**15, START_MS + 999), points(10**15, START_MS + 1000)),
        examiner=RICH,
    )

    assert [
        ("points_given", '["1000000000000000","1790000000"]'),
        ("points_given", '["1000000000000000","1790000001"]'),
    ] == list(told.known.ledger)


@pytest.mark.parametrize(("given", "kept"), [({}, None), ({"cart_id": "c-1"}, "c-1")])
def test_what_ties_a_moment_to_its_siblings_is_kept(
    given: dict[str, object], kept: str | None
) -> None:
    """An empty text ties to nothing."""
    decision = one_batch(points(**given), examiner=RICH)

    assert kept == decision.ledger[0].correlation


def test_a_first_identify_goes_alone_and_later_ones_only_with_identifiers() -> None:
    """Law 7: creating a person, and changing an identifier, are barriers."""
    decision = one_batch(
        an_identify(region="x", email="ana@example.org"),
        an_identify(region="y"),
        an_identify(email="eva@example.org"),
        an_identify("43", region="z"),
    )

    assert [True, False, True, True] == [one.barrier for one in decision.operations]
    assert [Lane.LIVE] * 4 == [one.lane for one in decision.operations]
    assert b'{"region":"y"}' == decision.operations[1].attributes
    assert [True, True] == [one.identified for one in decision.people]


def test_only_the_first_identify_misses_what_is_required() -> None:
    """Law 4: a missing required attribute is a finding, and blocks nothing."""
    told = run(rows(an_identify(region="x"), an_identify(region="y"), an_order()), cuts=[1])

    assert [["attribute_missing"], []] == [
        [one.code for found in decision.findings.values() for one in found]
        for decision in told.decisions
    ]
    assert [1, 2] == [len(decision.operations) for decision in told.decisions]


def test_a_person_first_met_by_an_order_still_misses_attributes_at_the_first_identify() -> None:
    """What counts is the first identify, not the first record."""
    decision = one_batch(an_order(), an_identify(region="x"))

    assert ["attribute_missing"] == [one.code for one in decision.findings[2]]
    assert (True, Standing.UNKNOWN) == (
        decision.people[0].identified,
        decision.people[0].standing,
    )


def test_how_a_person_stands_is_kept_by_a_decision() -> None:
    """Only what was settled changes it."""
    known = replace(
        EMPTY,
        people=[replace(by_id(7, "42"), standing=Standing.REFUSED)],
        next_person=8,
    )
    decision = one_batch(an_identify(region="x"), known=known)

    assert (replace(by_id(7, "42", identified=True), standing=Standing.REFUSED),) == decision.people


def test_money_in_another_currency_is_delivered_and_not_added() -> None:
    """Design, section 4: with a finding, until rules for several currencies exist."""
    order = json.loads(an_order())
    order["properties"]["currency"] = "EUR"
    decision = one_batch(json.dumps(order).encode())

    assert 1 == len(decision.operations)
    assert {} == decision.ledger[0].contributions
    assert (1, "0") == (
        decision.totals[0].values["orders_count"],
        decision.totals[0].values["lifetime_value"],
    )
    assert ["The moment is not in USD, the currency of `lifetime_value`."] == [
        one.evidence for one in decision.findings[1]
    ]


def test_a_sum_adds_and_takes_off_from_one_event() -> None:
    """Whole and broken numbers, beyond what money may be."""
    decision = one_batch(
        points(points=2**63 - 1, weight=0.5, fee="1.25"), points(2, points=1), examiner=RICH
    )

    assert ("9223372036854775807.5", "1.25") == (
        decision.totals[0].values["points"],
        decision.totals[0].values["fees"],
    )


def test_totals_keep_what_was_sent_of_them() -> None:
    """Law 10: the version rises, what Customer.io last accepted stays."""
    known = run(rows(an_order())).known
    sent = replace(known.totals[1], sent_version=1, wire_at_s=5)
    decision = one_batch(an_order(order="A-2"), known=replace(known, totals={1: sent}))

    assert [(2, 1, 5, 2)] == [
        (one.version, one.sent_version, one.wire_at_s, one.changed_by) for one in decision.totals
    ]


def test_a_refund_of_nothing_changes_totals_only_by_its_amount() -> None:
    """A change that leaves every value as it was is none."""
    refund = {
        "type": "track",
        "event": "order_refunded",
        "person": "42",
        "properties": {"refund_id": "R-1", "amount": "0", "currency": "USD"},
    }
    first = one_batch(json.dumps(refund).encode())
    known = after(EMPTY, first)
    second = json.dumps(refund).replace("R-1", "R-2").encode()
    again = run(rows(second, first=2), known=known).decisions[0]

    assert [{"orders_count": 0, "lifetime_value": "0"}] == [one.values for one in first.totals]
    assert (1, ()) == (len(again.operations), again.totals)


def test_the_plan_says_what_must_be_loaded() -> None:
    """People of valid records, keys that may be claimed, totals of those who have some."""
    planned = plan(rows(an_order("42"), an_order("x"), a_view("43"), a_view("44")), EXAMINER)
    people = [by_id(n, str(n)) for n in (42, 43, 44)]

    assert {"42", "43", "44"} == planned.ids
    assert {("order_paid", '["A-1"]')} == planned.keys
    assert [42] == planned.people_with_totals(people, [])


def test_the_totals_of_everybody_are_loaded_where_people_may_become_one() -> None:
    """An identify may join a guest, whose totals are then added; so may a link in passing."""
    people = [by_id(n, str(n)) for n in (42, 43)]
    order = json.loads(an_order("42"))
    order["person"]["email"] = "ana@example.org"
    for teaching in (an_identify("43"), json.dumps(order).encode()):
        planned = plan(rows(a_view("42"), teaching), EXAMINER)
        assert [42, 43] == planned.people_with_totals(people, [])


def test_a_ledger_key_is_a_json_array() -> None:
    """Parts do not run into each other."""
    assert '["a","b\\"c"]' == key_text(("a", 'b"c'))


def test_an_empty_batch_decides_nothing() -> None:
    """Not even a number is used up."""
    decision = decide(plan([], EXAMINER), EXAMINER, EMPTY)

    assert ((), (), 1, 1) == (
        decision.records,
        decision.operations,
        decision.next_person,
        decision.next_operation,
    )
