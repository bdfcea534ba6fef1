"""Totals from a shop's words to Customer.io: waits, corrections, versions (laws 10 and 14)."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from support.stories import DAY_MS, EXAMINER, HOUR_MS, NOW_MS, Told, event, said, tell
from truthpoint.contract import read
from truthpoint.core.examine import Examiner

SHOP = """\
truthpoint: 1
shop: acme
currency: USD
workspaces: {local: {url: "http://127.0.0.1:8710"}}
sources: {backend: {kind: app}}
person: {id: {name: customer_id}, links: [email], unresolved: {email: under_email}}
events:
  order_paid:
    version: 2
    key: [order_id]
    compare: [total]
    properties:
      order_id: {type: string, required: true}
      total: {type: money, required: true}
      currency: {type: currency, required: true}
      coupon: {type: string, default: ""}
    versions:
      1:
        properties:
          order_id: {type: string, required: true}
          total: {type: money, required: true}
          coupon: {type: string, default: ""}
  order_refunded:
    key: [refund_id]
    properties:
      refund_id: {type: string, required: true}
      order_id: {type: string, required: true}
      amount: {type: money, required: true}
      currency: {type: currency, required: true}
  order_corrected:
    key: [correction_id]
    corrects: {order_paid: order_id}
    properties:
      correction_id: {type: string, required: true}
      order_id: {type: string, required: true}
      total: {type: money, required: true}
      currency: {type: currency, required: true}
rollups:
  orders_count: {count: order_paid}
  lifetime_value:
    {sum: order_paid.total, minus: order_refunded.amount, of: order_id, wait: 7d}
  coupons: {count_distinct: order_paid.coupon}
  last_coupon: {last: order_paid.coupon}
"""
EXACT = Examiner(read(SHOP.encode(), file="tracking.yaml"))


def paid(order: str, total: str, who: str = "42", *, at_ms: int = NOW_MS, **more: Any):
    """An order in its current version."""
    told = {"order_id": order, "total": total, "currency": "USD", **more}
    return said("track", {"id": who}, at_ms, event="order_paid", version=2, properties=told)


def older(order: str, total: str, who: str = "42"):
    """An order in its first version."""
    told = {"order_id": order, "total": total}
    return said("track", {"id": who}, NOW_MS, event="order_paid", version=1, properties=told)


def refunded(refund: str, order: str, amount: str, who: str = "42"):
    """A refund that names its order."""
    told = {"refund_id": refund, "order_id": order, "amount": amount, "currency": "USD"}
    return event("order_refunded", {"id": who}, NOW_MS, **told)


def corrected(correction: str, order: str, total: str, who: str = "42", *, at_ms: int = NOW_MS):
    """An order's other amount."""
    told = {"correction_id": correction, "order_id": order, "total": total, "currency": "USD"}
    return event("order_corrected", {"id": who}, at_ms, **told)


def attributes(story: Told, who: str = "42") -> dict[str, Any]:
    """What the workspace knows of a person, by the last attributes that it took."""
    known: dict[str, Any] = {}
    for request in story.log:
        for one in request["items"]:
            if one["action"] == "identify" and one["identifiers"].get("id") == who:
                known.update(one["attributes"])
    return known


def found(story: Told) -> dict[int, list[str]]:
    """The codes of what was found, by record."""
    return {record: codes for record, codes in enumerate(story.codes, 1) if codes}


def test_a_refund_before_its_order_shows_no_false_total():
    """Law 10: the total is never below what it should be, and right when the order comes."""
    story = tell([refunded("R-1", "A-1", "4"), paid("A-1", "10")], cuts=[1], examiner=EXACT)
    told = [
        one["attributes"]["lifetime_value"]
        for request in story.log
        for one in request["items"]
        if "lifetime_value" in one["attributes"]
    ]

    assert [0, 6] == [Decimal(str(one)) for one in told]
    assert {} == found(story)


def test_a_refund_whose_order_never_comes_counts_in_the_end_and_says_so():
    """Law 10: after its wait, without any record, and it is sent."""
    records = [paid("B-1", "10"), refunded("R-1", "A-1", "4")]
    early = tell(records, cuts=[1, 2], later_ms=7 * DAY_MS - HOUR_MS, examiner=EXACT)
    late = tell(records, cuts=[1, 2], later_ms=7 * DAY_MS + HOUR_MS, examiner=EXACT)

    assert 10 == Decimal(str(attributes(early)["lifetime_value"]))
    assert {} == found(early)
    assert 6 == Decimal(str(attributes(late)["lifetime_value"]))
    assert {2: ["awaited_missing"]} == found(late)
    assert 2 == len(late.events())


def test_an_order_that_was_captured_in_time_is_not_missing():
    """Law 10: a worker that was away for long decides what it has before it ends waits."""
    records = [refunded("R-1", "A-1", "4"), paid("A-1", "10")]
    story = tell(records, cuts=[1], waits={1: 30 * DAY_MS}, examiner=EXACT)

    assert {} == found(story)
    assert 6 == Decimal(str(attributes(story)["lifetime_value"]))


