"""From what is given to the normalised form: conversions, defaults, and nothing silent.

What is given is decoded JSON: text, whole numbers, exact decimals, booleans, null, lists
and objects. It has no binary floats; capture refuses them before they become JSON.
An integer given for a string becomes its decimal text; money is exact; times become
unix seconds; emails and phone numbers get their one form; nothing else is converted.
What cannot be converted is noted with its path and the kinds involved, never with the
value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from truthpoint.values.contacts import email_form, phone_form
from truthpoint.values.currencies import EXPONENTS
from truthpoint.values.instants import (
    EARLIEST_TIMESTAMP_MS,
    LATEST_TIMESTAMP_MS,
    InstantRefused,
    from_epoch,
    from_iso,
    is_date,
    to_seconds,
)
from truthpoint.values.money import ITEM_DECIMALS, at_exponent, decimals, plain, read_money

from .model import Extra, Kind

if TYPE_CHECKING:
    from .model import Property, Type

Note = tuple[str, str, str]
"""Code, path relative to where it was noted, evidence."""

Convert = Callable[[object, "list[Note]"], object]
"""Returns the normalised value; notes what is wrong, and then what it returns does not count."""

LARGEST_INTEGER: Final = 2**63 - 1
"""Greatest absolute value of an integer: what JSON readers of 64 bits take."""

RESERVED: Final = frozenset({"event_id", "recipient", "from_address", "reply_to"})
"""Property names that Customer.io or the wire give a meaning of their own."""

MAX_NAME_BYTES: Final = 150
"""Longest attribute name that Customer.io takes."""

MAX_DECIMALS: Final = 40
"""Most digits behind the point of a number."""

MAX_NESTING: Final = 32
"""Deepest nesting of a value without a declared shape."""

_URL: Final = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
_SHOWN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}", re.ASCII)


def kind_of(value: object) -> str:
    """Return the kind of a given value in words, for evidence."""
    words: dict[type, str] = {
        str: "text",
        bool: "a boolean",
        int: "a whole number",
        Decimal: "a number",
        list: "a list",
        dict: "an object",
    }
    return words.get(type(value), "null")


def prefixed(found: list[Note], since: int, prefix: str) -> None:
    """Put a property's name or an item's place before the paths noted since then."""
    for place in range(since, len(found)):
        code, path, evidence = found[place]
        joined = f"{prefix}.{path}" if path and not path.startswith("[") else prefix + path
        found[place] = (code, joined, evidence)


_ABSENT: Final = object()
_PASSES: Final[Mapping[Kind, type]] = {Kind.STRING: str, Kind.BOOLEAN: bool}
"""The kinds whose conversion takes a value of this type as it is."""


class Converter:
    """Makes the conversion of each type.

    Args:
        currency: The contract's currency: the exponent of money where an event names none.
    """

    def __init__(self, currency: str) -> None:
        self._exponent = EXPONENTS.get(currency, 2)

    def of(self, given: Type, *, exponent: int | None = None) -> Convert:
        """Return the conversion of a type.

        Args:
            given: The type.
            exponent: Decimals of money at the top of an event; None: inside an item, where
                up to 6 are kept.
        """
        if given.kind is Kind.MONEY:
            return _money(exponent)
        if given.kind is Kind.TIMESTAMP:
            return _timestamp(given.unit)
        if given.item is not None:
            return _list(self.of(given.item))
        if given.kind is Kind.OBJECT and given.fields:
            return self.of_object(given.fields, Extra.STRIP)
        return _PLAIN[given.kind]

    def of_object(
        self, fields: Sequence[Property], extra: Extra, *, exponent: int | None = None
    ) -> Convert:
        """Return the conversion of an object: total, in declared order (law 15)."""
        declared = [
            (
                one.name,
                # What passes as it is, the usual case, is spared the call.
                _PASSES.get(one.type.kind),
                self.of(one.type, exponent=exponent),
                one,
            )
            for one in fields
        ]
        names = frozenset(one.name for one in fields)

        def convert(value: object, found: list[Note]) -> object:
            if not isinstance(value, dict):
                return _wrong(value, "an object", found)
            given = cast("dict[str, object]", value)
            result: dict[str, object] = {}
            for name, passes, convert_one, field in declared:
                one = given.get(name, _ABSENT)
                if type(one) is passes:
                    result[name] = one
                elif one is _ABSENT and field.required:
                    found.append(("property_missing", name, f"`{name}` is required and missing."))
                elif one is _ABSENT and field.type.kind is not Kind.MONEY:
                    result[name] = field.default
                else:
                    # A default of money was judged in the contract's currency; the event may
                    # be in another.
                    before = len(found)
                    result[name] = convert_one(field.default if one is _ABSENT else one, found)
                    if len(found) != before:
                        prefixed(found, before, name)
            if len(given) > len(names) or not given.keys() <= names:
                _extra(given, names, extra, result, found)
            return result

        return convert

    def default(self, given: Type, value: object) -> object:
        """Return a default in normalised form; None when it is not of the type."""
        found: list[Note] = []
        converted = self.of(given, exponent=self._exponent)(value, found)
        return None if found else converted


def _extra(
    given: Mapping[str, object],
    names: frozenset[str],
    extra: Extra,
    result: dict[str, object],
    found: list[Note],
) -> None:
    """Strip, allow or refuse what is not declared."""
    for name in given:
        if name in names:
            continue
        shown = name if _SHOWN_NAME.fullmatch(name) else ""
        said = f"`{shown}`" if shown else "A property"
        if extra is Extra.STRIP:
            found.append(("property_unknown", shown, f"{said} is not declared."))
        elif extra is Extra.QUARANTINE:
            found.append(("property_not_allowed", shown, f"{said} is not declared."))
        elif name in RESERVED:
            found.append(("property_not_allowed", shown, f"{said} is a reserved name."))
        elif not name.isprintable() or len(name.encode()) > MAX_NAME_BYTES:
            evidence = f"Its name is not printable, or over {MAX_NAME_BYTES} bytes."
            found.append(("property_not_allowed", shown, evidence))
        else:
            before = len(found)
            result[name] = _anything(given[name], found)
            prefixed(found, before, shown)


def _wrong(value: object, expected: str, found: list[Note]) -> object:
    found.append(("property_type", "", f"It is {kind_of(value)}; it must be {expected}."))
    return value


def _bad(evidence: str, value: object, found: list[Note]) -> object:
    found.append(("property_value", "", evidence))
    return value


def _string(value: object, found: list[Note]) -> object:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > LARGEST_INTEGER:
            return _bad("The number is too large.", value, found)
        return str(value)
    return _wrong(value, "text", found)


def _integer(value: object, found: list[Note]) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) <= LARGEST_INTEGER else _bad("It is too large.", value, found)
    return _wrong(value, "a whole number", found)


def _number(value: object, found: list[Note]) -> object:
    if isinstance(value, Decimal):
        # As written: it is looked at before anything with a huge exponent is spelled out.
        scale = cast("int", value.as_tuple().exponent)
        if value.adjusted() >= 19 or scale < -MAX_DECIMALS:
            return _bad("The number is out of range.", value, found)
        return Decimal(plain(value))
    if isinstance(value, int):
        return _integer(value, found)
    return _wrong(value, "a number", found)


def usual_amount(exponent: int | None) -> re.Pattern[str]:
    """Return what most amounts look like: plain, not negative, in exactly their decimals."""
    digits = "1,6" if exponent is None else exponent
    return re.compile(r"(?:0|[1-9][0-9]{0,14})" + (rf"\.[0-9]{{{digits}}}" if digits else ""))


def _money(exponent: int | None) -> Convert:
    allowed = ITEM_DECIMALS if exponent is None else exponent
    usual = usual_amount(exponent)

    def convert(value: object, found: list[Note]) -> object:
        text = str(value) if type(value) is Decimal else value
        if isinstance(text, str) and usual.fullmatch(text):
            # As most amounts are written: nothing has to be looked at but the text.
            return Decimal(text.rstrip("0").rstrip(".") if exponent is None else text)
        amount = read_money(value)
        if amount is None:
            if isinstance(value, str | Decimal) or type(value) is int:
                return _bad("It is no amount below 10^15, such as 12.50.", value, found)
            return _wrong(value, "money: a decimal string or a number", found)
        if decimals(amount) > allowed:
            evidence = f"It has {decimals(amount)} decimals; {allowed} are allowed here."
            found.append(("money_exponent", "", evidence))
            return value
        return Decimal(plain(amount)) if exponent is None else at_exponent(amount, exponent)

    return convert


def _currency(value: object, found: list[Note]) -> object:
    if not isinstance(value, str):
        return _wrong(value, "an ISO 4217 code", found)
    if value in EXPONENTS:
        return value
    lower = value.upper() in EXPONENTS
    said = "It is not in upper case." if lower else "It is not an active ISO 4217 code."
    return _bad(said, value, found)


def _boolean(value: object, found: list[Note]) -> object:
    return value if isinstance(value, bool) else _wrong(value, "true or false", found)


def _timestamp(unit: str | None) -> Convert:
    def convert(value: object, found: list[Note]) -> object:
        try:
            instant_ms = _instant(value, unit)
        except InstantRefused as refused:
            said = "has no offset" if refused.code == "naive" else "cannot be read"
            found.append((f"time_{refused.code}", "", f"The time {said}."))
            return value
        if instant_ms is None:
            return _wrong(value, "ISO 8601 text with an offset", found)
        if not EARLIEST_TIMESTAMP_MS <= instant_ms <= LATEST_TIMESTAMP_MS:
            found.append(("time_out_of_range", "", "The time is not within 1970 to 2100."))
            return value
        return to_seconds(instant_ms)

    return convert


def _instant(value: object, unit: str | None) -> int | None:
    if isinstance(value, str):
        return from_iso(value)
    if unit and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return from_epoch(value, unit=unit)
    return None


def _date(value: object, found: list[Note]) -> object:
    if not isinstance(value, str):
        return _wrong(value, "a date as YYYY-MM-DD", found)
    return value if is_date(value) else _bad("It is not a date as YYYY-MM-DD.", value, found)


def _formed(form: Callable[[str], str | None], expected: str) -> Convert:
    """Return the conversion of a text that has one form."""

    def convert(value: object, found: list[Note]) -> object:
        if not isinstance(value, str):
            return _wrong(value, expected, found)
        formed = form(value)
        return _bad(f"It is not {expected}.", value, found) if formed is None else formed

    return convert


def _url_form(text: str) -> str | None:
    return text if _URL.fullmatch(text) else None


def _list(convert_item: Convert) -> Convert:
    def convert(value: object, found: list[Note]) -> object:
        if not isinstance(value, list):
            return _wrong(value, "a list", found)
        result: list[object] = []
        for place, item in enumerate(cast("Sequence[object]", value)):
            before = len(found)
            result.append(convert_item(item, found))
            if len(found) != before:
                prefixed(found, before, f"[{place}]")
        return result

    return convert


def _anything(value: object, found: list[Note], depth: int = 0) -> object:
    """Convert a value without a declared shape: JSON's own kinds, exact, not too deep."""
    if depth > MAX_NESTING:
        return _bad("It is nested too deeply.", value, found)
    if isinstance(value, dict):
        given = cast("dict[str, object]", value)
        if not all(name.isprintable() for name in given):
            return _bad("It holds a name that is not printable.", given, found)
        return {name: _anything(one, found, depth + 1) for name, one in given.items()}
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [_anything(one, found, depth + 1) for one in items]
    if value is None or isinstance(value, bool | str):
        return value
    return _number(value, found)


def _object(value: object, found: list[Note]) -> object:
    if not isinstance(value, dict):
        return _wrong(value, "an object", found)
    return _anything(cast("object", value), found)


_PLAIN: Final[Mapping[Kind, Convert]] = {
    Kind.STRING: _string,
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.CURRENCY: _currency,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.EMAIL: _formed(email_form, "an email address"),
    Kind.PHONE: _formed(phone_form, "a phone number as E.164, such as +14155550123"),
    Kind.URL: _formed(_url_form, "an http or https URL"),
    Kind.OBJECT: _object,
}
