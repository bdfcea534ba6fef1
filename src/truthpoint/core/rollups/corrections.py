"""What a correction puts in the place of what a moment added (`corrects`).

Totals are computed from what the ledger keeps of each moment, not from its properties. So a
correction changes a total only where it says everything that this total is made of; all
others stay as the moment itself said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from truthpoint.contract.model import Kind

from .events import EventRollups

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from truthpoint.contract.model import Contract, Event, Rollup

COVERED: Final = ":covered"
"""Under which name stands which totals a correction speaks of."""


class Corrections:
    """What corrections of one event say of totals; compiled for a batch.

    Args:
        contract: Where the rollups are declared.
        event: The event that corrects another.
    """

    def __init__(self, contract: Contract, event: Event) -> None:
        correction = event.corrects
        if correction is None:
            raise ValueError("the event corrects nothing")
        target = contract.events[correction.event]
        known = {one.name for one in event.properties}
        says_currency = any(
            one.name == "currency" and one.type.kind is Kind.CURRENCY for one in target.properties
        )
        needed = {
            name: set(_needed(rollup, target.name, says_currency=says_currency))
            for name, rollup in contract.rollups.items()
        }
        self._covered = sorted(name for name, one in needed.items() if one and one <= known)
        self._totalled = EventRollups(contract, target, only=self._covered)

    def said(self, values: Mapping[str, object]) -> dict[str, object]:
        """Return what a correction adds in place of its moment, as the ledger keeps it.

        Args:
            values: The correction's properties.
        """
        if not self._covered:
            return {COVERED: []}
        added, _ = self._totalled.contributions(values, 0)
        return {**added, COVERED: self._covered}


def corrected(added: Mapping[str, object], said: Mapping[str, object]) -> dict[str, object]:
    """Return what a moment adds once it is corrected.

    Args:
        added: What the moment added.
        said: What its latest correction says.
    """
    covered = cast("list[str]", said[COVERED])
    kept = {name: value for name, value in added.items() if name not in covered}
    return {**kept, **{name: value for name, value in said.items() if name != COVERED}}


def _needed(rollup: Rollup, event: str, *, says_currency: bool) -> Iterable[str]:
    """Yield the properties of an event that a rollup is made of; none: it is not made of it."""
    if event not in (rollup.event, rollup.minus_event):
        return
    pairs = ((rollup.event, rollup.property), (rollup.minus_event, rollup.minus_property))
    for owner, name in pairs:
        if owner == event and name is not None:
            yield name.partition(".")[0]
            if says_currency:
                yield "currency"
    for name, _ in rollup.where:
        yield name
