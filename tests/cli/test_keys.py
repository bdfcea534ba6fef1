"""`truthpoint keys`: shown once, listed without what opens, revoked at once."""

from __future__ import annotations

import json

import pytest

from support.commands import Shop


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def test_a_key_is_shown_once_and_alone_on_standard_output(shop):
    """For `KEY=$(truthpoint keys new ...)`; what is said about it is on standard error."""
    told = shop.run("keys", "new", "--source", "backend", "--name", "web")

    assert 0 == told.code
    assert told.out.startswith("tp_")
    assert 1 == len(told.out.splitlines())
    assert "Key `web` for the source `backend`. It is shown this once" in told.err
    assert told.out.strip() not in told.err


def test_keys_are_listed_without_what_opens(shop):
    """Id, name, source and when it was made."""
    made = [
        json.loads(shop.run("keys", "new", "--source", source, "--json").out)
        for source in ("backend", "legacy")
    ]

    listed, as_json = shop.run("keys", "list"), shop.run("keys", "list", "--json")

    assert ["id\tname\tsource\tmade at", *(one["id"] for one in made)] == [
        listed.out.splitlines()[0],
        *(line.split("\t")[0] for line in listed.out.splitlines()[1:]),
    ]
    assert [{"id", "name", "source", "made_at"}] * 2 == [one.keys() for one in as_json.lines]
    for one in made:
        assert one["key"] not in listed.out + as_json.out


def test_a_revoked_key_is_gone_and_a_second_time_none_is_found(shop):
    """By its name or its id."""
    key = json.loads(shop.run("keys", "new", "--source", "backend", "--json").out)

    first, second = shop.run("keys", "revoke", key["id"]), shop.run("keys", "revoke", key["id"])

    assert (0, 1) == (first.code, second.code)
    assert "requests with it are refused from now on" in first.out
    assert "No key goes by this name or id.\n" == second.err
    assert "There is none: `truthpoint keys new --source NAME` makes one.\n" == (
        shop.run("keys", "list").out
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--source", "nobody"), "declares no source `nobody`"),
        (("--source", "backend", "--name", "two words"), "made of letters, digits, dots"),
        (("--source", "backend", "--name", "web"), "There is a key `web` already."),
        (("--source", "backend", "--contract", "nowhere.yaml"), "cannot be read"),
    ],
)
def test_what_cannot_be_made_is_refused(shop, arguments, says):
    """Exit 2, what is wrong and what to do; no key is shown."""
    shop.run("keys", "new", "--source", "backend", "--name", "web")

    told = shop.run("keys", "new", *arguments)

    assert (2, "") == (told.code, told.out)
    assert says in told.err


def test_a_read_only_folder_is_said(shop):
    """Exit 3, where and why."""
    shop.store.write_text("a file where a folder should be")

    told = shop.run("keys", "new", "--source", "backend")

    assert (3, "") == (told.code, told.out)
    assert "keys.json cannot be written: " in told.err
