"""T12: whatever a process does next, what `track` returned for is in the journal: 500 of 500."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from support.commands import Shop, ended
from truthpoint.stores.sqlite import SqliteStore

_TOLD = """
import asyncio, multiprocessing, os, signal, sys, threading, time, warnings
from decimal import Decimal
import truthpoint

# Newer versions of Python warn of a fork beside threads; that is what is tested here.
warnings.simplefilter("ignore", DeprecationWarning)

def words(number):
    more = {"order_id": f"A-{number}", "total": Decimal("24.00"), "currency": "USD", "items": []}
    return {"person": number % 7 + 1, **more}

def tell(tracker, numbers):
    for number in numbers:
        assert tracker.track("order_paid", **words(number)).result == "accepted"
"""

_MAIN = """
if __name__ == "__main__":
    tracker = truthpoint.open()
    tell(tracker, range(100))
"""

CELLS = {
    "one after the other": "    tell(tracker, range(100, 500))",
    "threads": """
    starts = range(100, 500, 100)
    threads = [threading.Thread(target=tell, args=(tracker, range(n, n + 100))) for n in starts]
    [each.start() for each in threads]
    [each.join() for each in threads]
""",
    "asyncio": """
    async def main():
        async with truthpoint.open_async() as twin:
            calls = (twin.track("order_paid", **words(number)) for number in range(100, 500))
            assert {"accepted"} == {one.result for one in await asyncio.gather(*calls)}
    asyncio.run(main())
""",
    "a server that forks its workers": """
    children = []
    for start in range(100, 500, 100):
        children.append(os.fork())
        if children[-1] == 0:
            tell(tracker, range(start, start + 100))
            os._exit(0)
    assert {0} == {os.waitpid(child, 0)[1] for child in children}
""",
    "a server whose workers fork again": """
    def serve(start):
        tell(tracker, range(start, start + 100))
        child = os.fork()
        tell(tracker, range(start + 100, start + 150) if child else range(start + 150, start + 200))
        if child:
            assert os.waitpid(child, 0)[1] == 0
        os._exit(0)
    children = []
    for start in (100, 300):
        children.append(os.fork())
        children[-1] or serve(start)
    assert {0} == {os.waitpid(child, 0)[1] for child in children}
""",
    "a parent that goes on, and threads of its own": """
    def before(): tell(tracker, range(100, 300))
    thread = threading.Thread(target=before)
    thread.start()
    child = os.fork()
    if child == 0:
        tell(tracker, range(300, 400))
        os._exit(0)
    tell(tracker, range(400, 500))
    thread.join()
    assert os.waitpid(child, 0)[1] == 0
""",
    "a parent that ends first": """
    reads, writes = os.pipe()
    if os.fork() == 0:
        os.close(writes)
        os.read(reads, 1)  # its end: the parent is gone
        tell(tracker, range(100, 500))
        os._exit(0)
""",
    "multiprocessing by fork": """
    with multiprocessing.get_context("fork").Pool(4) as pool:
        pool.map(one_more, range(100, 500))
""",
    "multiprocessing by spawn": """
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(one_more, range(100, 500), chunksize=200)
""",
    "another program in its place": """
    tell(tracker, range(100, 500))
    os.execv(sys.executable, [sys.executable, "-c", "pass"])
""",
    "the interpreter's end": """
    def late():
        tell(tracker, range(100, 500))
    threading.Thread(target=late).start()
""",
    "an end without clean-up": """
    tell(tracker, range(100, 500))
    os._exit(0)
""",
    "SIGTERM": """
    tell(tracker, range(100, 500))
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
""",
    "SIGTERM, and a handler that still tells": """
    def end(*_):
        tell(tracker, range(300, 500))
        sys.exit(0)
    signal.signal(signal.SIGTERM, end)
    tell(tracker, range(100, 300))
    os.kill(os.getpid(), signal.SIGTERM)
""",
    "SIGKILL": """
    tell(tracker, range(100, 500))
    os.kill(os.getpid(), signal.SIGKILL)
""",
}

_POOLED = """
_own = None
def one_more(number):
    global _own
    # By fork the parent's tracker is here already; by spawn each opens one.
    _own = _own or globals().get("tracker") or truthpoint.open()
    tell(_own, [number])
"""

ENDS = {"SIGTERM": -signal.SIGTERM, "SIGKILL": -signal.SIGKILL}


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


@pytest.mark.parametrize("cell", CELLS)
def test_five_hundred_of_five_hundred_are_kept(shop, cell):
    """Law 1: accepted means durable, and each record is there once."""
    # A file of its own: spawned children import it.
    program = shop.folder / "program.py"
    program.write_text(_TOLD + _POOLED + _MAIN + CELLS[cell], encoding="utf-8")

    told = ended(shop._process(str(program)))
    # The child that outlives its parent holds the pipes until its end, so this is the end.
    orders = _orders(shop)

    assert (ENDS.get(cell, 0), "", "") == (told.code, told.err, told.out)
    assert 500 == len(orders)
    assert {f"A-{number}" for number in range(500)} == set(orders)


_FORKS_UNDER_LOAD = (
    _TOLD
    + """
tracker = truthpoint.open()
stop = threading.Event()

def tell_on(start):
    number = start
    while not stop.is_set():
        tell(tracker, [number])
        number += 1

