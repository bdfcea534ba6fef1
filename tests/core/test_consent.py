"""Consent: a function of the words alone, and never a grant that nobody gave (law 12)."""

from __future__ import annotations

from itertools import groupby, permutations

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from truthpoint.core import consent
from truthpoint.core.consent import MERGED, NOTHING, SKEW_MS, Heard, joined, latest_ms, say, state

MINUTE_MS = 60_000
FORM, SHOP, CUSTOMERIO = "form", "shop", "customerio"

Word = tuple[str, int, bool]
"""Source, minute, granted."""

words = st.tuples(st.sampled_from([FORM, SHOP, CUSTOMERIO]), st.integers(0, 40), st.booleans())
stories = st.lists(words, max_size=14)


def heard_of(story: list[Word], before: Heard = NOTHING) -> Heard:
    heard = before
    for source, minute, granted in story:
        heard = say(heard, source, minute * MINUTE_MS, granted=granted)
    return heard


def runs_of(story: list[Word], source: str) -> list[tuple[int, bool]]:
    """One source's changes: the minute at which each run of equal words begins."""
    said = sorted({(minute, not granted) for who, minute, granted in story if who == source})
    ordered = [(minute, not denied) for minute, denied in said]
    return [next(run) for _, run in groupby(ordered, key=lambda word: word[1])]


def plain_state(story: list[Word]) -> bool | None:
    """The law word for word, told in the order of time; written apart from the product."""
    told: list[tuple[int, bool, bool]] = []
    for source in {who for who, _, _ in story}:
        for place, (minute, granted) in enumerate(runs_of(story, source)):
            told.append((minute, granted, place == 0))
    now: bool | None = None
    withdrawn: int | None = None
    for minute, granted, first in sorted(told, key=lambda one: (one[0], not one[1])):
        if not granted:
            now, withdrawn = False, minute
        elif withdrawn is None or (not first and minute > withdrawn + 5):
            now = True
    return now


@given(stories)
@example([(SHOP, 1, True), (SHOP, 9, True), (SHOP, 30, True), (SHOP, 5, False)])
@example([(SHOP, 0, False), (SHOP, 20, False), (FORM, 12, True), (SHOP, 9, True)])
def test_words_come_to_what_the_law_says(story: list[Word]) -> None:
    """Law 12, against a plain model that keeps every word."""
    assert plain_state(story) is state(heard_of(story))


@given(stories, st.data())
def test_the_order_in_which_words_arrive_never_matters(
    story: list[Word], data: st.DataObject
) -> None:
    """Law 12: late, shuffled and repeated words leave the very same memory."""
    again = data.draw(st.lists(st.sampled_from(story), max_size=5)) if story else []
    shuffled = data.draw(st.permutations([*story, *again]))

    assert heard_of(story) == heard_of(shuffled)


@given(stories, st.integers(0, 45), st.sampled_from([FORM, SHOP, CUSTOMERIO]))
def test_a_withdrawal_is_never_lost_by_grants_within_the_skew(
    story: list[Word], minute: int, source: str
) -> None:
    """Law 12: whoever grants up to five minutes after a withdrawal grants nothing."""
    until = [word for word in story if word[1] <= minute]
    heard = heard_of([(FORM, minute, True), (FORM, minute + 5, True)], heard_of(until))
    previous = runs_of([word for word in until if word[1] < minute], source)
    heard = say(heard, source, minute * MINUTE_MS, granted=False)

    if not previous or previous[-1][1]:
        assert state(heard) is False


@given(stories, words)
def test_a_repeated_grant_never_undoes_a_withdrawal(story: list[Word], word: Word) -> None:
    """Law 12: what a source has said already, said again, changes nothing."""
    source, _, _ = word
    last = max((m for _, m, _ in story), default=0)
    before = heard_of([*story, (source, last + 1, True)])
    repeats = [(source, last + minute, True) for minute in range(2, 60, 7)]

    assert state(before) is state(heard_of(repeats, before))


@given(stories, words)
def test_a_first_grant_never_undoes_a_withdrawal(story: list[Word], word: Word) -> None:
    """Law 12: a source that is heard for the first time can only deny."""
    heard = heard_of(story)
    first = say(heard, "another", word[1] * MINUTE_MS, granted=True)

    if any(not granted for _, _, granted in story):
        assert state(heard) is state(first)
    else:
        assert state(first) is True


def test_what_was_withdrawn_at_customerio_is_not_granted_back_by_a_login_form() -> None:
    """Law 12: the form repeats what it always says, and a second form says it first."""
    heard = heard_of([(FORM, 0, True), (CUSTOMERIO, 10, False), (FORM, 60, True)])
    heard = heard_of([("checkout", 90, True)], heard)

    assert state(heard) is False


