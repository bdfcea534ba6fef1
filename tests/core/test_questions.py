"""What the answers mean that are read back after an erasure or a merge (law 18)."""

from __future__ import annotations

import pytest

from truthpoint.core.outbox import Action
from truthpoint.core.questions import Question, answered

WHY = "no answer (timeout)"


@pytest.mark.parametrize(
    ("answers", "verified", "words"),
    [
        ((False,), True, "is not there"),
        ((False, False), True, "is not there"),
        ((False, True), False, "still there"),
        ((None, True), False, "still there"),
        ((False, None), False, WHY),
        ((), False, WHY),
    ],
)
@pytest.mark.parametrize("action", [Action.SUPPRESS, Action.DELETE, Action.MERGE])
def test_only_who_is_found_nowhere_is_gone(action, answers, verified, words):
    """Law 18: one answer that cannot be told leaves it open; the evidence names nobody."""
    identifiers = tuple(("id", f"canary-{place}") for place in range(len(answers)))
    question = Question(person=1, record=17, action=action, identifiers=identifiers, due_ms=0)
    found = answered(question, answers, WHY)

    names = ("merge_unverified", "merge_verified")
    if action is not Action.MERGE:
        names = ("erasure_not_verified", "erasure_verified")
    assert found.code == names[verified]
    assert words in found.evidence
    assert found.evidence.startswith("Record 17:")
    assert "canary" not in str(found)


@pytest.mark.parametrize(
    ("primary", "code", "says"),
    [
        ((True,), "merge_verified", "is not there, and the one that stays is."),
        ((), "merge_verified", "the profile that was merged is not there."),
        ((False,), "merge_unverified", "neither the profile that was merged is there nor the one"),
        ((None,), "merge_unverified", f"cannot be told whether the one that stays is: {WHY}."),
    ],
)
def test_a_merge_is_verified_by_who_stays_and_claims_no_more_than_was_seen(primary, code, says):
    """Law 18: that the second is not there says not that it was; the first must be."""
    question = Question(
        person=1, record=17, action=Action.MERGE, identifiers=(("id", "43"),), due_ms=0
    )
    found = answered(question, (False,), WHY, primary=primary)

    assert code == found.code
    assert says in found.evidence
