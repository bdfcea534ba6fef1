"""`POST /v1/records` over real HTTP: what is taken, what is refused, and what each answer says."""

from __future__ import annotations

import gzip
import json
import sqlite3
import threading
import zlib
from contextlib import closing

import pytest

from support.commands import Shop, wait_until
from support.gated import gated, key_for, lines
from support.shop import identify, order
from truthpoint.capture import Intake
from truthpoint.core.records import MAX_RECORD_BYTES
from truthpoint.gateway import body as bodies
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, files

LIMIT = bodies.MAX_BODY_BYTES


@pytest.fixture
def gate(tmp_path):
    with gated(tmp_path / "store") as running:
        yield running


def test_records_are_kept_and_each_is_told(gate):
    """200, and for each record what `send --json` tells: its line, id, result and findings."""
    told = gate.post_lines(identify("1"), {**order("A-1", "1"), "record_id": "pay-7"})

    assert 200 == told.status
    assert "application/json" == told.headers["content-type"]
    first, second = told.told["results"]
    assert {"line": 2, "record_id": "pay-7", "result": "accepted", "findings": []} == second
    assert (1, "accepted") == (first["line"], first["result"])
    assert ("backend", "pay-7") == gate.bodies()[1][:2]


def test_a_request_sent_again_changes_nothing(gate):
    """A client that got no answer sends the same again: every record is a repeat, with 200."""
    body = lines(identify("1"), order("A-1", "1"), order("A-1", "1"))
    first, second = gate.post(body), gate.post(body)

    assert (200, ["accepted"] * 3) == (first.status, first.results)
    assert (200, ["repeat"] * 3) == (second.status, second.results)
    assert 3 == len(gate.bodies())


def test_an_id_used_again_for_other_content_is_kept_and_told(gate):
    """Law 16: 207, invalid, and both are in the journal; the same again is a repeat."""
    body = lines(*({**order(name, "1"), "record_id": "x"} for name in ("A-1", "A-2")))
    first, second = gate.post(body), gate.post(body)

    (found,) = first.told["results"][1]["findings"]
    assert (207, ["accepted", "invalid"]) == (first.status, first.results)
    assert ("record_id_reused", "error") == (found["code"], found["severity"])
    assert (200, ["repeat"] * 2) == (second.status, second.results)
    with closing(SqliteDesk(gate.folder)) as desk:
        assert 2 == desk.backlog().captured


def test_an_id_is_derived_as_send_derives_it(gate, tmp_path):
    """The same lines, sent as a file and over HTTP, are the same records."""
    shop = Shop(tmp_path)
    file = shop.file("a.ndjson", order("A-1", "1"), order("A-2", "1"))
    by_file = shop.run("send", file, "--json").lines

    told = gate.post((tmp_path / "a.ndjson").read_bytes())

    assert [one["record_id"] for one in by_file] == [
        one["record_id"] for one in told.told["results"]
    ]
    assert ["repeat", "repeat"] == told.results


def test_an_array_is_taken_record_by_record(gate):
    """Each element keeps its own bytes, amounts digit for digit."""
    first = b'{"type": "identify",  "person": "1"}'
    second = json.dumps(order("A-1", "1")).encode().replace(b'"10.00"', b"10.10")

    told = gate.post(b"[" + first + b",\n" + second + b"]", Content_Type="application/json")

    assert (200, [1, 2]) == (told.status, [one["line"] for one in told.told["results"]])
    assert [first, second] == [body for _, _, body in gate.bodies()]


def test_one_record_is_taken_as_json_on_many_lines(gate):
    """A lone object needs no array around it."""
    told = gate.post(
        json.dumps(order("A-1", "1"), indent=2).encode(),
        Content_Type="application/json; charset=utf-8",
    )

    assert (200, ["accepted"]) == (told.status, told.results)


