"""What a moment adds to its person's totals (law 10).

Every rollup of this version can be folded in any order: a count and a sum add up,
earliest and latest take the smaller and the greater. So totals are exact whatever the
order of arrival, and a recomputation from the ledger gives the same values.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from truthpoint.contract.model import Kind, RollupKind
from truthpoint.values.currencies import EXPONENTS
from truthpoint.values.instants import to_seconds
from truthpoint.values.money import EXACT, at_exponent, decimals, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from truthpoint.contract.model import Contract, Event, Rollup

Values = dict[str, "int | str"]


def touching(contract: Contract) -> frozenset[str]:
    """Return the names of the events whose moments change a total."""
    names = {one.event for one in contract.rollups.values()}
    return frozenset(
        names | {one.minus_event for one in contract.rollups.values() if one.minus_event}
    )


class EventRollups:
    """What moments of one event do to totals; compiled for a batch.

    Args:
        contract: Where the rollups are declared.
        event: The event.
    """

    def __init__(self, contract: Contract, event: Event) -> None:
        rollups = contract.rollups.values()
        counted = [one for one in rollups if one.event == event.name]
        self.touched = event.name in touching(contract)
        self._currency = contract.currency
        self._says_currency = any(
            one.name == "currency" and one.type.kind is Kind.CURRENCY for one in event.properties
        )
        self._sums = [
            (one.name, parts, any(_is_money(event, name) for name, _ in parts))
            for one in rollups
            if (parts := _parts(one, event))
        ]
        self._start = _start(contract)
        self._counts = _names(counted, RollupKind.COUNT)
        self._earliest = _names(counted, RollupKind.EARLIEST)
        self._latest = _names(counted, RollupKind.LATEST)

    def contributions(self, values: Mapping[str, object]) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return what a moment adds to each sum, and which sums it cannot be added to.

        Counts and times need no contribution of their own: that the moment is in the
        ledger, and when it was, says it.

        Args:
            values: The moment's properties.

        Returns:
            Rollup name to signed decimal text; and the names of sums that keep another
            currency than the moment's.
        """
        added: dict[str, str] = {}
        foreign: tuple[str, ...] = ()
        is_foreign = self._says_currency and values["currency"] != self._currency
        for rollup, parts, is_money in self._sums:
            if is_money and is_foreign:
                foreign += (rollup,)
                continue
            amount = _ZERO
            for name, sign in parts:
                # Normalised, and of a kind that can be summed: the contract saw to it.
                one = Decimal(cast("int | Decimal", values[name]))
                amount = EXACT.fma(one, sign, amount)
            added[rollup] = plain(amount)
        return added, foreign

    def fold(self, values: Mapping[str, int | str], at_ms: int, added: Mapping[str, str]) -> Values:
        """Return the totals after a moment.

        Args:
            values: The totals before; empty before the first moment.
            at_ms: When the moment happened.
            added: The moment's `contributions`.
        """
        after: Values = {**self._start, **values}
        for name, amount in added.items():
            after[name] = plain(EXACT.add(Decimal(after[name]), Decimal(amount)))
        for name in self._counts:
            after[name] = int(after[name]) + 1
        for name in self._earliest:
            after[name] = min(int(after.get(name, at_ms)), at_ms)
        for name in self._latest:
            after[name] = max(int(after.get(name, at_ms)), at_ms)
        return after


def on_the_wire(contract: Contract, values: Mapping[str, int | str]) -> dict[str, object]:
    """Return totals as attributes: counts, numbers in major units, unix seconds, and steps.

    A derived attribute is the step that its rollup has reached, and goes with it. Totals
    that the contract no longer declares are left out.
    """
    attributes: dict[str, object] = {}
    for name, rollup in contract.rollups.items():
        if name not in values:
            continue
        value = values[name]
        if rollup.kind is RollupKind.COUNT:
            attributes[name] = int(value)
        elif rollup.kind is RollupKind.SUM:
            attributes[name] = _number(contract, rollup, Decimal(value))
        else:
            attributes[name] = to_seconds(int(value))
    for bucket in contract.buckets:
        if bucket.rollup in values:
            attributes[bucket.name] = bucket.word(Decimal(values[bucket.rollup]))
    return attributes


def definition(contract: Contract) -> str:
    """Return the rollups as text: two contracts with the same text compute the same totals."""
    return _SEPARATOR.join(
        f"{one.name}={one.kind.value}:{one.event}.{one.property}-{one.minus_event}."
        f"{one.minus_property}@{contract.currency}"
        for one in sorted(contract.rollups.values(), key=lambda one: one.name)
    )


def declared(remembered: str) -> str:
    """Return the definition at the last start, from what a store remembers."""
    return _SEPARATOR.join(one for one in remembered.split(_SEPARATOR) if ":" in one)


def to_remember(remembered: str | None, now: str) -> str:
    """Return what a store is to remember of a definition.

    That is the definition, and the names with their kinds of rollups that were declared
    once and are not now: their values are kept, and so is what these mean.

    Args:
        remembered: What the store remembers; None: nothing yet.
        now: The definition from now on.
    """
    kinds = _kinds(remembered or "")
    gone = sorted(kinds.keys() - _kinds(now).keys())
    return _SEPARATOR.join([*filter(None, [now]), *(f"{name}={kinds[name]}" for name in gone)])


def changed_kind(remembered: str, now: str) -> tuple[str, str, str] | None:
    """Return the first rollup whose values would be taken for those of another kind.

    Args:
        remembered: What the store remembers.
        now: The definition from now on.

    Returns:
        Its name, its kind in the store and its kind now; None when there is none.
    """
    before = _kinds(remembered)
    for name, kind in sorted(_kinds(now).items()):
        if before.get(name, kind) != kind:
            return name, before[name], kind
    return None


_ZERO: Final = Decimal(0)
_SEPARATOR: Final = "; "


def _kinds(definition: str) -> dict[str, str]:
    """Return rollup names with their kinds."""
    parts = (one.partition("=") for one in definition.split(_SEPARATOR) if one)
    return {name: rest.partition(":")[0] for name, _, rest in parts}


def _start(contract: Contract) -> Values:
    """Counts and sums start at 0; earliest and latest are absent until something counts."""
    start: Values = {}
    for name, rollup in contract.rollups.items():
        if rollup.kind is RollupKind.COUNT:
            start[name] = 0
        elif rollup.kind is RollupKind.SUM:
            start[name] = "0"
    return start


def _names(rollups: Iterable[Rollup], kind: RollupKind) -> tuple[str, ...]:
    return tuple(one.name for one in rollups if one.kind is kind)


def _parts(rollup: Rollup, event: Event) -> list[tuple[str, int]]:
    """Return the properties of an event that a sum adds (1) or takes off (-1).

    One event may do both: `{sum: order_paid.total, minus: order_paid.shipping}`.
    """
    parts = ((rollup.event, rollup.property, 1), (rollup.minus_event, rollup.minus_property, -1))
    return [(name, sign) for owner, name, sign in parts if owner == event.name and name is not None]


def _is_money(event: Event, name: str | None) -> bool:
    return any(one.name == name and one.type.kind is Kind.MONEY for one in event.properties)


def _number(contract: Contract, rollup: Rollup, amount: Decimal) -> Decimal | int:
    """Return a sum as it is sent: money in exactly its currency's decimals where they suffice."""
    event = contract.events[rollup.event]
    if _is_money(event, rollup.property):
        exponent = EXPONENTS[contract.currency]
        return at_exponent(amount, max(exponent, decimals(amount)))
    return int(amount) if decimals(amount) == 0 else Decimal(plain(amount))
