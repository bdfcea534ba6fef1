"""Measure how long it takes from a capture to the workspace's request log, on an idle system.

Usage: python bench/latency.py [--events N]

A local workspace and a worker run as processes of their own; this one captures an order
every 50 milliseconds, mostly of people who are new, so that an identify goes first and is
awaited, and reads from the workspace's log when each arrived. All three use one clock.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import quantiles

from shop import CONTRACT, PEOPLE, ROLLUPS, orders

from truthpoint import runtime

GAP_SECONDS = 0.05
DEADLINE_SECONDS = 60.0


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start one of our commands."""
    command = [sys.executable, "-m", "truthpoint", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, text=True, **pipes)


def log(url: str) -> list[dict]:
    """Return every request in the workspace's log."""
    found: list[dict] = []
    after = 0
    while True:
        with urllib.request.urlopen(f"{url}/local/log?after={after}&limit=500") as answer:
            page = json.load(answer)["log"]
        if not page:
            return found
        found += page
        after = page[-1]["seq"]


def arrivals(url: str) -> dict[str, float]:
    """Return when each order arrived first, in unix seconds."""
    found: dict[str, float] = {}
    for request in log(url):
        for item in request["items"]:
            if item["name"] == "order_paid":
                found.setdefault(item["attributes"]["order_id"], request["at"])
    return found


def measure(url: str, settings: runtime.Settings, bodies: list[bytes]) -> list[float]:
    """Capture one after the other, and return how long each took to arrive, in seconds."""
    contract = runtime.load_contract(settings.contract)
    captured: dict[str, float] = {}
    with runtime.recorder(contract, settings, source="backend") as recorder:
        for body in bodies:
            captured[json.loads(body)["properties"]["order_id"]] = time.time()
            recorder.record(body)
            time.sleep(GAP_SECONDS)
    deadline = time.monotonic() + DEADLINE_SECONDS
    while len(arrived := arrivals(url)) < len(bodies) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [arrived[key] - at for key, at in captured.items()]


def main() -> None:
    """Measure, and print percentiles."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=300)
    given = parser.parse_args()
    bodies = list(orders(given.events))
    workspace = start("workspace", "--port", "0")
    with tempfile.TemporaryDirectory() as folder:
        url = next(word for word in workspace.stdout.readline().split() if "://" in word)
        path = Path(folder) / "tracking.yaml"
        path.write_text(CONTRACT.replace("URL", url) + ROLLUPS, encoding="utf-8")
        settings = runtime.Settings(contract=str(path), store=f"sqlite:{folder}/store")
        worker = start("work", f"--contract={path}", f"--store={settings.store}")
        try:
            worker.stderr.readline()
            times = measure(url, settings, bodies)
        finally:
            for process in (worker, workspace):
                process.terminate()
                process.communicate()
    cuts = quantiles(times, n=100)
    print(f"{len(times)} orders of {PEOPLE:,} people, most of them new, one every 50 ms")
    print(f"captured to arrived: p50 {cuts[49] * 1e3:.0f} ms, p95 {cuts[94] * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