def test_without_a_media_type_the_first_byte_decides(gate):
    """NDJSON, or an array."""
    bearer = {"Authorization": f"Bearer {gate.token}"}
    by_line = gate.ask("POST", "/v1/records", lines(order("A-1", "1")), **bearer)
    by_array = gate.ask("POST", "/v1/records", b" [" + lines(order("A-2", "1")) + b"]", **bearer)

    assert (["accepted"], ["accepted"]) == (by_line.results, by_array.results)


def test_an_empty_array_is_no_error(gate):
    """A batch that happens to hold nothing is done."""
    told = gate.post(b"[]", Content_Type="application/json")

    assert (200, {"results": []}) == (told.status, told.told)


def test_what_breaks_the_contract_is_kept_and_answered_207(gate):
    """Law 16: invalid records go to quarantine, with their bytes; the others are taken."""
    told = gate.post_lines(
        order("A-1", "1"), b'{"type": "track", \xff', order("A-2", "1", total="much"), b"7"
    )

    assert 207 == told.status
    assert ["accepted", "invalid", "invalid", "invalid"] == told.results
    codes = [one["findings"][0]["code"] for one in told.told["results"][1:]]
    assert ["not_text", "property_value", "not_an_object"] == codes
    assert 4 == len(gate.bodies())


def test_blank_lines_and_line_ends_of_windows_are_no_records(gate):
    """Lines are counted as they stand in the body."""
    body = b"\xef\xbb\xbf\r\n" + lines(order("A-1", "1")).replace(b"\n", b"\r\n") + b"\n \n"

    told = gate.post(body)

    assert [(2, "accepted")] == [(one["line"], one["result"]) for one in told.told["results"]]


def test_a_gzip_body_is_taken(gate):
    """Also one that was made of several streams one behind the other."""
    body = gzip.compress(lines(order("A-1", "1"))) + gzip.compress(lines(order("A-2", "1")))

    told = gate.post(body, Content_Encoding="gzip")

    assert (200, ["accepted", "accepted"]) == (told.status, told.results)


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"{}" * 100)[:-9], gzip.compress(b"{}") + b"rest", b"\x1f\x8b\x08"],
    ids=["none", "cut", "rest", "head"],
)
def test_a_body_that_is_no_whole_gzip_is_refused(gate, body):
    """400, and nothing is kept."""
    told = gate.post(body, Content_Encoding="gzip")

    assert (400, "not_gzip") == (told.status, told.error["code"])
    assert [] == gate.bodies()


def test_many_tiny_gzip_streams_do_not_cost_their_square(gate):
    """A body made to be slow to unpack is refused after a hundred streams."""
    told = gate.post(gzip.compress(b" ") * 1_000, Content_Encoding="gzip")

    assert (400, "not_gzip") == (told.status, told.error["code"])


