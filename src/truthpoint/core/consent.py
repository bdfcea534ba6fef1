"""Consent: what every source said about one permission, and what all of it comes to (law 12).

The words of each source are kept apart, in the order of their own times. A change is a
difference from the same source's word before it. The state is a function of the words
alone: whatever the order in which they arrive, and however often, it is the same.

Only a source's last two runs of equal words can matter, and of the run before them its
last time. Within these every time is kept, because an opposite word that arrives late
makes the next one after it a change. Where a source repeats itself so often that they
become too many, the oldest are drawn together into a span; whatever falls inside a span
is read in favour of the withdrawal.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SKEW_MS: Final = 5 * 60 * 1000
"""How much later than a withdrawal a grant may be said and still lose to it (law 12)."""

MERGED: Final = ""
"""In place of a source: the withdrawal that stands because two people were joined."""

MOST_SPANS: Final = 50
"""How many spans are kept of one source before the oldest are drawn together."""


class Span(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One word of a source, or many equal ones of which the first and the last are known.

    Attributes:
        first_ms: When it was first said.
        last_ms: When it was last said.
        granted: Whether it permits; otherwise it forbids.
    """

    first_ms: int
    last_ms: int
    granted: bool


class Heard(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """All that was said about one consent of a person.

    Attributes:
        sources: Source to its words, in the order of their times.
        history: Whether a backfill carried a grant; it counts while there is no other word.
    """

    sources: dict[str, tuple[Span, ...]] = msgspec.field(
        default_factory=dict[str, tuple[Span, ...]]
    )
    history: bool = False


NOTHING: Final = Heard()
"""Nothing was said."""


def say(heard: Heard, source: str, at_ms: int, *, granted: bool, history: bool = False) -> Heard:
    """Return what was heard with one more word.

    Args:
        heard: What was said before, in any order.
        source: Who says it.
        at_ms: When it was said.
        granted: Whether it permits.
        history: Whether a backfill carries it; such a grant is no word of its source's.
    """
    if history and granted:
        return heard if heard.history else replace(heard, history=True)
    before = heard.sources.get(source, ())
    word = Span(at_ms, at_ms, granted)
    if before and before[-1].granted is granted and at_ms > before[-1].last_ms:
        # The usual word: what its source always says, once more.
        after = _thinned([*before, word])
    else:
        after = _folded((*before, word))
    return heard if after == before else replace(heard, sources={**heard.sources, source: after})


def state(heard: Heard) -> bool | None:
    """Return what all the words come to: permitted, forbidden, or None: nobody said anything.

    The last withdrawal stands until a source takes back its own, more than `SKEW_MS` later.
    A first word is no change: it grants only where nothing was withdrawn.
    """
    if not heard.sources:
        return True if heard.history else None
    withdrawn_ms, granted_ms = _changes(heard)
    if withdrawn_ms is None:
        return True
    return _stands(granted_ms, withdrawn_ms)


def joined(primary: Heard, secondary: Heard, *, same_person: bool) -> Heard:
    """Return what was heard of two people who become one.

    A withdrawal of either stands; a grant is taken over from the secondary only where it is
    the same person who gave it and neither has withdrawn.

    Args:
        primary: Of the person who stays.
        secondary: Of the person who is joined to them.
        same_person: Whether both were one person all along, who went by two identifiers.
    """
    ours, theirs = state(primary), state(secondary)
    if not same_person and ours is not False and theirs is not False:
        return primary
    both = _both(primary, secondary)
    if state(both) is not True:
        return both
    overruled = theirs is False and not _stands(_changes(primary)[1], _changes(secondary)[0])
    if ours is False or overruled:
        return say(both, MERGED, latest_ms(both), granted=False)
    return both


def _stands(granted_ms: int | None, withdrawn_ms: int | None) -> bool:
    """Tell whether a source's change to a grant stands against a withdrawal."""
    if granted_ms is None or withdrawn_ms is None:
        return granted_ms is not None
    return granted_ms > withdrawn_ms + SKEW_MS


def _changes(heard: Heard) -> tuple[int | None, int | None]:
    """Return the times of the last withdrawal and of the last change to a grant, of any source."""
    withdrawals: list[int] = []
    grants: list[int] = []
    for spans in heard.sources.values():
        before: bool | None = None
        for span in spans:
            if not span.granted and before is not False:
                withdrawals.append(span.first_ms)
            elif span.granted and before is False:
                grants.append(span.first_ms)
            before = span.granted
    return max(withdrawals, default=None), max(grants, default=None)


def latest_ms(heard: Heard) -> int:
    """Return the time of the latest word; there must be one."""
    return max(spans[-1].last_ms for spans in heard.sources.values())


def _both(one: Heard, other: Heard) -> Heard:
    """Return the words of both, each source's together."""
    sources = dict(one.sources)
    for source, spans in other.sources.items():
        sources[source] = _folded((*sources.get(source, ()), *spans))
    return Heard(sources=sources, history=one.history or other.history)


def _folded(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """Return the words of one source in order, and of them what can still matter."""
    denials = [span for span in spans if not span.granted]
    ends = sorted({at_ms for span in denials for at_ms in (span.first_ms, span.last_ms)})
    grants = _united(piece for span in spans if span.granted for piece in _cut(span, ends))
    starts = [span.first_ms for span in grants]
    denials = _united(piece for span in denials for piece in _opened(span, starts))
    return _thinned(_last_runs(sorted((*grants, *denials), key=_order)))


def _cut(grant: Span, ends: list[int]) -> Iterator[Span]:
    """Yield a grant in the pieces between the denials in its midst.

    Of two words at the same time the denial is the later one, and so wins. Of a span it is
    not known when the grant was said again after a denial in its midst: then at once, so
    that it comes to nothing against this denial.
    """
    start_ms = grant.first_ms
    for end_ms in ends[bisect_left(ends, start_ms) : bisect_right(ends, grant.last_ms)]:
        yield Span(start_ms, end_ms, granted=True)
        start_ms = end_ms + 1
    if start_ms <= grant.last_ms:
        yield Span(start_ms, grant.last_ms, granted=True)


def _opened(denial: Span, starts: list[int]) -> Iterator[Span]:
    """Yield a denial, and only its ends where a grant stands between them.

    When it was said again after that grant is not known either: then as late as can be.
    """
    if bisect_right(starts, denial.first_ms) == bisect_right(starts, denial.last_ms):
        yield denial
    else:
        yield Span(denial.first_ms, denial.first_ms, granted=False)
        yield Span(denial.last_ms, denial.last_ms, granted=False)


def _united(spans: Iterable[Span]) -> list[Span]:
    """Return equal words in order, those that overlap as one."""
    united: list[Span] = []
    for span in sorted(spans, key=_order):
        if united and span.first_ms <= united[-1].last_ms:
            last_ms = max(span.last_ms, united[-1].last_ms)
            united[-1] = Span(united[-1].first_ms, last_ms, span.granted)
        else:
            united.append(span)
    return united


def _last_runs(spans: list[Span]) -> list[Span]:
    """Return the last two runs of equal words, and of the one before them its last time."""
    changes = [i for i in range(1, len(spans)) if spans[i].granted != spans[i - 1].granted]
    if len(changes) < 2:
        return spans
    start = changes[-2]
    bound = spans[start - 1]
    return [Span(bound.last_ms, bound.last_ms, bound.granted), *spans[start:]]


def _thinned(spans: list[Span]) -> tuple[Span, ...]:
    """Return at most `MOST_SPANS` spans: the oldest neighbours of a run become one."""
    while len(spans) > MOST_SPANS:
        at = next(i for i in range(1, len(spans)) if spans[i].granted == spans[i - 1].granted)
        first = spans[at - 1]
        spans[at - 1 : at + 1] = [Span(first.first_ms, spans[at].last_ms, first.granted)]
    return tuple(spans)


def _order(span: Span) -> tuple[int, bool]:
    return span.first_ms, not span.granted
