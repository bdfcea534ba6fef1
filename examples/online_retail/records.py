"""Turn the Online Retail data set into records.

    python records.py online_retail.csv[.gz] > records.ndjson

The data: Chen, D. (2015). Online Retail [Dataset]. UCI Machine Learning Repository.
https://doi.org/10.24432/C5BW33 (CC BY 4.0).

An invoice is an order when it is no cancellation (`C…`) or adjustment (`A…`) and its
value is above zero; a cancellation becomes a refund. Rows of one invoice need not stand
together. Times are local to London; an invoice happened at the earliest of its rows.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LONDON = ZoneInfo("Europe/London")


@dataclass
class Invoice:
    """The rows of one invoice, gathered.

    Attributes:
        number: InvoiceNo.
        customer: CustomerID without its `.0`; empty for a guest.
        country: Country of the first row.
        at: The earliest InvoiceDate of its rows.
        items: Its lines, as the contract wants them.
        value: Sum of quantity times unit price.
    """

    number: str
    customer: str
    country: str
    at: datetime
    items: list[dict[str, object]] = field(default_factory=list)
    value: Decimal = Decimal(0)

    def add(self, row: dict[str, str]) -> None:
        """Add one row of the file."""
        quantity, price = int(row["Quantity"]), Decimal(row["UnitPrice"])
        self.at = min(self.at, _at(row))
        self.value += quantity * price
        self.items.append(
            {
                "sku": row["StockCode"],
                "name": row["Description"].strip(),
                "quantity": quantity,
                "price": str(price),
            }
        )


def _at(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=LONDON)


def invoices(rows: Iterable[dict[str, str]]) -> list[Invoice]:
    """Return the invoices of a file in the order of their time."""
    found: dict[str, Invoice] = {}
    for row in rows:
        number = row["InvoiceNo"]
        if number not in found:
            customer = row["CustomerID"].removesuffix(".0")
            found[number] = Invoice(number, customer, row["Country"], _at(row))
        found[number].add(row)
    return sorted(found.values(), key=lambda one: (one.at, one.number))


def records(rows: Iterable[dict[str, str]]) -> Iterator[dict[str, object]]:
    """Yield a record for each order and each cancellation."""
    for one in invoices(rows):
        record: dict[str, object] = {
            "type": "track",
            "person": {"id": one.customer} if one.customer else {},
            "at": one.at.isoformat(),
            "source": "backend",
        }
        if one.number.startswith("C"):
            refund = {"refund_id": one.number, "amount": str(-one.value), "currency": "GBP"}
            yield {**record, "event": "order_refunded", "properties": refund}
        elif not one.number.startswith("A") and one.value > 0:
            order = {
                "order_id": one.number,
                "total": str(one.value),
                "currency": "GBP",
                "country": one.country,
                "items": one.items,
            }
            yield {**record, "event": "order_paid", "properties": order}


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", newline="")
    return path.open(encoding="utf-8", newline="")


def main(path: Path) -> None:
    """Write the records of a file to standard output, one a line."""
    with _opened(path) as file:
        for record in records(csv.DictReader(file)):
            print(json.dumps(record, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
