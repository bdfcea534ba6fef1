"""Sentences: why somebody did, or did not, get a mail, each outcome with its reason."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from truthpoint.core import telling
from truthpoint.core.consent import MERGED, Heard, Span
from truthpoint.core.decision import Outcome, Reason
from truthpoint.core.outbox import Action, Standing
from truthpoint.core.people import Grade, LinkRow, PersonRow, address_of, by_id
from truthpoint.core.records import Unreadable, read_record
from truthpoint.core.views import Closer, Held, Step, Story, tie_words
from truthpoint.findings import Where, finding
from truthpoint.values.instants import HORIZON_MS, from_iso

AT_MS = from_iso("2026-11-20T10:03:00Z")
HOUR_MS = 3_600_000
NOW_MS = AT_MS + HOUR_MS


def step(outcome: Outcome, reason: str = "", story: Story | None = None, **more) -> Step:
    """The order A-1, as record 17 of the backend, unless said otherwise."""
    story = Story(type="track", key=("A-1",)) if story is None else story
    usual = {"record": 17, "at_ms": AT_MS, "event": "order_paid", "source": "backend"}
    return Step(**(usual | {"outcome": outcome, "reason": reason, "story": story} | more))


def ending(*args, **more) -> str:
    """What is said of a step behind who said it."""
    return telling.sentence(step(*args, **more), now_ms=NOW_MS).partition("): ")[2]


def test_a_sentence_says_when_what_by_whom_and_how_it_ended():
    """Law 16: the whole of it, in one line."""
    told = step(Outcome.DELIVERED, attempts=1, settled_at_ms=AT_MS + 2_999)

    assert (
        "2026-11-20 10:03:00 order_paid A-1 (record 17, backend): delivered at 10:03:02."
        == telling.sentence(told, now_ms=NOW_MS)
    )


@pytest.mark.parametrize(
    ("later_ms", "attempts", "says"),
    [
        (14 * HOUR_MS, 1, "delivered on 2026-11-21 at 00:03:00."),
        (0, 3, "delivered at 10:03:00, by attempt 3."),
        (HORIZON_MS, 1, "delivered on 2026-11-23 at 10:03:00."),
        (
            HORIZON_MS + 1,
            2,
            (
                "delivered on 2026-11-23 at 10:03:00, by attempt 2, more than 72 hours after it "
                "happened: it could start no campaign any more."
            ),
        ),
    ],
)
def test_a_delivery_says_when_and_whether_it_was_too_late(later_ms, attempts, says):
    """Law 9: what passed the horizon arrived, and started nothing."""
    assert says == ending(Outcome.DELIVERED, attempts=attempts, settled_at_ms=AT_MS + later_ms)


def test_an_identify_starts_no_campaign_by_its_age():
    """It is state: the horizon is one of events."""
    settled_at_ms = AT_MS + 2 * HORIZON_MS
    story = Story(type="identify")
    told = step(Outcome.DELIVERED, "", story, event="", settled_at_ms=settled_at_ms)

    assert telling.sentence(told, now_ms=NOW_MS) == (
        "2026-11-20 10:03:00 identify (record 17, backend): delivered on 2026-11-26 at 10:03:00."
    )
    assert "delivered." == ending(Outcome.DELIVERED)


@pytest.mark.parametrize(
    ("story", "more", "says"),
    [
        (None, {}, "not decided yet: a worker has to run."),
        (None, {"operation": 3}, "waits to be sent."),
        (None, {"operation": 3, "attempts": 1}, "waits; it was attempted once, and will be again."),
        (
            Story(not_before_ms=NOW_MS + 1_000),
            {"operation": 3},
            "waits; it is not sent before 2026-11-20 11:03:01.",
        ),
        (Story(not_before_ms=NOW_MS), {"operation": 3}, "waits to be sent."),
        (
            Story(expires_at_ms=AT_MS + 24 * HOUR_MS),
            {"operation": 3},
            "waits; after 2026-11-21 10:03:00 it is too old to be sent.",
        ),
    ],
)
def test_what_waits_says_for_what(story, more, says):
    """Law 16: it has no outcome yet."""
    assert says == ending(Outcome.PENDING, "", story, **more)


@pytest.mark.parametrize(
    ("type_", "says"),
    [
        ("identify", "nothing was sent, for nothing of it was news."),
        ("link", "remembered; nothing had to be sent."),
    ],
)
def test_what_is_recorded_only_says_so(type_, says):
    """Law 11: equal news makes no traffic."""
    assert says == ending(Outcome.RECORDED, "", Story(type=type_), event="")


OWNED = finding("not_owner", "`order_paid` belongs to the source `backend`.")
TRIED = finding("stage_qa", "Version 2 of `order_paid` is being tried out.")
CLOSER = Closer(record=12, event="order_paid", tie="cart_id C-1")


@pytest.mark.parametrize(
    ("reason", "story", "more", "says"),
    [
        (Reason.DUPLICATE, None, {"repeats": 2}, ", because it repeats record 2."),
        (Reason.DUPLICATE, None, {}, ", because it repeats an earlier record."),
        (
            Reason.DUPLICATE,
            None,
            {"repeats": 2, "other_person": True},
            ", because it repeats record 2, which is another person's.",
        ),
        (
            Reason.CONFLICT,
            None,
            {"repeats": 2},
            ", because it tells otherwise what record 2 told.",
        ),
        (
            Reason.NOT_OWNER,
            Story(findings=(OWNED,)),
            {"source": "helpdesk"},
            ": `order_paid` belongs to the source `backend`; `helpdesk` said it.",
        ),
        (
            Reason.NOT_OWNER,
            None,
            {"source": "helpdesk"},
            ": its source does not own the event; `helpdesk` said it.",
        ),
        (Reason.TEST, None, {}, ": it is of a test mode, and this workspace takes none."),
        (
            Reason.TEST,
            Story(findings=(TRIED,)),
            {},
            ": Version 2 of `order_paid` is being tried out.",
        ),
        (
            Reason.SUPERSEDED,
            None,
            {},
            ": it is of a profile that was merged into another since.",
        ),
        (Reason.ERASED, None, {}, ": the person was erased."),
        (Reason.DISCARDED, None, {}, ": an operator discarded it."),
        ("news", None, {}, " (news)."),
    ],
)
def test_what_is_withheld_says_why(reason, story, more, says):
    """Law 16: every reason has its words."""
    assert f"withheld{says}" == ending(Outcome.WITHHELD, str(reason), story, **more)


@pytest.mark.parametrize(
    ("closer", "attempts", "says"),
    [
        (CLOSER, 0, "order_paid of the same cart_id C-1 closed it (record 12)."),
        (Closer(record=12, event="order_paid"), 0, "order_paid of the same person closed it "),
        (
            Closer(record=12, event="order_paid", sent=False),
            0,
            "order_paid of the same person closed it (record 12), though it was not sent itself.",
        ),
        (None, 0, "what closes it had come."),
        (
            None,
            2,
            (
                "what closes it had come; it was attempted 2 times before that without an answer, "
                "so that it may have arrived."
            ),
        ),
    ],
)
def test_a_start_that_was_closed_says_by_what(closer, attempts, says):
    """Law 9: why she got no mail about her cart."""
    told = ending(Outcome.WITHHELD, "closed", Story(closer=closer), attempts=attempts)

    assert told.startswith(f"withheld, because {says}")


@pytest.mark.parametrize(
    ("after_ms", "attempts", "says"),
    [
        (24 * HOUR_MS, 0, "older than 24 h when it could be sent."),
        (90 * 60_000, 0, "older than 90 min when it could be sent."),
        (0, 0, "too old when it could be sent."),
        (
            HOUR_MS,
            1,
            (
                "older than 1 h when it could be sent; it was attempted once before that without "
                "an answer, so that it may have arrived."
            ),
        ),
    ],
)
def test_a_start_that_was_too_old_says_of_what_age(after_ms, attempts, says):
    """Law 9: a late chase is worse than none."""
    expires_at_ms = AT_MS + after_ms if after_ms else 0
    story = Story(expires_at_ms=expires_at_ms)

    assert f"withheld: {says}" == ending(Outcome.WITHHELD, "stale", story, attempts=attempts)


def test_what_is_held_says_until_when_and_for_want_of_what():
    """Law 16: kinds of identifiers, never their values."""
    held = Held(until_ms=AT_MS + HOUR_MS, kinds=("anonymous_id", "order"))

    assert (
        "held until 2026-11-20 11:03:00: nobody is known yet by its anonymous_id or order."
        == ending(Outcome.HELD, held=held)
    )
    assert "held: its person is not known yet." == ending(Outcome.HELD)


def test_what_is_quarantined_says_what_is_wrong_with_it():
    """Law 16: the first reason in full, and how many there are more."""
    missing = finding("property_missing", "`total` is required and missing.")
    odd = finding("property_unknown", "`note` is not declared.")
    story = Story(findings=(missing, missing, odd))

    assert ending(Outcome.QUARANTINED, "property_missing", story) == (
        "quarantined, property_missing: `total` is required and missing (and 1 more). "
        "Noticed: `note` is not declared."
    )
    assert "quarantined, not_json." == ending(Outcome.QUARANTINED, "not_json")


def test_what_is_quarantined_says_which_value_is_wrong():
    """Law 16: whoever reads it must not look for the record to learn what to mend."""
    wrong = finding("property_value", "It is no amount.", where=Where(path="properties.total"))
    named = finding("record_key_type", "`at` must be a time.", where=Where(path="at"))

    assert ending(Outcome.QUARANTINED, "property_value", Story(findings=(wrong,))) == (
        "quarantined, property_value at `properties.total`: It is no amount."
    )
    assert ending(Outcome.QUARANTINED, "record_key_type", Story(findings=(named,))) == (
        "quarantined, record_key_type: `at` must be a time."
    )


def test_an_identify_that_a_merge_overtook_waits_for_nothing():
    """Law 16: its place in the queue has not come, and it is known already how it ends."""
    overtaken = Story(type="identify", expires_at_ms=1)

    assert "not sent any more: it is of a profile that was merged into another since." == ending(
        Outcome.PENDING, story=overtaken, operation=7, action=Action.IDENTIFY
    )


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        (
            "invalid attributes.coupon | Customer.io: canary",
            "Customer.io refused it for good (invalid attributes.coupon).",
        ),
        ("too_large", "it is larger than Customer.io takes."),
        (
            "no_identify: invalid id | Customer.io: canary",
            "Customer.io refused the identify of its person (invalid id).",
        ),
        ("no_identify", "Customer.io refused the identify of its person."),
    ],
)
def test_what_is_dead_says_why_without_the_peers_words(reason, says):
    """Law 21: these can repeat a customer's value."""
    assert f"dead, because {says}" == ending(Outcome.DEAD, reason)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"event": "", "action": Action.MERGE, "story": Story(type="merge")}, "merge"),
        ({"event": "", "action": Action.IDENTIFY, "story": None}, "identify"),
        ({"event": "", "story": Story()}, "what cannot be read"),
        ({"story": Story(type="track", key=("S-1", "7"))}, "order_paid S-1 7"),
    ],
)
def test_what_it_was_is_said_as_far_as_it_is_known(more, says):
    """An erased record is none that could be read."""
    usual = {"record": 1, "at_ms": AT_MS, "event": "order_paid", "source": "backend"}
    told = Step(**(usual | {"outcome": Outcome.DELIVERED} | more))

    assert telling.sentence(told, now_ms=NOW_MS).startswith(f"2026-11-20 10:03:00 {says} (record 1")


