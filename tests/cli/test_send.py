"""`truthpoint send`: what it reports, in text and JSON, from files and pipes."""

from __future__ import annotations

import gzip
import json
import os
import pty
import re
import signal
import subprocess

import pytest

from support.commands import Shop, ended, wait_until
from support.shop import order
from truthpoint.core.records import MAX_RECORD_BYTES

BROKEN = b'{"type": "track", "ev'
TOO_LONG = b"x" * (MAX_RECORD_BYTES + 1)


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def _captured(shop: Shop) -> int:
    return json.loads(shop.run("status", "--json").out)["captured"]


def test_good_records_end_with_0_and_one_line(shop):
    """Nothing noteworthy, nothing said but the sum."""
    told = shop.run("send", shop.file("a.ndjson", order("A-1", "1"), order("A-2", "1")))

    assert (0, "2 records: 2 accepted.\n", "") == (told.code, told.out, told.err)


def test_the_same_file_again_says_so_and_changes_nothing(shop):
    """Repeats are clean: sending again is how an interrupted sending goes on."""
    file = shop.file("a.ndjson", order("A-1", "1"), order("A-1", "1"))
    shop.run("send", file)

    told = shop.run("send", file)

    assert (0, "2 records: 2 repeats, not kept again.\n") == (told.code, told.out)
    assert 2 == _captured(shop)


def test_broken_lines_are_named_with_their_reasons_and_end_with_1(shop):
    """File and line, what is wrong, what happens and what to do; the rest goes on."""
    file = shop.file("a.ndjson", order("A-1", "1"), b"", BROKEN, order("A-2", "1"))

    told = shop.run("send", file)

    assert 1 == told.code
    assert (
        f"{file}:3: will be quarantined\n"
        "  error not_json: The line is not JSON: it is cut off.\n"
        "      The record goes to quarantine with its bytes and all reasons. "
        "Write one JSON object a line.\n"
        "3 records: 2 accepted, 1 will be quarantined.\n"
    ) == told.out


def test_a_line_over_the_limit_is_refused_and_ends_with_1(shop):
    """It is not kept; its neighbours are."""
    file = shop.file("a.ndjson", order("A-1", "1"), TOO_LONG, order("A-2", "1"))

    told = shop.run("send", file)

    assert 1 == told.code
    assert f"{file}:2: refused and not kept\n" in told.out
    assert "Send at most 1 MiB a record." in told.out
    assert told.out.endswith("3 records: 2 accepted, 1 refused and not kept.\n")
    assert 2 == _captured(shop)


def test_an_id_used_again_for_other_content_ends_with_1_and_is_kept(shop):
    """Law 16: the line is named, nothing is dropped, and the same file again is clean."""
    told = [{**order(name, "1"), "record_id": "x"} for name in ("A-1", "A-2")]
    file = shop.file("a.ndjson", *told)

    first, second = shop.run("send", file), shop.run("send", file)

    assert (1, 0) == (first.code, second.code)
    assert (
        f"{file}:2: will be quarantined\n"
        "  record_id: error record_id_reused: Record 1 has the same id and other content.\n"
    ) in first.out
    assert first.out.endswith("2 records: 1 accepted, 1 will be quarantined.\n")
    assert "2 records: 2 repeats, not kept again.\n" == second.out
    assert 2 == _captured(shop)


def test_warnings_are_told_and_are_clean(shop):
    """A property that is left out is worth a line, not a failure."""
    told = shop.run("send", shop.file("a.ndjson", order("A-1", "1", colour="crimson")))

    assert 0 == told.code
    assert "warning property_unknown: `colour` is not declared." in told.out
    assert "crimson" not in told.out


@pytest.mark.parametrize("content", [b"", b"\n\n  \r\n", b"\xef\xbb\xbf"])
def test_an_input_without_records_is_clean(shop, content):
    """There was nothing to do."""
    told = shop.run("send", "-", stdin=content)

    assert (0, "0 records: the input holds none.\n") == (told.code, told.out)


def test_json_reports_every_line_in_the_shape_of_the_design(shop):
    """NDJSON only on standard output; the sum is for people."""
    file = shop.file("a.ndjson", order("A-1", "1"), BROKEN, TOO_LONG, order("A-1", "1"))
    shop.run("send", shop.file("b.ndjson", order("A-1", "1")))

    told = shop.run("send", file, "--json")

    assert 1 == told.code
    assert [
        (1, "repeat"),
        (2, "invalid"),
        (3, "refused"),
        (4, "accepted"),
    ] == [(one["line"], one["result"]) for one in told.lines]
    assert all({"line", "record_id", "result", "findings"} == set(one) for one in told.lines)
    assert [0, 1, 1, 0] == [len(one["findings"]) for one in told.lines]
    assert None is told.lines[2]["record_id"]
    finding = told.lines[1]["findings"][0]
    assert {"code", "severity", "where", "evidence", "consequence", "fix"} == set(finding)
    assert told.err.startswith("4 records: ")


def test_standard_input_is_read_to_its_end(shop):
    """A pipe of any length, named as what it is."""
    lines = b"".join(json.dumps(order(f"A-{n}", "1")).encode() + b"\n" for n in range(1200))

    told = shop.run("send", "-", stdin=lines + BROKEN)

    assert 1 == told.code
    assert "standard input:1201: will be quarantined" in told.out
    assert 1201 == _captured(shop)


def test_a_closed_standard_input_is_said(shop):
    """As a service without one would call it."""
    told = shop.spawn("send", "-", preexec_fn=lambda: os.close(0))

    assert 2 == told.code
    assert "error: Standard input is closed. Pipe records into it, or name a file.\n" == told.err


