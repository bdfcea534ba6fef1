"""Looking into a store writes nothing: not the store's files, not into its folder."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support.commands import Shop, ended
from support.shop import CONTRACT, order
from truthpoint.errors import StoreUnusable
from truthpoint.stores.sqlite import SqliteJournal, SqliteStore

LOOKS = {
    "status": ["status"],
    "person": ["person", "1"],
    "events": ["events"],
    "quarantine list": ["quarantine", "list"],
    "quarantine show": ["quarantine", "show", "1"],
    "dead list": ["dead", "list"],
}


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_looking_makes_no_state(shop, look):
    """A store that only captured so far has no state, and looking makes none."""
    shop.run("send", shop.file("a.ndjson", order("A-1", "1")))

    told = shop.run(*look)

    assert told.code in (0, 1)
    assert not (shop.store / "state.db").exists()


def test_status_of_a_store_that_only_captured_counts_what_waits(shop):
    """It is as if a worker had come and done nothing."""
    shop.run("send", shop.file("a.ndjson", order("A-1", "1"), order("A-2", "1")))

    told = shop.run("status", "--json")

    assert (2, 2) == (told.lines[0]["captured"], told.lines[0]["undecided"])


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_folder_that_is_not_there_or_holds_nothing_is_said_and_left_alone(shop, look):
    """What is missing, and what to do; nothing is made."""
    nowhere = shop.run(*look)
    made = shop.store.exists()
    shop.store.mkdir()
    empty = shop.run(*look)

    assert (3, 3, False) == (nowhere.code, empty.code, made)
    assert (
        f"error: There is no store at {shop.store}. "
        "Send a first record, or name the store's folder with --store.\n"
    ) == nowhere.err
    assert (
        f"error: The store {shop.store} holds nothing yet. "
        "Send a first record, or name another folder with --store.\n"
    ) == empty.err
    assert [] == list(shop.store.iterdir())


@pytest.mark.parametrize("how", ["missing", "empty"])
def test_half_a_store_is_said(shop, how):
    """A state without its journal is no store that holds nothing."""
    SqliteStore(shop.store).close()
    (shop.store / "journal.db").unlink()
    if how == "empty":
        (shop.store / "journal.db").touch()

    told = shop.run("status")

    assert 3 == told.code
    assert f"error: {shop.store}/journal.db is {how}, and state.db beside it is not." in told.err


def test_a_state_of_an_earlier_version_is_not_raised_by_a_look(shop):
    """An earlier worker may run on it; the next worker raises it."""
    shop.run("send", shop.file("a.ndjson", order("A-1", "1")))
    SqliteStore(shop.store).close()
    connection = sqlite3.connect(shop.store / "state.db")
    connection.execute("PRAGMA user_version = 1")
    connection.close()

    told = shop.run("status")

    assert 3 == told.code
    assert "state.db was written by an earlier version (its schema is 1, this version" in told.err
    assert "Start a worker once: it raises the file to this version.\n" in told.err


def test_damage_is_told_of_the_file_that_has_it(shop):
    """An operator restores what is broken, and not the other one."""
    shop.run("send", shop.file("a.ndjson", *(order(f"A-{n}", "1") for n in range(200))))
    SqliteStore(shop.store).close()
    path = shop.store / "journal.db"
    data = bytearray(path.read_bytes())
    data[8192:] = b"\xff" * len(data[8192:])
    path.write_bytes(data)

    told = [shop.run(*look) for look in (["status"], ["events"], ["quarantine", "show", "1"])]
    store = SqliteStore(shop.store)
    with pytest.raises(StoreUnusable) as in_worker:
        store.undecided(500)
    store.close()

    damaged = [one.err for one in told if one.code == 3]
    assert damaged
    assert all(one.startswith(f"error: {path}: it is damaged.") for one in damaged)
    assert str(in_worker.value).startswith(f"{path}: it is damaged.")


_AS_NOBODY = """
import os, sys
from truthpoint.cli.main import app, run
# Everything is imported while it may still be read.
try:
    app([*sys.argv[2:], "--store", "sqlite:" + sys.argv[1]], standalone_mode=False)
except SystemExit:
    pass
del sys.argv[1]
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
run()
"""


def _looked(shop: Shop, warm: Path, *look: str):
    """Look as somebody who may write nowhere: root may write everywhere."""
    return ended(
        subprocess.Popen(
            [sys.executable, "-c", _AS_NOBODY, str(warm), *look],
            env=shop.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    )


@pytest.fixture
def readable():
    """A folder that others may look into: pytest's own are closed to them."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        yield folder


def _close_to_writing(store: Path) -> list[str]:
    for path in store.iterdir():
        path.chmod(0o444)
    store.chmod(0o555)
    return sorted(path.name for path in store.iterdir())


@pytest.mark.parametrize("copied", ["after all closed it", "in use"])
def test_a_folder_that_takes_no_file_can_be_looked_into(readable, tmp_path, copied):
    """A copy on a medium that is not to be written, with its log or without one."""
    shop = Shop(readable, contract=Path(shutil.copy(CONTRACT, readable)))
    source = Shop(tmp_path)
    source.run("send", source.file("a.ndjson", order("A-1", "1")))
    used = SqliteStore(source.store), SqliteJournal(source.store)
    used[0].acquire()
    source.run("send", source.file("b.ndjson", order("A-2", "1")))
    if copied == "in use":
        shutil.copytree(source.store, shop.store)
    for one in used:
        one.close()
    if copied != "in use":
        shutil.copytree(source.store, shop.store)
    before = _close_to_writing(shop.store)

    told = [
        _looked(shop, source.store, *look) for look in (["status"], ["events"], ["dead", "list"])
    ]
    after = sorted(path.name for path in shop.store.iterdir())
    shop.store.chmod(0o755)

    assert [0, 1, 0] == [one.code for one in told], told
    assert 2 == told[0].out.count("captured             2 records")  # warm, and then as nobody
    assert before == after


def test_a_log_without_its_index_in_a_folder_that_takes_no_file_is_said(readable, tmp_path):
    """SQLite cannot read it there, and to pass it over would show an older store."""
    shop = Shop(readable, contract=Path(shutil.copy(CONTRACT, readable)))
    source = Shop(tmp_path)
    journal = SqliteJournal(source.store)
    source.run("send", source.file("a.ndjson", order("A-1", "1")))
    shop.store.mkdir()
    for name in ("journal.db", "journal.db-wal"):
        shutil.copy(source.store / name, shop.store)
    _close_to_writing(shop.store)

    told = _looked(shop, source.store, "status")
    shop.store.chmod(0o755)
    journal.close()

    assert 3 == told.code
    assert "journal.db has a log beside it, which cannot be read in a folder that" in told.err
    assert "Copy the whole folder to where you may write" in told.err
