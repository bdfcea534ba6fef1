"""Rates: means over the last minute, whatever came before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from truthpoint.core.rates import KEPT_EVERY_MS, WINDOW_MS, Pace, PaceKeeper, rates

START_MS = 1_795_000_000_000


def _kept(*noted: tuple[int, int]) -> list[Pace]:
    """Note counts at seconds since the start; return what was written down."""
    kept: list[Pace] = []
    keeper = PaceKeeper(kept.append, now_ms=START_MS)
    for seconds, delivered in noted:
        keeper.note(delivered, now_ms=START_MS + seconds * 1000)
    return kept


def test_the_last_word_is_written_down_however_early_it_comes():
    """A run of a second leaves a pace too; one that delivered nothing more leaves it as it is."""
    kept: list[Pace] = []
    keeper = PaceKeeper(kept.append, now_ms=START_MS)
    keeper.note(5, now_ms=START_MS + 1_000)
    keeper.note(5, now_ms=START_MS + 1_000, last=True)
    keeper.note(5, now_ms=START_MS + 9_000, last=True)

    assert [_pace(5, 0, 1)] == kept


def _pace(delivered: int, from_seconds: int, until_seconds: int) -> Pace:
    return Pace(
        delivered=delivered,
        from_ms=START_MS + from_seconds * 1000,
        until_ms=START_MS + until_seconds * 1000,
    )


def test_a_pace_is_written_down_now_and_then():
    """Every two seconds, while something is delivered."""
    assert [_pace(50, 0, 2), _pace(70, 0, 5)] == _kept((0, 5), (2, 50), (3, 60), (5, 70))


def test_what_is_older_than_a_minute_does_not_count():
    """An hour of work before says nothing of now."""
    assert _pace(40, 70, 130) == _kept((0, 1_000), (60, 1_010), (70, 1_020), (130, 1_060))[-1]


def test_an_idle_hour_is_no_part_of_the_pace_after_it():
    """What comes in a burst counts within its own minute."""
    assert _pace(600, 3_540, 3_600) == _kept((3_600, 600))[-1]


@given(
    st.lists(st.tuples(st.integers(-5_000, 90_000), st.integers(0, 1_000)), min_size=1, max_size=30)
)
def test_a_pace_is_never_longer_than_the_window_nor_backwards(steps):
    """Also when the clock is set back."""
    kept: list[Pace] = []
    keeper, now_ms, delivered = PaceKeeper(kept.append, now_ms=START_MS), START_MS, 0
    for moved_ms, more in steps:
        now_ms, delivered = now_ms + moved_ms, delivered + more
        keeper.note(delivered, now_ms=now_ms)

    assert all(0 <= one.until_ms - one.from_ms <= WINDOW_MS for one in kept)
    assert all(one.delivered >= 0 for one in kept)
    assert len(kept) <= len(steps)


def test_rates_are_means_and_end_with_what_they_were_written_for():
    """An old pace is no rate: no worker delivers any more."""
    pace = _pace(600, 0, 60)
    now_ms = START_MS + 60_000

    assert 2.0 == rates(120, None, now_ms=now_ms).captured_per_second
    assert 0.0 == rates(120, None, now_ms=now_ms).delivered_per_second
    assert 10.0 == rates(0, pace, now_ms=now_ms).delivered_per_second
    assert 0.0 == rates(0, pace, now_ms=now_ms + WINDOW_MS).delivered_per_second
    assert 0.0 == rates(0, pace, now_ms=now_ms - KEPT_EVERY_MS).delivered_per_second


def test_a_pace_of_an_instant_is_spread_over_a_second():
    """The first write has no length."""
    assert 5.0 == rates(0, _pace(5, 0, 0), now_ms=START_MS).delivered_per_second