ANA = by_id(1, "42")
GUEST = PersonRow(person=1, canonical_id=None, address=address_of("email", "a@b.c"))
RECEIVED = PersonRow(person=1, canonical_id="42", address=GUEST.address, standing=Standing.KNOWN)
VISITOR = PersonRow(
    person=1,
    canonical_id=None,
    address=address_of("anonymous_id", "x"),
    standing=Standing.ANONYMOUS,
)
GONE = PersonRow(person=1, canonical_id=None, address="erased:1", standing=Standing.ERASED)


@pytest.mark.parametrize(
    ("row", "kind", "says"),
    [
        (ANA, "person", "not yet known at Customer.io"),
        (
            GUEST,
            "guest",
            (
                "a guest, not yet known at Customer.io; no id is known, so that they live under "
                "their email"
            ),
        ),
        (
            RECEIVED,
            "person",
            (
                "known at Customer.io, by their email still: the identify that tells the id is on "
                "its way"
            ),
        ),
        (VISITOR, "visitor", "a visitor, of whom nothing is known but an anonymous id"),
        (GONE, "person", "erased; nothing of theirs is sent any more"),
    ],
)
def test_how_customer_io_knows_somebody_is_said_in_words(row, kind, says):
    """Law 3: by their id, by their email, by an anonymous id; law 20: not any more."""
    assert (kind, says) == (telling.person_kind(row), telling.standing_words(row))