def test_a_gzip_bomb_stops_at_the_limit(gate, monkeypatch):
    """413 for 200 MB in 200 kB: no more is unpacked than the limit and one byte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(10_000_000)
    bomb = b"".join(packer.compress(zeros) for _ in range(20)) + packer.flush()
    unpacked: list[int] = []
    first = bodies._first_member

    def watched(body: bytes, room: int) -> tuple[bytes, bytes]:
        part, rest = first(body, room)
        unpacked.append(len(part))
        return part, rest

    monkeypatch.setattr(bodies, "_first_member", watched)

    told = gate.post(bomb, Content_Encoding="gzip")

    assert (413, "body_too_large") == (told.status, told.error["code"])
    assert [LIMIT + 1] == unpacked


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_and_one_at_it_is_taken(gate, chunked):
    """413 above 5,000,000 bytes, whether its size was announced or not."""
    record = json.dumps(order("A-1", "1")).encode()
    at_limit = b"\n" * (LIMIT - len(record)) + record

    def sent(body: bytes):
        return gate.post(iter([body[:70_000], body[70_000:]]) if chunked else body)

    taken, over = sent(at_limit), sent(b"\n" + at_limit)

    assert (200, ["accepted"]) == (taken.status, taken.results)
    assert (413, "body_too_large") == (over.status, over.error["code"])


def test_a_record_over_the_limit_is_refused_by_its_number(gate):
    """413 above 1 MiB a record: nothing of the request is kept, and the record is named."""
    record = json.dumps(order("A-1", "1")).encode()
    at_limit = record + b" " * (MAX_RECORD_BYTES - len(record))

    taken = gate.post_lines(at_limit)
    refused = gate.post_lines(order("A-2", "1"), at_limit + b"\t")

    assert (200, ["accepted"]) == (taken.status, taken.results)
    assert (413, "record_too_large") == (refused.status, refused.error["code"])
    assert refused.error["message"].startswith("Record 2 of the request has 1,048,577 bytes")
    assert 1 == len(gate.bodies())


@pytest.mark.parametrize("media", ["application/x-ndjson", "application/json"])
def test_more_records_than_are_answered_are_refused(gate, media):
    """413: the answer to a body of bare digits would be a hundred times its size."""
    count = bodies.MAX_RECORDS + 1
    many = b"7\n" * count if media.endswith("ndjson") else b"[" + b"7," * (count - 1) + b"7]"

    told = gate.post(many, Content_Type=media)

    assert (413, "too_many_records") == (told.status, told.error["code"])


@pytest.mark.parametrize(
    ("body", "code"),
    [(b"", "body_empty"), (b" \n\n", "body_empty"), (b"[{}", "not_json"), (b"[1] 2", "not_json")],
)
def test_a_body_without_records_is_refused(gate, body, code):
    """400, and what to send instead."""
    told = gate.post(body, Content_Type="application/json")

    assert (400, code) == (told.status, told.error["code"])


def test_an_array_nested_without_end_is_refused_or_kept_never_an_error(gate):
    """A body made to exhaust the reader is answered like any other bad one."""
    told = gate.post(b"[" * 100_000 + b"]" * 100_000, Content_Type="application/json")

    assert told.status in (207, 400)


@pytest.mark.parametrize(
    ("headers", "code", "answer"),
    [
        ({"Content_Type": "application/x-www-form-urlencoded"}, "media_type", "accept"),
        ({"Content_Type": "text/csv"}, "media_type", "accept"),
        ({"Content_Encoding": "br"}, "content_encoding", "accept-encoding"),
        ({"Content_Encoding": "gzip, gzip"}, "content_encoding", "accept-encoding"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_can(gate, headers, code, answer):
    """415, and a header that says what is taken."""
    told = gate.post_lines(order("A-1", "1"), **headers)

    assert (415, code) == (told.status, told.error["code"])
    assert answer in told.headers


def test_a_record_that_names_another_source_than_the_keys_is_invalid(gate):
    """Law 6: a key speaks for its source alone; the record is kept under it, for quarantine."""
    told = gate.post_lines(
        {**order("A-1", "1"), "source": "legacy"}, {**order("A-2", "1"), "source": "backend"}
    )

    assert (207, ["invalid", "accepted"]) == (told.status, told.results)
    assert "source_not_its_own" == told.told["results"][0]["findings"][0]["code"]
    assert ["backend", "backend"] == [source for source, _, _ in gate.bodies()]


def test_the_source_of_a_key_is_the_source_of_its_records(gate):
    """Also where a record names none."""
    token = key_for(gate.folder, "legacy", number=7)

    told = gate.post_lines(identify("1"), token=token)

    assert ["accepted"] == told.results
    assert ["legacy"] == [source for source, _, _ in gate.bodies()]


def test_a_request_is_one_durable_step_under_power(tmp_path, monkeypatch):
    """Law 1: one append for a request, in a journal that syncs before it answers."""
    appends: list[tuple[int, int]] = []
    append = SqliteJournal.append

    def watched(self, captures):
        level = self._connection.execute("PRAGMA synchronous").fetchone()[0]
        appends.append((len(captures), level))
        return append(self, captures)

    monkeypatch.setattr(SqliteJournal, "append", watched)
    with gated(tmp_path / "store") as gate:
        gate.post_lines(*(order(f"A-{number}", "1") for number in range(1_200)))

    full = 2  # a commit is synced
    assert [(1_200, full)] == appends


class _Held(Intake):
    """Captures once it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def prepare(self, source, records):
        def keep():
            assert self.let_go.wait(60)
            return [{"line": 1, "record_id": "x", "result": "accepted", "findings": []}]

        return keep


