"""Measure the memory of a worker over a large backlog: it should not depend on its length.

Usage: python bench/memory.py [--events N] [--no-totals]

The backlog is captured first, as `send` does, into a store in a temporary folder (about 2 GB
for a million orders); then a worker in a process of its own delivers all of it to the sink,
and says meanwhile what the system holds for it (resident memory). Minutes of two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from run import DELIVERY, sink
from shop import CONTRACT, PEOPLE, ROLLUPS, orders

from truthpoint import runtime
from truthpoint.capture import capture_lines

SHARES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
EACH_SECONDS = 0.25
BLOCK = 10_000


def fill(settings: runtime.Settings, events: int) -> None:
    """Capture the backlog, a block of lines at a time."""
    contract = runtime.load_contract(settings.contract)
    told = orders(events)
    with runtime.recorder(contract, settings, source="backend") as recorder:
        while block := list(islice(told, BLOCK)):
            for _ in capture_lines(io.BytesIO(b"\n".join(block)), recorder):
                pass


def resident_bytes() -> int:
    """Return what the system holds in memory for this process."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGESIZE")


async def work(contract: str, store: str) -> None:
    """Deliver everything, and write a line of JSON with the state four times a second."""
    settings = runtime.Settings(contract=contract, store=store)
    loaded = runtime.load_contract(contract)
    worker, opened, transport = runtime.open_worker(
        loaded, settings, loaded.workspaces["local"], delivery=DELIVERY
    )
    folder = runtime.store_folder(store)

    def told() -> None:
        seen = {
            "delivered": worker.deliverer.statistics().delivered,
            "resident_bytes": resident_bytes(),
            "log_bytes": (folder / "state.db-wal").stat().st_size,
        }
        print(json.dumps(seen), flush=True)

    async def watch() -> None:
        while True:
            told()
            await asyncio.sleep(EACH_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        await worker.drain()
        told()
    finally:
        watching.cancel()
        opened.close()
        await transport.close()


def delivered(contract: Path, store: str) -> list[dict[str, int]]:
    """Run the worker, and return what it said on its way."""
    process = subprocess.Popen(
        [sys.executable, __file__, "--work", str(contract), store],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        seen = [json.loads(line) for line in process.stdout]
    finally:
        process.kill()
        process.wait()
    return seen


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--no-totals", action="store_true")
    parser.add_argument("--work", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        asyncio.run(work(*given.work))
        return
    with tempfile.TemporaryDirectory() as folder, sink() as url:
        path = Path(folder) / "tracking.yaml"
        text = CONTRACT.replace("URL", url) + ("" if given.no_totals else ROLLUPS)
        path.write_text(text, encoding="utf-8")
        settings = runtime.Settings(contract=str(path), store=f"sqlite:{folder}/store")
        started = time.perf_counter()
        fill(settings, given.events)
        filled_seconds = time.perf_counter() - started
        started = time.perf_counter()
        seen = delivered(path, settings.store)
        seconds = time.perf_counter() - started
    whole = seen[-1]["delivered"]
    print(
        f"{given.events:,} orders of {PEOPLE:,} people: captured in {filled_seconds:,.0f} s, "
        f"{whole:,} operations delivered in {seconds:,.0f} s\n"
    )
    print(f"{'delivered':>10}{'resident':>12}{'of that at 10 %':>18}{'log of state.db':>18}")
    rows = {
        share: next(one for one in seen if one["delivered"] >= share * whole) for share in SHARES
    }
    for share, one in rows.items():
        ratio = one["resident_bytes"] / rows[0.1]["resident_bytes"]
        resident, log = one["resident_bytes"] / 1e6, one["log_bytes"] / 1e6
        print(f"{share:>9.0%}{resident:>9.0f} MB{ratio:>18.2f}{log:>15.0f} MB")
    print(f"{'most':>10}{max(one['resident_bytes'] for one in seen) / 1e6:>9.0f} MB")


if __name__ == "__main__":
    main()
