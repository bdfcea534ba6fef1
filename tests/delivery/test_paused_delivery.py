"""Law 8: a pause is kept also by what was leased before it and has not left."""

from __future__ import annotations

import asyncio

from support.scripted import OK
from support.shop import checkout, identify, order
from truthpoint.core.answers import Answer
from truthpoint.core.outbox import State
from truthpoint.core.pauses import Pause, PauseKind

ALL = Pause(kind=PauseKind.ALL)


def _names(sent) -> list[str]:
    return [item.get("name", item["action"]) for item in sent.items]


def test_requests_that_wait_out_a_backoff_do_not_leave_under_a_pause(place):
    """The kill switch is as fast when Customer.io is in trouble: nothing follows it."""
    place.say(*[order(f"A-{number}", str(number)) for number in range(8)])
    place.transport.script = lambda _: Answer(status=429, headers={"retry-after": "200"})

    async def story(worker):
        await worker.check_workspace(asyncio.Event())
        while worker.decider.step():
            pass
        stop = asyncio.Event()
        running = asyncio.create_task(worker.deliverer.run(stop))
        await asyncio.sleep(1)
        before = len(place.transport.sent)
        # The next request waits in memory for the end of the backoff; now it is paused.
        await asyncio.sleep(150)
        place.desk.pause(ALL)
        place.transport.script = lambda _: OK
        await asyncio.sleep(3_600)
        after = len(place.transport.sent)
        stop.set()
        await running
        return before, after

    before, after = place.run(story)

    assert 1 <= before == after
    operations = place.desk.backlog().operations
    assert (8, 0, 0) == (
        operations[State.READY],
        operations[State.LEASED],
        operations[State.DELIVERED],
    )

    place.desk.resume(PauseKind.ALL, "")
    place.drain()

    assert 8 == place.desk.backlog().operations[State.DELIVERED]


def test_requests_that_wait_for_their_token_do_not_leave_under_a_pause(place):
    """What was leased and waits for the rate is given back, and leaves after the pause."""
    place.say(*[order(f"A-{number}", str(number), note="x" * 20_000) for number in range(90)])

    async def story(worker):
        await worker.check_workspace(asyncio.Event())
        while worker.decider.step():
            pass
        stop = asyncio.Event()
        running = asyncio.create_task(worker.deliverer.run(stop))
        await asyncio.sleep(0.5)
        place.desk.pause(ALL)
        before = len(place.transport.sent)
        await asyncio.sleep(600)
        stop.set()
        await running
        return before

    before = place.run(story, requests_per_second=0.1)

    assert before == len(place.transport.sent)
    assert 0 == place.desk.backlog().operations[State.LEASED]


def test_a_drain_ends_although_a_pause_holds_something(place):
    """What nobody may send is not waited for; the others are delivered."""
    place.say(identify("1", email="a@example.org"), order("A-1", "1"), checkout("C-1", "2"))
    place.desk.pause(Pause(kind=PauseKind.EVENT, name="order_paid"))

    place.drain()

    assert ["identify", "identify", "checkout_started"] == sorted(
        (name for sent in place.transport.sent for name in _names(sent)), reverse=True
    )
    assert 1 == place.desk.backlog().operations[State.READY]


def test_a_drain_ends_although_somebody_postponed_is_paused(place):
    """A wait that no resume ends is none."""
    place.say(order("A-1", "1"))
    place.transport.script = lambda _: (place.desk.pause(ALL), Answer(status=503))[1]

    place.drain()

    assert 1 == place.desk.backlog().operations[State.READY]
    assert 1 == len(place.transport.sent)
