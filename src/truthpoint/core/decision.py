"""The values that a decision reads and writes: journal rows, people, ledger rows, verdicts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from truthpoint.findings import Finding

    from .outbox import Operation, Totals
    from .people import Identifier, LinkRow, PersonRow
    from .profile import Profile

LedgerKey = tuple[str, str]
"""Event name, and the key values as a JSON array of normalised texts."""

Tie = tuple[str, str]
"""Name of a start, and what ties one of its moments to what closes it."""


class Outcome(StrEnum):
    """How a record ends (design, section 3); before that it is pending."""

    PENDING = "pending"
    RECORDED = "recorded"
    DELIVERED = "delivered"
    WITHHELD = "withheld"
    HELD = "held"
    QUARANTINED = "quarantined"
    DEAD = "dead"


class Reason(StrEnum):
    """Why a record is withheld (design, section 3)."""

    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    NOT_OWNER = "not_owner"
    CLOSED = "closed"
    STALE = "stale"
    TEST = "test"
    SUPERSEDED = "superseded"
    ERASED = "erased"
    DISCARDED = "discarded"


class JournalRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One record as the journal keeps it.

    Attributes:
        record: Its number in the journal; rises, and never restarts.
        source: Where it came from.
        record_id: Its id, unique within its source.
        captured_at_ms: When it was made durable.
        contract: Fingerprint of the contract that captured it; empty if none did.
        body: Its bytes, as they were said.
        replayed: Whether an operator released it from quarantine.
    """

    record: int
    source: str
    record_id: str
    captured_at_ms: int
    contract: str
    body: bytes
    replayed: bool = False

    @property
    def is_forgotten(self) -> bool:
        """Whether its bytes are gone: its person was erased, or they were kept long enough."""
        return not self.body


def first_rows(rows: Iterable[JournalRow], limit_bytes: int | None) -> list[JournalRow]:
    """Return the first rows whose bodies are within a limit together; one always comes.

    Args:
        rows: The rows; one beyond the limit is read, and no more.
        limit_bytes: The limit; None: there is none.
    """
    taken: list[JournalRow] = []
    held_bytes = 0
    for row in rows:
        held_bytes += len(row.body)
        if taken and limit_bytes is not None and held_bytes > limit_bytes:
            break
        taken.append(row)
    return taken


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The permanent row of one business key; it holds no personal data but the key itself.

    Attributes:
        event: Name of the event.
        key: Its key values as a JSON array of normalised texts.
        person: The person key.
        at_ms: When it happened.
        record: The journal's number of the record that claimed the key.
        operation: The operation that tells it.
        compare: First 8 bytes of SHA-256 over what it says to `compare`; empty without.
        correlation: What ties it to its siblings; None without.
        contributions: What it adds to each total, as JSON can hold it; `core.rollups`
            writes and reads it.
    """

    event: str
    key: str
    person: int
    at_ms: int
    record: int
    operation: int
    compare: bytes = b""
    correlation: str | None = None
    contributions: Mapping[str, object] = msgspec.field(default_factory=dict[str, object])


class Verdict(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The outcome of a record that has no operation of its own.

    Attributes:
        record: The journal's number.
        outcome: Recorded, withheld, held or quarantined.
        reason: Why: a `Reason`, or the code of the first error; empty for `recorded`.
        event: The event it names, if it is one of the contract's.
        person: The person key, if the person is known.
        key: The ledger key it repeats; empty for others.
    """

    record: int
    outcome: Outcome
    reason: str
    event: str | None = None
    person: int | None = None
    key: str = ""


