"""The values that a decision reads and writes: journal rows, people, ledger rows, verdicts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from .outbox import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from truthpoint.findings import Finding

    from .outbox import Operation, Totals

LedgerKey = tuple[str, str]
"""Event name, and the key values as a JSON array of normalised texts."""


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
    """Why a record is withheld (design, section 3); the rest of the list comes with its rules."""

    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    NOT_OWNER = "not_owner"
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


class PersonRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person as the store knows them.

    Attributes:
        person: Our immutable person key.
        canonical_id: The one id they go by.
        standing: Whether Customer.io knows them.
        identified: Whether the shop ever sent an identify of theirs.
    """

    person: int
    canonical_id: str
    standing: Standing = Standing.UNKNOWN
    identified: bool = False


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
        outcome: Withheld or quarantined, in this version.
        reason: Why: a `Reason`, or the code of the first error.
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


class Known(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the store knew before a batch.

    Attributes:
        people: By canonical id.
        ledger: By ledger key.
        totals: By person key.
        next_person: The first free person key.
        next_operation: The first free operation id.
    """

    people: Mapping[str, PersonRow]
    ledger: Mapping[LedgerKey, LedgerRow]
    totals: Mapping[int, Totals]
    next_person: int
    next_operation: int


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
    """

    records: tuple[int, ...]
    people: tuple[PersonRow, ...]
    ledger: tuple[LedgerRow, ...]
    totals: tuple[Totals, ...]
    operations: tuple[Operation, ...]
    verdicts: tuple[Verdict, ...]
    findings: Mapping[int, tuple[Finding, ...]]
    next_person: int
    next_operation: int
