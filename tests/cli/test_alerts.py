"""Alerts of `work` and `up`: through a command and an address, once for each episode."""

from __future__ import annotations

import asyncio
import json
import signal
import stat
import sys

import pytest

from support.commands import ended, wait_until
from support.connected import SECRETS
from support.peer import REGION, Said, listening
from support.shop import order
from truthpoint.core.watch import Alert, Trouble
from truthpoint.hooks import CommandHook, FileMemory, UrlHook
from truthpoint.ports import HookFailed
from truthpoint.workers import alerts

STAGING = ("--workspace", "staging")


@pytest.fixture
def shop(connected):
    return connected.shop


@pytest.fixture
def hook(tmp_path):
    """A command that keeps what it is told, and the alerts that it was told."""
    program, kept = tmp_path / "hook.py", tmp_path / "told.ndjson"
    program.write_text(
        "import os, sys\n"
        f"with open({str(kept)!r}, 'ab') as file:\n"
        "    file.write(sys.stdin.buffer.read())\n"
        "assert os.environ['TRUTHPOINT_ALERT']\n"
    )

    def told() -> list[dict]:
        text = kept.read_text() if kept.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    return f"{sys.executable} {program}", told


def _short(told: list[dict]) -> list[tuple[str, str, str]]:
    return [(one["alert"], one["subject"], one["state"]) for one in told]


def test_a_stop_of_delivery_is_told_once_over_restarts_and_once_when_it_goes_on(
    shop, connected, hook
):
    """A supervisor that starts the worker again and again does not repeat the alert."""
    command, told = hook
    shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
    connected.peer.answer = lambda _: Said(401, {"errors": [{"detail": "canary"}]})
    options = (*STAGING, "--alert-command", command)
    codes = [shop.run("work", "--drain", *options, **SECRETS).code for _ in range(3)]
    while_stopped = told()
    connected.peer.answer = lambda _: Said()
    mended = shop.run("work", "--drain", *options, **SECRETS)

    assert [3, 3, 3, 0] == [*codes, mended.code]
    assert [("delivery_stopped", "", "firing")] == _short(while_stopped)
    assert [("delivery_stopped", "", "recovered")] == _short(told()[1:])
    assert while_stopped[0]["text"].startswith("[staging] firing: Delivery has stopped: ")
    assert {"text", "alert", "subject", "state", "workspace", "since", "at"} == (
        while_stopped[0].keys()
    )
    assert "canary" not in json.dumps(told())


def test_another_workspace_than_the_contract_says_is_a_stop_too(shop, connected, hook):
    """Law 19: nothing is sent, and somebody is told."""
    command, told = hook
    connected.peer.region = Said(body={**REGION, "environment_id": 9})

    assert 3 == shop.run("work", *STAGING, "--alert-command", command, **SECRETS).code
    assert [("delivery_stopped", "", "firing")] == _short(told())


def test_silence_and_lag_are_told_while_a_worker_runs_and_when_they_are_over(shop, hook):
    """By a command and an address side by side; each takes every alert."""
    command, told = hook
    with listening() as chat:
        shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
        shop.run("pause")
        program = (
            "import sys; from truthpoint.workers import alerts; alerts.LOOK_SECONDS = 0.05\n"
            "from truthpoint.cli.main import run\n"
            "sys.argv = ['truthpoint', 'work', '--alert-lag', '1s', "
            "'--alert-silence', 'order_paid=1s', '--alert-command', sys.argv[1], "
            "'--alert-url', sys.argv[2]]\nrun()"
        )
        process = shop._process("-c", program, command, chat.url)
        wait_until(lambda: 2 == len(told()))
        began = sorted(_short(told()))
        shop.run("resume")
        wait_until(lambda: ("lag", "critical", "recovered") in _short(told()))
        shop.run("send", shop.file("b.ndjson", order("A-2", "2")))
        wait_until(lambda: ("silence", "order_paid", "recovered") in _short(told()))
        process.send_signal(signal.SIGTERM)
        last = ended(process)
        posted = [json.loads(asked.body) for asked in chat.asked]

    assert [("lag", "critical", "firing"), ("silence", "order_paid", "firing")] == began
    assert 0 == last.code
    assert sorted(_short(told())) == sorted(_short(posted))
    lag = next(one for one in posted if one["alert"] == "lag")
    assert "1 person waits. A pause is in force." in lag["text"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--alert-lag", "soon"), "`soon` is no duration."),
        (("--alert-silence", "order_paid"), "names no event of the contract"),
        (("--alert-silence", "oder_paid=2h", "--alert-url", "http://x"), "names no event"),
        (("--alert-silence", "order_paid=2y", "--alert-url", "http://x"), "`2y` is no duration"),
        (("--alert-silence", "order_paid=2h"), "and nobody to tell"),
        (("--alert-url", "chat.example.org"), "--alert-url is no address."),
        (("--alert-command", "no-such-program-here"), "no program that can be run"),
        (("--alert-command", "'unclosed"), "no program that can be run"),
    ],
)
def test_options_that_would_tell_nobody_are_refused(shop, options, says):
    """Exit 2 before anything runs: a silent alert is worse than none."""
    told = shop.run("work", "--drain", *options)

    assert 2 == told.code
    assert says in told.err


