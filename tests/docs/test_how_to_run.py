"""The how-to pages are true: what can run here runs, and every other command at least parses."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from support.pages import ROOT, Reader
from truthpoint.cli.main import app

PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))


@pytest.fixture
def reader(tmp_path: Path):
    """A reader in a folder of their own; what they started must end well."""
    reader = Reader(tmp_path)
    yield reader
    reader.stop()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_how_to_shows_is_what_happens(page, reader):
    """Each command is run in its order, and its output compared."""
    reader.follow(page)


def _commands(page: Path) -> list[str]:
    """The command lines of this program in a page's code blocks."""
    blocks = re.findall(r"^```\w+\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
    return [line.rpartition("| ")[2] for line in lines if re.match(r"(.*\| )?truthpoint ", line)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_command_of_a_how_to_parses(page):
    """Those that need a Customer.io account are at least commands that exist, with such options."""
    commands = _commands(page)

    assert len(commands) >= 4
    for line in commands:
        words = shlex.split(line.partition(" > ")[0])[1:]
        command = get_command(app)
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        command.make_context("x", words)
