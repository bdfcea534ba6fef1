"""Requests that wait together share one durable step, and what that step's end means to each."""

from __future__ import annotations

import http.client
import re
import signal
import sqlite3
import threading
from contextlib import closing, contextmanager
from typing import Any

import pytest

from support.commands import Shop, ended, wait_until
from support.failing_disk import failing_disk
from support.gated import Gate, gated, key_for
from support.shop import order
from truthpoint.stores.sqlite import SqliteJournal


def _named(number: int) -> dict[str, Any]:
    return {**order(f"A-{number}", str(number)), "record_id": f"r-{number}"}


def _kept(shop: Shop) -> list[str]:
    """Return the ids of what the journal holds, in order."""
    with closing(sqlite3.connect(shop.store / "journal.db")) as journal:
        return [row[0] for row in journal.execute("SELECT record_id FROM record ORDER BY record")]


class _Steps:
    """Lets the durable steps of a journal go one by one, and counts the records of each."""

    def __init__(self, monkeypatch) -> None:
        self.sizes: list[int] = []
        self._turns = threading.Semaphore(0)
        append = SqliteJournal.append

        def held(journal, captures):
            self.sizes.append(len(captures))
            assert self._turns.acquire(timeout=60)
            return append(journal, captures)

        monkeypatch.setattr(SqliteJournal, "append", held)

    def let_go(self) -> None:
        self._turns.release()


class _Clients:
    """Clients that each post one record, and what each was answered."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.answers: dict[int, Any] = {}
        self._threads: list[threading.Thread] = []

    def post(self, *numbers: int) -> None:
        self._threads += [threading.Thread(target=self._post, args=(one,)) for one in numbers]
        for thread in self._threads[-len(numbers) :]:
            thread.start()

    def _post(self, number: int) -> None:
        try:
            self.answers[number] = self._gate.post_lines(_named(number))
        except (OSError, http.client.HTTPException) as lost:
            self.answers[number] = lost

    def end(self) -> dict[int, Any]:
        for thread in self._threads:
            thread.join(60)
        return self.answers


def test_requests_that_wait_together_share_one_durable_step(tmp_path, monkeypatch):
    """Law 1: nine behind a slow one are two syncs and not ten, and none is answered before its."""
    steps = _Steps(monkeypatch)
    with gated(tmp_path / "store") as gate:
        clients = _Clients(gate)
        clients.post(0)
        wait_until(lambda: steps.sizes)
        clients.post(*range(1, 10))
        wait_until(lambda: 9 == gate.queued())
        before = dict(clients.answers)
        steps.let_go()
        wait_until(lambda: clients.answers and len(steps.sizes) == 2)
        between = dict(clients.answers)
        steps.let_go()
        answers = clients.end()
        kept = {record_id for _, record_id, _ in gate.bodies()}

    assert {} == before
    assert [0] == list(between)
    assert [1, 9] == steps.sizes
    assert {200} == {one.status for one in answers.values()}
    assert {f"r-{number}" for number in range(10)} == kept
    told = {number: one.told["results"][0]["record_id"] for number, one in answers.items()}
    assert {number: f"r-{number}" for number in range(10)} == told


def test_a_request_that_breaks_the_contract_takes_no_other_one_with_it(tmp_path, monkeypatch):
    """What shares a step is told apart: each request has its own status and findings."""
    steps = _Steps(monkeypatch)
    with gated(tmp_path / "store") as gate:
        clients = _Clients(gate)
        clients.post(0)
        wait_until(lambda: steps.sizes)
        clients.post(1)
        broken: list[Any] = []
        bad = threading.Thread(target=lambda: broken.append(gate.post_lines(b"{", b"7")))
        bad.start()
        wait_until(lambda: 2 == gate.queued())
        steps.let_go()
        steps.let_go()
        answers = clients.end()
        bad.join(60)

    assert 2 == len(steps.sizes)
    assert [200, 200] == [answers[number].status for number in (0, 1)]
    assert (207, ["invalid", "invalid"]) == (broken[0].status, broken[0].results)


_SERVE = """
import os, signal, sys
from truthpoint.cli.main import app
from truthpoint.stores.sqlite import SqliteJournal

moment = sys.argv.pop(1)
append = SqliteJournal.append

def killed(self, captures):
    shared = len(captures) > 1
    if shared and moment == "before":
        def committing(statement):
            if statement == "COMMIT":
                os.kill(os.getpid(), signal.SIGKILL)
        self._connection.set_trace_callback(committing)
    appended = append(self, captures)
    if shared and moment == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return appended

