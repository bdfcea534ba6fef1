"""`truthpoint work`: where it delivers to, when it refuses, and how it ends."""

from __future__ import annotations

import json
import signal
import threading

import pytest

from support.commands import ended, wait_until
from support.connected import SECRETS
from support.peer import REGION, Said
from support.shop import identify, order


def _items(peer) -> list[dict]:
    bodies = [json.loads(asked.body) for asked in peer.asked if asked.path == "/api/v2/batch"]
    return [item for body in bodies for item in body["batch"]]


def _send(shop, *records) -> None:
    shop.run("send", shop.file("records.ndjson", *records))


def test_drain_delivers_everything_and_ends(connected):
    """What was captured is at the workspace, and the sum is said."""
    shop, peer = connected.shop, connected.peer
    _send(shop, order("A-1", "1"), order("A-2", "2"))

    told = shop.run("work", "--drain")

    assert 0 == told.code
    assert {"A-1", "A-2"} == {
        item["attributes"]["order_id"] for item in _items(peer) if item.get("name") == "order_paid"
    }
    assert told.err.startswith("2 delivered, 0 dead in ")
    assert "" == told.out


def test_drain_of_nothing_ends_at_once(connected):
    """An empty store is no error, and is bound to the workspace all the same."""
    told = connected.shop.run("work", "--drain")

    assert 0 == told.code
    assert "0 delivered, 0 dead in 0 requests\n" == told.err


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("drain", [[], ["--drain"]])
def test_a_signal_finishes_what_is_under_way_and_ends_with_0(connected, stop, drain):
    """The answer to a request under way is awaited and settled: nothing is sent twice."""
    shop, peer = connected.shop, connected.peer
    asked, answering = threading.Event(), threading.Event()

    def answer(_):
        asked.set()
        answering.wait(30)
        return Said()

    peer.answer = answer
    _send(shop, identify("1"), order("A-1", "1"))
    process = shop.start("work", *drain)
    wait_until(asked.is_set)
    process.send_signal(stop)
    answering.set()
    told = ended(process)
    status = json.loads(shop.run("status", "--json").out)

    assert 0 == told.code
    assert "Traceback" not in told.err
    assert 1 == status["operations"]["delivered"]
    assert 0 == status["operations"]["leased"]
    peer.answer = lambda _: Said()
    shop.run("work", "--drain")
    actions = [item["action"] for item in _items(peer)]
    assert 1 == actions.count("event")


def test_a_worker_waits_for_records_and_delivers_them(connected):
    """It runs until told to stop; what comes meanwhile is delivered."""
    shop, peer = connected.shop, connected.peer
    process = shop.start("work")
    wait_until(lambda: peer.asked)
    _send(shop, order("A-1", "1"))
    wait_until(lambda: any(item["action"] == "event" for item in _items(peer)))
    process.send_signal(signal.SIGTERM)
    told = ended(process)

    assert 0 == told.code
    assert "delivering to `local`; Ctrl-C ends after what is under way\n" in told.err


