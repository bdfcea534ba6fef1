"""Measure Truthpoint beside two clients that people know, in one run, on the same events.

Usage: python bench/peers.py [--events N] [--rounds N] [--environments DIR]

The peers are `customerio` and `segment-analytics-python` from the package registry, each
in an environment of its own. All three send the same paid orders of 5,000 people to the
same minimal HTTP sink on this machine; rounds take turns, figures are medians, and what
counts is the ratio. Segment's client keeps its events in memory, customerio's sends each
and waits; Truthpoint's are on disk before a call returns, decided, and delivered in order
per person. `customerio` gets a tenth of the events, because it is slow.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from statistics import median, quantiles

from run import drain, place, sink
from shop import orders
from track import timed, told

import truthpoint

PEERS = {"segment": "segment-analytics-python", "customerio": "customerio"}


def environment(folder: Path, name: str) -> Path:
    """Return the interpreter of a peer's environment, made where it does not exist."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        venv.create(folder / name, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", PEERS[name]], check=True, timeout=600
        )
    return python


def ours(url: str, calls: list[dict[str, object]], *, rollups: bool) -> dict[str, float]:
    """Measure Truthpoint: `track` one by one, then everything decided and delivered."""
    times: list[float] = []
    with place(url, rollups=rollups) as (contract, settings):
        with truthpoint.open(contract=contract, store=settings.store) as tracker:
            timed(tracker, calls, times)
        cuts = quantiles(times, n=100)
        return {"p50": cuts[49], "p99": cuts[98], "seconds": drain(settings)}


def theirs(python: Path, name: str, url: str, bodies: list[bytes]) -> dict[str, float]:
    """Measure a peer in its environment."""
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
        Path(file.name).write_bytes(b"\n".join(bodies))
        script = Path(__file__).with_name("peer.py")
        done = subprocess.run(
            [python, script, name, url, file.name], capture_output=True, check=True, timeout=600
        )
    return json.loads(done.stdout)


def main() -> None:
    """Measure all, and print medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--environments", type=Path, default=Path(tempfile.gettempdir()) / "peers")
    given = parser.parse_args()
    bodies = list(orders(given.events))
    calls = told(given.events)
    few = bodies[: max(200, given.events // 10)]
    found: dict[str, list[dict[str, float]]] = {}
    with sink() as url:
        pythons = {name: environment(given.environments, name) for name in PEERS}
        for _ in range(given.rounds):
            segment = theirs(pythons["segment"], "segment", url, bodies)
            single = theirs(pythons["customerio"], "customerio", url, few)
            for name, one, count in (
                ("truthpoint", ours(url, calls, rollups=False), len(bodies)),
                ("truthpoint, four totals", ours(url, calls, rollups=True), len(bodies)),
                ("segment", segment, len(bodies)),
                ("customerio", single, len(few)),
            ):
                found.setdefault(name, []).append({**one, "rate": count / one["seconds"]})
    middle = {
        name: {key: median(one[key] for one in rounds) for key in rounds[0]}
        for name, rounds in found.items()
    }
    _show(middle, given.events, given.rounds)


def _show(middle: dict[str, dict[str, float]], events: int, rounds: int) -> None:
    base = middle["truthpoint"]
    print(f"Python {sys.version.split()[0]}, {events:,} events, medians of {rounds} rounds\n")
    print(f"{'':<26}{'capture p50':>13}{'p99':>11}{'delivered/s':>13}{'truthpoint is':>15}")
    for name, one in middle.items():
        times = f"{one['p50'] * 1e6:>10.0f} us{one['p99'] * 1e6:>8.0f} us"
        print(f"{name:<26}{times}{one['rate']:>13,.0f}{base['rate'] / one['rate']:>13.1f} x")


if __name__ == "__main__":
    main()
