"""What `identify` and `track` take, what they refuse, and what a receipt says."""

from __future__ import annotations

import json
import logging
import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import truthpoint
from support.shop import CONTRACT
from truthpoint.capture.encode import encode_record
from truthpoint.core.examine import Examiner
from truthpoint.errors import CaptureFailed, ContractInvalid, RecordInvalid, UsageError
from truthpoint.stores.sqlite import SqliteStore, files

ORDER = {"order_id": "A-1", "total": Decimal("24.00"), "currency": "USD", "items": []}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def place(folder):
    return {"contract": str(CONTRACT), "store": f"sqlite:{folder}"}


@pytest.fixture
def tracker(place):
    with truthpoint.open(**place) as opened:
        yield opened


def _rows(folder) -> list:
    store = SqliteStore(folder)
    store.acquire()
    try:
        return store.undecided(1_000_000)
    finally:
        store.close()


def _kept(folder) -> list[dict]:
    return [json.loads(row.body, parse_float=Decimal) for row in _rows(folder)]


def test_a_track_is_the_record_of_the_same_words(tracker, folder):
    """Keywords are properties, an integer id is text, the time is UTC."""
    at = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    receipt = tracker.track(
        "order_paid", person=42, at=at, source="backend", version=1, record_id="pay-1", **ORDER
    )

    assert ("pay-1", "accepted", False, ()) == (
        receipt.record_id,
        receipt.result,
        receipt.repeat,
        receipt.findings,
    )
    assert [
        {
            "type": "track",
            "person": {"id": "42"},
            "at": "2026-01-01T10:00:00Z",
            "source": "backend",
            "record_id": "pay-1",
            "event": "order_paid",
            "version": 1,
            "properties": ORDER,
        }
    ] == _kept(folder)


def test_an_identify_is_the_record_of_the_same_words(tracker, folder):
    """None deletes an attribute, and is said; what is left out stays out."""
    receipt = tracker.identify(
        {"id": "42", "email": "ana@example.org"}, email="ana@example.org", name=None
    )

    assert "accepted" == receipt.result
    assert [
        {
            "type": "identify",
            "person": {"id": "42", "email": "ana@example.org"},
            "attributes": {"email": "ana@example.org", "name": None},
        }
    ] == _kept(folder)


def test_a_record_keeps_the_contract_that_its_tracker_was_opened_with(place, folder, tmp_path):
    """A changed file counts from the next open; each record carries the hash of its own."""
    file = tmp_path / "tracking.yaml"
    file.write_text(CONTRACT.read_text())
    place["contract"] = str(file)
    with truthpoint.open(**place) as before:
        before.track("order_paid", person="1", **ORDER)
        file.write_text(CONTRACT.read_text().replace("acme", "other"))
        before.track("order_paid", person="1", **ORDER)
        with truthpoint.open(**place) as after:
            after.track("order_paid", person="1", **ORDER)
        file.write_text("truthpoint: 2")
        before.track("order_paid", person="1", **ORDER)
    first, second, third, fourth = (row.contract for row in _rows(folder))

    assert first == second == fourth != third


def test_advice_is_what_held_at_the_capture_whenever_somebody_looks(tracker, folder, monkeypatch):
    """The contract is asked at the first look, once, and of what was said then."""
    asked: list[object] = []
    plain = Examiner.examine
    monkeypatch.setattr(
        Examiner,
        "examine",
        lambda *given, **more: asked.append(given) or plain(*given, **more),
    )
    properties = {**ORDER, "coupons": "X"}
    receipt = tracker.track("order_paid", person="1", properties=properties)
    before = len(asked)
    properties["coupons"] = properties["total"] = None
    first = receipt.result, receipt.findings
    tracker.close()
    again = receipt.result, receipt.findings

    assert (0, 1) == (before, len(asked))
    assert first == again
    assert ["property_unknown", "name_alike"] == [one.code for one in receipt.findings]
    assert "accepted" == receipt.result
    assert "property_unknown" in repr(receipt)
    assert 1 == len(_kept(folder))


@pytest.mark.parametrize("names", [{"record_id": ""}, {"record_id": "r" * 151}, {"source": 7}])
def test_a_name_that_no_record_can_have_is_kept_for_quarantine(tracker, folder, names):
    """It is read at once, and its source and id are those that the journal can hold."""
    receipt = tracker.track("order_paid", person="1", **ORDER, **names)
    (row,) = _rows(folder)

    assert "invalid" == receipt.result
    assert "record_key_type" in [one.code for one in receipt.findings]
    assert (receipt.record_id, "backend") == (row.record_id, row.source)


