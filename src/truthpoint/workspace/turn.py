"""One request's turn: what its effects are written with, and what they leave behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .messages import encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .database import Database, Row
    from .operations import Operation
    from .switches import Switches


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A profile's identifiers.

    Attributes:
        key: The workspace's own number of it.
        id: None: it has none.
        email: In lower case; None: it has none.
        cio_id: 16 hexadecimal digits, never changed and never used again (2.2).
    """

    key: int
    id: str | None
    email: str | None
    cio_id: str

    def identifiers(self) -> dict[str, str | None]:
        """Return the identifiers as the App API shows them (7.1)."""
        return {"email": self.email, "id": self.id, "cio_id": self.cio_id}


@dataclass(slots=True, kw_only=True)
class Turn:
    """What one request needs to take effect; lives as long as its transaction.

    Attributes:
        database: Where effects are written.
        switches: The undocumented choices.
        now: The workspace's clock, in unix seconds.
        life: The workspace's life id.
        seq: Number of the request in the log.
        people_count: Profiles created so far.
        events_count: Events applied so far.
    """

    database: Database
    switches: Switches
    now: float
    life: int
    seq: int
    people_count: int = 0
    events_count: int = 0
    _activities: list[Row] = field(default_factory=list[Any])

    @property
    def now_s(self) -> int:
        """The clock in whole unix seconds."""
        return int(self.now)

    def find(self, kind: str, value: str) -> Person | None:
        """Return the person whom an identifier names; None: nobody."""
        row = self.database.one(f"person_by_{kind}", (value,))
        if row is None:
            return None
        return Person(key=row[0], id=row[1], email=row[2], cio_id=row[3])

    def note(
        self,
        type_name: str,
        operation: Operation,
        person: Person | None,
        *,
        at_s: int | None = None,
        data: Mapping[str, Any] | None = None,
        whose: Mapping[str, str] | None = None,
    ) -> None:
        """Leave an activity behind.

        Args:
            type_name: The documented type (appendix A).
            operation: What caused it.
            person: Whose it is; None: nobody's, and the identifiers sent stand in.
            at_s: When it happened, in unix seconds; None: now.
            data: What it tells; None: the operation's own attributes.
            whose: Identifiers to stand in for a person; None: those sent.
        """
        named = {operation.kind: operation.value} if whose is None else whose
        self._activities.append(
            (
                None if person is None else person.key,
                encode(named).decode() if person is None else None,
                type_name,
                operation.name,
                self.now_s if at_s is None else at_s,
                self.now,
                None if data is None else encode(data).decode(),
                self.seq,
                operation.index,
            )
        )

    def write_activities(self) -> None:
        """Write the activities left behind, in their order."""
        self.database.many("add_activity", self._activities)
        self._activities.clear()
