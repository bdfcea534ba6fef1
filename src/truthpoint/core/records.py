"""Step 1 of 6: the bytes of one record become a `Record`, or the reasons why they cannot.

Only the form is judged here; what the contract says of it is `examine`'s business.
Nothing is converted but JSON itself: numbers with a point arrive as exact decimals. An
object that names one key twice is no record: which of the two was meant is a guess.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeGuard, cast

import msgspec

from truthpoint.findings import Finding, Where, finding
from truthpoint.values.instants import (
    EARLIEST_MOMENT_MS,
    MOMENT_LEAD_MS,
    InstantRefused,
    from_iso,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_RECORD_BYTES: Final = 1024 * 1024
"""A record over 1 MiB is refused at capture and not kept (design, section 5)."""

MAX_DEPTH: Final = 64
"""Deepest nesting of objects and lists, the record itself being the first of them."""

LONGEST_NAME: Final = 150
"""Longest source name and record id, in characters."""


class RecordType(StrEnum):
    """What a record says."""

    IDENTIFY = "identify"
    TRACK = "track"
    LINK = "link"
    MERGE = "merge"
    CONSENT = "consent"
    ERASE = "erase"
    READMIT = "readmit"


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was said, well-formed.

    Attributes:
        type: What kind of thing was said.
        source: Where it comes from.
        at_ms: When it happened; the time of capture when the record does not say.
        person: Identifiers as given; `id` is the canonical one.
        event: Name of the event; empty unless `type` is track.
        version: Version of the event; None: the current one.
        body: The event's properties, or the person's attributes.
        record_id: The source's own id of the record, if it gives one.
        links: Of a link: the identifiers to be linked.
        other: Of a merge: the identifiers of who becomes part of the person.
        consents: Of a consent: attribute to what was said.
        test: Whether it comes from a test mode; such records never reach production.
    """

    type: RecordType
    source: str
    at_ms: int
    person: Mapping[str, object] = msgspec.field(default_factory=dict[str, object])
    event: str = ""
    version: int | None = None
    body: Mapping[str, object] = msgspec.field(default_factory=dict[str, object])
    record_id: str | None = None
    links: Mapping[str, object] = msgspec.field(default_factory=dict[str, object])
    other: Mapping[str, object] = msgspec.field(default_factory=dict[str, object])
    consents: Mapping[str, bool] = msgspec.field(default_factory=dict[str, bool])
    test: bool = False


