"""Orders at the edges of Customer.io's sizes take the way that fits, or are dead."""

from __future__ import annotations

import pytest

from support import virtual
from support.local import DirectTransport, read_log
from support.shop import order, say, worker_on
from truthpoint.core.decision import Outcome
from truthpoint.stores.memory import MemoryDesk, MemoryJournal, MemoryShelf, MemoryStore
from truthpoint.workspace import Workspace


def deliver(*records):
    """Deliver records; return requests of events, reasons of dead ones, and all that was sent."""
    shelf = MemoryShelf()
    workspace = Workspace(None)
    say(MemoryJournal(shelf), *records)

    async def story():
        store = MemoryStore(shelf)
        clock = virtual.VirtualClock(virtual.asyncio.get_running_loop())
        await worker_on(store, DirectTransport(workspace), clock).drain()

    virtual.run(story())
    log = read_log(workspace)
    requests = [one for one in log if any(item["name"] for item in one["items"])]
    dead = MemoryDesk(shelf).listed(Outcome.DEAD, limit=10)
    workspace.close()
    sent = [item for one in log for item in one["items"]]
    return requests, [step.reason for step in dead], sent


def padded(size_bytes):
    """Return an order whose v2 item has exactly so many bytes."""
    (probe,), *_ = deliver(order("A-1", "7", coupon="x"))
    (item,) = [one for one in probe["items"] if one["name"]]
    return order("A-1", "7", coupon="x" * (1 + size_bytes - item["bytes"]))


@pytest.mark.parametrize(
    ("size_bytes", "way"),
    [
        (31_999, "/api/v2/batch"),
        (32_000, "/api/v2/batch"),
        (32_001, "/api/v1/customers/7/events"),
        (99_999, "/api/v1/customers/7/events"),
        (100_000, "/api/v1/customers/7/events"),
    ],
)
def test_an_order_goes_the_way_that_its_size_allows(size_bytes, way):
    """One byte under, at and over the limits of v2 and v1: same event, same id."""
    requests, dead, _ = deliver(padded(size_bytes))

    assert [one["path"] for one in requests] == [way]
    assert [item["effect"] for item in requests[0]["items"] if item["name"]] == ["applied"]
    assert dead == []


def test_an_order_over_every_limit_is_dead_and_still_counts():
    """Law 16: `too_large`; it keeps its key and counts in the totals."""
    _, dead, items = deliver(padded(100_001), order("A-2", "7", total="5.00"))

    assert dead == ["too_large"]
    assert [item["attributes"]["order_id"] for item in items if item["name"]] == ["A-2"]
    assert [
        (item["attributes"]["orders_count"], item["attributes"]["lifetime_value"])
        for item in items
        if "orders_count" in item["attributes"]
    ] == [(2, 15.0)]
