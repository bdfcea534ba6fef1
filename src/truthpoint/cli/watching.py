"""Watching a worker while it runs. Imported only by commands that run."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from truthpoint import around
from truthpoint.errors import PeerError

from . import output

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from truthpoint.core.watch import Bounds
    from truthpoint.runtime import Settings
    from truthpoint.workers import Worker

    from .alerting import Wanted


@asynccontextmanager
async def alerting(
    worker: Worker, settings: Settings, bounds: Bounds, wanted: Wanted
) -> AsyncGenerator[None]:
    """Watch a worker meanwhile, where somebody wants to be told."""
    if not (wanted.command or wanted.url):
        yield
        return
    alerts, close = around.open_alerts(
        settings, worker, bounds, command=wanted.command, url=wanted.url, report=output.note
    )
    ended = asyncio.Event()
    watching = asyncio.create_task(alerts.run(ended))
    stopped = False
    try:
        yield
    except PeerError:
        stopped = True
        raise
    finally:
        ended.set()
        try:
            await watching
            # What a short run found is told as well.
            await alerts.look(stopped=True if stopped else alerts.goes_on())
        finally:
            await close()
