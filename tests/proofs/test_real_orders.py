"""A real shop's orders, sent while everything is killed at random, equal the truth.

The data: Chen, D. (2015). Online Retail [Dataset]. UCI Machine Learning Repository.
https://doi.org/10.24432/C5BW33. It is not part of this repository: where it is absent,
these tests say so and are skipped.
"""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from support.commands import wait_until
from support.local import Local

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
ORDERS = DATA / "online_retail_2010-12_2011-03.csv.gz"
TRUTH = DATA / "truth" / "online_retail_dev_customers.csv"
EXAMPLE = ROOT / "examples" / "online_retail"
LONDON = ZoneInfo("Europe/London")

pytestmark = pytest.mark.skipif(
    not ORDERS.exists(), reason="the Online Retail data is not beside this repository"
)


@dataclass
class Shop:
    """A store, and a local workspace that runs apart as a process of its own."""

    folder: Path
    local: Local
    chance: random.Random

    def run(self, *arguments: str, kill_after_seconds: float | None = None) -> int:
        """Run a command; kill it after some time if it has not ended; return its exit code."""
        command = [sys.executable, "-m", "truthpoint", *arguments]
        environment = {
            **os.environ,
            "TRUTHPOINT_CONTRACT": str(self.folder / "tracking.yaml"),
            "TRUTHPOINT_STORE": f"sqlite:{self.folder / 'store'}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        out = self.folder / "out.txt"
        with (
            out.open("wb") as stream,
            subprocess.Popen(
                command, env=environment, stdout=stream, stderr=subprocess.STDOUT
            ) as process,
        ):
            try:
                code = process.wait(kill_after_seconds or 300)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()

        assert code in (0, 1, -signal.SIGKILL), out.read_text(errors="replace")

        return code

    def until_done(self, *arguments: str, kills: int) -> int:
        """Run a command, killing it at random moments first; return how many kills struck."""
        struck = 0
        for _ in range(kills):
            moment = self.chance.uniform(0.4, 1.6)
            struck += self.run(*arguments, kill_after_seconds=moment) == -signal.SIGKILL
        self.run(*arguments)
        return struck

    def json(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a command and return what it prints as NDJSON."""
        self.run(*arguments, "--json")
        text = (self.folder / "out.txt").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture
def shop(tmp_path) -> Iterator[Shop]:
    command = [sys.executable, "-m", "truthpoint", "workspace", "--port", "0"]
    command += ["--file", str(tmp_path / "workspace.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().split()[-1]
            contract = (EXAMPLE / "tracking.yaml").read_text(encoding="utf-8")
            workspaces = f'\nworkspaces:\n  local: {{url: "{url}"}}\n'
            (tmp_path / "tracking.yaml").write_text(contract + workspaces, encoding="utf-8")
            yield Shop(tmp_path, Local(url), random.Random(7))
        finally:
            process.terminate()


def records(folder: Path) -> tuple[Path, list[dict[str, Any]]]:
    """Turn the data into records with the example's own script."""
    path = folder / "records.ndjson"
    with path.open("wb") as out:
        subprocess.run([sys.executable, EXAMPLE / "records.py", ORDERS], stdout=out, check=True)
    return path, [json.loads(line) for line in path.read_bytes().splitlines()]


def arrived(local: Local) -> tuple[dict[str, list[str]], dict[str, dict[str, Any]]]:
    """Return each customer's moments in order, and their last totals."""
    moments: dict[str, list[str]] = {}
    totals: dict[str, dict[str, Any]] = {}
    for request in local.log():
        for item in request["items"]:
            if item["effect"] != "applied":
                continue
            customer, told = item["identifiers"]["id"], item["attributes"]
            if item["action"] == "event":
                moments.setdefault(customer, []).append(told.get("order_id") or told["refund_id"])
            elif "orders_count" in told:
                totals[customer] = told
    return moments, totals


def key(record: dict[str, Any]) -> str:
    """Return a record's business key."""
    told = record["properties"]
    return told.get("order_id") or told["refund_id"]


def instant(naive: str) -> int | None:
    """Return a local time of the truth in unix seconds; None when it is empty."""
    return int(datetime.fromisoformat(naive).replace(tzinfo=LONDON).timestamp()) if naive else None


def check_truth(totals: dict[str, dict[str, Any]]) -> None:
    """Totals equal the truth for every customer."""
    with TRUTH.open(encoding="utf-8", newline="") as file:
        truth = {row["customer_id"]: row for row in csv.DictReader(file)}
    known = {
        customer: row
        for customer, row in truth.items()
        if int(row["orders_count"]) or int(row["cancellations_count"])
    }

    assert set(totals) == set(known)

    for customer, row in known.items():
        told = totals[customer]

        assert told["orders_count"] == int(row["orders_count"])
        assert Decimal(str(told["lifetime_value"])) == Decimal(row["lifetime_value"])
        assert told.get("first_order_at") == instant(row["first_order_at"])
        assert told.get("last_order_at") == instant(row["last_order_at"])


def test_every_real_order_arrives_once_in_order_and_totals_are_true(shop, tmp_path):
    """Laws 1, 3, 5, 7, 10, 16: through kills of `send` and `work`, repeats, and new record ids."""
    path, said = records(tmp_path)
    expected: dict[str, list[str]] = {}
    for record in said:
        if record["person"]:
            expected.setdefault(record["person"]["id"], []).append(key(record))
    guests = sum(not record["person"] for record in said)

    struck = shop.until_done("send", str(path), kills=3)
    struck += shop.until_done("work", "--drain", "--rate", "1000", kills=5)
    moments, totals = arrived(shop.local)

    assert struck >= 2, "the kills struck"
    assert moments == expected
    check_truth(totals)

    quarantined = shop.json("quarantine", "list", "--limit", "100000")

    assert [one["reason"] for one in quarantined] == ["person_unresolved"] * guests

    before = wait_until(lambda: shop.local.ask("GET", "/local/log?limit=1"))
    again = shop.json("send", str(path))
    shop.run("work", "--drain")

    assert {one["result"] for one in again} == {"repeat"}

    for number, record in enumerate(said):
        record["record_id"] = f"third-{number}"
    shop.chance.shuffle(said)
    third = tmp_path / "third.ndjson"
    third.write_text("\n".join(json.dumps(one) for one in said), encoding="utf-8")
    shop.run("send", str(third))
    shop.run("work", "--drain")
    after = shop.local.ask("GET", "/local/log?limit=1")
    (status,) = shop.json("status")
    withheld = {one["reason"]: one["records"] for one in status["verdicts"]}

    assert (after["events"], after["people"]) == (before["events"], before["people"])
    assert withheld == {"duplicate": len(said) - guests, "person_unresolved": 2 * guests}
