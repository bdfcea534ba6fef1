"""Files and pipes: every line is reported once, and the same file sent again changes nothing."""

from __future__ import annotations

import io
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.shop import EXAMINER, order
from support.virtual import START_MS
from truthpoint.capture import Recorder, ResultKind, capture_lines
from truthpoint.capture.file import BATCH_BYTES
from truthpoint.core.records import MAX_RECORD_BYTES
from truthpoint.stores.memory import MemoryJournal, MemoryShelf, MemoryStore


class _Clock:
    def now_ms(self) -> int:
        return START_MS


class _Journal:
    """A journal in memory, and what it holds."""

    def __init__(self) -> None:
        self.shelf = MemoryShelf()

    def send(self, data: bytes, *, source: str = "backend"):
        with Recorder(MemoryJournal(self.shelf), EXAMINER, _Clock(), source=source) as recorder:
            return list(capture_lines(io.BytesIO(data), recorder))

    @property
    def bodies(self) -> list[bytes]:
        store = MemoryStore(self.shelf)
        store.acquire()
        try:
            return [row.body for row in store.undecided(1_000_000)]
        finally:
            store.close()


@pytest.fixture
def journal():
    return _Journal()


def _results(reports):
    return [(one.line, one.receipt.result.value) for one in reports]


def _codes(report):
    return [one.code for one in report.receipt.findings]


def _order(number="A-1", **more) -> bytes:
    return json.dumps(order(number, "1", **more)).encode()


_NEST = b"[" * 300 + b"]" * 300


def _padded(size_bytes: int) -> bytes:
    """A valid record of just this size."""
    bare = _order(coupon="")
    return _order(coupon="c" * (size_bytes - len(bare)))


def test_line_ends_of_all_kinds_and_a_mark_of_utf8_make_no_difference(journal):
    """The same content is the same record, however its file was saved."""
    plain = b"\n".join([_order("A-1"), _order("A-2"), b""])
    journal.send(plain)

    dressed = b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n")
    again = journal.send(dressed)

    assert [(1, "repeat"), (2, "repeat")] == _results(again)
    assert [_order("A-1"), _order("A-2")] == journal.bodies


def test_blank_lines_count_and_are_not_reported(journal):
    """Numbers are those an editor shows."""
    reports = journal.send(b"\n  \t\n" + _order() + b"\n\r\n" + _order("A-2"))

    assert [(3, "accepted"), (5, "accepted")] == _results(reports)


def test_an_empty_file_has_nothing_to_report(journal):
    """Neither has one of blank lines, or of a mark of UTF-8 alone."""
    assert [] == journal.send(b"")
    assert [] == journal.send(b"\n\n \r\n")
    assert [] == journal.send(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"type": "track", "ev', "not_json"),
        (b"\xff\xfe broken", "not_text"),
        (b'{"type": "track", "event": "\xc3\x28"}', "not_text"),
        (b"[1, 2]", "not_an_object"),
        (b"null", "not_an_object"),
        (b"12", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"\x00", "not_json"),
        (_order().replace(b"A-1", b"A\x00-1"), "not_json"),
        (_order() + _order(), "not_json"),
        (b"[" * 100_000, "not_json"),
        (_order(coupon=0).replace(b'"coupon": 0', b'"coupon": ' + _NEST), "record_too_deep"),
    ],
)
def test_a_broken_line_is_kept_as_bytes_and_the_rest_goes_on(journal, line, code):
    """Law 16: what breaks the contract keeps its original bytes and all reasons."""
    reports = journal.send(line + b"\n" + _order())

    assert [(1, "invalid"), (2, "accepted")] == _results(reports)
    assert [code] == _codes(reports[0])
    assert [line, _order()] == journal.bodies


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
@pytest.mark.parametrize(
    ("size_bytes", "result"),
    [
        (MAX_RECORD_BYTES - 1, "accepted"),
        (MAX_RECORD_BYTES, "accepted"),
        (MAX_RECORD_BYTES + 1, "refused"),
        (MAX_RECORD_BYTES + 2, "refused"),
        (MAX_RECORD_BYTES + 3, "refused"),
        (MAX_RECORD_BYTES + 8, "refused"),
        (5 * MAX_RECORD_BYTES, "refused"),
    ],
)
def test_a_line_over_one_mebibyte_is_refused_and_the_rest_goes_on(
    journal, size_bytes, result, ending
):
    """The limit is exact, whatever ends the line, and what is over it is never kept in part."""
    data = b"\n".join([_order("A-1"), _padded(size_bytes) + ending, _order("A-2")])
    if not ending:
        data = data.rpartition(b"\n")[0]

    reports = journal.send(data)

    # A record as large as that is accepted here; the decision finds its coupon too long.
    told = [one.receipt.result.value.replace("invalid", "accepted") for one in reports]
    after = ["accepted"] if ending else []
    assert ["accepted", result, *after] == told
    kept = [body for body in journal.bodies if len(body) > 1000]
    assert ([] if result == "refused" else [size_bytes]) == [len(body) for body in kept]
    assert len(data) == reports[-1].read_bytes


