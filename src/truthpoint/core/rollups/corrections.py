"""What a correction puts in the place of what a moment added (`corrects`).

Totals are computed from what the ledger keeps of each moment, not from its properties. So a
correction changes a total only where it says everything that this total is made of; all
others stay as the moment itself said. What the moment itself said is kept beside it, so that
the latest correction alone counts, whichever arrived first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from truthpoint.contract.model import Kind, RollupKind

from .events import EventRollups

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from truthpoint.contract.model import Contract, Event, Property, Rollup

COVERED: Final = ":covered"
"""Under which name stands which totals a correction speaks of."""

ITSELF: Final = ":itself"
"""Under which name stands what a corrected moment added by itself."""


class Corrections:
    """What corrections of one event say of totals; compiled for a batch.

    Args:
        contract: Where the rollups are declared.
        event: The event that corrects another, in the version that is told.
    """

    def __init__(self, contract: Contract, event: Event) -> None:
        correction = event.corrects
        if correction is None:
            raise ValueError("the event corrects nothing")
        target = contract.events[correction.event]
        theirs = {one.name: one for one in target.properties}
        known = {
            one.name
            for one in event.properties
            if one.name in theirs and _says_the_same(one, theirs[one.name])
        }
        needed = {
            name: set(_needed(rollup, target.name, theirs))
            for name, rollup in contract.rollups.items()
        }
        self._covered = sorted(name for name, one in needed.items() if one and one <= known)
        self._totalled = EventRollups(contract, target, only=self._covered, waits=False)

    @property
    def without_effect(self) -> bool:
        """Whether corrections say everything of no total, so that they change none."""
        return not self._covered

    def said(self, values: Mapping[str, object]) -> tuple[dict[str, object], tuple[str, ...]]:
        """Return what a correction adds in place of its moment, as the ledger keeps it.

        Args:
            values: The correction's properties.

        Returns:
            It, and the names of sums that keep another currency than the correction's.
        """
        if not self._covered:
            return {COVERED: []}, ()
        added, foreign = self._totalled.contributions(values, 0)
        return {**added, COVERED: self._covered}, foreign


def corrected(added: Mapping[str, object], said: Mapping[str, object]) -> dict[str, object]:
    """Return what a moment adds once it is corrected.

    What it waits for stays as it said: a correction changes the amount alone.

    Args:
        added: What the moment added, corrected already or not.
        said: What its latest correction says; empty, where whoever made it was erased.
    """
    if not said:
        return dict(added)
    itself = cast("Mapping[str, object]", added.get(ITSELF, added))
    covered = cast("list[str]", said[COVERED])
    after = {name: value for name, value in itself.items() if name not in covered}
    for name, value in said.items():
        if name != COVERED:
            after[name] = _waiting_as(itself.get(name), value)
    return {**after, ITSELF: dict(itself)}


def _waiting_as(before: object, said: object) -> object:
    """Return an amount that waits for what it waited for before it was corrected."""
    if not isinstance(before, dict) or "of" not in before:
        return said
    waits = cast("dict[str, object]", before)
    amount = cast("dict[str, object]", said) if isinstance(said, dict) else {"amount": said}
    return {**amount, "of": waits["of"], "due_ms": waits["due_ms"]}


def _says_the_same(one: Property, other: Property) -> bool:
    """Tell whether a property's value can stand for that of another."""
    if one.type.kind in (Kind.LIST, Kind.OBJECT):
        return one.type == other.type
    return one.type.kind is other.type.kind


def _needed(rollup: Rollup, event: str, theirs: Mapping[str, Property]) -> Iterator[str]:
    """Yield the properties of an event that a rollup is made of; none: it is not made of it."""
    if event not in (rollup.event, rollup.minus_event):
        return
    pairs = ((rollup.event, rollup.property), (rollup.minus_event, rollup.minus_property))
    for owner, path in pairs:
        if owner != event or path is None:
            continue
        name = path.partition(".")[0]
        yield name
        if rollup.kind is RollupKind.SUM and theirs[name].type.kind is Kind.MONEY:
            yield from (
                one.name
                for one in theirs.values()
                if one.name == "currency" and one.type.kind is Kind.CURRENCY
            )
    for name, _ in rollup.where:
        yield name
