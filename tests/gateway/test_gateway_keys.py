"""Who may speak to the gateway: 401, 403, and what a key is worth once it is revoked."""

from __future__ import annotations

import json
import stat

import pytest

from support.gated import gated, key_for
from support.shop import order
from truthpoint.core.keys import CHANCE_BYTES, Key, digest_of, mint, recognised
from truthpoint.errors import StoreUnusable
from truthpoint.gateway.keys import Gatekeeper
from truthpoint.gateway.refusals import Refused
from truthpoint.stores.keyring import FileKeyring

CHANCE = bytes(range(CHANCE_BYTES))


@pytest.fixture
def gate(tmp_path):
    with gated(tmp_path / "store") as running:
        yield running


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "key_missing"),
        ("", "key_missing"),
        ("Bearer", "key_missing"),
        ("Basic bG9jYWw6bG9jYWw=", "key_missing"),
        ("Bearer wrong", "key_unknown"),
        ("Bearer local", "key_unknown"),
        ("Bearer " + "x" * 60_000, "key_unknown"),
        ("Bearer \xe9", "key_unknown"),
    ],
)
def test_without_a_key_in_force_nothing_is_taken(gate, authorization, code):
    """401 with WWW-Authenticate, whatever stands in its place; `local` is none by itself."""
    headers = {} if authorization is None else {"Authorization": authorization}

    told = gate.ask("POST", "/v1/records", b"{}", **headers)

    assert (401, code) == (told.status, told.error["code"])
    assert "Bearer" == told.headers["www-authenticate"]
    assert "truthpoint keys new" in told.error["hint"]
    assert [] == gate.bodies()


def test_the_word_bearer_is_read_in_any_case(gate):
    """As HTTP says of schemes."""
    told = gate.post_lines(order("A-1", "1"), Authorization=f"bEARER  {gate.token}")

    assert 200 == told.status


def test_a_new_key_and_a_revoked_one_count_at_once(gate):
    """A gateway that runs looks at the file for each request."""
    token = key_for(gate.folder, "legacy", number=5)
    taken = gate.post_lines(order("A-1", "1"), token=token)
    FileKeyring(gate.folder).revoke("key-5")
    refused = gate.post_lines(order("A-2", "1"), token=token)
    others = gate.post_lines(order("A-3", "1"))

    assert (200, 401, 200) == (taken.status, refused.status, others.status)
    assert "key_unknown" == refused.error["code"]


def test_a_key_whose_source_the_contract_lacks_is_forbidden(gate):
    """403, by the key's name: the contract changed after the key was made."""
    told = gate.post_lines(order("A-1", "1"), token=key_for(gate.folder, "gone", number=6))

    assert (403, "source_not_declared") == (told.status, told.error["code"])
    assert "The key `key-6` speaks for the source `gone`" in told.error["message"]


def test_keys_that_cannot_be_read_are_answered_503_and_reported(gate):
    """Nobody is let in, and the operator is told which file."""
    (gate.folder / "keys.json").write_text("no keys")

    told = gate.post_lines(order("A-1", "1"))

    assert (503, "keys_unreadable") == (told.status, told.error["code"])
    assert "keys.json is not a file of keys" in gate.said[0]


def test_the_key_local_is_taken_on_loopback_where_the_process_says_so(tmp_path):
    """A first request on one's own machine needs no key."""
    with gated(tmp_path / "store", local_source="backend") as gate:
        told = gate.post_lines(order("A-1", "1"), token="local")

        assert 200 == told.status
        assert ["backend"] == [source for source, _, _ in gate.bodies()]


@pytest.mark.parametrize("client", ["10.0.0.7", "192.168.1.4", "::2", None])
def test_the_key_local_is_forbidden_from_afar(tmp_path, client):
    """403, also behind a port that listens on every address."""
    keeper = Gatekeeper(FileKeyring(tmp_path), ["backend"], local_source="backend")

    with pytest.raises(Refused) as refused:
        keeper.source_of("Bearer local", client)

    assert (403, "local_key_from_afar") == (refused.value.status, refused.value.code)
    assert "backend" == keeper.source_of("Bearer local", "::1")


def test_a_file_of_keys_is_private_and_holds_no_key(tmp_path):
    """Law 21: 0600, and a digest from which no token can be told."""
    token = key_for(tmp_path / "store", "backend")
    file = tmp_path / "store" / "keys.json"

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    assert 0o700 == stat.S_IMODE(file.parent.stat().st_mode)
    assert token not in file.read_text()
    assert token.rpartition("_")[2] not in file.read_text()
    assert digest_of(token) == json.loads(file.read_text())[0]["digest"]


def test_names_and_ids_are_taken_once(tmp_path):
    """A revoked key's name is free again."""
    ring = FileKeyring(tmp_path)
    _, key = mint(CHANCE, name="web", source="backend", now_ms=1)
    _, twin = mint(CHANCE[::-1], name="web", source="backend", now_ms=1)

    assert ring.add(key)
    assert not ring.add(twin)
    assert key == ring.revoke(key.id)
    assert ring.revoke("web") is None
    assert ring.add(twin)
    assert (twin,) == FileKeyring(tmp_path).keys()


def test_a_file_that_cannot_be_read_is_said(tmp_path):
    """What, where, and what to do."""
    (tmp_path / "keys.json").mkdir()

    with pytest.raises(StoreUnusable, match=r"keys.json cannot be read: Is a directory\."):
        FileKeyring(tmp_path).keys()


def test_a_token_names_its_key_and_is_recognised_by_it_alone():
    """256 bits of chance behind a prefix that scanners can find; anything else is no key."""
    token, key = mint(CHANCE, name="", source="backend", now_ms=1)
    other, _ = mint(CHANCE[::-1], name="", source="backend", now_ms=1)

    assert token.startswith("tp_00010203_")
    assert "00010203" == key.id == key.name
    assert key is recognised(token, [key])
    for wrong in (other, token[:-1], token + "A", token.upper(), ""):
        assert recognised(wrong, [key]) is None
    with pytest.raises(ValueError, match="36 bytes of chance"):
        mint(b"few", name="", source="backend", now_ms=1)


def test_every_key_is_compared_in_constant_time(monkeypatch):
    """The time of an answer tells neither how many keys there are before it nor how far it fits."""
    compared: list[str] = []
    keys = [
        Key(id=str(n), name="", source="", digest=digest_of(str(n)), made_at_ms=0) for n in "123"
    ]
    real = recognised.__globals__["hmac"].compare_digest

    def watched(one: str, other: str) -> bool:
        compared.append(one)
        return real(one, other)

    monkeypatch.setattr("truthpoint.core.keys.hmac.compare_digest", watched)

    assert keys[0] is recognised("1", keys)
    assert [one.digest for one in keys] == compared
