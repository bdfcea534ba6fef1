"""A worker says what keeps it from its work, from its start to its end."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from support.shop import order
from truthpoint.core.answers import Answer
from truthpoint.errors import StoreUnusable

ENDED = "deciding or delivery has ended, and what is under way is finished"


def _watched(worker, seen, *, until):
    """Run a worker and note what it waits for, until a condition; then tell it to end."""

    async def story():
        stop = asyncio.Event()
        seen.append(worker.waits_for)
        running = asyncio.create_task(worker.run(stop))
        while not (until(worker) or running.done()):  # noqa: ASYNC110 - it looks from outside
            await asyncio.sleep(0.01)
        seen.append(worker.waits_for)
        stop.set()
        while not running.done():
            await asyncio.sleep(0.01)
            seen.append(worker.waits_for)
        with suppress(StoreUnusable):
            running.result()

    return story()


def test_it_is_ready_between_the_regions_answer_and_the_signal(place):
    """Not before, and not while it drains."""
    seen: list[str] = []
    place.say(order("A-1", "1"))
    place.transport.latency_seconds = 5

    place.run(lambda worker: _watched(worker, seen, until=lambda _: place.transport.under_way))

    first, ready, *draining = seen
    assert ("the workspace's region answer is missing", "") == (first, ready)
    assert len(draining) > 100
    assert {ENDED} == set(draining)


def test_it_is_not_ready_once_its_decider_has_died(place):
    """Requests under way are awaited for a while: nothing new is decided meanwhile."""
    seen: list[str] = []
    place.say(order("A-1", "1"))
    place.transport.latency_seconds = 5

    def died(worker) -> bool:
        if place.transport.under_way and worker.waits_for == "":

            def broken() -> int:
                raise StoreUnusable("the disk is gone")

            worker.decider.step = broken
        return bool(worker.waits_for) and bool(place.transport.under_way)

    place.run(lambda worker: _watched(worker, seen, until=died))

    assert ENDED == seen[1]


def test_it_is_not_ready_while_an_answer_has_stopped_delivery(place):
    """An operator has to look at credentials or address."""
    seen: list[str] = []
    place.say(order("A-1", "1"))
    place.transport.script = lambda _: Answer(status=401, body=b"{}")

    async def story(worker) -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        while not worker.stopped:  # noqa: ASYNC110 - it looks from outside
            await asyncio.sleep(0.01)
        seen.append(worker.waits_for)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    place.run(story)

    assert ["an answer of the workspace has stopped delivery"] == seen


def test_what_it_decides_is_progress_before_anything_leaves(place):
    """So the patience of a drain outlasts the deciding of a long backlog, which comes first."""
    seen: list[int] = []
    place.say(*(order(f"A-{number}", "1") for number in range(3)))

    async def story(worker) -> None:
        seen.append(worker.progress)
        worker.decider.step()
        seen.append(worker.progress)
        await worker.drain()
        seen.append(worker.progress)

    place.run(story)

    assert [0, 3, 6] == seen
