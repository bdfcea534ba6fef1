"""The rehearsal behind `validate`: what it foresees is what a store and a worker then do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from support import virtual
from support.scripted import ScriptedTransport
from support.shop import EXAMINER, checkout, identify, order, refund, worker_on
from truthpoint.capture import LineReport, Recorder, ResultKind, capture_lines
from truthpoint.capture.file import BATCH_LINES
from truthpoint.cli.rehearsal import Foreseen, Rehearsal
from truthpoint.core.decision import Outcome
from truthpoint.core.outbox import State
from truthpoint.core.records import MAX_RECORD_BYTES
from truthpoint.stores.memory import MemoryJournal, MemoryShelf, MemoryStore


class _Noon:
    """A clock that stands."""

    def now_ms(self) -> int:
        return virtual.START_MS


def _file(*records: Any) -> bytes:
    lines = (one if isinstance(one, bytes) else json.dumps(one).encode() for one in records)
    return b"".join(line + b"\n" for line in lines)


def _reports(file: bytes, journal: Any) -> Iterator[LineReport]:
    return capture_lines(BytesIO(file), Recorder(journal, EXAMINER, _Noon()))


def _foreseen(file: bytes) -> list[Foreseen]:
    rehearsal = Rehearsal(EXAMINER)
    return list(rehearsal.foresee(_reports(file, rehearsal)))


def _happened(file: bytes) -> list[tuple[Outcome | None, str]]:
    """How each line ends on a store of its own, worked off in virtual time."""
    shelf = MemoryShelf()
    reports = list(_reports(file, MemoryJournal(shelf)))

    async def work() -> None:
        clock = virtual.VirtualClock(asyncio.get_running_loop())
        await worker_on(MemoryStore(shelf), ScriptedTransport(), clock).drain()

    virtual.run(work())
    kept = iter(shelf.records)
    return [_ended(shelf, one, kept) for one in reports]


def _ended(
    shelf: MemoryShelf, report: LineReport, kept: Iterator[int]
) -> tuple[Outcome | None, str]:
    if report.receipt.result is ResultKind.REPEAT:
        return None, "record_id"
    if report.receipt.result is ResultKind.REFUSED:
        return None, "record_too_large"
    record = next(kept)
    verdict = shelf.verdicts.get(record)
    if verdict is not None:
        return verdict.outcome, verdict.reason
    (held,) = [one for one in shelf.operations.values() if one.operation.record == record]

    assert held.state in (State.DELIVERED, State.WITHHELD)
    return Outcome(held.state.name.lower()), held.reason


_TOTALS = st.sampled_from(["4.00", "5.00"])
_PEOPLE = st.sampled_from(["1", "2", "ana@example.org"])
_TIMES = st.sampled_from([0, 2, 73]).map(lambda hours: virtual.START_MS - hours * 3_600_000)
"""Now, in time, and too late for a start to be sent."""
_ORDERS = st.builds(
    lambda number, person, total: order(number, person, total=total),
    st.sampled_from("ABC"),
    _PEOPLE,
    _TOTALS,
)
_RECORDS = st.one_of(
    _ORDERS,
    st.builds(lambda one: {**one, "source": "legacy"}, _ORDERS),
    st.builds(lambda one, name: {**one, "record_id": name}, _ORDERS, st.sampled_from("mn")),
    st.builds(refund, st.sampled_from("AB"), _PEOPLE, _TOTALS),
    st.builds(checkout, st.sampled_from("AB"), _PEOPLE, at_ms=_TIMES),
    st.builds(
        lambda cart, person, at_ms: order(f"of {cart}", person, cart_id=cart, at_ms=at_ms),
        st.sampled_from("AB"),
        _PEOPLE,
        _TIMES,
    ),
    st.builds(identify, _PEOPLE),
    st.sampled_from([b"", b"[]", b'{"type": "link"}', b"x" * (MAX_RECORD_BYTES + 1)]),
)


@given(st.lists(_RECORDS, max_size=15))
def test_what_it_foresees_is_what_happens(records: list[Any]) -> None:
    """Captured, decided and delivered, each record ends as was said of it, for the same reason."""
    file = _file(*records)

    assert _happened(file) == [(one.outcome, one.reason) for one in _foreseen(file)]


def test_what_is_too_late_for_a_start_is_foreseen() -> None:
    """Law 9: its order is paid, before or behind it in the file; or it is too old."""
    now_ms = virtual.START_MS
    file = _file(
        checkout("A", "1", at_ms=now_ms - 9_000),
        order("A-1", "1", cart_id="A", at_ms=now_ms - 8_000),
        checkout("A2", "1", at_ms=now_ms),
        checkout("B", "2", at_ms=now_ms - 73 * 3_600_000),
    )
    foreseen = [(one.outcome, one.reason) for one in _foreseen(file)]

    assert [
        (Outcome.WITHHELD, "closed"),
        (Outcome.DELIVERED, ""),
        (Outcome.DELIVERED, ""),
        (Outcome.WITHHELD, "stale"),
    ] == foreseen
    assert _happened(file) == foreseen


def test_what_it_foresees_is_what_happens_over_many_batches() -> None:
    """Repeats within a batch, and of a batch long gone; lines that are not kept between them."""
    records: list[Any] = []
    for number in range(BATCH_LINES + 7):
        records += [order(f"A-{number % 400}", str(number % 9)), b""]
        if number % 50 == 0:
            records += [b"[]", {**identify("1"), "record_id": f"i{number % 100}"}]
    file = _file(*records, b"x" * (MAX_RECORD_BYTES + 1), order("A-3", "3"))
    foreseen = _foreseen(file)

    assert _happened(file) == [(one.outcome, one.reason) for one in foreseen]
    # One person, whose first identify alone is held to what is required.
    codes = [found.code for one in foreseen for found in one.findings]
    assert 1 == codes.count("attribute_missing")
    told = {one.outcome for one in foreseen}
    kept = {Outcome.DELIVERED, Outcome.RECORDED, Outcome.WITHHELD, Outcome.QUARANTINED}
    assert {*kept, None} == told


def test_each_line_is_told_in_the_order_of_the_file() -> None:
    """Whatever became of it."""
    file = _file(*[b"x" * (MAX_RECORD_BYTES + 1), order("A", "1"), order("A", "1"), b"[]"] * 2)

    assert list(range(1, 9)) == [one.report.line for one in _foreseen(file)]
