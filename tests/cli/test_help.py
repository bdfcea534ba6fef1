"""What a stranger reads first: help that fits, with examples that are true."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.main import get_command

from support.commands import Shop, ended
from truthpoint.cli.main import app

SCREEN_LINES, SCREEN_COLUMNS = 30, 80


def _paths(command, path=()):
    """Every command and group by its words."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from _paths(below, (*path, name))


PATHS = list(_paths(get_command(app)))
COMMANDS = [
    path
    for path in PATHS
    if path and path not in {("quarantine",), ("dead",), ("held",), ("keys",)}
]


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def _ids(paths):
    return [" ".join(path) or "truthpoint" for path in paths]


def test_the_commands_are_those_of_the_issue():
    """Nothing is missing, nothing is hidden."""
    expected = {
        *("init", "up", "serve", "work", "workspace", "demo", "send", "validate"),
        *("status", "person", "events", "recompute", "pause", "resume"),
        *("erase", "readmit", "export"),
        *(f"{group} {act}" for group in ("quarantine", "dead", "held") for act in _ACTS),
        *(f"keys {act}" for act in ("new", "list", "revoke")),
    }

    assert expected == {" ".join(path) for path in COMMANDS}


_ACTS = ("list", "show", "replay", "discard")


@pytest.mark.parametrize("path", PATHS, ids=_ids(PATHS))
def test_every_help_fits_the_screen(shop, path):
    """No line is wider than a terminal, and nothing is cut off with dots."""
    told = shop.run(*path, "--help")

    lines = told.out.splitlines()
    assert 0 == told.code
    assert max(map(len, lines)) <= SCREEN_COLUMNS
    assert not any(line.endswith("...") for line in lines if not line.startswith("Usage:"))


def test_the_first_help_is_one_screen_and_names_the_exit_codes(shop):
    """What there is, at one look."""
    told = shop.run("--help")

    assert len(told.out.splitlines()) <= SCREEN_LINES
    assert "0 clean, 1 findings, 2 usage, 3 could not run" in told.out


def _examples(text: str) -> list[str]:
    _, _, after = text.partition("  Examples:\n")
    block = after.partition("\n\n")[0]
    return [line.strip() for line in block.splitlines()]


@pytest.mark.parametrize("path", COMMANDS, ids=_ids(COMMANDS))
def test_every_command_has_examples_on_lines_of_their_own_that_parse(shop, path):
    """Each example is a whole command line of this command, with options that exist."""
    examples = _examples(shop.run(*path, "--help").out)

    assert examples
    for example in examples:
        words = shlex.split(re.split(r"[|>]", example.split("| ")[-1])[0])
        assert ["truthpoint", *path] == words[: len(path) + 1]
        command = get_command(app)
        for word in path:
            command = command.commands[word]
        command.make_context("x", words[len(path) + 1 :])


@pytest.mark.parametrize("path", COMMANDS, ids=_ids(COMMANDS))
def test_every_option_says_what_it_does(shop, path):
    """An option without a word is a riddle."""
    out = shop.run(*path, "--help").out
    options = re.findall(r"^  (--\S+)(?: (?:[A-Z]+|<[^>]*>))?  +(\S.*)?$", out, re.MULTILINE)

    assert options
    assert all(text and not text.startswith("[") for _, text in options)


def test_it_says_its_version(shop):
    """As the package does."""
    told = shop.run("--version")

    assert 0 == told.code
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", told.out)


def test_python_m_truthpoint_is_the_command_line(shop):
    """For where the script is not on the path."""
    told = shop.spawn("--help")

    assert 0 == told.code
    assert told.out.startswith("Usage: truthpoint [OPTIONS] COMMAND")
    assert "" == told.err


SLOW = {
    "aiohttp",
    "asyncio",
    "jsonschema_rs",
    "rich",
    "ruamel.yaml",
    "sqlite3",
    "starlette",
    "truthpoint.capture",
    "truthpoint.contract",
    "truthpoint.stores",
    "truthpoint.workers",
    "truthpoint.workspace",
    "uvicorn",
}
"""What takes most of a second to import, all in all."""


@pytest.mark.parametrize(
    "words", [["--help"], ["work", "--help"], ["quarantine", "--help"], ["--version"], None]
)
def test_help_and_completion_import_nothing_that_is_slow(shop, words):
    """They come at once: what is slow to import waits until a command needs it."""
    asked = {"_TRUTHPOINT_COMPLETE": "complete_bash", "COMP_WORDS": "truthpoint st"}
    environment = {} if words else {**asked, "COMP_CWORD": "1"}

    told = ended(
        shop.python(
            "import atexit, sys; from truthpoint.cli.main import run\n"
            "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
            f"sys.argv = ['truthpoint', *{words or []}]\nrun()",
            environment=environment,
        )
    )

    assert (0, True) == (told.code, bool(told.out))
    assert set() == SLOW & set(told.err.split())


@pytest.mark.parametrize(
    ("words", "offers"),
    [
        ("truthpoint pa", {"pause"}),
        ("truthpoint quarantine re", {"replay"}),
        ("truthpoint pause --lane ", {"critical", "live"}),
        ("truthpoint work --sha", {"--shadow"}),
    ],
)
def test_a_shell_completes_commands_options_and_values(shop, words, offers):
    """As the script that `--install-completion` installs asks for them."""
    asked = {
        "_TRUTHPOINT_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }

    told = shop.spawn(environment=asked)

    assert offers == set(told.out.split())