@pytest.mark.parametrize("standing", Standing)
def test_every_standing_has_words(standing):
    """Whatever a store says."""
    row = PersonRow(person=1, canonical_id="1", address=address_of("id", "1"), standing=standing)

    assert telling.standing_words(row)


def test_links_say_how_sure_they_are_and_when_they_held():
    """Law 3: an old event under an old email finds its person by these times."""
    link = LinkRow(kind="email", value="a@b.c", person=1, grade=Grade.ASSERTED, from_ms=AT_MS)
    ended = LinkRow(
        kind="email",
        value="a@b.c",
        person=1,
        grade=Grade.INFERRED,
        from_ms=AT_MS,
        until_ms=NOW_MS,
    )

    assert "email a@b.c: asserted, since 2026-11-20 10:03:00" == telling.link_words(link)
    short = replace(ended, grade=Grade.ASSERTED, until_ms=AT_MS + 1)
    assert "email a@b.c: asserted, until 2026-11-20 10:03:00" == telling.link_words(short)
    assert telling.link_words(ended) == (
        "email a@b.c: inferred, for it came in a record of theirs, "
        "from 2026-11-20 10:03:00 until 2026-11-20 11:03:00"
    )


def test_an_id_that_was_merged_has_no_beginning():
    """Law 3: it leads to who stays for all times; 1970 would be a time that nobody said."""
    link = LinkRow(kind="id", value="43", person=1, grade=Grade.ASSERTED, from_ms=0)

    assert telling.is_of_a_merge(link)
    assert "id 43: asserted, it goes back to a merge" == telling.link_words(link)


