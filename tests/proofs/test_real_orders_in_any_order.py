"""A real shop's orders, shuffled, told again and split: totals equal another computation.

The data: Chen, D. (2015). Online Retail [Dataset]. UCI Machine Learning Repository.
https://doi.org/10.24432/C5BW33. It is not part of this repository: where it is absent,
these tests say so and are skipped.

Every fifth customer begins as a guest: their first orders carry an email only, and who they
are is said somewhere among all other records. Every seventh order is corrected.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import runpy
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from support.stories import Told, tell
from truthpoint.contract import read
from truthpoint.core.examine import Examiner
from truthpoint.stores.memory import MemoryStore
from truthpoint.workers.recounting import Recounting

ROOT = Path(__file__).parents[2]
ORDERS = ROOT.parent / "shared" / "data" / "online_retail_2010-12_2011-03.csv.gz"
EXAMPLE = ROOT / "examples" / "online_retail"

pytestmark = pytest.mark.skipif(
    not ORDERS.exists(), reason="the Online Retail data is not beside this repository"
)

CUSTOMERS = 60
"""How many of the customers in a story; all of them take minutes."""

MORE = """\
  order_corrected:
    owner: backend
    key: [correction_id]
    corrects: {order_paid: order_id}
    properties:
      correction_id: {type: string, required: true}
      order_id: {type: string, required: true}
      total: {type: money, required: true}
      currency: {type: currency, required: true}

rollups:
  skus:           {count_distinct: order_paid.items.sku}
  first_country:  {first: order_paid.country}
  last_total:     {last: order_paid.total}
  large_orders:   {count: order_paid, where: {country: [France, Germany, EIRE]}}
"""


def contract() -> Examiner:
    """The example's contract, with guests, corrections and totals of every kind."""
    text = (EXAMPLE / "tracking.yaml").read_text(encoding="utf-8")
    text = text.replace("\nrollups:\n", "\n" + MORE)
    text = text.replace(
        "  unresolved: quarantine", "  links: [email]\n  unresolved: {email: under_email}"
    )
    workspaces = '\nworkspaces:\n  local: {url: "http://127.0.0.1:8710"}\n'
    return Examiner(read((text + workspaces).encode(), file="tracking.yaml"))


@dataclass
class Expected:
    """One customer's totals, in fractions, without code of the product."""

    orders: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refunded: Fraction = Fraction()

    def totals(self) -> dict[str, Any]:
        """What Customer.io must know in the end."""
        values: dict[str, Any] = {
            "orders_count": len(self.orders),
            "lifetime_value": sum((one["total"] for one in self.orders), -self.refunded),
            "skus": len({sku for one in self.orders for sku in one["skus"]}),
            "large_orders": sum(
                one["country"] in ("France", "Germany", "EIRE") for one in self.orders
            ),
        }
        if self.orders:
            by_time = sorted(self.orders, key=lambda one: (one["at"], one["key"]))
            values["first_country"] = by_time[0]["country"]
            values["last_total"] = by_time[-1]["total"]
            values["first_order_at"], values["last_order_at"] = by_time[0]["at"], by_time[-1]["at"]
        return values


def real_records() -> list[dict[str, Any]]:
    """The records of some customers, by the example's own script."""
    script = runpy.run_path(str(EXAMPLE / "records.py"), run_name="online_retail")
    with gzip.open(ORDERS, "rt", encoding="utf-8", newline="") as file:
        found = [one for one in script["records"](csv.DictReader(file)) if one["person"]]
    chosen = sorted({one["person"]["id"] for one in found})[::37][:CUSTOMERS]
    return [json.loads(json.dumps(one)) for one in found if one["person"]["id"] in chosen]


def story() -> tuple[list[dict[str, Any]], dict[str, Expected]]:
    """Everything that the shop says, and what comes of it."""
    records: list[dict[str, Any]] = []
    expected: dict[str, Expected] = {}
    for number, record in enumerate(real_records()):
        who, told = record["person"]["id"], record["properties"]
        one = expected.setdefault(who, Expected())
        guest = int(who) % 5 == 0
        if guest and len(one.orders) < 2:
            record["person"] = {"email": f"{who}@example.org"}
        records.append(record)
        if record["event"] == "order_refunded":
            one.refunded += Fraction(told["amount"])
            continue
        total = told["total"]
        if number % 7 == 0:
            total = str(Decimal(total) / 2 // Decimal("0.01") * Decimal("0.01"))
            correction = {"correction_id": f"C-{number}", "order_id": told["order_id"]}
            properties = {**correction, "total": total, "currency": "GBP"}
            records.append({**record, "event": "order_corrected", "properties": properties})
        one.orders.append(
            {
                "key": told["order_id"],
                "at": _seconds(record["at"]),
                "total": Fraction(total),
                "country": told["country"],
                "skus": {item["sku"] for item in told["items"]},
            }
        )
    records += [
        {
            "type": "link",
            "person": {"id": who},
            "at": "2010-11-30T00:00:00Z",
            "links": {"email": f"{who}@example.org"},
        }
        for who in expected
        if int(who) % 5 == 0
    ]
    return records, expected


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def known(told: Told) -> dict[str, dict[str, Any]]:
    """What the workspace was told of each customer last."""
    found: dict[str, dict[str, Any]] = {}
    for request in told.log:
        for item in request["items"]:
            if "orders_count" in item["attributes"] and item["effect"] == "applied":
                named = item["identifiers"]
                found.setdefault(named.get("id") or named["email"], {}).update(item["attributes"])
    return found


def check(told: Told, expected: dict[str, Expected], examiner: Examiner) -> None:
    """Every total is what another computation says, at the workspace and in the ledger."""
    sent = known(told)
    for who, one in expected.items():
        guest = sent.get(f"{who}@example.org", {})
        there = {**guest, **sent.get(who, {})}
        for name, value in one.totals().items():
            kept = there[name]
            exact = Fraction(str(kept)) if isinstance(value, Fraction) else kept

            assert exact == value, (name, kept)
    knowledge = MemoryStore(told.shelf).knowledge
    pages = Recounting(knowledge, examiner.contract, now_ms=0).pages()

    assert [] == [one for page in pages for one in page]


def arriving(records: Sequence[dict[str, Any]], chance: random.Random) -> list[dict[str, Any]]:
    """Shuffled, a third of them told twice."""
    again = chance.sample(list(records), len(records) // 3)
    shuffled = [*records, *again]
    chance.shuffle(shuffled)
    return shuffled


@pytest.mark.parametrize("seed", [1, 2])
def test_real_orders_in_any_order_give_the_totals_of_another_computation(seed):
    """Laws 3, 5 and 10: guests who turn out to be customers, corrections, and repeats."""
    examiner, chance = contract(), random.Random(seed)
    records, expected = story()
    shuffled = arriving(records, chance)
    cuts = sorted(chance.sample(range(1, len(shuffled)), 6))

    assert len(records) > 150

    check(tell(shuffled, cuts=cuts, examiner=examiner), expected, examiner)
