"""Records minted for proofs, and an oracle outside the product that judges what arrived.

The oracle knows what was minted and reads the workspace's log, and nothing else: no store,
no report of ours.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from support.virtual import START_MS
from truthpoint.values.instants import to_iso

KEYS = {
    "order_paid": "order_id",
    "order_refunded": "refund_id",
    "checkout_started": "checkout_id",
}
"""Event to the property that is its business key, by the tests' contract."""


@dataclass
class Minted:
    """What a shop says, in its order.

    Attributes:
        records: Every record, repeats and broken ones included.
        moments: Person to their moments, in the order in which they were first said.
        broken: How many records break the contract.
        repeats: How many records repeat an earlier moment.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    moments: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    amounts: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    broken: int = 0
    repeats: int = 0

    def lines(self) -> bytes:
        """Return the records as NDJSON."""
        return b"".join(json.dumps(one).encode() + b"\n" for one in self.records)

    def totals(self, person: str) -> tuple[int, Decimal]:
        """Return a person's count of orders and lifetime value, computed anew."""
        own = self.moments.get(person, [])
        paid = [self.amounts[one] for one in own if one[0] == "order_paid"]
        back = [self.amounts[one] for one in own if one[0] == "order_refunded"]
        return len(paid), sum(paid, Decimal(0)) - sum(back, Decimal(0))


def mint(seed: int, *, people: int, each: int, start_ms: int = START_MS - 86_400_000) -> Minted:
    """Mint records of people whose moments are interleaved.

    Args:
        seed: The same seed mints the same.
        people: How many people.
        each: About how many records of each.
        start_ms: When the first of them happened; each is a second after the one before.
    """
    chance = random.Random(seed)
    minted = Minted()
    for number in range(people * each):
        person = str(1 + chance.randrange(people))
        at = to_iso(start_ms + 1000 * number)
        draw = chance.random()
        if draw < 0.1:
            attributes = {"name": f"n{number}"}
            if chance.random() < 0.5:
                attributes["email"] = f"p{person}-{number}@example.org"
            _say(minted, "identify", person, at, attributes=attributes)
        elif draw < 0.14:
            minted.broken += 1
            _say(minted, "track", person, at, event="order_paid", properties={"order_id": "?"})
        elif draw < 0.24 and minted.amounts:
            minted.repeats += 1
            minted.records.append(dict(chance.choice(_said(minted))))
        else:
            _moment(minted, chance, number, person, at)
    for number, record in enumerate(minted.records):
        record["record_id"] = f"r{number}"
    return minted


def _said(minted: Minted) -> list[dict[str, Any]]:
    return [
        one
        for one in minted.records
        if one.get("event")
        and KEYS[one["event"]] in one["properties"]
        and len(one["properties"]) > 1
    ]


def _say(minted: Minted, kind: str, person: str, at: str, **more: Any) -> None:
    minted.records.append({"type": kind, "person": {"id": person}, "at": at, **more})


def _moment(minted: Minted, chance: random.Random, number: int, person: str, at: str) -> None:
    event = chance.choices(list(KEYS), weights=(6, 2, 3))[0]
    key = f"{event[6:8]}-{number}"
    amount = Decimal(chance.randrange(1, 100_000)) / 100
    told: dict[str, Any] = {KEYS[event]: key, "currency": "USD"}
    if event == "order_paid":
        told |= {"total": str(amount), "items": []}
    elif event == "order_refunded":
        told |= {"amount": str(amount), "order_id": "x"}
    else:
        told |= {"cart_id": key, "value": str(amount), "items": []}
    minted.moments.setdefault(person, []).append((event, key))
    minted.amounts[event, key] = amount
    _say(minted, "track", person, at, event=event, properties=told)


def judge(
    minted: Minted,
    log: Iterable[Mapping[str, Any]],
    *,
    dead: frozenset[tuple[str, str]] = frozenset(),
    poisoned: frozenset[str] = frozenset(),
) -> Counter[str]:
    """Check a workspace's log against what was minted; return what was seen on the way (I10).

    Args:
        minted: What the shop said.
        log: The requests as `/local/log` shows them, oldest first.
        dead: Moments that were refused for good.
        poisoned: People of whom items were refused, so that their totals may be missing.
    """
    seen: Counter[str] = Counter()
    arrived: dict[str, list[tuple[str, str]]] = {}
    identified: set[str] = set()
    totals: dict[str, tuple[int, Decimal]] = {}
    for request in log:
        seen["lost answer"] += not request["answered"]
        seen[str(request["status"])] += 1
        for item in request["items"]:
            _take(item, arrived, identified, totals, seen)
    for person, moments in minted.moments.items():
        expected = [one for one in moments if one not in dead]
        # One that was refused may have arrived before, by a request whose answer was lost.
        own = [one for one in arrived.get(person, []) if one not in dead]

        assert own == expected, "I1 to I4: all, once, in order"

    assert set(arrived) <= set(minted.moments), "I2: nobody who was not minted"

    for person in minted.moments.keys() - poisoned:
        count, value = minted.totals(person)
        if any(one[0] != "checkout_started" for one in minted.moments[person]):
            assert totals.get(person) == (count, value), "I3: totals as computed anew"
    return seen


def _take(
    item: Mapping[str, Any],
    arrived: dict[str, list[tuple[str, str]]],
    identified: set[str],
    totals: dict[str, tuple[int, Decimal]],
    seen: Counter[str],
) -> None:
    seen[item["effect"]] += 1
    person = item["identifiers"].get("id", "")
    told = item["attributes"]
    if item["effect"] != "applied":
        return
    if item["action"] == "identify":
        identified.add(person)
        if "orders_count" in told:
            totals[person] = told["orders_count"], Decimal(str(told["lifetime_value"]))
        return

    assert person in identified, "law 4: an identify was accepted before"

    moment = (item["name"], told[KEYS[item["name"]]])

    assert moment not in arrived.get(person, []), "I3: one effect"

    arrived.setdefault(person, []).append(moment)
