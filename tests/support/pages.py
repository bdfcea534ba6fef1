"""Pages that run: their commands are executed, and what comes out is what they show.

A page tells its story in three kinds of blocks:

- a block after "Save this as `NAME`" becomes that file;
- a block in `console` holds commands after `$`, each with its output below;
- `truthpoint up` starts in the background, on free ports that stand in for the usual ones.

Times, numbers that a store gives itself, and the width of columns may differ.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 60.0
"""Longest wait for what a worker in the background brings about."""

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SAVED = re.compile(r"[Ss]ave (?:this|it) as `([^`]+)`[^\n]*\n\s*$")
_SEPARATE = ("make ", "cd ", ". ", "git ")
"""Commands of the reader's own shell: what they do, the tests have already."""

_READS = ("status", "person", "events", "list", "show")
"""Words of commands that change nothing, so that they may be asked again until they agree."""

_VARIES = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "TIME"),
    (re.compile(r"(on \d{4}-\d\d-\d\d )?at \d\d:\d\d:\d\d\b"), "at TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"\b([0-9a-f]{16}-[0-9a-f]+|[0-9a-f]{32}|[0-9a-f]{16})\b"), "ID"),
    (re.compile(r"\b\d{7,}\b|(?<=workspace )\d+"), "NUMBER"),
    (re.compile(r"\b\d+\.\d/s"), "RATE"),
    (re.compile(r"127\.0\.0\.1:\d+"), "ADDRESS"),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(frozen=True)
class Step:
    """One thing that a page tells its reader to do."""

    line: int
    command: str = ""
    shown: str = ""
    file: str = ""
    text: str = ""


def steps(page: Path) -> list[Step]:
    """Return what a page tells its reader to do, in its order."""
    text = page.read_text(encoding="utf-8")
    found: list[Step] = []
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        saved = _SAVED.search(text, 0, block.start())
        if saved:
            found.append(Step(line, file=saved[1], text=block[2]))
        elif block[1] == "console":
            found += _commands(block[2], line)
    return found


def _commands(block: str, line: int) -> list[Step]:
    found: list[Step] = []
    for place, part in enumerate(re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]):
        command, _, shown = part.partition("\n")
        found.append(Step(line + place, command=command.strip(), shown=shown.strip()))
    return found


def alike(text: str) -> str:
    """Return a text without what may differ from run to run."""
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return "\n".join(line.strip() for line in text.strip().splitlines())


@dataclass
class Reader:
    """Does what a page says, in a folder of its own."""

    folder: Path
    ports: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def follow(self, page: Path) -> None:
        """Follow a page from its beginning to its end."""
        done = 0
        (self.folder / "examples").symlink_to(ROOT / "examples")
        for step in steps(page):
            done += 1
            if step.file:
                (self.folder / step.file).write_text(step.text, encoding="utf-8")
            elif not step.command.startswith(_SEPARATE):
                self._run(page, step)
        assert done, f"{page.name} tells its reader to do nothing"

    def stop(self) -> None:
        """End what runs in the background, and see that it ends well."""
        for process in self.running:
            process.terminate()
        for process in self.running:
            _, said = process.communicate(timeout=DEADLINE_SECONDS)
            assert process.returncode == 0, said

    def _run(self, page: Path, step: Step) -> None:
        if step.command == "truthpoint up":
            seen = self._start(len(step.shown.splitlines()))
        else:
            seen = self._until_alike(step)
        told = (
            f"{page.name}:{step.line}: $ {step.command}\n--- shown\n{step.shown}\n--- seen\n{seen}"
        )

        assert alike(step.shown) == alike(seen), told

    def _until_alike(self, step: Step) -> str:
        words = shlex.split(step.command)
        again = words[0] == "curl" or any(word in _READS for word in words[1:3])
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            seen = self._curl(words) if words[0] == "curl" else self._ask(step.command)
            if alike(seen) == alike(step.shown) or not again or time.monotonic() > deadline:
                return seen
            time.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        binaries = str(Path(sys.executable).parent)
        kept = {name: value for name, value in os.environ.items() if "TRUTHPOINT" not in name}
        return {**kept, "PATH": binaries + os.pathsep + kept["PATH"], "COLUMNS": "200"}

    def _ask(self, command: str) -> str:
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
        return done.stdout + done.stderr

    def _start(self, lines: int) -> str:
        process = subprocess.Popen(
            ["truthpoint", "up", "--port", "0", "--workspace-port", "0"],
            cwd=self.folder,
            env={**self._environment(), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        ports = re.findall(r"127\.0\.0\.1:(\d+)", "".join(said))
        self.ports = dict(zip(("8710", "8700"), ports, strict=True))
        return "".join(said)

    def fetch(
        self, url: str, headers: Mapping[str, str] | None = None, data: bytes | None = None
    ) -> str:
        """Return what an address answers, the usual ports standing for those in use."""
        for usual, port in self.ports.items():
            url = url.replace(f":{usual}", f":{port}")
        request = urllib.request.Request(url, headers=dict(headers or {}), data=data)
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            return answer.read().decode()

    def _curl(self, words: list[str]) -> str:
        """Do what `curl -s [-H HEADER] [--data-binary @FILE] URL` does."""
        headers = dict(
            words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H"
        )
        data = None
        if "--data-binary" in words:
            file = words[words.index("--data-binary") + 1].removeprefix("@")
            data = (self.folder / file).read_bytes()
        return self.fetch(words[-1], headers, data)
