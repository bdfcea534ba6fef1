"""The asyncio face: the same words, durable when awaited, and the loop never waits for a disk."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest

import truthpoint
from support.shop import CONTRACT
from truthpoint.errors import CaptureFailed, RecordInvalid, UsageError
from truthpoint.stores.sqlite import SqliteJournal, SqliteStore, files

ORDER = {"total": "24.00", "currency": "USD", "items": []}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def place(folder):
    return {"contract": str(CONTRACT), "store": f"sqlite:{folder}"}


def _orders(folder) -> list[str]:
    store = SqliteStore(folder)
    store.acquire()
    try:
        rows = store.undecided(1_000_000)
        return [json.loads(row.body)["properties"]["order_id"] for row in rows]
    finally:
        store.close()


def test_it_is_the_same_as_the_blocking_one_but_awaited(place, folder):
    """Receipts, repeats and advice are those of `Tracker`."""

    async def main():
        async with truthpoint.open_async(**place) as tracker:
            return [
                await tracker.track("order_paid", person="1", order_id="A", record_id="r", **ORDER),
                await tracker.track("order_paid", person="1", order_id="A", record_id="r", **ORDER),
                await tracker.identify("1", emial="a@example.org"),
            ]

    first, second, third = asyncio.run(main())
    assert ("accepted", "repeat", "accepted") == (first.result, second.result, third.result)
    assert "name_alike" in [one.code for one in third.findings]


def test_wrong_arguments_raise_at_the_call(place, folder):
    """Before anything is awaited, so that a task that nobody looks at hides none."""

    async def main():
        async with truthpoint.open_async(**place, on_invalid="raise") as tracker:
            with pytest.raises(UsageError, match="is a float"):
                tracker.track("order_paid", person="1", total=1.5)
            with pytest.raises(RecordInvalid, match="event_unknown"):
                tracker.track("order_payed", person="1")

    asyncio.run(main())


@pytest.fixture
def gated(monkeypatch):
    """Appends that wait until the gate is opened; each notes its size and its thread."""
    gate = threading.Event()
    steps: list[tuple[int, str]] = []
    plain = SqliteJournal.append

    def append(self, captures):
        steps.append((len(captures), threading.current_thread().name))
        assert gate.wait(30)
        return plain(self, captures)

    monkeypatch.setattr(SqliteJournal, "append", append)
    return gate, steps


async def _started(steps) -> None:
    while not steps:  # noqa: ASYNC110 - a thread notes them
        await asyncio.sleep(0)


@pytest.mark.parametrize("durability", ["process", "power"])
def test_calls_that_wait_share_one_step_and_the_loop_runs_on(place, folder, gated, durability):
    """A disk that does not answer holds no coroutine but those that await it; one thread."""
    gate, steps = gated

    async def main():
        async with truthpoint.open_async(**place, durability=durability) as tracker:
            tasks = [
                asyncio.create_task(
                    tracker.track("order_paid", person="1", order_id=f"A-{number}", **ORDER)
                )
                for number in range(20)
            ]
            # All of these turns of the loop happen while the disk stands still.
            await _started(steps)
            for _ in range(50):
                await asyncio.sleep(0)
            pending = sum(not task.done() for task in tasks)
            gate.set()
            return pending, await asyncio.gather(*tasks)

    pending, receipts = asyncio.run(main())
    assert 20 == pending
    assert {"accepted"} == {one.result for one in receipts}
    assert 20 == sum(count for count, _ in steps)
    assert len(steps) <= 3
    assert 1 == len({name for _, name in steps})
    assert [f"A-{number}" for number in range(20)] == _orders(folder)


def test_a_call_that_is_cancelled_has_its_record_kept(place, folder, gated):
    """What was said has happened, whether or not somebody still waits for the receipt."""
    gate, steps = gated

    async def main():
        async with truthpoint.open_async(**place) as tracker:
            calls = [
                asyncio.create_task(
                    tracker.track("order_paid", person="1", order_id=f"A-{number}", **ORDER)
                )
                for number in range(3)
            ]
            await _started(steps)
            for call in calls:
                call.cancel()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            gate.set()
            return ended

    ended = asyncio.run(main())
    assert [asyncio.CancelledError] * 3 == [type(one) for one in ended]
    assert ["A-0", "A-1", "A-2"] == _orders(folder)


def test_a_closed_one_says_so_and_a_new_loop_is_no_matter(place, folder):
    """It belongs to no loop; closing twice does no harm."""
    tracker = truthpoint.open_async(**place)
    for number in range(3):
        said = tracker.track("order_paid", person="1", order_id=f"A-{number}", **ORDER)
        assert "accepted" == asyncio.run(_await(said)).result
    asyncio.run(tracker.close())
    asyncio.run(tracker.close())

    with pytest.raises(UsageError, match=r"The tracker is closed\. .*truthpoint\.open_async\(\)"):
        tracker.track("order_paid", person="1", order_id="A-3", **ORDER)
    assert ["A-0", "A-1", "A-2"] == _orders(folder)


async def _await(said):
    return await said


@pytest.mark.parametrize("on_failure", ["raise", "log"])
def test_a_failure_is_raised_or_logged(place, folder, monkeypatch, caplog, on_failure):
    """The same choice as for the blocking face."""
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.02)
    holder = files.open_file(folder, files.JOURNAL)
    holder.execute("BEGIN IMMEDIATE")

    async def main():
        async with truthpoint.open_async(**place, on_failure=on_failure) as tracker:
            try:
                said = await tracker.track("order_paid", person="1", order_id="A", **ORDER)
            except CaptureFailed:
                return "raised"
            return said.result

    result = asyncio.run(main())
    holder.close()
    assert {"raise": "raised", "log": "failed"}[on_failure] == result
    assert (1 if on_failure == "log" else 0) == len(caplog.records)
    assert [] == _orders(folder)
