"""Rows to values and back: the one place that knows the columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from truthpoint.contract.model import Lane
from truthpoint.core.decision import JournalRow, LedgerRow, Said
from truthpoint.core.outbox import Action, Operation, Standing, Totals
from truthpoint.core.people import Grade, LinkRow, PersonRow
from truthpoint.findings import Finding, Severity, Where

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Row = tuple[Any, ...]
"""A row as sqlite3 gives it: its columns have the types of the schema."""

_LANES: Final = {one.value: one for one in Lane}
_ACTIONS: Final = {one.value: one for one in Action}
# Looking a member up costs a tenth of calling its class.

_encode: Final = msgspec.json.Encoder().encode


def json_text(value: object) -> str:
    """Return a value as the JSON text that columns keep."""
    return _encode(value).decode()


def amounts(text: str) -> dict[str, object]:
    """Return the values of totals, or what a moment adds to them."""
    return msgspec.json.decode(text, type=dict[str, object])


def journal_row(row: Row, *, replayed: bool = False) -> JournalRow:
    """Return a row of the journal."""
    record, source, record_id, captured_at_ms, contract, body = row
    return JournalRow(
        record=record,
        source=source,
        record_id=record_id,
        captured_at_ms=captured_at_ms,
        contract=contract,
        body=body,
        replayed=replayed,
    )


def person_row(row: Row) -> PersonRow:
    """Return a row of the people."""
    person, canonical_id, address, standing, identified = row
    return PersonRow(
        person=person,
        canonical_id=canonical_id,
        address=address,
        standing=Standing(standing),
        identified=bool(identified),
    )


def link_row(row: Row) -> LinkRow:
    """Return a row of the links."""
    kind, value, person, grade, from_ms, last_ms, until_ms = row
    return LinkRow(
        kind=kind,
        value=value,
        person=person,
        grade=Grade(grade),
        from_ms=from_ms,
        last_ms=last_ms,
        until_ms=until_ms,
    )


def link_columns(link: LinkRow) -> Row:
    """Return the columns of a link."""
    return (
        link.kind,
        link.value,
        link.person,
        link.grade.value,
        link.from_ms,
        link.last_ms,
        link.until_ms,
    )


def said_row(row: Row) -> Said:
    """Return what a source has said of an event."""
    source, event, count, last_ms = row
    return Said(source=source, event=event, count=count, last_ms=last_ms)


def ledger_row(event: str, row: Row) -> LedgerRow:
    """Return a row of the ledger."""
    key, person, at_ms, record, operation, compare, correlation, contributions = row
    return LedgerRow(
        event=event,
        key=key,
        person=person,
        at_ms=at_ms,
        record=record,
        operation=operation,
        compare=compare,
        correlation=correlation,
        contributions=amounts(contributions),
    )


def totals_row(row: Row) -> Totals:
    """Return the totals of a person."""
    person, version, sent_version, changed_by, wire_at_s, refused, text = row
    return Totals(
        person=person,
        version=version,
        sent_version=sent_version,
        changed_by=changed_by,
        wire_at_s=wire_at_s,
        refused=refused,
        values=amounts(text),
    )


def operation_row(row: Row, events: Mapping[int, str]) -> Operation:
    """Return a ready operation as it leaves: the attempt that begins is counted.

    Args:
        row: Its columns.
        events: Names of events by their numbers.
    """
    number, person, record, lane, action, event, name, event_id, at_ms, body, *more = row
    barrier, tries, address, tie, expires_at_ms, not_before_ms, own = more
    return Operation(
        id=number,
        person=person,
        record=record,
        lane=_LANES[lane],
        action=_ACTIONS[action],
        event="" if event is None else events[event],
        name=name,
        event_id=event_id,
        at_ms=at_ms,
        attributes=body,
        barrier=bool(barrier),
        attempts=tries + 1,
        address=address,
        tie=tie,
        expires_at_ms=expires_at_ms,
        not_before_ms=not_before_ms,
        own=bool(own),
    )


def findings_text(findings: Iterable[Finding]) -> str:
    """Return findings as the JSON text that a column keeps."""
    return json_text(
        [
            {
                "code": one.code,
                "severity": one.severity.value,
                "path": one.where.path,
                "evidence": one.evidence,
                "consequence": one.consequence,
                "fix": one.fix,
            }
            for one in findings
        ]
    )


def findings_of(text: str) -> tuple[Finding, ...]:
    """Return findings that a column keeps."""
    return tuple(
        Finding(
            code=str(one["code"]),
            severity=Severity(str(one["severity"])),
            where=Where(path=one["path"]),
            evidence=str(one["evidence"]),
            consequence=str(one["consequence"]),
            fix=str(one["fix"]),
        )
        for one in msgspec.json.decode(text, type=list[dict[str, str | None]])
    )
