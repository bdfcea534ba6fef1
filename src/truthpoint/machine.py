"""Time and chance as this machine has them."""

from __future__ import annotations

import random
import time


class SystemClock:
    """The machine's time of day."""

    def now_ms(self) -> int:
        """Return the present in milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000


class SystemEntropy:
    """Pseudo-random numbers, good enough for jitter."""

    def draw(self) -> float:
        """Return a number from [0, 1)."""
        return random.random()  # noqa: S311 - jitter needs no secrecy
