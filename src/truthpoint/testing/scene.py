"""A store on a stage: short words for what a shop, a worker and an operator do to it.

Decisions are made by hand here, so that a store is judged by what it keeps and hands
out, not by how records are decided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.core.decision import Decision, LedgerRow, Outcome, Reason, Verdict
from truthpoint.core.outbox import Action, Operation, Totals
from truthpoint.core.people import PersonRow, by_id, named_by
from truthpoint.core.texts import key_text
from truthpoint.ports import Fate, Result, Settlement
from truthpoint.values.instants import to_iso

from .builders import START_MS, a_capture, line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.core.turns import Turn
    from truthpoint.findings import Finding
    from truthpoint.ports import Desk, Journal, Step, Store


class StoreUnderTest(Protocol):
    """One store of the kind that is tested: new, empty, and able to be opened again."""

    def journal(self) -> Journal:
        """Open its journal."""
        ...

    def store(self) -> Store:
        """Open its state for a worker, which has not acquired it yet."""
        ...

    def desk(self) -> Desk:
        """Open its desk; the journal was opened before."""
        ...

    def abandon(self, store: Store) -> None:
        """Let the worker die: its hold ends, its connections end, nothing is given back."""
        ...

    def loosen(self) -> None:
        """Let another worker acquire while the holder lives on, as after a lost lock."""
        ...

    def close(self) -> None:
        """Remove what is left of it."""
        ...


DELIVERED = Fate(result=Result.DELIVERED)
RETRY = Fate(result=Result.RETRY, reason="HTTP 503")
DEAD = Fate(result=Result.DEAD, reason="invalid")


class Scene:
    """A new store with a worker that holds it.

    Args:
        under_test: The store.
    """

    def __init__(self, under_test: StoreUnderTest) -> None:
        self.under_test = under_test
        self.now_ms = START_MS
        self.journal = under_test.journal()
        self.desk = under_test.desk()
        self.store = under_test.store()
        self.store.acquire()
        self._people: dict[str, int] = {}
        self._totals: dict[int, Totals] = {}
        self._said = 0

    def close(self) -> None:
        """End the story."""
        self.store.close()
        self.desk.close()
        self.journal.close()
        self.under_test.close()

    def restart(self) -> None:
        """Close everything in good order, and open it again."""
        self.store.close()
        self.desk.close()
        self.journal.close()
        self.journal = self.under_test.journal()
        self.desk = self.under_test.desk()
        self.store = self.under_test.store()
        self.store.acquire()

    def die(self) -> None:
        """Let the worker die, and another one take over."""
        self.under_test.abandon(self.store)
        self.store = self.under_test.store()
        self.store.acquire()

    def capture(
        self,
        body: bytes | None = None,
        *,
        source: str = "backend",
        captured_at_ms: int = START_MS,
    ) -> int:
        """Capture one record that was never said before; return its number."""
        self._said += 1
        at_ms = START_MS + self._said * 1000
        told = line(type="track", event="order_paid", person="42", at=to_iso(at_ms))
        capture = a_capture(
            told if body is None else body,
            f"r-{self._said}",
            source=source,
            captured_at_ms=captured_at_ms,
        )
        return self.journal.append([capture])[0].record

    def event(
        self,
        who: str = "42",
        *key: str,
        lane: Lane = Lane.LIVE,
        counted: bool = False,
        barrier: bool = False,
        attributes: bytes = b"{}",
        record: int | None = None,
    ) -> Operation:
        """Capture and decide an event; return its operation.

        Args:
            who: The person's canonical id.
            key: Its key values, to be claimed in the ledger; none: it has no key.
            lane: How urgent it is.
            counted: Whether it changes the person's totals.
            barrier: Whether it goes alone.
            attributes: What it says.
            record: The record that was captured for it; None: one is captured now.
        """
        taken = self.capture() if record is None else record
        operation = self._operation(
            who, Action.EVENT, lane, barrier=barrier, attributes=attributes, record=taken
        )
        row = LedgerRow(
            event="order_paid",
            key=key_text(key),
            person=operation.person,
            at_ms=operation.at_ms,
            record=operation.record,
            operation=operation.id,
            compare=b"12345678",
            correlation="cart-1",
            contributions={"lifetime_value": "10.50"},
        )
        totals = (self.changed(operation),) if counted else ()
        self._decide(who, operation, ledger=(row,) if key else (), totals=totals)
        return operation

    def identify(
        self, who: str = "42", *, barrier: bool = True, attributes: bytes = b"{}"
    ) -> Operation:
        """Capture and decide an identify that the shop sent; return its operation."""
        taken = self.capture()
        operation = self._operation(
            who, Action.IDENTIFY, Lane.LIVE, barrier=barrier, attributes=attributes, record=taken
        )
        self._decide(who, operation, identified=True)
        return operation

    def _operation(
        self,
        who: str,
        action: Action,
        lane: Lane,
        *,
        barrier: bool,
        attributes: bytes,
        record: int,
    ) -> Operation:
        next_person, next_operation = self.store.knowledge.next_ids()
        return Operation(
            id=next_operation,
            person=self._people.get(who, next_person),
            record=record,
            lane=lane,
            action=action,
            event="order_paid" if action is Action.EVENT else "",
            name="order_paid" if action is Action.EVENT else "",
            event_id=f"{next_operation:026d}" if action is Action.EVENT else "",
            at_ms=START_MS + self._said * 1000,
            attributes=attributes,
            barrier=barrier,
        )

    def changed(self, operation: Operation) -> Totals:
        """Return the totals of an operation's person after one more change by it."""
        before = self._totals.get(operation.person, Totals(person=operation.person, values={}))
        after = Totals(
            person=operation.person,
            version=before.version + 1,
            changed_by=operation.id,
            values={"orders_count": before.version + 1, "lifetime_value": "10.50"},
        )
        self._totals[operation.person] = after
        return after

    def _decide(
        self,
        who: str,
        operation: Operation,
        *,
        identified: bool = False,
        ledger: tuple[LedgerRow, ...] = (),
        totals: tuple[Totals, ...] = (),
    ) -> None:
        new = who not in self._people
        self._people[who] = operation.person
        row = by_id(operation.person, who, identified=identified)
        self.commit(
            operation.record,
            people=(row,) if new or identified else (),
            ledger=ledger,
            totals=totals,
            operations=(operation,),
        )

    def commit(
        self,
        *records: int,
        people: tuple[PersonRow, ...] = (),
        ledger: tuple[LedgerRow, ...] = (),
        totals: tuple[Totals, ...] = (),
        operations: tuple[Operation, ...] = (),
        verdicts: tuple[Verdict, ...] = (),
        findings: Mapping[int, tuple[Finding, ...]] | None = None,
    ) -> None:
        """Commit a decision of these records."""
        next_person, next_operation = self.store.knowledge.next_ids()
        self.store.commit(
            Decision(
                records=records,
                people=people,
                ledger=ledger,
                totals=totals,
                operations=operations,
                verdicts=verdicts,
                findings=findings or {},
                next_person=max([next_person, *(one.person + 1 for one in people)]),
                next_operation=max([next_operation, *(one.id + 1 for one in operations)]),
            )
        )

    def quarantine(
        self, *records: int, findings: tuple[Finding, ...] = (), reason: str = "person_unresolved"
    ) -> int:
        """Decide that these records, or one that is captured for it, go to quarantine."""
        taken = records or (self.capture(),)
        self.commit(
            *taken,
            verdicts=tuple(
                Verdict(record=one, outcome=Outcome.QUARANTINED, reason=reason, event="order_paid")
                for one in taken
            ),
            findings=dict.fromkeys(taken, findings) if findings else {},
        )
        return taken[0]

    def withhold(
        self,
        *key: str,
        who: str = "42",
        reason: Reason = Reason.DUPLICATE,
        body: bytes | None = None,
    ) -> int:
        """Capture a record and decide to withhold it; return its number."""
        record = self.capture(body)
        verdict = Verdict(
            record=record,
            outcome=Outcome.WITHHELD,
            reason=reason.value,
            event="order_paid",
            person=self._people.get(who),
            key=key_text(key) if key else "",
        )
        self.commit(record, verdicts=(verdict,))
        return record

    def meet(self, *people: str) -> None:
        """Make Customer.io know these people: an identify of each is delivered."""
        for who in people:
            self.identify(who)
        self.drain()

    def turns(self, operations: int = 1_000) -> list[Turn]:
        """Lease turns."""
        return self.store.lease(self.now_ms, operations=operations)

    def turn(self) -> Turn:
        """Lease what is due; it is one turn."""
        turns = self.turns()

        assert len(turns) == 1

        return turns[0]

    def settle(
        self,
        turn: Turn,
        fate: Fate = DELIVERED,
        *,
        not_before_ms: int = 0,
        failures: int = 0,
        **of: Fate,
    ) -> None:
        """Settle a turn: everything in it has one fate.

        Args:
            turn: The turn.
            fate: Of everything in it.
            not_before_ms: When its person may go on.
            failures: How many of their turns in a row have failed.
            of: `totals`: another fate for the totals.
        """
        told = settlement(turn, fate, not_before_ms=not_before_ms, **of)
        self.store.settle([replace(told, failures=failures)], now_ms=self.now_ms)

    def settle_each(self, turn: Turn, *fates: Fate) -> None:
        """Settle a turn of operations only: one fate for each, in order."""
        given = {one.id: fate for one, fate in zip(turn.operations, fates, strict=True)}
        self.store.settle([Settlement(turn=turn, operations=given)], now_ms=self.now_ms)

    def drain(self) -> list[str]:
        """Deliver everything that is due, and return what left, in order (see `words`)."""
        left: list[str] = []
        while turns := self.turns():
            for turn in turns:
                left += words(turn)
                self.settle(turn)
        return left

    def step(self, record: int) -> Step:
        """Return how a record stands."""
        found = self.desk.record(record)

        assert found is not None

        return found[1]

    def standing(self, *operations: Operation | int) -> list[Outcome]:
        """Return the outcomes of these operations' records, or of these records."""
        return [
            self.step(one if isinstance(one, int) else one.record).outcome for one in operations
        ]


def settlement(
    turn: Turn, fate: Fate = DELIVERED, *, not_before_ms: int = 0, **of: Fate
) -> Settlement:
    """Return a settlement in which everything of a turn has one fate, but for what `of` names."""
    return Settlement(
        turn=turn,
        operations={one.id: fate for one in turn.operations},
        identify=fate if turn.identify else None,
        totals=None if turn.totals is None else of.get("totals", fate),
        not_before_ms=not_before_ms,
    )


def words(turn: Turn) -> list[str]:
    """Return what leaves in a turn: `42 identify!` (of our making), `42 #7`, `42 totals 2`."""
    said = [f"{who_of(turn)} identify!"] if turn.identify else []
    said += [f"{who_of(turn)} #{one.id}" for one in turn.operations]
    if turn.totals is not None:
        said.append(f"{who_of(turn)} totals {turn.totals.version}")
    return said


def who_of(turn: Turn) -> str:
    """Return the identifier by which a turn goes."""
    return named_by(turn.address)[1]
