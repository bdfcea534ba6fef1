"""Measure `POST /v1/records` of one record, from clients that wait for their answers.

Usage: python bench/gateway.py [--requests N] [--rounds N]

A gateway (`serve`) runs as a process of its own. Each client keeps one connection, posts an
order, waits until it is durable to a loss of power, and posts the next. What one synced write
takes on this disk stands above it; since disks differ a hundredfold in that, everything is
measured a second time with durable steps that take 5 ms longer.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

from shop import CONTRACT, orders

from truthpoint import around, runtime

CLIENTS = (1, 8, 32)
SLOWER_MS = (0, 5)
SYNCS = 200

SERVE = """
import sys, time
from truthpoint.cli.main import app
from truthpoint.stores.sqlite import SqliteJournal

slower_seconds = int(sys.argv.pop(1)) / 1e3
append = SqliteJournal.append

def slower(self, captures):
    appended = append(self, captures)
    time.sleep(slower_seconds)
    return appended

if slower_seconds:
    SqliteJournal.append = slower
app()
"""


def sync_seconds(folder: str) -> float:
    """Return the median time of one synced write of a page's size on this disk."""
    times: list[float] = []
    with (Path(folder) / "synced").open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            started = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - started)
    return median(times)


async def client(port: int, head: str, bodies: list[bytes], times: list[float]) -> None:
    """Post each, one after the other, on one connection; add the seconds that each took."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for body in bodies:
        started = time.perf_counter()
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise SystemExit(f"not taken: {answer.splitlines()[0].decode()}")
        length = re.search(rb"content-length: (\d+)", answer.lower())
        await reader.readexactly(int(length[1]))
        times.append(time.perf_counter() - started)
    writer.close()
    await writer.wait_closed()


def crowd(port: int, token: str, bodies: list[bytes], clients: int) -> tuple[float, list[float]]:
    """Divide the requests among clients; return requests a second, and each one's time."""
    head = (
        "POST /v1/records HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-ndjson\r\n"
        f"Authorization: Bearer {token}\r\n"
    )
    times: list[float] = []

    async def every() -> None:
        shares = (bodies[place::clients] for place in range(clients))
        await asyncio.gather(*(client(port, head, share, times) for share in shares))

    started = time.perf_counter()
    asyncio.run(every())
    return len(bodies) / (time.perf_counter() - started), times


def served(folder: str, bodies: list[bytes], slower_ms: int) -> list[list[float]]:
    """Serve, and measure each number of clients; return rate, p50 and p99 of each."""
    path = Path(folder) / "tracking.yaml"
    path.write_text(CONTRACT.replace("URL", "http://127.0.0.1:8710"), encoding="utf-8")
    settings = runtime.Settings(contract=str(path), store=f"sqlite:{folder}/store")
    token, _ = around.new_key(settings, name="bench", source="backend")
    command = ["serve", "--port=0", f"--contract={path}", f"--store={settings.store}"]
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(slower_ms), *command], stdout=subprocess.PIPE, text=True
    )
    try:
        port = int(process.stdout.readline().rpartition(":")[2])
        found: list[list[float]] = []
        begin = 0
        for clients in CLIENTS:
            # A lone client waits for each sync; it needs fewer to be measured.
            count = len(bodies) // (len(CLIENTS) if clients > 1 else 2 * len(CLIENTS))
            rate, times = crowd(port, token, bodies[begin : begin + count], clients)
            begin += count
            cuts = quantiles(times, n=100)
            found.append([rate, cuts[49] * 1e3, cuts[98] * 1e3])
        return found
    finally:
        process.terminate()
        process.communicate()


def main() -> None:
    """Measure, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    bodies = list(orders(given.requests))
    rounds: dict[int, list[list[list[float]]]] = {slower_ms: [] for slower_ms in SLOWER_MS}
    syncs: list[float] = []
    for _ in range(given.rounds):
        for slower_ms, seen in rounds.items():
            with tempfile.TemporaryDirectory() as folder:
                syncs.append(sync_seconds(folder))
                seen.append(served(folder, bodies, slower_ms))
    print(f"one synced write of 4 kB: {median(syncs) * 1e3:.2f} ms; medians of {given.rounds}\n")
    print(f"{'':<18}{'clients':>7}{'requests/s':>13}{'p50':>12}{'p99':>12}{'of one client':>16}")
    for slower_ms, seen in rounds.items():
        disk = f"steps {slower_ms} ms longer" if slower_ms else "this disk"
        alone = median(one[0][0] for one in seen)
        for place, clients in enumerate(CLIENTS):
            rate, p50, p99 = (median(one[place][row] for one in seen) for row in range(3))
            figures = f"{rate:>13,.0f}{p50:>9.1f} ms{p99:>9.1f} ms{rate / alone:>15.1f}x"
            print(f"{disk:<18}{clients:>7}{figures}")


if __name__ == "__main__":
    main()
