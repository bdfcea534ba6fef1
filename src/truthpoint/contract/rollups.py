"""Reading rollups: what is counted, summed, or looked for first and last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from truthpoint.values.currencies import EXPONENTS

from .conditions import read_where
from .convert import MAX_NAME_BYTES, Converter
from .currencies import CURRENCY_KEYS, read_foreign
from .model import Foreign, Kind, Rollup, RollupKind
from .nodes import close_to
from .types import check_name, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .model import Event, Property
    from .nodes import Node, Reader

RESERVED_ATTRIBUTES: Final = frozenset({"id", "cio_id", "anonymous_id"})
"""Attributes through which a person would become another one; no one declares them."""

IDENTIFIERS: Final = frozenset({"email", "phone", "unsubscribed"})
"""Attributes that a person may have and that no total can be."""

WAIT_MS: Final = 7 * 24 * 60 * 60 * 1000
"""How long what is taken off waits for what it is taken off from, unless said otherwise."""

_OF_SUMS: Final = ("minus", "of", "wait", *CURRENCY_KEYS)
_KEYS: Final = (*RollupKind, *_OF_SUMS, "where")
_OF_A_PROPERTY: Final = frozenset(
    {RollupKind.SUM, RollupKind.COUNT_DISTINCT, RollupKind.FIRST, RollupKind.LAST}
)
_SUMMABLE: Final = frozenset({Kind.MONEY, Kind.INTEGER, Kind.NUMBER})


def read_rollups(
    reader: Reader,
    node: Node | None,
    events: Mapping[str, Event],
    attributes: tuple[str, ...],
    currency: str,
) -> dict[str, Rollup]:
    """Return the rollups by name.

    Args:
        reader: Reads nodes and collects findings.
        node: The mapping under `rollups`.
        events: The contract's events.
        attributes: Names of the person's attributes; a rollup needs another one.
        currency: The contract's reporting currency.
    """
    mapping = reader.mapping(node)
    found: dict[str, Rollup] = {}
    entries = {} if mapping is None else mapping.entries
    for name, (place, value) in entries.items():
        check_name(reader, name, "a rollup", place)
        if name in RESERVED_ATTRIBUTES or name in IDENTIFIERS or name.startswith("cio_"):
            evidence = f"`{name}` has a meaning of its own at Customer.io."
            reader.findings.add("reserved_name", evidence, place)
        if name in attributes:
            evidence = f"`{name}` is also an attribute of the person."
            reader.findings.add("rollup_name_taken", evidence, place)
        spec = reader.mapping(value)
        rollup = None if spec is None else _Rollup(reader, events, name, spec, currency).read()
        if rollup is not None:
            found[name] = rollup
            if rollup.foreign is Foreign.PER_CURRENCY:
                _check_currencies(reader, name, place, (*attributes, *entries))
    return found


def _check_currencies(reader: Reader, name: str, place: Node, taken: Iterable[str]) -> None:
    """See that a total of each currency can have a name of its own."""
    longest = MAX_NAME_BYTES - len("_eur")
    if len(name) > longest:
        evidence = f"`{name[:20]}…` leaves no room for a currency: {longest} bytes are its most."
        reader.findings.add("too_long", evidence, place)
    for other in taken:
        code = other.removeprefix(f"{name}_").upper()
        if other.startswith(f"{name}_") and code in EXPONENTS:
            evidence = f"`{other}` is what `{name}` is called in {code}."
            reader.findings.add("rollup_name_taken", evidence, place)


class _Rollup:
    """Reads one rollup."""

    def __init__(
        self, reader: Reader, events: Mapping[str, Event], name: str, spec: Node, currency: str
    ) -> None:
        self._reader = reader
        self._events = events
        self._name = name
        self._spec = spec
        self._currency = currency

    def read(self) -> Rollup | None:
        kind = self._kind()
        if kind is None:
            return None
        event, told = self._target(kind.value, kind)
        if kind is not RollupKind.SUM:
            return self._plain(kind, event, told)
        minus_event, minus = self._target("minus", kind)
        minus_of = self._minus_of(event, minus_event)
        wait_ms = self._wait_ms()
        foreign, rates = read_foreign(self._reader, self._spec, self._currency)
        if event is None:
            return None
        self._check_same_kind(event, told, minus_event, minus)
        self._check_has_currency(event, told, minus_event)
        return Rollup(
            name=self._name,
            kind=kind,
            event=event,
            property=told,
            minus_event=minus_event,
            minus_property=minus,
            minus_of=minus_of,
            wait_ms=0 if minus_of is None else wait_ms,
            where=self._where(event, minus_event),
            foreign=foreign,
            rates=rates,
        )

    def _kind(self) -> RollupKind | None:
        """Return the one kind that it says; note what says nothing about that one."""
        reader, spec = self._reader, self._spec
        reader.keys(spec, _KEYS)
        kinds = [kind for kind in RollupKind if kind.value in spec.entries]
        if len(kinds) != 1:
            if kinds:
                evidence = f"It says {' and '.join(kinds)}; a rollup says one of them."
                reader.findings.add("bad_value", evidence, spec)
            else:
                evidence = f"It must say one of {', '.join(RollupKind)}."
                reader.findings.add("missing_key", evidence, spec)
            return None
        for key in _OF_SUMS if kinds[0] is not RollupKind.SUM else ():
            if key in spec.entries:
                evidence = f"`{key}` says nothing about a {kinds[0].value}."
                reader.findings.add("bad_value", evidence, spec.entries[key][0])
        return kinds[0]

    def _plain(self, kind: RollupKind, event: str | None, told: str | None) -> Rollup | None:
        if event is None:
            return None
        where = self._where(event, None)
        return Rollup(name=self._name, kind=kind, event=event, property=told, where=where)

    def _where(
        self, event: str, minus_event: str | None
    ) -> tuple[tuple[str, tuple[object, ...]], ...]:
        events = [
            self._events[one] for one in dict.fromkeys((event, minus_event)) if one is not None
        ]
        converter = Converter(self._currency)
        return read_where(self._reader, self._spec.get("where"), events, converter)

    def _target(self, key: str, kind: RollupKind) -> tuple[str | None, str | None]:
        """Return an event's name, and a property's where one is asked for."""
        dotted = kind in _OF_A_PROPERTY
        node = self._spec.get(key)
        text = self._reader.text(node)
        if text is None or node is None:
            return None, None
        name, dot, attribute = text.partition(".")
        if dotted and not (dot and attribute):
            evidence = f"`{key}` must name a property, as in `order_paid.total`."
            self._reader.findings.add("bad_value", evidence, node)
            return None, None
        event = self._events.get(name)
        if event is None or (dot and not dotted):
            fix = close_to(text, self._events)
            self._reader.findings.add(
                "unknown_event", f"There is no event `{text}`.", node, fix=fix
            )
            return None, None
        if not event.key:
            evidence = f"`{name}` has no key."
            self._reader.findings.add("rollup_without_key", evidence, node)
        if dotted:
            self._check_property(event, attribute, node, kind)
        return name, attribute or None

    def _minus_of(self, event: str | None, minus_event: str | None) -> str | None:
        """Return the property of what is taken off that holds the key of what it waits for."""
        reader, node = self._reader, self._spec.get("of")
        name = reader.text(node)
        if name is None or node is None or event is None:
            return None
        if minus_event in (None, event):
            if "minus" not in self._spec.entries or minus_event is not None:
                evidence = "`of` ties what is taken off to a moment of another event."
                fix = "Name another event under `minus`, or remove `of`."
                reader.findings.add("bad_value", evidence, node, fix=fix)
            return None
        taken_off, counted = self._events[minus_event], self._events[event]
        found = _property(taken_off, name)
        if found is None:
            fix = close_to(name, names(taken_off.properties))
            evidence = f"`{name}` is not a property of `{minus_event}`."
            reader.findings.add("not_a_property", evidence, node, fix=fix)
            return None
        key = _property(counted, counted.key[0]) if len(counted.key) == 1 else None
        if key is None:
            evidence = f"The key of `{event}` is not one property."
            fix = "Remove `of`: what is taken off then counts at once."
            reader.findings.add("bad_value", evidence, node, fix=fix)
            return None
        if key.type.kind is not found.type.kind:
            evidence = f"`{name}` and `{key.name}`, the key of `{event}`, are of different types."
            reader.findings.add("bad_value", evidence, node, fix="Name a property of one type.")
            return None
        return name

    def _wait_ms(self) -> int:
        """Return how long what is taken off waits."""
        if "wait" in self._spec.entries and "of" not in self._spec.entries:
            evidence = "`wait` says nothing without `of`."
            self._reader.findings.add("bad_value", evidence, self._spec.entries["wait"][0])
        return self._reader.duration_ms(self._spec.get("wait"), least_ms=1) or WAIT_MS

    def _check_same_kind(
        self, event: str, summed: str | None, minus_event: str | None, minus: str | None
    ) -> None:
        """See that money is taken off money, and a plain number off a plain number."""
        kinds = [
            found.type.kind is Kind.MONEY
            for owner, name in ((event, summed), (minus_event, minus))
            if owner is not None and (found := _property(self._events[owner], name)) is not None
        ]
        if len(set(kinds)) > 1:
            evidence = "It adds money and takes off something else, or the reverse."
            self._reader.findings.add("rollup_property", evidence, self._spec)

    def _check_has_currency(self, event: str, summed: str | None, minus_event: str | None) -> None:
        """See that there can be another currency where something is said about it."""
        said = [key for key in CURRENCY_KEYS if key in self._spec.entries]
        found = _property(self._events[event], summed)
        if not said or found is None:
            return
        owners = [self._events[one] for one in (event, minus_event) if one is not None]
        if found.type.kind is Kind.MONEY and any(_property(one, "currency") for one in owners):
            return
        evidence = f"`{said[0]}` says nothing: no amount here comes with a `currency`."
        self._reader.findings.add("bad_value", evidence, self._spec.entries[said[0]][0])

    def _check_property(self, event: Event, path: str, node: Node, kind: RollupKind) -> None:
        """See that a property is there, and that this kind of rollup can be made of it."""
        name, dot, of_items = path.partition(".")
        if dot and kind is not RollupKind.COUNT_DISTINCT:
            name, dot = path, ""
        found = _property(event, name)
        fields = () if found is None or found.type.item is None else found.type.item.fields
        if dot and found is not None:
            field = next((one for one in fields if one.name == of_items), None)
            personal = found.personal
            found = None if field is None else replace(field, personal=personal or field.personal)
        if found is None:
            known = (*names(event.properties), *(f"{name}.{one.name}" for one in fields))
            fix = close_to(path, known)
            evidence = f"`{path}` is not a property of `{event.name}`."
            self._reader.findings.add("not_a_property", evidence, node, fix=fix)
        elif kind is RollupKind.SUM:
            if found.type.kind not in _SUMMABLE:
                evidence = f"`{path}` is a {found.type.kind.value}."
                self._reader.findings.add("rollup_property", evidence, node)
        else:
            self._check_told(found, path, node, kind)

    def _check_told(self, found: Property, path: str, node: Node, kind: RollupKind) -> None:
        """See that a property holds plain values, and nothing that the ledger must not keep."""
        of_type = found.type
        counted = kind is RollupKind.COUNT_DISTINCT and "." not in path
        if counted and of_type.item is not None:
            of_type = of_type.item
        if found.personal or of_type.kind in (Kind.EMAIL, Kind.PHONE):
            evidence = f"`{path}` holds personal data, which totals and ledger would keep for good."
            fix = "Name a property that is not personal."
        elif of_type.kind in (Kind.LIST, Kind.OBJECT):
            evidence = f"`{path}` holds no plain value."
            fix = "Name a plain property; `count_distinct` also takes one of a list's items."
        else:
            return
        self._reader.findings.add("rollup_property", evidence, node, fix=fix)


def _property(event: Event, name: str | None) -> Property | None:
    return next((one for one in event.properties if one.name == name), None)
