"""A record whose decision fails is set aside alone, by halves; the others are decided."""

from __future__ import annotations

import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.shop import EXAMINER, identify, order, say
from support.virtual import StoppedClock
from truthpoint.capture import Recorder, capture_lines
from truthpoint.core.decision import Outcome
from truthpoint.core.examine import Examiner
from truthpoint.core.records import read_record
from truthpoint.errors import LeaseLost, StoreUnusable
from truthpoint.stores.memory import MemoryDesk, MemoryJournal, MemoryShelf, MemoryStore
from truthpoint.workers.decide import Decider

CANARY = "canary7ana"


class _Faulty(Examiner):
    """An examiner with a defect: some records make it fail, with what they say in its words."""

    def examine(self, record, **named):
        examined = super().examine(record, **named)
        if CANARY in str(record):
            raise ZeroDivisionError(str(record))
        return examined

    def examine_body(self, body, *, source, captured_at_ms, kept_as):
        record = read_record(body, source=source, captured_at_ms=captured_at_ms)
        return self.examine(record, source=source, kept_as=kept_as)

    def first_identify(self, identity):
        if CANARY in str(identity):
            raise LookupError(str(identity))
        return super().first_identify(identity)


FAULTY = _Faulty(EXAMINER.contract)


class _Picky(MemoryStore):
    """A store with a defect: it cannot write what some records become."""

    def __init__(self, shelf, bad, error=ValueError):
        super().__init__(shelf)
        self.bad = bad
        self.error = error
        self.commits = 0

    def commit(self, decision):
        self.commits += 1
        if self.bad & {one.record for one in decision.operations}:
            raise self.error(CANARY)
        super().commit(decision)


def _bad(number: int) -> dict[str, object]:
    return order(f"{CANARY}-{number}", "1")


def _quarantined(desk) -> dict[int, str]:
    return {one.record: one.reason for one in desk.listed(Outcome.QUARANTINED, limit=1000)}


def _decide_all(decider) -> None:
    while decider.step():
        pass


def test_a_record_that_fails_is_quarantined_and_the_others_are_delivered(place):
    """Laws 1 and 16: a defect of ours holds up nobody else, whatever raises it."""
    sound = [order(f"A-{n}", str(n)) for n in range(9)]
    place.say(*sound[:4], _bad(1), *sound[4:], _bad(2), identify("3", region=CANARY))

    place.drain(examiner=FAULTY)

    items = [one for one in place.transport.items if one.get("name") == "order_paid"]
    assert [one["properties"]["order_id"] for one in sound] == sorted(
        one["attributes"]["order_id"] for one in items
    )
    assert dict.fromkeys((5, 11, 12), "could_not_be_decided") == _quarantined(place.desk)


def test_what_could_not_be_decided_is_told_without_what_it_says(place, caplog):
    """Law 21: kind and place of the failure, once with its frames; nothing of the record."""
    place.say(_bad(1), _bad(2))

    place.drain(examiner=FAULTY)

    (found,) = place.desk.record(1)[2]
    told = [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR]
    assert "could_not_be_decided" == found.code
    assert "Deciding it ended in ZeroDivisionError at test_could_not_be_decided.py:" in (
        found.evidence
    )
    assert 2 == len(told)
    assert "Record 1 could not be decided" in told[0]
    assert "in examine" in told[0]
    assert "Record 2 could not be decided" in told[1]
    assert "in examine" not in told[1]
    assert CANARY not in "".join([*told, repr(found), caplog.text])


def test_what_could_not_be_decided_is_decided_by_a_replay(place):
    """Law 16: the bytes are kept; once the defect is mended they go the usual way."""
    place.say(_bad(1), order("A-2", "2"))
    place.drain(examiner=FAULTY)

    replayed = place.desk.replay(Outcome.QUARANTINED, None)
    place.drain()

    assert 1 == replayed
    assert {} == _quarantined(place.desk)
    assert Outcome.DELIVERED == place.desk.record(1)[1].outcome