class Unreadable(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Bytes that are not a record.

    Attributes:
        findings: All reasons, at least one of them an error.
        source: The source it names, if that much could be read.
        record_id: The id it names, if that much could be read.
    """

    findings: tuple[Finding, ...]
    source: str | None = None
    record_id: str | None = None


_COMMON: Final = frozenset({"type", "person", "at", "source", "record_id", "test"})
_KEYS: Final = {
    RecordType.IDENTIFY: _COMMON | {"attributes"},
    RecordType.TRACK: _COMMON | {"event", "version", "properties"},
    RecordType.LINK: _COMMON | {"links"},
    RecordType.MERGE: _COMMON | {"from"},
    RecordType.CONSENT: _COMMON | {"consents"},
    RecordType.ERASE: _COMMON,
    RecordType.READMIT: _COMMON,
}
_TYPES: Final = {one.value: one for one in RecordType}
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode


def read_record(
    body: bytes, *, source: str, captured_at_ms: int, ours: bool = False
) -> Record | Unreadable:
    """Return the record in these bytes, or all reasons why they are none.

    Args:
        body: One JSON object in UTF-8.
        source: The source to assume when the record names none.
        captured_at_ms: When it was captured: the default of `at`, and its bound.
        ours: Whether the bytes were written from a mapping, so that no key can be there
            twice; else that is looked for.
    """
    try:
        given: object = _decode(body)
        repeated = (
            not ours
            and isinstance(given, dict)
            and _repeats_a_key(body, cast("dict[str, object]", given))
        )
    except InvalidOperation:
        evidence = "A number of the line has an exponent that no reader takes."
        return Unreadable(findings=(finding("not_json", evidence),))
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        return Unreadable(findings=(_why_not_json(body, error),))
    if not isinstance(given, dict):
        evidence = f"The line holds {_kind(given)}."
        return Unreadable(findings=(finding("not_an_object", evidence),))
    reader = _Reader(cast("dict[str, object]", given))
    if _is_too_deep(body, cast("dict[str, object]", given)):
        reader.note_depth()
    if repeated:
        reader.note_repeated_key()
    return reader.read(source, captured_at_ms)


def _is_too_deep(body: bytes, given: dict[str, object]) -> bool:
    """Tell whether a record is nested deeper than `MAX_DEPTH`.

    Validators and encoders have bounds of their own, far below what JSON's reader takes, and
    end in errors there.
    """
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        # As most records: they hold fewer objects and lists than that, however nested.
        return False
    level: list[object] = [given]
    for _ in range(MAX_DEPTH):
        level = [inner for held in level for inner in _inner(held)]
        if not level:
            return False
    return True


def _inner(held: object) -> list[object]:
    """Return the objects and lists that stand in an object or a list."""
    if isinstance(held, dict):
        values: Iterable[object] = cast("dict[str, object]", held).values()
    else:
        values = cast("list[object]", held)
    return [one for one in values if isinstance(one, dict | list)]


def _repeats_a_key(body: bytes, given: Mapping[str, object]) -> bool:
    """Tell whether any object of the JSON names one key twice.

    The decoder keeps the last of equal keys, so that then fewer are left than there are
    `":` outside white space. Text can hold that too, with its quote escaped: only when
    the numbers differ are the objects looked at, which takes ten times as long.
    """
    written = body.translate(None, b" \t\n\r").count(b'":')
    if b"\\" not in body:
        # No text holds a quote, so that what is left has one `":` a key, written anew too.
        return written != _encode(given).count(b'":')
    if written == _count_keys(given):
        return False
    repeated = False

    def note(pairs: list[tuple[str, object]]) -> None:
        nonlocal repeated
        repeated = repeated or len({name for name, _ in pairs}) != len(pairs)

    json.loads(body, object_pairs_hook=note, parse_int=str, parse_float=str)
    return repeated


def _count_keys(given: Mapping[str, object]) -> int:
    count = 0
    left: list[object] = [given]
    while left:
        value = left.pop()
        left += _inner(value)
        if isinstance(value, dict):
            count += len(cast("dict[str, object]", value))
    return count


def _why_not_json(body: bytes, error: Exception) -> Finding:
    try:
        body.decode()
    except UnicodeDecodeError as undecoded:
        return finding("not_text", f"Byte {undecoded.start + 1} of the line is not UTF-8.")
    if not body.strip():
        return finding("not_json", "The line is empty.")
    return finding("not_json", f"The line is not JSON{json_fault(error)}.")


_FAULT: Final = re.compile(r"JSON is malformed: ([ -~]+) \(byte (\d+)\)")
"""What the reader says: words of its own, and a place; nothing of the text."""


def json_fault(error: Exception) -> str:
    """Return what is wrong with a text that is no JSON, and where, after a colon; or nothing."""
    if str(error) == "Input data was truncated":
        return ": it is cut off"
    found = _FAULT.fullmatch(str(error))
    return f": {found[1]}, at byte {int(found[2]) + 1}" if found else ""


def _kind(value: object) -> str:
    """Name a JSON value's kind with its article, for evidence."""
    names: dict[type, str] = {
        str: "a string",
        bool: "a boolean",
        int: "a number",
        Decimal: "a number",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null")


class _Reader:
    """Reads one decoded object and collects everything that is wrong with it."""

    def __init__(self, given: Mapping[str, object]) -> None:
        self._given = given
        self._findings: list[Finding] = []

    def note_depth(self) -> None:
        """Note that the record is nested too deeply."""
        evidence = f"Its objects and lists are nested deeper than {MAX_DEPTH} levels."
        self._findings.append(finding("record_too_deep", evidence))

    def note_repeated_key(self) -> None:
        """Note that an object of the record names one key twice."""
        evidence = "An object of the record names one key twice."
        self._findings.append(finding("key_repeated", evidence))

    def read(self, source: str, captured_at_ms: int) -> Record | Unreadable:
        kind = self._type()
        record = Record(
            # Without a type there is a finding, and the record is thrown away below.
            type=kind or RecordType.TRACK,
            source=self._text("source") or source,
            at_ms=self._at(captured_at_ms),
            person=self._identifiers("person"),
            event=self._event() if kind is RecordType.TRACK else "",
            version=self._version(),
            body=self._mapping("attributes" if kind is RecordType.IDENTIFY else "properties"),
            record_id=self._text("record_id"),
            links=self._needed("links") if kind is RecordType.LINK else {},
            other=self._other() if kind is RecordType.MERGE else {},
            consents=self._consents() if kind is RecordType.CONSENT else {},
            test=self._test(),
        )
        if kind is not None:
            self._unknown_keys(kind)
        if not self._findings:
            return record
        return Unreadable(
            findings=tuple(self._findings), source=record.source, record_id=record.record_id
        )

    def _add(self, code: str, path: str, evidence: str) -> None:
        self._findings.append(finding(code, evidence, where=Where(path=path or None)))

    def _wrong(self, path: str, expected: str) -> None:
        got = _kind(self._given.get(path))
        self._add("record_key_type", path, f"`{path}` is {got}; it must be {expected}.")

    def _type(self) -> RecordType | None:
        given = self._given.get("type")
        if given is None:
            self._add("record_key_missing", "type", "The record does not say its `type`.")
        elif not isinstance(given, str):
            self._wrong("type", "a string")
        elif given in _TYPES:
            return _TYPES[given]
        else:
            self._add("unknown_record_type", "type", "The record's `type` is not known.")
        return None

    def _text(self, key: str) -> str | None:
        given = self._given.get(key)
        if given is None:
            return None
        if isinstance(given, str) and 0 < len(given) <= LONGEST_NAME:
            return given
        self._wrong(key, f"a string of 1 to {LONGEST_NAME} characters")
        return None

    def _at(self, captured_at_ms: int) -> int:
        given = self._given.get("at")
        if given is None:
            return captured_at_ms
        if not isinstance(given, str):
            self._wrong("at", "ISO 8601 text with an offset")
            return captured_at_ms
        try:
            at_ms = from_iso(given)
        except InstantRefused as refused:
            code = f"time_{refused.code}"
            self._add(code, "at", f"`at` is a time that is {_TIME_WORDS[refused.code]}.")
            return captured_at_ms
        if at_ms > captured_at_ms + MOMENT_LEAD_MS:
            self._add(
                "time_out_of_range", "at", "`at` is more than 5 minutes ahead of its capture."
            )
        elif at_ms < EARLIEST_MOMENT_MS:
            self._add("time_out_of_range", "at", "`at` is before 1990.")
        return at_ms

    def _unknown_keys(self, kind: RecordType) -> None:
        for key in sorted(self._given.keys() - _KEYS[kind]):
            # The key itself may be a customer's word: only known names are shown.
            known = key in _COMMON or any(key in keys for keys in _KEYS.values())
            name = f"`{key}`" if known else "A key that is not known"
            self._add(
                "record_key_unknown",
                key if known else "",
                f"{name} stands in a record of type {kind.value}; "
                f"it takes {', '.join(sorted(_KEYS[kind]))}.",
            )

    def _identifiers(self, key: str) -> Mapping[str, object]:
        given = self._given.get(key)
        if given is None:
            return {}
        if isinstance(given, str | int) and not isinstance(given, bool):
            return {"id": given}
        if isinstance(given, dict):
            return cast("dict[str, object]", given)
        self._wrong(key, "an id or an object of identifiers")
        return {}

    def _other(self) -> Mapping[str, object]:
        """Return who becomes part of the person, which a merge must say."""
        if self._given.get("from") is None:
            self._add("record_key_missing", "from", "The record does not say its `from`.")
        return self._identifiers("from")

    def _needed(self, key: str) -> Mapping[str, object]:
        """Return an object that must be there and hold something."""
        given = self._given.get(key)
        if given is None or given == {}:
            self._add("record_key_missing", key, f"The record does not say its `{key}`.")
            return {}
        return self._mapping(key)

    def _consents(self) -> Mapping[str, bool]:
        given = self._needed("consents")
        if all(isinstance(one, bool) for one in given.values()):
            return cast("Mapping[str, bool]", given)
        evidence = "A value of `consents` is neither true nor false."
        self._add("record_key_type", "consents", evidence)
        return {}

    def _test(self) -> bool:
        given = self._given.get("test")
        if given is None or isinstance(given, bool):
            return bool(given)
        self._wrong("test", "true or false")
        return False

    def _event(self) -> str:
        given = self._given.get("event")
        if isinstance(given, str):
            return given
        if given is None:
            self._add("record_key_missing", "event", "The record does not name its `event`.")
        else:
            self._wrong("event", "a string")
        return ""

    def _version(self) -> int | None:
        given = self._given.get("version")
        if given is None or _is_whole(given):
            return given
        self._wrong("version", "a whole number")
        return None

    def _mapping(self, key: str) -> Mapping[str, object]:
        given = self._given.get(key)
        if given is None:
            return {}
        if isinstance(given, dict):
            return cast("dict[str, object]", given)
        self._wrong(key, "an object")
        return {}


_TIME_WORDS: Final = {
    "naive": "without an offset",
    "unreadable": "not ISO 8601",
}


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
