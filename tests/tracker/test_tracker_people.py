"""Who somebody is, and what they want: `link`, `merge`, `erase` and `consent` of a tracker."""

from __future__ import annotations

import asyncio
import inspect
import json
from datetime import UTC, datetime

import pytest

import truthpoint
from support.shop import CONTRACT
from truthpoint.capture.async_tracker import AsyncTracker
from truthpoint.core.records import Record, RecordType, read_record
from truthpoint.errors import CaptureFailed, RecordInvalid, UsageError
from truthpoint.stores.sqlite import SqliteStore, files
from truthpoint.testing import capturing

AT = datetime(2026, 1, 1, 10, tzinfo=UTC)
CONSENT = "    email_opt_in: {type: boolean, consent: {channel: email, topic: 1}}\n"
PERSON = {"id": "42"}

CALLS = {
    "link": (
        lambda t, **more: t.link("42", stripe_customer="cus_9", **more),
        {"type": "link", "person": PERSON, "links": {"stripe_customer": "cus_9"}},
    ),
    "link_by_mapping": (
        lambda t, **more: t.link(PERSON, links={"stripe_customer": 9}, email="a@b.org", **more),
        {"type": "link", "person": PERSON, "links": {"stripe_customer": 9, "email": "a@b.org"}},
    ),
    "merge": (
        lambda t, **more: t.merge("42", from_="43", **more),
        {"type": "merge", "person": PERSON, "from": {"id": "43"}},
    ),
    "merge_by_mapping": (
        lambda t, **more: t.merge(42, from_={"email": "b@example.org"}, **more),
        {"type": "merge", "person": PERSON, "from": {"email": "b@example.org"}},
    ),
    "merge_of_a_number": (
        lambda t, **more: t.merge(42, from_=43, **more),
        {"type": "merge", "person": PERSON, "from": {"id": "43"}},
    ),
    "erase": (
        lambda t, **more: t.erase(42, **more),
        {"type": "erase", "person": PERSON},
    ),
    "consent": (
        lambda t, **more: t.consent("42", email_opt_in=False, **more),
        {"type": "consent", "person": PERSON, "consents": {"email_opt_in": False}},
    ),
    "consent_by_mapping": (
        lambda t, **more: t.consent("42", consents={"email_opt_in": True}, **more),
        {"type": "consent", "person": PERSON, "consents": {"email_opt_in": True}},
    ),
    "track": (
        lambda t, **more: t.track("order_paid", person="42", **more),
        {"type": "track", "person": PERSON, "event": "order_paid", "properties": {}},
    ),
    "identify": (
        lambda t, **more: t.identify("42", name="Ana", **more),
        {"type": "identify", "person": PERSON, "attributes": {"name": "Ana"}},
    ),
}
NAMES = ("link", "merge", "erase", "consent")

every_call = pytest.mark.parametrize(("call", "record"), CALLS.values(), ids=CALLS)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def place(folder, tmp_path):
    text = CONTRACT.read_text().replace("[email, anonymous_id]", "[email, stripe_customer]")
    file = tmp_path / "tracking.yaml"
    file.write_text(text.replace("  attributes:\n", f"  attributes:\n{CONSENT}", 1))
    return {"contract": str(file), "store": f"sqlite:{folder}"}


@pytest.fixture
def captured(place):
    return capturing(place["contract"])


def _rows(folder) -> list:
    store = SqliteStore(folder)
    store.acquire()
    try:
        return store.undecided(1_000_000)
    finally:
        store.close()


