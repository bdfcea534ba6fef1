"""`status`, `person`, `events`, `quarantine` and `dead`: what happened, and what can be done."""

from __future__ import annotations

import json
import os
import pty
import re
import time

import pytest

from support.commands import Shop, ended
from support.connected import SECRETS, Connected
from support.peer import Said
from support.shop import identify, order

BROKEN = b'{"type": "track", "event": "order_paid", "person": {"id": "1"}, "properties": {}}'
REFUSED = {"errors": [{"batch_index": 0, "reason": "invalid", "field": "attributes.coupon"}]}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _refusing(number: str):
    """Refuse the order of this number, accept everything else."""

    def answer(asked) -> Said:
        batch = json.loads(asked.body)["batch"] if asked.path.endswith("batch") else []
        errors = [
            {
                "batch_index": index,
                "reason": "invalid",
                "field": "attributes.coupon",
                "message": "canary-said",
            }
            for index, item in enumerate(batch)
            if item["attributes"].get("order_id") == number
        ]
        return Said(207, {"errors": errors}) if errors else Said()

    return answer


@pytest.fixture
def worked(connected):
    """One delivered order, one dead, one duplicate, one broken record, one not the owner's."""
    shop, peer = connected.shop, connected.peer
    peer.answer = _refusing("A-2")
    at_ms = _now_ms() - 60_000
    shop.run(
        "send",
        shop.file(
            "records.ndjson",
            identify("1", at_ms=at_ms, email="ana@example.org", created_at="2026-01-01T00:00:00Z"),
            order("A-1", "1", at_ms=at_ms),
            order("A-2", "1", at_ms=at_ms, coupon="canary-coupon"),
            {**order("A-1", "1", at_ms=at_ms), "record_id": "again"},
            BROKEN,
            {**order("A-3", "1", at_ms=at_ms), "source": "legacy"},
            {**order("A-4", "2", at_ms=at_ms - 100 * 3_600_000)},
        ),
    )
    shop.run("work", "--drain")
    return connected


def _outcomes(told) -> list[tuple]:
    return [(one["record"], one["outcome"], one.get("reason")) for one in told.lines]


def test_status_says_what_waits_what_arrived_and_what_did_not(worked):
    """One screen for whoever has the watch."""
    told = worked.shop.run("status")

    assert 0 == told.code
    lines = [" ".join(line.split()) for line in told.out.splitlines()]
    assert "captured 7 records" in lines
    assert "undecided 0 records" in lines
    assert "waiting 0 operations" in lines
    assert "delivered 3 operations" in lines
    assert "dead 1 operation" in lines
    assert "withheld 1 record duplicate" in lines
    assert "withheld 1 record not_owner" in lines
    assert any(line.startswith("quarantined 1 record ") for line in lines)
    assert "delivers to workspace 11111 (`local`)" == lines[-1]


def test_status_as_json_is_one_object(worked):
    """The same, for programs."""
    told = worked.shop.run("status", "--json")

    assert 1 == len(told.lines)
    assert (7, 0, 2) == tuple(told.lines[0][name] for name in ("captured", "undecided", "people"))
    assert ("local", "11111") == (told.lines[0]["workspace"], told.lines[0]["environment"])


def test_status_before_any_worker_says_what_comes_next(connected):
    """A stranger who only sent sees that nothing is lost and what to run."""
    connected.shop.run("send", connected.shop.file("a.ndjson", order("A-1", "1")))

    told = connected.shop.run("status")

    assert "undecided            1 record\n" in told.out
    assert told.out.endswith(
        "nothing was delivered yet: `truthpoint up` or `truthpoint work` does it\n"
    )


