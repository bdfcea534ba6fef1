"""Writing a decision onto the shelf, under the lock of whoever calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.core.batch import superseded
from truthpoint.core.decision import of_person
from truthpoint.core.outbox import OPEN, Standing, State, Totals
from truthpoint.core.people import Grade
from truthpoint.core.rollups import next_due_ms

from .erasing import bury, expire_late, purge
from .shelf import Held

if TYPE_CHECKING:
    from truthpoint.core.decision import Decision, Joined

    from .shelf import MemoryShelf


def write(shelf: MemoryShelf, decision: Decision) -> None:
    """Write all of a decision but the position."""
    for joined in decision.joined:
        _join(shelf, joined)
    _write_people(shelf, decision)
    _write_moments(shelf, decision)
    _write_records(shelf, decision)
    shelf.next_person = decision.next_person
    shelf.next_operation = decision.next_operation
    gone = {one.gone for one in decision.joined}
    touched = [one.person for one in (*decision.operations, *decision.totals)]
    touched += [one.into for one in decision.joined if one.into not in gone]
    for person in dict.fromkeys(touched):
        shelf.queue_up(person)
    bury(shelf, decision)
    expire_late(shelf, decision)
    purge(shelf, 0)


def _join(shelf: MemoryShelf, joined: Joined) -> None:
    """Move everything of one person to another."""
    into, gone = joined.into, joined.gone
    _join_operations(shelf, joined)
    for key, row in shelf.ledger.items():
        if row.person == gone:
            shelf.ledger[key] = replace(row, person=into)
    for record, verdict in shelf.verdicts.items():
        if verdict.person == gone:
            shelf.verdicts[record] = replace(verdict, person=into)
    for event, tie in list(shelf.closings):
        if tie == of_person(gone):
            shelf.close(event, of_person(into), shelf.closings.pop((event, tie)))
    _forget(shelf, gone)
    waited_for = shelf.blocked.pop(gone, set())
    if gone in shelf.away:
        waited_for.add(gone)
    if waited_for:
        shelf.blocked.setdefault(into, set()).update(waited_for)


def _forget(shelf: MemoryShelf, person: int) -> None:
    for kept in (shelf.profiles, shelf.totals, shelf.due_ms, shelf.people, shelf.not_before_ms):
        kept.pop(person, None)
    for link in [one for one in shelf.links if one[2] == person]:
        del shelf.links[link]
    shelf.waiting.discard(person)


def _join_operations(shelf: MemoryShelf, joined: Joined) -> None:
    into, gone = joined.into, joined.gone
    for held in shelf.operations.values():
        operation = held.operation
        if operation.person != gone:
            continue
        if joined.merges and (held.state in OPEN or held.state is State.DEAD):
            operation = superseded(operation, gone)
        held.operation = replace(operation, person=into)
    queue = shelf.open.setdefault(into, [])
    queue[:] = sorted([*queue, *shelf.open.pop(gone, [])])


def _write_people(shelf: MemoryShelf, decision: Decision) -> None:
    for person in decision.people:
        before = shelf.people.get(person.person)
        if before is not None:
            erased = person.standing is Standing.ERASED
            standing = person.standing if erased else before.standing
            person = replace(person, standing=standing, address=before.address)  # noqa: PLW2901 - the row as it is kept
        shelf.people[person.person] = person
    shelf.links.update(((one.kind, one.value, one.person), one) for one in decision.links)
    shelf.profiles.update(decision.profiles)


def _write_moments(shelf: MemoryShelf, decision: Decision) -> None:
    for row in (*decision.ledger, *decision.corrected):
        shelf.ledger[row.event, row.key] = row
    for told in decision.totals:
        slot = shelf.totals.get(told.person, Totals(person=told.person, values={}))
        shelf.totals[told.person] = replace(
            slot,
            version=told.version,
            changed_by=told.changed_by,
            wire_at_s=max(slot.wire_at_s, told.wire_at_s),
            values=told.values,
        )
        due_ms = next_due_ms(told.values)
        if due_ms is None:
            shelf.due_ms.pop(told.person, None)
        else:
            shelf.due_ms[told.person] = due_ms
    for operation in decision.operations:
        shelf.operations[operation.id] = Held(operation=operation)
        if operation.own:
            shelf.of_record[operation.record] = operation.id
        shelf.open.setdefault(operation.person, []).append(operation.id)
    for one in decision.closings:
        shelf.close(one.event, one.tie, one.until_ms)
    for said in decision.said:
        before = shelf.said.get((said.source, said.event))
        shelf.said[said.source, said.event] = (
            said
            if before is None
            else replace(
                said,
                count=before.count + said.count,
                last_ms=max(before.last_ms, said.last_ms),
            )
        )


def _write_records(shelf: MemoryShelf, decision: Decision) -> None:
    shelf.verdicts.update((one.record, one) for one in decision.verdicts)
    for record, found in decision.findings.items():
        shelf.findings[record] = shelf.findings.get(record, ()) + found
    shelf.holds.update((one.record, one) for one in decision.holds)
    known = {(one.kind, one.value) for one in decision.links if one.grade is not Grade.FROZEN}
    for record, hold in sorted(shelf.holds.items()):
        if not known.isdisjoint(hold.identifiers):
            shelf.replays.setdefault(record, None)
    shelf.scrubs.update(decision.scrubbed)
