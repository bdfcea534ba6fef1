"""`truthpoint init`: what it writes, what it never overwrites, and that its next steps are true."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from support.commands import Shop
from support.local import serving
from truthpoint.starter import starter_files

FILES = starter_files()


@pytest.fixture
def shop(tmp_path):
    """A folder in which init has written."""
    shop = Shop(tmp_path, contract=tmp_path / "begun" / "tracking.yaml")
    told = shop.run("init", str(tmp_path / "begun"))

    assert (0, "") == (told.code, told.err)
    return shop


def _written(folder):
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _samples(shop):
    paths = sorted((shop.contract.parent / "samples").glob("*.ndjson"))
    return b"".join(path.read_bytes() for path in paths)


def test_it_writes_every_file_of_the_starter(shop):
    """As they are, the example of the environment under the name that tools look for."""
    assert _written(shop.contract.parent) == FILES
    assert {"tracking.yaml", "catalog.csv", ".env.example"} < FILES.keys()


def test_it_says_what_it_wrote_what_waits_and_what_is_next(tmp_path):
    """Files by name, those of a folder by number; each key that waits once."""
    told = Shop(tmp_path).run("init", str(tmp_path / "a shop"))

    assert f"Wrote {len(FILES)} files in {tmp_path}/a shop:\n  tracking.yaml  the contr" in told.out
    assert "\n  samples/       12 files: " in told.out
    assert "`samples` is not acted on yet: no command reads them by itself (line" in told.out
    assert 1 == told.out.count(" is not acted on yet")
    assert f"\nNext, after cd '{tmp_path}/a shop':\n" in told.out


def test_the_way_to_the_folder_is_told_only_where_there_is_one(tmp_path, monkeypatch):
    """The next steps start where the reader stands."""
    monkeypatch.chdir(tmp_path)
    told = [Shop(tmp_path).run("init", *folder).out for folder in (["x"], [])]

    lines = [line for one in told for line in one.splitlines() if line.startswith("Next")]
    assert ["Next, after cd x:", "Next:"] == lines


def test_in_the_current_folder_it_needs_no_folder(tmp_path):
    """As most will call it."""
    told = Shop(tmp_path).spawn("init")

    assert 0 == told.code
    assert "files in this folder:" in told.out
    assert "\nNext:\n" in told.out
    assert _written(tmp_path) == FILES


def test_it_overwrites_nothing_and_says_what_is_there(shop):
    """Nor does it write what is not there: a half-written starter helps nobody."""
    folder = shop.contract.parent
    (folder / "catalog.csv").unlink()
    shop.contract.write_text("mine")

    told = shop.run("init", str(folder))

    assert 2 == told.code
    assert (
        f"error: {folder} has tracking.yaml, .env.example, samples/cart_created.ndjson and 11 more "
        "already; nothing was written. "
        "Name another folder, or move them away; init overwrites nothing.\n"
    ) == told.err
    assert "mine" == shop.contract.read_text()
    assert not (folder / "catalog.csv").exists()


def test_other_files_in_the_folder_do_not_matter(tmp_path):
    """A shop's repository has many."""
    (tmp_path / "README.md").write_text("mine")

    told = Shop(tmp_path).run("init", str(tmp_path))

    assert 0 == told.code
    assert "mine" == (tmp_path / "README.md").read_text()


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    """With its name, and what to do."""
    (tmp_path / "x").write_text("")

    told = Shop(tmp_path).run("init", str(tmp_path / "x"))

    assert 2 == told.code
    assert f"error: {tmp_path}/x cannot be written: " in told.err
    assert told.err.endswith("Nothing is left there; name another folder.\n")


