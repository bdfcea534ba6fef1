"""T18: the time of day jumps; nobody waits for ever, and what was asked for is waited out.

Waits inside a process go by a clock that only rises. What outlives a process (a hold, a merge's
delay, a person's next attempt) goes by the time of day: a jump moves it by no more than itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from support import virtual
from support.local import put_faults
from support.stories import HOUR_MS, MINUTE_MS, NOW_MS, Said, Shop, event, identify, open_shop, said
from truthpoint.core.decision import Outcome
from truthpoint.core.pace import LONGEST_WAIT_SECONDS
from truthpoint.values.instants import from_iso

JUMPS = [HOUR_MS, -HOUR_MS, 1000, -1000]
IDS = ["an hour on", "an hour back", "a second on", "a second back"]

ORDER = event("order_paid", "1", NOW_MS - HOUR_MS, order_id="A-1", total="5.00", currency="USD")


def in_shop(story: Callable[[Shop], Any]) -> Any:
    """Run a story in a shop of its own."""

    async def opened() -> Any:
        clock = virtual.VirtualClock(asyncio.get_running_loop())
        return await story(open_shop(clock))

    return virtual.run(opened())


def passed() -> float:
    """How many seconds have passed, by the clock that only rises."""
    return asyncio.get_running_loop().time()


def jump_in(shop: Shop, jump_ms: int, seconds: float) -> None:
    """Let the time of day jump in a while."""

    def jump() -> None:
        shop.clock.shift_ms += jump_ms

    asyncio.get_running_loop().call_later(seconds, jump)


@pytest.mark.parametrize("jump_ms", JUMPS, ids=IDS)
def test_a_jump_in_a_backoff_neither_cuts_it_short_nor_makes_it_endless(jump_ms: int) -> None:
    """What Customer.io asked for is waited out; then the request leaves."""

    async def story(shop: Shop) -> float:
        shop.capture(ORDER)
        headers = {"Retry-After": "100"}
        fault = {"kind": "status", "status": 429, "headers": headers, "times": 1}
        put_faults(shop.workspace, {**fault, "match": {"path": "/api/v2/batch"}})
        jump_in(shop, jump_ms, 30)
        await shop.worker.drain()
        assert len(shop.result().events("order_paid")) == 1
        return passed()

    assert 100 <= in_shop(story) <= 100 + 2


@pytest.mark.parametrize("jump_ms", JUMPS, ids=IDS)
def test_a_jump_between_lease_and_answer_sends_nothing_twice(jump_ms: int) -> None:
    """Leases are held by number, not by time."""

    async def story(shop: Shop) -> None:
        shop.capture(*(replaced(ORDER, f"A-{number}", number) for number in range(1, 30)))
        put_faults(shop.workspace, {"kind": "slow", "seconds": 5, "times": 3})
        jump_in(shop, jump_ms, 2)
        await shop.worker.drain()
        told = shop.result()
        assert set(told.ends) == {(Outcome.DELIVERED, "")}
        assert len(told.events("order_paid")) == 29
        assert passed() <= 5 * 3 + 2

    in_shop(story)


def replaced(order: Said, number: str, person: int) -> Said:
    """Another person's order."""
    properties = {**order["properties"], "order_id": number}
    return {**order, "person": str(person), "properties": properties}


