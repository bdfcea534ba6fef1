"""Reading types and properties: named types resolved, defaults normalised, cycles refused."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, cast

import jsonschema_rs

from truthpoint.values.contacts import FORMS
from truthpoint.values.currencies import EXPONENTS

from .consent import read_consent
from .convert import MAX_DECIMALS, MAX_NAME_BYTES, RESERVED, Converter
from .model import Kind, Property, Type
from .nodes import close_to
from .schema import type_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .nodes import Node, Reader

NAME: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
"""Names of events, properties, rollups, sources and workspaces."""

_TYPE_KEYS: Final = ("type", "of", "properties", "unit", "minimum", "maximum", "pattern", "enum")
_PROPERTY_KEYS: Final = (*_TYPE_KEYS, "required", "default", "personal", "description")
_ATTRIBUTE_KEYS: Final = (*_PROPERTY_KEYS, "consent")
BUCKET_KEYS: Final = ("bucket", "steps", "description")
"""What a derived attribute says; it has no type of its own."""

_LATER: Final = ("nullable",)
_NUMERIC: Final = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.MONEY})
PLAIN_KINDS: Final = frozenset(Kind) - {Kind.LIST, Kind.OBJECT, Kind.NUMBER, Kind.MONEY}
"""Kinds whose values can be part of a key, or tie events together."""

_TEXTS: Final = frozenset({Kind.STRING, Kind.EMAIL, Kind.PHONE, Kind.URL})


class TypeReader:
    """Reads types; knows the contract's named ones.

    Args:
        reader: Reads nodes and collects findings.
        named: The mapping under `types`, if there is one.
        currency: The contract's currency, for money defaults.
    """

    def __init__(self, reader: Reader, named: Node | None, currency: str) -> None:
        self._reader = reader
        self._named = named
        self._converter = Converter(currency)
        self._resolved: dict[str, tuple[Property, ...]] = {}
        self._open: list[str] = []

    def read_all(self) -> None:
        """Read every named type, so that the unused ones are checked too."""
        if self._named is not None:
            for name, (place, _) in self._named.entries.items():
                check_name(self._reader, name, "a type", place)
                if name in Kind.__members__.values():
                    self._reader.findings.add(
                        "bad_name",
                        f"`{name}` is a built-in type.",
                        place,
                        fix="Choose another name.",
                    )
                self._fields(name)

    def properties(self, node: Node | None, *, total: bool) -> tuple[Property, ...]:
        """Return the properties of a mapping.

        Args:
            node: The mapping of names to properties.
            total: Each must be required or have a default (law 15); otherwise they are a
                person's attributes, of which the derived ones are left out.
        """
        mapping = self._reader.mapping(node)
        if mapping is None:
            return ()
        found = (
            self._property(name, place, value, total=total)
            for name, (place, value) in mapping.entries.items()
            if total or not is_bucket(value)
        )
        return tuple(one for one in found if one is not None)

    def _property(self, name: str, place: Node, value: Node, *, total: bool) -> Property | None:
        check_name(self._reader, name, "a property", place)
        if total and name in RESERVED:
            self._reader.findings.add("reserved_name", f"`{name}` is reserved.", place)
        spec = self._reader.mapping(value)
        if spec is None:
            return None
        self._reader.keys(spec, _PROPERTY_KEYS if total else _ATTRIBUTE_KEYS, _LATER)
        of_type = self._type(spec)
        consent = None if total else read_consent(self._reader, spec, of_type)
        required = self._reader.boolean(spec.get("required"))
        if of_type is None:
            return None
        has_default = "default" in spec.entries
        if total and not required and not has_default:
            evidence = f"`{name}` is neither required nor has it a default."
            self._reader.findings.add("required_or_default", evidence, place)
        if has_default and not total:
            evidence = "An attribute has no default: what is not given is left alone."
            place = spec.entries["default"][0]
            self._reader.findings.add("bad_value", evidence, place, fix="Remove the default.")
        default = self._default(spec, of_type) if has_default else None
        return Property(
            name=name,
            type=of_type,
            required=required,
            default=default,
            personal=self._reader.boolean(spec.get("personal")),
            consent=consent,
            description=self._reader.text(spec.get("description")) or "",
        )

    def _type(self, spec: Node) -> Type | None:
        node = self._reader.needed(spec, "type")
        name = self._reader.text(node)
        if name is None or node is None:
            return None
        if name not in Kind.__members__.values():
            self._check_keys_fit(spec, None, name)
            fields = self._named_fields(name, node)
            return None if fields is None else Type(kind=Kind.OBJECT, fields=fields)
        kind = Kind(name)
        self._check_keys_fit(spec, kind, name)
        item = self._item(spec) if kind is Kind.LIST else None
        if kind is Kind.LIST and item is None:
            return None
        minimum, maximum = self._bound(spec.get("minimum")), self._bound(spec.get("maximum"))
        if minimum is not None and maximum is not None and minimum > maximum:
            place = spec.entries["minimum"][0]
            self._reader.findings.add("bad_value", "`minimum` is above `maximum`.", place)
        return Type(
            kind=kind,
            unit=self._reader.choice(spec.get("unit"), ("s", "ms")),
            minimum=minimum,
            maximum=maximum,
            pattern=self._pattern(spec.get("pattern")),
            choices=self._choices(spec.get("enum"), kind),
            item=item,
            fields=self.properties(spec.get("properties"), total=True),
        )

    def _check_keys_fit(self, spec: Node, kind: Kind | None, name: str) -> None:
        """Note keys that say nothing about a type of this kind (None: a named type)."""
        fits = {
            "of": kind is Kind.LIST,
            "properties": kind is Kind.OBJECT,
            "unit": kind is Kind.TIMESTAMP,
            "minimum": kind in _NUMERIC,
            "maximum": kind in _NUMERIC,
            "pattern": kind in _TEXTS,
            "enum": kind in _TEXTS,
        }
        for key, fit in fits.items():
            if key in spec.entries and not fit:
                evidence = f"`{key}` says nothing about `{name}`."
                self._reader.findings.add("bad_value", evidence, spec.entries[key][0])

    def _item(self, spec: Node) -> Type | None:
        """Return the type of a list's items: a name, or a type written out."""
        node = self._reader.needed(spec, "of")
        if node is None:
            return None
        if node.tag == "map":
            self._reader.keys(node, _TYPE_KEYS)
            return self._type(node)
        name = self._reader.text(node)
        if name is None:
            return None
        if name == Kind.LIST:
            evidence = "A list of lists says what the inner ones hold."
            fix = "Write it out: `of: {type: list, of: …}`."
            self._reader.findings.add("bad_value", evidence, node, fix=fix)
            return None
        if name in Kind.__members__.values():
            return Type(kind=Kind(name))
        fields = self._named_fields(name, node)
        return None if fields is None else Type(kind=Kind.OBJECT, fields=fields)

    def _named_fields(self, name: str, node: Node) -> tuple[Property, ...] | None:
        known = () if self._named is None else tuple(self._named.entries)
        if name not in known:
            fix = close_to(name, [*known, *Kind.__members__.values()])
            self._reader.findings.add("unknown_type", f"There is no type `{name}`.", node, fix=fix)
            return None
        if name in self._open:
            way = " → ".join([*self._open[self._open.index(name) :], name])
            self._reader.findings.add("type_cycle", f"The types form a cycle: {way}.", node)
            return None
        return self._fields(name)

    def _fields(self, name: str) -> tuple[Property, ...]:
        if name not in self._resolved and self._named is not None:
            self._open.append(name)
            node = self._named.entries[name][1]
            self._resolved[name] = self.properties(node, total=True)
            if node.tag == "map" and not node.entries:
                evidence = f"The type `{name}` has no properties."
                self._reader.findings.add("missing_key", evidence, node)
            self._open.pop()
        return self._resolved.get(name, ())

    def _bound(self, node: Node | None) -> Decimal | None:
        if node is None:
            return None
        try:
            bound = Decimal(node.text) if node.tag in ("int", "float", "str") else None
        except InvalidOperation:
            bound = None
        if bound is None or not bound.is_finite():
            self._reader.findings.add("wrong_type", f"`{node.path}` must be a number.", node)
            return None
        if bound.adjusted() >= 19 or cast("int", bound.as_tuple().exponent) < -MAX_DECIMALS:
            evidence = f"`{node.path}` is out of the range of any value."
            self._reader.findings.add("bad_value", evidence, node)
            return None
        return bound

    def _pattern(self, node: Node | None) -> str | None:
        text = self._reader.text(node)
        if text is not None and node is not None and not compiles(text):
            self._reader.findings.add("bad_pattern", f"`{node.path}` does not compile.", node)
            return None
        return text

    def _choices(self, node: Node | None, kind: Kind) -> tuple[str, ...]:
        """Return what an `enum` allows, in the form in which a given value is looked at."""
        form = FORMS.get(kind, lambda text: text)
        found = (self._reader.text(item) for item in self._reader.listed(node))
        choices = tuple(form(one) or one for one in found if one is not None)
        if node is not None and node.tag == "seq" and not node.items:
            self._reader.findings.add("bad_value", f"`{node.path}` allows nothing.", node)
        return choices

    def _default(self, spec: Node, of_type: Type) -> object:
        """Return the default, converted as a given value would be."""
        node = spec.entries["default"][1]
        converted = self._converter.default(of_type, plain_value(node))
        if converted is None:
            evidence = f"The default of `{spec.path}` is not a {of_type.kind.value}."
            self._reader.findings.add("bad_default", evidence, node)
        elif not jsonschema_rs.is_valid(type_schema(of_type), converted):
            evidence = f"The default of `{spec.path}` is outside its own bounds."
            self._reader.findings.add("bad_default", evidence, node)
        return converted


