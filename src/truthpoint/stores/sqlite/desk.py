"""The operator's desk on SQLite: looks, replays and discards, beside a running worker."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from truthpoint.contract.model import Lane
from truthpoint.core.decision import Outcome, Reason
from truthpoint.core.outbox import TRANSITIONS, Act, Action, Standing, State, unites
from truthpoint.core.pauses import Pause, PauseKind
from truthpoint.core.profile import from_json
from truthpoint.core.rates import WINDOW_MS, Pace, Rates, rates
from truthpoint.core.texts import key_text
from truthpoint.core.turns import lacks_identify
from truthpoint.core.views import Past, hearsay, led_to, spellings
from truthpoint.ports import Backlog, PersonView, Waiting

from . import rows
from .erasing import purge
from .files import JOURNAL, SQL, STATE, explained, open_file, transaction
from .line import enqueue
from .looking import look_into_journal, look_into_state
from .state import read_binding
from .steps import Steps

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from truthpoint.core.decision import JournalRow
    from truthpoint.findings import Finding
    from truthpoint.ports import Step

_EVERY: Final = -1
"""SQLite's word for no limit."""


class SqliteDesk:
    """Looks into a store and acts on single records; see `truthpoint.ports.Desk`.

    Args:
        folder: The store's folder; it must hold something.
        acts: Whether it acts; one that only looks makes and writes no file.

    Raises:
        StoreUnusable: There is no store, or its files cannot be used.
    """

    def __init__(self, folder: Path, *, acts: bool = True) -> None:
        self._path = folder / STATE[0]
        self._journal_path = folder / JOURNAL[0]
        self._journal = look_into_journal(folder)
        try:
            self._state = open_file(folder, STATE) if acts else look_into_state(folder)
        except BaseException:
            self._journal.close()
            raise
        self._steps = Steps(self._state, lambda record: self._said("record_by_number", record))

    def backlog(self) -> Backlog:
        """Return how far the work has come."""
        with explained(self._path):
            position = self._meta("position")
            replays = self._one("count_replays")
            waiting = self._said("count_records_after", position)[0]
            people, guests, visitors = self._state.execute(SQL["count_people"]).fetchone()
            held = self._state.execute(SQL["held"], (1,)).fetchone()
            return Backlog(
                captured=self._said("count_records")[0],
                undecided=waiting + replays,
                operations=self._operations(),
                verdicts={
                    (Outcome(outcome), reason): count
                    for outcome, reason, count in self._state.execute(SQL["count_verdicts"])
                },
                people=people,
                oldest_open_ms=self._oldest_open_ms(),
                binding=read_binding(self._meta("binding")),
                lanes=self._lanes(),
                guests=guests,
                visitors=visitors,
                oldest_held_ms=None if held is None else self._captured_at_ms(held[0]),
                expired=self._meta("expired_records") or 0,
            )

    def past(self) -> Past:
        """Return what has passed without the effect that it was told for."""
        ask = self._state.execute
        with explained(self._path):
            not_owned = dict(ask(SQL["count_not_owned"]).fetchall())
            said = [rows.said_row(row) for row in ask(SQL["said"])]
            return Past(
                withheld=dict(ask(SQL["count_withheld"]).fetchall()),
                late=dict(ask(SQL["count_late"]).fetchall()),
                hearsay=hearsay(not_owned, said),
            )

    def rates(self, now_ms: int) -> Rates:
        """Return how fast records come and operations go, over the last minute."""
        with explained(self._path):
            told = self._meta("pace")
        pace = None if told is None else msgspec.json.decode(told, type=Pace)
        return rates(self._captured_since(now_ms - WINDOW_MS), pace, now_ms=now_ms)

    def _captured_since(self, since_ms: int) -> int:
        """Count records by their numbers: what a repeat used up counts too.

        Numbers rise with time, so that a search among them looks at a few dozen records;
        to count the records themselves would read all of their bytes.
        """
        last = self._said("last_record")[0]
        low, high = 1, last + 1
        while low < high:
            middle = (low + high) // 2
            record, captured_at_ms = self._said("record_from", middle)
            if captured_at_ms >= since_ms:
                high = middle
            else:
                low = record + 1
        return last + 1 - low

    def _lanes(self) -> dict[Lane, Waiting]:
        """Return what waits by lane, on its way included."""
        return {
            Lane(lane): Waiting(people=people, oldest_captured_ms=self._captured_ms(operation))
            for lane, people, operation in self._state.execute(SQL["lanes"]).fetchall()
        }

    def _captured_ms(self, operation: int) -> int:
        """Return when the record of an operation was captured."""
        record, at_ms = self._state.execute(SQL["record_of_operation"], (operation,)).fetchone()
        captured_at_ms = self._captured_at_ms(record)
        # A journal that was set back: when it happened is what is left of it.
        return at_ms if captured_at_ms is None else captured_at_ms

    def _captured_at_ms(self, record: int) -> int | None:
        row = self._said("record_by_number", record)
        return None if row is None else row[3]

    def _oldest_open_ms(self) -> int | None:
        found = self._state.execute(SQL["oldest_open"]).fetchone()
        return None if found is None else found[0]

    def _operations(self) -> dict[State, int]:
        """Count operations by state; what is neither open nor ended otherwise was delivered."""
        leased = self._one("count_leased")
        counts = {State.LEASED: leased, State.READY: self._one("count_open") - leased}
        counts |= {State(state): n for state, n in self._state.execute(SQL["count_ended"])}
        every = self._meta("next_operation") - 1
        counts[State.DELIVERED] = every - sum(counts.values())
        return {state: counts.get(state, 0) for state in State}

    def person(self, name: str, *, limit: int) -> PersonView | None:
        """Return one person with their latest steps."""
        with explained(self._path):
            found = self._named(name)
            if found is None:
                return None
            row = rows.person_row(found)
            told = self._state.execute(SQL["totals_by_person"], (f"[{row.person}]",)).fetchone()
            records = {
                one[0]
                for asked in ("operations_of_person", "verdicts_of_person")
                for one in self._state.execute(SQL[asked], (row.person, limit))
            }
            return PersonView(
                row=row,
                totals=None if told is None else rows.totals_row(told),
                steps=self._steps.told(row.person, sorted(records)[-limit:]),
                links=tuple(map(rows.link_row, self._of_person("links_by_person", row.person))),
                profile=next(
                    (
                        from_json(one)
                        for _, one in self._of_person("profiles_by_person", row.person)
                    ),
                    None,
                ),
            )

    def _named(self, name: str) -> rows.Row | None:
        """Return who goes by an id, or else to whom other identifiers of this name lead."""
        found = self._state.execute(SQL["person_by_id"], (name,)).fetchone()
        if found is not None:
            return found
        asked = (rows.json_text(spellings(name)),)
        links = map(rows.link_row, self._state.execute(SQL["links_by_value"], asked))
        person = led_to(links)
        if person is None:
            return None
        return self._state.execute(SQL["people_by_key"], (f"[{person}]",)).fetchone()

    def waiting_for(self, name: str, *, limit: int) -> list[Step]:
        """Return the records that are held and carry this identifier, oldest first."""
        with explained(self._path):
            asked = (rows.json_text(spellings(name)), limit)
            found = self._state.execute(SQL["held_by_value"], asked).fetchall()
            return self._steps.of(record for (record,) in found)

    def _of_person(self, statement: str, person: int) -> list[rows.Row]:
        return self._state.execute(SQL[statement], (f"[{person}]",)).fetchall()

    def events(self, key: str | None, *, event: str | None, limit: int) -> list[Step]:
        """Return the records of events, newest last."""
        with explained(self._path):
            records = self._latest(event, limit) if key is None else self._keyed(key, event, limit)
            return self._steps.of(sorted(records)[-limit:])

    def _latest(self, event: str | None, limit: int) -> set[int]:
        if event is None:
            queries = [("latest_operations", (limit,)), ("latest_verdicts", (limit,))]
        else:
            number = self._events().get(event, -1)
            queries = [
                ("operations_of_event", (number, limit)),
                ("verdicts_of_event", (number, limit)),
            ]
        return {row[0] for name, asked in queries for row in self._state.execute(SQL[name], asked)}

    def _keyed(self, key: str, event: str | None, limit: int) -> set[int]:
        """Find a key's value: as a key's first value by its index, as a later one by search."""
        whole = key_text([key])
        first = [(whole, whole + "\x00"), (whole[:-1] + ",", whole[:-1] + "-")]
        later = "," + whole[1:-1]
        asked = [
            *(("claims_by_first", one) for one in first),
            *(("repeats_by_first", one) for one in first),
            ("claims_by_later", (later, key)),
            ("repeats_by_later", (later, key)),
        ]
        return {
            row[0]
            for name, number in self._events().items()
            if event is None or name == event
            for query, values in asked
            for row in self._state.execute(SQL[query], (number, *values, limit))
        }

    def listed(self, outcome: Outcome, *, limit: int) -> list[Step]:
        """Return quarantined, dead or held records, oldest first."""
        with explained(self._path):
            if outcome is Outcome.DEAD:
                return self._steps.dead(limit)
            return self._steps.of(self._records(outcome, limit))

    def _records(self, outcome: Outcome, limit: int = _EVERY) -> list[int]:
        asked = self._state.execute(SQL[outcome.value], (limit,))
        return list(dict.fromkeys(row[-1] for row in asked))

    def record(self, record: int) -> tuple[JournalRow, Step, tuple[Finding, ...]] | None:
        """Return one record with its bytes, how it stands and what was found about it."""
        with explained(self._path):
            found = self._said("record_by_number", record)
            if found is None:
                return None
            noted = self._state.execute(SQL["findings_of_record"], (record,)).fetchone()
            findings = () if noted is None else rows.findings_of(noted[0])
            row = rows.journal_row(found)
            return row, self._steps.step(row), findings

    def replay(self, outcome: Outcome, records: Iterable[int] | None) -> int:
        """Send quarantined or held records to be decided again, or dead ones to be sent again."""
        with explained(self._path), transaction(self._state):
            asked = self._records(outcome) if records is None else list(dict.fromkeys(records))
            if outcome is Outcome.DEAD:
                return sum(map(self._replay_dead, self._dead(self._with_companions(asked))))
            return sum(self._decide_again(record, outcome) for record in asked)

    def _with_companions(self, records: list[int]) -> list[int]:
        """Add to dead records what is dead of the same people for want of an identify (law 4)."""
        people = {row[1] for row in self._dead(records) if lacks_identify(row[3])}
        others = [
            row[0]
            for person in people
            for row in self._state.execute(SQL["dead_without_identify"], (person,))
        ]
        return list(dict.fromkeys([*records, *others]))

    def _dead(self, records: Iterable[int]) -> list[rows.Row]:
        """Return the dead operations of records: id, person, lane, reason, action, address."""
        asked = SQL["dead_operations"]
        return [row for one in records for row in self._state.execute(asked, (one,)).fetchall()]

    def _decide_again(self, record: int, outcome: Outcome) -> bool:
        if self._verdict(record) is not outcome or self._is_forgotten(record):
            return False
        return bool(self._state.execute(SQL["ask_replay"], (record,)).rowcount)

    def _is_forgotten(self, record: int) -> bool:
        """Tell whether there is nothing left of a record to decide."""
        found = self._said("record_by_number", record)
        forgotten = found is None or rows.journal_row(found).is_forgotten
        return (
            forgotten or self._state.execute(SQL["is_to_scrub"], (record,)).fetchone() is not None
        )

    def _replay_dead(self, found: rows.Row) -> bool:
        operation, person, lane, _, action, address = found
        after = TRANSITIONS[State.DEAD, Act.REPLAY]
        self._state.execute(
            SQL["move_operation"], (after.value, "", None, operation, State.DEAD.value)
        )
        if unites(Action(action), address):
            # Behind it they are told once more, whatever went out in the meantime (law 10).
            self._state.execute(SQL["tell_totals_again"], (operation, person))
        enqueue(self._state, person, operation, Lane(lane))
        if self._state.execute(SQL["standing"], (person,)).fetchone()[0] == Standing.REFUSED:
            self._state.execute(SQL["set_standing"], (Standing.UNKNOWN.value, "", person))
        return True

    def discard(self, outcome: Outcome, records: Iterable[int] | None) -> int:
        """Withhold quarantined, held or dead records for good, as `discarded`."""
        with explained(self._path), transaction(self._state):
            asked = self._records(outcome) if records is None else list(dict.fromkeys(records))
            if outcome is Outcome.DEAD:
                dead = self._dead(asked)
                discarded = sum(map(self._discard_dead, dead))
                purge(self._state, {row[1] for row in dead}, 0)
                return discarded
            return sum(self._discard_verdict(record, outcome) for record in asked)

    def _discard_verdict(self, record: int, outcome: Outcome) -> bool:
        if self._state.execute(SQL["is_replayed"], (record,)).fetchone():
            return False
        asked = (record, outcome.value)
        if not self._state.execute(SQL["discard_verdict"], asked).rowcount:
            return False
        self._state.execute(SQL["forget_hold"], (record,))
        return True

    def _discard_dead(self, found: rows.Row) -> bool:
        after, discarded = TRANSITIONS[State.DEAD, Act.WITHHOLD], Reason.DISCARDED.value
        self._state.execute(
            SQL["move_operation"], (after.value, discarded, None, found[0], State.DEAD.value)
        )
        return True

    def pause(self, pause: Pause) -> bool:
        """Put a pause in force; False when it was in force already."""
        with explained(self._path), transaction(self._state):
            columns = (pause.kind.value, pause.name, pause.since_ms)
            if not self._state.execute(SQL["add_pause"], columns).rowcount:
                return False
            revision = self._meta("pause_revision") + 1
            self._state.execute(SQL["set_meta"], ("pause_revision", revision))
            return True

    def resume(self, kind: PauseKind, name: str) -> bool:
        """Lift a pause; False when there was none."""
        with explained(self._path), transaction(self._state):
            if not self._state.execute(SQL["lift_pause"], (kind.value, name)).rowcount:
                return False
            # Whom another pause holds is set aside again by the next lease.
            self._state.execute(SQL["bring_back"])
            return True

    def pauses(self) -> tuple[Pause, ...]:
        """Return the pauses in force, oldest first."""
        with explained(self._path):
            found = self._state.execute(SQL["pauses"]).fetchall()
        return tuple(
            Pause(kind=PauseKind(kind), name=name, since_ms=since_ms)
            for kind, name, since_ms in found
        )

    def close(self) -> None:
        """Let go of the files."""
        self._journal.close()
        self._state.close()

    def _said(self, name: str, *asked: int) -> Any:
        """Return a row of the journal, in whose name it speaks when that cannot be read."""
        with explained(self._journal_path):
            return self._journal.execute(SQL[name], asked).fetchone()

    def _meta(self, name: str) -> Any:
        found = self._state.execute(SQL["get_meta"], (name,)).fetchone()
        return None if found is None else found[0]

    def _one(self, name: str) -> int:
        return self._state.execute(SQL[name]).fetchone()[0]

    def _events(self) -> dict[str, int]:
        return dict(self._state.execute(SQL["event_names"]).fetchall())

    def _verdict(self, record: int) -> Outcome | None:
        found = self._state.execute(SQL["verdict_of_record"], (record,)).fetchone()
        return None if found is None else Outcome(found[0])
