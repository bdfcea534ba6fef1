"""Hold the repository to the rules of the house that no other gate watches.

Usage: python tools/house.py [ROOT]

Watched: registry hosts and machine paths, unfinished work, suppressions without a code or a
reason, lock files, words that the glossary replaces, and the form of decision pages. Ends with 1
and one line for each break; with 0 and one line when there is none.
"""

from __future__ import annotations

import ast
import io
import re
import shutil
import subprocess
import sys
import tokenize
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

TEXT_SUFFIXES: Final = frozenset(
    {".css", ".html", ".ini", ".js", ".json", ".lock", ".md", ".ndjson", ".py", ".sh", ".sql"}
    | {".toml", ".txt", ".yaml", ".yml"}
)
TEXT_NAMES: Final = frozenset({"Makefile", "run", ".gitignore", ".env.example"})
LOCKS: Final = {"requirements.lock": False, "requirements-dev.lock": True}
"""Each file of pinned requirements, and whether it holds the development group too."""

SKIPPED_FOLDERS: Final = frozenset({"__pycache__", "build", "dist", "htmlcov", "node_modules"})

# The parts are joined here so that this file does not hold what it looks for.
_HOSTS: Final = re.compile("pypi" + r"\.org|python" + "hosted|npm" + "js", re.IGNORECASE)
_PATHS: Final = re.compile(r"(?<![\w./~>}-])/(?:work|root|home)/\w")
_UNFINISHED: Final = re.compile(
    r"\b(?:" + "TO" + "DO|FIX" + r"ME)\b|(?:[#/*-]\s*)" + "XX" + r"X\b|\b" + "XX" + "X:"
)

_SUPPRESSION: Final = re.compile(
    r"#\s*(?:ruff:\s*|flake8:\s*)?(noqa|type:\s*ignore|pyright:\s*ignore)"
)
_WITH_CODE: Final = {
    "noqa": re.compile(r"noqa:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*(?P<reason>.*)"),
    "type": re.compile(r"type:\s*ignore\[[\w, -]+\](?P<reason>.*)"),
    "pyright": re.compile(r"pyright:\s*ignore\[[\w, -]+\](?P<reason>.*)"),
}
_REASON: Final = re.compile(r"[A-Za-z]{2,}.*\s.*\w")
"""A reason has at least two words."""

PHRASES: Final[Mapping[str, str]] = {
    r"tracking plans?": "contract",
    r"schema files?": "contract",
    r"dead[ -]letter queues?|error queues?|\bDLQ\b": "dead",
    r"seen tables?": "ledger",
    r"dedupe hash(?:es)?": "business key",
}
"""What the docs must not say, as a pattern, and the word for it."""

NAMES: Final[Mapping[str, str]] = {
    "tracking_plan": "contract",
    "dlq": "dead",
    "dead_letter": "dead",
    "error_queue": "dead",
    "inbox": "journal",
    "ingest": "capture",
    "seen_table": "ledger",
    "dedupe_hash": "business key",
}
"""What a name in the package must not hold, and the word for it."""

DECISION_HEADINGS: Final = ("Decision", "Context", "Options refused", "Revisit trigger")


