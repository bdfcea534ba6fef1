"""Versions that are told beside each other while a shop changes over (law 14)."""

from __future__ import annotations

from itertools import permutations

import pytest
from deciding import Told, rows, run
from msgspec.structs import replace

from truthpoint.contract import read
from truthpoint.core.decision import Known
from truthpoint.core.examine import Examiner
from truthpoint.testing.builders import START_MS, line
from truthpoint.values.instants import to_iso

SHOP = """\
truthpoint: 1
shop: acme
currency: USD
sources: {app: {kind: app}}
person: {id: {name: customer_id}}
events:
  paid:
    version: 3
    key: [order_id]
    properties:
      order_id: {type: string, required: true}
      total: {type: money, required: true}
      currency: {type: currency, required: true}
      lines: {type: integer, default: 0}
    versions:
      1:
        properties:
          order_id: {type: string, required: true}
          total: {type: money, required: true}
      2:
        properties:
          order_id: {type: string, required: true}
          total: {type: money, required: true}
          currency: {type: currency, required: true}
  fixed:
    version: 2
    key: [fix_id]
    corrects: {paid: order_id}
    properties:
      fix_id: {type: string, required: true}
      order_id: {type: string, required: true}
      total: {type: money, required: true}
      currency: {type: currency, required: true}
    versions:
      1:
        properties:
          fix_id: {type: string, required: true}
          order_id: {type: string, required: true}
          total: {type: money, required: true}
rollups:
  orders: {count: paid}
  spent: {sum: paid.total}
  last_at: {latest: paid}
"""
CONTRACT = read(SHOP.encode(), file="tracking.yaml")
EXAMINER = Examiner(CONTRACT)
ONE_VERSION = Examiner(
    replace(
        CONTRACT,
        events={
            **CONTRACT.events,
            "paid": replace(CONTRACT.events["paid"].earlier[0], earlier=()),
        },
    )
)


def paid(version: int, order: str = "A-1", total: str = "10") -> bytes:
    """An order in one of its versions."""
    said: dict[str, object] = {"order_id": order, "total": total}
    if version > 1:
        said["currency"] = "USD"
    return _record("paid", version, said)


def fixed(version: int, total: str, fix: str = "F-1") -> bytes:
    """A correction in one of its versions."""
    said: dict[str, object] = {"fix_id": fix, "order_id": "A-1", "total": total}
    if version > 1:
        said["currency"] = "USD"
    return _record("fixed", version, said)


def _record(event: str, version: int, properties: dict[str, object]) -> bytes:
    return line(
        type="track",
        event=event,
        version=version,
        person={"id": "42"},
        at=to_iso(START_MS),
        properties=properties,
    )


def told(*bodies: bytes, cuts: tuple[int, ...] = (), known: Known | None = None) -> Told:
    """Decide records in this order."""
    known = known or Known(secret=b"of the tests", now_ms=START_MS)
    return run(rows(*bodies, source="app"), cuts, known=known, examiner=EXAMINER)


def sent(story: Told) -> list[str]:
    """The wire names that leave, sorted."""
    return sorted(one.name for part in story.decisions for one in part.operations)


def values(story: Told) -> dict[str, object]:
    """The totals."""
    (slot,) = story.known.totals.values()
    return dict(slot.values)


@pytest.mark.parametrize("cuts", [(), (1,), (1, 2)])
def test_a_moment_counts_once_and_each_wire_name_goes_once(cuts):
    """Laws 5 and 14: three versions of one order, in any order, at once or apart."""
    for order in permutations([paid(1), paid(2), paid(3)]):
        story = told(*order, cuts=cuts)

        assert ["paid", "paid_v2", "paid_v3"] == sent(story)
        assert {"orders": 1, "spent": "10", "last_at": START_MS} == values(story)
        assert () == story.decisions[0].verdicts


def test_each_version_is_withheld_when_it_is_told_again():
    """Law 5: any number of retries of each is one."""
    story = told(*[paid(1), paid(2)] * 3, paid(1, "A-2"), cuts=(1, 3))

    assert ["paid", "paid", "paid_v2"] == sent(story)
    assert 2 == values(story)["orders"]
    assert 4 == sum(len(part.verdicts) for part in story.decisions)


def test_an_event_id_is_of_its_wire_name():
    """Law 5: Customer.io takes two names with one id for one event."""
    story = told(paid(1), paid(2))
    ids = {one.event_id for one in story.decisions[0].operations}

    assert 2 == len(ids)


def test_a_moment_from_before_there_were_versions_is_not_told_again():
    """Law 5: a retry of an old order after the change is the same moment and the same name."""
    before = run(rows(paid(1), source="app"), examiner=ONE_VERSION)
    again = told(paid(1), known=before.known)
    newer = told(paid(2), paid(1), paid(2), known=before.known)

    assert [] == sent(again)
    assert ["paid_v2"] == sent(newer)[:1]
    assert {"orders": 1, "spent": "10", "last_at": START_MS} == values(newer) == values(before)


def test_a_version_that_says_no_currency_is_in_the_reporting_one():
    """Law 10: what a version lacks, the contract says."""
    assert "10" == values(told(paid(1)))["spent"]


def test_a_corrected_order_stays_corrected_when_another_version_comes():
    """Laws 10 and 14: the moment counts once, by its latest correction."""
    story = [paid(1), paid(3), fixed(2, "7")]
    ends = [values(told(*order, cuts=(1, 2))) for order in permutations(story)]

    assert [{"orders": 1, "spent": "7", "last_at": START_MS}] * 6 == ends


def test_versions_of_a_correction_are_one_whichever_came_first():
    """Law 10: one says its currency and one does not, so that only the one can count."""
    story = [paid(1), fixed(1, "7"), fixed(2, "7")]
    ends = [told(*order, cuts=(1, 2)) for order in permutations(story)]

    assert ["fixed", "fixed_v2", "paid"] == sent(ends[0])
    assert 1 == len({str(values(one)) for one in ends})
