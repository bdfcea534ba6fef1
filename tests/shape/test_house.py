"""The gates run, pass what is right, and catch each break that is planted."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> tuple[int, str]:
    """Run a command and return its exit code and all it said."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def tool(name: str, *arguments: str | Path, **environment: str) -> tuple[int, str]:
    """Run one of the tools with this interpreter."""
    return run(sys.executable, ROOT / "tools" / name, *arguments, **environment)


def write(path: Path, text: str) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# -------------------------------------------------------------------------------- shape

DOCUMENTED = '"""A module."""\n'


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """Return a small package in which everything is as it should be."""
    write(tmp_path / "pkg" / "__init__.py", DOCUMENTED)
    write(
        tmp_path / "pkg" / "core" / "pace.py",
        DOCUMENTED
        + "from datetime import timedelta\n"
        + "def wait(delay: timedelta, timeout_seconds: float, limit: int, size: 'Size') -> None:\n"
        + '    """Wait."""\n',
    )
    return tmp_path / "pkg"


def test_shape_passes_a_package_in_good_form(package: Path) -> None:
    """It ends with 0 and one line of figures."""
    code, said = tool("shape.py", package)

    assert code == 0, said
    assert said.startswith("shape: 2 modules, median ")
    assert len(said.splitlines()) == 1


SHAPE_BREAKS = {
    "long module": ("long.py", DOCUMENTED + "X = 1\n" * 400, "401 lines"),
    "long function": (
        "f.py",
        DOCUMENTED + 'def act():\n    """Act."""\n' + "    pass\n" * 59,
        "`act` has 61 lines",
    ),
    "silent module": ("silent.py", "X = 1\n", "the module has no docstring"),
    "silent function": ("f.py", DOCUMENTED + "def act(): ...\n", "`act` has no docstring"),
    "silent method": (
        "c.py",
        DOCUMENTED + 'class Box:\n    """A box."""\n    async def open(self): ...\n',
        "`Box.open` has no docstring",
    ),
    "parameter": ("_p.py", "def _act(*, max_wait: float | None = None): ...\n", "`max_wait`"),
    "untyped parameter": ("_p.py", "def _act(timeout=3): ...\n", "`timeout` of `_act`"),
    "field": ("_f.py", "class _Box:\n    batch_size: int = 3\n", "field `_Box.batch_size`"),
    "clock": ("core/_c.py", "from datetime import datetime\nX = datetime.now()\n", "asks a clock"),
    "other clock": ("values/_c.py", "import time\nX = time.monotonic()\n", "asks a clock"),
}


@pytest.mark.parametrize("planted", SHAPE_BREAKS)
def test_shape_catches_what_is_planted(package: Path, planted: str) -> None:
    """Each break is named with its file, and nothing else is reported."""
    name, text, expected = SHAPE_BREAKS[planted]
    write(package / name, text)

    code, said = tool("shape.py", package)

    assert code == 1
    assert said.startswith(f"{name}:")
    assert expected in said.splitlines()[0]
    assert said.splitlines()[-1] == "shape: 1 to mend"


def test_shape_allows_a_clock_outside_the_pure_folders(package: Path) -> None:
    """The edges are where clocks are read."""
    write(package / "_edge.py", "import time\nX = time.monotonic()\n")

    assert tool("shape.py", package)[0] == 0


def test_shape_refuses_a_folder_without_modules(tmp_path: Path) -> None:
    """A gate that looks at nothing must not pass."""
    assert tool("shape.py", tmp_path)[0] == 1


# -------------------------------------------------------------------------------- house

HASH = " \\\n    --hash=sha256:" + "0" * 64 + "\n"
DECISION = "# Title\n\n## Decision\n\n## Context\n\n## Options refused\n\n## Revisit trigger\n"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """Return a small repository in which everything is as it should be."""
    write(
        tmp_path / "pyproject.toml",
        '[project]\ndependencies = ["some-thing>=2"]\n[dependency-groups]\ndev = ["other>=1"]\n',
    )
    write(tmp_path / "requirements.lock", "some-thing==2.1" + HASH)
    write(tmp_path / "requirements-dev.lock", "other==1.0" + HASH + "some-thing==2.1" + HASH)
    write(tmp_path / "decisions" / "0001-first-one.md", DECISION)
    write(
        tmp_path / "src" / "a.py",
        "import b  # noqa: F401 - asked for by name\n"
        "X = b.x  # type: ignore[attr-defined]  # it has one\n"
        'TEXT = "# noqa"  # a string may hold it\n',
    )
    write(tmp_path / "README.md", "See https://shop.test/home/page and docs/work/x.\n")
    return tmp_path


def test_house_passes_a_repository_in_good_form(house: Path) -> None:
    """It ends with 0 and one line."""
    code, said = tool("house.py", house)

    assert code == 0, said
    assert said == "house: 6 files, nothing to mend\n"


