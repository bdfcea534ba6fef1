"""`person`, `held` and what `status` says of the past: what an operator and a marketer see."""

from __future__ import annotations

import time

import pytest

from support.commands import Shop
from support.stories import CONTRACT, event, identify
from truthpoint.values.instants import from_iso, to_iso

HOUR_MS = 3_600_000
ANA = {"id": "42"}


def _order(who, at_ms, number, **more):
    return event("order_paid", who, at_ms, order_id=number, total="50.00", currency="USD", **more)


def _checkout(at_ms, number, cart):
    money = {"value": "50.00", "currency": "USD"}
    return event("checkout_started", ANA, at_ms, checkout_id=number, cart_id=cart, **money)


@pytest.fixture
def told(connected):
    """A shop of guests, visitors, links, closes and holds, worked to its end."""
    contract = connected.shop.folder / "stories.yaml"
    url = connected.peer.url
    contract.write_text(CONTRACT.read_text().replace("http://127.0.0.1:8710", url))
    shop = Shop(connected.shop.folder, contract=contract)
    now_ms = time.time_ns() // 1_000_000_000 * 1_000
    refund = {"refund_id": "R-1", "order_id": "X-7", "amount": "5.00", "currency": "USD"}
    records = [
        identify(ANA, now_ms - 5 * HOUR_MS, email="Ana@Example.org", email_opt_in=True),
        _checkout(now_ms - 3 * HOUR_MS, "K-1", "C-1"),
        _order(ANA, now_ms - 2 * HOUR_MS, "A-1", cart_id="C-1"),
        {**_order(ANA, now_ms - HOUR_MS, "A-9", cart_id="C-9"), "source": "helpdesk"},
        _checkout(now_ms - 30 * HOUR_MS, "K-0", "C-0"),
        _order(ANA, now_ms - 100 * HOUR_MS, "A-0", cart_id="C-3"),
        event("order_refunded", {"order": "X-7"}, now_ms - HOUR_MS, **refund),
        identify(ANA, now_ms - HOUR_MS, email_opt_in=False),
        event("product_viewed", {"anonymous_id": "phone-1"}, now_ms - HOUR_MS, product_id="P-1"),
        _order({"email": "guest@example.org"}, now_ms - HOUR_MS, "G-1"),
    ]
    sent = [{"source": "backend", **one} for one in records]
    assert 0 == shop.run("send", shop.file("stories.ndjson", *sent)).code
    assert 0 == shop.run("work", "--drain", "--patience", "5").code
    return shop, now_ms


def test_a_timeline_answers_why_in_sentences(told):
    """Law 16: each record with its outcome and its reason; laws 9 and 6: the starts, the others."""
    shop, _ = told
    lines = shop.run("person", "42").out.splitlines()
    sentences = "\n".join(lines)

    assert "person 42: known at Customer.io" == lines[0]
    assert lines[1].startswith("totals (delivered): orders_count 2, lifetime_value 100, ")
    for said in (
        "checkout_started K-1 (record 2, backend): withheld, because order_paid of the same cart_",
        "of the same cart_id C-1 closed it (record 3).",
        "order_paid A-1 (record 3, backend): delivered ",
        "order_paid (record 4, helpdesk): withheld: `order_paid` belongs to the source `backend`; ",
        "; `helpdesk` said it.",
        "checkout_started K-0 (record 5, backend): withheld: older than 24 h when it could be sent",
        "more than 72 hours after it happened: it could start no campaign any more.",
        "email ana@example.org: asserted, since ",
        "order A-1: asserted, since ",
        "email_opt_in is no: backend said yes at ",
    ):
        assert said in sentences


def test_a_person_is_found_by_whatever_leads_to_them(told):
    """Law 3: whoever asks seldom knows the id."""
    shop, _ = told
    by_id = shop.run("person", "42").out

    for name in ("ANA@example.org", "A-1"):
        assert by_id == shop.run("person", name).out
    assert shop.run("person", "phone-1").out.startswith("person without an id: a visitor, of whom")
    guest = shop.run("person", "guest@example.org").out
    assert guest.startswith("person without an id: a guest, known at Customer.io; ")


def test_as_json_a_person_is_one_object_in_words_of_ours(told):
    """For programs: the outcome and its reason as they are kept, and times in ISO 8601."""
    shop, now_ms = told
    (person,) = shop.run("person", "42", "--json").lines
    start, paid = person["records"][1:3]
    (guest,) = shop.run("person", "guest@example.org", "--json").lines

    assert ("42", "person", "known") == (person["id"], person["kind"], person["standing"])
    assert (None, "guest") == (guest["id"], guest["kind"])
    assert {
        "kind": "email",
        "value": "ana@example.org",
        "grade": "asserted",
        "from": to_iso(now_ms - 5 * HOUR_MS),
        "until": None,
    } in person["links"]
    assert False is person["consents"]["email_opt_in"]["state"]
    assert 2 == len(person["consents"]["email_opt_in"]["said"])
    assert ("withheld", "closed", 3) == (start["outcome"], start["reason"], start["closed_by"])
    assert (["A-1"], "track") == (paid["key"], paid["type"])
    assert to_iso(now_ms - 6 * HOUR_MS) == person["records"][4]["too_old_at"]
    assert ["not_owner"] == person["records"][3]["findings"]


