"""`/metrics`, `/healthz` and `/readyz`: what a monitor reads."""

from __future__ import annotations

import re

import pytest

from support.gated import gated
from support.shop import identify, order
from truthpoint.core.decision import Outcome
from truthpoint.core.outbox import State
from truthpoint.gateway.metrics import Sight, text_of
from truthpoint.ports import Backlog

SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="[^"\\\n]*",?)*)\})? (-?[\d.e+]+)')


def _read(text: str) -> dict[tuple[str, str], float]:
    """Samples by name and labels; every line is one, or says something about a family."""
    found: dict[tuple[str, str], float] = {}
    for line in text.splitlines():
        if not re.match(r"# (HELP|TYPE) \w+ .", line):
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            found[sample[1], sample[2] or ""] = float(sample[3])
    return found


@pytest.fixture
def gate(tmp_path):
    with gated(tmp_path / "store") as running:
        yield running


def test_what_was_taken_and_what_waits_is_told(gate):
    """From the store, at the moment of asking, beside the gateway's own counters."""
    gate.post_lines(identify("1"), order("A-1", "1", total="canary"))
    gate.post_lines(identify("1"))
    gate.post(b"canary", token="canary")

    told = gate.ask("GET", "/metrics")
    found = _read(told.body.decode())

    assert "text/plain; version=0.0.4; charset=utf-8" == told.headers["content-type"]
    assert 2 == found["truthpoint_records_captured_total", ""]
    assert 2 == found["truthpoint_records_undecided", ""]
    assert 0 == found["truthpoint_operations", 'state="ready"']
    assert 0 == found["truthpoint_oldest_open_age_seconds", ""]
    answers = {labels: n for (name, labels), n in found.items() if name.endswith("answers_total")}
    assert {'status="200"': 1, 'status="207"': 1, 'status="401"': 1} == answers
    assert 1 == found["truthpoint_gateway_records_total", 'result="invalid"']
    assert "canary" not in told.body.decode()


def test_deliveries_are_told_where_a_worker_runs(gate):
    """In the same process; elsewhere they are left out."""
    without = gate.ask("GET", "/metrics").body.decode()
    gate.counted = {"requests": 3, "delivered": 20, "dead": 1, "retried": 2}
    found = _read(gate.ask("GET", "/metrics").body.decode())

    assert "delivery" not in without
    assert 20 == found["truthpoint_delivery_delivered_total", ""]


def test_states_reasons_and_age_are_labels_and_numbers():
    """Every state and verdict, and the age of the oldest that waits, in seconds."""
    backlog = Backlog(
        captured=5_000_000,
        undecided=0,
        operations={State.READY: 3, State.DEAD: 1},
        verdicts={
            (Outcome.WITHHELD, "duplicate"): 4,
            (Outcome.QUARANTINED, 'Ana "Canary" \n'): 1,
        },
        people=2,
        oldest_open_ms=1_000,
        binding=None,
    )

    found = _read(text_of(Sight(now_ms=3_500, backlog=backlog)))

    assert 5_000_000 == found["truthpoint_records_captured_total", ""]
    assert 3 == found["truthpoint_operations", 'state="ready"']
    assert 4 == found["truthpoint_verdicts", 'outcome="withheld",reason="duplicate"']
    assert 1 == found["truthpoint_verdicts", 'outcome="quarantined",reason="other"']
    assert 2.5 == found["truthpoint_oldest_open_age_seconds", ""]


def test_a_store_that_cannot_be_read_takes_its_own_numbers_away_only(gate):
    """The gateway's numbers are told, and the operator why the others are missing."""
    (gate.folder / "state.db").write_bytes(b"no database at all " * 100)

    told = gate.ask("GET", "/metrics")

    assert 200 == told.status
    assert {"truthpoint_gateway_waiting_requests"} == {
        name for name, _ in _read(told.body.decode())
    }
    assert "the backlog cannot be read: " in gate.said[0]


def test_it_is_alive_and_says_what_it_waits_for(gate):
    """`/readyz` is 503 until nothing is missing."""
    alive = gate.ask("GET", "/healthz")
    gate.missing = "the store's lease"
    waits, gate.missing = gate.ask("GET", "/readyz"), ""

    assert (200, {"status": "alive"}) == (alive.status, alive.told)
    assert (503, "the store's lease") == (waits.status, waits.told["waits_for"])
    assert 200 == gate.ask("GET", "/readyz").status
