"""What an operator sees: how far the work has come, one person, one step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from truthpoint.values.contacts import FORMS

from .decision import Outcome, Reason
from .people import Grade, holder
from .records import Unreadable, identifiers_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from truthpoint.contract.model import Lane
    from truthpoint.findings import Finding

    from .decision import Said
    from .outbox import Action, State, Totals
    from .people import Identifier, LinkRow, PersonRow
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
        people: People known, guests and visitors included.
        oldest_open_ms: When the record of the oldest open operation happened; None: none is open.
        binding: What the store is bound to; None before its first delivery.
        lanes: What waits, by lane; a lane in which nobody waits is left out.
        guests: How many people have no id yet and live under their email.
        visitors: Of how many people nothing is known but an anonymous id.
        oldest_held_ms: When the oldest of the records was captured that are held; None: none is.
        expired: Of how many records the bytes are forgotten because they name nobody.
    """

    captured: int
    undecided: int
    operations: Mapping[State, int]
    verdicts: Mapping[tuple[Outcome, str], int]
    people: int
    oldest_open_ms: int | None
    binding: Binding | None
    lanes: Mapping[Lane, Waiting] = field(default_factory=dict["Lane", Waiting])
    guests: int = 0
    visitors: int = 0
    oldest_held_ms: int | None = None
    expired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearsay:
    """All that was said of an event by sources of which one at least does not own it (law 6).

    Attributes:
        event: The event.
        withheld: How many records were withheld because their source does not own it.
        said: What each source said of it, the owner too.
    """

    event: str
    withheld: int
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What has passed without the effect that it was told for, since the store's first day.

    Attributes:
        withheld: How many operations were withheld when they were to leave, by reason.
        late: How many events were delivered too late to start a campaign, by event.
        hearsay: The events that a source told which does not own them, by name.
    """

    withheld: Mapping[str, int] = field(default_factory=dict[str, int])
    late: Mapping[str, int] = field(default_factory=dict[str, int])
    hearsay: tuple[Hearsay, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Why a record waits.

    Attributes:
        until_ms: When it is decided in any case.
        kinds: The kinds of the identifiers that it carries, in alphabetical order.
    """

    until_ms: int
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closer:
    """What closed a start (law 9).

    Attributes:
        record: The journal's number of the record.
        event: Its event.
        tie: What both have in common, such as `cart_id C-1`; empty: the person alone.
        sent: Whether it has an operation of its own; a record in quarantine closes too.
    """

    record: int
    event: str
    tie: str = ""
    sent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What a person's timeline tells of a step beyond how it stands.

    Attributes:
        type: What kind of thing was said: `track`, `identify` ...; empty: it cannot be read.
        key: The key values of an event, where it claims or repeats a moment.
        expires_at_ms: When a start was, or will be, too old to be sent; 0: it is no start.
        not_before_ms: It is not sent before; 0: at once.
        closer: What closed a start that was withheld for it; None: not known.
        findings: What was found about the record.
    """

    type: str = ""
    key: tuple[str, ...] = ()
    expires_at_ms: int = 0
    not_before_ms: int = 0
    closer: Closer | None = None
    findings: tuple[Finding, ...] = ()


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
        held: Why and until when it waits; None: it is not held.
        story: What else a timeline tells; None in lists.
        forgotten: Whether its bytes are gone.
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
    held: Held | None = None
    story: Story | None = None
    forgotten: bool = False


def hearsay(withheld: Mapping[str, int], said: Iterable[Said]) -> tuple[Hearsay, ...]:
    """Return what was said of events by sources that do not own them.

    Args:
        withheld: How many records were withheld for it, by event.
        said: What each source has said of each event.
    """
    words = sorted(said, key=lambda one: one.source)
    return tuple(
        Hearsay(event=event, withheld=count, said=tuple(one for one in words if one.event == event))
        for event, count in sorted(withheld.items())
    )


def is_closed(step: Step) -> bool:
    """Tell whether a step is a start that was withheld because of its close (law 9)."""
    return step.outcome is Outcome.WITHHELD and step.reason == Reason.CLOSED


def tie_words(read: Record | Unreadable, tie: str) -> str:
    """Return what ties a start to its close with the name of the property that says it."""
    if isinstance(read, Unreadable):
        return tie
    names = [name for name, value in read.body.items() if str(value) == tie]
    return f"{names[0]} {tie}" if names else tie


def unsent_closer(
    start: Step, until_ms: int, steps: Iterable[Step], closers: Collection[str]
) -> Closer | None:
    """Return what has closed a start and was not sent itself; None: nothing that can be named.

    Args:
        start: The start.
        until_ms: Until when its like are closed.
        steps: The other steps of its person.
        closers: Names of events that close something.
    """
    found = [
        one
        for one in steps
        if (one.outcome is Outcome.QUARANTINED or one.reason == Reason.NOT_OWNER)
        and one.event in closers
        and one.event != start.event
        and start.at_ms <= one.at_ms <= until_ms
    ]
    last = max(found, key=lambda one: one.at_ms, default=None)
    return None if last is None else Closer(record=last.record, event=last.event, sent=False)


def spellings(name: str) -> list[str]:
    """Return the forms in which an identifier may be kept that somebody types.

    An email is kept in lower case and a phone number without marks; all else as it is.
    """
    typed = name.strip()
    forms = [name, typed, *(form(typed) for form in FORMS.values())]
    return list(dict.fromkeys(one for one in forms if one is not None))


def led_to(links: Iterable[LinkRow]) -> int | None:
    """Return the person key to whom links lead by now; None: to nobody, or to several.

    Args:
        links: All links whose identifiers have one name, of any kind.
    """
    of: dict[Identifier, list[LinkRow]] = {}
    for one in links:
        of.setdefault((one.kind, one.value), []).append(one)
    found: set[int | None] = set()
    for rows in of.values():
        asserted = holder(rows, _BY_NOW_MS, Grade.ASSERTED)
        inferred = holder(rows, _BY_NOW_MS, Grade.INFERRED)
        found.add(inferred if asserted is None else asserted)
    found.discard(None)
    return found.pop() if len(found) == 1 else None


_BY_NOW_MS: Final = 1 << 62
"""Later than all that has happened."""


def names_another(read: Record | Unreadable, canonical_id: str | None) -> bool:
    """Tell whether a record names somebody by another canonical id than this one."""
    given = read.given.get("person") if isinstance(read, Unreadable) else read.person
    named = (identifiers_in(given) or {}).get("id")
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