def is_bucket(value: Node) -> bool:
    """Tell whether an attribute is derived: computed here, never given."""
    return "bucket" in value.entries or "steps" in value.entries


def check_name(reader: Reader, name: str, of: str, place: Node) -> None:
    """Note a name that is none, or is longer than Customer.io takes."""
    if not NAME.fullmatch(name):
        reader.findings.add("bad_name", f"`{name}` cannot name {of}.", place)
    elif len(name) > MAX_NAME_BYTES:
        evidence = f"`{name[:20]}…` has {len(name)} bytes; Customer.io takes {MAX_NAME_BYTES}."
        reader.findings.add("too_long", evidence, place)


def compiles(pattern: str) -> bool:
    """Tell whether the validator takes a regular expression."""
    try:
        jsonschema_rs.validator_for({"type": "string", "pattern": pattern})
    except ValueError:
        return False
    return True


def plain_value(node: Node) -> object:
    """Return a node as the plain value that JSON would give."""
    if node.tag == "map":
        return {key: plain_value(value) for key, (_, value) in node.entries.items()}
    if node.tag == "seq":
        return [plain_value(item) for item in node.items]
    if node.tag == "bool":
        return node.text.lower() == "true"
    try:
        if node.tag == "int":
            return int(node.text.replace("_", ""), 0)
        if node.tag == "float":
            return Decimal(node.text)
    except (ValueError, InvalidOperation):
        return None
    return None if node.tag == "null" else node.text


def known_currency(code: str) -> bool:
    """Tell whether a text is an active ISO 4217 code."""
    return code in EXPONENTS


def names(properties: Iterable[Property]) -> tuple[str, ...]:
    """Return the names of properties."""
    return tuple(one.name for one in properties)
