"""Reading the sections beside person and events: catalog, qa, stops, segments, templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from truthpoint.values.instants import is_date

from .model import Kind
from .nodes import close_to
from .rollups import RESERVED_ATTRIBUTES
from .rules import Catalog, Qa, Stop
from .types import NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .model import Event, Property, Type
    from .nodes import Node, Reader

SECTIONS: Final = ("catalog", "qa", "stops", "segments", "templates")
"""Keys of the top that are read here."""


class SectionReader:
    """Reads the sections that stand beside person, events and rollups.

    Args:
        reader: Reads nodes and collects findings.
        top: The top of the file.
        events: The contract's events.
    """

    def __init__(self, reader: Reader, top: Node, events: Mapping[str, Event]) -> None:
        self._reader = reader
        self._findings = reader.findings
        self._top = top
        self._events = events

    def catalog(self) -> Catalog | None:
        """Return the table that completes line items."""
        reader = self._reader
        spec = reader.mapping(self._top.get("catalog"))
        if spec is None:
            return None
        reader.keys(spec, ("file", "by"))
        file = reader.relative_path(reader.needed(spec, "file"))
        node = reader.needed(spec, "by")
        by = reader.text(node)
        fields = set(_item_fields(self._events.values()))
        if by is not None and by not in fields:
            evidence = f"`{by}` is not a property of any event's line items."
            self._findings.add("not_a_property", evidence, node, fix=close_to(by, sorted(fields)))
            return None
        if file is None or by is None:
            return None
        return Catalog(file=file, by=by)

    def qa(self, attributes: Iterable[Property], computed: Iterable[str]) -> Qa | None:
        """Return the people who get what is still being tried out.

        Args:
            attributes: The person's attributes.
            computed: Names of rollups and derived attributes.
        """
        reader = self._reader
        spec = reader.mapping(self._top.get("qa"))
        if spec is None:
            return None
        reader.keys(spec, ("emails", "ids", "attribute"))
        emails, ids = self._patterns(spec, "emails"), self._patterns(spec, "ids")
        attribute = self._qa_attribute(spec.get("attribute"), attributes, computed)
        if not emails and not ids:
            evidence = "It must say `emails` or `ids`: who the people are."
            self._findings.add("missing_key", evidence, spec)
            return None
        return Qa(emails=emails, ids=ids, attribute=attribute)

    def stops(self) -> tuple[Stop, ...]:
        """Return at which event a campaign stops, as somebody attested."""
        node = self._top.get("stops")
        found = [self._stop(one) for one in self._reader.listed(node)]
        if found:
            self._wait("stops", "nobody is reminded of them")
        return tuple(one for one in found if one is not None)

    def path(self, name: str) -> str | None:
        """Return the path that `segments` or `templates` names."""
        path = self._reader.relative_path(self._top.get(name))
        if path is not None:
            self._wait(name, "the file is not read")
        return path

    def _wait(self, name: str, until_then: str) -> None:
        self._reader.waits(self._top.entries[name][0], until_then)

    def _patterns(self, spec: Node, key: str) -> tuple[str, ...]:
        found: list[str] = []
        for item in self._reader.listed(spec.get(key)):
            text = self._reader.text(item)
            if text is not None and not text.strip("*").strip():
                evidence = "The pattern fits everybody."
                self._findings.add("bad_value", evidence, item, fix="Name some people only.")
            elif text is not None:
                found.append(text)
        return tuple(found)

    def _qa_attribute(
        self, node: Node | None, attributes: Iterable[Property], computed: Iterable[str]
    ) -> str | None:
        name = self._reader.text(node)
        if name is None:
            return None
        if not NAME.fullmatch(name) or name in RESERVED_ATTRIBUTES or name.startswith("cio_"):
            self._findings.add("bad_name", f"`{name}` cannot name an attribute.", node)
        elif name in computed:
            evidence = f"`{name}` is computed already."
            self._findings.add("rollup_name_taken", evidence, node)
        elif any(one.name == name and one.type.kind is not Kind.BOOLEAN for one in attributes):
            evidence = f"`{name}` is an attribute, and not a boolean."
            self._findings.add("bad_value", evidence, node, fix="Name a boolean, or a new one.")
        return name

    def _stop(self, node: Node) -> Stop | None:
        reader = self._reader
        spec = reader.mapping(node)
        if spec is None:
            return None
        reader.keys(spec, ("campaign", "on", "attested"))
        campaign_node = reader.needed(spec, "campaign")
        campaign = reader.whole(campaign_node)
        if campaign is not None and campaign < 1:
            self._findings.add("bad_value", "Campaigns are numbered from 1.", campaign_node)
        on = reader.needed(spec, "on")
        event = reader.text(on)
        if event is not None and event not in self._events:
            fix = close_to(event, self._events)
            self._findings.add("unknown_event", f"There is no event `{event}`.", on, fix=fix)
        day_node = reader.needed(spec, "attested")
        day = reader.text(day_node)
        if day is not None and not is_date(day):
            evidence = "`attested` is the day on which somebody saw to it, as YYYY-MM-DD."
            self._findings.add("bad_value", evidence, day_node)
        if campaign is None or event is None or day is None:
            return None
        return Stop(campaign=campaign, event=event, attested=day)


def _item_fields(events: Iterable[Event]) -> Iterable[str]:
    """Yield the names of all properties of all lists' items."""
    for event in events:
        for one in event.properties:
            item: Type | None = one.type.item
            if item is not None:
                yield from (field.name for field in item.fields)
