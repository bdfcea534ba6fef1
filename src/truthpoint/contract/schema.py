"""The contract as JSON Schema 2020-12, for the normalised JSON form.

The schema that is exported is the one that validates at run time. What a schema cannot
say (offsets, E.164, currencies and their exponents) is checked on the way to the
normalised form, in `convert`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from truthpoint.values.instants import LATEST_TIMESTAMP_MS

from .model import Extra, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    import jsonschema_rs

    from .model import Contract, Event, Property, Type

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]
"""A JSON Schema, as plain values."""

_OF_KIND: Final[dict[Kind, Schema]] = {
    Kind.STRING: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.NUMBER: {"type": "number"},
    Kind.MONEY: {"type": "number"},
    Kind.CURRENCY: {"type": "string", "pattern": "^[A-Z]{3}$"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.TIMESTAMP: {
        "type": "integer",
        "minimum": 0,
        "maximum": LATEST_TIMESTAMP_MS // 1000,
        "description": "unix seconds",
    },
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.EMAIL: {"type": "string", "format": "email"},
    Kind.PHONE: {"type": "string", "pattern": "^\\+[1-9][0-9]{6,14}$"},
    Kind.URL: {"type": "string", "format": "uri"},
    Kind.LIST: {"type": "array"},
    Kind.OBJECT: {"type": "object"},
}


def event_schema(event: Event) -> Schema:
    """Return the schema of an event's properties in normalised form."""
    return {
        "$schema": DIALECT,
        "title": event.wire,
        **_object(event.properties, closed=event.extra is not Extra.ALLOW),
    }


def attributes_schema(contract: Contract) -> Schema:
    """Return the schema of a person's attributes: each may be absent, null deletes it."""
    return {
        "$schema": DIALECT,
        "title": "person",
        "type": "object",
        "properties": {
            one.name: _or_null(type_schema(one.type)) for one in contract.person.attributes
        },
        "additionalProperties": False,
    }


def type_schema(given: Type) -> Schema:
    """Return the schema of a type."""
    schema = dict(_OF_KIND[given.kind])
    if given.minimum is not None:
        schema["minimum"] = _number(given.minimum)
    if given.maximum is not None:
        schema["maximum"] = _number(given.maximum)
    if given.pattern is not None:
        schema["allOf"] = [{"pattern": given.pattern}]
    if given.choices:
        schema["enum"] = list(given.choices)
    if given.item is not None:
        schema["items"] = type_schema(given.item)
    if given.fields:
        schema |= _object(given.fields, closed=True)
    return schema


def is_valid(schema: jsonschema_rs.Validator, values: object) -> bool:
    """Tell whether values keep a schema; what the validator cannot judge does not.

    It has bounds of its own, such as of depth.
    """
    try:
        return schema.is_valid(values)
    except ValueError:
        return False


def _or_null(schema: Schema) -> Schema:
    """Return a schema that takes null too; its other keywords say nothing about null."""
    schema = {**schema, "type": [schema["type"], "null"]}
    return {**schema, "enum": [*schema["enum"], None]} if "enum" in schema else schema


def _object(fields: Iterable[Property], *, closed: bool) -> Schema:
    properties = {one.name: type_schema(one.type) for one in fields}
    schema: Schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {**schema, "additionalProperties": False} if closed else schema


def _number(bound: Decimal) -> int | Decimal:
    return int(bound) if bound == bound.to_integral_value() else bound