def test_a_repeated_record_id_is_a_repeat(tracker, folder):
    """The source's own id names the record."""
    for _ in range(2):
        repeat = tracker.track("order_paid", person="1", record_id="r-1", **ORDER)

    assert (True, ()) == (repeat.repeat, repeat.findings)
    assert 1 == len(_kept(folder))


def test_a_record_id_used_again_for_other_content_is_kept_for_quarantine(tracker, folder):
    """Law 16: the receipt says so with every other reason, and nothing is dropped."""
    tracker.track("order_paid", person="1", record_id="r-1", **ORDER)
    reused, again = (
        tracker.track("order_paid", person="two", record_id="r-1", **ORDER) for _ in range(2)
    )

    codes = [one.code for one in reused.findings]
    assert ("invalid", False) == (reused.result, reused.repeat)
    assert ["record_id_reused", "person_id_pattern"] == codes
    assert ("repeat", reused.record_id) == (again.result, again.record_id)
    assert [("1",), ("two",)] == [tuple(one["person"].values()) for one in _kept(folder)]


def test_any_name_goes_into_the_mapping(tracker, folder):
    """Reserved keywords are properties there, beside others by keyword."""
    tracker.track("order_paid", person="1", properties={"source": "web", "at": 1}, **ORDER)
    tracker.track("order_paid", person="1", event="x", attributes="y", **ORDER)
    tracker.identify("1", attributes={"person": "p", "version": 2}, email="a@example.org")
    first, second, third = _kept(folder)

    assert {"source": "web", "at": 1, **ORDER} == first["properties"]
    assert {"event": "x", "attributes": "y", **ORDER} == second["properties"]
    assert {"person": "p", "version": 2, "email": "a@example.org"} == third["attributes"]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda t: t.track("e", person="1", total=1.5), "`record.properties.total` is a float."),
        (
            lambda t: t.track("e", person="1", at=datetime(2026, 1, 1)),  # noqa: DTZ001 - what is refused
            "`at` is a datetime without an offset.",
        ),
        (
            lambda t: t.identify("1", created_at=datetime(2026, 1, 1)),  # noqa: DTZ001 - as above
            "`record.attributes.created_at` is a datetime without an offset.",
        ),
        (
            lambda t: t.track("e", person="1", total=1, properties={"total": 2}),
            "Given by keyword and in `properties`: `total`.",
        ),
        (
            lambda t: t.identify("1", **{"a b": 1}, attributes={"a b": 1}),
            "Given by keyword and in `attributes`: a name.",
        ),
        (lambda t: t.track("e", person="1", properties=[1]), "`properties` is a list."),
        (lambda t: t.track("e", person=True), "`person` is a boolean."),
        (lambda t: t.track("e", person=uuid.UUID(int=1)), "`record.person.id` is a UUID."),
        (lambda t: t.track("e", person="1", connection=object()), "`connection` joins a Postgre"),
        (lambda t: t.identify("1", connection=object()), "`connection` joins a PostgreSQL"),
        (lambda t: t.identify("1", version=1), "`version` is a reserved name and cannot be one"),
        (lambda t: t.identify("1", properties={}), "`properties` is a reserved name and cannot"),
        (lambda t: t.track("\ud800", person="1"), "The record holds a value that cannot be"),
    ],
)
def test_an_argument_that_cannot_work_is_refused_by_its_name(tracker, folder, call, says):
    """Laws 2 and 13: no float, no naive time, no transaction that cannot be joined."""
    with pytest.raises(UsageError) as refused:
        call(tracker)

    assert str(refused.value).startswith(says)
    assert refused.value.hint
    assert [] == _kept(folder)


@pytest.mark.parametrize("person", [None, {}, {"email": "no email"}, "", "x"])
def test_a_person_without_a_good_id_is_kept_for_quarantine(tracker, folder, person):
    """Law 16: nothing is dropped at a checkout because somebody has no id yet."""
    receipt = tracker.track("order_paid", person=person, **ORDER)

    assert "invalid" == receipt.result
    assert {"person_unresolved", "person_id_pattern"} & {one.code for one in receipt.findings}
    assert 1 == len(_kept(folder))


def test_a_person_who_is_known_by_an_email_only_is_taken(tracker, folder):
    """Laws 3 and 16: whom it leads to is known once it is decided, and not here."""
    receipt = tracker.track("order_paid", person={"email": "ana@example.org"}, **ORDER)

    assert ("accepted", ()) == (receipt.result, receipt.findings)
    assert 1 == len(_kept(folder))


