"""What becomes of turns, as rows of the state; the rules are `truthpoint.core.turns`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truthpoint.core.outbox import TRANSITIONS, State
from truthpoint.core.turns import address_after, standing_after
from truthpoint.ports import Result

if TYPE_CHECKING:
    from collections.abc import Iterable

    from truthpoint.core.outbox import Act
    from truthpoint.ports import Settlement

    from . import rows


def ended_columns(number: int, before: State, act: Act, reason: str, now_ms: int) -> rows.Row:
    """Return how an operation moves along the table."""
    after = TRANSITIONS[before, act]
    settled_at_ms = None if after is State.READY else now_ms
    return (after.value, reason, settled_at_ms, before is State.LEASED, number)


def totals_columns(settlements: Iterable[Settlement]) -> Iterable[rows.Row]:
    """Yield what is known of totals that were sent."""
    for one in settlements:
        totals, fate = one.turn.totals, one.totals
        if totals is None or fate is None:
            continue
        if fate.result is Result.RETRY:
            yield (0, totals.wire_at_s, None, totals.person)
        else:
            yield (totals.version, totals.wire_at_s, fate.reason, totals.person)


def standing_columns(settlements: Iterable[Settlement]) -> Iterable[rows.Row]:
    """Yield how people stand after their identifies."""
    for one in settlements:
        turn = one.turn
        if not turn.alone:
            # Only what goes alone can be an identify that changes how somebody stands.
            continue
        fates = [*one.operations.values(), *([one.identify] if one.identify else [])]
        results = {fate.result for fate in fates}
        after = standing_after(
            turn,
            turn.standing,
            delivered=Result.DELIVERED in results,
            dead=Result.DEAD in results,
        )
        if after is not turn.standing:
            yield (after.value, one.refusal, turn.person)


def address_columns(settlements: Iterable[Settlement]) -> Iterable[rows.Row]:
    """Yield the addresses that identifies have given."""
    for one in settlements:
        results = {fate.result for fate in one.operations.values()}
        address = address_after(one.turn, delivered=Result.DELIVERED in results)
        if address:
            yield (address, one.turn.person)
