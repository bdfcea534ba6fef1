"""What is taken off from a moment that is not there yet (`of` and `wait`).

A refund that names its order counts when the order is in the ledger, or when its wait is
over. Until then it stands in its person's totals, in one list under a name that no rollup
can have, so that nothing else need be remembered: whoever holds the totals can tell what
they wait for, and until when.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import msgspec

from truthpoint.findings import finding

from .amounts import add

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from truthpoint.core.decision import LedgerKey
    from truthpoint.findings import Finding

    from .amounts import Values

PENDING: Final = ":pending"
"""Under which name the list is kept in totals."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An amount that is not in a total yet.

    Attributes:
        rollup: The sum.
        awaited: The moment that it is taken off from.
        moment: The moment that takes it off.
        amount: Signed decimal text.
        currency: Its currency; empty: the reporting one, or none at all.
        due_ms: When it counts at the latest.
    """

    rollup: str
    awaited: LedgerKey
    moment: LedgerKey
    amount: str
    currency: str
    due_ms: int


def put(values: Values, waits: Iterable[Waiting]) -> None:
    """Let amounts wait in totals. The list has one order, whatever the order of arrival."""
    rows = [
        [one.rollup, *one.awaited, *one.moment, one.amount, one.currency, one.due_ms]
        for one in waits
    ]
    if rows:
        values[PENDING] = sorted([*values.get(PENDING, ()), *rows])


def waiting(values: Mapping[str, object]) -> tuple[Waiting, ...]:
    """Return what waits in totals."""
    rows = cast("list[tuple[str, str, str, str, str, str, str, int]]", values.get(PENDING, ()))
    return tuple(
        Waiting(
            rollup=rollup,
            awaited=(awaited, awaited_key),
            moment=(event, key),
            amount=amount,
            currency=currency,
            due_ms=due_ms,
        )
        for rollup, awaited, awaited_key, event, key, amount, currency, due_ms in rows
    )


def waits_for(values: Mapping[str, object]) -> frozenset[LedgerKey]:
    """Return the ledger keys of the moments that totals wait for."""
    return frozenset(one.awaited for one in waiting(values))


def next_due_ms(values: Mapping[str, object]) -> int | None:
    """Return when the first wait in totals is over; None: nothing waits."""
    return min((one.due_ms for one in waiting(values)), default=None)


def settle_due(
    values: Mapping[str, object], now_ms: int
) -> tuple[dict[str, object], tuple[Waiting, ...]]:
    """Count what has waited long enough.

    Args:
        values: The totals.
        now_ms: The present moment.

    Returns:
        The totals after it, and what was counted without the moment that it waited for.
    """
    return settle(values, lambda one: one.due_ms <= now_ms)


def settle_arrived(
    values: Mapping[str, object], arrived: Container[LedgerKey]
) -> tuple[dict[str, object], tuple[Waiting, ...]]:
    """Count what has no reason to wait any more, as when two people were joined.

    Args:
        values: The totals.
        arrived: Keys that the ledger has; those of `waits_for` are enough.

    Returns:
        The totals after it, and what was counted.
    """
    return settle(values, lambda one: one.awaited in arrived)


def overdue(one: Waiting) -> Finding:
    """Return the finding of an amount that `settle_due` counted.

    Args:
        one: What was counted.
    """
    event, _ = one.awaited
    evidence = f"The `{event}` that it names did not come while `{one.rollup}` waited for it."
    return finding("awaited_missing", evidence)


def settle(
    values: Mapping[str, object], is_over: Callable[[Waiting], bool]
) -> tuple[dict[str, object], tuple[Waiting, ...]]:
    """Count what waits no longer.

    Args:
        values: The totals.
        is_over: Tells whether a wait is over.

    Returns:
        The totals after it, and what was counted.
    """
    waits = waiting(values)
    counted = tuple(one for one in waits if is_over(one))
    if not counted:
        return dict(values), ()
    after: Values = dict(values)
    del after[PENDING]
    put(after, (one for one in waits if not is_over(one)))
    for one in counted:
        add(after, one.rollup, one.amount, one.currency)
    return after, counted
