"""Reading `where` of a rollup: the values that a moment must have to count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import jsonschema_rs

from .model import Kind
from .nodes import close_to
from .schema import type_schema
from .types import names, plain_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .convert import Converter
    from .model import Event, Type
    from .nodes import Node, Reader

Where = tuple[tuple[str, tuple[object, ...]], ...]
"""Properties with the normalised values that count."""

_COMPARED: Final = frozenset(Kind) - {Kind.LIST, Kind.OBJECT}


def read_where(
    reader: Reader, node: Node | None, events: Sequence[Event], converter: Converter
) -> Where:
    """Return the conditions, in one order however they are written.

    Args:
        reader: Reads nodes and collects findings.
        node: The mapping under `where`.
        events: The events whose moments must meet them; each has all the properties.
        converter: Brings values into the form in which moments have them.
    """
    mapping = reader.mapping(node)
    if mapping is None:
        return ()
    if not mapping.entries:
        evidence = "There is no condition."
        reader.findings.add("bad_value", evidence, mapping, fix="Name a property, or remove it.")
    found: dict[str, tuple[object, ...]] = {}
    for name, (place, value) in mapping.entries.items():
        of_types = [_type(reader, event, name, place) for event in events]
        known = [one for one in of_types if one is not None]
        if len(known) < len(of_types):
            continue
        if len({one.kind for one in known}) > 1:
            evidence = f"`{name}` is of another type in each of the two events."
            reader.findings.add("bad_value", evidence, place, fix="Give it one type in both.")
            continue
        found[name] = _values(reader, name, value, known, converter)
    return tuple(sorted(found.items()))


def _type(reader: Reader, event: Event, name: str, place: Node) -> Type | None:
    """Return the type of a property that can be compared."""
    found = next((one for one in event.properties if one.name == name), None)
    if found is None:
        fix = close_to(name, names(event.properties))
        evidence = f"`{name}` is not a property of `{event.name}`."
        reader.findings.add("not_a_property", evidence, place, fix=fix)
        return None
    if found.type.kind not in _COMPARED:
        evidence = f"`{name}` is a {found.type.kind.value}."
        fix = "Compare a property of another type than list and object."
        reader.findings.add("rollup_property", evidence, place, fix=fix)
        return None
    return found.type


def _values(
    reader: Reader, name: str, node: Node, of_types: Sequence[Type], converter: Converter
) -> tuple[object, ...]:
    """Return the values that count: one, or those of a list."""
    if node.tag == "seq" and not node.items:
        evidence = f"No value of `{name}` is named."
        reader.findings.add("bad_value", evidence, node, fix="Name a value, or remove it.")
    found: set[Any] = set()
    for item in node.items if node.tag == "seq" else [node]:
        value = converter.default(of_types[0], plain_value(item))
        if value is None or not all(_fits(one, value) for one in of_types):
            evidence = f"It is no value that `{name}` can have."
            fix = f"Write a {of_types[0].kind.value} within its bounds."
            reader.findings.add("bad_value", evidence, item, fix=fix)
        else:
            found.add(value)
    return tuple(sorted(found))


def _fits(of_type: Type, value: object) -> bool:
    return jsonschema_rs.is_valid(type_schema(of_type), cast("Any", value))
