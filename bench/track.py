"""Measure what one call of `track` costs: alone, from four threads, from asyncio, beside a worker.

Usage: python bench/track.py [--events N] [--profile]

An order of four line items is told by keyword, as application code tells it. Figures are
of single calls; each is durable when it returns. The contract is asked for its advice when
somebody looks at a receipt's result or findings, which has a row of its own. With `power`
each durable step is synced, and calls that wait at the same time share one.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import pstats
import tempfile
import threading
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from statistics import quantiles

from shop import CONTRACT, ROLLUPS, orders

import truthpoint

THREADS = 4
TASKS = 100


def told(count: int) -> list[dict[str, object]]:
    """Return orders as keywords of `track`."""
    calls: list[dict[str, object]] = []
    for body in orders(count):
        record = json.loads(body)
        properties = record["properties"]
        properties["total"] = Decimal(properties["total"])
        for item in properties["items"]:
            item["price"] = Decimal(item["price"])
        at = datetime.fromisoformat(record["at"])
        calls.append({"person": record["person"]["id"], "at": at, **properties})
    return calls


def timed(tracker: truthpoint.Tracker, calls: list[dict[str, object]], times: list[float]) -> None:
    """Call `track` for each, and add the seconds that it took."""
    clock = time.perf_counter
    for keywords in calls:
        started = clock()
        tracker.track("order_paid", **keywords)
        times.append(clock() - started)


def advised(
    tracker: truthpoint.Tracker, calls: list[dict[str, object]], times: list[float]
) -> None:
    """The same, and look at what the contract says of each."""
    clock = time.perf_counter
    for keywords in calls:
        started = clock()
        found = tracker.track("order_paid", **keywords).findings
        times.append(clock() - started)
        assert not found


def threads(tracker: truthpoint.Tracker, calls: list[dict[str, object]]) -> list[float]:
    """Divide the calls among threads that share the tracker."""
    times: list[list[float]] = [[] for _ in range(THREADS)]
    workers = [
        threading.Thread(target=timed, args=(tracker, calls[place::THREADS], times[place]))
        for place in range(THREADS)
    ]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    return [one for each in times for one in each]


def coroutines(tracker: truthpoint.AsyncTracker, calls: list[dict[str, object]]) -> list[float]:
    """Divide the calls among tasks that wait for each of theirs."""
    times: list[float] = []

    async def one(own: list[dict[str, object]]) -> None:
        for keywords in own:
            started = time.perf_counter()
            await tracker.track("order_paid", **keywords)
            times.append(time.perf_counter() - started)

    async def every() -> None:
        await asyncio.gather(*(one(calls[place::TASKS]) for place in range(TASKS)))

    asyncio.run(every())
    return times


def line(name: str, times: list[float], seconds: float) -> str:
    """Return a row of the table."""
    cuts = quantiles(times, n=100)
    p50, p99 = cuts[49] * 1e6, cuts[98] * 1e6
    return f"{name:<36}{p50:>9.0f} us{p99:>9.0f} us{len(times) / seconds:>12,.0f}/s"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=8_000)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    calls = told(given.events)
    few = calls[: max(400, given.events // 8)]
    print(f"{'':<36}{'p50':>12}{'p99':>12}{'calls':>14}")
    with tempfile.TemporaryDirectory() as folder:
        contract = Path(folder) / "tracking.yaml"
        text = CONTRACT.replace("URL", "http://127.0.0.1:8710") + ROLLUPS
        contract.write_text(text, encoding="utf-8")
        for durability in ("process", "power"):
            some = calls if durability == "process" else few
            place = {
                "contract": str(contract),
                "store": f"sqlite:{folder}/{durability}",
                "durability": durability,
            }
            with truthpoint.open(**place) as tracker:
                alone: list[float] = []
                timed(tracker, some[:200], [])
                started = time.perf_counter()
                timed(tracker, some, alone)
                print(line(f"{durability}, alone", alone, time.perf_counter() - started))
                looked: list[float] = []
                started = time.perf_counter()
                advised(tracker, some, looked)
                seconds = time.perf_counter() - started
                print(line(f"{durability}, alone, advice looked at", looked, seconds))
                started = time.perf_counter()
                times = threads(tracker, some)
                seconds = time.perf_counter() - started
                print(line(f"{durability}, {THREADS} threads, each", times, seconds))
                if given.profile and durability == "process":
                    profile(tracker, some)
            started = time.perf_counter()
            times = coroutines(truthpoint.open_async(**place), some)
            seconds = time.perf_counter() - started
            print(line(f"{durability}, {TASKS} asyncio tasks, each", times, seconds))


def profile(tracker: truthpoint.Tracker, calls: list[dict[str, object]]) -> None:
    """Print where the time of a call goes."""
    profiler = cProfile.Profile()
    profiler.enable()
    timed(tracker, calls, [])
    profiler.disable()
    pstats.Stats(profiler).strip_dirs().sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    main()
