"""The thin edge around the pure decision: load, decide, commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from truthpoint.core.decide import decide, plan
from truthpoint.core.decision import Known

if TYPE_CHECKING:
    from truthpoint.core.examine import Examiner
    from truthpoint.ports import Store

BATCH_RECORDS: Final = 500
"""Records of one decision: one transaction, short enough not to hold up delivery."""


class Decider:
    """Decides what the journal holds, a batch at a time.

    Args:
        store: The store; acquired by its worker.
        examiner: The contract, compiled.
    """

    def __init__(self, store: Store, examiner: Examiner) -> None:
        self._store = store
        self._examiner = examiner

    def step(self) -> int:
        """Decide one batch and commit it; return how many records it held, 0 when none wait.

        Raises:
            LeaseLost: Another worker took the store over; nothing was written.
        """
        rows = self._store.undecided(BATCH_RECORDS)
        if not rows:
            return 0
        planned = plan(rows, self._examiner)
        people, ledger = self._store.known(planned.ids, planned.keys)
        with_totals = planned.people_with_totals(self._examiner.contract, people)
        next_person, next_operation = self._store.next_ids()
        known = Known(
            people={row.canonical_id: row for row in people},
            ledger={(row.event, row.key): row for row in ledger},
            totals={one.person: one for one in self._store.totals(with_totals)},
            next_person=next_person,
            next_operation=next_operation,
        )
        self._store.commit(decide(planned, self._examiner, known))
        return len(rows)
