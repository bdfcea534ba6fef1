"""What Customer.io is asked after an erasure or a merge, and what its answers mean (law 18)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from truthpoint.findings import Finding, finding

from .outbox import Action

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .people import Identifier

ASK_AFTER_MS: Final = 3_000
"""A write takes effect about a second after its answer; whoever asks earlier is told of before."""


class Question(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Whether a profile that was ended is gone.

    Attributes:
        number: Its place among all questions; 0 before the store has given it one.
        person: The person key.
        record: The journal's number of the record that ended it.
        action: Suppress or delete for an erasure; merge.
        identifiers: By what to ask: one after the other.
        due_ms: When it is asked.
    """

    number: int = 0
    person: int
    record: int
    action: Action
    identifiers: tuple[Identifier, ...]
    due_ms: int


def answered(
    question: Question,
    answers: Sequence[bool | None],
    why: str,
    *,
    primary: Sequence[bool | None] = (),
) -> Finding:
    """Return what was found, without anything of the person.

    It says what is there and what is not: whether a profile that is not there ever was is
    nothing that Customer.io tells.

    Args:
        question: The question.
        answers: Whether each identifier leads to somebody; None: it cannot be told.
        why: Why it cannot be told, where it cannot.
        primary: The same of who stays after a merge; empty: they were not asked for.
    """
    merges = question.action is Action.MERGE
    who = "the profile that was merged" if merges else "the profile"
    open_code = "merge_unverified" if merges else "erasure_not_verified"
    where = f"Record {question.record}:"
    if True in answers:
        return finding(open_code, f"{where} {who} is still there.")
    if None in answers or not answers:
        return finding(open_code, f"{where} it cannot be told whether {who} is there: {why}.")
    if not merges:
        return finding("erasure_verified", f"{where} {who} is not there.")
    if False in primary:
        return finding(open_code, f"{where} neither {who} is there nor the one that stays.")
    if None in primary:
        said = f"{who} is not there; it cannot be told whether the one that stays is: {why}."
        return finding(open_code, f"{where} {said}")
    stays = ", and the one that stays is" if primary else ""
    return finding("merge_verified", f"{where} {who} is not there{stays}.")
