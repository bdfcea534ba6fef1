"""Running a worker until told to stop. Imported only by commands that run."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from truthpoint import runtime
from truthpoint.workers import DeliverySettings

from . import output
from .alerting import bounds_of
from .standing import pause_line
from .watching import alerting

if TYPE_CHECKING:
    from truthpoint.findings import Finding
    from truthpoint.runtime import Settings
    from truthpoint.workers import Worker

    from .alerting import Wanted


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set: what is under way is finished first."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


def report(found: Finding) -> None:
    """Write what a worker found to standard error."""
    output.note_findings([found])


async def run_work(
    settings: Settings, wanted: Wanted, *, rate: float, drain: bool, shadow: bool
) -> None:
    """Run a worker until told to stop, or until nothing waits."""
    stop = stop_on_signals()
    contract = runtime.load_contract(settings.contract)
    chosen = runtime.chosen_workspace(contract, settings.workspace)
    bounds = bounds_of(wanted, contract)
    delivery = DeliverySettings(requests_per_second=rate)
    worker, store, transport = runtime.open_worker(
        contract, settings, chosen, delivery=delivery, report=report, shadow=shadow
    )
    note_pauses(settings)
    decided: int | None = None
    try:
        async with alerting(worker, settings, bounds, wanted):
            if shadow:
                output.note("deciding only: nothing is sent (--shadow)")
                decided = await worker.shadow(stop, drain=drain)
            elif drain:
                await _until(stop, worker)
            else:
                output.note(f"delivering to `{chosen.name}`; Ctrl-C ends after what is under way")
                await worker.run(stop)
    finally:
        store.close()
        await transport.close()
        if decided is None:
            put_seen(worker)
        else:
            output.note(f"{decided:,} decided, nothing sent; `truthpoint status` shows what waits")


def note_pauses(settings: Settings) -> None:
    """Say what is paused: a worker that holds something back must not look broken."""
    desk = runtime.open_desk(settings)
    try:
        for one in desk.pauses():
            output.note(f"paused: {pause_line(one)}; `truthpoint resume` lifts it")
    finally:
        desk.close()


async def stay_at(url: str) -> None:
    """Leave a workspace's page open until told to stop."""
    stop = stop_on_signals()
    output.put("")
    output.put(f"The workspace's page stays at {url} until Ctrl-C.")
    sys.stdout.flush()
    await stop.wait()


def put_seen(worker: Worker) -> None:
    """Say what a worker did, however it ended."""
    seen = worker.deliverer.statistics()
    output.note(f"{seen.delivered:,} delivered, {seen.dead:,} dead in {seen.requests:,} requests")
    for remark, count in seen.remarks.items():
        output.note(f"{count:,} odd answers: {remark}")


async def _until(stop: asyncio.Event, worker: Worker) -> None:
    """Drain, but end early when told to stop."""
    draining = asyncio.create_task(worker.drain())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({draining, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not draining.done():
        draining.cancel()
        await asyncio.wait({draining})
        await worker.deliverer.end()
    if not draining.cancelled():
        draining.result()
