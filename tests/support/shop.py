"""The tests' shop: its contract, records of it, and a worker on any store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from support.scripted import ScriptedTransport
from support.virtual import START_MS, FixedEntropy, VirtualClock
from truthpoint.contract import read
from truthpoint.core.examine import Examiner
from truthpoint.ports import Capture
from truthpoint.values.instants import to_iso
from truthpoint.workers import DeliverySettings, Worker
from truthpoint.workers.work import Surroundings

CONTRACT = Path(__file__).parents[2] / "examples" / "shop" / "tracking.yaml"
EXAMINER = Examiner(read(CONTRACT.read_bytes(), file="tracking.yaml"))


def order(
    number: str, person: str, *, total: str = "10.00", at_ms: int = START_MS - 1000, **more: Any
) -> dict[str, Any]:
    """A paid order; `more` are further properties."""
    told = {"order_id": number, "total": total, "currency": "USD", "items": [], **more}
    return {
        "type": "track",
        "event": "order_paid",
        "person": {"id": person},
        "at": to_iso(at_ms),
        "properties": told,
    }


def refund(number: str, person: str, amount: str, *, at_ms: int = START_MS) -> dict[str, Any]:
    """A refund of an order."""
    told = {"refund_id": number, "order_id": "?", "amount": amount, "currency": "USD"}
    return {
        "type": "track",
        "event": "order_refunded",
        "person": {"id": person},
        "at": to_iso(at_ms),
        "properties": told,
    }


def checkout(number: str, person: str, *, at_ms: int = START_MS - 2000) -> dict[str, Any]:
    """A started checkout: the one event of the live lane."""
    told = {"checkout_id": number, "cart_id": number, "value": "1", "currency": "USD", "items": []}
    return {
        "type": "track",
        "event": "checkout_started",
        "person": {"id": person},
        "at": to_iso(at_ms),
        "properties": told,
    }


def identify(person: str, *, at_ms: int = START_MS - 5000, **attributes: Any) -> dict[str, Any]:
    """An identify."""
    return {
        "type": "identify",
        "person": {"id": person},
        "at": to_iso(at_ms),
        "attributes": attributes,
    }


def say(journal: Any, *records: Any, start: int = 0, source: str = "backend") -> None:
    """Capture records (mappings or bytes) under ids of their own."""
    journal.append(
        [
            Capture(
                source=one.get("source", source) if isinstance(one, dict) else source,
                record_id=f"r{start + place}",
                captured_at_ms=START_MS,
                contract="test",
                body=one if isinstance(one, bytes) else json.dumps(one).encode(),
            )
            for place, one in enumerate(records)
        ]
    )


def worker_on(
    store: Any,
    transport: ScriptedTransport | Any,
    clock: VirtualClock,
    *,
    workspace: str = "local",
    draw: float = 0.5,
    examiner: Examiner = EXAMINER,
    report: Any = None,
    **settings: Any,
) -> Worker:
    """A worker that holds the store; `report` is told of findings."""
    delivery = DeliverySettings(**{"requests_per_second": 500.0, **settings})
    surroundings = Surroundings(
        store=store, transport=transport, clock=clock, entropy=FixedEntropy(draw)
    )
    workspaces = examiner.contract.workspaces
    worker = Worker(surroundings, examiner, workspaces[workspace], settings=delivery, report=report)
    worker.acquire()
    return worker
