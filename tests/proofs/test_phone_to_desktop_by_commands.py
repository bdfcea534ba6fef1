"""The scenario of the mission by the commands themselves: `send` and `work`, over HTTP.

Everybody of one shop, each in another order of arrival. The decision alone is held to every
order in `test_phone_to_desktop.py`; here are the files, the processes and the sockets too.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from itertools import permutations
from typing import Any

import pytest

from support.commands import Shop
from support.local import serving
from support.stories import CONTRACT, MINUTE_MS, event, identify

ORDERS = list(permutations(range(6)))
CUTS = range(6)
"""After how many of somebody's six messages everything so far is delivered; 0: never."""

Story = tuple[tuple[int, ...], int]
"""The order of arrival of somebody's messages, and the cut."""

START, ORDER = 1, (2, 3, 4)
"""Places of messages in the story: the checkout, and the order that is told three times."""


def messages(number: int, now_ms: int) -> list[dict[str, Any]]:
    """The six messages of one shopper, in the order in which they happened."""
    phone, email = {"anonymous_id": f"phone-{number}"}, f"ana{number}@example.org"
    started_ms, cart = now_ms - 30 * MINUTE_MS, f"C-{number}"
    money = {"cart_id": cart, "currency": "USD"}
    paid = event(
        "order_paid",
        str(number),
        now_ms - 5 * MINUTE_MS,
        order_id=f"A-{number}",
        total="40.00",
        **money,
    )
    said = [
        event("cart_created", phone, started_ms - MINUTE_MS, cart_id=cart),
        event(
            "checkout_started",
            {**phone, "email": email.title()},
            started_ms,
            checkout_id=f"K-{number}",
            value="40.00",
            **money,
        ),
        paid,
        paid,
        paid,
        identify(str(number), now_ms - 10 * MINUTE_MS, email=email),
    ]
    # A provider that tells an order again tells it as a delivery of its own.
    return [{**one, "record_id": f"{number}-{place}"} for place, one in enumerate(said)]


def arrival(stories: list[Story], now_ms: int, *, before_cut: bool) -> list[dict[str, Any]]:
    """What arrives of everybody before their cut, or after it: one message of each at a time."""
    told = [messages(number, now_ms) for number in range(len(stories))]
    return [
        said[order[turn]]
        for turn in range(len(ORDERS[0]))
        for said, (order, cut) in zip(told, stories, strict=True)
        if (turn < cut) is before_cut
    ]


@pytest.mark.parametrize(
    "stories",
    [
        pytest.param([(one, place % 6) for place, one in enumerate(ORDERS)], id="one cut each"),
        pytest.param(
            [(one, cut) for one in ORDERS for cut in CUTS], id="every cut", marks=pytest.mark.soak
        ),
    ],
)
def test_the_purchase_stops_the_series_in_all_720_orders_by_the_commands(stories, tmp_path):
    """Laws 3, 5, 9, 10: one person, one order, totals right, no start behind its close."""
    contract = tmp_path / "tracking.yaml"
    shop = Shop(tmp_path, contract=contract)
    now_ms = time.time_ns() // 1_000_000
    with serving(tmp_path / "workspace.db") as local:
        contract.write_text(
            CONTRACT.read_text(encoding="utf-8").replace("http://127.0.0.1:8710", local.url),
            encoding="utf-8",
        )
        said: list[dict[str, Any]] = []
        for before_cut in (True, False):
            part = arrival(stories, now_ms, before_cut=before_cut)
            said += part
            assert 0 == shop.spawn("send", shop.file("said.ndjson", *part)).code
            assert 0 == shop.spawn("work", "--drain", "--rate", "1000").code
        log = [item for request in local.log() for item in request["items"]]
        ends = outcomes(shop, said)
        status = json.loads(shop.run("status", "--json").out)
        profiles = {
            number: local.ask("GET", f"/v1/customers/{number}/attributes?id_type=id")["customer"]
            for number in range(0, len(stories), 97)
        }

    assert len(stories) == status["people"]
    sent = Counter(one["name"] for one in log if one["effect"] == "applied" and one["name"])
    told = totals(log)
    assert len(stories) == sent["order_paid"] == len(told)
    for number, (order, cut) in enumerate(stories):
        assert sorted(ends[f"A-{number}"]) == [
            ("delivered", ""),
            ("withheld", "duplicate"),
            ("withheld", "duplicate"),
        ], (order, cut)
        assert (1, 40) == told[str(number)], (order, cut)
        paid_first = any(order.index(place) < cut for place in ORDER)
        started = ("delivered", "") if order.index(START) < cut and not paid_first else _CLOSED
        assert [started] == ends[f"K-{number}"], (order, cut)
    for number, profile in profiles.items():
        assert f"ana{number}@example.org" == profile["attributes"]["email"]


_CLOSED = ("withheld", "closed")


def outcomes(shop: Shop, said: list[dict[str, Any]]) -> dict[str, list[tuple[str, str]]]:
    """How the records of each moment ended, by its business key."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for step in shop.run("events", "--limit", "100000", "--json").lines:
        # The journal numbers its records from 1, in the order of the files.
        properties = said[step["record"] - 1]["properties"]
        key = properties.get("order_id") or properties.get("checkout_id", "")
        found[key].append((step["outcome"], step.get("reason", "")))
    return found


def totals(log: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Orders and their value of everybody, as they were told last."""
    return {
        one["identifiers"]["id"]: (
            one["attributes"]["orders_count"],
            one["attributes"]["lifetime_value"],
        )
        for one in log
        if one["action"] == "identify" and "orders_count" in one["attributes"]
    }
