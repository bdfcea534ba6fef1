"""Whole totals: two people's joined, and one person's computed anew from the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from truthpoint.contract.model import RollupKind

from .amounts import Values, add, others, plus
from .events import EventRollups
from .properties import edge, union
from .waiting import PENDING, put, settle, waiting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from truthpoint.contract.model import Contract
    from truthpoint.core.decision import LedgerKey, LedgerRow


def combine(
    contract: Contract, one: Mapping[str, object], other: Mapping[str, object]
) -> dict[str, object]:
    """Return the totals of two people who are one.

    It is the same whichever comes first, and however many are joined. What the contract no
    longer declares is left out: nothing says any more what it means. What waits in one for a
    moment of the other goes on waiting until `settle_arrived`, which asks the ledger.

    Args:
        contract: Where the rollups are declared.
        one: The totals of the first; empty: there are none.
        other: The totals of the second.
    """
    after: Values = {}
    for name, rollup in contract.rollups.items():
        if name in one and name in other:
            after[name] = _joined(rollup.kind, one[name], other[name])
        elif name in one or name in other:
            after[name] = one[name] if name in one else other[name]
        for values in (one, other):
            kept: Any = values.get(others(name), {})
            for currency, amount in kept.items():
                add(after, name, amount, currency)
    put(
        after,
        (each for each in (*waiting(one), *waiting(other)) if each.rollup in contract.rollups),
    )
    return after


def recompute(
    contract: Contract,
    rows: Iterable[LedgerRow],
    arrived: AbstractSet[LedgerKey] = frozenset(),
) -> dict[str, object]:
    """Return a person's totals from their ledger rows alone, in whatever order these come.

    What waited long enough still waits in them: `settle_due` counts it, as ever.

    Args:
        contract: Where the rollups are declared.
        rows: All rows of the person; empty totals when none of them touches one.
        arrived: Keys that the ledger has of other people, as far as rows of this person wait
            for them; `waits_for` tells of which.
    """
    taken = tuple(rows)
    known = arrived | {(row.event, row.key) for row in taken}
    compiled = {
        name: EventRollups(contract, contract.events[name])
        for name in {row.event for row in taken} & contract.events.keys()
    }
    values: dict[str, object] = {}
    for row in taken:
        totalled = compiled.get(row.event)
        if totalled is not None and totalled.touched:
            values = totalled.fold(values, row.at_ms, row.contributions, row.key, known)
    return values


def renewed(
    contract: Contract,
    kept: Mapping[str, object],
    rows: Iterable[LedgerRow],
    arrived: AbstractSet[LedgerKey],
    now_ms: int,
) -> dict[str, object]:
    """Return a person's totals from their ledger rows, to be kept in place of others.

    What waits in the kept totals goes on waiting, unless its moment is among the person's own:
    also past its time, for its finding is still to be made, and also when somebody else's
    moment has come since, which ends no wait by itself. All else that is over is counted.
    Totals that the contract no longer declares stay as they are.

    Args:
        contract: Where the rollups are declared.
        kept: The totals so far; empty: there are none.
        rows: All rows of the person.
        arrived: Keys that the ledger has, among those that `awaited` gives of the rows.
        now_ms: The present moment.
    """
    waits = waiting(kept)
    unsettled = {(one.rollup, one.moment) for one in waits}
    fresh, _ = settle(
        recompute(contract, rows),
        lambda one: (
            (one.rollup, one.moment) not in unsettled
            and (one.awaited in arrived or one.due_ms <= now_ms)
        ),
    )
    after: Values = {
        name: value
        for name, value in kept.items()
        if name != PENDING and name.partition(":")[0] not in contract.rollups
    }
    after.update(fresh)
    put(after, (one for one in waits if one.rollup not in contract.rollups))
    return after


def awaited(contract: Contract, rows: Iterable[LedgerRow]) -> frozenset[LedgerKey]:
    """Return the ledger keys of the moments that these rows' amounts are taken off from.

    Args:
        contract: Where the rollups are declared.
        rows: Rows of the ledger.
    """
    return frozenset(
        (rollup.event, cast("dict[str, str]", said)["of"])
        for row in rows
        for name, said in row.contributions.items()
        if isinstance(said, dict)
        and "of" in said
        and (rollup := contract.rollups.get(name)) is not None
    )


def _joined(kind: RollupKind, one: Any, other: Any) -> object:
    """Return a total of two people. Totals of a kind have the form of that kind."""
    match kind:
        case RollupKind.COUNT:
            return one + other
        case RollupKind.SUM:
            return plus(one, other)
        case RollupKind.EARLIEST:
            return min(one, other)
        case RollupKind.LATEST:
            return max(one, other)
        case RollupKind.COUNT_DISTINCT:
            return union(one, other)
        case _:  # First and last.
            return edge(kind, one, other)
