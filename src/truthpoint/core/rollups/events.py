"""What moments of one event do to totals; compiled, because every moment goes through it.

What most rollups need is done in line; `where`, distinct values, first and last, other
currencies and waiting cost those who use them.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from msgspec.structs import replace

from truthpoint.contract.model import Foreign, Kind, RollupKind
from truthpoint.values.currencies import EXPONENTS
from truthpoint.values.money import EXACT, plain

from .amounts import Values, add, converted
from .properties import edge, found, key_text, union
from .waiting import PENDING, Waiting, put, settle

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from truthpoint.contract.model import Contract, Event, Rollup
    from truthpoint.core.decision import LedgerKey


def touching(contract: Contract) -> frozenset[str]:
    """Return the names of the events whose moments change a total."""
    names = {one.event for one in contract.rollups.values()}
    return frozenset(
        names | {one.minus_event for one in contract.rollups.values() if one.minus_event}
    )


def awaiting(contract: Contract) -> frozenset[str]:
    """Return the names of the events whose moments may wait for another one."""
    return frozenset(
        one.minus_event
        for one in contract.rollups.values()
        if one.minus_of is not None and one.minus_event is not None
    )


class EventRollups:
    """What moments of one event do to totals; compiled for a batch.

    Args:
        contract: Where the rollups are declared.
        event: The event.
        only: Names of the rollups that matter; None: all.
        waits: Whether what is taken off from another moment may wait for that one.
    """

    def __init__(
        self,
        contract: Contract,
        event: Event,
        *,
        only: Container[str] | None = None,
        waits: bool = True,
    ) -> None:
        rollups = [one for one in contract.rollups.values() if only is None or one.name in only]
        counted = [one for one in rollups if one.event == event.name]
        self.touched = event.name in touching(contract)
        self._event = event.name
        self._currency = contract.currency
        special = _special if waits else _without_waiting
        self._summed = [
            (one.name, parts, any(_is_money(event, name) for name, _ in parts), special(one))
            for one in rollups
            if (parts := _parts(one, event))
        ]
        self._says_currency = any(is_money for _, _, is_money, _ in self._summed) and any(
            one.name == "currency" and one.type.kind is Kind.CURRENCY for one in event.properties
        )
        self._sums = tuple((name, special) for name, _, _, special in self._summed)
        self._start = _start(contract)
        plainly = [one for one in counted if not one.where]
        self._counts = _names(plainly, RollupKind.COUNT)
        self._earliest = _names(plainly, RollupKind.EARLIEST)
        self._latest = _names(plainly, RollupKind.LATEST)
        self._guarded = [one for one in counted if one.where and one.kind in _WITHOUT_A_VALUE]
        self._valued = [
            (one.name, one.kind, *_path(one)) for one in counted if one.kind in _OF_A_VALUE
        ]
        self._where = [
            (one.name, [(name, frozenset(values)) for name, values in one.where])
            for one in rollups
            if one.where and event.name in (one.event, one.minus_event)
        ]
        self._ends_waiting = any(one.minus_of is not None for one in counted)
        self._more = bool(self._guarded or self._valued or self._ends_waiting)

    def contributions(
        self, values: Mapping[str, object], captured_at_ms: int
    ) -> tuple[dict[str, object], tuple[str, ...]]:
        """Return what a moment adds to each total, and which sums it cannot be added to.

        It is all that the ledger need keep beside the moment's time and key, so that totals
        can be computed anew without the moment's properties. That a moment is counted, or is
        earliest or latest, needs no contribution: its row says it. That one is not, because
        of a `where`, stands there as None.

        Args:
            values: The moment's properties.
            captured_at_ms: When it was captured: from then on it waits for another moment.

        Returns:
            Rollup name to what it adds, as JSON can hold it; and the names of sums that keep
            another currency than the moment's.
        """
        added: dict[str, object] = {}
        foreign: tuple[str, ...] = ()
        unmet = self._unmet(values) if self._where else _NONE
        foreign_currency = self._foreign_currency(values) if self._says_currency else ""
        for rollup, parts, is_money, special in self._summed:
            if rollup in unmet:
                continue
            currency = foreign_currency if is_money else ""
            if currency and special is None:
                foreign += (rollup,)
                continue
            amount = _ZERO
            for name, sign in parts:
                # Normalised, and of a kind that can be summed: the contract saw to it.
                one = Decimal(cast("int | Decimal", values[name]))
                amount = EXACT.fma(one, sign, amount)
            if special is None:
                added[rollup] = plain(amount)
            elif (said := self._amount(special, amount, currency)) is None:
                foreign += (rollup,)
            else:
                added[rollup] = self._until(special, said, values, captured_at_ms)
        if self._more:
            self._add_more(added, values, unmet)
        return added, foreign

    def _foreign_currency(self, values: Mapping[str, object]) -> str:
        """Return the currency of a moment that is not in the reporting one; empty: it is.

        An older version of the event may say none: then it is in the reporting one.
        """
        currency = cast("str", values.get("currency", self._currency))
        return "" if currency == self._currency else currency

    def _add_more(
        self, added: dict[str, object], values: Mapping[str, object], unmet: frozenset[str]
    ) -> None:
        """Put what a moment adds to other totals than sums."""
        for rollup, kind, name, field in self._valued:
            if rollup not in unmet and (said := found(values[name], kind, field)) is not None:
                added[rollup] = said
        for one in self._guarded:
            if one.name in unmet:
                added[one.name] = None

    def awaits(self, values: Mapping[str, object]) -> frozenset[LedgerKey]:
        """Return the ledger keys of the moments that a moment is taken off from.

        Args:
            values: The moment's properties.
        """
        return frozenset(
            (special.event, key_text(values[special.minus_of]))
            for _, _, _, special in self._summed
            if special is not None and special.waits_in == self._event
        )

    def fold(
        self,
        values: Mapping[str, object],
        at_ms: int,
        added: Mapping[str, object],
        key: str,
        arrived: Container[LedgerKey] = (),
    ) -> dict[str, object]:
        """Return the totals after a moment.

        Args:
            values: The totals before; empty before the first moment.
            at_ms: When the moment happened.
            added: The moment's `contributions`.
            key: The key of its ledger row, which breaks ties of time.
            arrived: Keys that the ledger has; those of `awaits` are enough.
        """
        after: Values = {**self._start, **values}
        for name, special in self._sums:
            amount = added.get(name)
            if type(amount) is str:
                after[name] = plain(EXACT.add(Decimal(after[name]), Decimal(amount)))
            elif amount is not None:
                self._add(after, name, special, cast("dict[str, Any]", amount), key, arrived)
        for name in self._counts:
            after[name] += 1
        for name in self._earliest:
            after[name] = min(after.get(name, at_ms), at_ms)
        for name in self._latest:
            after[name] = max(after.get(name, at_ms), at_ms)
        return self._fold_more(after, at_ms, added, key) if self._more else after

    def _fold_more(
        self, after: Values, at_ms: int, added: Mapping[str, object], key: str
    ) -> dict[str, object]:
        for one in self._guarded:
            if one.name not in added:
                _tell(after, one, at_ms)
        for name, kind, *_ in self._valued:
            if (value := added.get(name)) is None:
                continue
            if kind is RollupKind.COUNT_DISTINCT:
                after[name] = union(after[name], cast("list[str]", value))
            else:
                after[name] = edge(kind, after.get(name), [at_ms, key, value])
        if self._ends_waiting and PENDING in after:
            arrived = self._event, key
            after, _ = settle(after, lambda one: one.awaited == arrived)
        return after

    def _unmet(self, values: Mapping[str, object]) -> frozenset[str]:
        """Return the rollups in which a moment does not count."""
        return frozenset(
            name
            for name, tests in self._where
            if any(values[one] not in allowed for one, allowed in tests)
        )

    def _amount(self, special: _Special, amount: Decimal, currency: str) -> dict[str, Any] | None:
        """Return an amount with its currency, or in the reporting one; None: it has no place."""
        if not currency:
            return {"amount": plain(amount)}
        if special.per_currency:
            return {"amount": plain(amount), "currency": currency}
        rate = special.rates.get(currency)
        if rate is None:
            return None
        return {"amount": plain(converted(amount, rate, EXPONENTS[self._currency]))}

    def _until(
        self,
        special: _Special,
        said: dict[str, Any],
        values: Mapping[str, object],
        captured_at_ms: int,
    ) -> object:
        """Return an amount with what it waits for, if it does; plain text where that says all."""
        if special.waits_in == self._event:
            said["of"] = key_text(values[special.minus_of])
            said["due_ms"] = captured_at_ms + special.wait_ms
        return said["amount"] if len(said) == 1 else said

    def _add(
        self,
        after: Values,
        name: str,
        special: _Special | None,
        said: Mapping[str, Any],
        key: str,
        arrived: Container[LedgerKey],
    ) -> None:
        """Add an amount that has a currency of its own, or waits.

        The row may be older than the contract, whose rollup may say neither by now.
        """
        currency = said.get("currency", "")
        if currency and not (special is not None and special.per_currency):
            return
        if special is None or special.waits_in != self._event or "of" not in said:
            add(after, name, said["amount"], currency)
            return
        awaited = special.event, said["of"]
        if awaited in arrived:
            add(after, name, said["amount"], currency)
            return
        waits = Waiting(
            rollup=name,
            awaited=awaited,
            moment=(self._event, key),
            amount=said["amount"],
            currency=currency,
            due_ms=said["due_ms"],
        )
        put(after, (waits,))


class _Special(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a sum says that most do not.

    Attributes:
        event: The event whose amounts it adds.
        waits_in: The event whose moments wait for one of `event`; None: none does.
        minus_of: The property that names that one.
        wait_ms: How long they wait.
        per_currency: Whether other currencies are kept.
        rates: Currency to what one unit of it is in the reporting currency.
    """

    event: str
    waits_in: str | None
    minus_of: str
    wait_ms: int
    per_currency: bool
    rates: dict[str, Decimal]