@every_call
def test_each_call_is_the_record_of_the_same_words(place, folder, call, record):
    """On both faces: byte for byte the same, durable, and read back as what was said."""

    async def main():
        async with truthpoint.open_async(**place) as tracker:
            return await call(tracker, at=AT, source="legacy", record_id="r-2")

    with truthpoint.open(**place) as tracker:
        first = call(tracker, at=AT, source="legacy", record_id="r-1")
    second = asyncio.run(main())
    rows = _rows(folder)

    assert ["r-1", "r-2"] == [one.record_id for one in (first, second)]
    assert ["r-1", "r-2"] == [row.record_id for row in rows]
    assert rows[0].body.replace(b"r-1", b"r-2") == rows[1].body
    assert {
        **record,
        "at": "2026-01-01T10:00:00Z",
        "source": "legacy",
        "record_id": "r-1",
    } == json.loads(rows[0].body)
    said = read_record(rows[0].body, source="backend", captured_at_ms=rows[0].captured_at_ms)
    assert isinstance(said, Record)
    assert RecordType(record["type"]) is said.type
    assert (PERSON, record.get("from", {}), record.get("links", {})) == (
        said.person,
        said.other,
        said.links,
    )
    assert record.get("consents", {}) == said.consents


@every_call
def test_each_call_may_be_of_a_shops_test_mode(captured, call, record):
    """Law 19: only where it is said; a record that is not has no such key."""
    call(captured.tracker)
    call(captured.tracker, test=False)
    call(captured.tracker, test=True)

    assert [False, False, True] == [one.test for one in captured.of_type(record["type"])]


@every_call
@pytest.mark.parametrize("test", [1, "yes", None])
def test_test_mode_is_true_or_false(captured, call, record, test):
    """A property of that name is easily meant: it is refused aloud."""
    with pytest.raises(UsageError, match=f"`test` is a {type(test).__name__}; .* the mapping"):
        call(captured.tracker, test=test)

    assert [] == captured.of_type(record["type"])


@every_call
def test_the_same_again_under_the_same_id_is_a_repeat(place, folder, call, record):
    """As for every record."""
    with truthpoint.open(**place) as tracker:
        first = call(tracker, at=AT, record_id="r")
        again = call(tracker, at=AT, record_id="r")

    assert (False, True) == (first.repeat, again.repeat)
    assert [record["type"]] == [json.loads(row.body)["type"] for row in _rows(folder)]


@pytest.mark.parametrize("name", NAMES)
def test_both_faces_have_the_same_words(name):
    """One source, and signatures that an editor can show."""
    blocking = inspect.signature(getattr(truthpoint.Tracker, name))

    assert blocking == inspect.signature(getattr(AsyncTracker, name))
    assert {"person", "at", "source", "record_id", "connection", "test"} <= set(blocking.parameters)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda t: t.link("1", email=1.5), "`record.links.email` is a float."),
        (lambda t: t.link(True, email="x"), "`person` is a boolean."),
        (lambda t: t.link("1", email="x", links={"email": "y"}), "Given by keyword and in `links`"),
        (lambda t: t.link("1", links="cus_9"), "`links` is a str."),
        (lambda t: t.link("1", version="x"), "`version` is a reserved name and cannot be one"),
        (lambda t: t.link("1", email="x", connection=object()), "`connection` joins a Postgre"),
        (lambda t: t.merge("1", from_=False), "`from_` is a boolean."),
        (lambda t: t.merge("1", from_={"id": 1.0}), "`record.from.id` is a float."),
        (lambda t: t.merge("1", from_="2", connection=object()), "`connection` joins a Postgre"),
        (lambda t: t.erase(False), "`person` is a boolean."),
        (lambda t: t.erase("1", connection=object()), "`connection` joins a Postgre"),
        (lambda t: t.erase("1", at=datetime(2026, 1, 1)), "`at` is a datetime without an offset."),  # noqa: DTZ001 - what is refused
        (lambda t: t.consent("1", consents=["a"]), "`consents` is a list."),
        (lambda t: t.consent("1", a=True, consents={"a": True}), "Given by keyword and in `cons"),
        (lambda t: t.consent("1", a=True, connection=object()), "`connection` joins a Postgre"),
    ],
)
def test_an_argument_that_cannot_be_meant_is_refused_by_its_name(captured, call, says):
    """Before anything is kept, and with what to do instead."""
    with pytest.raises(UsageError) as refused:
        call(captured.tracker)

    assert str(refused.value).startswith(says)
    assert refused.value.hint
    assert [] == captured.records


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t.merge("42"),
        lambda t: t.link(),
        lambda t: t.erase(),
        lambda t: t.erase("42", email="ana@example.org"),
        lambda t: t.merge("42", "43"),
    ],
)
def test_a_word_that_is_left_out_or_too_much_is_pythons_own_error(captured, call):
    """Who is merged into whom is never a matter of position."""
    with pytest.raises(TypeError):
        call(captured.tracker)