def test_a_hook_that_fails_is_said_and_does_not_stop_delivery(shop, connected, tmp_path):
    """Its own words are not repeated; the alert stays to be told."""
    connected.peer.region = Said(401)

    told = shop.run("work", "--alert-command", f"{sys.executable} -c 'raise SystemExit(9)'")

    assert 3 == told.code
    assert "alerts: a hook did not take `delivery_stopped`: the command ended with 9\n" in told.err
    assert not (shop.store / "alerts.json").exists()


ALERT = Alert(trouble=Trouble.LAG, subject="live", recovered=False, since_ms=0, text="late")


def _sent(hook) -> str:
    """Send an alert; return why it was not taken."""

    async def story() -> str:
        try:
            await hook.send(b'{"text": "late"}', ALERT)
        except HookFailed as failed:
            return failed.reason
        finally:
            await hook.close()
        return ""

    return asyncio.run(story())


def test_an_address_takes_an_alert_with_2xx_and_nothing_else():
    """A redirect is not followed, and the address is not told: it can hold a secret."""
    with listening() as chat:
        reasons = []
        for said in (Said(204, b""), Said(302, headers={"Location": "/x"}), Said(500), Said(None)):
            chat.answer = lambda _, said=said: said
            reasons.append(_sent(UrlHook(f"{chat.url}/canary")))
        gone = chat.url
    reasons.append(_sent(UrlHook(f"{gone}/canary")))

    assert ["", "the address answered HTTP 302", "the address answered HTTP 500"] == reasons[:3]
    assert all(one.startswith("the address did not answer (") for one in reasons[3:])
    assert "canary" not in "".join(reasons)


def test_a_command_that_hangs_is_ended(monkeypatch):
    """It may take thirty seconds, and delivery never waits for it."""
    monkeypatch.setattr("truthpoint.hooks.HOOK_SECONDS", 0.05)
    hangs = CommandHook(f"{sys.executable} -c 'import time; time.sleep(600)'")

    assert "the command took over 0 seconds" == _sent(hangs)
    assert "the command cannot be started (No such file or directory)" == _sent(
        CommandHook("no-such-program-here")
    )


def test_what_was_told_is_kept_privately_and_nonsense_is_forgotten(tmp_path):
    """0600; a file that cannot be read costs at most an alert told twice."""
    memory = FileMemory(tmp_path)
    told = {(Trouble.LAG, "live"): 5, (Trouble.STOPPED, ""): 7}
    memory.save(told)
    mode = stat.S_IMODE((tmp_path / "alerts.json").stat().st_mode)

    assert (told, 0o600) == (memory.load(), mode)
    for nonsense in (b"", b"{}", b'[["unknown", "", 1]]'):
        (tmp_path / "alerts.json").write_bytes(nonsense)
        assert {} == memory.load()
    FileMemory(tmp_path / "nowhere").save(told)
    assert 10.0 == alerts.LOOK_SECONDS
