"""T23, law 21: what people are called, wrote and bought is in no output but the two asked for it.

Strings that occur nowhere else are planted in every field of good and bad records, and in the
workspace's answers; then every command runs, and everything it writes is searched for them.
"""

from __future__ import annotations

import itertools
import json
import re
import time
import urllib.error
import urllib.request

import pytest

from support.commands import Ended, Shop, ended, wait_until
from support.shop import identify, order, refund
from truthpoint.cli import failing

_NUMBERS = itertools.count(1)


def _canary() -> str:
    """A word that occurs nowhere else."""
    return f"canary{next(_NUMBERS)}x"


def _good(at_ms: int) -> list[dict]:
    """Records that keep the contract, with canaries wherever text goes."""
    person = "1"
    attributes = {
        "email": f"{_canary()}@example.org",
        "name": _canary(),
        "created_at": "2026-01-01T00:00:00Z",
    }
    items = [{"sku": _canary(), "name": _canary(), "quantity": 1, "price": "1.00"}]
    texts = {"coupon": _canary(), "cart_id": _canary(), "items": items}
    key = _canary()
    return [
        identify(person, at_ms=at_ms, **attributes),
        order(key, person, at_ms=at_ms, **texts),
        order(key, person, at_ms=at_ms, **texts),
        order(key, person, total="11.00", at_ms=at_ms, **texts),
        {**order(_canary(), person, at_ms=at_ms, **texts), "source": "legacy"},
        order("dead-by-status", "2", at_ms=at_ms, **texts),
        order("dead-by-item", "3", at_ms=at_ms, **texts),
        refund(_canary(), person, "1.00", at_ms=at_ms),
        order(_canary(), "4", at_ms=at_ms, **{**texts, f"{_canary()}@key": _canary()}),
        order("late", "1", at_ms=at_ms, person_note=_canary()),
    ]


def _bad(at_ms: int) -> list[dict | bytes]:
    """Records that break the contract in each way there is."""
    base = order("B-1", "1", at_ms=at_ms)
    wrong = [
        {"person": {"id": f"{_canary()}@example.org"}},
        {"person": {"email": f"{_canary()}@example.org"}},
        {"person": {"id": "1", f"{_canary()}@x": _canary()}},
        {"person": _canary()},
        {"person": [_canary()]},
        {"event": _canary()},
        {"event": [_canary()]},
        {"version": _canary()},
        {"type": _canary()},
        {"type": [_canary()]},
        {"at": _canary()},
        {"at": "2026-01-01 10:00 " + _canary()},
        {"source": f"{_canary()}@example.org"},
        {"record_id": [_canary()]},
        {f"{_canary()} {_canary()}": _canary()},
        {"properties": _canary()},
        {"properties": [_canary()]},
    ]
    properties = base["properties"]
    wrong += [
        {"properties": {**properties, name: value}}
        for name in properties
        for value in (_canary(), [_canary()], {_canary(): _canary()}, 5, None)
    ]
    wrong.append({"properties": {**properties, "items": [{"sku": _canary(), "price": _canary()}]}})
    wrong.append({"properties": {**properties, "coupon": _canary() * 300}})
    identified = identify("1", at_ms=at_ms, email=_canary(), created_at=_canary(), name=[_canary()])
    return [
        *({**base, **one} for one in wrong),
        identified,
        {"type": "merge", "person": {"id": "1"}, "from": {"id": _canary()}},
        {"type": "link", "person": {"id": "1"}, "links": {"email": _canary()}},
        f'{{"type": "track", "event": "{_canary()}'.encode(),
        f'"{_canary()}"'.encode(),
        f"{_canary()},{_canary()};".encode(),
        _canary().encode() + b"\xff\xfe",
        b"x" * 1024 * 1024 + _canary().encode(),
    ]


def _faults() -> list[dict]:
    """Answers that repeat what a customer wrote, as a real API may."""
    said = {"reason": _canary(), "field": _canary(), "message": f"'{_canary()}' is refused"}
    whole = {"errors": [said, {"detail": _canary()}, _canary()], _canary(): _canary()}
    batch = {"path": "*batch*"}
    return [
        {
            "kind": "status",
            "status": 400,
            "body": json.dumps(whole),
            "times": None,
            "match": {**batch, "person": "2", "event": "order_paid"},
        },
        {
            "kind": "items",
            "persons": ["3"],
            "reason": _canary(),
            "field": f"attributes.{_canary()} {_canary()}",
            "message": _canary(),
            "times": None,
            "match": {"event": "order_paid", "person": "3"},
        },
        {"kind": "status", "status": 500, "body": _canary(), "match": batch},
        {"kind": "raw_body", "status": 503, "body": f"<html>{_canary()}", "match": batch},
    ]


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def _put_faults(workspace: str, faults: list[dict]) -> None:
    data = json.dumps(faults).encode()
    request = urllib.request.Request(f"{workspace}/local/faults", method="PUT", data=data)
    with urllib.request.urlopen(request, timeout=30) as response:
        assert 200 == response.status


