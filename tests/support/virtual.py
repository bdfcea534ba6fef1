"""Time that jumps: an event loop that never waits, and the clock that goes with it."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

START_MS = 1_795_000_000_000
"""2026-11-18T11:06:40Z: where virtual time begins."""


class _JumpingSelector(selectors.SelectSelector):
    """Instead of waiting, moves the loop's time to the next thing that is due."""

    def __init__(self) -> None:
        super().__init__()
        self.now_seconds = 0.0

    def select(self, timeout: float | None = None):
        ready = super().select(0)
        if ready or timeout is None:
            return ready or super().select(None)
        self.now_seconds += max(0.0, timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose time passes only when nothing can run."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._jumping.now_seconds


class VirtualClock:
    """The time of day that goes with a virtual loop; may be moved by hand as well."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.shift_ms = 0

    def now_ms(self) -> int:
        return START_MS + int(self._loop.time() * 1000) + self.shift_ms


class StoppedClock:
    """A time of day that stands still."""

    def now_ms(self) -> int:
        return START_MS


class FixedEntropy:
    """Chance that always falls the same way."""

    def __init__(self, draw: float = 0.5) -> None:
        self._draw = draw

    def draw(self) -> float:
        return self._draw


def run(story: Coroutine[object, object, T]) -> T:
    """Run a story in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)
