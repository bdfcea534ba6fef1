"""T12 under real servers that fork: gunicorn and Celery, where they are installed.

They are no dependency of ours: `test_tracker_processes.py` forks as they do, everywhere.
"""

from __future__ import annotations

import http.client
import json
import re
import signal
import sqlite3
import subprocess
import threading
from contextlib import closing, contextmanager

import pytest

from support.commands import Shop, ended, wait_until

_TOLD = """
from decimal import Decimal
import truthpoint

tracker = truthpoint.open()  # before the fork: workers go on with it

def tell(number):
    order = {"order_id": f"A-{number}", "total": Decimal("24.00"), "currency": "USD", "items": []}
    assert tracker.track("order_paid", person=number % 7 + 1, **order).result == "accepted"
"""

_USED = "tell(0)  # the journal is open when the server forks\n"

_WEB = """
def app(environ, start_response):
    tell(int(environ["PATH_INFO"][1:]))
    start_response("200 OK", [("Content-Length", "0")])
    return []
"""

_QUEUE = """
from celery import Celery

app = Celery("shop")
app.conf.update(
    broker_url="filesystem://",
    broker_transport_options={"data_folder_in": "queue", "data_folder_out": "queue",
                              "control_folder": "control"},
    task_ignore_result=True,
    worker_max_tasks_per_child=60,
    worker_prefetch_multiplier=1,
)
paid = app.task(name="paid")(tell)
"""


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def _orders(shop: Shop) -> list[str]:
    with closing(sqlite3.connect(shop.store / "journal.db")) as journal:
        bodies = journal.execute("SELECT body FROM record").fetchall()
    return sorted(json.loads(body)["properties"]["order_id"] for (body,) in bodies)


_FIVE_HUNDRED = sorted(f"A-{number}" for number in range(500))


@contextmanager
def _gunicorn(shop: Shop, *options: str):
    server = ["gunicorn", "--bind", "127.0.0.1:0", "--workers", "4", "--max-requests", "60"]
    process = shop._process("-m", *server, *options, "web:app", stderr=subprocess.STDOUT)
    assert process.stdout is not None
    port = 0
    for line in process.stdout:
        if found := re.search(rb"Listening at: http://127.0.0.1:(\d+)", line):
            port = int(found[1])
        if b"Booting worker" in line:
            break
    # Its log is read to the end, or a full pipe would hold it up.
    reader = threading.Thread(target=process.stdout.read)
    reader.start()
    try:
        yield port
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(60)
    finally:
        process.kill()
        process.wait(60)
        reader.join(60)
        process.stdout.close()


@pytest.mark.parametrize(
    ("options", "used"),
    [((), False), (("--preload",), False), (("--preload",), True)],
    ids=["each_for_itself", "preload", "preload_and_used"],
)
def test_five_hundred_of_five_hundred_by_gunicorn(shop, options, used):
    """Law 1: what was answered is in the journal, over pre-forked workers that come and go."""
    pytest.importorskip("gunicorn", reason="gunicorn is not installed; its forks are emulated")
    program = _TOLD + (_USED if used else "") + _WEB
    (shop.folder / "web.py").write_text(program, encoding="utf-8")
    numbers = iter(range(1 if used else 0, 500))
    answers: list[int] = []

    with _gunicorn(shop, *options) as port:

        def ask() -> None:
            for number in numbers:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                with closing(connection):
                    connection.request("GET", f"/{number}")
                    answers.append(connection.getresponse().status)

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

    assert {200} == set(answers)
    assert _FIVE_HUNDRED == _orders(shop)


def test_five_hundred_of_five_hundred_by_celery(shop):
    """Law 1: tasks of a prefork pool whose children come and go; SIGTERM ends it in order."""
    pytest.importorskip("celery", reason="Celery is not installed; its forks are emulated")
    for name in ("queue", "control"):
        (shop.folder / name).mkdir()
    (shop.folder / "shop.py").write_text(_TOLD + _USED + _QUEUE, encoding="utf-8")
    sending = "import shop\nfor number in range(1, 500): shop.paid.delay(number)\n"
    # The sender's own import tells order 0; told again by the worker's, under another id.
    sent = ended(shop.python(sending))
    assert (0, "") == (sent.code, sent.out), sent.err
    log = (shop.folder / "celery.log").open("wb")
    worker = ["celery", "-A", "shop", "worker", "--pool", "prefork", "--concurrency", "4"]
    process = shop._process("-m", *worker, stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: len(set(_orders(shop))) == 500, seconds=55)
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
    finally:
        process.kill()
        process.wait(60)
        log.close()

    assert 0 == code
    assert _FIVE_HUNDRED == sorted(set(_orders(shop)))
    assert 501 == len(_orders(shop)), "order 0 was told by sender and worker, no other twice"
