"""Batches cut anywhere, records in any order, repeats in any number: the outcome is one."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from deciding import EXAMINER, RICH, Told, rows, run
from hypothesis import given
from hypothesis import strategies as st

from truthpoint.core import rollups
from truthpoint.core.examine import Moment
from truthpoint.core.outbox import Action
from truthpoint.core.records import read_record
from truthpoint.testing.builders import START_MS
from truthpoint.values.instants import to_iso, to_seconds

PEOPLE = st.sampled_from(["1", "2", "3"])
AMOUNTS = st.decimals(min_value="0.01", max_value="99999999.99", places=2).map(str)
TIMES = st.integers(START_MS - 10**10, START_MS).map(to_iso)
CURRENCIES = st.sampled_from(["USD", "USD", "USD", "EUR"])
SOURCES = st.sampled_from(["backend", "backend", "backend", "stripe", "unknown"])


def _track(event: str, **properties: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    return st.fixed_dictionaries(
        {
            "type": st.just("track"),
            "event": st.just(event),
            "person": st.fixed_dictionaries({"id": PEOPLE}),
            "at": TIMES,
            "source": SOURCES,
            "properties": st.fixed_dictionaries(properties),
        }
    ).map(lambda record: json.dumps(record).encode())


ORDERS = _track(
    "order_paid",
    order_id=st.sampled_from(["A", "B", "C", "D"]),
    total=AMOUNTS,
    currency=CURRENCIES,
)
REFUNDS = _track(
    "order_refunded",
    refund_id=st.sampled_from(["R", "S"]),
    amount=AMOUNTS,
    currency=CURRENCIES,
)
IDENTIFIES = st.fixed_dictionaries(
    {
        "type": st.just("identify"),
        "person": PEOPLE,
        "attributes": st.fixed_dictionaries({}, optional={"region": st.text(max_size=3)}),
    }
).map(lambda record: json.dumps(record).encode())
RECORDS = st.one_of(
    ORDERS,
    ORDERS,
    REFUNDS,
    IDENTIFIES,
    _track("product_viewed", sku=st.just("s")),
    st.just(b"not a record"),
)
JOURNALS = st.lists(RECORDS, min_size=1, max_size=16)
CUTS = st.lists(st.integers(1, 15), max_size=5)


@given(JOURNALS, CUTS)
def test_a_journal_cut_anywhere_is_decided_alike(bodies: list[bytes], cuts: list[int]) -> None:
    """People, ledger, totals, operations, verdicts, findings: batches leave no trace."""
    journal = rows(*bodies)

    assert run(journal).all == run(journal, cuts).all


@pytest.mark.soak
@given(st.lists(RECORDS, min_size=1, max_size=60), st.lists(st.integers(1, 59), max_size=12))
def test_a_long_journal_cut_anywhere_is_decided_alike(bodies: list[bytes], cuts: list[int]) -> None:
    """The same proof at full size."""
    journal = rows(*bodies)

    assert run(journal).all == run(journal, cuts).all


@given(JOURNALS)
def test_the_same_journal_gives_the_same_decision(bodies: list[bytes]) -> None:
    """The decision is a pure function."""
    assert run(rows(*bodies)) == run(rows(*bodies))


@given(JOURNALS)
def test_every_record_ends_in_exactly_one_way(bodies: list[bytes]) -> None:
    """Law 16: an operation of its own or a verdict, never both, never neither."""
    decision = run(rows(*bodies)).decisions[0]
    ended = [one.record for one in decision.operations] + [one.record for one in decision.verdicts]

    assert list(range(1, len(bodies) + 1)) == sorted(ended)
    assert decision.records == tuple(range(1, len(bodies) + 1))


@given(JOURNALS, CUTS)
def test_operations_follow_the_journal_and_carry_ids_of_their_own(
    bodies: list[bytes], cuts: list[int]
) -> None:
    """Law 7: their numbers rise with the records; law 5: no two events share an id."""
    told = run(rows(*bodies), cuts)
    operations = [one for part in told.decisions for one in part.operations]
    events = [one.event_id for one in operations if one.action is Action.EVENT]

    assert [one.id for one in operations] == list(range(1, len(operations) + 1))
    assert [one.record for one in operations] == sorted(one.record for one in operations)
    assert len(set(events)) == len(events)


@given(JOURNALS, CUTS, st.integers(2, 4))
def test_any_number_of_repeats_is_one_moment(
    bodies: list[bytes], cuts: list[int], times: int
) -> None:
    """Law 5: a journal said again changes no person, no ledger row and no total."""
    keyed = [one for one in bodies if b"product_viewed" not in one and b"identify" not in one]
    once = run(rows(*keyed))
    again = run(rows(*(keyed * times)), cuts)

    assert once.known.ledger == again.known.ledger
    assert once.known.totals == again.known.totals
    assert once.known.people == again.known.people


def _moments(bodies: list[bytes]) -> list[Moment]:
    """The moments that count: the first valid record of each key."""
    seen: dict[tuple[str, tuple[str, ...]], Moment] = {}
    for body in bodies:
        said = read_record(body, source="backend", captured_at_ms=START_MS)
        one = EXAMINER.examine(said)
        if isinstance(one, Moment) and one.key:
            seen.setdefault((one.event.name, one.key), one)
    return list(seen.values())


def _recomputed(moments: list[Moment], person: str) -> dict[str, object]:
    """The totals of a person, in fractions and without any code of the product."""
    mine = [one for one in moments if one.who.id == person]
    orders = [one for one in mine if one.event.name == "order_paid"]
    refunds = [one for one in mine if one.event.name == "order_refunded"]
    dollars = [
        Fraction(str(one.values["total"])) for one in orders if one.values["currency"] == "USD"
    ]
    back = [
        Fraction(str(one.values["amount"])) for one in refunds if one.values["currency"] == "USD"
    ]
    times = [one.at_ms // 1000 for one in orders]
    told: dict[str, object] = {
        "orders_count": len(orders),
        "lifetime_value": sum(dollars, Fraction(0)) - sum(back, Fraction(0)),
    }
    return {**told, "first_order_at": min(times), "last_order_at": max(times)} if times else told


def _totals(told: Told) -> dict[str, dict[str, object]]:
    by_key = {one.person: one.canonical_id for one in told.known.people}
    return {
        by_key[person]: {
            name: Fraction(str(value)) if name == "lifetime_value" else value
            for name, value in rollups.on_the_wire(EXAMINER.contract, totals.values).items()
        }
        for person, totals in told.known.totals.items()
    }


@given(st.lists(ORDERS | REFUNDS, min_size=1, max_size=16), CUTS)
def test_totals_equal_a_recomputation_in_fractions(bodies: list[bytes], cuts: list[int]) -> None:
    """Law 10: exact under duplicates, conflicts, refunds, currencies and late times."""
    moments = _moments(bodies)
    people = {one.who.id for one in moments}

    assert {name: _recomputed(moments, name) for name in people} == _totals(
        run(rows(*bodies), cuts)
    )


@given(st.data(), st.lists(ORDERS | REFUNDS, min_size=1, max_size=12))
def test_totals_do_not_depend_on_the_order_of_arrival(
    data: st.DataObject, bodies: list[bytes]
) -> None:
    """Law 10: moments that do not compete for a key add up the same way around."""
    alone = {(one.event.name, one.key): body for body in bodies for one in _moments([body])}
    shuffled = data.draw(st.permutations(list(alone.values())))

    assert _totals(run(rows(*alone.values()))) == _totals(run(rows(*shuffled)))


@given(JOURNALS)
def test_totals_rise_in_version_and_name_what_changed_them(bodies: list[bytes]) -> None:
    """Law 10: they can be sent right behind the operation that changed them."""
    told = run(rows(*bodies), cuts=range(1, len(bodies)))
    for part in told.decisions:
        for totals in part.totals:
            changed = [one for one in part.operations if one.id == totals.changed_by]
            assert [totals.person] == [one.person for one in changed]
    for person in told.known.totals:
        versions = [
            one.version for part in told.decisions for one in part.totals if one.person == person
        ]
        assert versions == list(range(1, len(versions) + 1))


def test_totals_on_the_wire_are_numbers_and_seconds() -> None:
    """Counts start at 0, money has its currency's decimals, times are seconds."""
    contract = EXAMINER.contract

    refunds = rollups.EventRollups(contract, contract.events["order_refunded"])
    assert {"orders_count": 0, "lifetime_value": "0"} == refunds.fold({}, START_MS, {}, "")
    wire = rollups.on_the_wire(
        contract,
        {"orders_count": 2, "lifetime_value": "10.5", "first_order_at": 1999, "gone": 5},
    )
    assert ["2", "10.50", "1"] == [str(one) for one in wire.values()]
    assert to_seconds(1999) == wire["first_order_at"]
    plain = rollups.on_the_wire(RICH.contract, {"points": "3", "fees": "2"})
    half = rollups.on_the_wire(RICH.contract, {"points": "0.5", "fees": "2.001"})
    assert ["3", "2.00"] == [str(one) for one in plain.values()]
    assert ["0.5", "2.001"] == [str(one) for one in half.values()]


def test_two_contracts_that_compute_the_same_totals_say_the_same() -> None:
    """The definition names every part of every rollup, and the currency."""
    assert (
        "first_order_at=earliest:order_paid.None-None.None@USD; "
        "last_order_at=latest:order_paid.None-None.None@USD; "
        "lifetime_value=sum:order_paid.total-order_refunded.amount@USD; "
        "orders_count=count:order_paid.None-None.None@USD"
    ) == rollups.definition(EXAMINER.contract)
