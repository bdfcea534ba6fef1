"""What has waited long enough in totals: it counts, without any record that says so (law 10).

A refund that names its order waits for it in the totals of its person. When the wait is over
it counts all the same, and a finding on the refund's record says that its order never came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from . import rollups
from .decision import Decision

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from truthpoint.findings import Finding

    from .decision import LedgerKey, LedgerRow
    from .outbox import Totals


def keys_of(overdue: Iterable[Totals], now_ms: int) -> frozenset[LedgerKey]:
    """Return the ledger keys that must be asked for before waits are ended.

    Args:
        overdue: Totals in which something has waited long enough.
        now_ms: The present moment.
    """
    return frozenset(
        key
        for totals in overdue
        for one in rollups.settle_due(totals.values, now_ms)[1]
        for key in (one.awaited, one.moment)
    )


def end_waits(
    overdue: Iterable[Totals],
    ledger: Mapping[LedgerKey, LedgerRow],
    *,
    now_ms: int,
    next_ids: tuple[int, int],
) -> Decision:
    """Return the decision that counts what has waited long enough. Pure, as all decisions are.

    Args:
        overdue: Totals in which something has waited long enough.
        ledger: The rows of `keys_of`, as far as there are any.
        now_ms: The present moment.
        next_ids: The first free person key and operation id.
    """
    changed: list[Totals] = []
    findings: dict[int, tuple[Finding, ...]] = {}
    for totals in overdue:
        values, counted = rollups.settle_due(totals.values, now_ms)
        changed.append(replace(totals, version=totals.version + 1, values=values))
        for one in counted:
            moment = ledger.get(one.moment)
            # An order of somebody else may have come since.
            if moment is not None and one.awaited not in ledger:
                before = findings.get(moment.record, ())
                findings[moment.record] = (*before, rollups.overdue(one))
    next_person, next_operation = next_ids
    return Decision(
        records=(),
        totals=tuple(changed),
        findings=findings,
        next_person=next_person,
        next_operation=next_operation,
    )
