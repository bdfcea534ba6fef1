"""The blocking capture: what it takes, what it refuses, and who may share it."""

from __future__ import annotations

import enum
import json
import threading
import types
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

import truthpoint
from support.commands import Shop, ended
from support.shop import CONTRACT, order
from truthpoint.core.records import MAX_RECORD_BYTES
from truthpoint.errors import CaptureFailed, RecordInvalid, UsageError
from truthpoint.stores.sqlite import SqliteStore, files


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def recorder(folder):
    with truthpoint.open_recorder(contract=str(CONTRACT), store=f"sqlite:{folder}") as opened:
        yield opened


def _kept(folder) -> list[dict]:
    store = SqliteStore(folder)
    store.acquire()
    try:
        return [json.loads(row.body, parse_float=Decimal) for row in store.undecided(1_000_000)]
    finally:
        store.close()


def test_a_mapping_and_its_bytes_are_the_same_record(recorder, folder):
    """A decimal is written digit for digit, times are ISO 8601 with offset."""
    told = order("A-1", "1")
    told["at"] = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    told["properties"]["total"] = Decimal("10.10")

    receipt = recorder.record(told)
    recorder.record(json.dumps({**told, "at": "x", "properties": {}}).encode())

    kept = _kept(folder)[0]
    assert "accepted" == receipt.result
    assert not receipt.repeat
    assert Decimal("10.10") == kept["properties"]["total"]
    assert "2026-01-01T10:00:00Z" == kept["at"]


class _Size(enum.StrEnum):
    LARGE = "l"


class _Count(enum.IntEnum):
    TWO = 2


class _Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (_Size.LARGE, "l"),
        (_Count.TWO, 2),
        (_Text("é"), "é"),
        (True, True),
        (None, None),
        (2**70, 2**70),
        (Decimal("1E+2"), Decimal("1E+2")),
        (date(2026, 1, 2), "2026-01-02"),
        (("a", ["b"]), ["a", ["b"]]),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
    ],
)
def test_plain_values_of_every_kind_are_taken(recorder, folder, value, kept):
    """Members of enumerations, subclasses and read-only mappings are their plain values."""
    recorder.record({"type": "track", "properties": {"x": value}})

    assert kept == _kept(folder)[0]["properties"]["x"]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (1.5, "`record.properties.x` is a float."),
        (float("nan"), "`record.properties.x` is a float."),
        (Decimal("NaN"), "`record.properties.x` is no finite number."),
        (datetime(2026, 1, 1), "`record.properties.x` is a datetime without an offset."),  # noqa: DTZ001 - what is refused
        (b"canary-bytes", "`record.properties.x` is a bytes."),
        ({"a"}, "`record.properties.x` is a set."),
        (object(), "`record.properties.x` is a object."),
        ([{"y": 1.0}], "`record.properties.x[0].y` is a float."),
        ({"canary@example.org": 1.0}, "`record.properties.x.*` is a float."),
        ({1: "a"}, "`record.properties.x` has a key that is no text."),
        ("canary-\ud800", "The record holds a value that cannot be written as JSON in UTF-8."),
    ],
)
def test_other_values_are_refused_by_their_place_and_never_shown(recorder, folder, value, says):
    """Laws 13 and 21: nothing is guessed, and no message holds what a record says."""
    with pytest.raises(UsageError) as refused:
        recorder.record({"type": "track", "properties": {"x": value}})

    assert str(refused.value).startswith(says)
    assert "canary" not in str(refused.value)
    assert [] == _kept(folder)


def test_a_record_without_end_is_refused(recorder):
    """A mapping that holds itself has no JSON."""
    endless: dict[str, object] = {}
    endless["x"] = endless

    with pytest.raises(UsageError, match="nested too deeply"):
        recorder.record(endless)


@pytest.mark.parametrize("value", ['{"type": "track"}', 3, None, [1]])
def test_what_is_neither_bytes_nor_a_mapping_is_refused(recorder, value):
    """Text is not guessed to be JSON."""
    with pytest.raises(UsageError, match="A record is bytes or a mapping"):
        recorder.record(value)