@pytest.mark.parametrize(
    ("call", "codes"),
    [
        (lambda t: t.link("42"), ["record_key_missing"]),
        (lambda t: t.link(None, stripe_customer=None), ["record_key_missing"] * 2),
        (lambda t: t.merge(None, from_=None), ["record_key_missing"] * 2),
        (lambda t: t.erase(None), ["record_key_missing"]),
        (lambda t: t.consent("42"), ["record_key_missing"]),
        (lambda t: t.consent("42", email_opt_in=None), ["record_key_type"]),
        (lambda t: t.consent("42", email_opt_in="no"), ["record_key_type"]),
    ],
)
def test_what_says_too_little_is_kept_for_quarantine_or_raised(
    captured, place, folder, call, codes
):
    """Law 16: as for every record that is not in order."""
    receipt = call(captured.tracker)
    with (
        truthpoint.open(**place, on_invalid="raise") as strict,
        pytest.raises(RecordInvalid) as broken,
    ):
        call(strict)

    assert ("invalid", codes) == (receipt.result, [one.code for one in receipt.findings])
    assert codes == [one.code for one in broken.value.findings]
    assert [] == _rows(folder)
    assert 1 == len(captured.records)


@pytest.mark.parametrize(
    ("call", "path", "says"),
    [
        (
            lambda t: t.link("42", stripe_custmer="cus_9"),
            "links.stripe_custmer",
            "`stripe_custmer` is not declared; did you mean `stripe_customer`?",
        ),
        (lambda t: t.link("42", recordid="x"), "links.recordid", "did you mean `record_id`?"),
        (lambda t: t.link("42", link={"email": "x"}), "links.link", "did you mean `links`?"),
        (lambda t: t.consent("42", email_optin=True), "consents.email_optin", "`email_opt_in`?"),
        # An attribute that is no consent was not meant.
        (lambda t: t.consent("42", nam=True), None, ""),
    ],
)
def test_a_name_that_is_close_to_a_declared_one_is_asked_about(captured, call, path, says):
    """Kinds of links and consents are names of the contract too."""
    alike = [one for one in call(captured.tracker).findings if one.code == "name_alike"]

    assert ([] if path is None else [path]) == [one.where.path for one in alike]
    assert all(says in one.evidence for one in alike)


def test_what_was_said_of_people_is_there_to_look_at(captured):
    """By type, with what each says beside its person."""
    for call, _ in CALLS.values():
        call(captured.tracker)

    assert [{"stripe_customer": "cus_9"}, {"stripe_customer": 9, "email": "a@b.org"}] == [
        one.said for one in captured.of_type("link")
    ]
    assert [{"id": "43"}, {"email": "b@example.org"}, {"id": "43"}] == [
        one.said for one in captured.of_type("merge")
    ]
    assert [(PERSON, {})] == [(one.person, one.said) for one in captured.of_type("erase")]
    assert [False, True] == [one.said["email_opt_in"] for one in captured.of_type("consent")]
    assert ["", ""] == [one.event for one in captured.of_type("consent")]


@pytest.mark.parametrize("name", NAMES)
def test_a_failure_is_raised_or_logged_as_for_every_call(place, folder, monkeypatch, caplog, name):
    """Law 1: nothing pretends to be durable, and law 21: nothing is told of whom it was about."""
    call, _ = CALLS[name]
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.02)
    holder = files.open_file(folder, files.JOURNAL)
    holder.execute("BEGIN IMMEDIATE")
    try:
        with truthpoint.open(**place) as tracker, pytest.raises(CaptureFailed):
            call(tracker)
        with truthpoint.open(**place, on_failure="log") as tracker:
            failed = call(tracker)
    finally:
        holder.close()

    assert ("failed", "") == (failed.result, failed.record_id)
    assert 1 == len(caplog.records)
    assert "cus_9" not in caplog.text
