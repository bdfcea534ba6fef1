"""A store's files as a machine may hold them: each is a clear error, nothing is half-written."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support.commands import Shop, ended
from support.shop import CONTRACT, order
from truthpoint.stores.sqlite import SqliteStore


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


@pytest.fixture
def used(shop):
    """A store that holds a record and has a state."""
    shop.run("send", shop.file("first.ndjson", order("A-0", "1")))
    SqliteStore(shop.store).close()
    return shop


def _database(path: Path, *statements: str) -> None:
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def _of_another_program(path: Path) -> None:
    path.unlink()
    _database(path, "CREATE TABLE theirs (a)", "INSERT INTO theirs VALUES ('precious')")


def _newer(path: Path) -> None:
    _database(path, "PRAGMA user_version = 99")


def _truncated(path: Path) -> None:
    os.truncate(path, 5000)


def _cut_in_the_head(path: Path) -> None:
    os.truncate(path, 50)


def _text(path: Path) -> None:
    path.write_bytes(b"no database, but the notes of somebody. " * 40)


def _overwritten(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 : 4096 + 9000] = b"\xff" * len(data[4096 : 4096 + 9000])
    path.write_bytes(data)


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


_BOTH = [["status"], ["quarantine", "list"], ["work", "--drain"]]
_READERS = [("journal.db", ["send", "again.ndjson"])] + [
    (file, command) for file in ("journal.db", "state.db") for command in _BOTH
]


@pytest.mark.parametrize(("file", "command"), _READERS)
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_of_another_program, "is another program's database"),
        (_newer, "was written by a newer version (its schema is 99, this version knows "),
        (_truncated, "it is damaged"),
        (_cut_in_the_head, "it is "),
        (_text, "it is not a database"),
        (_a_folder, ": Is a directory"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_and_left_as_it_is(used, spoil, says, file, command):
    """Exit 3; the message names the file and what to do; its bytes do not change."""
    path = used.store / file
    for end in ("-wal", "-shm"):
        (used.store / f"{file}{end}").unlink(missing_ok=True)
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    used.file("again.ndjson", order("A-1", "1"))
    command = [str(used.folder / word) if word.endswith("ndjson") else word for word in command]

    told = used.run(*command)

    assert 3 == told.code
    assert f"{path}" in told.err
    assert says in told.err
    assert told.err.count("error: ") == 1
    assert told.err.rstrip().endswith(".")
    assert before == (path.read_bytes() if path.is_file() else b"")


def test_a_file_damaged_within_is_found_when_it_is_read(used):
    """Nothing of the call is kept, and the error says so."""
    path = used.store / "journal.db"
    _overwritten(path)

    told = used.run("send", used.file("again.ndjson", order("A-1", "1")))

    assert 3 == told.code
    assert f"error: {path}: it is damaged. Restore it from a backup" in told.err
    assert "Nothing of this call was kept." in told.err


def test_a_file_in_the_folders_place_is_said(shop):
    """Every command says what is there instead."""
    shop.store.write_text("notes")
    file = shop.file("a.ndjson", order("A-1", "1"))

    for command in (["send", file], ["status"], ["work", "--drain"]):
        told = shop.run(*command)

        assert 3 == told.code
        assert (
            f"error: {shop.store} is a file, and a store is a folder. Name a folder with --store.\n"
        ) in told.err
    assert "notes" == shop.store.read_text()


_AS_NOBODY = """
import os, sys
from truthpoint.cli.main import app, run
# Everything is imported while it may still be read.
app(["send", sys.argv[2], "--store", "sqlite:" + sys.argv.pop()], standalone_mode=False)
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
run()
"""


@pytest.mark.parametrize("made", [False, True])
def test_a_folder_that_may_not_be_written_is_said(made, tmp_path):
    """Read-only folder or read-only file: exit 3, and nothing is made or changed."""
    # pytest's own folders are closed to other users, and root may write everywhere.
    with tempfile.TemporaryDirectory() as made_here:
        folder = Path(made_here)
        folder.chmod(0o755)
        shop = Shop(folder, contract=Path(shutil.copy(CONTRACT, folder)))
        file = shop.file("a.ndjson", order("A-1", "1"))
        if made:
            shop.run("send", file)
            shop.store.chmod(0o555)
            (shop.store / "journal.db").chmod(0o444)
        else:
            folder.chmod(0o555)
        before = sorted(path.name for path in folder.rglob("*"))
        process = subprocess.Popen(
            [sys.executable, "-c", _AS_NOBODY, "send", file, str(tmp_path / "store")],
            env=shop.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        told = ended(process)
        after = sorted(path.name for path in folder.rglob("*"))
        for path in (folder, shop.store):
            if path.exists():
                path.chmod(0o755)

    assert 3 == told.code
    assert "journal.db cannot be opened for writing: Permission denied." in told.err
    assert "Give this user the right to write there, or name another --store.\n" in told.err
    assert before == after


def test_a_second_worker_is_refused(used):
    """A store has one worker; looking and sending go on beside it."""
    holder = SqliteStore(used.store)
    holder.acquire()

    told = used.run("work", "--drain")
    status = used.run("status")
    sent = used.run("send", used.file("more.ndjson", order("A-1", "1")))
    holder.close()

    assert 3 == told.code
    assert (
        f"error: The store {used.store} has a worker already. A store has one worker, and `up` "
        "runs it too. Stop the other one, or point this one at another --store.\n"
    ) == told.err
    assert (0, 0) == (status.code, sent.code)
