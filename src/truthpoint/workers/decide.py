"""The thin edge around the pure decision: load, decide, commit; and set aside what fails."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from truthpoint.core.decide import decide, set_aside
from truthpoint.core.overdue import end_waits, keys_of
from truthpoint.core.plan import plan
from truthpoint.errors import TruthpointError

from .knowing import know

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truthpoint.core.decision import JournalRow
    from truthpoint.core.examine import Examiner
    from truthpoint.ports import Clock, Store

BATCH_RECORDS: Final = 500
"""Records of one decision: one transaction, short enough not to hold up delivery."""

BATCH_BYTES: Final = 8 * 1024 * 1024
"""Bytes of their bodies, at most: a record takes many times its bytes while it is decided."""

SCRUB_RECORDS: Final = 50
"""Records whose bytes are forgotten at a time: a capture that waits for it waits little."""

EXPIRE_EVERY_MS: Final = 3_600_000
"""How often it is looked for bytes that are kept no longer, and the disk is tidied."""

_logger: Final = logging.getLogger("truthpoint")


class Decider:
    """Decides what the journal holds, a batch at a time.

    A defect of ours must not make one record hold up all others. So a batch that fails is
    decided by halves, down to the record that fails alone: that one is quarantined.

    Args:
        store: The store; acquired by its worker.
        examiner: The contract, compiled.
        clock: The time of day.
        takes_tests: Whether records of a test mode are sent to its workspace.

    Attributes:
        decided: How many records it has decided since its start.
    """

    def __init__(
        self, store: Store, examiner: Examiner, clock: Clock, *, takes_tests: bool = True
    ) -> None:
        self._store = store
        self._examiner = examiner
        self._clock = clock
        self._takes_tests = takes_tests
        self._logged: set[str] = set()
        self._expires_next_ms = 0
        self.decided = 0

    def step(self) -> int:
        """Decide one batch and commit it; end the waits in totals that are over.

        Returns:
            How many records were decided, and people whose waits were ended; 0 when none wait.

        Raises:
            LeaseLost: Another worker took the store over; nothing was written.
            StoreUnusable: The store failed; what was committed before stays.
        """
        now_ms = self._clock.now_ms()
        self._store.release(now_ms)
        self.forget()
        rows = self._store.undecided(BATCH_RECORDS, limit_bytes=BATCH_BYTES)
        if rows:
            self._decide(rows)
            self.decided += len(rows)
        # In a backlog, what somebody waits for may be captured already.
        ended = self._end_waits(now_ms) if len(rows) < BATCH_RECORDS else 0
        return len(rows) + ended

    def forget(self) -> int:
        """Empty some of the records whose bytes are to be forgotten; return how many (law 20)."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._expires_next_ms:
            self._expires_next_ms = now_ms + EXPIRE_EVERY_MS
            self._store.forgetting.expire(now_ms - self._examiner.contract.raw_retention_ms)
            self._store.forgetting.tidy()
        return self._store.forgetting.scrub(SCRUB_RECORDS)

    def _end_waits(self, now_ms: int) -> int:
        """Count what has waited long enough in totals; return of how many people."""
        knowledge = self._store.knowledge
        overdue = knowledge.overdue(now_ms, limit=BATCH_RECORDS)
        if overdue:
            rows = knowledge.ledger(keys_of(overdue, now_ms))
            ledger = {(row.event, row.key): row for row in rows}
            self._store.commit(
                end_waits(overdue, ledger, now_ms=now_ms, next_ids=knowledge.next_ids())
            )
        return len(overdue)

    def _decide(self, rows: Sequence[JournalRow]) -> None:
        try:
            self._commit(rows)
        except (TruthpointError, OSError, MemoryError):
            # Of the store or the machine: no record is to blame.
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other records go on
            failure = error
        else:
            return
        if len(rows) == 1:
            self._set_aside(rows[0], failure)
            return
        middle = len(rows) // 2
        self._decide(rows[:middle])
        self._decide(rows[middle:])

    def _commit(self, rows: Sequence[JournalRow]) -> None:
        planned = plan(rows, self._examiner)
        known = know(
            planned,
            self._store.knowledge,
            now_ms=self._clock.now_ms(),
            takes_tests=self._takes_tests,
        )
        self._store.commit(decide(planned, self._examiner, known))

    def _set_aside(self, row: JournalRow, failure: Exception) -> None:
        """Quarantine a record, and tell of it: kind and place, for the text may hold data."""
        frames = traceback.extract_tb(failure.__traceback__)
        place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
        cause = f"{type(failure).__name__} at {place}"
        evidence = f"Deciding it ended in {cause}."
        self._store.commit(set_aside(row, evidence, next_ids=self._store.knowledge.next_ids()))
        where = ""
        if cause not in self._logged:
            self._logged.add(cause)
            where = "\n" + "".join(traceback.format_list(frames)).rstrip()
        _logger.error(
            "Record %d could not be decided and is in quarantine: %s.%s", row.record, cause, where
        )
