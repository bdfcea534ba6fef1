"""What the pages show happens: every command is run, every output compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.pages import ROOT, Reader, alike, steps

PAGES = (
    "README.md",
    "docs/tutorial/first-event.md",
    "docs/tutorial/first-quarter-of-an-hour.md",
)


@pytest.fixture
def reader(tmp_path: Path):
    """A reader in a folder of their own; what they started must end well."""
    reader = Reader(tmp_path)
    yield reader
    reader.stop()


@pytest.mark.parametrize("page", PAGES)
def test_a_reader_who_follows_the_page_sees_what_it_shows(page, reader):
    """The README's program and the tutorial run as they stand, against a local workspace."""
    reader.follow(ROOT / page)


STARTS = """```console
$ cp examples/shop/tracking.yaml .
$ truthpoint up
local workspace  http://127.0.0.1:8710
gateway          http://127.0.0.1:8700
```"""


def test_the_page_that_the_tutorial_opens_is_there(reader, tmp_path):
    """What a browser gets at `/`, and the scripts that fill it."""
    story = tmp_path / "story.md"
    story.write_text(STARTS, encoding="utf-8")
    reader.follow(story)
    page = reader.fetch("http://127.0.0.1:8710/")
    scripts = re.findall(r'src="([^"]+)"', page)

    assert "<html" in page
    assert scripts
    assert all(reader.fetch(f"http://127.0.0.1:8710/{one.lstrip('/')}") for one in scripts)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_runs_sends_something_and_looks_at_it(page):
    """A page cannot pass by showing no commands."""
    commands = " ".join(step.command for step in steps(ROOT / page))

    assert "truthpoint up" in commands
    assert "truthpoint person" in commands


def test_a_wrong_output_is_noticed(tmp_path):
    """The comparison forgives times, ids and widths, and nothing else."""
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo 3 records\n4 records\n```\n", encoding="utf-8")

    with pytest.raises(AssertionError, match="4 records"):
        Reader(tmp_path).follow(page)
    assert alike("a\tb  2026-01-01T00:00:00Z") == alike("a b 2025-12-31T09:08:07.123Z")
    assert alike("delivered 3") != alike("delivered 4")
