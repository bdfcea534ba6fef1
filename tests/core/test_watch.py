"""Each trouble is told once when it begins and once when it is over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from truthpoint.contract.model import Lane
from truthpoint.core.views import Waiting
from truthpoint.core.watch import Bounds, Sighting, Trouble, Watch

NOW_MS = 1_790_000_000_000
BOUNDS = Bounds(lag_seconds=60, silence_seconds={"order_paid": 3_600}, quarantine_records=5)


def _watch(**more) -> Watch:
    return Watch(BOUNDS, started_ms=NOW_MS, **more)


def _lagging(seconds: int, lane: Lane = Lane.LIVE, *, at_ms: int = NOW_MS, **more) -> Sighting:
    waiting = Waiting(people=3, oldest_captured_ms=at_ms - seconds * 1000)
    return Sighting(now_ms=at_ms, lanes={lane: waiting}, **more)


def _told(watch: Watch, seen: Sighting) -> list[tuple[str, str, bool]]:
    """Look, and tell everything."""
    alerts = watch.look(seen)
    for one in alerts:
        watch.note_told(one)
    return [(one.trouble.value, one.subject, one.recovered) for one in alerts]


def test_a_lag_is_told_once_for_each_lane_and_once_when_it_is_over():
    """Beyond the bound only."""
    watch = _watch()

    assert [] == _told(watch, _lagging(60))
    assert [("lag", "live", False)] == _told(watch, _lagging(61))
    assert [] == _told(watch, _lagging(500))
    assert [("lag", "critical", False), ("lag", "live", True)] == (
        _told(watch, _lagging(61, Lane.CRITICAL))
    )
    assert [("lag", "critical", True)] == _told(watch, Sighting(now_ms=NOW_MS))
    assert [("lag", "live", False)] == _told(watch, _lagging(61))


def test_silence_counts_from_what_was_heard_last_or_from_the_start():
    """No `order_paid` for two hours, also when there never was one."""
    never, heard = _watch(), _watch()
    later_ms = NOW_MS + 3_601_000

    assert [] == _told(never, Sighting(now_ms=NOW_MS + 3_600_000))
    assert [("silence", "order_paid", False)] == _told(never, Sighting(now_ms=later_ms))
    assert [] == _told(heard, Sighting(now_ms=later_ms, heard_ms={"order_paid": NOW_MS + 5_000}))
    seen = Sighting(now_ms=later_ms + 9_000, heard_ms={"order_paid": NOW_MS + 5_000})
    assert [("silence", "order_paid", False)] == _told(heard, seen)
    again = Sighting(now_ms=later_ms + 9_000, heard_ms={"order_paid": later_ms})
    assert [("silence", "order_paid", True)] == _told(heard, again)


def test_a_quarantine_that_grows_is_told_and_one_that_is_large_is_not():
    """Growth within ten minutes counts; what lay there before does not."""
    watch = _watch()

    assert [] == _told(watch, Sighting(now_ms=NOW_MS, quarantined=900))
    assert [] == _told(watch, Sighting(now_ms=NOW_MS + 60_000, quarantined=904))
    assert [("quarantine", "", False)] == (
        _told(watch, Sighting(now_ms=NOW_MS + 120_000, quarantined=905))
    )
    assert [("quarantine", "", True)] == (
        _told(watch, Sighting(now_ms=NOW_MS + 900_000, quarantined=905))
    )


def test_a_stop_is_over_only_when_it_is_known_to_be():
    """A worker that starts again does not know yet."""
    watch = _watch()

    assert [("delivery_stopped", "", False)] == _told(watch, Sighting(now_ms=NOW_MS, stopped=True))

    after = _watch(told=watch.told)

    assert [] == _told(after, Sighting(now_ms=NOW_MS + 1, stopped=None))
    assert [] == _told(after, Sighting(now_ms=NOW_MS + 2, stopped=True))
    assert [("delivery_stopped", "", True)] == (
        _told(after, Sighting(now_ms=NOW_MS + 3, stopped=False))
    )
    assert {} == after.told


def test_what_was_not_told_is_told_at_the_next_look_or_never_mentioned():
    """A hook that fails delays an alert; one that is over by then is not worth two."""
    watch = _watch()
    first, second = watch.look(_lagging(61)), watch.look(_lagging(61, at_ms=NOW_MS + 9_000))

    assert [one.since_ms for one in first] == [one.since_ms for one in second] == [NOW_MS]
    assert [] == watch.look(Sighting(now_ms=NOW_MS + 10_000))
    assert [] == watch.look(Sighting(now_ms=NOW_MS + 11_000))


def test_the_text_says_what_and_what_to_do():
    """In whole sentences, with names of lanes and events and numbers."""
    watch = _watch()
    (lag,) = watch.look(_lagging(600, paused=True))

    assert (
        "The oldest record that waits in the lane live was captured 10 minutes ago; 3 people wait. "
        "A pause is in force. `truthpoint status` shows what waits."
    ) == lag.text


SEEN = st.builds(
    Sighting,
    now_ms=st.integers(0, 7_200).map(lambda seconds: NOW_MS + seconds * 1000),
    stopped=st.sampled_from((True, False, None)),
    lanes=st.dictionaries(
        st.sampled_from((Lane.CRITICAL, Lane.LIVE)),
        st.builds(Waiting, people=st.just(1), oldest_captured_ms=st.just(NOW_MS)),
    ),
    quarantined=st.integers(0, 20),
    heard_ms=st.dictionaries(st.just("order_paid"), st.just(NOW_MS)),
)


@given(seen=st.lists(SEEN, max_size=20).map(lambda all_: sorted(all_, key=lambda one: one.now_ms)))
def test_beginnings_and_ends_alternate(seen):
    """Always: an episode begins before it ends, and never twice in a row, over restarts too."""
    open_now: set[tuple[str, str]] = set()
    watch = _watch()
    for one in seen:
        for trouble, subject, recovered in _told(watch, one):
            assert ((trouble, subject) in open_now) == recovered
            open_now ^= {(trouble, subject)}
        watch = _watch(told=watch.told)

    assert open_now == {(trouble.value, subject) for trouble, subject in watch.told}
    assert Trouble.STOPPED.value == "delivery_stopped"
