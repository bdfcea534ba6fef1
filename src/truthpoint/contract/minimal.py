"""What is sent of an event although it breaks the contract (`on_violation: send_minimal`).

A message must not fail for a key that lacks, and must not show a guess: each property is what
was given, if that is right, else its default, else a neutral value; `incomplete` marks it all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import jsonschema_rs

from truthpoint.findings import RULES, Severity

from .model import Extra, Kind
from .schema import is_valid, type_schema
from .versions import INCOMPLETE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .convert import Convert, Converter, Note
    from .model import Event, Property, Type

_NUMBERS: Final = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.MONEY, Kind.TIMESTAMP})


class MinimalForm:
    """Makes the minimal form of an event; compiled once.

    Args:
        event: The event, in the version that records are of.
        converter: Converts values to their normalised form.
        exponent: Decimals of the event's money.
    """

    def __init__(self, event: Event, converter: Converter, exponent: int) -> None:
        self._declared = [
            (
                one,
                converter.of(one.type, exponent=exponent),
                jsonschema_rs.validator_for(type_schema(one.type)),
            )
            for one in event.properties
        ]
        self._names = frozenset(one.name for one in event.properties)
        self._extra = converter.of_object((), event.extra)
        self._keeps_extra = event.extra is Extra.ALLOW

    def of(self, given: Mapping[str, object]) -> dict[str, object]:
        """Return what is sent: total, in the contract's order, and marked."""
        values: dict[str, object] = {}
        for one, convert, schema in self._declared:
            right, value = False, None
            if one.name in given:
                right, value = _converted(convert, schema, given[one.name])
            if not right and not one.required:
                # A default of money was judged in the contract's currency.
                right, value = _converted(convert, schema, one.default, default=one)
            values[one.name] = value if right else neutral(one.type)
        if self._keeps_extra:
            for name in given.keys() - self._names:
                found: list[Note] = []
                kept = self._extra({name: given[name]}, found)
                if not found and isinstance(kept, dict):
                    values |= kept
        values[INCOMPLETE] = True
        return values


def _converted(
    convert: Convert,
    schema: jsonschema_rs.Validator,
    value: object,
    *,
    default: Property | None = None,
) -> tuple[bool, object]:
    """Return whether a value is right, and its normalised form.

    Args:
        convert: The conversion of its type.
        schema: The schema of its type.
        value: What was given, or the default.
        default: Whose default it is: in normalised form already, but for money.
    """
    if default is not None and default.type.kind is not Kind.MONEY:
        return True, value
    found: list[Note] = []
    converted = convert(value, found)
    if any(RULES[code].severity is Severity.ERROR for code, *_ in found):
        return False, None
    return is_valid(schema, converted), converted


def neutral(of_type: Type) -> object:
    """Return the value of a type that says nothing: empty text, 0, False, nothing in a list."""
    if of_type.kind in _NUMBERS:
        return 0
    if of_type.kind is Kind.BOOLEAN:
        return False
    if of_type.kind is Kind.LIST:
        return []
    if of_type.kind is Kind.OBJECT:
        return {
            one.name: neutral(one.type) if one.required else one.default for one in of_type.fields
        }
    return ""