def test_held_records_say_until_when_and_for_want_of_what(told):
    """Law 16: in the list, with the record, and to whoever asks for what it carries."""
    shop, _ = told
    heading, row = shop.run("held", "list").out.splitlines()
    (listed,) = shop.run("held", "list", "--json").lines
    shown = shop.run("held", "show", "7").out
    asked = shop.run("person", "X-7")
    (as_json,) = shop.run("person", "X-7", "--json").lines

    assert "record at what held_until carries source record_id" == heading.replace("\t", " ")
    assert ("7", "order_refunded", "order") == tuple(row.split("\t")[n] for n in (0, 2, 4))
    assert "X-7" not in row
    assert (["order"], "held") == (listed["carries"], listed["outcome"])
    assert shown.splitlines()[1] == row
    assert '"refund_id": "R-1"' in shown
    assert 0 == asked.code
    assert asked.out.startswith("nobody is known by this yet; what carries it waits")
    assert "order_refunded (record 7, backend): held until " in asked.out
    assert asked.out.endswith(": nobody is known yet by its order.\n")
    assert (None, [7]) == (as_json["id"], [one["record"] for one in as_json["records"]])


def test_held_records_are_decided_again_or_let_go(told):
    """Law 16: whose person is still not known is held again; what is discarded is, for good."""
    shop, _ = told
    replayed = shop.run("held", "replay", "7", "--yes")
    between = shop.run("held", "list").out
    shop.run("work", "--drain", "--patience", "5")
    again = shop.run("held", "list", "--json").lines
    discarded = shop.run("held", "discard", "--all", "--yes")
    twice = shop.run("held", "discard", "7", "--yes")

    assert replayed.out.endswith("1 will be decided again.\n")
    assert between.startswith("There is none. 1 record is not decided yet")
    assert [7] == [one["record"] for one in again]
    assert "1 will be withheld for good (discarded).\n1 discarded.\n" == discarded.out
    assert (2, True) == (twice.code, "Not held: 7." in twice.err)
    assert "There is none.\n" == shop.run("held", "list").out


def test_status_says_what_passed_without_effect(told):
    """Laws 6 and 9: too late, too old, told by others; and who waits to be known."""
    shop, now_ms = told
    lines = [" ".join(line.split()) for line in shop.run("status").out.splitlines()]
    (as_json,) = shop.run("status", "--json").lines

    assert "people 3, 1 guest and 1 visitor among them" in lines
    assert "withheld 1 operation stale: starts that were too old when they could leave" in lines
    assert "held 1 record person_unknown_yet" in lines
    assert any(one.startswith("the oldest that is held has waited for its") for one in lines)
    assert (
        "too late 1 operation order_paid, delivered more than 72 hours after it happened: "
        "no campaign could start"
    ) in lines
    assert (
        "not owned 1 record order_paid, told by a source that does not own it; "
        "all that told it: backend 3, helpdesk 1"
    ) in lines
    assert (1, 1) == (as_json["guests"], as_json["visitors"])
    assert {"closed": 1, "stale": 1} == as_json["withheld_operations"]
    assert {"order_paid": 1} == as_json["delivered_after_72_hours"]
    assert ("order_paid", 1) == tuple(as_json["not_owned"][0][n] for n in ("event", "withheld"))
    assert from_iso(as_json["oldest_held_at"]) >= now_ms


def test_an_export_of_somebody_who_is_waited_for_says_where_to_look(told):
    """A held record is about somebody, though nobody knows yet whom."""
    shop, _ = told
    export = shop.run("export", "X-7")

    assert 1 == export.code
    assert "what carries it is held, and `truthpoint person` lists it" in export.err


def test_an_id_that_was_merged_is_shown_without_a_time_that_nobody_said(connected):
    """Law 3: it leads to who stays for all times; and an identify it overtook is not too old."""
    shop = connected.shop
    merge = {"type": "merge", "person": {"id": "42"}, "from": {"id": "43"}}
    said = identify({"id": "43"}, time.time_ns() // 1_000_000 - HOUR_MS, email="ana@example.org")
    shop.run("send", shop.file("merge.ndjson", {**said, "source": "backend"}, merge))
    shop.run("work", "--shadow", "--drain")
    text = shop.run("person", "43")
    (as_json,) = shop.run("person", "43", "--json").lines
    (export,) = shop.run("export", "43", "--json").lines

    assert "  id 43: asserted, it goes back to a merge\n" in text.out
    assert "1970" not in text.out + str(as_json) + str(export)
    for told in (as_json, export):
        (link,) = (one for one in told["links"] if one["kind"] == "id")
        assert (None, None) == (link["from"], link["until"])


def test_totals_that_are_times_are_written_as_all_times_are(told):
    """A number of milliseconds is nothing that anybody can read."""
    shop, now_ms = told
    for command in ("person", "export"):
        (as_json,) = shop.run(command, "42", "--json").lines

        assert to_iso(now_ms - 2 * HOUR_MS) == as_json["totals"]["last_order_at"]
        assert 2 == as_json["totals"]["orders_count"]