def test_a_workspace_that_is_not_there_is_said_at_once_and_waited_for(connected):
    """A silent wait would look like work."""
    shop = connected.shop
    connected.peer.region = Said(None)
    process = shop.start("work")
    assert process.stderr is not None
    said = [process.stderr.readline().decode() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    told = ended(process)

    assert 0 == told.code
    assert any(
        "warning workspace_silent: The workspace `local` was asked who it is: no answer (lost)."
        in line
        for line in said
    )


@pytest.mark.parametrize("status", [401, 403, 301])
def test_refused_credentials_end_it_loudly_before_anything_is_sent(connected, status):
    """Exit 3, and what to check; the peer's own words are not repeated."""
    shop, peer = connected.shop, connected.peer
    peer.region = Said(status, {"errors": [{"detail": "canary-words"}]})
    _send(shop, order("A-1", "1"))

    told = shop.run("work", "--workspace", "staging", **SECRETS)

    assert 3 == told.code
    assert (
        f"error: The workspace `staging` answered HTTP {status} to the check of its credentials. "
        "Check its region, site id and API key; nothing was sent.\n"
    ) in told.err
    assert "canary" not in told.err
    assert [] == _items(peer)


@pytest.mark.parametrize(
    ("region", "says"),
    [
        (
            {**REGION, "environment_id": 22222},
            "The credentials of `staging` lead to workspace 22222, and the contract says 11111.",
        ),
        (
            {**REGION, "region": "eu"},
            "The workspace `staging` is in region eu, and the contract says us.",
        ),
        ({}, "lead to workspace None, and the contract says 11111."),
    ],
)
def test_another_workspace_than_the_contract_says_is_refused(connected, region, says):
    """Law 19: credentials are checked against the workspace id before the first send."""
    shop, peer = connected.shop, connected.peer
    peer.region = Said(body=region)
    _send(shop, order("A-1", "1"))

    told = shop.run("work", "--drain", "--workspace", "staging", **SECRETS)

    assert 3 == told.code
    assert says in told.err
    assert "nothing was sent." in told.err
    assert [] == _items(peer)


def test_a_store_that_served_another_workspace_is_refused(connected):
    """Law 19: a store serves one workspace for good."""
    shop, peer = connected.shop, connected.peer
    shop.run("work", "--drain", "--workspace", "staging", **SECRETS)
    peer.region = Said(body={**REGION, "environment_id": 7})
    _send(shop, order("A-1", "1"))

    told = shop.run("work", "--drain")

    assert 3 == told.code
    assert (
        "The store delivered to workspace 11111 (`staging`), and this is 7 (`local`)." in told.err
    )
    assert "name another --store" in told.err
    assert [] == _items(peer)


def test_credentials_refused_under_way_stop_delivery_loudly(connected):
    """401 in the midst of work: exit 3, nothing is lost, and it goes on once mended."""
    shop, peer = connected.shop, connected.peer
    peer.answer = lambda _: Said(401, {"errors": [{"detail": "canary-words"}]})
    _send(shop, order("A-1", "1"))

    told = shop.run("work", "--drain", "--workspace", "staging", **SECRETS)
    peer.answer = lambda _: Said()
    again = shop.run("work", "--drain", "--workspace", "staging", **SECRETS)

    assert (3, 0) == (told.code, again.code)
    assert "401" in told.err
    assert "canary" not in told.err
    assert again.err.startswith("1 delivered")


@pytest.mark.parametrize("missing", sorted(SECRETS))
def test_a_missing_secret_is_named_and_none_is_shown(connected, missing):
    """The variable's name says what to set; no value is printed."""
    given = {name: value for name, value in SECRETS.items() if name != missing}

    told = connected.shop.run("work", "--workspace", "staging", **given)

    assert 2 == told.code
    assert (
        f"error: The environment variable {missing} is not set, and the workspace `staging` "
        f"needs it. Set {missing} and start again (a file of them: `set -a; . ./.env; set +a`); "
        "no value is ever printed.\n"
    ) == told.err
    assert [] == connected.peer.asked


def test_secrets_that_are_missing_together_are_named_together(connected):
    """Nobody has to start once for each."""
    told = connected.shop.run("work", "--workspace", "staging")

    assert 2 == told.code
    assert "variables STAGING_SITE_ID and STAGING_API_KEY are not set" in told.err


@pytest.mark.parametrize("value", ["canary\n", "can ary", "canary:x", "canaré", "\tcanary"])
def test_a_secret_with_characters_that_no_key_has_is_refused_unseen(connected, value):
    """A line end copied with a key is the usual cause of a 401 that nobody understands."""
    given = {**SECRETS, "STAGING_API_KEY": value}

    told = connected.shop.run("work", "--workspace", "staging", **given)

    assert 2 == told.code
    assert (
        "The environment variable STAGING_API_KEY holds a line end, a space or another" in told.err
    )
    assert value.strip() not in told.err


def test_secrets_of_workspaces_that_are_not_chosen_are_not_needed(connected):
    """Development needs no production credentials."""
    told = connected.shop.run("work", "--drain", "--workspace", "local")

    assert 0 == told.code


def test_the_environment_chooses_the_workspace(connected):
    """TRUTHPOINT_WORKSPACE stands in for --workspace."""
    told = connected.shop.run("work", "--drain", TRUTHPOINT_WORKSPACE="nowhere")

    assert 2 == told.code
    assert "declares no workspace `nowhere`" in told.err