@pytest.mark.parametrize(("later_ms", "granted"), [(SKEW_MS, False), (SKEW_MS + 1, True)])
def test_a_change_wins_once_it_is_more_than_five_minutes_later(
    later_ms: int, *, granted: bool
) -> None:
    """Law 12: a source that takes back its own withdrawal is believed after the skew."""
    heard = say(NOTHING, SHOP, 0, granted=False)
    heard = say(heard, SHOP, later_ms, granted=True)

    assert state(heard) is granted


def test_at_the_same_time_the_withdrawal_wins_in_every_order() -> None:
    """Law 12: ties, of one source and of two."""
    story = [(SHOP, 9, True), (SHOP, 9, False), (FORM, 9, True)]
    states = {state(heard_of(list(order))) for order in permutations(story)}

    assert {False} == states


def test_nothing_is_known_of_what_nobody_spoke_of() -> None:
    """Absence is no word, neither for nor against."""
    assert state(NOTHING) is None


@pytest.mark.parametrize("word", [True, False])
def test_a_grant_of_a_backfill_counts_only_while_nobody_else_said_a_word(*, word: bool) -> None:
    """Law 12: whatever comes first, the word of a source here is what counts."""
    grant = say(NOTHING, SHOP, 0, granted=True, history=True)
    after = say(grant, FORM, -MINUTE_MS, granted=word)
    before = say(say(NOTHING, FORM, -MINUTE_MS, granted=word), SHOP, 0, granted=True, history=True)

    assert state(grant) is True
    assert say(grant, SHOP, 5, granted=True, history=True) is grant
    assert after == before
    assert state(after) is word


def test_a_grant_of_a_backfill_is_no_change_of_its_source() -> None:
    """Law 12: an older withdrawal of the same source stands against it in every order."""
    heard = say(NOTHING, SHOP, 60 * MINUTE_MS, granted=True, history=True)

    assert state(say(heard, SHOP, 0, granted=False)) is False


def test_a_withdrawal_of_a_backfill_is_a_word_like_any_other() -> None:
    """Law 12: history may always deny."""
    heard = say(heard_of([(FORM, 5, True)]), SHOP, 9 * MINUTE_MS, granted=False, history=True)

    assert state(heard) is False


@given(stories)
def test_what_is_kept_is_the_same_after_a_store(story: list[Word]) -> None:
    """A row of JSON and back."""
    heard = heard_of(story)

    assert heard == msgspec.json.decode(msgspec.json.encode(heard), type=Heard)


@given(st.lists(st.tuples(st.just(SHOP), st.integers(0, 99), st.booleans()), max_size=60))
@example([(SHOP, minute, minute % 2 == 0) for minute in range(20)])
def test_only_the_last_two_runs_are_kept_of_a_source(story: list[Word]) -> None:
    """A person who goes back and forth for years does not make the row grow."""
    spans = heard_of(story).sources.get(SHOP, ())

    assert len([key for key, _ in groupby(spans, key=lambda span: span.granted)]) <= 3


