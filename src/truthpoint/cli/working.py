"""Running a worker until told to stop. Imported only by commands that run."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final, Literal

from truthpoint import runtime
from truthpoint.errors import WorkspaceSilent
from truthpoint.values.counts import counted
from truthpoint.workers import DeliverySettings

from . import output
from .alerting import bounds_of
from .ending import stop_on_signals
from .standing import pause_line
from .watching import alerting

if TYPE_CHECKING:
    from truthpoint.findings import Finding
    from truthpoint.runtime import Settings
    from truthpoint.workers import Worker

    from .alerting import Wanted


_LOOK_SECONDS: Final = 1.0
"""How often it is looked whether anything was decided or taken."""


def report(found: Finding) -> None:
    """Write what a worker found to standard error."""
    output.note_findings([found])


async def run_work(
    settings: Settings,
    wanted: Wanted,
    *,
    rate: float,
    drain: bool,
    patience_seconds: float,
    shadow: bool,
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
                await _until(stop, worker, patience_seconds)
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
    """Say what a worker did that came to its end."""
    seen = worker.deliverer.statistics()
    requests = counted(seen.requests, "request")
    output.note(f"{seen.delivered:,} delivered, {seen.dead:,} dead in {requests}")
    for remark, count in seen.remarks.items():
        output.note(f"{counted(count, 'odd answer')}: {remark}")


async def _until(stop: asyncio.Event, worker: Worker, patience_seconds: float) -> None:
    """Drain, but end early when told to stop, or when nothing is taken for too long.

    Raises:
        WorkspaceSilent: It took nothing for so long.
    """
    draining = asyncio.create_task(worker.drain())
    stopping = asyncio.create_task(stop.wait())
    silent = await _wait_for_either(draining, stopping, worker, patience_seconds)
    stopping.cancel()
    if not draining.done():
        draining.cancel()
        await asyncio.wait({draining})
        await worker.deliverer.end()
    if not draining.cancelled():
        draining.result()
    elif silent:
        failure = worker.deliverer.statistics().last_failure
        raise WorkspaceSilent(
            worker.workspace_name, seconds=patience_seconds, failure=output.bare_reason(failure)
        )


async def _wait_for_either(
    draining: asyncio.Task[None],
    stopping: asyncio.Task[Literal[True]],
    worker: Worker,
    patience_seconds: float,
) -> bool:
    """Wait until drained or stopped; True when it came no further for too long instead."""
    loop = asyncio.get_running_loop()
    progress, since = -1, loop.time()
    while not (draining.done() or stopping.done()):
        # A long backlog is decided before its first request leaves.
        if progress != (progress := worker.progress):
            since = loop.time()
        left_seconds = since + patience_seconds - loop.time()
        if left_seconds <= 0:
            return True
        await asyncio.wait(
            {draining, stopping},
            timeout=min(left_seconds, _LOOK_SECONDS),
            return_when=asyncio.FIRST_COMPLETED,
        )
    return False
