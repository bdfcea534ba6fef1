"""Reading events: their properties, key, owner, closes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .model import Close, Event, Extra, Kind, Lane
from .nodes import close_to
from .types import NAME, names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Property, Source
    from .nodes import Node, Reader
    from .types import TypeReader

MAX_EVENT_NAME_BYTES: Final = 100
"""Longest event name that Customer.io takes."""

_KEYS: Final = (
    "version",
    "description",
    "owner",
    "key",
    "correlation",
    "compare",
    "closes",
    "lane",
    "on_violation",
    "extra",
    "wire",
    "properties",
)
_LATER: Final = (
    "stale_after",
    "complete",
    "expected_lag",
    "samples",
    "stage",
    "fallback",
    "corrects",
    "versions",
    "supersedes",
)
_KEY_KINDS: Final = frozenset(Kind) - {Kind.LIST, Kind.OBJECT, Kind.NUMBER, Kind.MONEY}
_DURATION: Final = re.compile(r"([0-9]{1,6})(ms|s|m|h|d)", re.ASCII)
_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class EventReader:
    """Reads the events of a contract.

    Args:
        reader: Reads nodes and collects findings.
        types: Reads properties.
        sources: The contract's sources.
    """

    def __init__(self, reader: Reader, types: TypeReader, sources: Mapping[str, Source]) -> None:
        self._reader = reader
        self._findings = reader.findings
        self._types = types
        self._sources = sources

    def read(self, node: Node | None) -> dict[str, Event]:
        """Return the events by name."""
        mapping = self._reader.mapping(node)
        entries = {} if mapping is None else mapping.entries
        found: dict[str, Event] = {}
        wires: dict[str, str] = {}
        for name, (place, value) in entries.items():
            if not NAME.fullmatch(name):
                self._findings.add("bad_name", f"`{name}` cannot name an event.", place)
            spec = self._reader.mapping(value)
            if spec is None:
                if value.tag == "null":
                    self._findings.add("missing_key", f"`{name}` says nothing.", place)
                continue
            event = self._event(name, spec)
            self._check_wire(event, wires, spec.get("wire") or place)
            found[name] = event
        self._check_closes(found, entries)
        return found

    def _event(self, name: str, spec: Node) -> Event:
        reader = self._reader
        reader.keys(spec, _KEYS, _LATER)
        version = self._version(spec.get("version"))
        wire = name if version == 1 else f"{name}_v{version}"
        properties = self._types.properties(spec.get("properties"), total=True)
        reader.choice(spec.get("on_violation"), ("quarantine",), ("send_minimal",))
        lane = reader.choice(spec.get("lane"), ("critical", "live"), ("backfill",))
        extra = reader.choice(spec.get("extra"), tuple(Extra))
        correlation = reader.text(spec.get("correlation"))
        self._named(spec.get("correlation"), correlation, properties)
        return Event(
            name=name,
            version=version,
            wire=reader.text(spec.get("wire")) or wire,
            description=reader.text(spec.get("description")) or "",
            owner=self._owner(spec),
            key=self._key(spec.get("key"), properties),
            correlation=correlation,
            compare=self._list_of_properties(spec.get("compare"), properties),
            closes=self._closes(spec.get("closes")),
            lane=Lane.CRITICAL if lane == "critical" else Lane.LIVE,
            extra=Extra(extra) if extra else Extra.STRIP,
            properties=properties,
        )

    def _version(self, node: Node | None) -> int:
        version = self._reader.whole(node)
        if version is not None and version < 1:
            self._findings.add("bad_value", "`version` must be 1 or more.", node)
        return version or 1

    def _owner(self, spec: Node) -> str:
        """Return the owner: named, or the only source there is."""
        node = spec.get("owner")
        owner = self._reader.text(node)
        if owner is None:
            if len(self._sources) == 1:
                return next(iter(self._sources))
            if node is None and self._sources:
                evidence = f"There are several sources: {', '.join(self._sources)}."
                self._findings.add("owner_needed", evidence, spec)
            return ""
        if owner not in self._sources:
            fix = close_to(owner, self._sources)
            self._findings.add("unknown_source", f"There is no source `{owner}`.", node, fix=fix)
        return owner

    def _key(self, node: Node | None, properties: tuple[Property, ...]) -> tuple[str, ...]:
        by_name = {one.name: one for one in properties}
        found: list[str] = []
        for item in self._reader.listed(node):
            name = self._reader.text(item)
            if name is None:
                continue
            one = by_name.get(name)
            if one is None and name != "at":
                self._not_a_property(name, item, properties)
            elif one is not None and (not one.required or one.type.kind not in _KEY_KINDS):
                evidence = f"`{name}` is not required, or not of a plain type."
                self._findings.add("key_not_usable", evidence, item)
            if name in found:
                self._findings.add("duplicate_key", f"`{name}` stands twice in the key.", item)
            found.append(name)
        return tuple(found)

    def _list_of_properties(
        self, node: Node | None, properties: tuple[Property, ...]
    ) -> tuple[str, ...]:
        found: list[str] = []
        for item in self._reader.listed(node):
            name = self._reader.text(item)
            if name is not None:
                self._named(item, name, properties)
                found.append(name)
        return tuple(found)

    def _named(self, node: Node | None, name: str | None, properties: tuple[Property, ...]) -> None:
        if node is not None and name is not None and name not in names(properties):
            self._not_a_property(name, node, properties)

    def _not_a_property(self, name: str, node: Node, properties: tuple[Property, ...]) -> None:
        fix = close_to(name, names(properties))
        evidence = f"`{name}` is not a property of this event."
        self._findings.add("not_a_property", evidence, node, fix=fix)

    def _closes(self, node: Node | None) -> tuple[Close, ...]:
        mapping = self._reader.mapping(node)
        if mapping is None:
            return ()
        return tuple(
            self._close(event, spec)
            for event, (_, value) in mapping.entries.items()
            if (spec := self._reader.mapping(value)) is not None
        )

    def _close(self, event: str, spec: Node) -> Close:
        reader = self._reader
        reader.keys(spec, ("by", "skew", "else"))
        reader.choice(spec.get("else"), ("none",), ("person",))
        by = reader.text(reader.needed(spec, "by")) or ""
        return Close(event=event, by=by, skew_ms=self._duration(spec.get("skew")))

    def _duration(self, node: Node | None) -> int:
        """Return a length of time in milliseconds; 0 when it is not there."""
        text = self._reader.text(node)
        if text is None:
            return 0
        match = _DURATION.fullmatch(text)
        if match is None:
            evidence = "A length of time is a whole number and its unit: 90s, 5m, 24h."
            self._findings.add("bad_value", evidence, node)
            return 0
        return int(match.group(1)) * _UNIT_MS[match.group(2)]

    def _check_wire(self, event: Event, wires: dict[str, str], place: Node) -> None:
        size = len(event.wire.encode())
        if size > MAX_EVENT_NAME_BYTES:
            evidence = f"The wire name has {size} bytes; Customer.io takes {MAX_EVENT_NAME_BYTES}."
            self._findings.add("too_long", evidence, place)
        if event.wire != event.wire.strip() or not event.wire.isprintable():
            evidence = "A wire name has no spaces at its ends and no control characters."
            self._findings.add("bad_name", evidence, place)
        if event.wire in wires:
            evidence = f"`{event.wire}` is also the wire name of `{wires[event.wire]}`."
            self._findings.add("wire_name_taken", evidence, place)
        wires[event.wire] = event.name

    def _check_closes(
        self, events: dict[str, Event], entries: Mapping[str, tuple[Node, Node]]
    ) -> None:
        """See that what is closed exists, and that both carry what they are tied by."""
        for name, event in events.items():
            node = entries[name][1].get("closes")
            for close in event.closes:
                if node is None:
                    continue
                place, spec = node.entries[close.event]
                start = events.get(close.event)
                if start is None:
                    fix = close_to(close.event, events)
                    evidence = f"There is no event `{close.event}`."
                    self._findings.add("unknown_event", evidence, place, fix=fix)
                    continue
                by_node = spec.get("by") or place
                for side in (event, start):
                    if close.by and close.by not in names(side.properties):
                        evidence = f"`{close.by}` is not a property of `{side.name}`."
                        self._findings.add("not_a_property", evidence, by_node)
