"""`erase`, `readmit` and `export`, and what is told of bytes that are gone (law 20)."""

from __future__ import annotations

import json
import time

import pytest

from support.commands import Shop
from support.connected import contract_for
from support.local import serving
from support.shop import identify, order

BROKEN = {**order("A-9", "42"), "properties": {"order_id": "A-9"}}
MAIL = "ana@example.org"


def _at_ms() -> int:
    return time.time_ns() // 1_000_000 - 60_000


@pytest.fixture
def shop(tmp_path):
    with serving() as local:
        yield Shop(tmp_path, contract=contract_for(tmp_path, local.url))


@pytest.fixture
def known(shop):
    """Somebody with an identify, an order and a record that breaks the contract."""
    at_ms = _at_ms()
    born = {"email": MAIL, "created_at": "2026-01-01T00:00:00Z"}
    records = (identify("42", at_ms=at_ms, **born), order("A-1", "42", at_ms=at_ms), BROKEN)
    shop.run("send", shop.file("records.ndjson", *records))
    shop.run("work", "--drain")
    return shop


def test_an_erasure_is_captured_and_carried_out_and_verified(known):
    """From the command to nothing left, and the finding says that it was looked up."""
    told = known.run("erase", "42", "--email", MAIL, "--yes")

    assert 0 == told.code
    assert told.out.startswith("Captured as ")
    assert MAIL not in told.out

    worked = known.run("work", "--drain")

    assert 0 == worked.code
    assert "erasure_verified: Record 4: the profile is gone." in worked.err
    assert 1 == known.run("person", "42").code
    assert 1 == known.run("person", MAIL).code
    assert 1 == known.run("export", "42").code


def test_an_erasure_asks_first(known):
    """Nothing undoes it: without a terminal, --yes says that it is meant."""
    told = known.run("erase", "42")

    assert 2 == told.code
    assert "add --yes" in told.err
    assert 0 == known.run("person", "42").code


@pytest.mark.parametrize("command", ["erase", "readmit"])
@pytest.mark.parametrize(
    ("arguments", "why"),
    [([], "Nobody was named"), (["--link", "email"], "no KIND=VALUE")],
    ids=["nobody", "no value"],
)
def test_whoever_is_meant_must_be_named(shop, command, arguments, why):
    """Exit code 2, and nothing was captured."""
    told = shop.run(command, *arguments, *(["--yes"] if command == "erase" else []))

    assert 2 == told.code
    assert why in told.err
    assert not (shop.store / "journal.db").exists()


def test_a_name_that_cannot_be_one_ends_with_1(shop):
    """As `send` does: it is kept, and will be quarantined."""
    told = shop.run("erase", "--link", "unheard_of=1", "--yes", "--json")

    assert 1 == told.code
    assert "invalid" == told.lines[0]["result"]
    assert "person_link_unknown" in [one["code"] for one in told.lines[0]["findings"]]
    assert "will be quarantined" in shop.run("erase", "--link", "unheard_of=1", "--yes").out


def test_who_was_erased_is_let_in_again(known):
    """And what comes from then on counts."""
    known.run("erase", "42", "--email", MAIL, "--yes")
    known.run("work", "--drain")
    again = known.run("readmit", "42", "--email", MAIL, "--json")

    assert 0 == again.code
    assert "accepted" == again.lines[0]["result"]

    known.run("send", known.file("later.ndjson", order("A-2", "42", at_ms=_at_ms())))
    known.run("work", "--drain")

    (one,) = known.run("person", "42", "--json").lines
    assert 1 == one["totals"]["orders_count"]
    assert {"delivered"} == {record["outcome"] for record in one["records"]}


def test_an_export_holds_everything_that_is_stored(known):
    """Links, attributes with their times, totals, and every record with its bytes."""
    (told,) = known.run("export", MAIL, "--json").lines

    assert "42" == told["id"]
    assert MAIL in {one["value"] for one in told["links"]}
    assert MAIL == told["attributes"]["email"]["value"]
    assert 1 == told["totals"]["orders_count"]
    bodies = [json.loads(one["body"]) for one in told["records"]]
    assert ["identify", "track", "track"] == [one["type"] for one in bodies]
    assert ["delivered", "delivered", "quarantined"] == [one["outcome"] for one in told["records"]]

    text = known.run("export", "42").out
    assert "attributes: {" in text
    assert '{"type": "identify"' in text


def test_an_export_of_nobody_ends_with_1(known):
    """With its reason as JSON where that is asked for."""
    told = known.run("export", "nobody", "--json")

    assert 1 == told.code
    assert "absent" == told.error["code"]


def test_a_record_without_its_bytes_says_so_and_is_not_replayed(known):
    """In lists, shown alone, and to who wants it decided again."""
    known.run("erase", "42", "--yes")
    known.run("work", "--drain")

    (listed,) = known.run("quarantine", "list", "--json").lines
    assert listed["forgotten"]
    assert "Its bytes are gone" in known.run("quarantine", "show", "3").out
    (shown,) = known.run("quarantine", "show", "3", "--json").lines
    assert shown["body"] is None

    refused = known.run("quarantine", "replay", "3", "--yes")
    assert 2 == refused.code
    assert "Their bytes are gone" in refused.err

    rest = known.run("quarantine", "replay", "--all", "--yes")
    assert 0 == rest.code
    assert "Left out, for their bytes are gone: 3." in rest.err
