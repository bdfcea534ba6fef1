"""Reading the older versions of an event that are still taken (law 14)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from .rules import OnViolation
from .tying import is_linked_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .model import Event, Property, Rollup
    from .nodes import Node, Reader
    from .types import TypeReader

INCOMPLETE: Final = "incomplete"
"""The property that marks what was sent although it broke the contract."""

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


class VersionReader:
    """Reads the older versions of events.

    Args:
        reader: Reads nodes and collects findings.
        types: Reads properties.
    """

    def __init__(self, reader: Reader, types: TypeReader) -> None:
        self._reader = reader
        self._findings = reader.findings
        self._types = types

    def read(self, event: Event, spec: Node) -> Iterator[tuple[Event, Node]]:
        """Yield an event's older versions, rising, each with the place of its wire name.

        Args:
            event: The event as the current version has it, complete.
            spec: Its mapping.
        """
        mapping = self._reader.mapping(spec.get("versions"))
        found: dict[int, tuple[Event, Node]] = {}
        for text, (place, node) in ({} if mapping is None else mapping.entries).items():
            number = int(text) if _NUMBER.fullmatch(text) else 0
            if not 0 < number < event.version:
                evidence = f"`{text}` is no version before {event.version}, the current one."
                fix = "Number older versions from 1; the current one stands outside of `versions`."
                self._findings.add("bad_value", evidence, place, fix=fix)
                continue
            one = self._reader.mapping(node)
            if one is not None:
                found[number] = self._version(event, number, one), one.get("wire") or place
        yield from (found[number] for number in sorted(found))

    def _version(self, event: Event, number: int, spec: Node) -> Event:
        reader = self._reader
        reader.keys(spec, ("properties", "wire", "description"))
        properties = self._types.properties(reader.needed(spec, "properties"), total=True)
        check_properties(reader, properties, spec, event.on_violation)
        self._check_key(event, properties, spec)
        wire = event.name if number == 1 else f"{event.name}_v{number}"
        return replace(
            without_what_lacks(event, properties),
            version=number,
            wire=wire if spec.get("wire") is None else reader.text(spec.get("wire")) or "",
            properties=properties,
            description=reader.text(spec.get("description")) or event.description,
        )

    def _check_key(self, event: Event, properties: Iterable[Property], spec: Node) -> None:
        """See that the key is one over all versions, and so is the correction's."""
        current = {one.name: one for one in event.properties}
        older = {one.name: one for one in properties}
        corrected = () if event.corrects is None else event.corrects.by
        place = spec.get("properties") or spec
        for name in dict.fromkeys((*event.key, *corrected)):
            if name not in current:
                continue
            one = older.get(name)
            if one is None or not one.required or one.type.kind is not current[name].type.kind:
                evidence = f"`{name}` is not required here, or of another type than today."
                fix = "Every version has the properties of the key: the moment is one."
                self._findings.add("key_not_usable", evidence, place, fix=fix)


def check_properties(
    reader: Reader, properties: Iterable[Property], spec: Node, on_violation: OnViolation
) -> None:
    """See that what is sent incomplete has no property of that name of its own."""
    node = spec.get("properties")
    for one in properties:
        if one.name != INCOMPLETE or on_violation is not OnViolation.SEND_MINIMAL or node is None:
            continue
        evidence = f"`{INCOMPLETE}` marks what `on_violation: send_minimal` sends."
        reader.findings.add("reserved_name", evidence, node.entries[INCOMPLETE][0])


def without_what_lacks(event: Event, properties: tuple[Property, ...]) -> Event:
    """Return an event without what it says of properties that an older version lacks."""
    known = {one.name: one for one in properties}
    current = {one.name: one for one in event.properties}
    same = {
        name for name, one in known.items() if name in current and one.type == current[name].type
    }
    correlation = event.correlation
    return replace(
        event,
        correlation=correlation if correlation in same else None,
        compare=tuple(one for one in event.compare if one in same),
        complete=tuple(one for one in event.complete if one.property in same),
        links=tuple(
            (kind, name)
            for kind, name in event.links
            if name in known and is_linked_by(known[name])
        ),
    )


def check_counted(
    reader: Reader,
    rollups: Mapping[str, Rollup],
    events: Mapping[str, Event],
    entries: Mapping[str, tuple[Node, Node]],
) -> None:
    """See that what a rollup reads off an event is in each of its versions, of one type.

    Args:
        reader: Reads nodes and collects findings.
        rollups: The contract's rollups.
        events: The contract's events.
        entries: The mapping under `events`.
    """
    noted: set[tuple[str, int, str]] = set()
    for event, name in _read_off(rollups.values()):
        now = _kind(events[event], name) if event in events else None
        for older in events[event].earlier if now is not None else ():
            if _kind(older, name) == now or (event, older.version, name) in noted:
                continue
            noted.add((event, older.version, name))
            place = entries[event][1].entries["versions"][1].entries[str(older.version)][0]
            evidence = f"It has no `{name}` of today's type, which a rollup reads."
            fix = "Declare the property in this version too, with a default where it was not told."
            reader.findings.add("rollup_property", evidence, place, fix=fix)


def _read_off(rollups: Iterable[Rollup]) -> Iterator[tuple[str, str]]:
    """Yield each event with a property that a rollup reads off it; of items: their list."""
    for one in rollups:
        conditions = [name for name, _ in one.where]
        for name in (one.property, *conditions):
            if name is not None:
                yield one.event, name.partition(".")[0]
        for name in (one.minus_property, one.minus_of, *conditions):
            if one.minus_event is not None and name is not None:
                yield one.minus_event, name.partition(".")[0]


def _kind(event: Event, name: str) -> str | None:
    return next((one.type.kind for one in event.properties if one.name == name), None)