def test_what_cannot_be_written_whole_is_not_written_at_all(tmp_path):
    """A file stands where a folder should: what was written before it goes again."""
    (tmp_path / "samples").write_text("mine")

    told = Shop(tmp_path).run("init", str(tmp_path))

    assert 2 == told.code
    assert {"samples": b"mine"} == _written(tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    """The machine's answer, and nothing half-written."""
    told = Shop(tmp_path).run("init", "/proc/no-such-place")

    assert 3 == told.code
    assert "error: /proc/no-such-place cannot be written: No such file or directory." in told.err


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path):
    """What it leads to is not ours."""
    (tmp_path / "tracking.yaml").symlink_to(tmp_path / "elsewhere.yaml")

    told = Shop(tmp_path).run("init", str(tmp_path))

    assert 2 == told.code
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_json_names_what_was_written_and_what_waits(tmp_path):
    """One object; with an error in its place when nothing was written."""
    shop = Shop(tmp_path)
    told = shop.run("init", str(tmp_path), "--json").lines
    again = shop.run("init", str(tmp_path), "--json")

    assert [{"folder", "written", "findings"}] == [one.keys() for one in told]
    assert list(FILES) == told[0]["written"]
    assert {"waiting"} == {one["code"] for one in told[0]["findings"]}
    assert (2, "usage") == (again.code, again.error["code"])


def test_the_samples_would_all_be_sent(shop):
    """The first of the next steps; carts and checkouts of then are not chased now."""
    told = shop.run("validate", "-", stdin=_samples(shop))

    assert (0, TOLD) == (told.code, told.out.splitlines()[-1])
    assert 4 == told.out.count(": would be withheld (")
    assert "\n  It is too old to start anything; `stale_after` in the contract" in told.out
    assert "\n  It started what has ended by now, as another record of" in told.out


TOLD = "24 records: 2 would be withheld (stale), 2 would be withheld (closed), 20 would be sent."


def test_the_samples_are_delivered_to_a_local_workspace(shop):
    """The rest of the next steps: captured, decided, delivered, and seen at the other end."""
    with serving() as local:
        text = shop.contract.read_text()
        shop.contract.write_text(text.replace("http://127.0.0.1:8710", local.url))
        sent = shop.run("send", "-", stdin=_samples(shop))
        worked = shop.run("work", "--drain")
        timeline = shop.run("person", "1002")
        person = local.ask("GET", "/v1/customers/1002/attributes?id_type=id")["customer"]

    assert (0, "24 records: 24 accepted.\n") == (sent.code, sent.out)
    assert (0, True) == (worked.code, worked.err.startswith("20 delivered, 0 dead in "))
    assert 10 == timeline.out.count("): delivered on ")
    assert 2 == timeline.out.count("): withheld, because ")
    attributes = person["attributes"]
    assert ("1", "28.25", "none") == tuple(
        str(attributes[name]) for name in ("orders_count", "lifetime_value", "vip_tier")
    )
    assert "kim@shop.example" == attributes["email"]


def test_every_command_that_it_tells_to_run_exists(tmp_path):
    """No step leads nowhere: each word is a command, each file is there."""
    told = Shop(tmp_path).run("init", str(tmp_path / "x")).out
    commands = re.findall(r"truthpoint (\w+)", told.partition("Next, ")[2])

    assert ["validate", "send", "up", "person"] == commands
    for command in commands:
        assert 0 == Shop(tmp_path).run(command, "--help").code


def test_the_example_of_the_environment_is_read_by_a_shell(shop):
    """As its first lines say; every variable is there and empty."""
    program = "set -a; . ./.env.example; set +a; printf '[%s]' \"${CIO_SITE_ID-unset}\""
    done = subprocess.run(
        ["sh", "-eu", "-c", program],
        cwd=shop.contract.parent,
        capture_output=True,
        text=True,
        check=True,
    )

    assert "[]" == done.stdout


def test_it_needs_no_server_and_no_client():
    """It answers at once: what is slow to import waits until it is needed."""
    program = "import sys, truthpoint.cli.init; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert set() == {"aiohttp", "uvicorn", "asyncio", "truthpoint.workspace"} & set(loaded)
