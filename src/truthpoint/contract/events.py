"""Reading events: their properties, key, owner, closes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from .model import Close, Event, Extra, Kind, Lane
from .nodes import close_to
from .policies import POLICY_KEYS, PolicyReader
from .tying import read_links, with_corrections
from .types import PLAIN_KINDS, check_name, names
from .versions import VersionReader, check_properties

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
    "links",
    "stage",
    "corrects",
    "versions",
    *POLICY_KEYS,
)
_LATER: Final = ("supersedes",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    """The properties of one event, among which others of its keys choose."""

    event: str
    properties: tuple[Property, ...]

    def find(self, name: str) -> Property | None:
        return next((one for one in self.properties if one.name == name), None)


class EventReader:
    """Reads the events of a contract.

    Args:
        reader: Reads nodes and collects findings.
        types: Reads properties.
        sources: The contract's sources.
        links: The link kinds of its person.
        qa: Whether it says who gets what is still being tried out.
    """

    def __init__(
        self,
        reader: Reader,
        types: TypeReader,
        sources: Mapping[str, Source],
        *,
        links: tuple[str, ...],
        qa: bool,
    ) -> None:
        self._reader = reader
        self._findings = reader.findings
        self._types = types
        self._sources = sources
        self._links = links
        self._qa = qa
        self._owners = tuple(name for name, one in sources.items() if one.kind == "app")
        self._policies = PolicyReader(reader, sources)
        self._versions = VersionReader(reader, types)

    def read(self, node: Node | None) -> dict[str, Event]:
        """Return the events by name."""
        mapping = self._reader.mapping(node)
        entries = {} if mapping is None else mapping.entries
        found: dict[str, Event] = {}
        wires: dict[str, str] = {}
        for name, (place, value) in entries.items():
            check_name(self._reader, name, "an event", place)
            spec = self._reader.mapping(value)
            if spec is None:
                continue
            event = self._event(name, spec)
            self._check_wire(event, wires, spec.get("wire") or place)
            found[name] = event
        self._check_closes(found, entries)
        specs = {name: entries[name][1] for name in found}
        found = self._policies.across(found, specs)
        found = with_corrections(self._reader, found, specs)
        return {name: self._versioned(one, specs[name], wires) for name, one in found.items()}

    def _versioned(self, event: Event, spec: Node, wires: dict[str, str]) -> Event:
        """Return an event with its older versions, each under a wire name of its own."""
        earlier: list[Event] = []
        for one, place in self._versions.read(event, spec):
            self._check_wire(one, wires, place)
            node = spec.entries["versions"][1].entries[str(one.version)][1]
            self._check_currency(node, one.properties)
            earlier.append(one)
        return replace(event, earlier=tuple(earlier))

    def _event(self, name: str, spec: Node) -> Event:
        reader = self._reader
        reader.keys(spec, _KEYS, _LATER)
        version = self._version(spec.get("version"))
        wire = name if version == 1 else f"{name}_v{version}"
        properties = self._types.properties(spec.get("properties"), total=True)
        self._check_currency(spec, properties)
        scope = _Scope(event=name, properties=properties)
        lane = reader.choice(spec.get("lane"), ("critical", "live"), ("backfill",))
        extra = reader.choice(spec.get("extra"), tuple(Extra))
        correlation = reader.text(spec.get("correlation"))
        self._tie(spec.get("correlation"), correlation, scope)
        event = Event(
            name=name,
            version=version,
            wire=wire if spec.get("wire") is None else reader.text(spec.get("wire")) or "",
            description=reader.text(spec.get("description")) or "",
            owner=self._owner(spec),
            key=self._key(spec.get("key"), scope),
            correlation=correlation,
            compare=self._compared(spec.get("compare"), scope),
            closes=self._closes(spec),
            lane=Lane.CRITICAL if lane == "critical" else Lane.LIVE,
            extra=Extra(extra) if extra else Extra.STRIP,
            properties=properties,
            stage=self._stage(spec.get("stage")),
        )
        event = self._policies.of(event, spec)
        check_properties(reader, properties, spec, event.on_violation)
        return replace(event, links=read_links(reader, event, spec, self._links))

    def _stage(self, node: Node | None) -> str:
        stage = self._reader.choice(node, ("qa",))
        if stage is not None and not self._qa:
            evidence = "The contract does not say who these people are."
            fix = "Add `qa` at the top: the emails or ids of those who get it."
            self._findings.add("bad_value", evidence, node, fix=fix)
        return stage or ""

    def _version(self, node: Node | None) -> int:
        version = self._reader.whole(node)
        if version is not None and version < 1:
            self._findings.add("bad_value", "`version` must be 1 or more.", node)
        return version or 1

    def _owner(self, spec: Node) -> str:
        """Return the owner: named, or the only source of the shop's own code."""
        node = spec.get("owner")
        owner = self._reader.text(node)
        if owner is None:
            if len(self._owners) == 1:
                return self._owners[0]
            if node is None and self._sources:
                several = f"There are several sources: {', '.join(self._owners)}."
                none = "No source can own an event: none is of kind `app`."
                self._findings.add("owner_needed", several if self._owners else none, spec)
            return ""
        if owner not in self._sources:
            fix = close_to(owner, self._sources)
            self._findings.add("unknown_source", f"There is no source `{owner}`.", node, fix=fix)
        elif owner not in self._owners:
            evidence = f"`{owner}` reports what Customer.io knows, and can own no event."
            self._findings.add("bad_value", evidence, node, fix="Name a source of kind `app`.")
        return owner

    def _key(self, node: Node | None, scope: _Scope) -> tuple[str, ...]:
        found: list[str] = []
        for item in self._reader.listed(node):
            name = self._reader.text(item)
            if name is None:
                continue
            one = scope.find(name)
            if one is None and name != "at":
                self._not_a_property(name, item, scope)
            elif one is not None and (not one.required or one.type.kind not in PLAIN_KINDS):
                evidence = f"`{name}` is not required, or not of a plain type."
                self._findings.add("key_not_usable", evidence, item)
            if name in found:
                self._findings.add("duplicate_key", f"`{name}` stands twice in the key.", item)
            found.append(name)
        return tuple(found)

    def _compared(self, node: Node | None, scope: _Scope) -> tuple[str, ...]:
        found: list[str] = []
        for item in self._reader.listed(node):
            name = self._reader.text(item)
            if name is None:
                continue
            if scope.find(name) is None:
                self._not_a_property(name, item, scope)
            elif name in found:
                self._findings.add("duplicate_key", f"`{name}` stands twice here.", item)
            found.append(name)
        return tuple(found)

    def _tie(self, node: Node | None, name: str | None, scope: _Scope) -> None:
        """See that what ties events together is a property of a plain type."""
        if node is None or name is None:
            return
        found = scope.find(name)
        if found is None:
            self._not_a_property(name, node, scope)
        elif found.type.kind not in PLAIN_KINDS:
            evidence = f"`{name}` is a {found.type.kind.value}, by which nothing can be tied."
            self._findings.add("bad_value", evidence, node, fix="Name a property of a plain type.")

    def _check_currency(self, spec: Node, properties: tuple[Property, ...]) -> None:
        """See that `currency` is one: it says how many decimals the event's amounts have."""
        for one in properties:
            if one.name == "currency" and one.type.kind is not Kind.CURRENCY:
                place = spec.entries["properties"][1].entries["currency"][0]
                evidence = f"`currency` is a {one.type.kind.value}; its type must be currency."
                fix = "Say `type: currency`, or give the property another name."
                self._findings.add("bad_value", evidence, place, fix=fix)

    def _not_a_property(self, name: str, node: Node, scope: _Scope) -> None:
        fix = close_to(name, names(scope.properties))
        evidence = f"`{name}` is not a property of `{scope.event}`."
        self._findings.add("not_a_property", evidence, node, fix=fix)

    def _closes(self, spec: Node) -> tuple[Close, ...]:
        mapping = self._reader.mapping(spec.get("closes"))
        if mapping is None:
            return ()
        return tuple(
            self._close(event, one)
            for event, (_, value) in mapping.entries.items()
            if (one := self._reader.mapping(value)) is not None
        )

    def _close(self, event: str, spec: Node) -> Close:
        reader = self._reader
        reader.keys(spec, ("by", "skew", "else"))
        return Close(
            event=event,
            by=reader.text(reader.needed(spec, "by")) or "",
            skew_ms=reader.duration_ms(spec.get("skew")) or 0,
            else_person=reader.choice(spec.get("else"), ("none", "person")) == "person",
        )

    def _check_wire(self, event: Event, wires: dict[str, str], place: Node) -> None:
        size = len(event.wire.encode())
        if size > MAX_EVENT_NAME_BYTES:
            evidence = f"The wire name has {size} bytes; Customer.io takes {MAX_EVENT_NAME_BYTES}."
            self._findings.add("too_long", evidence, place)
        if not event.wire or event.wire != event.wire.strip() or not event.wire.isprintable():
            evidence = "A wire name is some text without spaces at its ends or control characters."
            self._findings.add("bad_name", evidence, place, fix="Write such a text, or no `wire`.")
        if event.wire in wires:
            evidence = f"`{event.wire}` is also the wire name of `{wires[event.wire]}`."
            self._findings.add("wire_name_taken", evidence, place)
        wires[event.wire] = event.name

    def _check_closes(
        self, events: dict[str, Event], entries: Mapping[str, tuple[Node, Node]]
    ) -> None:
        """See that what is closed exists, and that both carry what they are tied by."""
        tied: dict[str, str] = {}
        for name, event in events.items():
            for close in event.closes:
                place, spec = entries[name][1].entries["closes"][1].entries[close.event]
                start = events.get(close.event)
                if start is None:
                    fix = close_to(close.event, events)
                    evidence = f"There is no event `{close.event}`."
                    self._findings.add("unknown_event", evidence, place, fix=fix)
                    continue
                if start is event:
                    self._findings.add("bad_value", "An event cannot close itself.", place)
                    continue
                if tied.setdefault(close.event, close.by) != close.by:
                    evidence = f"Another event closes `{close.event}` by `{tied[close.event]}`."
                    fix = "Tie a start to all that close it by one property."
                    self._findings.add("bad_value", evidence, place, fix=fix)
                for side in (event, start):
                    scope = _Scope(event=side.name, properties=side.properties)
                    self._tie(spec.get("by"), close.by, scope)