def test_a_replayed_record_that_fails_again_goes_back_and_the_new_ones_go_on(place):
    """Law 16: also among records that an operator released."""
    place.say(_bad(1), _bad(2))
    place.drain(examiner=FAULTY)
    place.desk.replay(Outcome.QUARANTINED, None)
    place.say(order("A-3", "3"), start=2)

    place.drain(examiner=FAULTY)

    assert dict.fromkeys((1, 2), "could_not_be_decided") == _quarantined(place.desk)
    assert Outcome.DELIVERED == place.desk.record(3)[1].outcome


def test_what_fails_at_capture_is_kept_and_so_is_what_stands_behind_it(caplog):
    """Laws 1, 16 and 21: advice that fails keeps no record out, and is told without its words."""
    shelf = MemoryShelf()
    lines = [json.dumps(one).encode() for one in (order("A-1", "1"), _bad(1), order("A-2", "2"))]
    recorder = Recorder(MemoryJournal(shelf), FAULTY, StoppedClock())

    reports = list(capture_lines(io.BytesIO(b"\n".join(lines)), recorder))

    (found,) = reports[1].receipt.findings
    results = [one.receipt.result.value for one in reports]
    assert ["accepted", "invalid", "accepted"] == results
    assert ("could_not_be_decided", "Examining it ended in ZeroDivisionError.") == (
        found.code,
        found.evidence,
    )
    assert lines == [one.body for one in shelf.records.values()]
    assert CANARY not in repr(found) + caplog.text


@pytest.mark.parametrize("error", [StoreUnusable, LeaseLost, OSError, MemoryError])
def test_a_failure_of_the_store_or_the_machine_blames_no_record(error):
    """Laws 1 and 16: the worker ends, and the records wait."""
    shelf = MemoryShelf()
    say(MemoryJournal(shelf), order("A-1", "1"), order("A-2", "2"))
    store = _Picky(shelf, {2}, error)
    store.acquire()

    with pytest.raises(error):
        Decider(store, EXAMINER, StoppedClock()).step()

    assert 2 == len(store.undecided(10))
    assert {} == _quarantined(MemoryDesk(shelf))


def test_a_fault_costs_a_few_commits_and_not_one_for_each_record():
    """It is found by halves."""
    shelf = MemoryShelf()
    say(MemoryJournal(shelf), *(order(f"A-{n}", str(n)) for n in range(500)))
    store = _Picky(shelf, {333})
    store.acquire()

    _decide_all(Decider(store, EXAMINER, StoppedClock()))

    assert {333: "could_not_be_decided"} == _quarantined(MemoryDesk(shelf))
    assert store.commits <= 2 * 9 + 2


RECORDS = st.lists(
    st.tuples(st.sampled_from(["order", "identify", "broken"]), st.integers(1, 3), st.booleans()),
    max_size=20,
)


@given(RECORDS)
def test_the_others_are_decided_as_if_it_had_not_been_there(told):
    """Law 16: wherever the bad ones stand, whatever the batches, the rest comes out alike."""
    made = {
        "order": lambda who: json.dumps(order(f"A-{who}", who)).encode(),
        "identify": lambda who: json.dumps(identify(who)).encode(),
        "broken": lambda _: b"{",
    }
    said = [made[kind](str(who)) for kind, who, _ in told]
    bad = {n for n, (kind, _, fails) in enumerate(told, 1) if fails and kind != "broken"}

    faulty, sound = MemoryShelf(), MemoryShelf()
    say(MemoryJournal(faulty), *said)
    # In the other store, what fails there is broken from the start.
    say(MemoryJournal(sound), *(b"{" if n in bad else one for n, one in enumerate(said, 1)))
    stores = _Picky(faulty, bad), MemoryStore(sound)
    for store in stores:
        store.acquire()
        _decide_all(Decider(store, EXAMINER, StoppedClock()))

    failed = {n for n, reason in _quarantined(MemoryDesk(faulty)).items() if "could" in reason}
    assert failed <= bad
    assert sound.ledger == faulty.ledger
    assert sound.people == faulty.people
    assert sound.totals == faulty.totals
    assert {one: held.operation for one, held in sound.operations.items()} == {
        one: held.operation for one, held in faulty.operations.items()
    }
    assert sound.verdicts.keys() == faulty.verdicts.keys()
    assert sound.position == faulty.position == len(told)
