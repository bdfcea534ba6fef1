"""Runs the demo: captures, decides, delivers over HTTP, and reads back what arrived (law 18)."""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec
from msgspec.structs import replace

from truthpoint import runtime
from truthpoint.capture import ResultKind
from truthpoint.contract import read
from truthpoint.core.outbox import State
from truthpoint.workers import DeliverySettings
from truthpoint.workspace import Workspace, start

from .shop import open_shop

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from truthpoint.contract import Contract
    from truthpoint.ports import Backlog

    from .shop import Shop


async def run_demo(
    tell: Callable[[str], None], *, stay: Callable[[str], Awaitable[None]] | None = None
) -> bool:
    """Run the shop into a local workspace of its own, and report.

    Args:
        tell: Told each line of the report.
        stay: Awaited with the workspace's address before everything is removed; None: at once.

    Returns:
        Whether everything that was read back is as it must be.
    """
    shop = open_shop(now=datetime.now(UTC))
    contract = read(
        files("truthpoint.demo").joinpath("tracking.yaml").read_bytes(), file="tracking.yaml"
    )
    with tempfile.TemporaryDirectory(prefix="truthpoint-demo-") as folder:
        settings = runtime.Settings(store=f"sqlite:{folder}")
        async with AsyncExitStack() as stack:
            local = Workspace(Path(folder) / "workspace.db")
            stack.callback(local.close)
            server = await start(local, port=0)
            stack.push_async_callback(server.stop)
            accepted = _capture(shop, contract, settings)
            backlog = await _deliver(contract, settings, server.url)
            arrived = await _read_back(server.url, shop)
            lines, proven = _report(shop, accepted, backlog, arrived)
            for line in lines:
                tell(line)
            if stay is not None:
                await stay(server.url)
    return proven


def _capture(shop: Shop, contract: Contract, settings: runtime.Settings) -> dict[ResultKind, int]:
    counts = dict.fromkeys(ResultKind, 0)
    with runtime.recorder(contract, settings, source="backend") as recorder:
        for said in shop.said:
            counts[recorder.record(said).result] += 1
    return counts


async def _deliver(contract: Contract, settings: runtime.Settings, url: str) -> Backlog:
    workspace = replace(contract.workspaces["local"], url=url)
    worker, store, transport = runtime.open_worker(
        contract, settings, workspace, delivery=DeliverySettings(requests_per_second=1000)
    )
    try:
        await worker.drain()
    finally:
        store.close()
        await transport.close()
    desk = runtime.open_desk(settings)
    try:
        return desk.backlog()
    finally:
        desk.close()


async def _read_back(url: str, shop: Shop) -> dict[str, tuple[int, Decimal, int]]:
    """Ask the App API for each buyer's totals and for how many of their events it holds."""
    headers = {"Authorization": "Bearer demo"}
    arrived: dict[str, tuple[int, Decimal, int]] = {}
    async with aiohttp.ClientSession(url, headers=headers) as session:
        for customer in shop.orders:
            told = await _ask(session, f"/v1/customers/{customer}/attributes", {"id_type": "id"})
            attributes = told["customer"]["attributes"]
            query = {"type": "event", "limit": "100"}
            events = await _ask(session, f"/v1/customers/{customer}/activities", query)
            arrived[customer] = (
                int(attributes["orders_count"]),
                Decimal(attributes["lifetime_value"]),
                len(events["activities"]),
            )
    return arrived


async def _ask(session: aiohttp.ClientSession, path: str, query: Mapping[str, str]) -> Any:
    async with session.get(path, params=query) as response:
        return msgspec.json.decode(await response.read())


def _report(
    shop: Shop,
    accepted: Mapping[ResultKind, int],
    backlog: Backlog,
    arrived: Mapping[str, tuple[int, Decimal, int]],
) -> tuple[list[str], bool]:
    expected = {
        customer: (
            len(totals),
            sum(totals, Decimal(0)) - sum(shop.refunds.get(customer, []), Decimal(0)),
            len(totals) + len(shop.refunds.get(customer, [])) + shop.renewals.get(customer, 0),
        )
        for customer, totals in shop.orders.items()
    }
    reasons = {reason: count for (_, reason), count in backlog.verdicts.items()}
    delivered = backlog.operations[State.DELIVERED]
    broken = sum(
        count
        for (outcome, reason), count in backlog.verdicts.items()
        if outcome == "quarantined" and reason != "person_unresolved"
    )
    exact = sum(arrived.get(customer) == truth for customer, truth in expected.items())
    checks = [
        ("buyers whose totals and events at the workspace are exact", len(expected), exact),
        *(
            (what, truth, reasons.get(reason, 0))
            for what, truth, reason in (
                ("retries recognised as the same moment", shop.retried, "duplicate"),
                ("orders told in two ways, kept and reported", shop.conflicting, "conflict"),
                ("told by a system that does not own the event", shop.foreign, "not_owner"),
                ("guests without a customer id, quarantined", shop.guests, "person_unresolved"),
            )
        ),
        ("broken records, quarantined with their reasons", shop.broken, broken),
    ]
    invalid = accepted[ResultKind.INVALID]
    what = f"{shop.late} late and out of order, {invalid} against the contract"
    lines = [
        f"The shop said {len(shop.said)} things about {len(shop.orders)} buyers: {what}.",
        f"Delivered {delivered} operations to the local workspace, and read them back:",
        "",
    ]
    lines += [
        f"  {'ok ' if seen == truth else 'NOT'} {seen:>4} of {truth:<4} {what}"
        for what, truth, seen in checks
    ]
    proven = all(seen == truth for _, truth, seen in checks)
    lines += [
        "",
        "Everything is where it belongs." if proven else "Something is not as it must be.",
    ]
    return lines, proven