class Hold(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record that waits until its person is known.

    Attributes:
        record: The journal's number.
        identifiers: What it carries: once one of them leads to somebody, it is decided again.
        until_ms: When it is decided again in any case.
    """

    record: int
    identifiers: tuple[Identifier, ...]
    until_ms: int


class Closing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Starts that are closed (law 9).

    Attributes:
        event: Name of the start.
        tie: What ties it to its close; for all starts of a person, `of_person`.
        until_ms: Starts that happened up to then are closed; the latest word counts.
    """

    event: str
    tie: str
    until_ms: int


_OF_PERSON: Final = "\x00"
"""No property holds a NUL, so that no value can be taken for a person."""


def of_person(person: int) -> str:
    """Return the tie of all starts of a person."""
    return f"{_OF_PERSON}{person}"


class Said(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one source has said of one event (law 6).

    Attributes:
        source: The source.
        event: The event.
        count: How many records.
        last_ms: When the last of them was captured.
    """

    source: str
    event: str
    count: int
    last_ms: int


class Joined(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Two people who are one: everything of the second is the first's from now on.

    Attributes:
        into: The person key that stays.
        gone: The person key that nobody has any more.
        merges: Whether they were two until now: then identifies of the second, which would
            tell of the first what is not theirs, are not sent any more.
    """

    into: int
    gone: int
    merges: bool = False


class Known(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the store knew before a batch, as far as the batch is about it.

    Attributes:
        people: Everybody whom a record of the batch may be about.
        links: All links of the identifiers that it carries, and all of these people.
        ledger: By ledger key.
        totals: By person key.
        profiles: By person key.
        starts: What the latest start said that has this tie, as one JSON object.
        moments: Person key to all their ledger rows, where totals are computed anew.
        said: What the sources have said, by source and event.
        tombstones: Digests of what was erased to the person key that ties it together: of the
            identifiers that it carries, and of all that was erased with them.
        secret: The store's own, by which digests are made.
        next_person: The first free person key.
        next_operation: The first free operation id.
        now_ms: The present.
        takes_tests: Whether records of a test mode are sent to this workspace.
    """

    people: Sequence[PersonRow] = ()
    links: Sequence[LinkRow] = ()
    ledger: Mapping[LedgerKey, LedgerRow] = msgspec.field(
        default_factory=dict[LedgerKey, LedgerRow]
    )
    totals: Mapping[int, Totals] = msgspec.field(default_factory=dict[int, "Totals"])
    profiles: Mapping[int, Profile] = msgspec.field(default_factory=dict[int, "Profile"])
    starts: Mapping[Tie, bytes] = msgspec.field(default_factory=dict[Tie, bytes])
    moments: Mapping[int, Sequence[LedgerRow]] = msgspec.field(
        default_factory=dict[int, "Sequence[LedgerRow]"]
    )
    said: Mapping[tuple[str, str], Said] = msgspec.field(
        default_factory=dict[tuple[str, str], Said]
    )
    tombstones: Mapping[str, int] = msgspec.field(default_factory=dict[str, int])
    secret: bytes = b""
    next_person: int = 1
    next_operation: int = 1
    now_ms: int = 0
    takes_tests: bool = True


class Decision(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything that a batch changes; committed in one transaction, or not at all.

    Attributes:
        records: The journal's numbers of the records that it settles, in order.
        people: New people, and known ones that changed.
        ledger: New ledger rows.
        totals: The totals that changed, whole.
        operations: New operations, in order.
        verdicts: Outcomes of the records without an operation.
        findings: Record number to what was found about it, for records with any.
        next_person: The first free person key afterwards.
        next_operation: The first free operation id afterwards.
        joined: People who are one from now on; carried out before all else, in order.
        links: New links, and known ones that changed.
        corrected: Known ledger rows whose contributions changed.
        profiles: Person key to their profile, where it changed.
        holds: Records that wait for their person.
        closings: Starts that are closed.
        said: What the sources have said in this batch, to be added.
        tombstones: Person key to the digests of what names them: they are erased from now on.
        readmitted: Digests whose tombstones are lifted, before new ones are written.
        scrubbed: Records whose bytes are forgotten.
    """

    records: tuple[int, ...]
    people: tuple[PersonRow, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    totals: tuple[Totals, ...] = ()
    operations: tuple[Operation, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    findings: Mapping[int, tuple[Finding, ...]] = msgspec.field(
        default_factory=dict[int, tuple["Finding", ...]]
    )
    next_person: int
    next_operation: int
    joined: tuple[Joined, ...] = ()
    links: tuple[LinkRow, ...] = ()
    corrected: tuple[LedgerRow, ...] = ()
    profiles: Mapping[int, Profile] = msgspec.field(default_factory=dict[int, "Profile"])
    holds: tuple[Hold, ...] = ()
    closings: tuple[Closing, ...] = ()
    said: tuple[Said, ...] = ()
    tombstones: Mapping[int, tuple[str, ...]] = msgspec.field(
        default_factory=dict[int, tuple[str, ...]]
    )
    readmitted: tuple[str, ...] = ()
    scrubbed: tuple[int, ...] = ()