def _over_http(good: list[dict], bad: list[dict | bytes]) -> list[tuple[str, bytes | None, dict]]:
    """Requests to the gateway: path, body and headers."""
    lines = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in [*good, *bad]]
    body = b"\n".join(line for line in lines if len(line) < 500_000)
    word = _canary().encode()
    key = {"Authorization": "Bearer local", "Content-Type": "application/x-ndjson"}
    packed = {**key, "Content-Encoding": "gzip"}
    return [
        ("/v1/records", body, key),
        ("/v1/records", lines[-1], key),
        ("/v1/records", word, packed),
        ("/v1/records", b"[" + word, {**key, "Content-Type": "application/json"}),
        ("/v1/records", word, {**key, "Content-Type": word.decode()}),
        ("/v1/records", word, {**key, "Authorization": f"Bearer {word.decode()}"}),
        (f"/{word.decode()}", word, key),
        ("/metrics", None, {}),
    ]


def _ask(gateway: str, path: str, body: bytes | None, headers: dict) -> str:
    """Ask the gateway; return all that it says."""
    request = urllib.request.Request(gateway + path, data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return f"{response.status} {response.headers} {response.read().decode()}"
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code} {error.headers} {error.read().decode()}"


def _settled(shop: Shop) -> bool:
    told = json.loads(shop.run("status", "--json").out)
    return not told["undecided"] and not told["operations"]["ready"] + told["operations"]["leased"]


_LOOKS = [
    ["status"],
    ["events"],
    ["events", "--event", "order_paid"],
    ["events", "--key", "late"],
    ["quarantine", "list", "--limit", "1000"],
    ["dead", "list"],
]


def test_no_output_holds_what_a_customer_said_or_is(shop):
    """Zero hits in everything that every command writes, but in `person` and `show`."""
    at_ms = time.time_ns() // 1_000_000 - 60_000
    good, bad = _good(at_ms), _bad(at_ms)
    file = shop.file("all.ndjson", *good, *bad)
    told: list[Ended] = []
    up = shop.start("up", "--port", "0", "--workspace-port", "0")
    try:
        assert up.stdout is not None
        workspace, gateway = (up.stdout.readline().split()[-1].decode() for _ in range(2))
        _put_faults(workspace, _faults())
        ways = ([], ["--json"], ["--source", "legacy"])
        told += [shop.run("send", file, *more) for more in ways]
        wait_until(lambda: _settled(shop))
        for look in _LOOKS:
            told += [shop.run(*look), shop.run(*look, "--json")]
        told += [Ended(0, _ask(gateway, *one), "") for one in _over_http(good, bad)]
        told.append(shop.run("quarantine", "replay", "--all", "--yes"))
        wait_until(lambda: _settled(shop))
        told.append(shop.run("dead", "discard", "--all", "--yes"))
    finally:
        up.terminate()
        told.append(ended(up))

    # The run proves something only if every kind of outcome was there to be told.
    status = json.loads(shop.run("status", "--json").out)
    outcomes = {(one["outcome"], one["reason"]) for one in status["verdicts"]}
    assert {("withheld", "duplicate"), ("withheld", "conflict"), ("withheld", "not_owner")} <= (
        outcomes
    )
    assert 20 < sum(one["records"] for one in status["verdicts"] if one["outcome"] == "quarantined")
    assert status["operations"]["delivered"] > 3
    assert 2 == status["operations"]["withheld"], "two were dead, and were discarded"
    assert 0 == told[-1].code
    statuses = {one.out[:3] for one in told}
    assert {"200", "207", "400", "401", "404", "413", "415"} <= statuses
    written = "\n".join(one.out + one.err for one in told)
    assert len(written) > 50_000
    assert [] == re.findall(r".{0,60}canary.{0,30}", written)


def test_the_two_that_are_asked_for_a_person_do_show_them(shop):
    """`show` has the bytes: the canaries above can be found where they belong."""
    word = _canary()
    shop.run("send", shop.file("a.ndjson", word.encode()))

    assert word in shop.run("quarantine", "show", "1").out


def test_an_unexpected_error_shows_where_it_happened_and_not_what_it_says(capsys):
    """The text of an exception that nobody foresaw may hold anything."""
    word = _canary()

    with pytest.raises(failing.typer.Exit) as ended_with, failing.failing_clearly():
        raise ValueError(word)

    err = capsys.readouterr().err
    assert 3 == ended_with.value.exit_code
    assert "test_canaries.py" in err
    assert err.endswith(
        "error: An unexpected ValueError ended the command. "
        "Please report it with the lines above; they hold no customer's data.\n"
    )
    assert word not in err


def test_what_is_planted_is_found_by_the_search(shop):
    """The search itself can fail: a file's own name is said, and found."""
    told = shop.run("send", f"{_canary()}.ndjson")

    assert re.findall(r"canary\d+x", told.err)
