"""Checking what is given against the contract: normalise, then validate by the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import jsonschema_rs
import msgspec

from truthpoint.findings import Finding, Where, finding
from truthpoint.values.currencies import EXPONENTS

from .convert import Converter, prefixed
from .minimal import MinimalForm
from .model import Extra
from .schema import attributes_schema, event_schema, is_valid
from .usual import is_currency

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .convert import Convert, Note
    from .model import Contract, Event

MAX_VALUE_BYTES: Final = 1_000
"""Longest attribute value that Customer.io takes (customerio-api, 2.12)."""

MAX_ATTRIBUTES: Final = 300
"""Most attributes that Customer.io takes in one call (customerio-api, 2.12)."""

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_NOTHING: Final[tuple[Finding, ...]] = ()


class Checked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of given values.

    Attributes:
        values: In normalised form; they count only if no finding is an error.
        findings: What was found.
    """

    values: dict[str, object]
    findings: tuple[Finding, ...] = _NOTHING


class Checker:
    """Checks events and attributes under one contract; compiled once.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._converter = Converter(contract.currency)
        self._events: dict[tuple[str, int], Convert] = {}
        # The wire name tells the versions of an event apart, each with properties of its own.
        versions = [
            version for event in contract.events.values() for version in (event, *event.earlier)
        ]
        self._schemas = {
            version.wire: jsonschema_rs.validator_for(event_schema(version)) for version in versions
        }
        self._currencies = {
            version.wire: next((one for one in version.properties if is_currency(one)), None)
            for version in versions
        }
        self._minimal: dict[tuple[str, int], MinimalForm] = {}
        self._attributes = {
            one.name: self._converter.of(one.type, exponent=EXPONENTS.get(contract.currency, 2))
            for one in contract.person.attributes
        }
        self._attributes_schema = jsonschema_rs.validator_for(attributes_schema(contract))

    def event(
        self, event: Event, given: Mapping[str, object], *, before_completion: bool = False
    ) -> Checked:
        """Return an event's properties: normalised, total, in the contract's order.

        Args:
            event: The event, in the version that the record is of.
            given: What the record says.
            before_completion: What may still be taken over from an earlier event is not
                missed; the values lack it.
        """
        found: list[Note] = []
        values = cast("dict[str, object]", self._convert(event, given)(given, found))
        schema = self._schemas[event.wire]
        if not found and is_valid(schema, values):
            return Checked(values=values)
        _add_schema_notes(schema, values, found)
        if before_completion:
            taken = {one.property for one in event.complete}
            found = [one for one in found if one[0] != "property_missing" or one[1] not in taken]
        return Checked(values=values, findings=_findings("properties", found))

    def minimal(self, event: Event, given: Mapping[str, object]) -> dict[str, object]:
        """Return what is sent of an event that breaks the contract, marked `incomplete`.

        Each property is what was given, if that is right; else its default; else, where it is
        required, a neutral value of its type.

        Args:
            event: The event, in the version that the record is of.
            given: What the record says.
        """
        exponent = EXPONENTS.get(self._currency(event, given), 2)
        form = self._minimal.get((event.wire, exponent))
        if form is None:
            form = MinimalForm(event, self._converter, exponent)
            self._minimal[event.wire, exponent] = form
        return form.of(given)

    def attributes(self, given: Mapping[str, object], *, first: bool = False) -> Checked:
        """Return attributes in normalised form; None deletes, what is absent stays alone.

        Args:
            given: The attributes.
            first: Whether it is the person's first identify, which should hold every
                required attribute.
        """
        found: list[Note] = []
        values: dict[str, object] = {}
        for name, value in given.items():
            convert = self._attributes.get(name)
            if convert is None:
                self._converter.of_object((), Extra.STRIP)({name: value}, found)
                continue
            before = len(found)
            values[name] = None if value is None else convert(value, found)
            prefixed(found, before, name)
        if len(values) > MAX_ATTRIBUTES:
            found.append(("too_many_attributes", "", f"There are {len(values)} attributes."))
        if first:
            found += [
                ("attribute_missing", one.name, f"`{one.name}` is required and missing.")
                for one in self._contract.person.attributes
                if one.required and given.get(one.name) is None
            ]
        _add_schema_notes(self._attributes_schema, values, found)
        if not any(code.startswith(("property_type", "property_value")) for code, *_ in found):
            found += _too_long(values)
        return Checked(values=values, findings=_findings("attributes", found))

    def _convert(self, event: Event, given: Mapping[str, object]) -> Convert:
        """Return the event's conversion for the currency that it is in."""
        exponent = EXPONENTS.get(self._currency(event, given), 2)
        convert = self._events.get((event.wire, exponent))
        if convert is None:
            convert = self._converter.of_object(event.properties, event.extra, exponent=exponent)
            self._events[event.wire, exponent] = convert
        return convert

    def _currency(self, event: Event, given: Mapping[str, object]) -> str:
        said = self._currencies[event.wire]
        if said is not None:
            said = given.get("currency", said.default)
        return said if isinstance(said, str) else self._contract.currency


def _add_schema_notes(schema: jsonschema_rs.Validator, values: object, found: list[Note]) -> None:
    """Note what the schema refuses, where nothing was noted yet."""
    try:
        errors = list(schema.iter_errors(values))
    except ValueError:
        # The validator has bounds of its own, such as of depth. What it cannot judge is refused.
        found.append(("property_value", "", "It holds a value that cannot be validated."))
        return
    noted = {path for _, path, _ in found}
    for error in errors:
        keyword = str(error.schema_path[-1]) if error.schema_path else ""
        path = _path(error.instance_path)
        if keyword in ("required", "additionalProperties") and noted:
            continue
        if any(path == one or path.startswith((f"{one}.", f"{one}[")) for one in noted if one):
            continue
        code = "property_type" if keyword == "type" else "property_value"
        found.append((code, path, _SAID.get(keyword, "It is not what the contract declares.")))


_SAID: Final = {
    "minimum": "It is below the contract's `minimum`.",
    "maximum": "It is above the contract's `maximum`.",
    "pattern": "It does not match the contract's `pattern`.",
    "enum": "It is not one of the contract's `enum`.",
    "type": "It is of another type than the contract declares.",
}


def _path(parts: Sequence[str | int]) -> str:
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _too_long(values: Mapping[str, object]) -> list[Note]:
    return [
        ("value_too_long", name, f"It has {size} bytes.")
        for name, value in values.items()
        if (size := _size(value)) > MAX_VALUE_BYTES
    ]


def _size(value: object) -> int:
    return len(value.encode() if isinstance(value, str) else _encode(value))


def _findings(root: str, found: list[Note]) -> tuple[Finding, ...]:
    return tuple(
        finding(code, evidence, where=Where(path=f"{root}.{path}" if path else root))
        for code, path, evidence in found
    )
