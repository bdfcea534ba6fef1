"""The capture fixture: what code under test said, without a file or a process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from support.shop import CONTRACT
from truthpoint.contract import read
from truthpoint.errors import RecordInvalid
from truthpoint.testing import capturing
from truthpoint.testing.fixtures import captured

__all__ = ["captured"]

ORDER = {"order_id": "A-1", "total": Decimal("24.50"), "currency": "USD", "items": []}


@pytest.fixture
def truthpoint_contract():
    # As a shop overrides it, in its conftest.py.
    return str(CONTRACT)


def test_what_was_said_is_there_to_look_at(captured):
    """Times are UTC, amounts exact, and the contract's findings are beside them."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    captured.tracker.identify(42, email="ana@example.org", at=at)
    captured.tracker.track("order_paid", person=42, at=at, record_id="r-1", **ORDER)
    captured.tracker.track("order_paid", person=42, at=at, record_id="r-1", **ORDER)
    captured.tracker.track("order_paid", person={}, at=at, **ORDER)
    identify, paid, nobody = captured.records

    assert ("identify", {"email": "ana@example.org"}) == (identify.type, identify.said)
    assert [paid, nobody] == captured.events("order_paid")
    assert ({"id": "42"}, "2026-01-01T00:00:00Z", "backend", "r-1") == (
        paid.person,
        paid.at,
        paid.source,
        paid.record_id,
    )
    assert ORDER == paid.said
    assert ("accepted", "invalid") == (paid.result, nobody.result)
    assert ["person_unresolved"] == [one.code for one in nobody.findings]


def test_an_id_that_was_used_for_something_else_is_seen(captured):
    """A test notices what production would quarantine."""
    for order_id in ("A-1", "A-2"):
        captured.tracker.track(
            "order_paid", person=1, record_id="r", **{**ORDER, "order_id": order_id}
        )

    assert [[], ["record_id_reused"]] == [
        [found.code for found in one.findings] for one in captured.records
    ]
    assert ["accepted", "invalid"] == [one.result for one in captured.records]


def test_both_faces_capture_into_one_place(captured):
    """Code of either kind is tested alike."""
    asyncio.run(_tell(captured.async_tracker))
    captured.tracker.track("order_refunded", person="1")

    assert ["order_paid", "order_refunded"] == [one.event for one in captured.records]
    assert "invalid" == captured.records[1].result


async def _tell(tracker):
    await tracker.track("order_paid", person="1", **ORDER)


def test_it_can_be_as_strict_as_a_test_wants(tmp_path):
    """`on_invalid="raise"` fails the test at the line that says it; a loaded contract will do."""
    strict = capturing(read(CONTRACT.read_bytes(), file="tracking.yaml"), on_invalid="raise")
    with pytest.raises(RecordInvalid, match="property_missing"):
        strict.tracker.track("order_paid", person="1")
    legacy = capturing(CONTRACT, source="legacy")
    legacy.tracker.track("order_paid", person="1", at="yesterday", **ORDER)

    assert [] == strict.records
    assert [("legacy", "yesterday")] == [(one.source, one.at) for one in legacy.records]


def test_the_helpers_need_no_test_runner():
    """Only `truthpoint.testing.fixtures` imports pytest."""
    program = "import sys, truthpoint.testing; print('pytest' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert b"False\n" == told.stdout
