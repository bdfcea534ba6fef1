"""Looking at people, ledger and totals beside a worker."""

from __future__ import annotations

from itertools import islice

import pytest

from support.shop import EXAMINER, order, say
from support.virtual import START_MS, StoppedClock
from truthpoint.errors import StoreUnusable
from truthpoint.stores.sqlite import SqliteBooks, SqliteJournal, SqliteStore
from truthpoint.workers import Decider
from truthpoint.workers.recounting import PAGE_PEOPLE, Recounting, put_right


@pytest.fixture
def shop(tmp_path):
    """A journal, and a worker that decides."""
    journal, store = SqliteJournal(tmp_path), SqliteStore(tmp_path)
    store.acquire()
    yield journal, store, Decider(store, EXAMINER, StoppedClock())
    store.close()
    journal.close()


def _differ(books):
    recounting = Recounting(books.knowledge, EXAMINER.contract, now_ms=START_MS)
    return [one for page in recounting.pages() for one in page], recounting.compared


def test_what_is_asked_for_within_a_snapshot_is_of_one_moment(shop, tmp_path):
    """Law 10: a worker that goes on meanwhile makes no difference that is none."""
    journal, _, decider = shop
    say(journal, order("A-1", "1"))
    decider.step()
    books = SqliteBooks(tmp_path)
    with books.knowledge.snapshot():
        (before,) = books.knowledge.totals([1])
        say(journal, order("A-2", "1"), start=1)
        decider.step()
        (still,) = books.knowledge.totals([1])
        moments = books.knowledge.moments([1])
    (after,) = books.knowledge.totals([1])
    books.close()

    assert 1 == before.values["orders_count"] == still.values["orders_count"] == len(moments)
    assert 2 == after.values["orders_count"]


def test_everybody_is_compared_a_page_at_a_time(shop, tmp_path):
    """Law 10: however many people there are; and a page is written before the next one is read."""
    journal, store, decider = shop
    count = 2 * PAGE_PEOPLE + 1
    say(journal, *(order(f"A-{number}", str(number)) for number in range(1, count + 1)))
    while decider.step():
        pass
    books = SqliteBooks(tmp_path)

    assert ([], count) == _differ(books)
    assert books.rollups() is None

    store.keep_rollups("orders_count=count:order_paid")
    assert "orders_count=count:order_paid" == books.rollups()

    recounting = Recounting(store.knowledge, EXAMINER.contract, now_ms=START_MS)
    assert 3 == len(list(islice(recounting.pages(), 5)))
    put_right(store, [])
    books.close()


def test_a_folder_without_a_store_has_no_books(tmp_path):
    """A wrong path is said, and nothing is made."""
    with pytest.raises(StoreUnusable, match="There is no store"):
        SqliteBooks(tmp_path / "nowhere")

    assert not (tmp_path / "nowhere").exists()
