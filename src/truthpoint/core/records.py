"""Step 1 of 6: the bytes of one record become a `Record`, or the reasons why they cannot.

Only the form is judged here; what the contract says of it is `examine`'s business.
Nothing is converted but JSON itself (`lines`).
"""

from __future__ import annotations

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

from .lines import MAX_DEPTH, Line, kind_of, read_line

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "LONGEST_NAME",
    "MAX_DEPTH",
    "MAX_RECORD_BYTES",
    "Record",
    "RecordType",
    "Unreadable",
    "read_record",
]

MAX_RECORD_BYTES: Final = 1024 * 1024
"""A record over 1 MiB is refused at capture and not kept (design, section 5)."""

LONGEST_NAME: Final = 150
"""Longest source name and record id, in characters."""


class RecordType(StrEnum):
    """What a record says."""

    IDENTIFY = "identify"
    TRACK = "track"
    LINK = "link"
    MERGE = "merge"
    ERASE = "erase"
    CONSENT = "consent"
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
        links: Further identifiers of the person, as given; none unless `type` is link.
        other: Identifiers of who is merged into the person; none unless `type` is merge.
        consents: What the person now consents to, and what not; none unless `type` is consent.
        test: Whether it is of a shop's test mode: it never reaches production (law 19).
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
        type: What kind of thing was said, if that much could be read.
        at_ms: When it happened, if that much could be read; else when it was captured.
        test: Whether it is of a shop's test mode, if that much could be read.
        given: What stands in it, whatever its form; nothing if it is no object.
    """

    findings: tuple[Finding, ...]
    source: str | None = None
    record_id: str | None = None
    type: RecordType | None = None
    at_ms: int = 0
    test: bool = False
    given: Mapping[str, object] = msgspec.field(default_factory=dict[str, object])


_COMMON: Final = frozenset({"type", "person", "at", "source", "record_id", "test"})
_KEYS: Final = {
    RecordType.IDENTIFY: _COMMON | {"attributes"},
    RecordType.TRACK: _COMMON | {"event", "version", "properties"},
    RecordType.LINK: _COMMON | {"links"},
    RecordType.MERGE: _COMMON | {"from"},
    RecordType.ERASE: _COMMON,
    RecordType.CONSENT: _COMMON | {"consents"},
    RecordType.READMIT: _COMMON,
}
_TYPES: Final = {one.value: one for one in RecordType}
_WITHOUT_PERSON: Final = frozenset({RecordType.IDENTIFY, RecordType.TRACK})
"""Types that are judged by the contract when they name nobody; others say nothing then."""


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
    line = read_line(body, ours=ours)
    if not isinstance(line, Line):
        return Unreadable(findings=(line,), at_ms=captured_at_ms)
    return _Reader(line).read(source, captured_at_ms)


def identifiers_in(given: object) -> Mapping[str, object] | None:
    """Return identifiers by kind; None: they are in no form that they can have.

    Args:
        given: What stands under `person` or `from`.
    """
    if given is None:
        return {}
    if isinstance(given, str | int) and not isinstance(given, bool):
        return {"id": given}
    return cast("dict[str, object]", given) if isinstance(given, dict) else None


class _Reader:
    """Reads one decoded object and collects everything that is wrong with it."""

    def __init__(self, line: Line) -> None:
        self._given = line.given
        self._findings = list(line.findings)

    def read(self, source: str, captured_at_ms: int) -> Record | Unreadable:
        kind = self._type()
        record = Record(
            # Without a type there is a finding, and the record is thrown away below.
            type=kind or RecordType.TRACK,
            source=self._text("source") or source,
            at_ms=self._at(captured_at_ms),
            person=self._person(kind),
            event=self._event() if kind is RecordType.TRACK else "",
            version=self._version(),
            body=self._body(kind),
            record_id=self._text("record_id"),
            links=self._links() if kind is RecordType.LINK else {},
            other=self._other() if kind is RecordType.MERGE else {},
            consents=self._consents() if kind is RecordType.CONSENT else {},
            test=self._test(),
        )
        if kind is not None:
            self._unknown_keys(kind)
        if not self._findings:
            return record
        return Unreadable(
            findings=tuple(self._findings),
            source=record.source,
            record_id=record.record_id,
            type=kind,
            at_ms=record.at_ms,
            test=record.test,
            given=self._given,
        )

    def _add(self, code: str, path: str, evidence: str) -> None:
        self._findings.append(finding(code, evidence, where=Where(path=path or None)))

    def _wrong(self, path: str, expected: str) -> None:
        got = kind_of(self._given.get(path))
        self._add("record_key_type", path, f"`{path}` is {got}; it must be {expected}.")

    def _missing(self, path: str, evidence: str) -> None:
        self._add("record_key_missing", path, evidence)

    def _type(self) -> RecordType | None:
        given = self._given.get("type")
        if given is None:
            self._missing("type", "The record does not say its `type`.")
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
        if EARLIEST_MOMENT_MS <= at_ms <= captured_at_ms + MOMENT_LEAD_MS:
            return at_ms
        late = at_ms > captured_at_ms
        said = "more than 5 minutes ahead of its capture" if late else "before 1990"
        self._add("time_out_of_range", "at", f"`at` is {said}.")
        return captured_at_ms

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

    def _person(self, kind: RecordType | None) -> Mapping[str, object]:
        person = self._identifiers("person")
        if kind is None or kind in _WITHOUT_PERSON:
            return person or {}
        return self._needed("person", person, "The record does not name its `person`.")

    def _body(self, kind: RecordType | None) -> Mapping[str, object]:
        key = "attributes" if kind is RecordType.IDENTIFY else "properties"
        return self._mapping(key) or {}

    def _links(self) -> Mapping[str, object]:
        links = self._mapping("links")
        return self._needed("links", links, "The record gives no identifier in its `links`.")

    def _other(self) -> Mapping[str, object]:
        evidence = "The record does not say who is merged, in `from`."
        return self._needed("from", self._identifiers("from"), evidence)

    def _needed(
        self, key: str, given: Mapping[str, object] | None, evidence: str
    ) -> Mapping[str, object]:
        """Return what stands under a key, and note when it is nothing; None: noted already."""
        if given is not None and all(value is None for value in given.values()):
            self._missing(key, evidence)
        return given or {}

    def _consents(self) -> Mapping[str, bool]:
        given = self._mapping("consents")
        if given is not None and not given:
            self._missing("consents", "The record changes none of the `consents`.")
        told: dict[str, bool] = {}
        for name, value in (given or {}).items():
            if not isinstance(value, bool):
                # Its name is not shown: it may be a customer's word.
                evidence = f"A value of `consents` is {kind_of(value)}; it must be true or false."
                self._add("record_key_type", "consents", evidence)
                return {}
            told[name] = value
        return told

    def _test(self) -> bool:
        given = self._given.get("test")
        if given is None or isinstance(given, bool):
            return bool(given)
        self._wrong("test", "true or false")
        return False

    def _identifiers(self, key: str) -> Mapping[str, object] | None:
        """Return identifiers by kind; None: they are of a wrong kind, which is noted."""
        found = identifiers_in(self._given.get(key))
        if found is None:
            self._wrong(key, "an id or an object of identifiers")
        return found

    def _event(self) -> str:
        given = self._given.get("event")
        if isinstance(given, str):
            return given
        if given is None:
            self._missing("event", "The record does not name its `event`.")
        else:
            self._wrong("event", "a string")
        return ""

    def _version(self) -> int | None:
        given = self._given.get("version")
        if given is None or _is_whole(given):
            return given
        self._wrong("version", "a whole number")
        return None

    def _mapping(self, key: str) -> Mapping[str, object] | None:
        """Return the object under a key; None: it is none, which is noted."""
        given = self._given.get(key)
        if given is None:
            return {}
        if isinstance(given, dict):
            return cast("dict[str, object]", given)
        self._wrong(key, "an object")
        return None


_TIME_WORDS: Final = {
    "naive": "without an offset",
    "unreadable": "not ISO 8601",
}


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
