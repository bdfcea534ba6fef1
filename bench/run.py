"""Measure captures, delivery, and where the worker's time goes.

Usage: python bench/run.py [--events N] [--rounds N] [--no-profile]

Everything runs on this machine, over loopback, in one run: figures are medians over
rounds that take turns, and the raw figure beside them is from the same rounds. Nothing
here is a test: nothing fails by being slow.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import io
import pstats
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

import raw
from shop import CONTRACT, ROLLUPS, orders

from truthpoint import runtime
from truthpoint.capture import capture_lines
from truthpoint.workers import DeliverySettings

if TYPE_CHECKING:
    from collections.abc import Iterator

DELIVERY = DeliverySettings(requests_per_second=1000.0)


@contextmanager
def sink() -> Iterator[str]:
    """Run the sink; yield its address."""
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("sink.py")], stdout=subprocess.PIPE, text=True
    )
    try:
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


@contextmanager
def place(url: str, *, rollups: bool) -> Iterator[tuple[str, runtime.Settings]]:
    """Make a contract and an empty store; yield the contract's path and the settings."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tracking.yaml"
        text = CONTRACT.replace("URL", url) + (ROLLUPS if rollups else "")
        path.write_text(text, encoding="utf-8")
        yield str(path), runtime.Settings(contract=str(path), store=f"sqlite:{folder}/store")


def capture(settings: runtime.Settings, bodies: list[bytes]) -> list[float]:
    """Capture one record after the other; return the seconds that each took."""
    contract = runtime.load_contract(settings.contract)
    times: list[float] = []
    with runtime.recorder(contract, settings, source="backend") as recorder:
        for body in bodies:
            started = time.perf_counter()
            recorder.record(body)
            times.append(time.perf_counter() - started)
    return times


def capture_in_bulk(settings: runtime.Settings, bodies: list[bytes]) -> None:
    """Capture everything as `send` does, 500 to a durable step."""
    contract = runtime.load_contract(settings.contract)
    with runtime.recorder(contract, settings, source="backend") as recorder:
        for _ in capture_lines(io.BytesIO(b"\n".join(bodies)), recorder):
            pass


def drain(settings: runtime.Settings) -> float:
    """Decide and deliver everything; return the seconds that it took."""
    contract = runtime.load_contract(settings.contract)
    workspace = contract.workspaces["local"]

    async def run() -> float:
        worker, store, transport = runtime.open_worker(
            contract, settings, workspace, delivery=DELIVERY
        )
        started = time.perf_counter()
        try:
            await worker.drain()
            return time.perf_counter() - started
        finally:
            store.close()
            await transport.close()

    return asyncio.run(run())


def captures_while_draining(url: str, bodies: list[bytes]) -> list[float]:
    """Capture in this process while a worker in another one drains a backlog."""
    half = len(bodies) // 2
    with place(url, rollups=True) as (contract, settings):
        capture_in_bulk(settings, bodies[:half])
        worker = subprocess.Popen(
            [
                *(sys.executable, "-m", "truthpoint", "work", "--rate=1000"),
                *(f"--contract={contract}", f"--store={settings.store}"),
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            worker.stderr.readline()
            return capture(settings, bodies[half:])
        finally:
            worker.terminate()
            worker.communicate()


def round_of(url: str, bodies: list[bytes]) -> dict[str, float]:
    """Measure everything once."""
    seen: dict[str, float] = {}
    with place(url, rollups=False) as (_, settings):
        times = capture(settings, bodies)
        seen["captures/s, alone"] = len(times) / sum(times)
        seen["  p50 us"], seen["  p99 us"] = _percentiles(times)
        seen["captured to delivered, events/s, no totals"] = len(bodies) / drain(settings)
    with place(url, rollups=True) as (_, settings):
        capture_in_bulk(settings, bodies)
        seen["captured to delivered, events/s, four totals"] = len(bodies) / drain(settings)
    times = captures_while_draining(url, bodies)
    seen["captures/s, while a worker drains"] = len(times) / sum(times)
    seen["  p50 us "], seen["  p99 us "] = _percentiles(times)
    seen["the same rows raw into SQLite, events/s"] = len(bodies) / raw.seconds(bodies)
    return seen


def _percentiles(times: list[float]) -> tuple[float, float]:
    cuts = quantiles(times, n=100)
    return cuts[49] * 1e6, cuts[98] * 1e6


def profile(url: str, bodies: list[bytes]) -> str:
    """Return where the worker's time goes, by function."""
    with place(url, rollups=True) as (_, settings):
        capture_in_bulk(settings, bodies)
        profiler = cProfile.Profile()
        profiler.enable()
        drain(settings)
        profiler.disable()
    out = io.StringIO()
    pstats.Stats(profiler, stream=out).strip_dirs().sort_stats("tottime").print_stats(30)
    return out.getvalue()


def main() -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-profile", action="store_true")
    given = parser.parse_args()
    bodies = list(orders(given.events))
    size = sum(map(len, bodies)) / len(bodies)
    print(f"{given.events:,} events of {size:.0f} bytes, medians of {given.rounds} rounds\n")
    with sink() as url:
        rounds = [round_of(url, bodies) for _ in range(given.rounds)]
        for name in rounds[0]:
            print(f"{name:<46} {median(one[name] for one in rounds):>12,.0f}")
        bar = median(one["the same rows raw into SQLite, events/s"] for one in rounds)
        for name in rounds[0]:
            if name.startswith("captured to delivered"):
                share = median(one[name] for one in rounds) / bar
                print(f"{name.replace('events/s', 'of raw'):<46} {share:>12.0%}")
        if not given.no_profile:
            print("\nWhere the worker's time goes (with totals, by own time):\n")
            print(profile(url, bodies))


if __name__ == "__main__":
    main()