# Written in parts, so that this file does not hold what it plants.
HOUSE_BREAKS = {
    "registry": ("a.txt", "see pypi" + ".org\n", "names a package registry"),
    "machine path": ("a.md", "look in " + "/" + "home/ana/x\n", "a path of one machine"),
    "unfinished": ("a.sh", "# TO" + "DO: later\n", "marks unfinished work"),
    "unfinished too": ("a.sql", "-- XX" + "X this\n", "marks unfinished work"),
    "bare noqa": ("a.py", "import b  # no" + "qa\n", "name the code"),
    "noqa without reason": ("a.py", "import b  # no" + "qa: F401\n", "gives no reason"),
    "bare type ignore": ("a.py", "X = b  # type" + ": ignore\n", "name the code"),
    "pyright without reason": ("a.py", "X = b  # pyright" + ": ignore[x]\n", "gives no reason"),
    "phrase": ("docs/a.md", "Our tracking " + "plan.\n", "the glossary's word is `contract`"),
    "name": ("src/b.py", "class In" + "box: ...\n", "the glossary's word is `journal`"),
    "decision form": ("decisions/0002-b.md", "# B\n\n## Context\n", "its headings must be"),
    "decision name": ("decisions/second.md", DECISION, "is named `NNNN-title.md`"),
    "decision number": ("decisions/0001-b.md", DECISION, "number 0001 is taken"),
    "address": ("requirements.lock", "--index" + "-url x\nsome-thing==2.1" + HASH, "an address"),
    "hash": ("requirements.lock", "some-thing==2.1\n", "has no hash"),
    "version": ("requirements.lock", "some-thing==1.9" + HASH, "does not hold `some-thing>=2`"),
    "dependency": ("requirements-dev.lock", "other==1.0" + HASH, "does not hold `some-thing>=2`"),
}


@pytest.mark.parametrize("planted", HOUSE_BREAKS)
def test_house_catches_what_is_planted(house: Path, planted: str) -> None:
    """Each break is named, and nothing else is reported."""
    name, text, expected = HOUSE_BREAKS[planted]
    write(house / name, text)

    code, said = tool("house.py", house)

    assert code == 1
    assert expected in said.splitlines()[0]
    assert said.splitlines()[-1] == "house: 1 to mend"


def test_house_asks_for_the_lock_files(house: Path) -> None:
    """Without them nobody gets the same packages twice."""
    (house / "requirements.lock").unlink()

    code, said = tool("house.py", house)

    assert code == 1
    assert "requirements.lock:1: is missing" in said


# --------------------------------------------------------------------------------- docs


def test_docs_are_written_once_and_agree_with_the_code(tmp_path: Path) -> None:
    """What `generate` writes, `--check` accepts; a changed page it names."""
    assert tool("docs.py", "generate", "--root", tmp_path)[0] == 0
    assert tool("docs.py", "--check", "--root", tmp_path)[0] == 0

    page = tmp_path / "docs" / "reference" / "errors.md"
    write(page, page.read_text(encoding="utf-8") + "By hand.\n")
    code, said = tool("docs.py", "--check", "--root", tmp_path)

    assert code == 1
    assert "docs/reference/errors.md: differs from the code" in said


def test_docs_name_a_link_that_leads_nowhere(tmp_path: Path) -> None:
    """Files and headings are looked up; addresses and code are not."""
    tool("docs.py", "generate", "--root", tmp_path)
    write(
        tmp_path / "a.md",
        "# One, two\n\n[x](#one-two) [y](docs/reference/errors.md) [z](https://a.test/x)\n"
        "`[c](no.md)`\n\n```text\n[d](no.md)\n```\n\n[e](missing.md)\n[f](#three)\n",
    )

    code, said = tool("docs.py", "--check", "--root", tmp_path)

    assert code == 1
    assert [line for line in said.splitlines() if line.startswith("a.md:")] == [
        "a.md:10: `missing.md` does not exist",
        "a.md:11: `#three` names no heading of that page",
    ]


# ----------------------------------------------------------------------- import contracts

IMPORT_BREAKS = {
    "Imports point down only": ("values/money.py", "from truthpoint import ports"),
    "What decides is pure": ("core/pace.py", "import time"),
    "Shells see ports, not adapters": ("workers/work.py", "import sqlite3"),
    "Only the composition root names adapters": ("cli/main.py", "from truthpoint import transport"),
    "Stores are independent of each other": (
        "stores/sqlite/rows.py",
        "from truthpoint.stores import memory",
    ),
    "The local workspace shares no code with what it checks": (
        "workspace/__init__.py",
        "from truthpoint.values import money",
    ),
    "Only tests use the test helpers": ("ports.py", "import pytest"),
}


def test_each_import_contract_catches_the_break_meant_for_it(tmp_path: Path) -> None:
    """All contracts hold on the code as it is, and each reports a planted import."""
    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    command = (Path(sys.executable).parent / "lint-imports", "--no-cache", "--no-logo")
    place = str(tmp_path / "src")

    code, said = run(*command, cwd=tmp_path, PYTHONPATH=place)
    assert code == 0, said
    kept = set(re.findall(r"^(.+) KEPT$", said, re.MULTILINE))

    for name, line in IMPORT_BREAKS.values():
        with (tmp_path / "src" / "truthpoint" / name).open("a", encoding="utf-8") as module:
            module.write(f"\n{line}\n")
    code, said = run(*command, cwd=tmp_path, PYTHONPATH=place)

    assert code == 1
    assert kept == set(IMPORT_BREAKS)
    assert kept == set(re.findall(r"^(.+) BROKEN$", said, re.MULTILINE))


# -------------------------------------------------------------------------------- files


def test_the_licence_is_the_standard_text() -> None:
    """Apache-2.0, to the byte."""
    text = (ROOT / "LICENSE").read_bytes()

    expected = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
    assert expected == hashlib.sha256(text).hexdigest()


def test_make_help_names_every_promised_target() -> None:
    """The targets that the docs speak of exist, each with a line of its own."""
    code, said = run("make", "--no-print-directory", "help")

    assert code == 0, said
    named = set(re.findall(r"make ([a-z-]+)", said))
    assert {"install", "demo", "up", "test", "soak", "check", "bench", "docs", "lock"} <= named


def test_what_is_run_on_each_change_is_check_and_test() -> None:
    """Nothing is checked elsewhere that cannot be run here."""
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    called = [line for line in lines if line.startswith("make")]
    assert called == ["make check", "make test"]
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