def test_a_long_line_full_of_carriage_returns_is_not_kept_in_part(journal):
    """What is read in pieces is judged whole: a piece that ends in CR is no line's end."""
    start = _padded(MAX_RECORD_BYTES - 3)

    reports = journal.send(start + b"\r" * 20 + b"  rest of the line\n" + _order("A-2"))

    assert [(1, "refused"), (2, "accepted")] == _results(reports)
    assert [_order("A-2")] == journal.bodies


def test_two_equal_lines_are_two_records_and_the_file_again_is_none(journal):
    """An equal line is a repeat only across sendings."""
    data = b"\n".join([_order(), _order(), _order("A-2"), _order()])

    first, second = journal.send(data), journal.send(data)

    assert ["accepted"] * 4 == [one.receipt.result.value for one in first]
    assert ["repeat"] * 4 == [one.receipt.result.value for one in second]
    ids = [one.receipt.record_id for one in first]
    assert 4 == len(set(ids))
    assert ids == [one.receipt.record_id for one in second]


def test_a_file_that_grew_adds_only_what_is_new(journal):
    """So an interrupted sending is finished by sending the same file again."""
    lines = [_order(f"A-{number}") for number in range(1200)]
    journal.send(b"\n".join(lines[:700]))

    reports = journal.send(b"\n".join(lines))

    results = [one.receipt.result for one in reports]
    assert [ResultKind.REPEAT] * 700 + [ResultKind.ACCEPTED] * 500 == results
    assert lines == journal.bodies


def test_new_record_ids_make_new_records(journal):
    """A shuffled file with record ids of its own is new to the journal; the ledger sees more."""
    told = [order(f"A-{number}", "1") for number in range(20)]
    journal.send(b"\n".join(json.dumps(one).encode() for one in told))
    random.Random(3).shuffle(told)

    again = journal.send(
        b"\n".join(json.dumps({**one, "record_id": f"x{n}"}).encode() for n, one in enumerate(told))
    )

    assert ["accepted"] * 20 == [one.receipt.result.value for one in again]
    assert [f"x{n}" for n in range(20)] == [one.receipt.record_id for one in again]


def test_the_same_line_of_another_source_is_another_record(journal):
    """An id is unique per source, so the derived one hangs on it."""
    first = journal.send(_order())
    other = journal.send(_order(), source="legacy")
    named = journal.send(json.dumps({**order("A-1", "1"), "source": "legacy"}).encode())

    assert "accepted" == other[0].receipt.result == named[0].receipt.result
    assert first[0].receipt.record_id != other[0].receipt.record_id


def test_large_lines_are_made_durable_a_few_at_a_time(journal):
    """A batch is bounded by its bytes as well, so that no file takes memory without bound."""
    steps: list[int] = []

    class Journal(MemoryJournal):
        def append(self, captures):
            steps.append(sum(len(one.body) for one in captures))
            return super().append(captures)

    data = b"\n".join([b"%d" % n + b"x" * 800_000 for n in range(25)] + [_order()] * 600)
    recorder = Recorder(Journal(journal.shelf), EXAMINER, _Clock())

    reports = list(capture_lines(io.BytesIO(data), recorder))

    assert list(range(1, 626)) == [one.line for one in reports]
    assert 4 == len(steps)
    assert BATCH_BYTES + MAX_RECORD_BYTES >= max(steps)


def test_an_id_used_again_for_other_content_is_said(journal):
    """Law 16: the first record with an id stands; the second is kept, for quarantine."""
    one, other = ({**order(number, "1"), "record_id": "r"} for number in ("A-1", "A-2"))
    data = json.dumps(one).encode() + b"\n" + json.dumps(other).encode()

    first, second = journal.send(data), journal.send(data)

    assert [(1, "accepted"), (2, "invalid")] == _results(first)
    assert [(1, "repeat"), (2, "repeat")] == _results(second)
    assert ["record_id_reused"] == _codes(first[1])
    assert [] == _codes(second[1])
    ids = [[one.receipt.record_id for one in reports] for reports in (first, second)]
    assert ids[0] == ids[1]
    assert 2 == len(set(ids[0])) == len(journal.bodies)


def test_a_report_has_the_shape_of_the_design(journal):
    """Line, record_id, result and findings; a refused line has no id."""
    good, refused = journal.send(_order() + b"\n" + b"x" * (MAX_RECORD_BYTES + 1))

    assert {"line", "record_id", "result", "findings"} == set(good.as_json())
    assert None is refused.as_json()["record_id"]
    assert "refused" == refused.as_json()["result"]


_LINES = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.sampled_from([_order(), _order("A-2"), b"", b"\r", b"{}", b"\xef\xbb\xbf", b" "]),
    ),
    max_size=12,
)


@given(_LINES)
def test_whatever_a_file_holds_each_line_is_reported_once_and_never_again_kept(lines):
    """Every line that is not blank is captured as its bytes, in order, under its own number."""
    journal = _Journal()
    data = b"\n".join(lines)

    reports = journal.send(data)
    bodies = journal.bodies
    again = journal.send(data)

    whole = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    stripped = [line.rstrip(b"\r") for line in whole]
    expected = [(number, line) for number, line in enumerate(stripped, 1) if line.strip()]
    assert expected == list(zip([one.line for one in reports], bodies, strict=True))
    assert {"repeat"} >= {one.receipt.result.value for one in again}
    assert bodies == journal.bodies
