"""How fast records come and operations go, over the last minute or so."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

WINDOW_MS: Final = 60_000
"""Rates are means over so long, at most."""

KEPT_EVERY_MS: Final = 2_000
"""How often a worker that delivers writes down its pace: one small commit."""


class Pace(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How delivery went lately.

    Attributes:
        delivered: Operations accepted.
        from_ms: From when on.
        until_ms: Up to when: when it was written down.
    """

    delivered: int
    from_ms: int
    until_ms: int


class PaceKeeper:
    """Follows what a worker delivers, and writes its pace down now and then.

    Args:
        keep: Writes it down.
        now_ms: When it starts.
    """

    def __init__(self, keep: Callable[[Pace], None], *, now_ms: int) -> None:
        self._keep = keep
        self._kept_ms = now_ms
        self._seen: deque[tuple[int, int]] = deque([(now_ms, 0)])

    def note(self, delivered: int, *, now_ms: int, last: bool = False) -> None:
        """Note how many operations were accepted since the start.

        Args:
            delivered: How many.
            now_ms: The present.
            last: Nothing follows: it is written down, however short the time since the last.
        """
        early = not last and 0 <= now_ms - self._kept_ms < KEPT_EVERY_MS
        if early or delivered == self._seen[-1][1]:
            return
        while len(self._seen) > 1 and self._seen[1][0] <= now_ms - WINDOW_MS:
            self._seen.popleft()
        since_ms, before = self._seen[0]
        self._kept_ms = now_ms
        self._seen.append((now_ms, delivered))
        from_ms = min(max(since_ms, now_ms - WINDOW_MS), now_ms)
        self._keep(Pace(delivered=delivered - before, from_ms=from_ms, until_ms=now_ms))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Means over the last minute.

    Attributes:
        captured_per_second: Records captured.
        delivered_per_second: Operations accepted by Customer.io.
    """

    captured_per_second: float
    delivered_per_second: float


def rates(captured: int, pace: Pace | None, *, now_ms: int) -> Rates:
    """Return the rates.

    Args:
        captured: Records of the last minute.
        pace: What a worker wrote down last; None: nothing.
        now_ms: The present.
    """
    delivered_per_second = 0.0
    if pace is not None and 0 <= now_ms - pace.until_ms < WINDOW_MS:
        seconds = max(now_ms - pace.from_ms, 1_000) / 1_000
        delivered_per_second = pace.delivered / seconds
    return Rates(
        captured_per_second=captured / (WINDOW_MS / 1_000),
        delivered_per_second=delivered_per_second,
    )