@pytest.mark.parametrize(
    ("keywords", "path", "says"),
    [
        ({"totl": 1}, "properties.totl", "`totl` is not declared; did you mean `total`?"),
        ({"coupons": "X"}, "properties.coupons", "did you mean `coupon`?"),
        ({"recordid": "X"}, "properties.recordid", "did you mean `record_id`?"),
        ({"propertys": {}}, "properties.propertys", "did you mean `properties`?"),
        ({"verson": 2}, "properties.verson", "did you mean `version`?"),
    ],
)
def test_a_name_that_is_close_to_a_known_one_is_asked_about(tracker, keywords, path, says):
    """As advice beside the receipt; nothing is guessed."""
    receipt = tracker.track("order_paid", person="1", **ORDER, **keywords)
    alike = [one for one in receipt.findings if one.code == "name_alike"]

    assert "accepted" == receipt.result
    if "totl" in keywords:  # `total` was given: it cannot have been meant
        assert [] == alike
    else:
        assert [path] == [one.where.path for one in alike]
        assert says in alike[0].evidence


def test_a_misspelled_attribute_is_asked_about_and_an_odd_name_is_never_shown(tracker):
    """Law 21: only what looks like a name of code is repeated."""
    receipt = tracker.identify("1", emial="a@example.org", attributes={"canary@email": 1})
    alike = [one.evidence for one in receipt.findings if one.code == "name_alike"]

    assert ["`emial` is not declared; did you mean `email`?"] == alike
    assert "canary" not in str(receipt.findings)


def test_raise_tells_everything_and_keeps_nothing(place, folder):
    """RecordInvalid carries all findings; places are named, values are not."""
    with truthpoint.open(**place, on_invalid="raise") as tracker:
        with pytest.raises(RecordInvalid) as broken:
            tracker.track("order_paid", person="canary", total="canary", items=[], coupon=1)
        with pytest.raises(RecordInvalid, match=r"name_alike at properties\.coupons"):
            tracker.track("order_paid", person="1", **ORDER, coupons="X")
        with pytest.raises(RecordInvalid, match="event_unknown at event"):
            tracker.track("order_payed", person="1")
        good = tracker.track("order_paid", person="1", **ORDER)

    codes = {one.code for one in broken.value.findings}
    assert {"person_id_pattern", "property_missing", "property_value"} <= codes
    assert "property_missing at properties.order_id" in str(broken.value)
    assert "canary" not in str(broken.value)
    assert "accepted" == good.result
    assert 1 == len(_kept(folder))


def test_a_long_list_of_reasons_is_cut_in_the_message_only(place):
    """The error's own list is whole."""
    items = [{"sku": None} for _ in range(9)]
    with (
        truthpoint.open(**place, on_invalid="raise") as tracker,
        pytest.raises(RecordInvalid, match=r"and \d+ more\.") as broken,
    ):
        tracker.track("order_paid", person="1", **{**ORDER, "items": items})

    assert len(broken.value.findings) > 9


@pytest.mark.parametrize("how", ["capture", "raise"])
def test_a_huge_payload_is_refused_either_way(place, folder, how):
    """Over 1 MiB is not kept: its caller must know at once."""
    with (
        truthpoint.open(**place, on_invalid=how) as tracker,
        pytest.raises(RecordInvalid, match="bytes and was not kept") as refused,
    ):
        tracker.track("order_paid", person="1", **ORDER, coupon="c" * 1_100_000)

    assert ["record_too_large"] == [one.code for one in refused.value.findings]
    assert [] == _kept(folder)


def test_a_closed_tracker_says_so(tracker):
    """Closing twice does no harm."""
    tracker.close()
    tracker.close()

    with pytest.raises(UsageError, match=r"^The tracker is closed\. .* truthpoint\.open\(\)\.$"):
        tracker.track("order_paid", person="1", **ORDER)


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ({"durability": "disk"}, "`durability` is neither process nor power."),
        ({"on_invalid": "log"}, "`on_invalid` is neither capture nor raise."),
        ({"on_failure": "capture"}, "`on_failure` is neither raise nor log."),
        ({"source": "nope"}, "declares no source `nope`."),
        ({"contract": "missing.yaml"}, "The contract missing.yaml cannot be read"),
        ({"store": "mysql:x"}, "The store's URL is of no known kind."),
        ({"store": "postgresql://x"}, "PostgreSQL stores are known, not supported"),
    ],
)
def test_a_tracker_that_cannot_work_is_not_opened(place, folder, choice, says):
    """It says so when the program starts, and not at the first checkout."""
    with pytest.raises(UsageError) as refused:
        truthpoint.open(**{**place, **choice})

    assert says in str(refused.value)
    assert not folder.exists()


