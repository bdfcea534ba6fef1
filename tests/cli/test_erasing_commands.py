"""`erase`, `readmit` and `export`, and what is told of bytes that are gone (law 20)."""

from __future__ import annotations

import json
import re
import time
import urllib.request

import pytest

from support.commands import Shop
from support.connected import contract_for
from support.local import serving
from support.shop import identify, order

BROKEN = {**order("A-9", "42"), "properties": {"order_id": "A-9"}}
MAIL = "ana@example.org"


def _let_in(shop) -> list[str]:
    """Return by what kinds of identifiers the workspace was asked to let somebody in."""
    (url,) = re.findall(r'local: \{url: "([^"]+)"', shop.contract.read_text())
    with urllib.request.urlopen(f"{url}/local/log", timeout=30) as response:
        asked = json.loads(response.read())["log"]
    items = [item for one in asked for item in one["items"] if item["action"] == "unsuppress"]
    return [kind for item in items for kind in item["identifiers"]]


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
    assert "erasure_verified: Record 4: the profile is not there." in worked.err
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


@pytest.mark.parametrize("command", ["erase", "readmit"])
@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--email", "canary"], "The email cannot name anybody. Nothing was kept. An email has"),
        (["42", "--email", "canary"], "The email cannot name anybody. Nothing was kept."),
        (["--link", "unheard_of=1"], "no identifier `unheard_of`. Nothing was kept. It declares:"),
        (["canary"], "`person.id` does not match the pattern of `customer_id`"),
        (
            ["42", "--email", MAIL, "--link", "email=canary@example.org"],
            "Two identifiers of the kind `email` were named",
        ),
    ],
    ids=["email", "email beside an id", "unknown kind", "id", "two of a kind"],
)
def test_a_name_that_cannot_be_one_is_refused_and_nothing_is_kept(shop, command, arguments, why):
    """Law 20: who is named by hand is named by all of it, or not at all; law 21: not repeated."""
    told = shop.run(command, *arguments, "--json", *(["--yes"] if command == "erase" else []))

    assert 2 == told.code
    assert why in told.err
    assert "usage" == told.error["code"]
    assert "canary" not in told.out + told.err
    assert not (shop.store / "journal.db").exists()


def test_whom_customer_io_cannot_let_in_is_not_readmitted(shop):
    """It suppresses ids and emails, and frees nobody by anything else."""
    told = shop.run("readmit", "--link", "anonymous_id=f3b1")

    assert 2 == told.code
    assert "Neither an id nor an email was named" in told.err
    assert not (shop.store / "journal.db").exists()


@pytest.mark.parametrize(
    ("arguments", "lets_in", "says"),
    [
        (
            ["42", "--email", MAIL],
            ["id", "email"],
            "the id and the email that you named, here and at",
        ),
        (["--email", MAIL], ["email"], "and no id: one that was erased with it stays erased until"),
        (["42"], ["id"], "and no email: one that was erased with it stays erased until"),
    ],
    ids=["both", "email", "id"],
)
def test_a_readmission_says_who_is_let_in_and_customer_io_is_asked_for_them(
    known, arguments, lets_in, says
):
    """Law 20: what is not named stays erased, and whoever readmits knows it."""
    known.run("erase", "42", "--email", MAIL, "--yes")
    known.run("work", "--drain")
    told = known.run("readmit", *arguments)
    known.run("work", "--drain")

    assert 0 == told.code
    assert says in told.out
    assert MAIL not in told.out
    assert lets_in == _let_in(known)
    again = known.run("readmit", *arguments, "--json")
    assert lets_in == again.lines[0]["lets_in"]


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


def test_what_is_erased_in_a_store_that_was_not_there_is_said_to_be(shop):
    """A mistyped path must not look like an erasure that was done."""
    early = shop.run("readmit", "42")
    told = shop.run("erase", "42", "--yes")
    again = shop.run("erase", "42", "--yes")

    assert (2, True) == (early.code, "There is no store at" in early.err)
    assert (0, True) == (told.code, "One is made now, in which nobody is known" in told.err)
    assert (0, "") == (again.code, again.err)


def test_an_export_says_what_it_may_lack(known):
    """Records that no worker has decided yet are nobody's so far."""
    whole = known.run("export", "42", "--json")
    known.run("send", known.file("later.ndjson", order("A-2", "42", at_ms=_at_ms())))
    part = known.run("export", "42", "--json")
    nobody = known.run("export", "43")

    assert (0, "") == (whole.code, whole.err)
    assert 0 == part.code
    assert "It may not be all of theirs: 1 record is not decided yet: a worker" in part.err
    assert (1, True) == (nobody.code, "several are. 1 record is not decided yet" in nobody.err)


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
