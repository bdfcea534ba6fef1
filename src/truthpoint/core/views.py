"""What an operator sees: how far the work has come, one person, one step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .records import Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.contract.model import Lane

    from .decision import Outcome
    from .outbox import Action, State, Totals
    from .people import LinkRow, PersonRow
    from .profile import Profile
    from .records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Which Customer.io workspace and which person-id rule a store serves (law 19).

    Attributes:
        workspace: The workspace's name in the contract.
        environment: Its id at Customer.io, or its URL where the peer tells no id.
        person_rule: The name and pattern of the canonical id.
    """

    workspace: str
    environment: str
    person_rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits in one lane, on its way included.

    Attributes:
        people: How many people have an open operation and wait in it.
        oldest_captured_ms: When the record of the oldest of their operations was captured.
    """

    people: int
    oldest_captured_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How far the work has come.

    Attributes:
        captured: Records in the journal.
        undecided: Records that wait for their decision, replayed ones included.
        operations: How many operations are in each state.
        verdicts: How many records were withheld or quarantined, by outcome and reason.
        people: People known.
        oldest_open_ms: When the record of the oldest open operation happened; None: none is open.
        binding: What the store is bound to; None before its first delivery.
        lanes: What waits, by lane; a lane in which nobody waits is left out.
    """

    captured: int
    undecided: int
    operations: Mapping[State, int]
    verdicts: Mapping[tuple[Outcome, str], int]
    people: int
    oldest_open_ms: int | None
    binding: Binding | None
    lanes: Mapping[Lane, Waiting] = field(default_factory=dict["Lane", Waiting])


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One record, or one operation, on a person's timeline or in a list.

    Attributes:
        record: The journal's number.
        at_ms: When it happened; when it was captured, for what could not be read.
        outcome: How the record stands.
        reason: Why, for what is withheld, quarantined or dead.
        event: The event's name; empty for an identify or an unreadable record.
        action: What its operation does; None without one.
        operation: Its operation's id; None without one.
        event_id: Its ULID at Customer.io; empty without one.
        attempts: How often it left.
        settled_at_ms: When it was settled; None before.
        source: Where it came from.
        record_id: Its id within its source.
        repeats: The record whose moment it tells again, under the same business key; None: it
            repeats none.
        other_person: Whether it names another person than the one whose moment that is.
    """

    record: int
    at_ms: int
    outcome: Outcome
    reason: str = ""
    event: str = ""
    action: Action | None = None
    operation: int | None = None
    event_id: str = ""
    attempts: int = 0
    settled_at_ms: int | None = None
    source: str = ""
    record_id: str = ""
    repeats: int | None = None
    other_person: bool = False


def names_another(read: Record | Unreadable, canonical_id: str | None) -> bool:
    """Tell whether a record names somebody by another canonical id than this one."""
    named = None if isinstance(read, Unreadable) else read.person.get("id")
    return named is not None and str(named) != canonical_id


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonView:
    """One person, and everything that happened to their records.

    Attributes:
        row: The person.
        totals: Their totals, if they have any.
        steps: Newest last.
        links: Everything that leads, or led, to them.
        profile: What is known of their attributes and consents; None: nothing.
    """

    row: PersonRow
    totals: Totals | None
    steps: tuple[Step, ...]
    links: tuple[LinkRow, ...] = ()
    profile: Profile | None = None
