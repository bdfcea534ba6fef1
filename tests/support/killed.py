"""A capture or a worker that is killed at a named step; the crash proofs run it as a program.

Usage: python killed.py ROLE STEP NTH CONTRACT STORE [FILE]

It is composed as the product composes it; only the calls of the ports, and the COMMIT of
each transaction, are counted on their way. At the NTH time that STEP is reached the process
kills itself with SIGKILL; without being reached so often it ends as usual.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from truthpoint import runtime
from truthpoint.capture import capture_lines
from truthpoint.core.pace import Backoff
from truthpoint.workers import DeliverySettings

CAPTURE_STEPS = ("append begins", "append commits", "append ends")
WORK_STEPS = (
    "decision begins",
    "decision commits",
    "decision ends",
    "lease commits",
    "lease ends",
    "request leaves",
    "answer arrives",
    "settling begins",
    "settling commits",
    "settling ends",
)
ERASE_STEPS = ("scrub begins", "scrub commits", "scrub ends")
DELIVERY = DeliverySettings(
    requests_per_second=1000,
    lease_operations=7,
    backoff=Backoff(first_seconds=0.01, ceiling_seconds=0.02),
)


class Killer:
    """Counts how often the step is reached, and kills this process in time."""

    def __init__(self, step: str, nth: int) -> None:
        self._step = step
        self._left = nth
        self._within = ""

    def reached(self, step: str) -> None:
        """Kill this process when it is time."""
        if step == self._step:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, thing: Any, name: str, what: str) -> None:
        """Count the beginning and the end of a method's calls."""
        method = getattr(thing, name)

        def watched(*given: Any, **named: Any) -> Any:
            self.reached(f"{what} begins")
            self._within = what
            result = method(*given, **named)
            self._within = ""
            self.reached(f"{what} ends")
            return result

        setattr(thing, name, watched)

    def watch_commits(self, connection: Any) -> None:
        """Count the commits of a connection, just before each is carried out."""

        def traced(statement: str) -> None:
            if statement == "COMMIT":
                self.reached(f"{self._within} commits")

        connection.set_trace_callback(traced)


def capture(killer: Killer, contract: str, store: str, file: str) -> None:
    """Capture a file."""
    loaded = runtime.load_contract(contract)
    settings = runtime.Settings(contract=contract, store=store)
    recorder = runtime.recorder(loaded, settings, source="backend")
    journal: Any = recorder._journal
    killer.watch(journal, "append", "append")
    killer.watch_commits(journal._connection)
    with Path(file).open("rb") as stream:
        for _ in capture_lines(stream, recorder):
            pass


async def work(killer: Killer, contract: str, store: str) -> None:
    """Decide and deliver everything."""
    loaded = runtime.load_contract(contract)
    settings = runtime.Settings(contract=contract, store=store)
    workspace = runtime.chosen_workspace(loaded, "local")
    worker, state, transport = runtime.open_worker(loaded, settings, workspace, delivery=DELIVERY)
    killer.watch(state, "commit", "decision")
    killer.watch(state, "lease", "lease")
    killer.watch(state, "settle", "settling")
    killer.watch(state.forgetting, "scrub", "scrub")
    killer.watch_commits(state._state)
    killer.watch_commits(state._journal)
    send: Callable[[Any], Any] = transport.send

    async def watched(request: Any) -> Any:
        if request.method != "GET":
            killer.reached("request leaves")
        answer = await send(request)
        if request.method != "GET":
            killer.reached("answer arrives")
        return answer

    transport.send = watched  # type: ignore[method-assign]  # the step between two ports
    await worker.drain()
    state.close()
    await transport.close()


def main() -> None:
    """Play one role."""
    role, step, nth, contract, store, *file = sys.argv[1:]
    killer = Killer(step, int(nth))
    if role == "capture":
        capture(killer, contract, store, file[0])
    else:
        asyncio.run(work(killer, contract, store))


if __name__ == "__main__":
    main()