@given(st.lists(words, max_size=40), st.lists(words, max_size=20), st.integers(5, 8))
@example(
    [(SHOP, minute, True) for minute in range(0, 40, 2)],
    [(SHOP, 5, False), (FORM, 9, False), (FORM, 1, True)],
    5,
)
@example([(SHOP, minute, False) for minute in range(0, 40, 2)], [(SHOP, 5, True)], 5)
def test_words_that_were_drawn_together_are_read_for_the_withdrawal(
    story: list[Word], other: list[Word], most: int
) -> None:
    """Law 12: a memory that is full may miss a grant, and never a withdrawal."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consent, "MOST_SPANS", most)
        heard = heard_of(other, heard_of(story))
        both = joined(heard_of(story), heard_of(other), same_person=True)
        kept = max((len(spans) for spans in heard.sources.values()), default=0)

    assert kept <= most
    if plain_state([*story, *other]) is False:
        assert state(heard) is False
        assert state(both) is False


@pytest.mark.parametrize(
    ("usual", "late", "spans"),
    [
        # The grant comes again at once after the denial, so that it comes to nothing.
        (True, (3, False), [(3, 3, True), (3, 3, False), (3, 7, True), (8, 8, True), (9, 9, True)]),
        # The denial comes again as late as can be.
        (
            False,
            (3, True),
            [(0, 0, False), (3, 3, True), (5, 7, False), (8, 8, False), (9, 9, False)],
        ),
        # What is drawn together stays so while nothing contradicts it.
        (
            False,
            (20, True),
            [(0, 6, False), (7, 7, False), (8, 8, False), (9, 9, False), (20, 20, True)],
        ),
        (
            True,
            (20, False),
            [(0, 6, True), (7, 7, True), (8, 8, True), (9, 9, True), (20, 20, False)],
        ),
        # Within a span an equal word is nothing new.
        (True, (4, True), [(0, 5, True), (6, 6, True), (7, 7, True), (8, 8, True), (9, 9, True)]),
    ],
)
def test_a_word_in_the_midst_of_many_divides_them(
    monkeypatch: pytest.MonkeyPatch,
    *,
    usual: bool,
    late: tuple[int, bool],
    spans: list[tuple[int, int, bool]],
) -> None:
    """Ten equal words, of which the oldest are drawn together, and one that comes later."""
    monkeypatch.setattr(consent, "MOST_SPANS", 5)
    heard = heard_of([(SHOP, minute, usual) for minute in range(10)])
    heard = heard_of([(SHOP, *late)], heard)
    expected = [(first * MINUTE_MS, last * MINUTE_MS, granted) for first, last, granted in spans]
    shown = [
        # One millisecond after the denial is as good as its minute here.
        (span.first_ms // MINUTE_MS * MINUTE_MS, span.last_ms, span.granted)
        for span in heard.sources[SHOP]
    ]

    assert expected == shown


def test_a_row_is_compact() -> None:
    """What is kept of a word is its time twice and what it says."""
    heard = heard_of([(SHOP, 1, True)])

    assert b'{"sources":{"shop":[[60000,60000,true]]}}' == msgspec.json.encode(heard)


def test_the_memory_of_one_source_has_an_end() -> None:
    """Ten thousand logins with the same word are fifty spans, the first one still known."""
    heard = heard_of([(FORM, minute, True) for minute in range(500)])
    spans = heard.sources[FORM]

    assert consent.MOST_SPANS == len(spans)
    assert (0, 499 * MINUTE_MS) == (spans[0].first_ms, spans[-1].last_ms)


@given(stories, stories)
def test_two_identifiers_of_one_person_are_heard_as_one(one: list[Word], other: list[Word]) -> None:
    """Where neither has withdrawn, joining is as if every word had come under one identifier."""
    mine, theirs = heard_of(one), heard_of(other)

    if state(mine) is not False and state(theirs) is not False:
        assert heard_of([*one, *other]) == joined(mine, theirs, same_person=True)


@given(one=stories, other=stories, same_person=st.booleans())
def test_joining_never_carries_a_grant_over_a_withdrawal(
    one: list[Word], other: list[Word], *, same_person: bool
) -> None:
    """Law 12: a merge may carry a withdrawal, never a grant."""
    ours, theirs = state(heard_of(one)), state(heard_of(other))
    both = state(joined(heard_of(one), heard_of(other), same_person=same_person))

    if both is True:
        assert ours is True or (same_person and ours is None and theirs is True)
    if ours is False:
        assert both is False


@given(one=stories, other=stories, same_person=st.booleans())
def test_joining_carries_a_withdrawal_unless_a_later_change_took_it_back(
    one: list[Word], other: list[Word], *, same_person: bool
) -> None:
    """Law 12: only the primary's own change of mind, after the skew, stands against it."""
    mine, theirs = heard_of(one), heard_of(other)
    both = state(joined(mine, theirs, same_person=same_person))

    if state(theirs) is False and both is not False:
        sources = {who for who, _, _ in [*one, *other]}
        changes = [m for who in sources for m, granted in runs_of(one, who)[1:] if granted]
        denials = [m for who in sources for m, granted in runs_of(other, who) if not granted]
        assert max(changes) > max(denials) + 5


@pytest.mark.parametrize("same_person", [True, False])
def test_a_later_change_of_the_primary_stands_against_an_old_withdrawal(
    *, same_person: bool
) -> None:
    """The person who stays changed their mind long after the other withdrew."""
    primary = heard_of([(FORM, 0, False), (FORM, 60, True)])
    secondary = heard_of([(SHOP, 10, False)])

    assert state(joined(primary, secondary, same_person=same_person)) is True


@pytest.mark.parametrize("same_person", [True, False])
def test_a_withdrawal_that_a_merge_carried_is_taken_back_by_a_real_change_only(
    *,
    same_person: bool,
) -> None:
    """Law 12: the other's grant is no change for the one who stays, and its repeat neither."""
    primary, secondary = heard_of([(SHOP, 5, False)]), heard_of([(SHOP, 20, True)])
    both = joined(primary, secondary, same_person=same_person)

    assert state(both) is False
    assert MERGED in both.sources
    assert latest_ms(both) == 20 * MINUTE_MS
    assert state(heard_of([(SHOP, 60, True)], both)) is False
    assert state(heard_of([(SHOP, 60, False), (SHOP, 90, True)], both)) is True


def test_a_grant_of_a_backfill_is_joined_only_with_the_same_person() -> None:
    """Law 12: it is a grant like others, where a merge is concerned."""
    grant = say(NOTHING, SHOP, 0, granted=True, history=True)

    assert state(joined(NOTHING, grant, same_person=True)) is True
    assert state(joined(NOTHING, grant, same_person=False)) is None
