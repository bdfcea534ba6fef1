"""Reading rollups: what is counted, summed, or looked for first and last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .model import Kind, Rollup, RollupKind
from .nodes import close_to
from .types import check_name, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Event
    from .nodes import Node, Reader

_LATER: Final = ("count_distinct", "first", "last", "where", "of", "per_currency", "rates")
RESERVED_ATTRIBUTES: Final = frozenset({"id", "cio_id", "anonymous_id"})
"""Attributes through which a person would become another one; no one declares them."""

IDENTIFIERS: Final = frozenset({"email", "phone", "unsubscribed"})
"""Attributes that a person may have and that no total can be."""

_SUMMABLE: Final = frozenset({Kind.MONEY, Kind.INTEGER, Kind.NUMBER})


def read_rollups(
    reader: Reader, node: Node | None, events: Mapping[str, Event], attributes: tuple[str, ...]
) -> dict[str, Rollup]:
    """Return the rollups by name.

    Args:
        reader: Reads nodes and collects findings.
        node: The mapping under `rollups`.
        events: The contract's events.
        attributes: Names of the person's attributes; a rollup needs another one.
    """
    mapping = reader.mapping(node)
    found: dict[str, Rollup] = {}
    for name, (place, value) in ({} if mapping is None else mapping.entries).items():
        check_name(reader, name, "a rollup", place)
        if name in RESERVED_ATTRIBUTES or name in IDENTIFIERS or name.startswith("cio_"):
            evidence = f"`{name}` has a meaning of its own at Customer.io."
            reader.findings.add("reserved_name", evidence, place)
        if name in attributes:
            evidence = f"`{name}` is also an attribute of the person."
            reader.findings.add("rollup_name_taken", evidence, place)
        spec = reader.mapping(value)
        rollup = None if spec is None else _Rollup(reader, events, name, spec).read()
        if rollup is not None:
            found[name] = rollup
    return found


class _Rollup:
    """Reads one rollup."""

    def __init__(self, reader: Reader, events: Mapping[str, Event], name: str, spec: Node) -> None:
        self._reader = reader
        self._events = events
        self._name = name
        self._spec = spec

    def read(self) -> Rollup | None:
        reader, spec = self._reader, self._spec
        kinds = [kind for kind in RollupKind if kind.value in spec.entries]
        reader.keys(spec, (*RollupKind, "minus"), _LATER)
        if len(kinds) != 1:
            if kinds:
                evidence = f"It says {' and '.join(kinds)}; a rollup says one of them."
                reader.findings.add("bad_value", evidence, spec)
            elif not any(key in spec.entries for key in _LATER):
                evidence = f"It must say one of {', '.join(RollupKind)}."
                reader.findings.add("missing_key", evidence, spec)
            return None
        kind = kinds[0]
        if "minus" in spec.entries and kind is not RollupKind.SUM:
            evidence = f"`minus` says nothing about a {kind.value}."
            reader.findings.add("bad_value", evidence, spec.entries["minus"][0])
        event, summed = self._target(kind.value, dotted=kind is RollupKind.SUM)
        minus_event, minus = self._target("minus", dotted=True)
        if event is None:
            return None
        self._check_same_kind(event, summed, minus_event, minus)
        return Rollup(
            name=self._name,
            kind=kind,
            event=event,
            property=summed,
            minus_event=minus_event,
            minus_property=minus,
        )

    def _target(self, key: str, *, dotted: bool) -> tuple[str | None, str | None]:
        """Return an event's name, and a property's where one is asked for."""
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
            self._check_property(event, attribute, node)
        return name, attribute or None

    def _check_same_kind(
        self, event: str, summed: str | None, minus_event: str | None, minus: str | None
    ) -> None:
        """See that money is taken off money, and a plain number off a plain number."""
        kinds = [
            one.type.kind is Kind.MONEY
            for owner, name in ((event, summed), (minus_event, minus))
            if owner is not None
            for one in self._events[owner].properties
            if one.name == name
        ]
        if len(set(kinds)) > 1:
            evidence = "It adds money and takes off something else, or the reverse."
            self._reader.findings.add("rollup_property", evidence, self._spec)

    def _check_property(self, event: Event, attribute: str, node: Node) -> None:
        found = next((one for one in event.properties if one.name == attribute), None)
        if found is None:
            fix = close_to(attribute, names(event.properties))
            evidence = f"`{attribute}` is not a property of `{event.name}`."
            self._reader.findings.add("not_a_property", evidence, node, fix=fix)
        elif found.type.kind not in _SUMMABLE:
            evidence = f"`{attribute}` is a {found.type.kind.value}."
            self._reader.findings.add("rollup_property", evidence, node)