_ZERO: Final = Decimal(0)
_NONE: Final[frozenset[str]] = frozenset()
_WITHOUT_A_VALUE: Final = (RollupKind.COUNT, RollupKind.EARLIEST, RollupKind.LATEST)
_OF_A_VALUE: Final = (RollupKind.COUNT_DISTINCT, RollupKind.FIRST, RollupKind.LAST)


def _special(rollup: Rollup) -> _Special | None:
    if rollup.minus_of is None and rollup.foreign is Foreign.REFUSE:
        return None
    return _Special(
        event=rollup.event,
        waits_in=None if rollup.minus_of is None else rollup.minus_event,
        minus_of=rollup.minus_of or "",
        wait_ms=rollup.wait_ms,
        per_currency=rollup.foreign is Foreign.PER_CURRENCY,
        rates=dict(rollup.rates),
    )


def _without_waiting(rollup: Rollup) -> _Special | None:
    return _special(replace(rollup, minus_of=None))


def _start(contract: Contract) -> Values:
    """Counts and sums start at 0; the others are absent until something counts."""
    start: Values = {}
    for name, rollup in contract.rollups.items():
        if rollup.kind is RollupKind.COUNT:
            start[name] = 0
        elif rollup.kind is RollupKind.SUM:
            start[name] = "0"
        elif rollup.kind is RollupKind.COUNT_DISTINCT:
            start[name] = []
    return start