@dataclass(frozen=True, slots=True, order=True)
class Break:
    """One break of a rule.

    Attributes:
        path: The file, from the root.
        line: Line from 1.
        what: What is wrong and what would be right.
    """

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def texts(root: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of each text file that is, or could be, under version control."""
    for path in sorted(_paths(root)):
        each = root / path
        if (each.suffix in TEXT_SUFFIXES or each.name in TEXT_NAMES) and each.is_file():
            yield path, each.read_text(encoding="utf-8", errors="replace")


def _paths(root: Path) -> set[str]:
    git = shutil.which("git")
    if git and (root / ".git").exists():
        listed = subprocess.run(
            [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
        return {path for path in listed.stdout.split("\0") if path}
    found = (each.relative_to(root) for each in root.rglob("*") if each.is_file())
    return {path.as_posix() for path in found if not _is_hidden(path)}


def _is_hidden(path: Path) -> bool:
    return any(
        part in SKIPPED_FOLDERS or (part.startswith(".") and part != ".ci")
        for part in path.parts[:-1]
    )


def check_words(path: str, text: str) -> Iterator[Break]:
    """Yield a break for each host, machine path and mark of unfinished work."""
    watched = (
        (_HOSTS, "names a package registry: installers know where to look"),
        (_PATHS, "holds a path of one machine: say it from the repository's root"),
        (_UNFINISHED, "marks unfinished work: finish it, or open an issue"),
    )
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, what in watched:
            if seen := pattern.search(line):
                yield Break(path, number, f"`{seen[0].strip()}` {what}")


def check_suppressions(path: str, text: str) -> Iterator[Break]:
    """Yield a break for each silenced rule that names no code or gives no reason."""
    if not path.endswith(".py"):
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT or not (seen := _SUPPRESSION.search(token.string)):
            continue
        kind = seen[1].split(":")[0]
        named = _WITH_CODE[kind].search(token.string)
        if named is None:
            yield Break(path, token.start[0], f"`{kind}` silences every rule: name the code")
        elif not _REASON.search(named["reason"]):
            yield Break(path, token.start[0], f"`{kind}` gives no reason: write it after the code")


def check_phrases(path: str, text: str) -> Iterator[Break]:
    """Yield a break for each phrase in the docs that the glossary replaces."""
    if not path.endswith(".md") or Path(path).name == "glossary.md":
        return
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, word in PHRASES.items():
            if seen := re.search(pattern, line, re.IGNORECASE):
                yield Break(path, number, f"`{seen[0]}`: the glossary's word is `{word}`")


def check_names(path: str, text: str) -> Iterator[Break]:
    """Yield a break for each name defined in the package that the glossary replaces."""
    if not path.startswith("src/") or not path.endswith(".py"):
        return
    for node in ast.walk(ast.parse(text)):
        name = _defined(node)
        spelled = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
        for part, word in NAMES.items():
            if re.search(rf"(?:^|_){part}(?:$|_|s$|s_)", spelled):
                line = getattr(node, "lineno", 1)
                yield Break(path, line, f"`{name}`: the glossary's word is `{word}`")


def _defined(node: ast.AST) -> str:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
            return name
        case _:
            return ""


def check_decisions(paths_and_texts: Sequence[tuple[str, str]]) -> Iterator[Break]:
    """Yield a break for each decision page that lacks its form or shares its number."""
    numbers: dict[str, str] = {}
    for path, text in paths_and_texts:
        folder, _, name = path.rpartition("/")
        if folder != "decisions" or name in {"README.md", "template.md"}:
            continue
        named = re.fullmatch(r"(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.md", name)
        if not named:
            yield Break(path, 1, "a decision page is named `NNNN-title.md`")
            continue
        if (first := numbers.setdefault(named[1], name)) != name:
            yield Break(path, 1, f"number {named[1]} is taken by {first}")
        headings = re.findall(r"^## +(.+?)\s*$", text, re.MULTILINE)
        if tuple(headings) != DECISION_HEADINGS:
            wanted = ", ".join(DECISION_HEADINGS)
            yield Break(path, 1, f"its headings must be, in this order: {wanted}")


def check_locks(root: Path) -> Iterator[Break]:
    """Yield a break where a lock file holds an address, misses a hash, or is out of date."""
    if not (root / "pyproject.toml").is_file():
        return
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    for name, with_development in LOCKS.items():
        path = root / name
        if not path.is_file():
            yield Break(name, 1, "is missing: run `make lock`")
            continue
        text = path.read_text(encoding="utf-8")
        yield from _lock_lines(name, text)
        yield from _lock_versions(name, text, _wanted(project, with_development=with_development))


def _wanted(project: dict[str, object], *, with_development: bool) -> list[Requirement]:
    tables = cast("dict[str, dict[str, list[object]]]", project)
    named = list(tables.get("project", {}).get("dependencies", []))
    if with_development:
        for group in tables.get("dependency-groups", {}).values():
            named += group
    return [Requirement(each) for each in named if isinstance(each, str)]


def _lock_lines(name: str, text: str) -> Iterator[Break]:
    for number, line in enumerate(text.splitlines(), start=1):
        if "://" in line or re.match(r"\s*(-i\b|--(?!hash=))", line):
            yield Break(name, number, "holds an address or an option: run `make lock`")
    for entry in re.split(r"\n(?=\S)", text):
        if "==" in entry and "--hash=sha256:" not in entry:
            yield Break(name, 1, f"`{entry.split()[0]}` has no hash: run `make lock`")


def _lock_versions(name: str, text: str, wanted: Sequence[Requirement]) -> Iterator[Break]:
    pinned = {
        canonicalize_name(package): version
        for package, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)
    }
    for each in wanted:
        version = pinned.get(canonicalize_name(each.name))
        if version is None or not each.specifier.contains(version, prereleases=True):
            yield Break(name, 1, f"does not hold `{each}` of pyproject.toml: run `make lock`")


def check(root: Path) -> tuple[int, list[Break]]:
    """Return how many files were read, and every break in them."""
    read = list(texts(root))
    found: list[Break] = []
    for path, text in read:
        found += check_words(path, text)
        found += check_suppressions(path, text)
        found += check_phrases(path, text)
        found += check_names(path, text)
    found += check_decisions(read)
    found += check_locks(root)
    return len(read), sorted(found)


def main(arguments: Sequence[str]) -> int:
    """Check the repository named first, by default our own; return the exit code."""
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    count, found = check(root)
    for each in found:
        print(each)
    print(f"house: {len(found)} to mend" if found else f"house: {count} files, nothing to mend")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
