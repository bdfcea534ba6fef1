"""Two people who turn out to be one are one at Customer.io too, whatever was known here before."""

from __future__ import annotations

import pytest

from support.stories import HOUR_MS, NOW_MS, event, identify, said, tell
from truthpoint.core.decision import Outcome

ANA = {"email": "ana@example.org"}
FIRST_MS, LATER_MS = NOW_MS - 2 * HOUR_MS, NOW_MS - HOUR_MS
ORDER = event("order_paid", ANA, FIRST_MS, order_id="A-1", total="9.00", currency="USD")
LEARNED = {
    "an identify": identify("42", FIRST_MS, email="ana@example.org"),
    "an identify that says more": identify(
        {"id": "42", **ANA}, FIRST_MS, first_name="A", email="ana@example.org"
    ),
    "a link": said("link", "42", FIRST_MS, links=ANA),
    "a word of consent": said(
        "consent",
        {"id": "42", **ANA},
        FIRST_MS,
        consents={"email_opt_in": True},
        source="customerio",
    ),
    "a merge": said("merge", {"id": "42", **ANA}, FIRST_MS, **{"from": {"id": "50"}}),
}
"""What gives a guest an id."""


@pytest.mark.parametrize("cuts", [[1, 2], [2], []])
def test_a_guest_who_was_identified_becomes_part_of_an_id_that_exists(cuts):
    """Laws 3 and 10: the identify with both is sent although the email is no news here."""
    told = tell(
        [
            identify(ANA, first_name="Ana", email_opt_in=True),
            event("order_paid", "42", order_id="A-1", total="9.00", currency="USD"),
            identify("42", email="ana@example.org"),
        ],
        cuts=cuts,
    )

    assert told.profile("42") == told.profile("ana@example.org", by="email") is not None
    assert [end for end, _ in told.outcomes()] == [Outcome.DELIVERED] * 3


def test_who_is_erased_again_behind_their_readmission_stays_erased(tmp_path):
    """Law 20: in one batch as in two, in either store."""
    for folder in (None, tmp_path):
        told = tell(
            [
                said("erase", "42"),
                said("readmit", "42"),
                said("erase", "42"),
                event("order_paid", "42", order_id="A-1", total="9.00", currency="USD"),
            ],
            cuts=[1, 3],
            folder=folder,
        )

        assert told.outcomes()[-1] == (Outcome.WITHHELD, "erased")


@pytest.mark.parametrize("cuts", [[1], [1, 2], [2], []])
@pytest.mark.parametrize("learned", LEARNED.values(), ids=LEARNED)
def test_a_withdrawal_with_a_new_email_arrives_whatever_gave_the_guest_their_id(learned, cuts):
    """Laws 3 and 12: Customer.io may refuse the email, and refuses nothing else for it."""
    told = tell(
        [
            ORDER,
            learned,
            identify("42", LATER_MS, email="new@example.org", first_name="Ana", mail=False),
        ],
        cuts=cuts,
    )

    profile = told.profile("42")
    assert profile is not None
    assert ("Ana", "true") == (
        profile["attributes"]["first_name"],
        profile["attributes"]["unsubscribed"],
    )
    assert "1" == profile["attributes"]["orders_count"]
    assert profile == told.profile("ana@example.org", by="email")


@pytest.mark.parametrize("cuts", [[1, 2], [1], [2], []])
def test_a_guest_who_took_an_id_over_keeps_all_that_comes_with_a_new_email(cuts):
    """Law 12: they are known by the email there, though nobody ever told it as an attribute."""
    told = tell(
        [
            ORDER,
            said("merge", ANA, FIRST_MS, **{"from": {"id": "42"}}),
            identify("42", LATER_MS, email="new@example.org", first_name="Ana", mail=False),
        ],
        cuts=cuts,
    )

    profile = told.profile("ana@example.org", by="email")
    assert profile is not None
    assert ("Ana", "true") == (
        profile["attributes"]["first_name"],
        profile["attributes"]["unsubscribed"],
    )


@pytest.mark.parametrize("cuts", [[1, 2, 3], [1, 2], [1], []])
def test_somebody_has_the_email_of_a_guest_who_was_merged_into_them(cuts):
    """Law 3: whether or not the guest had been sent when the two became one."""
    told = tell(
        [
            identify("42", FIRST_MS - HOUR_MS, first_name="Ana"),
            ORDER,
            said("merge", "42", LATER_MS, **{"from": ANA}),
        ],
        cuts=cuts,
    )

    profile = told.profile("42")
    assert profile is not None
    assert "ana@example.org" == profile["attributes"]["email"]
    assert "1" == profile["attributes"]["orders_count"]


@pytest.mark.parametrize("cuts", [[1, 2, 3], [1], []])
def test_somebody_keeps_their_own_email_when_a_guest_is_merged_into_them(cuts):
    """As Customer.io's own merge does."""
    told = tell(
        [
            identify("42", FIRST_MS - HOUR_MS, email="own@example.org"),
            ORDER,
            said("merge", "42", LATER_MS, **{"from": ANA}),
        ],
        cuts=cuts,
    )

    profile = told.profile("42")
    assert profile is not None
    assert "own@example.org" == profile["attributes"]["email"]


