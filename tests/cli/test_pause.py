"""`pause`, `resume`, and what `status` says of pauses and lanes."""

from __future__ import annotations

import json
import re

import pytest

from support.commands import Shop
from support.shop import CONTRACT, checkout, identify, order
from truthpoint.cli.standing import spoken
from truthpoint.machine import SystemClock


@pytest.fixture
def shop(connected):
    """A shop with an order, a checkout and an identify that wait."""
    started = checkout("C-1", "2", at_ms=SystemClock().now_ms())
    connected.shop.run(
        "send", connected.shop.file("a.ndjson", order("A-1", "1"), started, identify("3"))
    )
    return connected.shop


def _names(peer) -> list[str]:
    bodies = [json.loads(asked.body) for asked in peer.asked if asked.path == "/api/v2/batch"]
    return [item.get("name", item["action"]) for body in bodies for item in body["batch"]]


@pytest.mark.parametrize(
    ("option", "leaves"),
    [
        ((), []),
        # Totals behind an order are of the live lane, once it has left.
        (("--lane", "live"), ["identify", "order_paid"]),
        (("--lane", "critical"), ["checkout_started", "identify", "identify"]),
        (("--event", "order_paid"), ["checkout_started", "identify", "identify"]),
        (("--person", "2"), ["identify", "identify", "identify", "order_paid"]),
    ],
)
def test_what_is_paused_waits_and_leaves_after_resume(shop, connected, option, leaves):
    """Law 8: whatever was named, and nothing else; a drain ends all the same."""
    paused = shop.run("pause", *option)
    drained = shop.run("work", "--drain")
    held = sorted(_names(connected.peer))
    resumed = shop.run("resume", *option)
    shop.run("work", "--drain")

    assert (0, 0, 0) == (paused.code, drained.code, resumed.code)
    assert leaves == held
    assert " is paused: " in paused.out
    assert " ".join(["`truthpoint resume", *option]).rstrip() + "`" in paused.out
    assert "goes on." in resumed.out
    assert "paused: " in drained.err
    # Three people, and the totals of the one who paid.
    every = ["checkout_started", *["identify"] * 4, "order_paid"]
    assert every == sorted(_names(connected.peer))


def test_a_second_pause_and_a_second_resume_are_said(shop):
    """Paused twice is no error; to resume what is not paused finds nothing: exit 1."""
    first, second = shop.run("pause", "--json"), shop.run("pause", "--json")
    lifted, again = shop.run("resume", "--json"), shop.run("resume", "--json")

    assert [True, False] == [first.lines[0]["new"], second.lines[0]["new"]]
    assert "Everything was paused already" not in first.out
    assert {"lifted": [{"kind": "all", "name": ""}], "pauses": []} == lifted.lines[0]
    assert (0, 1) == (lifted.code, again.code)
    assert "Everything is not paused." == again.error["message"]


def test_resume_names_what_stays_paused_and_everything_lifts_all(shop):
    """Nobody believes that everything goes when it does not."""
    for option in ((), ("--event", "order_paid"), ("--person", "9")):
        shop.run("pause", *option)

    resumed = shop.run("resume")
    everything = shop.run("resume", "--everything")
    nothing = shop.run("resume", "--everything")

    assert "Everything goes on.\n" == resumed.out
    assert re.search(
        r"still paused: event order_paid, since \S+\nstill paused: person 9", resumed.err
    )
    assert "Event `order_paid` goes on.\nPerson `9` goes on.\n" == everything.out
    assert (1, "Nothing is paused.\n") == (nothing.code, nothing.err)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("pause", "--event", "oder_paid"), "Did you mean `order_paid`?"),
        (("pause", "--event", "xyz"), "It declares: "),
        (("pause", "--event", "order_paid", "--person", "1"), "More than one thing was named"),
        (("pause", "--person", ""), "or one without its name"),
        (("pause", "--lane", "backfill"), "backfill"),
        (("resume", "--everything", "--lane", "live"), "--everything stands alone"),
    ],
)
def test_what_would_hold_nothing_is_refused(shop, arguments, says):
    """A mistyped kill switch is said at once: exit 2, and nothing is paused."""
    told = shop.run(*arguments)

    assert 2 == told.code
    assert says in told.err
    assert [] == json.loads(shop.run("status", "--json").out)["pauses"]


