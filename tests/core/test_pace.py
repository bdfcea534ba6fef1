"""How long to wait and how fast to go, for any sequence of failures and calls."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truthpoint.core.pace import Backoff, TokenBucket

DRAWS = st.floats(0, 1, exclude_max=True)
SECONDS = st.none() | st.floats(0, 1e9)


@given(st.integers(1, 10**6), SECONDS, DRAWS)
def test_a_wait_lies_between_what_was_asked_and_the_ceiling(
    failures: int, asked: float | None, draw: float
) -> None:
    """Never less than Retry-After up to the clamp, never more than the greater of the two."""
    wait = Backoff().wait_seconds(failures, retry_after_seconds=asked, draw=draw)
    least = min(asked or 0, 300)
    ceiling = min(60, 0.5 * 2 ** min(failures - 1, 20))

    assert least <= wait <= max(least, ceiling)


@pytest.mark.parametrize(
    ("failures", "asked", "draw", "seconds"),
    [
        (1, None, 0.0, 0.0),
        (1, None, 0.5, 0.25),
        (2, None, 0.5, 0.5),
        (7, None, 0.5, 16.0),
        (8, None, 0.5, 30.0),
        (10**9, None, 0.5, 30.0),
        (1, 0, 0.5, 0.25),
        (1, 2, 0.5, 2.0),
        (1, 3600, 0.5, 300.0),
        (8, 2, 0.5, 30.0),
    ],
)
def test_waits_grow_under_a_ceiling_and_obey_retry_after_up_to_a_clamp(
    failures: int, asked: float | None, draw: float, seconds: float
) -> None:
    """Full jitter: the draw decides how much of the ceiling is waited."""
    backoff = Backoff()

    assert seconds == backoff.wait_seconds(failures, retry_after_seconds=asked, draw=draw)


@given(
    st.floats(0.1, 1000),
    st.lists(st.floats(0, 3) | st.just(0.0), min_size=1, max_size=80),
)
def test_a_bucket_never_lets_more_through_than_rate_and_burst(
    rate: float, gaps: list[float]
) -> None:
    """In any window, from any call to any later one, whoever waits for its token."""
    bucket = TokenBucket.full(rate, at_seconds=0)
    now = 0.0
    leaves: list[float] = []
    for gap in gaps:
        now += gap
        bucket, wait = bucket.take(now)
        assert wait >= 0
        leaves.append(now + wait)

    # Callers queue up behind each other, but for what binary fractions lose.
    assert all(later - earlier > -1e-6 for earlier, later in pairwise(leaves))
    burst = max(1.0, rate)
    for first, start in enumerate(leaves):
        for last in range(first, len(leaves)):
            assert last - first + 1 <= burst + rate * (leaves[last] - start) + 1e-6


def test_a_bucket_fills_again_to_a_second_of_its_rate_and_no_more() -> None:
    """A night of silence is no licence for a flood."""
    bucket = TokenBucket.full(2, at_seconds=0)
    waits: list[float] = []
    for now in (0, 0, 0, 1000, 1000, 1000, 1000):
        bucket, wait = bucket.take(now)
        waits.append(wait)

    assert [0, 0, 0.5, 0, 0, 0.5, 1.0] == waits


def test_a_slow_bucket_still_holds_one_token() -> None:
    """Below one request a second, the first goes at once."""
    bucket, first = TokenBucket.full(0.5, at_seconds=5).take(5)
    bucket, second = bucket.take(5)

    assert (0, 2) == (first, second)


def test_a_clock_that_steps_back_gives_no_tokens() -> None:
    """Time only counts forward."""
    bucket, _ = TokenBucket.full(1, at_seconds=100).take(100)
    bucket, wait = bucket.take(50)

    assert (1, 100) == (wait, bucket.at_seconds)
