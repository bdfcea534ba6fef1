"""Step 4 of 6: operations, and the life of one: a table.

The diagram in the docs is drawn from the table `TRANSITIONS`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.contract.model import Lane


class State(IntEnum):
    """Where an operation is in its life. The numbers are stored: never reorder them."""

    READY = 0
    LEASED = 1
    DELIVERED = 2
    DEAD = 3
    WITHHELD = 4


class Act(StrEnum):
    """What can happen to an operation."""

    LEASE = "lease"
    """It was packed and is on its way."""
    DELIVER = "deliver"
    """Customer.io accepted it."""
    RETRY = "retry"
    """The answer was transient or lost: again, later."""
    REFUSE = "refuse"
    """Customer.io refused it for good, or it cannot be sent at all."""
    WITHHOLD = "withhold"
    """It is not sent any more: closed, stale, superseded, erased or discarded."""
    REPLAY = "replay"
    """An operator wants a dead one sent again."""


TRANSITIONS: Final[Mapping[tuple[State, Act], State]] = {
    (State.READY, Act.LEASE): State.LEASED,
    (State.READY, Act.WITHHOLD): State.WITHHELD,
    (State.READY, Act.REFUSE): State.DEAD,
    (State.LEASED, Act.DELIVER): State.DELIVERED,
    (State.LEASED, Act.RETRY): State.READY,
    (State.LEASED, Act.REFUSE): State.DEAD,
    (State.LEASED, Act.WITHHOLD): State.WITHHELD,
    (State.DEAD, Act.REPLAY): State.READY,
    (State.DEAD, Act.WITHHOLD): State.WITHHELD,
}
"""State and act to the next state. What is not here does not happen."""

OPEN: Final = frozenset({State.READY, State.LEASED})
"""States of operations that stand in their person's queue."""


class Standing(IntEnum):
    """Whether Customer.io knows the person. The numbers are stored: never reorder them."""

    UNKNOWN = 0
    """No identify of theirs was accepted yet."""
    KNOWN = 1
    """An identify was accepted."""
    REFUSED = 2
    """Even an identify with identifiers only was refused for good."""
    DUE = 3
    """An identify of theirs was refused for good; one with identifiers only is due."""
    ERASED = 4
    """They were erased: nothing leaves for them but what erases them there too."""
    ANONYMOUS = 5
    """Nothing but an anonymous id is known: their events leave, and no identify can."""


class Action(StrEnum):
    """What an operation does at Customer.io."""

    IDENTIFY = "identify"
    EVENT = "event"
    MERGE = "merge"
    """Another profile becomes part of the person's."""
    SUPPRESS = "suppress"
    UNSUPPRESS = "unsuppress"
    DELETE = "delete"


PARTING: Final = frozenset({Action.SUPPRESS, Action.UNSUPPRESS, Action.DELETE})
"""Actions about a profile as a whole: no identify must precede them."""


class Operation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One Track API action for one person.

    Attributes:
        id: Its place in the order; rises with the journal.
        person: The person key.
        record: The journal's number of the record that caused it.
        lane: How urgent it is.
        action: What it does.
        event: Name of the event; empty for other actions.
        name: The event's wire name; empty for other actions.
        event_id: ULID of an event; empty for an identify.
        at_ms: When it happened.
        attributes: The attributes or properties, encoded as one JSON object; for a merge,
            the other profile's `identifiers`.
        barrier: Whether it goes alone for its person and is awaited.
        attempts: How often it was leased.
        address: The `identifiers` to address it by, which become the person's when it is
            accepted, or those of the profile that it ends; empty: the person's address.
        tie: Of a start: what ties it to its close; None: nothing closes it.
        expires_at_ms: Of a start: when it is too old to be sent; of an identify: not 0 when
            a merge has taken its place; 0: never.
        not_before_ms: It is not sent before; 0: at once.
        own: Whether it is its record's own, which says how the record ends; else the record
            has caused it beside.
    """

    id: int
    person: int
    record: int
    lane: Lane
    action: Action
    event: str
    name: str
    event_id: str
    at_ms: int
    attributes: bytes
    barrier: bool
    attempts: int = 0
    address: str = ""
    tie: str | None = None
    expires_at_ms: int = 0
    not_before_ms: int = 0
    own: bool = True


def unites(action: Action, address: str) -> bool:
    """Tell whether an operation makes two profiles one at Customer.io.

    Of each attribute the value that one of the two had stays, not the later one.

    Args:
        action: What it does.
        address: Its address.
    """
    return action is Action.MERGE or (action is Action.IDENTIFY and bool(address))


class Totals(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The totals of one person: a slot, in which only the latest value counts.

    Attributes:
        person: The person key.
        version: Rises with every change; 0 before the first.
        sent_version: The version that Customer.io last accepted (or refused for good).
        changed_by: The operation that changed them last; 0 if none did.
        wire_at_s: The time with which they were last sent, unix seconds; 0 before.
        refused: Why the version last sent was refused for good; empty: it was not.
        values: What `core.rollups` keeps of each total, as JSON can hold it: a count, an
            instant in milliseconds, a sum as decimal text, and forms of its own.
    """

    person: int
    version: int = 0
    sent_version: int = 0
    changed_by: int = 0
    wire_at_s: int = 0
    refused: str = ""
    values: Mapping[str, object]

    @property
    def waiting(self) -> bool:
        """Whether there is a value that Customer.io has not been told."""
        return self.version > self.sent_version