def test_a_persons_timeline_has_every_record_and_why(worked):
    """Law 16: each ends in exactly one recorded outcome."""
    told = worked.shop.run("person", "1")
    as_json = worked.shop.run("person", "1", "--json")

    assert (0, 0) == (told.code, as_json.code)
    assert told.out.startswith("person 1: known at Customer.io\ntotals (delivered): ")
    assert "orders_count 2" in told.out
    records = as_json.lines[0]["records"]
    assert {
        (1, "delivered", None),
        (2, "delivered", None),
        (3, "dead", "invalid attributes.coupon"),
        (4, "withheld", "duplicate"),
    } <= {(one["record"], one["outcome"], one.get("reason")) for one in records}
    assert True is as_json.lines[0]["totals_delivered"]


def test_where_is_my_order(worked):
    """By key, with everything that was said of it."""
    told = worked.shop.run("events", "--key", "A-1", "--json")
    text = worked.shop.run("events", "--key", "A-1")

    assert 0 == told.code
    assert [(2, "delivered", None), (4, "withheld", "duplicate")] == _outcomes(told)
    assert text.out.splitlines()[0].split("\t") == [
        *("record", "at", "what", "outcome", "reason", "source", "record_id")
    ]


def test_events_by_name_and_the_latest(worked):
    """With a bound on how many."""
    named = worked.shop.run("events", "--event", "order_paid", "--json", "--limit", "2")
    latest = worked.shop.run("events", "--json")

    assert 2 == len(named.lines)
    assert len(latest.lines) >= 4


WAITS = "A record that breaks the contract waits in `truthpoint quarantine list`."


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (
            ["person", "99"],
            f"Nobody in this store is known by this, or several people are. {WAITS}",
        ),
        (["events", "--key", "Z-9"], f"No event was found. {WAITS}"),
        (["events", "--event", "order_payed"], f"No event was found. {WAITS}"),
        (["dead", "show", "99"], "The journal has no record 99."),
    ],
)
def test_what_is_not_there_ends_with_1_and_says_so(worked, command, says):
    """In text on standard error, as JSON on standard output beside it."""
    told = worked.shop.run(*command)
    as_json = worked.shop.run(*command, "--json")

    assert (1, f"{says}\n", "") == (told.code, told.err, told.out)
    assert {"code": "absent", "message": says, "exit_code": 1} == as_json.error
    assert 1 == as_json.code


def test_what_is_not_decided_yet_is_hinted_at(connected):
    """Sent and not found is not lost: a worker has to run."""
    shop = connected.shop
    shop.run("send", shop.file("a.ndjson", order("A-1", "1"), BROKEN))

    for command in (["person", "1"], ["events", "--key", "A-1"]):
        assert shop.run(*command).err.endswith(
            " 2 records are not decided yet: a worker has to run.\n"
        )
    assert (
        "There is none. 2 records are not decided yet: a worker has to run.\n"
        == shop.run("quarantine", "list").out
    )


def test_quarantine_lists_shows_and_discards(worked):
    """The bytes as they came, with all reasons; then out of sight, for good."""
    shop = worked.shop
    listed = shop.run("quarantine", "list", "--json")
    shown = shop.run("quarantine", "show", "5")
    as_json = shop.run("quarantine", "show", "5", "--json").lines[0]
    discarded = shop.run("quarantine", "discard", "5", "--yes")

    assert [(5, "quarantined", "property_missing")] == _outcomes(listed)
    assert BROKEN.decode() in shown.out
    assert 4 == shown.out.count("error property_missing")
    assert BROKEN.decode() == as_json["body"]
    assert 4 == len(as_json["findings"])
    assert "1 will be withheld for good (discarded).\n1 discarded.\n" == discarded.out
    assert [] == shop.run("quarantine", "list", "--json").lines


def test_a_replayed_record_is_decided_again(worked):
    """Under the contract at hand: still broken, it is quarantined again; nothing else moves."""
    shop = worked.shop
    told = shop.run("quarantine", "replay", "--all", "--yes")
    pending = shop.run("quarantine", "show", "5", "--json").lines[0]["outcome"]
    shop.run("work", "--drain")

    assert 0 == told.code
    assert told.out.endswith("1 will be decided again.\n")
    assert "pending" == pending
    assert [5] == [one["record"] for one in shop.run("quarantine", "list", "--json").lines]