def test_consents_say_who_said_what_when():
    """Law 12: every source's words, and what all of them come to."""
    heard = Heard(
        sources={
            "shop": (Span(AT_MS, AT_MS, True), Span(AT_MS + 1_000, NOW_MS, False)),
            "desk": (Span(AT_MS, AT_MS, True),),
        }
    )

    assert telling.consent_words("email_opt_in", heard) == (
        "email_opt_in is no: desk said yes at 2026-11-20 10:03:00; shop said yes at "
        "2026-11-20 10:03:00, then no from 2026-11-20 10:03:01 to 2026-11-20 11:03:00"
    )
    assert telling.consent_words("x", Heard(history=True)) == "x is yes: a backfill said yes"
    assert telling.consent_words("x", Heard(sources={MERGED: (Span(AT_MS, AT_MS, False),)})) == (
        "x is no: withdrawn at 2026-11-20 10:03:00, when two people became one"
    )


def test_totals_are_shown_as_they_are_read():
    """Distinct values as their number, first and last as the value, and nothing kept beside."""
    values = {
        "orders_count": 2,
        "coupons": ["a", "b", "c"],
        "first_coupon": [AT_MS, "A-1", "a"],
        "last_total": [AT_MS, "A-1", {"decimal": "1.50"}],
        "lifetime_value:currencies": {"EUR": "1"},
        ":pending": [[1]],
    }

    shown = telling.shown_totals(values)

    assert {**shown, "last_total": str(shown["last_total"])} == {
        "orders_count": 2,
        "coupons": 3,
        "first_coupon": "a",
        "last_total": "1.50",
    }


def test_a_tie_is_said_with_the_property_that_says_it():
    """Two are of one cart, not of one `C-1`."""
    body = b'{"type": "track", "event": "e", "person": "1", "properties": {"a": 1, "cart": "C-1"}}'
    read = read_record(body, source="backend", captured_at_ms=AT_MS)

    assert "cart C-1" == tie_words(read, "C-1")
    assert "C-2" == tie_words(read, "C-2")
    assert "C-1" == tie_words(Unreadable(findings=()), "C-1")
