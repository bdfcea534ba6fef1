"""One peer, measured inside its own environment; run by `peers.py`.

Usage: python peer.py NAME URL FILE

FILE holds the records that Truthpoint gets, as NDJSON. Prints one JSON object: how long
each capture took, in seconds at p50 and p99, and how long until everything had been
answered. Both peers get the same events for the same people; neither is durable.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from statistics import quantiles


def segment(url: str, records: list[dict]) -> list[float]:
    """Capture with Segment's client as it is, but for a queue that holds everything."""
    from segment.analytics.client import Client  # noqa: PLC0415 - in its own environment only

    client = Client("key", host=url, max_queue_size=len(records) + 1)
    times = []
    for record in records:
        started = time.perf_counter()
        client.track(record["person"]["id"], record["event"], record["properties"])
        times.append(time.perf_counter() - started)
    client.flush()
    client.join()
    return times


def customerio(url: str, records: list[dict]) -> list[float]:
    """Send with Customer.io's own client: each call waits for its answer."""
    from customerio import CustomerIO  # noqa: PLC0415 - in its own environment only

    client = CustomerIO("site", "key")
    # It insists on https; the sink has none, and the cost of TLS is not what is measured.
    client.base_url = f"{url}/api/v1"
    times = []
    for record in records:
        started = time.perf_counter()
        client.track(record["person"]["id"], record["event"], record["properties"])
        times.append(time.perf_counter() - started)
    return times


def main() -> None:
    """Measure the peer that the arguments name."""
    name, url, file = sys.argv[1:]
    records = [json.loads(line) for line in Path(file).read_bytes().splitlines()]
    started = time.perf_counter()
    times = {"segment": segment, "customerio": customerio}[name](url, records)
    taken = time.perf_counter() - started
    cuts = quantiles(times, n=100)
    print(json.dumps({"p50": cuts[49], "p99": cuts[98], "seconds": taken}))


if __name__ == "__main__":
    main()
