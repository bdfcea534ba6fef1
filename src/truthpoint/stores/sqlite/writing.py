"""Writing a decision into the state, as part of the transaction that commits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truthpoint.contract.model import Lane
from truthpoint.core.decision import of_person
from truthpoint.core.people import Grade
from truthpoint.core.profile import to_json
from truthpoint.core.rollups import next_due_ms

from . import rows
from .files import SQL
from .line import UNKNOWN_CRITICAL, Back, come_back

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from truthpoint.core.decision import Decision, Joined, LedgerRow
    from truthpoint.core.outbox import Operation

    from .outbox import Outbox


class DecisionWriter:
    """Writes decisions into one state file.

    Args:
        state: The connection.
        outbox: Knows who is away.
        number: Gives the number of an event's name, a new one where it has none.
    """

    def __init__(
        self, state: sqlite3.Connection, outbox: Outbox, number: Callable[[str], int]
    ) -> None:
        self._state = state
        self._outbox = outbox
        self._number = number

    def write(self, decision: Decision) -> None:
        """Write all of a decision but the position; inside a transaction of the caller."""
        for one in decision.joined:
            self._join(one)
        self._write_people(decision)
        self._write_moments(decision)
        self._queue_up(decision)
        self._write_records(decision)

    def _join(self, joined: Joined) -> None:
        """Move everything of one person to another."""
        if joined.merges:
            self._state.execute(SQL["supersede_identifies"], (joined.gone,))
        moved = (joined.into, joined.gone)
        for statement in ("join_operations", "join_ledger", "join_verdicts"):
            self._state.execute(SQL[statement], moved)
        tie, before = of_person(joined.into), of_person(joined.gone)
        for event, until_ms in self._state.execute(SQL["closings_of_person"], (before,)).fetchall():
            self._state.execute(SQL["write_closing"], (event, tie, until_ms))
        self._state.execute(SQL["forget_closings"], (before,))
        for statement in (
            "forget_links",
            "forget_profile",
            "forget_totals",
            "leave_queue",
            "forget_person",
        ):
            self._state.execute(SQL[statement], (joined.gone,))

    def _write_people(self, decision: Decision) -> None:
        many = self._state.executemany
        many(
            SQL["write_person"],
            [
                (one.person, one.canonical_id, one.address, one.standing.value, one.identified)
                for one in decision.people
            ],
        )
        many(SQL["write_link"], [rows.link_columns(one) for one in decision.links])
        many(
            SQL["write_profile"],
            [(person, to_json(one)) for person, one in decision.profiles.items()],
        )

    def _write_moments(self, decision: Decision) -> None:
        many = self._state.executemany
        many(SQL["write_ledger"], [self._ledger_columns(one) for one in decision.ledger])
        many(
            SQL["correct_ledger"],
            [
                (*columns[2:], *columns[:2])
                for columns in map(self._ledger_columns, decision.corrected)
            ],
        )
        many(SQL["write_operation"], [self._operation_columns(one) for one in decision.operations])
        many(
            SQL["write_totals"],
            [
                (
                    one.person,
                    one.version,
                    one.changed_by,
                    one.wire_at_s,
                    next_due_ms(one.values),
                    rows.json_text(one.values),
                )
                for one in decision.totals
            ],
        )
        many(
            SQL["write_closing"],
            [(self._number(one.event), one.tie, one.until_ms) for one in decision.closings],
        )
        many(
            SQL["add_said"],
            [(one.source, one.event, one.count, one.last_ms) for one in decision.said],
        )

    def _queue_up(self, decision: Decision) -> None:
        """Give everybody who has something new to send their place in the line."""
        away = self._outbox.away_after(decision.joined)
        gone = {one.gone for one in decision.joined}
        into = {one.into for one in decision.joined} - gone
        come_back(
            self._state,
            [Back(person=one, head=0, critical_until=UNKNOWN_CRITICAL) for one in into],
        )
        self._state.executemany(
            SQL["hide"], [(one,) for one in into if one in away or self._outbox.is_away(one)]
        )
        self._state.executemany(
            SQL["write_queue"],
            [
                (*row, row[0] in away or self._outbox.is_away(row[0]))
                for row in _queue_columns(decision)
            ],
        )

    def _write_records(self, decision: Decision) -> None:
        many = self._state.executemany
        many(
            SQL["write_verdict"],
            [
                (
                    one.record,
                    one.outcome.value,
                    one.reason,
                    None if one.event is None else self._number(one.event),
                    one.person,
                    one.key,
                )
                for one in decision.verdicts
            ],
        )
        many(
            SQL["write_findings"],
            [(number, rows.findings_text(found)) for number, found in decision.findings.items()],
        )
        many(
            SQL["add_hold"],
            [
                (kind, value, one.record, one.until_ms)
                for one in decision.holds
                for kind, value in one.identifiers
            ],
        )
        known = [(one.kind, one.value) for one in decision.links if one.grade is not Grade.FROZEN]
        if known:
            self._state.execute(SQL["release_by_links"], (rows.json_text(known),))
        many(SQL["add_scrub"], [(record,) for record in decision.scrubbed])

    def _ledger_columns(self, one: LedgerRow) -> rows.Row:
        return (
            self._number(one.event),
            one.key,
            one.person,
            one.at_ms,
            one.record,
            one.operation,
            one.compare,
            one.correlation,
            rows.json_text(one.contributions),
        )

    def _operation_columns(self, one: Operation) -> rows.Row:
        return (
            one.id,
            one.person,
            one.record,
            one.lane.value,
            one.action.value,
            self._number(one.event) if one.event else None,
            one.name,
            one.event_id,
            one.at_ms,
            one.barrier,
            one.address,
            one.tie,
            one.expires_at_ms,
            one.not_before_ms,
            one.own,
            one.attributes,
        )


def _queue_columns(decision: Decision) -> Iterator[rows.Row]:
    """Return one row for each person who has something new to send."""
    first: dict[int, int] = {}
    critical: dict[int, int] = {}
    for one in decision.operations:
        first.setdefault(one.person, one.id)
        if one.lane is Lane.CRITICAL:
            critical[one.person] = one.id
    for person, head in first.items():
        lane = Lane.CRITICAL if person in critical else Lane.LIVE
        yield person, lane.value, head, critical.get(person, 0), 0
    for totals in decision.totals:
        if totals.person not in first:
            yield totals.person, Lane.LIVE.value, totals.changed_by, 0, 1