def test_under_pressure_requests_are_sent_away_in_time(tmp_path):
    """429 with Retry-After beyond the bound of waiting requests; those waiting are answered."""
    held = _Held()
    waiting: list[int] = []
    with gated(tmp_path / "store", intake=held, waiting_requests=2) as gate:

        def wait() -> None:
            waiting.append(gate.post_lines(order("A-1", "1")).status)

        threads = [threading.Thread(target=wait) for _ in range(2)]
        for thread in threads:
            thread.start()
        wait_until(lambda: 2 == gate.waiting())
        refused = gate.post_lines(order("A-2", "1"))
        held.let_go.set()
        for thread in threads:
            thread.join()
        again = gate.post_lines(order("A-3", "1"))

    assert (429, "busy") == (refused.status, refused.error["code"])
    assert "1" == refused.headers["retry-after"]
    assert ([200, 200], 200) == (waiting, again.status)


def test_a_capture_that_fails_is_answered_503_and_makes_the_process_unready(tmp_path, monkeypatch):
    """Law 1: no 2xx without durability; nothing was kept, and the next success heals."""
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.05)
    folder = tmp_path / "store"
    with gated(folder) as gate:
        before = gate.ask("GET", "/readyz").status
        holder = sqlite3.connect(folder / "journal.db")
        holder.execute("BEGIN IMMEDIATE")
        refused = gate.post_lines(order("A-1", "1"))
        meanwhile = gate.ask("GET", "/readyz")
        holder.rollback()
        holder.close()
        after = gate.post_lines(order("A-1", "1"))

        assert (200, 503, 200) == (before, meanwhile.status, gate.ask("GET", "/readyz").status)

    assert (503, "capture_failed") == (refused.status, refused.error["code"])
    assert "10" == refused.headers["retry-after"]
    assert "store" not in refused.error["message"] + refused.error["hint"]
    assert any("another process held it too long" in line for line in gate.said)
    assert (200, ["accepted"]) == (after.status, after.results)


def test_an_unexpected_failure_is_answered_and_its_words_are_not_told(tmp_path):
    """Law 21: 500; the log has the place, and neither has what the exception says."""

    class Broken(Intake):
        def __init__(self) -> None: ...

        def prepare(self, source, records):
            raise ValueError(records[0][1].decode())

    with gated(tmp_path / "store", intake=Broken()) as gate:
        told = gate.post_lines(order("canary-1", "canary-2"))

    assert (500, "unexpected") == (told.status, told.error["code"])
    assert "an unexpected ValueError ended a request" in gate.said[0]
    assert "canary" not in told.body.decode() + "".join(gate.said)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/records", 405), ("PUT", "/v1/records", 405), ("POST", "/v1/record", 404)],
)
def test_what_is_not_served_is_said_with_what_is(gate, method, path, status):
    """In the shape of every other refusal."""
    told = gate.ask(method, path)

    assert status == told.status
    assert "POST /v1/records" in told.error["hint"]


def test_every_refusal_says_what_and_what_to_do(gate):
    """And holds nothing of the body."""
    told = [
        gate.post(b"canary", Content_Encoding="gzip"),
        gate.post(b"[canary", Content_Type="application/json"),
        gate.post(b"canary", Content_Type="text/csv"),
        gate.post(b"canary", token="canary"),
        gate.post(b"canary", token=""),
        gate.post(b""),
    ]

    for one in told:
        assert {"code", "message", "hint"} == one.error.keys()
        assert one.error["message"].endswith(".")
        assert one.error["hint"]
        assert "canary" not in one.body.decode()