def test_the_order_of_a_guest_ends_the_wait_of_who_they_turn_out_to_be():
    """Laws 3 and 10: joined, in every order of arrival; nothing waits for what is there."""
    records = [
        refunded("R-1", "A-1", "4"),
        {**paid("A-1", "10"), "person": {"email": "ana@example.org"}},
        said("link", {"id": "42"}, NOW_MS, links={"email": "ana@example.org"}),
    ]
    for order in permutations(records):
        story = tell(order, cuts=[1, 2], later_ms=8 * DAY_MS, examiner=EXACT)

        (values,) = story.totals().values()
        assert ("6", 1) == (values["lifetime_value"], values["orders_count"])
        assert ":pending" not in values


def test_corrections_reach_customer_io_whichever_came_first():
    """Law 10: two corrections, their order and its retry, in all orders of arrival."""
    records = [
        paid("A-1", "10", coupon="SPRING"),
        corrected("C-1", "A-1", "9", at_ms=NOW_MS),
        corrected("C-2", "A-1", "7.50", at_ms=NOW_MS + 1_000),
        paid("A-1", "10", coupon="SPRING"),
    ]
    for order in permutations(records):
        story = tell(order, cuts=[2, 3], examiner=EXACT)
        known = attributes(story)

        assert (1, Decimal("7.5"), 1) == (
            known["orders_count"],
            Decimal(str(known["lifetime_value"])),
            known["coupons"],
        )
        assert 1 == len(story.events("order_paid_v2"))
        assert 2 == len(story.events("order_corrected"))


def test_a_correction_of_another_persons_order_is_sent_to_that_persons_totals():
    """Law 10: whose moment it is, is what its key says."""
    records = [paid("A-1", "10"), corrected("C-1", "A-1", "3", who="43")]
    story = tell(records, cuts=[1], examiner=EXACT)

    assert 3 == Decimal(str(attributes(story)["lifetime_value"]))
    assert "lifetime_value" not in attributes(story, "43")
    assert {2: ["corrected_of_another"]} == found(story)


def test_two_versions_beside_each_other_count_once_and_both_arrive():
    """Laws 5 and 14: dual emission, each told three times, in shuffled order."""
    chance = random.Random(4)
    for _ in range(10):
        records = [paid("A-1", "10"), older("A-1", "10")] * 3 + [older("A-2", "1")]
        chance.shuffle(records)
        story = tell(records, cuts=[2, 5], examiner=EXACT)
        known = attributes(story)

        assert (2, 11) == (known["orders_count"], Decimal(str(known["lifetime_value"])))
        assert ["A-1", "A-2"] == sorted(
            one["attributes"]["order_id"] for one in story.events("order_paid")
        )
        assert 1 == len(story.events("order_paid_v2"))


@pytest.mark.parametrize("seed", range(5))
def test_totals_are_what_a_recomputation_gives(seed):
    """Law 10: whatever came, the ledger says the same; nobody differs."""
    from truthpoint.stores.memory import MemoryStore  # noqa: PLC0415 - only here
    from truthpoint.workers.recounting import Recounting  # noqa: PLC0415 - only here

    chance = random.Random(seed)
    records: list[dict[str, Any]] = []
    for number in range(12):
        who, order = str(chance.randint(1, 3)), f"A-{chance.randint(1, 5)}"
        amount = f"{chance.randint(0, 900) / 100:.2f}"
        records.append(
            chance.choice(
                [
                    paid(order, amount, who, coupon=chance.choice(["", "X", "Y"])),
                    older(order, amount, who),
                    refunded(f"R-{number}", order, amount, who),
                    corrected(f"C-{number}", order, amount, who, at_ms=NOW_MS + number),
                ]
            )
        )
    records.append(said("merge", {"id": "1"}, NOW_MS, **{"from": {"id": "2"}}))
    chance.shuffle(records)
    cuts = sorted(chance.sample(range(1, 13), 3))
    for later_ms in (0, 8 * DAY_MS):
        story = tell(records, cuts=cuts, later_ms=later_ms, examiner=EXACT)
        knowledge = MemoryStore(story.shelf).knowledge
        recounting = Recounting(knowledge, EXACT.contract, now_ms=NOW_MS + later_ms)

        assert [] == [one for page in recounting.pages() for one in page]
        assert len(story.shelf.people) == recounting.compared


def test_the_shop_of_the_stories_corrects_too():
    """Law 10: the same rules under the contract of all other stories."""
    order = event("order_paid", {"id": "42"}, order_id="A-1", total="10", currency="USD")
    story = tell([corrected("C-1", "A-1", "4"), order], cuts=[1], examiner=EXAMINER)

    assert 4 == Decimal(str(attributes(story)["lifetime_value"]))