def _names(rollups: Iterable[Rollup], kind: RollupKind) -> tuple[str, ...]:
    return tuple(one.name for one in rollups if one.kind is kind)


def _parts(rollup: Rollup, event: Event) -> list[tuple[str, int]]:
    """Return the properties of an event that a sum adds (1) or takes off (-1).

    One event may do both: `{sum: order_paid.total, minus: order_paid.shipping}`.
    """
    if rollup.kind is not RollupKind.SUM:
        return []
    parts = ((rollup.event, rollup.property, 1), (rollup.minus_event, rollup.minus_property, -1))
    return [(name, sign) for owner, name, sign in parts if owner == event.name and name is not None]


def _is_money(event: Event, name: str | None) -> bool:
    return any(one.name == name and one.type.kind is Kind.MONEY for one in event.properties)


def _path(rollup: Rollup) -> tuple[str, str]:
    """Return a property, and the field of its items that is meant; empty: none."""
    name, _, field = (rollup.property or "").partition(".")
    return name, field


def _tell(after: Values, rollup: Rollup, at_ms: int) -> None:
    """Count a moment, or compare its time."""
    name = rollup.name
    if rollup.kind is RollupKind.COUNT:
        after[name] += 1
    elif rollup.kind is RollupKind.EARLIEST:
        after[name] = min(after.get(name, at_ms), at_ms)
    else:
        after[name] = max(after.get(name, at_ms), at_ms)
