"""A journal that holds less than was decided passes nothing over (laws 1 and 16)."""

from __future__ import annotations

import shutil

import pytest

from support import virtual
from support.scripted import ScriptedTransport
from support.shop import order, say, worker_on
from truthpoint.core.decision import Outcome
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, SqliteStore


def capture(folder, *numbers, start):
    journal = SqliteJournal(folder)
    say(journal, *[order(f"A-{number}", str(number % 3)) for number in numbers], start=start)
    journal.close()


def work(folder):
    """Decide and deliver everything; return the orders that left, and what was reported."""
    transport = ScriptedTransport()
    reported = []

    async def story():
        store = SqliteStore(folder)
        clock = virtual.VirtualClock(virtual.asyncio.get_running_loop())
        worker = worker_on(store, transport, clock, report=reported.append)
        await worker.drain()
        store.close()

    virtual.run(story())
    left = [item["attributes"]["order_id"] for item in transport.items if item.get("name")]
    return sorted(left), [one.code for one in reported]


def outcomes(folder):
    desk = SqliteDesk(folder)
    steps = [desk.record(number) for number in range(1, 60)]
    desk.close()
    return [found[1].outcome for found in steps if found is not None]


@pytest.fixture
def set_back(tmp_path):
    """A store that decided ten records, and a journal that remembers only the first six."""
    capture(tmp_path, *range(6), start=0)
    work(tmp_path)
    shutil.copy(tmp_path / "journal.db", tmp_path / "earlier")
    capture(tmp_path, *range(6, 10), start=6)
    work(tmp_path)
    (tmp_path / "earlier").replace(tmp_path / "journal.db")
    return tmp_path


@pytest.mark.parametrize("count", [1, 4, 9])
def test_what_is_captured_under_numbers_given_twice_is_decided(set_back, count):
    """Nothing is passed over, whether fewer or more came than were lost."""
    capture(set_back, *range(20, 20 + count), start=20)

    left, codes = work(set_back)

    assert left == sorted(f"A-{number}" for number in range(20, 20 + count))
    assert codes == ["journal_set_back"]
    assert outcomes(set_back) == [Outcome.DELIVERED] * (6 + count)


def test_nothing_captured_since_gets_a_number_of_what_was_lost(set_back):
    """The worker came first: the next record has a number beyond the position."""
    assert work(set_back) == ([], ["journal_set_back"])

    capture(set_back, 30, start=30)

    assert work(set_back)[0] == ["A-30"]


def test_it_is_mended_once(set_back):
    """The next start finds a sound journal."""
    capture(set_back, 20, start=20)
    work(set_back)

    assert work(set_back) == ([], [])


def test_a_journal_that_is_gone_begins_beyond_what_was_decided(set_back):
    """A deleted journal loses its records, and none of those captured later."""
    (set_back / "journal.db").unlink()
    capture(set_back, 20, 21, start=20)

    left, codes = work(set_back)

    assert (left, codes) == (["A-20", "A-21"], ["journal_set_back"])


def test_a_sound_journal_says_nothing(tmp_path):
    """No finding without a cause."""
    capture(tmp_path, 1, 2, start=0)

    assert work(tmp_path) == (["A-1", "A-2"], [])
    assert work(tmp_path) == ([], [])
