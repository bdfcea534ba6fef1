"""One process opens a store more than once, and others come and go: nobody loses sight of it."""

from __future__ import annotations

import pytest

from support.commands import Shop
from support.shop import order, say
from truthpoint.core.pauses import PauseKind
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal, SqliteStore

OPENS = {
    "nothing": lambda _: None,
    "a journal": SqliteJournal,
    "a store": SqliteStore,
    "a desk": SqliteDesk,
}


@pytest.mark.parametrize("stays", [True, False], ids=["stays", "closes"])
@pytest.mark.parametrize("second", OPENS, ids=OPENS)
def test_what_another_process_writes_is_seen_whatever_else_is_open_here(tmp_path, second, stays):
    """Law 1: the end of a process must not take a log away that this one still writes.

    POSIX drops all locks of a process on a file when it closes any descriptor of it.
    """
    shop = Shop(tmp_path)
    journal, store = SqliteJournal(shop.store), SqliteStore(shop.store)
    store.acquire()
    beside = OPENS[second](shop.store)
    if beside is not None and not stays:
        beside.close()
    say(journal, order("A-1", "1"))

    assert 0 == shop.spawn("status").code
    assert 0 == shop.spawn("send", shop.file("a.ndjson", order("A-2", "1"))).code
    assert 0 == shop.spawn("pause").code
    say(journal, order("A-3", "1"), start=5)
    seen = len(store.undecided(10)), store.lease(0, operations=1), store.pause_revision()
    after = SqliteDesk(shop.store)
    told = after.backlog().captured, after.pauses()[0].kind

    for one in (journal, store, after, *([beside] if stays and beside else [])):
        one.close()
    assert (3, [], 1) == seen
    assert (3, PauseKind.ALL) == told
