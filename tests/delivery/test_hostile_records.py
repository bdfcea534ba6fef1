"""No record stops the decider: what cannot be decided is set aside, and the others go on."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from support.shop import EXAMINER, order, say
from support.virtual import StoppedClock
from truthpoint.core.decision import Outcome
from truthpoint.core.examine import Examiner
from truthpoint.core.records import MAX_DEPTH
from truthpoint.stores.memory import MemoryJournal, MemoryShelf, MemoryStore
from truthpoint.workers.decide import BATCH_BYTES, BATCH_RECORDS, Decider

_ANY_ID = Examiner(
    replace(EXAMINER.contract, person=replace(EXAMINER.contract.person, pattern=None))
)
"""The shop, with ids of any form."""


def _orders(place) -> list[str]:
    items = place.transport.items
    return [one["attributes"]["order_id"] for one in items if one.get("name") == "order_paid"]


def _reasons(place) -> dict[int, str]:
    return {one.record: one.reason for one in place.desk.listed(Outcome.QUARANTINED, limit=1000)}


@pytest.mark.parametrize("character", ["\0", "\n", "\x7f", "\x85"])
def test_a_control_character_in_a_person_id_stops_nobody(place, character):
    """Laws 1 and 16: a store that cuts text at a NUL never sees one; the others go on."""
    hostile = f"a{character}b"
    place.say(order("A-1", hostile), order("A-2", "ab"), order("A-3", hostile))

    place.drain(examiner=_ANY_ID)
    place.say(order("A-4", hostile), order("A-5", "ab"), start=3)
    place.drain(examiner=_ANY_ID)

    assert ["A-2", "A-5"] == _orders(place)
    assert dict.fromkeys((1, 3, 4), "person_id_control") == _reasons(place)


@pytest.mark.parametrize("levels", [62, 63, 64, 255, 256, 900])
@pytest.mark.parametrize("field", ["coupon", "items", "colour"])
def test_deep_nesting_stops_nobody(place, levels, field):
    """Law 16: deep JSON is quarantined with its reason, whatever a validator makes of it."""
    deep = json.dumps(order("A-1", "1", **{field: "@"})).replace('"@"', "[" * levels + "]" * levels)
    place.say(deep.encode(), order("A-2", "2"))

    place.drain()

    sound = field == "colour" and levels + 2 <= MAX_DEPTH
    shallow = "" if sound else "property_type"
    expected = "record_too_deep" if levels + 2 > MAX_DEPTH else shallow
    assert ([] if not sound else ["A-1"]) + ["A-2"] == sorted(_orders(place))
    assert ({} if sound else {1: expected}) == _reasons(place)


def test_large_records_are_decided_a_few_at_a_time():
    """Memory is bounded: a batch holds 500 records and 8 MiB of them at most, and at least one."""
    shelf = MemoryShelf()
    large = [b"%d" % n + b"x" * 800_000 for n in range(25)]
    say(MemoryJournal(shelf), *large, *(b"%d" % n for n in range(600)))
    store = MemoryStore(shelf)
    store.acquire()
    decider = Decider(store, EXAMINER, StoppedClock())

    counts = [decider.step() for _ in range(5)]

    assert 10 == BATCH_BYTES // len(large[0])
    assert [10, 10, BATCH_RECORDS, 105, 0] == counts


def test_a_record_whose_id_was_used_waits_in_quarantine_until_it_is_replayed(place):
    """Law 16: nothing is dropped; an operator may take it as a record of its own."""
    place.say(order("A-1", "1"), start=0)
    place.say(order("A-2", "1"), start=0)
    place.drain()
    before = _orders(place), list(_reasons(place).values())

    replayed = place.desk.replay(Outcome.QUARANTINED, None)
    place.drain()

    assert (["A-1"], ["record_id_reused"]) == before
    assert 1 == replayed
    assert (["A-1", "A-2"], {}) == (_orders(place), _reasons(place))
