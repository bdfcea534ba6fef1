"""The mistakes of a first quarter of an hour: each says what, where and what to do."""

from __future__ import annotations

from decimal import Decimal

import pytest

import truthpoint
from support.commands import Shop
from support.gated import gated
from support.shop import CONTRACT, order

WAITS = "A record that breaks the contract waits in `truthpoint quarantine list`."


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@pytest.fixture
def tracker(shop):
    with truthpoint.open(contract=str(CONTRACT), store=f"sqlite:{shop.store}") as opened:
        yield opened


ORDER = {"order_id": "A-1", "total": Decimal("24.00"), "currency": "USD", "items": []}


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({**order("A-1", "1"), "event": "order_payed"}, "Did you mean `order_paid`?"),
        ({**order("A-1", "1"), "source": "bakend"}, "Did you mean `backend`?"),
        ({**order("A-1", "1"), "event": "signed_up"}, "Declare the event in the contract"),
        (b'{"type": "track", "tags": [1,]}', "not JSON: trailing comma in array, at byte 30."),
        (b"{'type': 'track'}", "not JSON: object keys must be strings, at byte 2."),
        (b'{"type": "track"', "not JSON: it is cut off."),
    ],
)
def test_a_broken_record_is_told_with_what_was_meant_or_where(shop, record, says):
    """Names are the contract's, places are bytes: nothing of the record itself is told."""
    told = shop.run("validate", shop.file("a.ndjson", record))

    assert 1 == told.code
    assert says in told.out
    assert "payed" not in told.out
    assert "bakend" not in told.out


def test_one_repeat_is_not_several(shop):
    """The sum of `send` is a sentence."""
    file = shop.file("a.ndjson", order("A-1", "1"))
    shop.run("send", file)

    assert "1 record: 1 repeat, not kept again.\n" == shop.run("send", file).out


def test_who_looks_for_what_broke_the_contract_is_sent_to_quarantine(shop):
    """Nothing is known of a person whose only record was refused a place."""
    shop.run("send", shop.file("a.ndjson", {**order("A-1", "7"), "event": "order_payed"}))
    before = shop.run("person", "7").err
    shop.run("work", "--shadow", "--drain")
    after = shop.run("person", "7").err

    assert "1 record is not decided yet: a worker has to run." in before
    assert f"Nobody in this store is known by this, or several people are. {WAITS}\n" == after


def test_a_finding_and_a_receipt_print_as_a_reader_needs_them(tracker):
    """`print` is the first thing that is tried on what a call returns."""
    receipt = tracker.track("order_payed", person=42, **ORDER)

    assert repr(receipt).endswith("result='invalid', findings=['event_unknown'])")
    assert (
        "event: error event_unknown: The contract does not declare the record's event.\n"
        "    The record goes to quarantine with its bytes and all reasons. "
        "Did you mean `order_paid`? Correct it, or declare it in the contract."
    ) == str(receipt.findings[0])


def test_a_float_for_a_person_is_not_advised_to_be_an_amount(tracker):
    """Ids that went through a spreadsheet are floats too."""
    with pytest.raises(truthpoint.UsageError, match="int or str for an id"):
        tracker.track("order_paid", person=42.5, **ORDER)


@pytest.mark.parametrize(("local", "says"), [("backend", "Take `local`"), (None, "Make one with")])
@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_first_request_without_the_right_key_is_told_of_local_where_it_is_taken(
    tmp_path, local, says, token
):
    """Under `up` no key has to be made."""
    with gated(tmp_path / "store", local_source=local) as gate:
        told = gate.post_lines(order("A-1", "1"), token=token)

    assert 401 == told.status
    assert told.error["hint"].startswith(says)


def test_an_array_with_a_trailing_comma_is_told_where(tmp_path):
    """The place, in bytes of the body."""
    with gated(tmp_path / "store") as gate:
        told = gate.post(b'[{"type": "track"},]', Content_Type="application/json")

    assert 400 == told.status
    assert told.error["message"].endswith("and is none: trailing comma in array, at byte 20.")


@pytest.mark.parametrize("command", ["validate", "send"])
def test_who_gives_the_contract_for_records_is_told_so_and_nothing_is_kept(tmp_path, command):
    """Every line of it would be in quarantine, and say nothing of the contract."""
    contract = tmp_path / "tracking.yaml"
    contract.write_text(CONTRACT.read_text())
    shop = Shop(tmp_path, contract=contract)
    (tmp_path / "other.yml").write_text("truthpoint: 1\n")

    told = shop.run(command, str(contract))
    other = shop.run(command, str(tmp_path / "other.yml"), "--json")

    assert (2, "") == (told.code, told.out)
    assert "tracking.yaml is the contract, and what is read here are records." in told.err
    assert "The contract was read, and it loads" in told.err
    assert (2, "usage") == (other.code, other.error["code"])
    assert "a contract is named by --contract" in other.err
    assert not shop.store.exists()


def test_a_file_of_records_is_not_taken_for_the_contract_by_what_is_not_there(shop):
    """Who mistypes a path is told of the path."""
    told = shop.run("validate", "nowhere.ndjson")

    assert 2 == told.code
    assert "nowhere.ndjson cannot be read" in told.err


def test_a_contract_that_does_not_load_is_told_with_its_findings_whatever_file_is_given(tmp_path):
    """Who wants the contract checked gets that, too."""
    contract = tmp_path / "tracking.yaml"
    contract.write_text("truthpoint: 1\n")
    told = Shop(tmp_path, contract=contract).run("validate", str(contract))

    assert 2 == told.code
    assert "does not load" in told.err
