"""Write the pages of the reference that are drawn from the code, and check them and all links.

Usage: python tools/docs.py generate [--root DIR]
       python tools/docs.py --check [--root DIR]

`generate` writes the pages, then checks the links; `--check` writes nothing and ends with 1 when a
page differs from what the code says. A page whose module does not exist is left alone, with a
notice.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from enum import Enum
    from types import ModuleType

WIDTH: Final = 100
"""Columns of the command line's help."""

_NOTE: Final = "<!-- Drawn from {module} by `make docs`. Do not edit. -->"


def page(title: str, module: str, *parts: str) -> str:
    """Return a whole page: title, where it is drawn from, and its parts."""
    return "\n\n".join((f"# {title}", _NOTE.format(module=f"`{module}`"), *parts)) + "\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; bars and line ends in cells are made harmless."""

    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(" ".join(c.split()).replace("|", "\\|") for c in cells) + " |"

    return "\n".join((line(heads), line("---" for _ in heads), *(line(row) for row in rows)))


def first_paragraph(thing: object) -> str:
    """Return the first paragraph of a docstring on one line; empty when there is none."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


# ------------------------------------------------------------------------------ findings


def findings_page(module: ModuleType) -> str:
    """Return the page of all findings, by topic."""
    opening = (
        "Each finding carries one of these codes, the place, and what was seen there. An `error`"
        " means refused or quarantined, a `warning` goes on but is likely not what was meant,"
        " an `info` is worth knowing."
    )
    parts = [opening]
    rules = module.RULES.values()
    for topic in module.Topic:
        rows = [
            (f"`{rule.code}`", rule.severity.value, rule.consequence, rule.fix)
            for rule in rules
            if rule.topic is topic
        ]
        if rows:
            heads = ("code", "severity", "consequence", "fix")
            parts += [f"## {topic.value.capitalize()}", table(heads, rows)]
    return page("Findings", "truthpoint.findings", *parts)


# -------------------------------------------------------------------------------- errors


def errors_page(module: ModuleType) -> str:
    """Return the page of all errors: the tree, and what each one says."""
    root = module.TruthpointError
    tree = "\n".join(_branches(root, module.__name__, indent=""))
    rows = [
        (
            f"`{each.__name__}`",
            f"`{each.code}`",
            str(each.exit_code),
            first_paragraph(each),
            each.hint or ("" if _children(each, module.__name__) else "Said with the case."),
        )
        for each in _descendants(root, module.__name__)
    ]
    return page(
        "Errors",
        module.__name__,
        "Everything that Truthpoint raises on purpose, split by who must act."
        " The exit code is that of the command line. No message holds a customer's data.",
        f"```text\n{tree}\n```",
        table(("class", "code", "exit code", "says", "what to do"), rows),
    )


def _children(parent: type[Any], module: str) -> list[type[Any]]:
    return [each for each in parent.__subclasses__() if each.__module__ == module]


def _descendants(parent: type[Any], module: str) -> Iterator[type[Any]]:
    yield parent
    for child in _children(parent, module):
        yield from _descendants(child, module)


def _branches(parent: type[Any], module: str, *, indent: str) -> Iterator[str]:
    if not indent:
        yield parent.__name__
    children = _children(parent, module)
    for child in children:
        last = child is children[-1]
        yield f"{indent}{'└── ' if last else '├── '}{child.__name__}"
        yield from _branches(child, module, indent=indent + ("    " if last else "│   "))


# ---------------------------------------------------------------------------- command line


def cli_page(module: ModuleType) -> str:
    """Return the page of all commands: the help of each, as the terminal shows it."""
    from typer.main import get_command  # noqa: PLC0415 - the other pages do without it

    module.app.rich_markup_mode = None  # plain text, not boxes
    parts = [
        "Every command, as `--help` shows it.",
        *_commands(get_command(module.app), "truthpoint", None),
    ]
    return page("Command line", module.__name__, *parts)


def _commands(command: Any, name: str, parent: Any) -> Iterator[str]:
    context = command.context_class(
        command, info_name=name, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH
    )
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines()).strip()
    yield f"## {context.command_path}"
    yield f"```text\n{text}\n```"
    for child in getattr(command, "commands", {}).values():
        if not child.hidden:
            yield from _commands(child, child.name, context)


# ---------------------------------------------------------------------------------- states


def states_page(module: ModuleType) -> str:
    """Return the page of an operation's life: the diagram and the table of `TRANSITIONS`."""
    transitions = module.TRANSITIONS
    lines = ["stateDiagram-v2", f"    [*] --> {_word(next(iter(module.State)))}"]
    lines += [
        f"    {_word(state)} --> {_word(after)}: {_word(act)}"
        for (state, act), after in transitions.items()
    ]
    left = {state for state, _ in transitions}
    lines += [f"    {_word(state)} --> [*]" for state in module.State if state not in left]
    meaning = _member_docs(module.Act)
    rows = [
        (_word(state), _word(act), _word(after), meaning.get(act.name, ""))
        for (state, act), after in transitions.items()
    ]
    return page(
        "States of an operation",
        module.__name__,
        "An operation is one Track API action for one person. What is not here does not happen.",
        "```mermaid\n" + "\n".join(lines) + "\n```",
        table(("state", "act", "next state", "the act means"), rows),
    )


