"""`work --shadow`: everything is decided, nothing leaves, and a later run delivers it."""

from __future__ import annotations

import json
import signal

import pytest

from support.commands import ended, wait_until
from support.shop import identify, order


def _status(shop) -> dict:
    return json.loads(shop.run("status", "--json").out)


def test_a_shadow_decides_and_asks_nobody_anything(connected):
    """Not even the workspace who it is: no request, no binding, and no secret is needed."""
    shop = connected.shop
    shop.run("send", shop.file("a.ndjson", order("A-1", "1"), order("A-1", "1"), identify("2")))
    shop.run("send", shop.file("b.ndjson", {"type": "track"}))

    told = shop.run("work", "--shadow", "--drain", "--workspace", "staging")
    status = _status(shop)

    assert (0, []) == (told.code, connected.peer.asked)
    assert told.err.endswith("4 decided, nothing sent; `truthpoint status` shows what waits\n")
    assert (0, 2, None) == (
        status["undecided"],
        status["operations"]["ready"],
        status["workspace"],
    )
    assert {"duplicate", "record_key_missing"} == {one["reason"] for one in status["verdicts"]}


def test_what_a_shadow_decided_is_delivered_by_a_later_run(connected):
    """Once, as if it had been decided then."""
    shop = connected.shop
    shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
    shop.run("work", "--shadow", "--drain")
    shop.run("work", "--drain")

    assert 1 == _status(shop)["operations"]["delivered"]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_shadow_decides_what_comes_until_told_to_stop(connected, stop):
    """It holds the store as any worker does."""
    shop = connected.shop
    process = shop.start("work", "--shadow")
    shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
    wait_until(lambda: 1 == _status(shop)["operations"]["ready"])
    second = shop.run("work", "--drain")
    process.send_signal(stop)
    told = ended(process)

    assert (0, 3) == (told.code, second.code)
    assert "deciding only: nothing is sent (--shadow)\n1 decided, nothing sent" in told.err
    assert [] == connected.peer.asked
