"""Law 1: a repeat that is answered under power makes sure of the record that it repeats."""

from __future__ import annotations

from support.shop import order, say
from truthpoint.stores.sqlite import SqliteJournal


def test_a_repeat_is_written_so_that_its_commit_is_synced_with_all_before_it(tmp_path):
    """What `send` kept without a sync and the gateway answers as a repeat survives a power cut.

    A transaction that changes nothing is not synced; a repeat uses a number up, and so is.
    """
    quick = SqliteJournal(tmp_path)
    say(quick, order("A-1", "1"))
    log = tmp_path / "journal.db-wal"
    before = log.stat().st_size
    durable = SqliteJournal(tmp_path, power=True)
    say(durable, order("A-1", "1"))

    assert log.stat().st_size > before

    durable.close()
    quick.close()
