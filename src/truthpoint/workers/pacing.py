"""When the next request may leave: the rate, and the pauses that failures bring."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from truthpoint.core.pace import TokenBucket

if TYPE_CHECKING:
    from truthpoint.core.pace import Backoff
    from truthpoint.ports import Entropy


SHORTEST_WAIT_SECONDS: Final = 1e-6
"""A shorter wait can vanish in the rounding of a clock that has run for years."""


class Pacer:
    """Holds requests to the rate, and everyone back after a transient failure.

    Args:
        requests_per_second: Mean rate of requests.
        backoff: Waits after transient failures.
        entropy: Chance, for jitter.
    """

    def __init__(self, requests_per_second: float, backoff: Backoff, entropy: Entropy) -> None:
        self._rate = requests_per_second
        self._backoff = backoff
        self._entropy = entropy
        self._bucket: TokenBucket | None = None
        self._failures = 0
        self._resume_at = 0.0
        self._counted_at = 0.0
        self._released = asyncio.Event()

    async def wait_for_turn(self) -> None:
        """Wait for a token and for the end of any pause; both can move while waiting."""
        loop = asyncio.get_running_loop()
        bucket = self._bucket or TokenBucket.full(self._rate, at_seconds=loop.time())
        self._bucket, wait_seconds = bucket.take(loop.time())
        until = loop.time() + wait_seconds
        # Another failure may move the end.
        while (left := max(until, self._resume_at) - loop.time()) > 0:
            if await happened(self._released, max(left, SHORTEST_WAIT_SECONDS)):
                return

    def release(self) -> None:
        """Let everybody go who waits, now and later: nothing is sent any more."""
        self._released.set()

    @property
    def failing(self) -> bool:
        """Whether the last request that counted has failed."""
        return bool(self._failures)

    def answered(self) -> None:
        """Note that the peer is well."""
        self._failures = 0

    def failed(self, sent_at: float, retry_after_seconds: float | None) -> None:
        """Pause everyone; requests that were under way together count as one failure.

        Args:
            sent_at: When the request left, on the loop's clock.
            retry_after_seconds: What the peer asked for; None: nothing.
        """
        now = asyncio.get_running_loop().time()
        if not self._failures or sent_at >= self._counted_at:
            self._failures += 1
            self._counted_at = now
        wait_seconds = self.wait_seconds(self._failures, retry_after_seconds)
        self._resume_at = max(self._resume_at, now + wait_seconds)

    def wait_seconds(self, failures: int, retry_after_seconds: float | None = None) -> float:
        """Return how long to wait after so many failures in a row."""
        return self._backoff.wait_seconds(
            failures, retry_after_seconds=retry_after_seconds, draw=self._entropy.draw()
        )

    def pause_seconds(self) -> float:
        """Return how long the pause still lasts; 0 without one."""
        return max(0.0, self._resume_at - asyncio.get_running_loop().time())


async def happened(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most so long; tell whether it happened."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