def test_dead_lists_without_the_peers_words_and_shows_them_with_the_record(worked):
    """Law 21: Customer.io's words can repeat a customer's value, so lists leave them out."""
    shop = worked.shop
    listed = shop.run("dead", "list")
    shown = shop.run("dead", "show", "3")
    as_json = shop.run("dead", "show", "3", "--json").lines[0]

    assert "invalid attributes.coupon" in listed.out
    assert "canary" not in listed.out
    assert "Customer.io said: canary-said\n" in shown.out
    assert "canary-coupon" in shown.out
    assert ("invalid attributes.coupon", "canary-said") == (as_json["reason"], as_json["said"])


def test_dead_is_sent_again_after_saying_what_it_can_trigger(worked):
    """Law 16: a replay says first what it would still trigger, then it is delivered once."""
    shop, peer = worked.shop, worked.peer
    peer.answer = lambda _: Said()
    peer.asked.clear()

    told = shop.run("dead", "replay", "3", "--yes")
    shop.run("work", "--drain")

    assert (
        "1 chosen: 1 happened within 72 hours and can still start campaigns that an event "
        "triggers, 0 are older and cannot.\n1 will be sent again.\n"
    ) == told.out
    sent = [
        item
        for asked in peer.asked
        if asked.path == "/api/v2/batch"
        for item in json.loads(asked.body)["batch"]
    ]
    assert ["A-2"] == [item["attributes"]["order_id"] for item in sent if item.get("name")]
    assert [] == shop.run("dead", "list", "--json").lines


def test_without_a_terminal_to_ask_on_yes_is_needed(worked):
    """A script cannot answer; nothing changes."""
    for act in ("replay", "discard"):
        told = worked.shop.run("dead", act, "--all")

        assert 2 == told.code
        assert "There is no terminal to ask on. Nothing was changed; add --yes." in told.err
    assert 1 == len(worked.shop.run("dead", "list", "--json").lines)


@pytest.mark.parametrize(
    ("typed", "code", "left", "says"),
    [
        (b"n\n", 0, 1, "Nothing was changed."),
        (b"\n", 0, 1, "Nothing was changed."),
        (b"y\n", 0, 0, "1 discarded."),
        (b"\x03", 3, 1, "stopped before its end"),
        (b"\x04", 3, 1, "stopped before its end"),
    ],
)
def test_on_a_terminal_it_asks_first(worked, typed, code, left, says):
    """No is the default; Ctrl-C and Ctrl-D change nothing."""
    ours, theirs = pty.openpty()
    process = worked.shop.start(
        "dead", "discard", "--all", stdin=theirs, start_new_session=True, preexec_fn=_take_terminal
    )
    assert process.stdout is not None
    asked = b""
    while b"[y/N]" not in asked:
        asked += os.read(process.stdout.fileno(), 1000)
    os.write(ours, typed)
    told = ended(process)
    os.close(ours)
    os.close(theirs)

    assert code == told.code
    assert says in told.out + told.err
    assert "Traceback" not in told.err
    assert left == len(worked.shop.run("dead", "list", "--json").lines)


def _take_terminal() -> None:
    import fcntl  # noqa: PLC0415 - in the child only
    import termios  # noqa: PLC0415 - in the child only

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_on_a_terminal_columns_are_aligned_and_nothing_is_cut_off(worked):
    """However narrow it is: an id that is cut cannot be copied."""
    ours, theirs = pty.openpty()
    told = worked.shop.spawn("events", "--key", "A-1", stdout=theirs)
    os.close(theirs)
    heading, *rows = os.read(ours, 100_000).decode().splitlines()
    os.close(ours)

    assert 0 == told.code
    assert 2 == len(rows)
    start = heading.index("record_id")
    assert {" "} == {row[start - 1] for row in rows}
    assert {32, len("again")} == {len(row[start:]) for row in rows}
    assert "\t" not in heading


