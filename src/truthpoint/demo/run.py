"""Runs the demo: captures, decides, delivers over HTTP, and reads back what arrived (law 18)."""

from __future__ import annotations

import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import msgspec
from msgspec.structs import replace

from truthpoint import runtime
from truthpoint.contract import read
from truthpoint.core.outbox import State
from truthpoint.workers import DeliverySettings
from truthpoint.workspace import Workspace, start

from .report import Profile, Seen, chapters
from .shop import Shop
from .stories import tell_stories
from .weeks import tell_weeks

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from truthpoint.contract import Contract

    from .shop import Name

_ROUNDS: Final = (1, 2)
_EVERY: Final = 1_000_000


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
            seen = await _play(shop, contract, settings, server.url)
            proven = _report(shop, seen, tell)
            if stay is not None:
                await stay(server.url)
    return proven


def open_shop(*, now: datetime) -> Shop:
    """Return the shop with everything that it has to say.

    Args:
        now: The present; aware.
    """
    shop = Shop(now)
    tell_weeks(shop)
    tell_stories(shop)
    return shop


async def _play(shop: Shop, contract: Contract, settings: runtime.Settings, url: str) -> Seen:
    """Let the shop speak, round by round, deliver it, and look at everything."""
    before: dict[Name, str] = {}
    async with aiohttp.ClientSession(url, headers={"Authorization": "Bearer demo"}) as session:
        for turn in _ROUNDS:
            _capture(shop, contract, settings, turn)
            await _deliver(contract, settings, url)
            if turn == _ROUNDS[0]:
                for name in shop.same:
                    profile = await _profile(session, name)
                    before[name] = "" if profile is None else profile.cio_id
        seen = _stored(settings)
        seen.before = before
        for name in (*shop.buyers, *shop.gone):
            seen.profiles[name] = await _profile(session, name)
    return seen


def _capture(shop: Shop, contract: Contract, settings: runtime.Settings, turn: int) -> None:
    with runtime.recorder(contract, settings, source="backend") as recorder:
        for said in shop.round(turn):
            recorder.record(said)


async def _deliver(contract: Contract, settings: runtime.Settings, url: str) -> None:
    workspace = replace(contract.workspaces["local"], url=url)
    worker, store, transport = runtime.open_worker(
        contract, settings, workspace, delivery=DeliverySettings(requests_per_second=1000)
    )
    try:
        await worker.drain()
    finally:
        store.close()
        await transport.close()


def _stored(settings: runtime.Settings) -> Seen:
    """Return how everything stands in the store."""
    desk = runtime.open_desk(settings)
    try:
        seen = Seen(backlog=desk.backlog())
        seen.checkouts = desk.events(None, event="checkout_started", limit=_EVERY)
        seen.refunds = desk.events(None, event="order_refunded", limit=_EVERY)
        for step in desk.events(None, event="order_paid", limit=_EVERY):
            if step.record_id.startswith("gift-"):
                found = desk.record(step.record)
                codes = {one.code for one in found[2]} if found else set[str]()
                seen.gifts.append("link_conflict" in codes)
        return seen
    finally:
        desk.close()


async def _profile(session: aiohttp.ClientSession, name: Name) -> Profile | None:
    """Ask the App API for a profile and its events; None: nobody is found by this name."""
    kind, value = name
    told = await _ask(session, f"/v1/customers/{value}/attributes", {"id_type": kind})
    if told is None:
        return None
    query = {"id_type": kind, "type": "event", "limit": "100"}
    events = await _ask(session, f"/v1/customers/{value}/activities", query)
    customer = told["customer"]
    return Profile(
        cio_id=customer["identifiers"]["cio_id"],
        email=customer["identifiers"]["email"] or "",
        orders=int(customer["attributes"].get("orders_count", 0)),
        value=Decimal(customer["attributes"].get("lifetime_value", 0)),
        events=len(events["activities"]),
    )


async def _ask(session: aiohttp.ClientSession, path: str, query: dict[str, str]) -> Any:
    async with session.get(path, params=query) as response:
        if response.status == 404:
            return None
        return msgspec.json.decode(await response.read())


def _report(shop: Shop, seen: Seen, tell: Callable[[str], None]) -> bool:
    """Tell what happened; return whether everything is as it must be."""
    said = sum(len(shop.round(turn)) for turn in _ROUNDS)
    delivered = seen.backlog.operations[State.DELIVERED]
    late, first = shop.counts["late"], shop.counts["refunds_first"]
    tell(f"The shop said {said} things about {len(shop.buyers)} people, in two rounds:")
    tell(f"{late} of them hours late, {first} refunds before their orders, and worse.")
    tell(f"Delivered {delivered} operations to the local workspace, and read everything back.")
    told = chapters(shop, seen)
    for title, checks in told.items():
        tell("")
        tell(title)
        for check in checks:
            tell(check.line())
    proven = all(check.is_right for checks in told.values() for check in checks)
    tell("")
    tell("Everything is where it belongs." if proven else "Something is not as it must be.")
    return proven