@pytest.mark.parametrize("jump_ms", JUMPS, ids=IDS)
def test_a_jump_moves_a_merge_by_no_more_than_itself(jump_ms: int) -> None:
    """A merge waits its 10 s by the time of day, and the person's queue behind it."""

    async def story(shop: Shop) -> float:
        merge = said("merge", "1", NOW_MS - MINUTE_MS, **{"from": {"id": "2"}})
        shop.capture(identify("1"), identify("2"))
        await shop.worker.drain()
        shop.capture(merge, ORDER)
        jump_in(shop, jump_ms, 3)
        await shop.worker.drain()
        told = shop.result()
        assert told.outcomes() == [(Outcome.DELIVERED, "")] * 4
        return passed()

    waited = in_shop(story)

    assert waited <= 10 + max(0, -jump_ms // 1000) + 3


@pytest.mark.parametrize("jump_ms", JUMPS, ids=IDS)
def test_a_jump_moves_the_end_of_a_hold_by_no_more_than_itself(jump_ms: int) -> None:
    """A refund waits an hour for its order; once the clock has said so it waits no longer."""
    refund = event(
        "order_refunded",
        None,
        NOW_MS - MINUTE_MS,
        refund_id="R-1",
        order_id="A-1",
        amount="1.00",
        currency="USD",
    )

    async def story(shop: Shop) -> None:
        shop.capture(refund)
        await shop.worker.drain()
        shop.clock.shift_ms += jump_ms
        await shop.worker.drain()
        early = jump_ms >= HOUR_MS
        ends = [Outcome.QUARANTINED] if early else [Outcome.HELD]
        assert [end for end, _ in shop.result().ends] == ends
        shop.clock.shift_ms += max(0, HOUR_MS - jump_ms)
        await shop.worker.drain()
        assert [end for end, _ in shop.result().ends] == [Outcome.QUARANTINED]

    in_shop(story)


@pytest.mark.parametrize("jump_ms", JUMPS, ids=IDS)
def test_the_order_releases_its_refund_whatever_the_clock_did(jump_ms: int) -> None:
    """What arrives is a better reason than any clock."""
    refund = event(
        "order_refunded",
        None,
        NOW_MS - MINUTE_MS,
        refund_id="R-1",
        order_id="A-1",
        amount="1.00",
        currency="USD",
    )

    async def story(shop: Shop) -> None:
        shop.capture(refund)
        await shop.worker.drain()
        shop.clock.shift_ms += jump_ms // 2
        shop.capture(ORDER)
        await shop.worker.drain()
        assert shop.result().ends == [(Outcome.DELIVERED, "")] * 2

    in_shop(story)


@pytest.mark.parametrize("jump_ms", JUMPS, ids=IDS)
def test_a_person_postponed_before_a_jump_back_goes_on_within_ten_minutes(jump_ms: int) -> None:
    """A worker that starts after a jump finds times of the clock as it was."""

    async def story(shop: Shop) -> float:
        shop.capture(ORDER)
        fault = {"kind": "status", "status": 503, "times": 4, "match": {"path": "/api/v2/batch"}}
        put_faults(shop.workspace, fault)
        jump_in(shop, jump_ms, 1)
        await shop.worker.drain()
        return passed()

    assert in_shop(story) <= LONGEST_WAIT_SECONDS


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    """Summer time ends: 02:30 comes twice, and the offset says which it is."""
    first, second = "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"

    async def story(shop: Shop) -> None:
        later = {**replaced(ORDER, "A-2", 1), "at": second}
        shop.capture(later, {**ORDER, "at": first})
        await shop.worker.drain()
        told = shop.result()
        assert [one["timestamp"] for one in told.events()] == [
            from_iso(second) // 1000,
            from_iso(first) // 1000,
        ]
        ((_, totals),) = told.totals().items()
        assert totals["first_order_at"] == from_iso(first)
        assert totals["last_order_at"] == from_iso(first) + HOUR_MS

    in_shop(story)


def test_a_leap_second_is_kept_with_its_reason_and_holds_nobody_up() -> None:
    """Unix time has no 23:59:60: it is refused, with its bytes, and what stands behind it goes."""

    async def story(shop: Shop) -> None:
        shop.capture({**ORDER, "at": "2016-12-31T23:59:60Z"}, ORDER)
        await shop.worker.drain()
        assert shop.result().ends == [
            (Outcome.QUARANTINED, "time_unreadable"),
            (Outcome.DELIVERED, ""),
        ]

    in_shop(story)