@pytest.mark.parametrize("cuts", [[1, 2], [1], [2], []])
@pytest.mark.parametrize("first", [identify("42", LATER_MS, email="ana@example.org"), None])
def test_an_email_that_somebody_else_had_gives_nobody_their_profile(first, cuts):
    """Law 3: the workspace may have refused the change by which the first one left it."""
    told = tell(
        [
            identify("43", FIRST_MS - HOUR_MS, email="ana@example.org", first_name="Ana"),
            identify("43", FIRST_MS, email="new@example.org"),
            first or said("link", "42", LATER_MS, links=ANA),
            identify("42", LATER_MS, first_name="Eva", mail=False),
        ],
        cuts=cuts,
    )

    profiles = [told.profile("43"), told.profile("42")]
    assert [one and one["attributes"]["first_name"] for one in profiles] == ["Ana", "Eva"]
    assert profiles[1] is not None
    assert "true" == profiles[1]["attributes"]["unsubscribed"]


@pytest.mark.parametrize("cuts", [[1, 2, 3], [1], []])
def test_what_a_merge_brings_arrives_though_its_email_is_somebody_elses_by_then(cuts):
    """Laws 3 and 12: nothing else is refused for it."""
    told = tell(
        [
            event("order_paid", "42", FIRST_MS, order_id="A-1", total="9.00", currency="USD"),
            identify("43", FIRST_MS - HOUR_MS, email="ana@example.org", first_name="Ana"),
            said("merge", "42", FIRST_MS, **{"from": {"id": "43"}}),
            identify("42", FIRST_MS + 1_000, email="new@example.org"),
            identify("41", LATER_MS, email="ana@example.org"),
        ],
        cuts=cuts,
    )

    profile = told.profile("42")
    assert profile is not None
    assert "Ana" == profile["attributes"]["first_name"]


@pytest.mark.parametrize("later_ms", [0, HOUR_MS])
@pytest.mark.parametrize("folder", [True, False])
def test_a_merge_by_an_email_takes_nobody_who_has_the_email_by_then(folder, later_ms, tmp_path):
    """Laws 3 and 7: it waits for its delay, and names a profile by an email that moves on."""
    told = tell(
        [
            ORDER,
            identify("41", FIRST_MS - HOUR_MS, first_name="Ben"),
            said("merge", "41", FIRST_MS, **{"from": ANA}),
            identify("41", FIRST_MS + 1_000, email="ben@example.org"),
            identify("42", LATER_MS, email="ana@example.org", first_name="Ana"),
        ],
        cuts=[1, 4],
        waits={4: later_ms},
        folder=tmp_path / "store" if folder else None,
    )

    profiles = [told.profile("41"), told.profile("42")]
    assert [one and one["attributes"]["first_name"] for one in profiles] == ["Ben", "Ana"]
    assert told.outcome(3) in [(Outcome.WITHHELD, "superseded"), (Outcome.DELIVERED, "")]
    assert profiles[0] is not None
    assert "1" == profiles[0]["attributes"]["orders_count"]


@pytest.mark.parametrize("cuts", [[2], [2, 3], [2, 3, 4], []])
def test_a_guest_who_becomes_part_of_somebody_by_a_merge_overwrites_nothing_of_theirs(cuts):
    """Laws 3 and 12: their profile is the older one, whose values Customer.io keeps."""
    told = tell(
        [
            identify(ANA, FIRST_MS - HOUR_MS, first_name="Old", mail=True),
            identify("41", FIRST_MS, first_name="New", mail=False),
            identify("42", FIRST_MS, email="ana@example.org"),
            said("merge", "41", LATER_MS, **{"from": {"id": "42"}}),
        ],
        cuts=cuts,
    )

    profile = told.profile("41")
    assert profile is not None
    assert ("New", "true", "ana@example.org") == tuple(
        profile["attributes"][name] for name in ("first_name", "unsubscribed", "email")
    )


@pytest.mark.parametrize("cuts", [[1, 2], [1], [2], []])
def test_an_identify_by_the_old_email_that_says_a_new_one_is_of_one_person(cuts):
    """Law 3: whoever is known by the old one has the new one from then on."""
    told = tell(
        [
            identify("42", FIRST_MS, email="ana@example.org"),
            identify(ANA, LATER_MS, email="new@example.org", first_name="Ana", mail=False),
            event(
                "order_paid",
                {"email": "new@example.org"},
                order_id="A-2",
                total="9.00",
                currency="USD",
            ),
        ],
        cuts=cuts,
    )

    profile = told.profile("42")
    assert profile is not None
    assert ("Ana", "true", "1") == tuple(
        profile["attributes"][name] for name in ("first_name", "unsubscribed", "orders_count")
    )
    assert 1 == len(told.shelf.people)


@pytest.mark.parametrize("cuts", [[1, 2], [1], [2], []])
def test_a_guest_who_says_another_email_and_an_id_is_one_with_both(cuts):
    """Law 3: the guest of the old email receives the id, and loses nothing that is said."""
    told = tell(
        [
            ORDER,
            identify({"id": "42", **ANA}, LATER_MS, email="new@example.org", mail=False),
            event("order_paid", "42", order_id="A-2", total="9.00", currency="USD"),
        ],
        cuts=cuts,
    )

    profile = told.profile("42")
    assert profile is not None
    assert ("true", "2") == tuple(
        profile["attributes"][name] for name in ("unsubscribed", "orders_count")
    )
    assert 1 == len(told.shelf.people)


@pytest.mark.parametrize("cuts", [[2], [2, 3], [1, 2, 3]])
def test_an_erasure_ends_the_profile_of_a_guest_whose_merge_was_not_sent_yet(cuts):
    """Law 20: it stands there still, under an email that is not the present one."""
    told = tell(
        [
            ORDER,
            identify("42", LATER_MS, email="own@example.org"),
            said("merge", "42", LATER_MS, **{"from": ANA}),
            said("erase", "42"),
        ],
        cuts=cuts,
    )

    assert [None] * 3 == [
        told.profile("42"),
        told.profile("own@example.org", by="email"),
        told.profile("ana@example.org", by="email"),
    ]