def test_on_a_terminal_it_says_what_it_waits_for(shop):
    """Whoever typed `send -` without a pipe is not left alone."""
    ours, theirs = pty.openpty()
    process = shop.start("send", "-", stdin=theirs)
    assert process.stderr is not None
    said = process.stderr.readline()
    os.write(ours, json.dumps(order("A-1", "1")).encode() + b"\n\x04")
    told = ended(process)
    os.close(ours)
    os.close(theirs)

    assert b"Reading records from the terminal, one JSON object a line; Ctrl-D ends.\n" == said
    assert (0, "1 record: 1 accepted.\n") == (told.code, told.out)


@pytest.mark.parametrize(
    ("name", "says"),
    [("nowhere.ndjson", "No such file or directory"), (".", "Is a directory")],
)
def test_what_is_no_readable_file_is_said_with_its_path(shop, name, says):
    """Usage: the path is wrong."""
    told = shop.run("send", name)

    assert 2 == told.code
    assert f"error: {name} cannot be read: {says}. Check the path.\n" == told.err
    assert not shop.store.exists()


def test_a_compressed_file_is_refused_instead_of_filling_the_quarantine(shop):
    """The message has the command that works."""
    path = shop.folder / "a.ndjson.gz"
    path.write_bytes(gzip.compress(json.dumps(order("A-1", "1")).encode()))

    told = shop.run("send", str(path))

    assert 2 == told.code
    assert "error: The input is compressed (gzip). Nothing was kept; use: zcat" in told.err
    assert 0 == _captured(shop)


def test_an_input_that_cannot_be_read_to_its_end_says_where_it_stopped(shop):
    """A disk that fails while it is read: what was reported is kept."""
    told = shop.run("send", "/proc/self/mem")

    assert 3 == told.code
    assert "Stopped at the start. Send the same again: nothing is kept twice.\n" in told.err
    assert "error: /proc/self/mem cannot be read any further: Input/output error." in told.err


def test_a_reader_of_the_report_who_leaves_does_not_end_the_capture(shop):
    """`send --json | head -1` captures the whole file all the same, without a word of it."""
    file = shop.file("a.ndjson", *(order(f"A-{n}", "1") for n in range(3000)), BROKEN)
    process = shop.start("send", file, "--json")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read().decode()
    process.stderr.close()

    assert 1 == process.wait()
    assert "3,001 records: 3,000 accepted, 1 will be quarantined.\n" == err
    assert 3001 == _captured(shop)


def test_a_report_that_cannot_be_written_ends_it_clearly(shop):
    """A full disk under the report: exit 3, and the same file again finishes the work."""
    file = shop.file("a.ndjson", *(order(f"A-{n}", "1") for n in range(1200)))
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - it is a device, no path of ours
        told = shop.spawn("send", file, "--json", stdout=full)

    again = shop.run("send", file)

    assert 3 == told.code
    assert "Send the same again: nothing is kept twice." in told.err
    assert "error: Standard output cannot be written: No space left on device." in told.err
    assert 0 == again.code
    assert 1200 == _captured(shop)


def test_ctrl_c_says_where_it_stopped_and_sending_again_finishes(shop):
    """What was reported is kept; the message says what to do."""
    process = shop.start("send", "-", stdin=subprocess.PIPE)
    assert process.stdin is not None
    lines = [json.dumps(order(f"A-{n}", "1")).encode() + b"\n" for n in range(700)]
    process.stdin.write(b"".join(lines))
    process.stdin.flush()
    wait_until(lambda: (shop.store / "journal.db").exists() and _captured(shop) >= 500)
    process.send_signal(signal.SIGINT)
    told = ended(process)
    again = shop.run("send", "-", stdin=b"".join(lines))

    # What is kept is told line by line, and the signal may come in the midst of that.
    stopped = re.match(r"Stopped after line (\d+); up to there everything is kept\. ", told.err)
    assert 3 == told.code
    assert stopped is not None
    assert int(stopped[1]) <= 500
    assert told.err.endswith(
        "Send the same again: nothing is kept twice.\n"
        "error: It was stopped before its end. Run it again.\n"
    )
    assert "700 records: 200 accepted, 500 repeats, not kept again.\n" == again.out


def test_progress_is_drawn_on_a_terminal_only(shop):
    """A bar for people on standard error; nothing of it in a pipe or with --json."""
    file = shop.file("a.ndjson", *(order(f"A-{n}", "1") for n in range(600)))
    ours, theirs = pty.openpty()
    process = shop.start("send", file, stderr=theirs, environment={"TERM": "xterm"})
    out, _ = process.communicate()
    os.close(theirs)
    drawn = os.read(ours, 100_000)
    os.close(ours)
    quiet = shop.run("send", file)

    assert b"600 records: 600 accepted.\n" == out
    assert b"sending" in drawn
    assert "" == quiet.err


def test_records_of_another_source_are_named_with_source(shop):
    """The same line under another source is another record."""
    file = shop.file("a.ndjson", order("A-1", "1"))
    shop.run("send", file)

    told = shop.run("send", file, "--source", "legacy")

    assert "1 record: 1 accepted.\n" == told.out
    assert 2 == _captured(shop)


def test_a_file_name_of_any_bytes_can_be_told(shop):
    """Names are bytes to the system; the message escapes what is no text."""
    told = shop.spawn("send", b"no\xff\x1b[2Jsuch.ndjson")
    as_json = shop.spawn("send", b"no\xffsuch.ndjson", "--json")

    assert (2, 2) == (told.code, as_json.code)
    assert "\x1b" not in told.err
    assert "cannot be read: No such file or directory" in told.err
    assert "usage" == as_json.error["code"]