def test_over_one_mebibyte_is_refused_and_not_kept(recorder, folder):
    """The one refusal at capture: its caller must know at once."""
    with pytest.raises(RecordInvalid, match=r"1,048,577 bytes and was not kept\. Send at most"):
        recorder.record(b"x" * (MAX_RECORD_BYTES + 1))

    assert [] == _kept(folder)


def test_a_closed_recorder_says_so(recorder):
    """Closing twice does no harm; capturing after it is a clear error, not SQLite's."""
    recorder.close()
    recorder.close()

    with pytest.raises(UsageError, match=r"^The recorder is closed\. Open another one"):
        recorder.record(order("A-1", "1"))


def test_threads_share_a_recorder_and_nothing_is_lost_or_doubled(recorder, folder):
    """Law 1: each record of each thread is durable when its receipt comes back."""
    receipts: list[str] = []

    def work(thread: int) -> None:
        receipts.extend(
            recorder.record(order(f"{thread}-{number}", "1")).record_id for number in range(40)
        )

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    expected = {f"{thread}-{number}" for thread in range(8) for number in range(40)}
    told = [one["properties"]["order_id"] for one in _kept(folder)]
    assert 320 == len(set(receipts)) == len(told)
    assert expected == set(told)


def test_a_thread_may_close_while_others_capture(recorder, folder):
    """Each capture is kept or refused clearly; no other error, no half record."""
    seen: list[str] = []

    def work(thread: int) -> None:
        for number in range(200):
            try:
                recorder.record(order(f"{thread}-{number}", "1"))
            except UsageError as error:
                seen.append(error.message)
                return

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    recorder.close()
    for thread in threads:
        thread.join()

    assert {"The recorder is closed."} >= set(seen)
    assert len(seen) == 4 or len(_kept(folder)) >= 200


_FORK = """
import os, truthpoint

recorder = truthpoint.open_recorder()
recorder.record(b"1")
if os.fork() == 0:
    print(recorder.record(b"2").result, flush=True)
    recorder.close()
    os._exit(0)
os.wait()
recorder.record(b"3")
"""


def test_a_forked_child_goes_on_with_a_journal_of_its_own(tmp_path):
    """SQLite's connections do not survive a fork; each side opens one, and closes its own."""
    shop = Shop(tmp_path)
    told = ended(shop.python(_FORK))

    store = SqliteStore(shop.store)
    store.acquire()
    bodies = [row.body for row in store.undecided(10)]
    store.close()
    assert (0, "", "invalid\n") == (told.code, told.err, told.out)
    assert [b"1", b"2", b"3"] == bodies


def test_a_lock_held_beyond_its_bound_is_one_documented_error(folder, monkeypatch):
    """Law 1: capture never hangs; it raises CaptureFailed, and nothing was kept."""
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.05)
    place = {"contract": str(CONTRACT), "store": f"sqlite:{folder}"}
    with truthpoint.open_recorder(**place) as recorder:
        holder = files.open_file(folder, files.JOURNAL)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(CaptureFailed, match="another process held it too long") as failed:
            recorder.record(order("A-1", "1"))
        holder.rollback()
        holder.close()
        recorder.record(order("A-2", "1"))

    assert "Nothing of this call was kept." in str(failed.value)
    assert ["A-2"] == [one["properties"]["order_id"] for one in _kept(folder)]


def test_a_source_that_the_contract_does_not_know_is_refused_at_once(folder):
    """The message names those it knows."""
    with pytest.raises(UsageError, match=r"declares no source `nope`\. .*backend, legacy"):
        truthpoint.open_recorder(contract=str(CONTRACT), store=f"sqlite:{folder}", source="nope")

    assert not folder.exists()


def test_the_environment_says_where_things_are(folder, monkeypatch):
    """TRUTHPOINT_CONTRACT and TRUTHPOINT_STORE stand in for what is not given."""
    monkeypatch.setenv("TRUTHPOINT_CONTRACT", str(CONTRACT))
    monkeypatch.setenv("TRUTHPOINT_STORE", f"sqlite:{folder}")

    with truthpoint.open_recorder() as recorder:
        recorder.record(order("A-1", "1", at_ms=int(datetime.now(UTC).timestamp() * 1000)))

    assert 1 == len(_kept(folder))
