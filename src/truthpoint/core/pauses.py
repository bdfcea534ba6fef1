"""Step 4 of 6, continued: what an operator has paused, and whom that holds.

A pause is asked for in the transaction that leases, so it counts from the next lease on,
whatever the backlog. It holds whole people or the rest of their queues, never single
operations out of the middle: order per person is never switched off (law 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from truthpoint.contract.model import Lane

    from .outbox import Operation


class PauseKind(StrEnum):
    """What a pause is about."""

    ALL = "all"
    """Nothing leaves."""
    LANE = "lane"
    """Nobody of a lane goes. Whoever something critical lifts is of the critical lane, with
    everything that stands before it."""
    EVENT = "event"
    """No operation of an event leaves, and nothing that stands behind one of the same person."""
    PERSON = "person"
    """Nothing of one person leaves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """One pause that is in force.

    Attributes:
        kind: What it is about.
        name: The lane, the event or the canonical id; empty for all.
        since_ms: When it began.
    """

    kind: PauseKind
    name: str = ""
    since_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pauses:
    """All pauses that are in force, made ready to be asked for each person.

    Attributes:
        everything: Nothing leaves.
        lanes: Lanes that do not go.
        events: Names of events whose operations do not leave.
        people: Person keys of whom nothing leaves: to whom the paused ids lead, also those
            that a merge has made links.
    """

    everything: bool = False
    lanes: frozenset[Lane] = frozenset()
    events: frozenset[str] = frozenset()
    people: frozenset[int] = frozenset()

    @classmethod
    def of(cls, named: Iterable[tuple[PauseKind, str]], people: Iterable[int]) -> Pauses:
        """Return the pauses of these kinds and names.

        Args:
            named: Kind and name of each.
            people: The person keys to whom the names of paused people lead by now.
        """
        # The contract is slow to import, and the command line needs no more than the kinds.
        from truthpoint.contract.model import Lane  # noqa: PLC0415 - see above

        by_kind: dict[PauseKind, set[str]] = {kind: set() for kind in PauseKind}
        for kind, name in named:
            by_kind[kind].add(name)
        return cls(
            everything=bool(by_kind[PauseKind.ALL]),
            lanes=frozenset(Lane[name.upper()] for name in by_kind[PauseKind.LANE]),
            events=frozenset(by_kind[PauseKind.EVENT]),
            people=frozenset(people),
        )

    @property
    def any(self) -> bool:
        """Whether there is one."""
        return bool(self.everything or self.lanes or self.events or self.people)

    def holds(self, person: int, lane: Lane, first_event: str) -> bool:
        """Tell whether nothing of a person may leave.

        Args:
            person: The person key.
            lane: The lane in which they wait: critical when any open operation is.
            first_event: The event of their first open operation; empty without one.
        """
        return (
            self.everything
            or lane in self.lanes
            or person in self.people
            or first_event in self.events
        )

    def sendable(self, operations: Sequence[Operation]) -> Sequence[Operation]:
        """Return the operations before the first one of a paused event."""
        if not self.events:
            return operations
        return tuple(takewhile(lambda one: one.event not in self.events, operations))


NONE = Pauses()
"""Nothing is paused."""