def test_a_person_is_paused_under_their_id_whatever_names_them(shop, connected):
    """A link and an id that was merged hold the person to whom they lead, and lift it again."""
    told = {"email": "ana@example.org"}
    lines = (
        {"type": "identify", "person": {"id": "7"}, "attributes": told},
        {"type": "identify", "person": {"id": "8"}, "attributes": {}},
        {"type": "merge", "person": {"id": "7"}, "from": {"id": "8"}},
    )
    shop.run("send", shop.file("b.ndjson", *lines))
    shop.run("work", "--drain", "--shadow")
    for name in ("ana@example.org", "8"):
        paused = shop.run("pause", "--person", name)
        held = shop.run("status", "--json").lines[0]["pauses"]
        lifted = shop.run("resume", "--person", name)

        assert ["7"] == [one["name"] for one in held]
        assert paused.out.startswith("Person `7` is paused: nothing of this person leaves.\n")
        assert "`truthpoint resume --person 7` lets them leave." in paused.out
        assert "" == paused.err
        assert "Person `7` goes on.\n" == lifted.out


def test_nobody_is_held_by_an_email_that_leads_to_no_id(shop):
    """A guest has no id to be paused by, and what cannot be an id holds nobody."""
    contract = shop.folder / "guests.yaml"
    contract.write_text(
        CONTRACT.read_text().replace("unresolved: quarantine", "unresolved: {email: under_email}")
    )
    shop.contract = contract
    guests = order("G-1", "1") | {"person": {"email": "guest@example.org"}}
    shop.run("send", shop.file("b.ndjson", guests))
    shop.run("work", "--drain", "--shadow")
    guest = shop.run("pause", "--person", "guest@example.org")
    stranger = shop.run("pause", "--person", "nobody@example.org")
    later = shop.run("pause", "--person", "99")
    unknown = shop.run("resume", "--person", "guest@example.org")

    assert (2, 2, 0, 1) == (guest.code, stranger.code, later.code, unknown.code)
    assert "They have no id, and a person is paused by it." in guest.err
    assert "Nobody in this store is known by this, and it cannot be an id." in stranger.err
    assert "example.org" not in guest.err + stranger.err
    assert "known by this yet; it holds whoever gets this id." in later.err
    assert "Person `99` is paused" in later.out


def test_status_shows_pauses_and_the_lag_of_each_lane(shop, connected):
    """What is held, since when, who waits, and for how long."""
    shop.run("pause", "--lane", "critical")
    connected.peer.answer = lambda _: connected.peer.region
    shop.run("pause")
    shop.run("work", "--drain")
    told, as_json = shop.run("status"), json.loads(shop.run("status", "--json").out)

    assert re.search(r"^paused       lane critical, since \S+Z$", told.out, re.MULTILINE)
    assert re.search(r"^paused       everything, since \S+Z$", told.out, re.MULTILINE)
    assert re.search(r"^lane critical +1 person waits, lag \d+\.\d s$", told.out, re.MULTILINE)
    assert re.search(r"^lane live +2 people wait, lag \d+\.\d s$", told.out, re.MULTILINE)
    assert {"critical": 1, "live": 2} == {
        lane: one["people"] for lane, one in as_json["lanes"].items()
    }
    assert all(0 <= one["lag_seconds"] < 600 for one in as_json["lanes"].values())
    assert ["lane", "all"] == [one["kind"] for one in as_json["pauses"]]


def test_a_store_that_is_not_there_cannot_be_paused(tmp_path):
    """Exit 3, and no store is made."""
    shop = Shop(tmp_path)

    told = shop.run("pause")

    assert 3 == told.code
    assert "There is no store at " in told.err


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (61, "1 min 1 s"),
        (3_600, "1 h 0 min"),
        (7_380, "2 h 3 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_lag_is_said_in_its_two_largest_units(seconds, says):
    """So that it is read at one look."""
    assert says == spoken(seconds)
