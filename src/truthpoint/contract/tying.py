"""Reading what ties events together for good: links to a person, and corrections."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from .model import Kind
from .nodes import close_to
from .rules import Correction
from .types import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .model import Event, Property
    from .nodes import Node, Reader

_NEVER_BUSINESS: Final = ("email", "phone", "anonymous_id")
"""Link kinds that belong to a person and move on with them; none is tied for good."""

_LINKED_KINDS: Final = (Kind.STRING, Kind.INTEGER)


def find_property(reader: Reader, event: Event, name: str, node: Node) -> Property | None:
    """Return a property of an event; note at a node that there is none."""
    found = next((one for one in event.properties if one.name == name), None)
    if found is None:
        fix = close_to(name, names(event.properties))
        evidence = f"`{name}` is not a property of `{event.name}`."
        reader.findings.add("not_a_property", evidence, node, fix=fix)
    return found


def read_links(
    reader: Reader, event: Event, spec: Node, kinds: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    """Return what an event ties to its person for good: link kinds and properties.

    Args:
        reader: Reads nodes and collects findings.
        event: The event, its properties read.
        spec: Its mapping.
        kinds: The link kinds that the person declares.
    """
    mapping = reader.mapping(spec.get("links"))
    found: list[tuple[str, str]] = []
    for kind, (place, node) in ({} if mapping is None else mapping.entries).items():
        name = reader.text(node)
        if kind not in kinds:
            evidence = f"`{kind}` is not among the person's `links`."
            fix = close_to(kind, kinds) or "Declare it in `person.links`."
            reader.findings.add("bad_value", evidence, place, fix=fix)
        elif kind in _NEVER_BUSINESS:
            evidence = f"`{kind}` is a person's own, and is tied to nobody for good."
            fix = "Give it among the identifiers of the record's `person`."
            reader.findings.add("bad_value", evidence, place, fix=fix)
        elif name is not None and _can_link(reader, event, name, node):
            found.append((kind, name))
    return tuple(found)


def _can_link(reader: Reader, event: Event, name: str, node: Node) -> bool:
    one = find_property(reader, event, name, node)
    if one is None:
        return False
    if not is_linked_by(one):
        evidence = f"`{name}` is not required, or neither a string nor an integer."
        fix = "Name a property that every moment has: required, a string or an integer."
        reader.findings.add("key_not_usable", evidence, node, fix=fix)
        return False
    return True


def is_linked_by(one: Property) -> bool:
    """Tell whether a property can be the value of a link: always there, and plain."""
    return one.required and one.type.kind in _LINKED_KINDS


def with_corrections(
    reader: Reader, events: Mapping[str, Event], specs: Mapping[str, Node]
) -> dict[str, Event]:
    """Return the events with what each corrects.

    Args:
        reader: Reads nodes and collects findings.
        events: All events by name.
        specs: Their mappings.
    """
    return {
        name: replace(event, corrects=_correction(reader, event, specs[name], events, specs))
        for name, event in events.items()
    }


def _correction(
    reader: Reader,
    event: Event,
    spec: Node,
    events: Mapping[str, Event],
    specs: Mapping[str, Node],
) -> Correction | None:
    mapping = reader.mapping(spec.get("corrects"))
    if mapping is None:
        return None
    if len(mapping.entries) != 1:
        fix = "Write one event and what equals its key, as in `corrects: {order_paid: order_id}`."
        reader.findings.add("bad_value", "It names not one event.", mapping, fix=fix)
        return None
    name, (place, node) = next(iter(mapping.entries.items()))
    corrected = events.get(name)
    if corrected is None:
        evidence = f"There is no event `{name}`."
        reader.findings.add("unknown_event", evidence, place, fix=close_to(name, events))
        return None
    if corrected is event or "corrects" in specs[name].entries:
        evidence = "It corrects itself." if corrected is event else f"`{name}` is a correction."
        fix = "Correct the event whose moments count."
        reader.findings.add("bad_value", evidence, place, fix=fix)
        return None
    if not corrected.key or "at" in corrected.key:
        evidence = f"The key of `{name}` is not made of properties, by which it could be found."
        fix = "Correct an event with a `key` without `at`."
        reader.findings.add("bad_value", evidence, place, fix=fix)
        return None
    by = tuple(_equal_to_key(reader, event, node))
    if len(by) != len(corrected.key):
        evidence = f"The key of `{name}` has {len(corrected.key)} parts; {len(by)} are named here."
        fix = f"Name what equals {', '.join(corrected.key)}, in this order."
        reader.findings.add("bad_value", evidence, node, fix=fix)
        return None
    _check_kinds(reader, (event, by), corrected, node)
    return Correction(event=name, by=by)


def _equal_to_key(reader: Reader, event: Event, node: Node) -> Iterator[str]:
    """Yield the properties that equal the key of what is corrected: one, or a list."""
    for item in node.items if node.tag == "seq" else (node,):
        name = reader.text(item)
        if name is not None and find_property(reader, event, name, item) is not None:
            yield name


def _check_kinds(
    reader: Reader, told: tuple[Event, tuple[str, ...]], corrected: Event, node: Node
) -> None:
    event, by = told
    own = {one.name: one for one in event.properties}
    theirs = {one.name: one for one in corrected.properties}
    for name, part in zip(by, corrected.key, strict=True):
        if not own[name].required:
            evidence = f"`{name}` is not required."
            reader.findings.add("key_not_usable", evidence, node)
        elif part in theirs and own[name].type.kind is not theirs[part].type.kind:
            evidence = f"`{name}` and `{corrected.name}.{part}` are of different types."
            reader.findings.add("bad_value", evidence, node, fix="Name one of the same type.")
