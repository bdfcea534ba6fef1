"""`recompute`: totals compared with the ledger, and put right."""

from __future__ import annotations

import json
import sqlite3

import pytest

from support.commands import ended, wait_until
from support.shop import order, refund

CHANGED = ("\nrollups:\n", "\nrollups:\n  purchases: {count: order_paid}\n")


@pytest.fixture
def worked(connected):
    """Two people with totals that are delivered."""
    shop = connected.shop
    said = order("A-1", "1"), order("A-2", "1", total="5"), refund("R-1", "1", "4"), order("B", "2")
    assert 0 == shop.run("send", shop.file("records.ndjson", *said)).code
    assert 0 == shop.run("work", "--drain").code
    return connected


def _change(shop, person, **values):
    """Change totals behind the store's back, as a defect of an earlier version might have."""
    state = sqlite3.connect(shop.store / "state.db", isolation_level=None)
    (text,) = state.execute("SELECT amounts FROM totals WHERE person = ?", (person,)).fetchone()
    kept = {**json.loads(text), **values}
    state.execute("UPDATE totals SET amounts = ? WHERE person = ?", (json.dumps(kept), person))
    state.close()


def _totals(shop, who):
    return shop.run("person", who, "--json").lines[0]["totals"]


def test_totals_that_are_right_are_said_to_be(worked):
    """Law 10: nothing is written, and it ends with 0."""
    told = worked.shop.run("recompute")

    assert (0, "") == (told.code, told.out)
    assert "2 people compared, 0 differ\n" == told.err


def test_what_differs_is_listed_and_ends_with_1(worked):
    """Law 10: whose, which total, as it is and as it should be."""
    _change(worked.shop, 1, orders_count=3, lifetime_value="99")
    told = worked.shop.run("recompute")

    assert 1 == told.code
    assert [
        "1: orders_count is 3, and 2 by the ledger",
        "1: lifetime_value is 99.00, and 11.00 by the ledger",
    ] == told.out.splitlines()
    assert "2 people compared, 1 differs; `truthpoint recompute --mend` puts it right" in told.err
    assert 3 == _totals(worked.shop, "1")["orders_count"]


def test_a_script_gets_one_line_for_each_person(worked):
    """Amounts stay exact: decimals are text."""
    _change(worked.shop, 2, lifetime_value="0.1")
    told = worked.shop.run("recompute", "--json")

    assert [
        {
            "id": "2",
            "person": 2,
            "differences": [{"total": "lifetime_value", "is": "0.10", "ledger": "10.00"}],
            "mended": False,
        }
    ] == told.lines


def test_one_person_alone_can_be_compared(worked):
    """For a marketer who doubts one number."""
    shop = worked.shop
    _change(shop, 1, orders_count=3)

    assert 1 == shop.run("recompute", "--person", "1").code
    other = shop.run("recompute", "--person", "2")
    assert (0, "1 person compared, 0 differ\n") == (other.code, other.err)
    nobody = shop.run("recompute", "--person", "77", "--json")
    assert (1, "absent") == (nobody.code, nobody.error["code"])


def test_what_was_put_right_is_sent_by_the_next_worker(worked):
    """Law 10: the store first, and Customer.io behind it."""
    shop = worked.shop
    _change(shop, 1, orders_count=3)
    told = shop.run("recompute", "--mend")

    assert 0 == told.code
    assert ["1: orders_count is 3, and 2 by the ledger"] == told.out.splitlines()
    assert "2 people compared, 1 put right; the next worker sends it" in told.err
    assert 2 == _totals(shop, "1")["orders_count"]
    assert 0 == shop.run("recompute").code

    before = len(worked.peer.asked)
    assert 0 == shop.run("work", "--drain").code
    sent = worked.peer.asked[before:]
    assert any(b'"orders_count":2' in one.body.replace(b" ", b"") for one in sent)


def test_after_a_change_of_rollups_all_totals_come_to_it(worked):
    """Law 10: a new total counts what was before it, and the worker has nothing to warn of."""
    shop = worked.shop
    text = shop.contract.read_text(encoding="utf-8")
    assert CHANGED[0] in text
    shop.contract.write_text(text.replace(*CHANGED), encoding="utf-8")
    compared = shop.run("recompute")

    assert 1 == compared.code
    assert "1: purchases is absent, and 2 by the ledger" in compared.out
    assert "The contract's rollups are not those that the last worker had." in compared.err

    assert 0 == shop.run("recompute", "--mend").code
    assert "rollups_changed" not in shop.run("work", "--drain").err
    assert 2 == _totals(shop, "1")["purchases"]


def test_a_rollup_of_another_kind_is_refused(worked):
    """Law 10: a number would be taken for something else."""
    shop = worked.shop
    text = shop.contract.read_text(encoding="utf-8")
    changed = text.replace("{count: order_paid}", "{latest: order_paid}", 1)
    shop.contract.write_text(changed, encoding="utf-8")

    for told in (shop.run("recompute"), shop.run("recompute", "--mend")):
        assert 2 == told.code
        assert "is of kind count in this store, and latest in the contract" in told.err


def test_it_compares_beside_a_worker_and_mends_without_one(worked):
    """Law 5: a store has one writer; what to do is said."""
    shop = worked.shop
    _change(shop, 1, orders_count=3)
    process = shop.start("work")
    try:
        wait_until(lambda: b"delivering" in process.stderr.readline())
        compared = shop.run("recompute")
        refused = shop.run("recompute", "--mend")
    finally:
        process.terminate()
        ended(process)

    assert 1 == compared.code
    assert 3 == refused.code
    assert "has a worker already. Stop it (`up` is one too)" in refused.err


def test_without_a_store_nothing_is_made(connected):
    """A wrong path must not look like a store without differences."""
    shop = connected.shop
    for more in ((), ("--mend",)):
        told = shop.run("recompute", *more)

        assert 3 == told.code
        assert "There is no store" in told.err
    assert not shop.store.exists()


def test_whoever_was_erased_is_not_among_those_who_are_compared(worked):
    """Law 20: a row without a name stays of them, and no totals."""
    shop = worked.shop
    shop.run("erase", "2", "--yes")
    shop.run("work", "--drain")

    assert "1 person compared, 0 differ\n" == shop.run("recompute").err
