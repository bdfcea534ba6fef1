"""Reading what is to be done about an event when something is late, missing, wrong or new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from .nodes import close_to
from .rules import Completion, Fallback, OnViolation
from .tying import find_property

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Event, Source
    from .nodes import Node, Reader

POLICY_KEYS: Final = ("stale_after", "complete", "expected_lag", "samples", "fallback")
"""Keys of an event that are read here, beside `on_violation`."""


class PolicyReader:
    """Reads the policies of events.

    Args:
        reader: Reads nodes and collects findings.
        sources: The contract's sources.
    """

    def __init__(self, reader: Reader, sources: Mapping[str, Source]) -> None:
        self._reader = reader
        self._findings = reader.findings
        self._sources = sources

    def of(self, event: Event, spec: Node) -> Event:
        """Return an event with the policies that can be read without knowing the others."""
        reader = self._reader
        return replace(
            event,
            on_violation=self._on_violation(spec),
            stale_after_ms=reader.duration_ms(spec.get("stale_after"), least_ms=1),
            expected_lag_ms=self._expected_lag_ms(spec),
            fallback=self._fallback(event, spec),
            samples=self._samples(spec),
        )

    def across(self, events: dict[str, Event], specs: Mapping[str, Node]) -> dict[str, Event]:
        """Return the events with the policies that name other events.

        Args:
            events: All events by name.
            specs: Their mappings.
        """
        closed = {close.event for event in events.values() for close in event.closes}
        for name, event in events.items():
            if event.stale_after_ms is not None and name not in closed:
                evidence = f"No event closes `{name}`, so it is no start that could be stale."
                place = specs[name].entries["stale_after"][0]
                self._findings.add("bad_value", evidence, place, fix="Remove it, or add a close.")
        return {
            name: replace(event, complete=self._completions(event, specs[name], events))
            for name, event in events.items()
        }

    def _waits(self, spec: Node, key: str, until_then: str) -> None:
        self._reader.waits(spec.entries[key][0], until_then)

    def _on_violation(self, spec: Node) -> OnViolation:
        said = self._reader.choice(spec.get("on_violation"), tuple(OnViolation))
        return OnViolation.QUARANTINE if said is None else OnViolation(said)

    def _expected_lag_ms(self, spec: Node) -> int | None:
        length_ms = self._reader.duration_ms(spec.get("expected_lag"), least_ms=1)
        if length_ms is not None:
            self._waits(spec, "expected_lag", "nobody is told of its lateness")
        return length_ms

    def _fallback(self, event: Event, spec: Node) -> Fallback | None:
        reader = self._reader
        given = reader.mapping(spec.get("fallback"))
        if given is None:
            return None
        reader.keys(given, ("source", "after"))
        node = reader.needed(given, "source")
        source = reader.text(node)
        after_ms = reader.duration_ms(reader.needed(given, "after"), least_ms=1)
        if source is not None and source not in self._sources:
            fix = close_to(source, self._sources)
            self._findings.add("unknown_source", f"There is no source `{source}`.", node, fix=fix)
        elif source == event.owner:
            self._findings.add("bad_value", f"`{source}` is the owner itself.", node)
        elif source is not None and self._sources[source].kind != "app":
            evidence = f"`{source}` reports what Customer.io knows, and can own no event."
            self._findings.add("bad_value", evidence, node, fix="Name a source of kind `app`.")
        if event.closes:
            evidence = f"`{event.name}` closes others: two sources must not both tell it."
            place = spec.entries["fallback"][0]
            self._findings.add(
                "bad_value", evidence, place, fix="Remove it: the owner alone tells."
            )
        if source is None or after_ms is None:
            return None
        return Fallback(source=source, after_ms=after_ms)

    def _samples(self, spec: Node) -> tuple[str, ...]:
        found: list[str] = []
        for item in self._reader.listed(spec.get("samples")):
            path = self._reader.relative_path(item)
            if path is None:
                continue
            if path in found:
                self._findings.add("duplicate_key", "The path stands twice here.", item)
            found.append(path)
        if found:
            self._waits(spec, "samples", "no command reads them by itself")
        return tuple(found)

    def _completions(
        self, event: Event, spec: Node, events: Mapping[str, Event]
    ) -> tuple[Completion, ...]:
        given = self._reader.mapping(spec.get("complete"))
        if given is None:
            return ()
        place = spec.entries["complete"][0]
        if event.correlation is None:
            evidence = f"`{event.name}` has no `correlation`, by which an earlier event is found."
            self._findings.add("missing_key", evidence, place, fix="Add `correlation`.")
        found = [
            self._completion(event, name, key, node, events)
            for name, (key, node) in given.entries.items()
        ]
        return tuple(one for one in found if one is not None)

    def _completion(
        self, event: Event, name: str, key: Node, node: Node, events: Mapping[str, Event]
    ) -> Completion | None:
        own = find_property(self._reader, event, name, key)
        text = self._reader.text(node)
        if text is None:
            return None
        other, dot, taken = text.partition(".")
        if not dot or not taken:
            evidence = f"`{node.path}` must name a property, as in `checkout_started.items`."
            self._findings.add("bad_value", evidence, node)
            return None
        if other not in events:
            fix = close_to(other, events)
            self._findings.add("unknown_event", f"There is no event `{other}`.", node, fix=fix)
            return None
        theirs = find_property(self._reader, events[other], taken, node)
        if own is None or theirs is None:
            return None
        if own.type != theirs.type:
            evidence = f"`{name}` and `{text}` are of different types."
            self._findings.add("bad_value", evidence, node, fix="Name one of the same type.")
        if events[other].correlation is None:
            evidence = f"`{other}` has no `correlation`, by which it could be found."
            self._findings.add("bad_value", evidence, node, fix=f"Give `{other}` a correlation.")
        return Completion(property=name, event=other, taken=taken)
