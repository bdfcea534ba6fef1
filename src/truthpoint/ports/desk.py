"""What an operator looks at and decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from truthpoint.core.decision import JournalRow, Outcome
    from truthpoint.core.pauses import Pause, PauseKind
    from truthpoint.core.rates import Rates
    from truthpoint.core.views import Backlog, Past, PersonView, Step
    from truthpoint.findings import Finding


class Desk(Protocol):
    """What an operator looks at and decides; safe beside a running worker."""

    def backlog(self) -> Backlog:
        """Return how far the work has come."""
        ...

    def past(self) -> Past:
        """Return what has passed without the effect that it was told for."""
        ...

    def rates(self, now_ms: int) -> Rates:
        """Return how fast records come and operations go, over the last minute."""
        ...

    def person(self, name: str, *, limit: int) -> PersonView | None:
        """Return one person with their latest steps, and the story of each.

        Args:
            name: The canonical id, or any other identifier that leads to one person.
            limit: How many steps, at most.

        Returns:
            The person; None when nobody goes by this name, or several do.
        """
        ...

    def waiting_for(self, name: str, *, limit: int) -> list[Step]:
        """Return the records that are held and carry this identifier, oldest first."""
        ...

    def events(self, key: str | None, *, event: str | None, limit: int) -> list[Step]:
        """Return the records of events, newest last, by a key's value or by an event's name."""
        ...

    def listed(self, outcome: Outcome, *, limit: int) -> list[Step]:
        """Return quarantined, dead or held records, oldest first."""
        ...

    def record(self, record: int) -> tuple[JournalRow, Step, tuple[Finding, ...]] | None:
        """Return one record with its bytes, how it stands and what was found about it."""
        ...

    def replay(self, outcome: Outcome, records: Iterable[int] | None) -> int:
        """Send quarantined or held records to be decided again, or dead ones to be sent again.

        A record whose person is still not known is held again. With a dead record that no
        identify preceded goes everything of that person that is dead for the same reason: an
        identify is tried again for all of it (law 4).

        Args:
            outcome: Quarantined, held or dead.
            records: The journal's numbers; None: all.

        Returns:
            How many there were.
        """
        ...

    def discard(self, outcome: Outcome, records: Iterable[int] | None) -> int:
        """Withhold quarantined, held or dead records for good, as `discarded`.

        Returns:
            How many there were.
        """
        ...

    def pause(self, pause: Pause) -> bool:
        """Put a pause in force from the next lease on; False when it was in force already."""
        ...

    def resume(self, kind: PauseKind, name: str) -> bool:
        """Lift a pause; False when there was none."""
        ...

    def pauses(self) -> tuple[Pause, ...]:
        """Return the pauses in force, oldest first."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...