def test_a_long_list_says_that_there_is_more(connected):
    """The bound is said where it cuts."""
    shop = connected.shop
    shop.run("send", shop.file("a.ndjson", *(b"broken %d" % n for n in range(5))))
    shop.run("work", "--drain")

    told = shop.run("quarantine", "list", "--limit", "3")

    assert 4 == len(told.out.splitlines())
    assert "The first 3; --limit shows more.\n" == told.err


def test_what_a_record_holds_cannot_steer_the_terminal(connected):
    """Control characters of a record are shown as what they are, in lists and in full."""
    shop = connected.shop
    nasty = {**order("A-1", "x"), "record_id": "a\tb\n\x1b[2Jc"}
    shop.run("send", shop.file("a.ndjson", nasty, b"\x1b]0;owned\x07 \x9b2J {broken"))
    shop.run("work", "--drain")

    listed = shop.run("quarantine", "list")
    shown = shop.run("quarantine", "show", "2")

    assert "a\\x09b\\x0a\\x1b[2Jc" in listed.out
    assert "\\x1b]0;owned\\x07" in shown.out
    assert not {"\x1b", "\x07", "\x9b"} & set(listed.out + shown.out)


def test_a_reader_who_has_seen_enough_is_no_failure(worked):
    """`truthpoint status | head -1` ends with 0 and without a word."""
    process = worked.shop.start("events", "--json")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()

    assert (0, b"") == (process.wait(), err)


@pytest.mark.parametrize("command", [["status"], ["events"], ["person", "1", "--json"]])
def test_an_output_that_cannot_be_written_is_said(worked, command):
    """A full disk under a report: exit 3, said once."""
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - it is a device, no path of ours
        told = worked.shop.spawn(*command, stdout=full)

    assert 3 == told.code
    assert (
        "error: Standard output cannot be written: No space left on device. "
        "Mend that, then run it again.\n"
    ) == told.err


def test_a_terminal_that_speaks_ascii_gets_numbers_for_letters(connected):
    """No record makes a command fail because of its letters."""
    shop = connected.shop
    shop.run("send", shop.file("a.ndjson", "é".encode() + b"{broken"))

    told = shop.spawn("quarantine", "show", "1", environment={"PYTHONIOENCODING": "ascii"})

    assert 0 == told.code
    assert "\\xe9{broken" in told.out


def test_two_stores_and_two_workspaces_stay_apart(connected: Connected):
    """What one shop sees is its own."""
    shop = connected.shop
    other = Shop(shop.folder / "other", contract=shop.contract)
    other.folder.mkdir()
    shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
    other.run("send", other.file("a.ndjson", order("A-2", "1")))
    shop.run("work", "--drain", "--workspace", "staging", **SECRETS)
    other.run("work", "--drain")

    assert "(`staging`)" in shop.run("status").out
    assert "(`local`)" in other.run("status").out
    assert 1 == shop.run("events", "--key", "A-2").code


def test_a_repeat_that_names_another_person_is_said_to(worked):
    """Two people under one order number are no retry: the key is wrong, or too coarse."""
    shop = worked.shop
    shop.run("send", shop.file("b.ndjson", {**order("A-1", "2"), "record_id": "taken"}))
    shop.run("work", "--drain")

    told = shop.run("events", "--key", "A-1", "--json").lines
    timeline = shop.run("person", "1")

    assert [None, 2, 2] == [one.get("repeats") for one in told]
    assert [None, None, True] == [one.get("other_person") for one in told]
    assert "withheld, because it repeats record 2, which is another person's.\n" in timeline.out
    assert "withheld, because it repeats record 2.\n" in timeline.out


def test_status_says_how_fast_records_come_and_operations_go(worked):
    """Means over the last minute, from what the store keeps: no worker runs any more."""
    text = worked.shop.run("status").out
    told = worked.shop.run("status", "--json").lines[0]["rates"]

    assert told["captured_per_second"] == pytest.approx(7 / 60, abs=0.01)
    assert told["delivered_per_second"] > 0
    assert re.search(r"^last minute  captured 0\.1/s, delivered \d+\.\d/s$", text, re.MULTILINE)
