"""Four days without Customer.io, in virtual time: no start leaves late, every order does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from support import virtual
from support.local import put_faults
from support.stories import HOUR_MS, MINUTE_MS, NOW_MS, Said, Shop, Told, event, open_shop
from truthpoint.core.decision import Outcome
from truthpoint.core.outbox import State
from truthpoint.values.instants import from_iso

HOURS = 96
STALE_HOURS = 24
"""`stale_after` of the contract's one start."""

PEOPLE = 5


def hour_of(hour: int) -> list[Said]:
    """What a shop says in an hour: somebody starts, the one before pays, somebody only looks."""
    at_ms = NOW_MS + hour * HOUR_MS - MINUTE_MS
    person = str(1 + hour % PEOPLE)
    number = f"{hour:03d}"
    usd = {"currency": "USD", "cart_id": f"C-{number}"}
    said = [
        event("checkout_started", person, at_ms, checkout_id=f"K-{number}", value="9.00", **usd),
        event("product_viewed", person, at_ms, product_id=f"P-{number}"),
    ]
    if hour % 3 == 0:
        said.append(event("order_paid", person, at_ms, order_id=f"A-{number}", total="9.00", **usd))
    return said


async def outage(folder: Path | None, *, down: bool) -> tuple[Told, Shop]:
    """Let four days pass, then let Customer.io answer again.

    Args:
        folder: Where the store is; None: in memory.
        down: Whether the worker is away as well; else it decides and tries meanwhile.
    """
    clock = virtual.VirtualClock(asyncio.get_running_loop())
    shop = open_shop(clock, folder=folder)
    put_faults(shop.workspace, {"kind": "status", "status": 503, "times": None})
    for hour in range(HOURS):
        shop.capture(*hour_of(hour))
        if not down:
            shop.worker.decider.step()
            await try_for(shop, seconds=2)
        clock.shift_ms = (hour + 1) * HOUR_MS
    put_faults(shop.workspace)
    await shop.worker.drain()
    return shop.result(), shop


async def try_for(shop: Shop, *, seconds: float) -> None:
    """Let delivery try for a while."""
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, stop.set)
    await shop.worker.deliverer.run(stop)
    shop.worker.deliverer.resume()


@pytest.mark.parametrize("down", [False, True], ids=["the worker tries", "the worker is away"])
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_after_four_days_no_start_leaves_late_and_every_order_does(
    kind: str, *, down: bool, tmp_path: Path
) -> None:
    """Laws 7 and 9: a start leaves within its `stale_after`; all else leaves in order."""
    folder = tmp_path / "store" if kind == "sqlite" else None
    told, shop = virtual.run(outage(folder, down=down))

    said = [record for hour in range(HOURS) for record in hour_of(hour)]
    expected: list[str] = []
    for record, end, event_id in zip(said, told.ends, told.event_ids, strict=True):
        if record["event"] != "checkout_started":
            assert end == (Outcome.DELIVERED, ""), record
            expected.append(event_id)
            continue
        age_ms = NOW_MS + HOURS * HOUR_MS - from_iso(record["at"])
        paid = int(record["properties"]["checkout_id"][2:]) % 3 == 0
        stale = age_ms > STALE_HOURS * HOUR_MS
        if paid:
            assert end == (Outcome.WITHHELD, "closed"), record
        elif stale:
            assert end == (Outcome.WITHHELD, "stale"), record
        else:
            assert end == (Outcome.DELIVERED, ""), record
            expected.append(event_id)

    sent = [one for request in told.log if request["status"] == 200 for one in request["items"]]
    for person in range(1, PEOPLE + 1):
        own = [
            event_id
            for record, event_id in zip(said, told.event_ids, strict=True)
            if record["person"] == str(person) and event_id in expected
        ]
        arrived = [
            one["event_id"]
            for one in sent
            if one["action"] == "event" and one["identifiers"] == {"id": str(person)}
        ]
        assert arrived == own
    stood_back = [end for end in told.ends if end[0] is Outcome.WITHHELD]
    assert shop.desk.backlog().operations[State.WITHHELD] == len(stood_back)
    assert (Outcome.WITHHELD, "stale") in stood_back


def test_no_start_that_is_sent_is_older_than_it_may_be() -> None:
    """Law 9, from the workspace's own log: its time of arrival against the start's own time."""
    told, _ = virtual.run(outage(None, down=False))
    starts = [
        (request["at"], one["timestamp"])
        for request in told.log
        if request["status"] == 200
        for one in request["items"]
        if one["name"] == "checkout_started"
    ]

    assert starts
    assert all(arrived - at <= STALE_HOURS * 3600 for arrived, at in starts)
