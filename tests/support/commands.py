"""The command line under test.

In this process for the many messages, in one of its own for signals, pipes and exit codes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from support.shop import CONTRACT
from truthpoint.cli.main import app

_SHORT_SECONDS = 60
"""No command of a test takes so long; a hang fails instead of blocking."""


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Any]:
        """Standard output as NDJSON."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, Any]:
        """The error that ends NDJSON."""
        return self.lines[-1]["error"]


class Shop:
    """A folder with a store, and commands run on it."""

    def __init__(self, folder: Path, *, contract: Path = CONTRACT) -> None:
        self.folder = folder
        self.contract = contract
        self.store = folder / "store"

    @property
    def environment(self) -> dict[str, str]:
        """What a command finds in its environment."""
        return {
            "TRUTHPOINT_CONTRACT": str(self.contract),
            "TRUTHPOINT_STORE": f"sqlite:{self.store}",
            **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
            # A command that is killed or finds a full disk must not leave half a .pyc behind.
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def file(self, name: str, *lines: Any) -> str:
        """Write an NDJSON file and return its path; bytes are written as they are."""
        path = self.folder / name
        path.write_bytes(b"".join(_line(line) + b"\n" for line in lines))
        return str(path)

    def run(self, *arguments: str, stdin: bytes | None = None, **environment: str) -> Ended:
        """Run a command in this process."""
        runner = CliRunner(env={**self.environment, **environment})
        result = runner.invoke(app, list(arguments), input=stdin, prog_name="truthpoint")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[bytes]:
        """Start a command in a process of its own, with pipes."""
        return self._process("-m", "truthpoint", *arguments, **more)

    def python(self, program: str, **more: Any) -> subprocess.Popen[bytes]:
        """Start a program in a process of its own, with pipes."""
        return self._process("-c", program, **more)

    def _process(self, *arguments: str, **more: Any) -> subprocess.Popen[bytes]:
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        environment = {**self.environment, **more.pop("environment", {})}
        command = [sys.executable, *arguments]
        return subprocess.Popen(command, env=environment, cwd=self.folder, **(pipes | more))

    def spawn(self, *arguments: str, **more: Any) -> Ended:
        """Run a command in a process of its own, to its end."""
        process = self.start(*arguments, **more)
        return ended(process)


def ended(process: subprocess.Popen[bytes]) -> Ended:
    """Wait for a process; kill it and fail if it hangs."""
    try:
        out, err = process.communicate(timeout=_SHORT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"it hangs; it said: {out!r} {err!r}") from None
    return Ended(process.returncode, (out or b"").decode(), (err or b"").decode())


def wait_until(condition: Any, *, seconds: float = 30) -> Any:
    """Poll a condition until it is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)
    return value


def _line(line: Any) -> bytes:
    return line if isinstance(line, bytes) else json.dumps(line).encode()
