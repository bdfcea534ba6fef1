"""Customer.io's own Python library, unchanged, over TLS against the local workspace."""

from __future__ import annotations

import customerio
import pytest
from asking import DAY, event, identify, ulid

from truthpoint.testing.workspace import local_workspace, running_local_workspace

__all__ = ["local_workspace", "running_local_workspace"]


@pytest.fixture
def client(local_workspace, monkeypatch):
    """The library as a user sets it up: host, port, and the CA file in the environment."""
    address = local_workspace.tls()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(address.ca_file))
    host, _, port = address.url.removeprefix("https://").partition(":")
    with customerio.CustomerIO("site", "key", host=host, port=int(port)) as one:
        yield one


def _effects(local):
    return [(item["action"], item["effect"]) for item in local.items()]


def test_identify_and_track_with_an_id(client, local_workspace):
    """An event with the same id is one event."""
    client.identify(id="a/b 1", email="ana@example.org", plan="monthly", orders=4)
    client.track("a/b 1", "order_paid", {"total": 19.9}, id=ulid(1), timestamp=1_700_000_000)
    client.track("a/b 1", "order_paid", {"total": 19.9}, id=ulid(1), timestamp=1_700_000_000)
    client.pageview("a/b 1", "/shop", referrer="/")

    person = local_workspace.person("a/b 1")
    assert ("ana@example.org", "monthly", "4") == tuple(
        person["attributes"][name] for name in ("email", "plan", "orders")
    )
    assert [
        ("identify", "applied"), ("event", "applied"), ("event", "duplicate"), ("page", "applied"),
    ] == _effects(local_workspace)  # fmt: skip
    assert 1_700_000_000 == local_workspace.items()[1]["timestamp"]


def test_anonymous_events_are_claimed(client, local_workspace):
    """With an anonymous id, and the invitation without one."""
    client.track_anonymous("anon", "viewed", {"sku": "T-1"}, id=ulid(1))
    client.track_anonymous(None, "invited", {"recipient": "friend@example.org"})
    client.identify(id="1", anonymous_id="anon")

    assert {"applied"} == {effect for _, effect in _effects(local_workspace)}
    assert "anon" == local_workspace.person("1")["attributes"]["anonymous_id"]


def test_devices_come_and_go(client, local_workspace):
    """A token with a slash in it is one path segment."""
    client.identify(id="1")
    client.add_device("1", "tok/en", "ios", last_used=1_700_000_000)
    added = local_workspace.person("1")["devices"]
    client.delete_device("1", "tok/en")

    assert [("tok/en", "ios", 1_700_000_000)] == [
        (one["id"], one["platform"], one["last_used"]) for one in added
    ]
    assert [] == local_workspace.person("1")["devices"]


def test_a_suppressed_person_stays_away_until_unsuppressed(client, local_workspace):
    """Every call is a success, as the live service answers."""
    client.identify(id="1")
    client.suppress("1")
    client.identify(id="1")
    gone = local_workspace.person("1")
    client.unsuppress("1")
    client.identify(id="1")

    assert None is gone
    assert local_workspace.person("1") is not None


def test_two_people_become_one(client, local_workspace):
    """The primary takes what it lacks."""
    client.identify(id="1", plan="a")
    client.identify(id="ana@example.org", plan="b", city="x")
    client.merge_customers("id", "1", "email", "ana@example.org")

    attributes = local_workspace.person("1")["attributes"]
    assert ("a", "x") == (attributes["plan"], attributes["city"])
    assert None is local_workspace.person("ana@example.org", by="email")


def test_a_deleted_person_is_gone(client, local_workspace):
    """And one who never was is deleted like any other."""
    client.identify(id="1")
    client.delete("1")
    client.delete("nobody")

    assert None is local_workspace.person("1")


def test_a_batch_is_answered_item_by_item(client, local_workspace):
    """207 is a success to the library: whoever does not read it loses the item."""
    answer = client.batch([identify("1", plan="a"), event("1", name=""), event("1", id=ulid(1))])

    assert (207, 1) == (answer.status_code, answer.json()["errors"][0]["batch_index"])
    assert ["applied", "refused", "applied"] == [each for _, each in _effects(local_workspace)]


def test_it_tries_again_after_a_503_and_the_id_keeps_the_event_one(client, local_workspace):
    """Its own retries, and the trap of an answer that got lost."""
    local_workspace.put_faults({"kind": "status", "status": 503, "applied": True})
    client.track("1", "order_paid", id=ulid(1))

    assert ["applied", "duplicate"] == [each for _, each in _effects(local_workspace)]


def test_a_refusal_is_its_exception(client, local_workspace):
    """400 with our text, 401 for a key that is revoked meanwhile."""
    with pytest.raises(customerio.CustomerIOException, match=r"400: .*ULID"):
        client.track("1", "order_paid", id="no")
    local_workspace.put_faults({"kind": "status", "status": 401})
    with pytest.raises(customerio.CustomerIOException, match="401: "):
        client.identify(id="1")


def test_time_passes_for_the_library_too(client, local_workspace):
    """An event without a time gets the workspace's."""
    at = local_workspace.advance(10 * DAY)
    client.track("1", "order_paid")

    assert abs(local_workspace.items()[0]["timestamp"] - at) < 60


def test_without_the_ca_file_it_does_not_connect(client, local_workspace, monkeypatch):
    """Nobody is asked to switch the check of certificates off."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    client.retries = 0
    client.close()
    with pytest.raises(customerio.CustomerIOException, match="CERTIFICATE_VERIFY_FAILED"):
        client.identify(id="1")

    assert [] == local_workspace.log()
