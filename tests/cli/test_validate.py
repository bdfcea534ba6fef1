"""`truthpoint validate`: what would happen to records, and that nothing does happen."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from support.commands import Shop
from support.shop import CONTRACT, identify, order
from truthpoint.core.records import MAX_RECORD_BYTES

BROKEN = b'{"type": "track", "ev'
TOO_LONG = b"x" * (MAX_RECORD_BYTES + 1)


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def _ends(told):
    return [(one["line"], one["result"], one["outcome"], one["reason"]) for one in told.lines]


def test_good_records_end_with_0_and_one_line_and_leave_no_trace(shop):
    """No store is made."""
    file = shop.file("a.ndjson", identify("1", created_at="2026-01-01T00:00:00Z"), order("A", "1"))

    told = shop.run("validate", file)

    assert (0, "2 records: 2 would be sent.\n") == (told.code, told.out)
    assert "" == told.err
    assert not shop.store.exists()


def test_what_the_contract_has_to_say_is_said_beside_the_result(tmp_path):
    """What waits changes nothing; where money could be held, it ends with 1 (law 8)."""
    text = CONTRACT.read_text()
    shop = Shop(tmp_path, contract=tmp_path / "tracking.yaml")
    file = shop.file("a.ndjson", identify("1", created_at="2026-01-01T00:00:00Z"))
    shop.contract.write_text(text + "\nsegments: segments.yaml\n")
    waits = shop.run("validate", file)
    held = text.replace("unresolved: quarantine", "unresolved: {other: {hold: 1h}}")
    assert held != text
    shop.contract.write_text(held)
    told = shop.run("validate", file)

    assert 0 == waits.code
    assert "The contract's rules for segments wait for a later version.\n" == waits.err
    assert (1, "1 record: 1 would be sent.\n") == (told.code, told.out)
    assert "person.unresolved.other: error critical_could_be_held: A record of `order" in told.err


def test_each_fate_is_said_in_the_shape_of_send_and_two_keys_more(shop):
    """NDJSON only on standard output; what was not kept has no outcome."""
    named = {**order("A-9", "1"), "record_id": "x"}
    file = shop.file(
        "a.ndjson",
        order("A-1", "1"),
        BROKEN,
        b"",
        TOO_LONG,
        order("A-1", "1"),
        order("A-1", "1", total="11.00"),
        {**order("A-2", "1"), "source": "legacy"},
        named,
        named,
        order("A-3", "ana@example.org"),
    )

    told = shop.run("validate", file, "--json")

    assert 1 == told.code
    assert [
        (1, "accepted", "delivered", None),
        (2, "invalid", "quarantined", "not_json"),
        (4, "refused", None, "record_too_large"),
        (5, "accepted", "withheld", "duplicate"),
        (6, "accepted", "withheld", "conflict"),
        (7, "accepted", "withheld", "not_owner"),
        (8, "accepted", "delivered", None),
        (9, "repeat", None, "record_id"),
        (10, "invalid", "quarantined", "person_id_pattern"),
    ] == _ends(told)
    shape = {"line", "record_id", "result", "findings", "outcome", "reason"}
    assert all(shape == set(one) for one in told.lines)
    assert told.err.startswith("9 records: 2 would be sent, ")


def test_text_names_the_line_the_fate_and_the_reasons(shop):
    """A repeat names the line that it repeats: lines are the records' numbers."""
    file = shop.file("a.ndjson", b"", order("A-1", "1"), order("A-1", "1"), BROKEN)

    told = shop.run("validate", file)

    assert 1 == told.code
    assert (
        f"{file}:3: would be withheld (duplicate)\n"
        "  info duplicate: A repeat of record 2.\n"
        "      It is the same business moment as an earlier record, and is not sent again. "
        "Nothing to do.\n"
        f"{file}:4: would be quarantined\n"
        "  error not_json: The line is not JSON: it is cut off.\n"
        "      The record goes to quarantine with its bytes and all reasons. "
        "Write one JSON object a line.\n"
        "3 records: 1 would be sent, 1 would be withheld (duplicate), 1 would be quarantined.\n"
    ) == told.out