def test_a_contract_that_does_not_load_opens_nothing(place, folder, tmp_path):
    """All of its findings are in the error."""
    file = tmp_path / "tracking.yaml"
    file.write_text("truthpoint: 1\n")

    with pytest.raises(ContractInvalid) as invalid:
        truthpoint.open(contract=str(file), store=place["store"])

    assert invalid.value.findings
    assert not folder.exists()


def test_the_usual_source_is_backend_or_the_contracts_first(place, folder, tmp_path):
    """What records say is not needed of them."""
    file = tmp_path / "tracking.yaml"
    file.write_text(CONTRACT.read_text().replace("backend", "shop"))
    with truthpoint.open(**place) as backend, truthpoint.open(**place, source="legacy") as legacy:
        backend.track("order_paid", person="1", **ORDER)
        legacy.track("order_paid", person="1", **ORDER)
    with truthpoint.open(contract=str(file), store=place["store"]) as other:
        other.track("order_paid", person="1", **ORDER)

    assert ["backend", "legacy", "shop"] == [row.source for row in _rows(folder)]


@pytest.fixture
def held(folder, place, monkeypatch):
    """A journal that another process holds beyond the bound."""
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.02)
    holder = files.open_file(folder, files.JOURNAL)
    holder.execute("BEGIN IMMEDIATE")
    yield holder
    holder.close()


def test_a_failure_raises_one_documented_class(place, held):
    """Law 1: it never hangs, and nothing of the call was kept."""
    with (
        truthpoint.open(**place) as tracker,
        pytest.raises(CaptureFailed, match="another process held it too long"),
    ):
        tracker.track("order_paid", person="1", **ORDER)


def test_a_failure_can_be_logged_instead_once_for_each_cause(place, folder, held, caplog):
    """Law 21: ERROR to `truthpoint`, without payload; the receipt says `failed`."""
    with truthpoint.open(**place, on_failure="log") as tracker:
        failed = [tracker.track("order_paid", person="canary", **ORDER) for _ in range(3)]
        held.rollback()
        kept = tracker.track("order_paid", person="1", **ORDER)
        held.execute("BEGIN IMMEDIATE")
        again = tracker.track("order_paid", person="1", **ORDER)
        held.rollback()

    assert ["failed"] * 3 == [one.result for one in failed]
    assert [""] * 3 == [one.record_id for one in failed]
    assert ["capture_failed"] == [one.code for one in again.findings]
    assert "capture_failed" in [one.code for one in failed[0].findings]
    assert "accepted" == kept.result
    assert 2 == len(caplog.records)
    assert {("truthpoint", logging.ERROR)} == {(one.name, one.levelno) for one in caplog.records}
    assert str(folder / "journal.db") in caplog.text
    assert "canary" not in caplog.text
    assert 1 == len(_kept(folder))


def test_wrong_arguments_raise_also_where_failures_are_logged(place):
    """They are mistakes of code: a log would hide them until it is read."""
    with (
        truthpoint.open(**place, on_failure="log") as tracker,
        pytest.raises(UsageError, match="is a float"),
    ):
        tracker.track("order_paid", person="1", total=1.5)


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=9)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


class _Copied(dict):
    """A dict that is not exactly one: it is walked and copied."""


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), _PLAIN, max_size=5))
def test_the_short_way_and_the_long_way_write_the_same_bytes(held):
    """What is plain already is written as it is: no value is changed by the shortcut."""
    assert encode_record(_Copied(held)) == encode_record(held)


def test_now_is_the_time_of_a_record_that_names_none(tracker, folder):
    """`at` may be text too, and is judged like any record's."""
    tracker.track("order_paid", person="1", **ORDER)
    late = tracker.track("order_paid", person="1", at="2026-01-01T00:00:00", **ORDER)
    good = tracker.track("order_paid", person="1", at="2026-01-01T00:00:00Z", **ORDER)
    first, *_ = _rows(folder)
    age_ms = datetime.now(UTC).timestamp() * 1000 - first.captured_at_ms

    assert 0 <= age_ms < 60_000
    assert "time_naive" in [one.code for one in late.findings]
    assert "accepted" == good.result