threads = [threading.Thread(target=tell_on, args=(n * 1_000_000,)) for n in range(1, 4)]
[each.start() for each in threads]
for fork in range(25):
    child = os.fork()
    if child == 0:
        tell(tracker, [fork * 2, fork * 2 + 1])
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
stop.set()
[each.join() for each in threads]
"""
)


def test_a_fork_in_the_middle_of_other_threads_calls_holds_nobody_up(shop):
    """No child inherits a lock that nobody gives back, nor a connection amid a write."""
    told = ended(shop.python(_FORKS_UNDER_LOAD))
    orders = _orders(shop)

    assert (0, "", "") == (told.code, told.err, told.out)
    assert len(set(orders)) == len(orders)
    assert {f"A-{number}" for number in range(50)} <= set(orders)


_PAST_PYTHON = (
    _TOLD
    + """
import ctypes
fork = ctypes.PyDLL(None).fork  # as a server in C does it: nobody tells Python

tracker = truthpoint.open()
child = fork()
if child == 0:
    tell(tracker, range(100))
    os._exit(0)
os.waitpid(child, 0)
tell(tracker, range(100, 200))
child = fork()
if child == 0:
    for _ in range(2):
        try:
            tell(tracker, [999])
        except truthpoint.CaptureFailed as failed:
            print(failed, flush=True)
    tracker.close()
    os._exit(0)
os.waitpid(child, 0)
tell(tracker, range(200, 300))
"""
)


def test_a_fork_that_python_is_not_told_of_is_refused_where_it_could_do_harm(shop):
    """A journal that was never used goes over; one that is open is not used by two processes."""
    told = ended(shop.python(_PAST_PYTHON))
    first, second = told.out.splitlines()

    assert (0, "") == (told.code, told.err)
    assert first.startswith("The tracker was in use while this process was forked past Python.")
    assert first.endswith("Open one in each process, after the fork.")
    assert first == second
    assert [f"A-{number}" for number in range(300)] == _orders(shop)


_AFTER_THE_DISK_FAILED = (
    _TOLD
    + """
import resource
tracker = truthpoint.open()
tell(tracker, [0])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
try:
    tell(tracker, [1])
except truthpoint.CaptureFailed as failed:
    print(failed.lasting, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
child = os.fork()
try:
    tell(tracker, [2])
except truthpoint.CaptureFailed as failed:
    print(failed, flush=True)
if child:
    os.waitpid(child, 0)
    tracker.close()
    tell(truthpoint.open(), [3])
"""
)


def test_a_fork_does_not_make_a_failed_writer_trusted_again(shop):
    """Law 1: a failed sync stops the writer, on both sides of a fork, until it is opened anew."""
    told = ended(shop.python(_AFTER_THE_DISK_FAILED))
    lasting, *later = told.out.splitlines()

    assert (0, "") == (told.code, told.err)
    assert "True" == lasting
    assert 2 == len(later)
    assert all(line.startswith("An earlier write failed on the disk") for line in later)
    assert ["A-0", "A-3"] == _orders(shop)


_HANDLER = (
    _TOLD
    + """
from truthpoint.stores.sqlite import SqliteJournal

tracker = truthpoint.open()
plain = SqliteJournal.append

def append(self, captures):
    SqliteJournal.append = plain
    signal.raise_signal(signal.SIGUSR1)
    return plain(self, captures)

def handle(*_):
    try:
        tell(tracker, [7])
    except truthpoint.CaptureFailed as failed:
        print(failed, flush=True)
    if os.fork() == 0:
        try:
            tell(tracker, [8])
        except truthpoint.CaptureFailed as failed:
            print(failed, flush=True)
        os._exit(0)
    os.wait()

SqliteJournal.append = append
signal.signal(signal.SIGUSR1, handle)
tell(tracker, [1])
tell(tracker, [2])
"""
)


def test_a_capture_inside_a_capture_of_the_same_thread_says_so_at_once(shop):
    """A handler in the middle of a call neither hangs nor forks a half-written connection."""
    told = ended(shop.python(_HANDLER))
    inside, forked = told.out.splitlines()

    assert (0, "") == (told.code, told.err)
    assert inside.startswith("This thread is in the middle of a capture")
    assert forked.startswith("The tracker was in use while this process was forked")
    assert ["A-1", "A-2"] == _orders(shop)


def test_a_forked_child_leaves_its_parents_file_alone(shop):
    """The journal is closed before the fork: no connection of the parent's is open in a child."""
    program = _TOLD + (
        "tracker = truthpoint.open()\ntell(tracker, [0])\n"
        "if os.fork() == 0:\n"
        "    links = [os.path.join('/proc/self/fd', one) for one in os.listdir('/proc/self/fd')]\n"
        "    print([os.readlink(one) for one in links if os.path.exists(one)], flush=True)\n"
        "    os._exit(0)\n"
        "os.wait()\n"
    )
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc")
    told = ended(shop.python(program))

    assert (0, "") == (told.code, told.err)
    assert "journal.db" not in told.out


def test_a_record_id_is_never_drawn_twice(shop):
    """Parent and children do not share a source of ids: the journal would take one for another."""
    program = _TOLD + (
        "tracker = truthpoint.open()\n"
        "for _ in range(4):\n"
        "    child = os.fork()\n"
        "    print(*(tracker.track('order_paid', **words(1)).record_id for _ in range(20)),\n"
        "          flush=True)\n"
        "    if child == 0: os._exit(0)\n"
        "    os.wait()\n"
    )
    told = ended(shop.python(program))
    ids = told.out.split()

    assert 160 == len(ids) == len(set(ids))
    assert 160 == len(_orders(shop))