def test_a_record_id_that_is_used_for_two_things_names_the_first_by_its_line(shop):
    """Not by its place among the records that were kept."""
    first, second = ({**order(name, "1"), "record_id": "x"} for name in ("A-1", "A-2"))
    told = shop.run("validate", shop.file("a.ndjson", b"", BROKEN, first, second, second), "--json")

    (found,) = told.lines[2]["findings"]
    fates = [(one["result"], one["outcome"], one["reason"]) for one in told.lines[2:]]
    assert ("invalid", "quarantined", "record_id_reused") == fates[0]
    assert ("repeat", None, "record_id") == fates[1]
    assert ("record_id_reused", "Record 3 has the same id and other content.") == (
        found["code"],
        found["evidence"],
    )


def test_withheld_conflicting_and_repeated_records_are_clean(shop):
    """1 is for what would be quarantined or refused."""
    again = {**order("A-1", "1", total="12.00"), "record_id": "x"}
    file = shop.file("a.ndjson", order("A-1", "1"), again, again)

    told = shop.run("validate", file)

    assert 0 == told.code
    assert told.out.endswith(
        "3 records: 1 would be sent, 1 would be withheld (conflict), 1 would not be kept again.\n"
    )


def test_the_first_identify_of_a_person_is_held_to_what_is_required(shop):
    """A warning once, as the decision would give it."""
    file = shop.file("a.ndjson", identify("1"), identify("1", name="x"), identify("2"))

    told = shop.run("validate", file, "--json")

    assert [["attribute_missing"], [], ["attribute_missing"]] == [
        [found["code"] for found in one["findings"]] for one in told.lines
    ]
    assert 0 == told.code


def test_no_value_that_a_customer_gave_is_shown(shop):
    """Law 21: kinds, counts and paths only."""
    canary = "canary7hunter2"
    bad = order("A-1", canary, total=canary, colour=canary)
    file = shop.file("a.ndjson", bad, {**order(canary, "1"), "at": canary})

    told = [shop.run("validate", file), shop.run("validate", file, "--json")]

    assert [1, 1] == [one.code for one in told]
    assert canary not in "".join(one.out + one.err for one in told)


def test_standard_input_and_long_inputs_keep_one_memory(shop):
    """A repeat is seen over the batches in which lines are read."""
    lines = [order(f"A-{number}", str(number % 7)) for number in range(1100)]
    file = shop.file("a.ndjson", *lines, lines[0], order("A-1099", "1"))

    told = shop.run("validate", "-", stdin=Path(file).read_bytes())

    assert "standard input:1101: would be withheld (duplicate)\n" in told.out
    assert "A repeat of record 1100." in told.out
    assert told.out.endswith(
        "1,102 records: 1,100 would be sent, 2 would be withheld (duplicate).\n"
    )


def test_a_reader_who_has_seen_enough_ends_it_quietly(shop):
    """As with `head`: nothing is wrong."""
    lines = [order(f"A-{number}", "1") for number in range(3000)]
    with shop.start("validate", shop.file("a.ndjson", *lines), "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()

    assert (0, b"") == (process.returncode, said)


def test_an_input_that_breaks_off_is_said(shop):
    """It opens like a file, and its first bytes cannot be read."""
    told = shop.run("validate", "/proc/self/mem")

    assert 3 == told.code
    assert "error: /proc/self/mem cannot be read any further: " in told.err
    assert "Check the disk or the pipe." in told.err


@pytest.mark.parametrize("content", [b"", b"\n\n  \r\n"])
def test_an_input_without_records_is_clean(shop, content):
    """There was nothing to judge."""
    told = shop.run("validate", "-", stdin=content)

    assert (0, "0 records: the input holds none.\n") == (told.code, told.out)


def test_what_cannot_be_read_or_understood_is_said(shop):
    """File, compression, source and contract, each with what to do."""
    file = shop.file("a.ndjson", order("A-1", "1"))
    packed = shop.folder / "a.gz"
    packed.write_bytes(gzip.compress(b"{}"))
    calls = (
        ([str(shop.folder / "none")], "cannot be read: No such file or directory."),
        ([str(packed)], "The input is compressed (gzip)."),
        ([file, "--source", "nobody"], "declares no source `nobody`."),
        ([file, "--contract", "nowhere.yaml"], "The contract nowhere.yaml cannot be read"),
    )

    for arguments, said in calls:
        told = shop.run("validate", *arguments)

        assert 2 == told.code
        assert said in told.err
