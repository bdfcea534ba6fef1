"""How long to wait, and how fast to go: arithmetic only, no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

LONGEST_WAIT_SECONDS: Final = 600
"""Nobody is told to wait longer. Who seems to have longer to wait may go on: the clock was
set back since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait after transient failures: full jitter under a growing ceiling.

    Attributes:
        first_seconds: Ceiling of the wait after the first failure. Defaults to 0.5.
        ceiling_seconds: The ceiling never exceeds it. Defaults to 60.
        clamp_seconds: The longest `Retry-After` that is obeyed in full; a longer one is
            cut to it. Defaults to 300.
    """

    first_seconds: float = 0.5
    ceiling_seconds: float = 60.0
    clamp_seconds: float = 300.0

    def wait_seconds(
        self, failures: int, *, retry_after_seconds: float | None, draw: float
    ) -> float:
        """Return how long to wait before the next attempt.

        Args:
            failures: Failures in a row so far, counting the one that just happened. At
                least 1.
            retry_after_seconds: What the peer asked for; None when it asked for nothing
                that can be read.
            draw: A number from [0, 1), passed in so that this function repeats itself.

        Returns:
            Seconds; never less than what the peer asked for, up to the clamp, and at most
            `LONGEST_WAIT_SECONDS`.
        """
        # Past 2**16 the ceiling has long been reached; the power must not overflow.
        ceiling = min(self.ceiling_seconds, self.first_seconds * 2 ** min(failures - 1, 16))
        asked = min(retry_after_seconds or 0.0, self.clamp_seconds)
        return min(max(asked, draw * ceiling), LONGEST_WAIT_SECONDS)


def is_due(not_before_ms: int, now_ms: int) -> bool:
    """Tell whether a person who was told to wait until then may go on."""
    return not now_ms < not_before_ms <= now_ms + LONGEST_WAIT_SECONDS * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenBucket:
    """Requests a second, evenly, with a burst of at most one second's worth.

    Attributes:
        rate: Tokens a second; more than 0.
        tokens: Tokens in the bucket.
        at_seconds: The moment for which `tokens` is right, on any rising clock.
    """

    rate: float
    tokens: float
    at_seconds: float

    @classmethod
    def full(cls, rate: float, *, at_seconds: float) -> TokenBucket:
        """Return a full bucket."""
        return cls(rate=rate, tokens=max(1.0, rate), at_seconds=at_seconds)

    def take(self, now_seconds: float) -> tuple[TokenBucket, float]:
        """Take one token; return the bucket afterwards and how long to wait for the token.

        The token is taken even when it must be waited for, so that several callers
        queue up behind each other.
        """
        passed = max(0.0, now_seconds - self.at_seconds)
        tokens = min(max(1.0, self.rate), self.tokens + passed * self.rate) - 1
        after = replace(self, tokens=tokens, at_seconds=max(now_seconds, self.at_seconds))
        return after, max(0.0, -tokens / self.rate)
