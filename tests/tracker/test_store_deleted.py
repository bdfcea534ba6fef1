"""A store that is begun anew, or deleted by hand, under a program that captures into it."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import contextmanager, suppress

import pytest

from support.commands import Shop
from support.shop import order, say
from truthpoint import runtime
from truthpoint.errors import CaptureFailed, StoreUnusable
from truthpoint.stores.sqlite import SqliteJournal, SqliteStore

_WORDS = """
import sys
from decimal import Decimal
import truthpoint

def tell(tracker, number):
    more = {"order_id": f"A-{number}", "total": Decimal("24.00"), "currency": "USD", "items": []}
    return tracker.track("order_paid", person="1", record_id=f"r{number}", **more)
"""

_ASKED = f"""{_WORDS}
tracker = truthpoint.open()
for line in sys.stdin:
    print(tell(tracker, line.strip()).result.value, flush=True)
"""
"""Tracks the order that each line names, and says what became of it."""

_BUSY = f"""{_WORDS}
import itertools, time
tracker = truthpoint.open()
for number in itertools.count(1):
    began = time.monotonic()
    tell(tracker, number)
    print(number, began, flush=True)
"""
"""Tracks one order after the other, and says of each that returned when its call began."""


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def _start_over(shop: Shop) -> None:
    runtime.forget(shop.store)


def _by_hand(shop: Shop) -> None:
    """As `rm -rf` does it: it fails at the end where somebody made a file in the middle of it."""
    with suppress(OSError):
        shutil.rmtree(shop.store)


def _moved_away(shop: Shop) -> None:
    shop.store.rename(shop.store.with_name(f"away-{len(list(shop.folder.iterdir()))}"))


def _one_file(shop: Shop) -> None:
    (shop.store / "journal.db").unlink(missing_ok=True)


DELETED = {
    "up --start-over": _start_over,
    "rm -rf": _by_hand,
    "moved away": _moved_away,
    "journal.db alone": _one_file,
}


@contextmanager
def _program(shop: Shop, program: str):
    process = shop.python(program, stdin=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _kept(shop: Shop) -> list[str]:
    """Return the record ids that the store at the path holds, as another process reads it."""
    store = SqliteStore(shop.store)
    found = [row.record_id for row in store.undecided(100_000)]
    store.close()
    return found


@pytest.mark.parametrize("deleted", DELETED.values(), ids=DELETED)
def test_a_tracker_of_another_process_goes_on_in_the_store_that_the_path_names(shop, deleted):
    """Law 1: what is acknowledged after a deletion is in the new store, not in a deleted file."""
    with _program(shop, _ASKED) as program:

        def told(number: int) -> str:
            program.stdin.write(f"{number}\n")
            program.stdin.flush()
            return program.stdout.readline()

        before = told(1)
        deleted(shop)
        after = told(2), told(3)

        assert ("accepted\n", ("accepted\n", "accepted\n")) == (before, after)
        assert ["r2", "r3"] == _kept(shop)

        deleted(shop)
        again = told(4)

        assert "accepted\n" == again
        assert ["r4"] == _kept(shop)


@pytest.mark.parametrize("deleted", [_start_over, _by_hand])
def test_a_deletion_in_the_middle_of_captures_loses_none_that_began_after_it(shop, deleted):
    """Law 1: at any moment; what is acknowledged for a call that began later is there."""
    with _program(shop, _BUSY) as program:

        def said() -> tuple[int, float]:
            number, began = program.stdout.readline().split()
            return int(number), float(began)

        for _ in range(5):
            for _ in range(50):
                said()
            deleted(shop)
        over = time.monotonic()
        later = [number for number, began in (said() for _ in range(5_000)) if began > over]

    assert later
    assert set(later) <= {int(one[1:]) for one in _kept(shop)}


def test_another_process_in_the_new_store_loses_nothing_to_one_that_leaves_the_old(shop):
    """Who closes a file that no path names must leave alone the log that the path names."""
    with _program(shop, _ASKED) as program:
        program.stdin.write("1\n")
        program.stdin.flush()
        program.stdout.readline()
        _by_hand(shop)
        here = SqliteJournal(shop.store)
        say(here, order("A-5", "1"), start=5)
        program.stdin.write("2\n")
        program.stdin.flush()
        told = program.stdout.readline()
        say(here, order("A-6", "1"), start=6)
        shop.spawn("status")
        kept = _kept(shop)
        here.close()

    assert "accepted\n" == told
    assert ["r5", "r2", "r6"] == kept


def test_numbers_do_not_begin_again_when_a_store_begins_anew(shop):
    """A journal's numbers never restart; the state begins without a position."""
    journal = SqliteJournal(shop.store)
    say(journal, order("A-1", "1"), order("A-2", "1"))
    runtime.forget(shop.store)
    say(journal, order("A-3", "1"), start=7)
    store = SqliteStore(shop.store)
    store.acquire()

    found = [(row.record, row.record_id) for row in store.undecided(10)]
    store.close()
    journal.close()
    assert [(3, "r7")] == found


def test_nothing_of_a_person_is_left_in_the_files_of_a_store_that_began_anew(shop):
    """What is forgotten is gone from the disk, not only from the tables."""
    say(SqliteJournal(shop.store), order("A-1", "canary-77"))
    runtime.forget(shop.store)

    left = b"".join(path.read_bytes() for path in shop.store.iterdir())

    assert b"canary-77" not in left


def test_a_folder_that_cannot_be_made_anew_is_said(shop):
    """Nothing is acknowledged that no path names."""
    journal = SqliteJournal(shop.store)
    shutil.rmtree(shop.store)
    shop.store.write_text("somebody's notes")

    with pytest.raises(CaptureFailed, match="is a file, and a store is a folder"):
        say(journal, order("A-1", "1"))

    shop.store.unlink()
    say(journal, order("A-2", "1"), start=2)
    journal.close()

    assert ["r2"] == _kept(shop)


def test_a_worker_whose_folder_is_deleted_ends(shop):
    """It must not look into a deleted journal for ever, while records wait in the new one."""
    store = SqliteStore(shop.store)
    store.acquire()
    _by_hand(shop)
    SqliteJournal(shop.store).close()

    with pytest.raises(StoreUnusable, match="was deleted or replaced"):
        store.undecided(1)

    store.close()