def _word(member: Enum) -> str:
    return member.name.lower()


def _member_docs(enumeration: type[Enum]) -> Mapping[str, str]:
    """Return the string under each member, by the member's name."""
    source = inspect.getsource(enumeration)
    found = re.findall(r'^\s+([A-Z_]+) = .*\n\s+"""(.+?)"""', source, re.MULTILINE)
    return dict(found)


# ------------------------------------------------------------------------------------ links

_FENCE: Final = re.compile(r"^( *)(```|~~~).*?^ *\2[ ]*$", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"`[^`\n]*`")
_LINK: Final = re.compile(
    r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)|^\[[^\]]+\]:\s*(\S+)", re.MULTILINE
)
_SKIPPED: Final = re.compile(r"(?:^|/)(?:\.[^/]+|node_modules|dist|build)/")


def _blank(seen: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", seen[0])


def anchors(text: str) -> set[str]:
    """Return the anchors that a page's headings make, by the rule of code hosts."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", _FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).strip().replace(" ", "-")
        count = 1
        unique = anchor
        while unique in found:
            unique, count = f"{anchor}-{count}", count + 1
        found.add(unique)
    return found | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def broken_links(root: Path) -> Iterator[str]:
    """Yield one line for each relative link, in any Markdown page, that leads nowhere."""
    for each in sorted(root.rglob("*.md")):
        path = each.relative_to(root).as_posix()
        if _SKIPPED.search(path):
            continue
        text = _CODE.sub(_blank, _FENCE.sub(_blank, each.read_text(encoding="utf-8")))
        for seen in _LINK.finditer(text):
            link = seen[1] or seen[2]
            if re.match(r"[a-z][a-z0-9+.-]*:", link, re.IGNORECASE):
                continue
            if why := _leads_nowhere(each, link):
                yield f"{path}:{text.count(chr(10), 0, seen.start()) + 1}: `{link}` {why}"


def _leads_nowhere(page_file: Path, link: str) -> str:
    place, _, anchor = link.partition("#")
    target = page_file.parent / place if place else page_file
    if not target.exists():
        return "does not exist"
    if anchor and target.suffix == ".md":
        here = anchors(target.read_text(encoding="utf-8"))
        return "" if anchor in here else "names no heading of that page"
    return ""


# ------------------------------------------------------------------------------------- main

PAGES: Final[Mapping[str, tuple[str, Callable[[ModuleType], str]]]] = {
    "findings.md": ("truthpoint.findings", findings_page),
    "errors.md": ("truthpoint.errors", errors_page),
    "cli.md": ("truthpoint.cli.main", cli_page),
    "states.md": ("truthpoint.core.outbox", states_page),
}
"""File under docs/reference: the module it is drawn from, and what draws it."""


def drawn() -> Iterator[tuple[str, str]]:
    """Yield name and text of each page; a notice instead where its module does not exist.

    Raises:
        ImportError: A module exists, and cannot be imported.
    """
    for name, (module_name, draw) in PAGES.items():
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as missing:
            if missing.name is None or not f"{module_name}.".startswith(f"{missing.name}."):
                raise
            print(f"docs: {name} is left alone: there is no {missing.name}")
            continue
        yield name, draw(module)


def stale(folder: Path) -> Iterator[str]:
    """Yield one line for each page that differs from what the code says."""
    for name, text in drawn():
        each = folder / name
        if not each.is_file():
            yield f"docs/reference/{name}: is missing: run `make docs`"
        elif each.read_text(encoding="utf-8") != text:
            yield f"docs/reference/{name}: differs from the code: run `make docs`"


def main(arguments: Sequence[str]) -> int:
    """Write or check the pages, then check the links; return the exit code."""
    parser = argparse.ArgumentParser(description="Write or check the generated reference pages.")
    parser.add_argument("act", nargs="?", choices=("generate",), help="write the pages")
    parser.add_argument("--check", action="store_true", help="write nothing, compare")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    given = parser.parse_args(arguments)
    if (given.act == "generate") is given.check:
        parser.error("say either `generate` or `--check`")
    folder = given.root / "docs" / "reference"
    found: list[str] = []
    if given.check:
        found += stale(folder)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in drawn():
            (folder / name).write_text(text, encoding="utf-8")
            print(f"docs: wrote docs/reference/{name}")
    found += broken_links(given.root)
    for each in found:
        print(each)
    print(f"docs: {len(found)} to mend" if found else "docs: pages and links agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
