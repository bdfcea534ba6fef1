"""The pages name everything that exists, and nothing that does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import typer.main

from support.pages import ROOT
from truthpoint import errors
from truthpoint.cli.main import app
from truthpoint.findings import RULES
from truthpoint.workspace import Switches

DRAWN = {"cli.md", "errors.md", "findings.md", "states.md"}
"""Pages that are drawn from the code: to be named there proves nothing of the others."""

PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "decisions").glob("*.md")]
)
WRITTEN = [page for page in PAGES if page.name not in DRAWN]
_CODE = re.compile(r"`([^`\n]+)`")
_FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _read(pages: list[Path]) -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def _commands() -> dict[str, set[str]]:
    """Every command's full name and its options."""
    found: dict[str, set[str]] = {}

    def add(command: object, name: str) -> None:
        options = {one for parameter in command.params for one in parameter.opts}
        found[name] = {one for one in options if one.startswith("-")} | {"--help"}
        for child in getattr(command, "commands", {}).values():
            add(child, f"{name} {child.name}".strip())

    add(typer.main.get_command(app), "")
    return found


COMMANDS = _commands()


def _said(page: Path) -> Iterator[str]:
    """Every line that looks like a call of the command line, without what comes before it."""
    text = page.read_text(encoding="utf-8")
    spans = [one for block in _FENCE.findall(text) for one in block.splitlines()]
    spans += _CODE.findall(_FENCE.sub("", text))
    for span in spans:
        for call in re.findall(r"(?:^|[\s|/])truthpoint ((?:-|[a-z]).*)", span):
            yield re.split(r"\s[|>#]\s|`", call)[0].strip()


def _leaf(words: list[str]) -> str | None:
    """The longest command that the words begin with; None when the first one is unknown."""
    name = ""
    for word in words:
        longer = f"{name} {word}".strip()
        if longer not in COMMANDS:
            break
        name = longer
    known = name or not words or words[0].startswith("-")
    return name if known else None


def unknown_calls(page: Path) -> list[str]:
    """Return the calls of a page that name a command or option which does not exist."""
    wrong: list[str] = []
    for call in _said(page):
        words = call.split()
        leaf = _leaf(words)
        subcommands = {name for name in COMMANDS if leaf and name.startswith(f"{leaf} ")}
        rest = [] if leaf is None else words[len(leaf.split()) :]
        used = {word.split("=")[0] for word in rest if word.startswith("--") and len(word) > 2}
        cut = bool(subcommands) and bool(rest) and re.fullmatch("[a-z]+", rest[0])
        if leaf is None or cut or used - COMMANDS[leaf]:
            wrong.append(call)
    return wrong


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_names_a_command_or_option_that_does_not_exist(page):
    unknown = unknown_calls(page)

    assert not unknown


def test_an_unknown_command_or_option_is_noticed(tmp_path):
    """The check above can fail: a command, a subcommand and an option that are made up."""
    page = tmp_path / "page.md"
    known = "`truthpoint up --start-over`, `truthpoint dead replay --all`, `truthpoint.testing`"
    made_up = "`truthpoint backfill run`, `truthpoint dead bury 3`, `truthpoint up --fast`"
    page.write_text(f"{known} {made_up}", encoding="utf-8")
    unknown = unknown_calls(page)

    assert unknown == ["backfill run", "dead bury 3", "up --fast"]


@pytest.mark.parametrize("command", sorted(name for name in COMMANDS if name))
def test_every_command_is_spoken_of_on_a_page_that_somebody_wrote(command):
    """Help alone is not documentation."""
    group, _, name = command.partition(" ")
    text = _read(WRITTEN)
    whole = re.search(rf"truthpoint {command}\b|`{command}\b", text)
    apart = (
        name and re.search(rf"`{name}\b", text) and re.search(rf"`(truthpoint )?{group}\b", text)
    )

    assert whole or apart, command


def test_every_code_of_an_error_is_in_the_reference():
    text = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    codes = {one.code for one in kinds if issubclass(one, errors.TruthpointError)}

    assert set() == {code for code in codes if f"`{code}`" not in text}


def test_every_code_of_a_finding_is_in_the_reference():
    text = (ROOT / "docs/reference/findings.md").read_text(encoding="utf-8")

    assert set() == {code for code in RULES if f"`{code}`" not in text}


def test_every_switch_is_explained():
    """Law 22: the choice is named, and the ledger of choices is a page."""
    text = (ROOT / "docs/explanation/undocumented-choices.md").read_text(encoding="utf-8")

    assert set() == {one.name for one in fields(Switches) if f"`{one.name}`" not in text}


def _promises() -> list[tuple[int, list[Path]]]:
    """Each promise of the guarantees that names its proof: the law, and the files."""
    page = ROOT / "docs/explanation/guarantees.md"
    found: list[tuple[int, list[Path]]] = []
    for section in page.read_text(encoding="utf-8").split("\n## ")[1:]:
        law = re.search(r"^\*Law (\d+)", section, re.MULTILINE)
        proof = re.search(r"^Proof: .*$", section, re.MULTILINE)
        if law and proof:
            links = re.findall(r"\]\(([^)]+)\)", proof[0])
            found.append((int(law[1]), [(page.parent / link).resolve() for link in links]))
    return found


@pytest.mark.parametrize(("law", "proofs"), _promises())
def test_a_promise_is_proven_where_the_page_says_so(law, proofs):
    """Some test that the page links to claims to prove that law, by its number."""
    files = [
        file for proof in proofs for file in ([proof] if proof.is_file() else proof.rglob("*.py"))
    ]
    claims = " ".join(
        claim for file in files for claim in re.findall(r"Laws? ([\d, and]+)", file.read_text())
    )

    assert str(law) in re.findall(r"\d+", claims)
