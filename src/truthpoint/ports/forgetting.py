"""What a store forgets of people, and what is asked before that is certain (law 20)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from truthpoint.core.questions import Question
    from truthpoint.findings import Finding


class Forgetting(Protocol):
    """Bytes that are to be forgotten, and profiles of which nobody knows yet that they are gone.

    What is known of somebody erased is removed by the transaction after which nothing of
    theirs is open; the store sees to that by itself. All else is said here.
    """

    def expire(self, before_ms: int) -> int:
        """Let bytes be forgotten that cannot be searched by person.

        Those of records that are decided, name nobody who is known, and do not wait.

        Args:
            before_ms: Only records that were captured before.

        Returns:
            How many were added to what is to be forgotten.
        """
        ...

    def scrub(self, limit: int) -> int:
        """Empty the bodies of records whose bytes are to be forgotten.

        A crash on the way repeats it: an empty body stays empty.

        Args:
            limit: How many, at most.

        Returns:
            How many there were.
        """
        ...

    def tidy(self) -> None:
        """Take off the disk what else of forgotten things may be left there, as far as it can."""
        ...

    def questions(self, now_ms: int) -> list[Question]:
        """Return what is to be asked by now, the earliest first."""
        ...

    def next_question_ms(self) -> int | None:
        """Return when the earliest question is to be asked; None: there is none."""
        ...

    def answer(self, question: Question, found: Finding) -> None:
        """Forget a question and its identifiers, and keep with its record what was found."""
        ...
