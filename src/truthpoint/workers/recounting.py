"""Everybody's totals compared with the ledger, a few people at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from truthpoint.core import rollups
from truthpoint.core.outbox import Standing
from truthpoint.core.recount import mend, recount
from truthpoint.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from truthpoint.contract.model import Contract
    from truthpoint.core.people import PersonRow
    from truthpoint.core.recount import Recount
    from truthpoint.ports import Books, Store

PAGE_PEOPLE: Final = 200
"""People who are compared at one go; of their moments only one person's are in memory."""


def see_kinds(remembered: str, definition: str) -> None:
    """See that no total of a store would be read as one of another kind.

    Args:
        remembered: What the store remembers of how totals are computed.
        definition: How they are computed from now on.

    Raises:
        UsageError: One would.
    """
    changed = rollups.changed_kind(remembered, definition)
    if changed is not None:
        name, was, now = changed
        raise UsageError(
            f"The rollup `{name}` is of kind {was} in this store, and {now} in the contract.",
            hint="Give the new one another name, or put the old kind back; "
            "nothing was decided or sent.",
        )


class Recounting:
    """Compares totals with the ledger.

    Args:
        knowledge: What the store knows; others may write meanwhile.
        contract: Where the rollups are declared.
        now_ms: The present moment.

    Attributes:
        compared: How many people were compared; whoever was erased is none of them.
    """

    def __init__(self, knowledge: Books, contract: Contract, *, now_ms: int) -> None:
        self._knowledge = knowledge
        self._contract = contract
        self._now_ms = now_ms
        self.compared = 0

    def pages(self, person: int | None = None) -> Iterator[list[Recount]]:
        """Yield what differs, of a few people at a time, in the order of their person keys.

        Args:
            person: A person key, to compare one person alone; None: everybody.
        """
        if person is not None:
            with self._knowledge.snapshot():
                found = self._compared(self._knowledge.people([person]))
            yield found
            return
        last = 0
        while True:
            with self._knowledge.snapshot():
                people = self._knowledge.people_after(last, limit=PAGE_PEOPLE)
                found = self._compared(people)
            if not people:
                return
            last = people[-1].person
            yield found

    def _compared(self, people: Sequence[PersonRow]) -> list[Recount]:
        # Whoever was erased has no totals that could be compared (law 20).
        self.compared += sum(one.standing is not Standing.ERASED for one in people)
        knowledge, contract = self._knowledge, self._contract
        kept = {one.person: one for one in knowledge.totals([one.person for one in people])}
        found: list[Recount] = []
        for one in people:
            rows = knowledge.moments([one.person])
            awaited = rollups.awaited(contract, rows)
            arrived = {(row.event, row.key) for row in knowledge.ledger(awaited)}
            differs = recount(
                contract,
                one,
                kept.get(one.person),
                rows,
                arrived=arrived,
                now_ms=self._now_ms,
            )
            if differs is not None:
                found.append(differs)
        return found


def put_right(store: Store, recounts: Sequence[Recount]) -> None:
    """Write totals as the ledger has them, to be sent.

    Args:
        store: The store; acquired.
        recounts: What differs.

    Raises:
        LeaseLost: Another worker took the store over; nothing was written.
    """
    if recounts:
        store.commit(mend(recounts, next_ids=store.knowledge.next_ids()))
