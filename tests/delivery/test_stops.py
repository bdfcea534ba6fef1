"""A stop of delivery is a breaker: records are decided on, and it closes by itself."""

from __future__ import annotations

import asyncio

import pytest

from support.scripted import OK
from support.shop import order
from truthpoint.core.answers import Answer
from truthpoint.core.outbox import State
from truthpoint.errors import DeliveryStopped, WrongWorkspace

STATUSES = [401, 403, 404, 301]


def _stopped_from(place, answer, *, until_seconds):
    """Let everything be answered like this until so many seconds of the story have gone."""
    place.transport.script = lambda sent: answer if sent.at_seconds < until_seconds else OK


@pytest.mark.parametrize("status", STATUSES)
def test_delivery_goes_on_by_itself_once_the_credentials_are_taken_again(place, status):
    """Law 16: nothing is dead; one request a probe, and what was captured meanwhile goes too."""
    _stopped_from(place, Answer(status=status), until_seconds=400)
    place.say(*[order(f"A-{number}", str(number)) for number in range(50)])

    async def story(worker):
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        await asyncio.sleep(200)
        place.say(order("B-1", "900"), start=500)
        await asyncio.sleep(20)
        while_stopped = worker.stopped, worker.ready, place.desk.backlog().undecided
        await asyncio.sleep(500)
        stop.set()
        await running
        return while_stopped, worker.stopped

    while_stopped, at_the_end = place.run(story)

    assert (True, False, 0) == while_stopped
    assert not at_the_end
    assert {} == place.dead()
    assert 51 == place.desk.backlog().operations[State.DELIVERED]
    assert len([sent for sent in place.transport.sent if sent.at_seconds < 400]) < 10


def test_it_says_so_each_time_it_opens_and_closes(place):
    """Findings for the operator: a stop is an error, going on is a note; nothing of a person."""
    _stopped_from(place, Answer(status=401, body=b'{"errors":["canary"]}'), until_seconds=20)
    place.say(order("A-1", "canary-id"), order("A-2", "7"))
    said = []

    async def story(worker):
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        await asyncio.sleep(300)
        stop.set()
        await running

    place.run(story, report=said.append)

    assert ["delivery_stopped", "delivery_resumed"] == [one.code for one in said]
    assert "HTTP 401" in said[0].evidence
    assert "canary" not in repr(said)


def test_a_worker_that_is_told_to_end_while_stopped_ends_with_the_stop(place):
    """A supervisor must not take it for a clean end; it ends at once."""
    place.transport.script = lambda _: Answer(status=403)
    place.say(order("A-1", "7"))

    async def story(worker):
        loop = asyncio.get_running_loop()
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        await asyncio.sleep(500)
        told_at = loop.time()
        stop.set()
        with pytest.raises(DeliveryStopped, match="HTTP 403"):
            await running
        return loop.time() - told_at

    assert place.run(story) < 1


def test_another_workspace_behind_the_same_credentials_ends_the_worker(place):
    """Law 19: what it is allowed again must be what it was bound to."""
    place.transport.script = lambda _: Answer(status=401)
    place.say(order("A-1", "7"))

    async def story(worker):
        running = asyncio.create_task(worker.run(asyncio.Event()))
        await asyncio.sleep(5)
        place.transport.region = Answer(status=200, body=b'{"region":"us","environment_id":9}')
        with pytest.raises(WrongWorkspace):
            await running

    place.run(story)

    assert 1 == len(place.transport.sent)