SqliteJournal.append = killed
app()
"""


@contextmanager
def _serving(shop: Shop, *arguments: str, **more: Any):
    """A gateway in a process of its own."""
    process = shop._process(*arguments, "serve", "--port", "0", **more)
    assert process.stdout is not None
    try:
        gate = Gate(shop.store)
        found = re.search(rb":(\d+)$", process.stdout.readline().rstrip())
        assert found, ended(process)
        gate.port = int(found[1])
        yield gate, process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_kill_in_a_shared_step_loses_nothing_that_was_answered(tmp_path, moment):
    """Law 1: SIGKILL just before or after the commit of several requests; sent again, all is once.

    Nobody of the step was answered, so that each sends again: what was committed is a repeat.
    """
    shop = Shop(tmp_path)
    token = key_for(shop.store, "backend")
    answered: dict[int, int] = {}
    with _serving(shop, "-c", _SERVE, moment) as (gate, process):
        gate.token = token
        numbers = iter(range(100_000))
        taken: list[int] = []

        def send() -> None:
            for number in numbers:
                taken.append(number)
                try:
                    answered[number] = gate.post_lines(_named(number)).status
                except (OSError, http.client.HTTPException):
                    return

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert -signal.SIGKILL == process.wait(60)

    kept = _kept(shop)
    with _serving(shop, "-m", "truthpoint") as (gate, _):
        gate.token = token
        again = [gate.post_lines(_named(number)).results[0] for number in taken]

    in_the_step = len(taken) - len(kept) if moment == "before" else len(kept) - len(answered)

    assert {200} >= set(answered.values())
    assert {f"r-{number}" for number in answered} <= set(kept)
    assert in_the_step >= 2, "the step that was killed was shared"
    assert len(kept) == again.count("repeat")
    assert {f"r-{number}" for number in taken} == set(_kept(shop))
    assert len(taken) == len(_kept(shop))


def test_a_failed_sync_stops_the_gateways_writer_until_it_is_started_anew(tmp_path):
    """Law 1: nobody in the step gets a 2xx, and a disk that seems well again is not trusted."""
    shop = Shop(tmp_path)
    disk = failing_disk(tmp_path / "disk")
    token = key_for(shop.store, "backend")
    with _serving(shop, "-m", "truthpoint", environment=disk.environment) as (gate, process):
        gate.token = token
        before = gate.post_lines(_named(0)).status
        disk.fail()
        clients = _Clients(gate)
        clients.post(*range(1, 7))
        failed = {one.status for one in clients.end().values()}
        disk.mend()
        afterwards = gate.post_lines(_named(7))
        ready = gate.ask("GET", "/readyz").status
        process.send_signal(signal.SIGTERM)
        last = ended(process)
    with _serving(shop, "-m", "truthpoint", environment=disk.environment) as (gate, _):
        gate.token = token
        again = [gate.post_lines(_named(number)) for number in range(8)]

    assert (200, {503}) == (before, failed)
    assert (503, "capture_failed", 503) == (afterwards.status, afterwards.error["code"], ready)
    assert "the disk reported an error" in last.err
    assert "an earlier write failed on the disk" in last.err
    assert "repeat" == again[0].results[0]
    assert {200} == {one.status for one in again}
    assert sorted(f"r-{number}" for number in range(8)) == sorted(_kept(shop))


_FAILS = """
import os, pathlib, signal, truthpoint
from decimal import Decimal

failing = pathlib.Path(os.environ["FAILING_DISK"])
tracker = truthpoint.open(durability="power")

def tell(number):
    order = {"order_id": f"A-{number}", "total": Decimal(1), "currency": "USD", "items": []}
    tracker.track("order_paid", person=1, record_id=f"r-{number}", **order)

tell(0)
failing.touch()
for number in (1, 2):
    try:
        tell(number)
    except truthpoint.CaptureFailed as failed:
        print(failed.lasting, failed, flush=True)
    failing.unlink(missing_ok=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_tracker_whose_sync_failed_never_writes_again_and_promises_nothing(tmp_path):
    """Law 1: the call that failed may be found after a restart, so it does not say it will not."""
    shop = Shop(tmp_path)
    disk = failing_disk(tmp_path / "disk")
    first, later = ended(shop.python(_FAILS, environment=disk.environment)).out.splitlines()
    kept = _kept(shop)

    assert "True" == first.split()[0] == later.split()[0]
    assert "the disk reported an error" in first
    assert first.endswith("it counts as not kept, and may be found in the journal all the same.")
    assert later.endswith("Nothing of this call was kept. Check the disk, then start again.")
    assert "r-0" == kept[0]
    assert "r-2" not in kept
