"""T2: processes killed at every named step; an oracle reads the workspace's log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from support import killed
from support.connected import contract_for
from support.local import Local, serving
from support.minted import Minted, judge, mint
from truthpoint.machine import SystemClock

SUPPORT = Path(killed.__file__).parent


class Run:
    """One store, one workspace that runs apart, and processes that may be killed."""

    def __init__(self, folder: Path, local: Local, minted: Minted) -> None:
        self.contract = contract_for(folder, local.url)
        self.store = f"sqlite:{folder / 'store'}"
        self.file = folder / "records.ndjson"
        self.file.write_bytes(minted.lines())

    def play(self, role: str, step: str = "never", nth: int = 1) -> int:
        """Run a capture or a worker; return its exit code, negative when it was killed."""
        command = [sys.executable, SUPPORT / "killed.py", role, step, str(nth)]
        command += [self.contract, self.store, self.file]
        environment = {
            **os.environ,
            # What is imported here is what is killed there.
            "PYTHONPATH": os.pathsep.join([str(SUPPORT.parent), *filter(None, sys.path)]),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

        assert done.returncode in (0, -signal.SIGKILL), done.stderr

        return done.returncode


def play(folder: Path, step: str, seed: int, *, people: int, each: int) -> Counter[str]:
    """Kill at a step, twice, then go on to the end; return what was seen."""
    # Of the last hour, by the machine's clock: a start that is too old would not be sent.
    hour_ms = 3_600_000
    minted = mint(seed, people=people, each=each, start_ms=SystemClock().now_ms() - hour_ms)
    with serving() as local:
        run = Run(folder, local, minted)
        capturing = step in killed.CAPTURE_STEPS
        seen: Counter[str] = Counter()
        for nth in (1, 2 + seed % 3):
            if capturing:
                seen["killed"] += run.play("capture", step, 1) != 0
            run.play("capture")
            if not capturing:
                seen["killed"] += run.play("work", step, nth) != 0
        run.play("work")
        seen += judge(minted, local.log())
        return seen


STEPS = (*killed.CAPTURE_STEPS, *killed.WORK_STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_loses_nothing_and_doubles_nothing(step, tmp_path):
    """T2, laws 1, 5, 7: I1 to I4 hold; the kill was real, and an answer lost to it repeats."""
    seen = play(tmp_path, step, STEPS.index(step), people=5, each=8)

    assert seen["killed"] >= 1
    if step in ("answer arrives", "settling begins", "settling commits"):
        assert seen["duplicate"] >= 1, "what was applied and not settled was sent again"


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_with_twenty_seeds(step, seed, tmp_path):
    """T2 at full size: each step, twenty stories."""
    assert play(tmp_path, step, seed, people=20, each=20)["killed"] >= 1
