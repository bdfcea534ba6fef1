"""What a batch needs is loaded: nothing else that is known would change its decision.

A decision sees only what the plan asks the store for. Were that too little, a retry would be a
new order, or a total would begin again at nothing, and only for some batches.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
from deciding import EMPTY, after, loaded
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from support.stories import MINUTE_MS, NOW_MS, event, identify, said
from truthpoint.contract import read
from truthpoint.core.decide import decide
from truthpoint.core.decision import Decision, JournalRow, Known
from truthpoint.core.examine import Examiner
from truthpoint.core.plan import plan

CONTRACT = Path(__file__).parents[1] / "support" / "every_rule.yaml"
EXAMINER = Examiner(read(CONTRACT.read_bytes(), file="every_rule.yaml"))

Said = dict[str, Any]

WORDS = {
    "id": ["41", "42", "43"],
    "email": ["ana@example.org", "ben@example.org"],
    "phone": ["+15550001"],
    "anonymous_id": ["phone-7", "desk-8"],
    "stripe_customer": ["cus_1"],
    "order": ["A-1", "A-2"],
    "subscription": ["S-1", "S-2"],
}
MONEY = {"total": ["10.00", "12.00", "x"], "currency": ["USD", "USD", "EUR"]}
EVENTS: dict[str, dict[str, list[Any]]] = {
    "checkout_started": {
        "checkout_id": ["K-1", "K-2"],
        "cart_id": ["C-1", "C-2"],
        "value": ["40.00"],
        "currency": ["USD"],
        "city": ["Rome", "Oslo", ""],
    },
    "order_paid": {
        "order_id": WORDS["order"],
        "cart_id": ["C-1", "C-2", ""],
        "coupon": ["", "SPRING"],
        **MONEY,
    },
    "order_refunded": {
        "refund_id": ["R-1", "R-2"],
        "order_id": WORDS["order"],
        "amount": ["1.25"],
        "currency": ["USD", "EUR"],
    },
    "order_corrected": {"correction_id": ["X-1", "X-2"], "order_id": WORDS["order"], **MONEY},
    "subscription_renewed": {
        "subscription_id": WORDS["subscription"],
        "cycle": [1, 2],
        "plan": ["monthly", "yearly"],
        "cart_id": ["C-1", ""],
    },
    "renewal_corrected": {
        "correction_id": ["Y-1", "Y-2"],
        "subscription_id": WORDS["subscription"],
        "cycle": [1, 2],
        "fee": ["1"],
    },
    "price_dropped": {"drop_id": ["D-1", "D-2"]},
    "product_viewed": {"product_id": ["P-1"]},
}

times = st.integers(0, 300).map(lambda minutes: NOW_MS - minutes * MINUTE_MS)
attributes = st.fixed_dictionaries(
    {},
    optional={
        "email": st.sampled_from([*WORDS["email"], None]),
        "first_name": st.sampled_from(["Ana", "Ben"]),
        "mail": st.booleans(),
    },
)


@st.composite
def events(draw: st.DrawFn, names: list[str], people: st.SearchStrategy[Said]) -> Said:
    """What a shop tells, by its owner or by another, now and then as a test."""
    name = draw(st.sampled_from(names))
    properties = {key: draw(st.sampled_from(values)) for key, values in EVENTS[name].items()}
    told = event(name, draw(people), draw(times), **properties)
    if name == "order_paid":
        told |= draw(st.sampled_from([{}, {"version": 1}, {"version": 2}]))
    return told | draw(st.sampled_from([{}, {}, {}, {}, {"source": "helpdesk"}, {"test": True}]))


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[Said, bool]]:
    """Records of a few kinds of events and identifiers, and behind which of them a batch ends."""
    names = draw(st.lists(st.sampled_from(sorted(EVENTS)), min_size=1, max_size=3, unique=True))
    kinds = draw(st.lists(st.sampled_from(sorted(WORDS)), min_size=1, max_size=2, unique=True))
    somebody = st.fixed_dictionaries({"id": st.sampled_from(WORDS["id"])})
    anybody = st.fixed_dictionaries({kind: st.sampled_from(WORDS[kind]) for kind in kinds})
    people = somebody | anybody | st.builds(dict.__or__, somebody, anybody)
    said_of_people = st.one_of(
        st.builds(lambda who, at, told: identify(who, at, **told), people, times, attributes),
        st.builds(
            lambda who, at, told: said("link", who, at, links=told), somebody, times, anybody
        ),
        st.builds(
            lambda who, at, other: said("merge", who, at, **{"from": other}), people, times, people
        ),
        st.builds(said, st.sampled_from(["erase", "readmit"]), people),
    )
    records = events(names, people) | events(names, people) | said_of_people
    return draw(st.lists(st.tuples(records, st.booleans()), min_size=1, max_size=20))


def everything(known: Known) -> Known:
    """All that is known, whatever the batch is about."""
    moments: dict[int, list[Any]] = {}
    for row in known.ledger.values():
        moments.setdefault(row.person, []).append(row)
    return replace(known, moments=moments)


def told(decision: Decision) -> dict[str, Any]:
    """A decision, by its parts; the order of what is written side by side says nothing."""
    parts = msgspec.structs.asdict(decision)
    unordered = ("links", "people", "corrected", "totals", "closings", "said")
    return {
        name: sorted(map(repr, part)) if name in unordered else part for name, part in parts.items()
    }


@settings(max_examples=200)
@given(stories())
def test_a_batch_is_decided_as_if_everything_were_loaded(story: list[tuple[Said, bool]]) -> None:
    """Laws 3, 5, 9, 10 and 20, in batches cut anywhere."""
    known = replace(EMPTY, now_ms=NOW_MS)
    batch: list[JournalRow] = []
    for number, (record, cut) in enumerate(story, 1):
        batch.append(
            JournalRow(
                record=number,
                source=record.get("source", "backend"),
                record_id=f"r{number}",
                captured_at_ms=NOW_MS + number,
                contract="",
                body=json.dumps(record).encode(),
            )
        )
        if cut or number == len(story):
            planned = plan(batch, EXAMINER)
            decision = decide(planned, EXAMINER, loaded(known, batch, EXAMINER))

            assert told(decide(planned, EXAMINER, everything(known))) == told(decision)

            known, batch = after(known, decision), []
