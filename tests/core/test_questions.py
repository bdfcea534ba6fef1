"""What the answers mean that are read back after an erasure or a merge (law 18)."""

from __future__ import annotations

import pytest

from truthpoint.core.outbox import Action
from truthpoint.core.questions import Question, answered

WHY = "no answer (timeout)"


@pytest.mark.parametrize(
    ("answers", "verified", "words"),
    [
        ((False,), True, "is gone"),
        ((False, False), True, "is gone"),
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
