"""Law 1: what was reported survives a kill; what could not be written is said, never half kept."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import stat

import pytest

from support.commands import Shop, ended
from support.shop import order
from truthpoint.stores.sqlite import SqliteJournal, SqliteStore


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def _orders(shop: Shop) -> list[str]:
    store = SqliteStore(shop.store)
    store.acquire()
    try:
        rows = store.undecided(1_000_000)
        return [json.loads(row.body)["properties"]["order_id"] for row in rows]
    finally:
        store.close()


def _large(number: int) -> dict:
    """An order that fills a page or two."""
    return order(f"A-{number}", "1", coupon="c" * 900)


def _killed_and_sent_again(shop: Shop, after_lines: int) -> None:
    file = shop.file("orders.ndjson", *(_large(number) for number in range(2000)))
    process = shop.start("send", file, "--json")
    assert process.stdout is not None
    reported = [json.loads(process.stdout.readline())["line"] for _ in range(after_lines)]
    process.send_signal(signal.SIGKILL)
    process.communicate()

    kept = _orders(shop)
    again = shop.run("send", file)

    assert -signal.SIGKILL == process.returncode
    assert {f"A-{line - 1}" for line in reported} <= set(kept)
    assert kept == [f"A-{number}" for number in range(len(kept))]
    assert 0 == again.code
    assert [f"A-{number}" for number in range(2000)] == _orders(shop)


@pytest.mark.parametrize("after_lines", [1, 3, 500, 750])
def test_what_send_reported_survives_its_kill_and_the_rest_is_sent_again(shop, after_lines):
    """SIGKILL once so many lines were reported: each is in the journal, and none twice."""
    _killed_and_sent_again(shop, after_lines)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100))
def test_what_send_reported_survives_kills_at_any_moment(shop, seed):
    """The same at a hundred drawn moments."""
    _killed_and_sent_again(shop, random.Random(seed).randrange(1, 1500))


def _full_at(limit_bytes: int):
    """A disk that takes no file over a size: what a full disk is to its writer."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    return limit


@pytest.mark.parametrize("limit_bytes", [0, 3_000, 20_000, 300_000, 900_000])
def test_a_full_disk_is_said_and_nothing_is_half_kept(shop, limit_bytes):
    """Exit 3 and where it happened; after room is made the same file is sent again."""
    file = shop.file("orders.ndjson", *(_large(number) for number in range(1500)))

    full = shop.spawn("send", file, "--json", preexec_fn=_full_at(limit_bytes))
    reported = [one["line"] for one in full.lines[:-1]]
    kept = _orders(shop) if (shop.store / "journal.db").exists() else []
    again = shop.run("send", file)

    assert 3 == full.code
    assert full.error["code"] in {"capture_failed", "store_unusable"}
    assert str(shop.store / "journal.db") in full.error["message"]
    assert full.error["hint"]
    assert "Traceback" not in full.err
    # A batch is kept whole or not at all, and every line that was reported is kept.
    assert [f"A-{number}" for number in range(len(kept))] == kept
    assert 0 == len(kept) % 500
    assert len(reported) == len(kept)
    assert 0 == again.code
    assert [f"A-{number}" for number in range(1500)] == _orders(shop)


_RECORDER_ON_A_FULL_DISK = """
import resource, signal, sys, truthpoint
from truthpoint.errors import CaptureFailed

recorder = truthpoint.open_recorder()
recorder.record({"type": "track"})
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
for _ in range(2):
    try:
        recorder.record({"type": "track", "event": "canary"})
        print("captured")
    except CaptureFailed as failed:
        print(failed)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
try:
    recorder.record({"type": "track"})
    print("captured")
except CaptureFailed as failed:
    print(failed)
"""


def test_after_the_disk_failed_a_recorder_takes_no_more_until_it_is_opened_anew(shop):
    """Law 1: a failed write stops the writer; it says so on every call, and hides nothing."""
    told = ended(shop.python(_RECORDER_ON_A_FULL_DISK))
    first, *later = told.out.splitlines()

    assert "" == told.err
    assert "the disk reported an error" in first
    assert ["an earlier write failed on the disk" in line for line in later] == [True, True]
    assert "canary" not in told.out
    assert b'{"type":"track"}' == _only_body(shop)


def _only_body(shop: Shop) -> bytes:
    store = SqliteStore(shop.store)
    store.acquire()
    try:
        (row,) = store.undecided(10)
        return row.body
    finally:
        store.close()


def _mode(path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_files_are_private_to_their_user_whatever_the_umask(shop):
    """Law 21: the folder is 0700, every file in it 0600."""
    before = os.umask(0)
    try:
        journal = SqliteJournal(shop.store)
        store = SqliteStore(shop.store)
        store.acquire()
        shop.run("send", shop.file("orders.ndjson", order("A-1", "1")))
        modes = {path.name: _mode(path) for path in shop.store.iterdir()}
        store.close()
        journal.close()
    finally:
        os.umask(before)

    assert 0o700 == _mode(shop.store)
    assert {"journal.db", "journal.db-wal", "state.db", "state.db-wal"} <= set(modes)
    assert {0o600} == set(modes.values())
