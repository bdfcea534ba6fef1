"""Step 2 of 6: what a record is under the contract.

Capture asks it for advice to the caller; the decision asks it again, and that answer
counts. It needs no state: the same record and contract give the same answer always.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final, assert_never, cast

import jsonschema_rs
import msgspec

from truthpoint.contract.check import Checker
from truthpoint.contract.nodes import close_to
from truthpoint.findings import Finding, Where, finding, has_errors
from truthpoint.values.instants import to_seconds
from truthpoint.values.money import plain

from .records import Record, RecordType, Unreadable, read_record
from .reused import is_reused
from .usual import UsualRecords, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.contract.model import Contract, Event

    from .usual import UsualRecord

MAX_PERSON_ID_BYTES: Final = 150
"""Longest person id that Customer.io takes, in bytes of UTF-8 (customerio-api, 2.12)."""

IDENTIFIER_ATTRIBUTES: Final = frozenset({"email", "phone"})
"""Attributes that Customer.io treats as identifiers: changing one is a barrier (law 7)."""

# No id of a shop holds one, and what stands behind a NUL is lost to more than one reader.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Moment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A valid event of its owner.

    Attributes:
        event: What the contract says of it.
        person_id: Canonical id of the person.
        at_ms: When it happened.
        values: Its properties, normalised and total, in the order of the contract.
        encoded: The same as one JSON object, as it is sent but for the event's id.
        key: The key values as normalised text in declared order; empty without a key.
        compare: The values that a repeat must not differ in, as normalised text.
        findings: Warnings and remarks.
    """

    event: Event
    person_id: str
    at_ms: int
    values: Mapping[str, object]
    encoded: bytes
    key: tuple[str, ...]
    compare: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


class Identity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A valid identify.

    Attributes:
        person_id: Canonical id of the person.
        at_ms: When it became true.
        attributes: Normalised; None deletes.
        given: The attributes as they were given, to be judged again as a first identify.
        findings: Warnings and remarks.
    """

    person_id: str
    at_ms: int
    attributes: Mapping[str, object]
    given: Mapping[str, object]
    findings: tuple[Finding, ...] = ()

    @property
    def changes_identifiers(self) -> bool:
        """Whether it sets an identifier, so that it must go alone and be awaited."""
        return not IDENTIFIER_ATTRIBUTES.isdisjoint(self.attributes)


class NotOwner(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event told by a source that does not own it (law 6).

    Attributes:
        event: The event's name.
        findings: One remark.
    """

    event: str
    findings: tuple[Finding, ...]


class Broken(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record that breaks the contract: for quarantine.

    Attributes:
        findings: All reasons; at least one is an error.
        event: The event's name, if it is one of the contract's.
    """

    findings: tuple[Finding, ...]
    event: str | None = None


Examined = Moment | Identity | NotOwner | Broken


class Examiner:
    """Examines records under one contract; compiled once, used for many.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._checker = Checker(contract)
        pattern = contract.person.pattern
        schema = {"type": "string", **({"pattern": pattern} if pattern else {})}
        self._person_id = jsonschema_rs.validator_for(schema)
        self._usual = UsualRecords(contract)

    def examine_body(
        self, body: bytes, *, source: str, captured_at_ms: int, kept_as: str | None
    ) -> Examined:
        """Return what the record in these bytes is: `examine` of `read_record`, but faster.

        Args:
            body: The record as it is kept.
            source: The source under which it is kept.
            captured_at_ms: When it was captured.
            kept_as: The record id under which it is kept; None: that is not judged.
        """
        usual = self._usual.read(
            body, source=source, captured_at_ms=captured_at_ms, kept_as=kept_as
        )
        moment = None if usual is None else self._moment(usual)
        if moment is not None:
            return moment
        record = read_record(body, source=source, captured_at_ms=captured_at_ms)
        return self.examine(record, source=source, kept_as=kept_as)

    def _moment(self, usual: UsualRecord) -> Moment | None:
        """Return the moment of a usual record; None when there is something to say of it."""
        text, event = usual.person_id, usual.event
        if not text.strip() or self._wrong_id(text):
            return None
        key = _texts(event.key, usual.values, usual.at_ms)
        if not all(map(str.strip, key)):
            return None
        return Moment(
            event=event,
            person_id=text,
            at_ms=usual.at_ms,
            values=usual.values,
            encoded=usual.encoded,
            key=key,
            compare=_texts(event.compare, usual.values, usual.at_ms),
        )

    def examine(
        self,
        record: Record | Unreadable,
        *,
        source: str | None = None,
        kept_as: str | None = None,
    ) -> Examined:
        """Return what a record is under the contract.

        Args:
            record: The record as it was read.
            source: The source under which it is kept; a record that names another one is
                broken. None: the one that it names.
            kept_as: The record id under which it is kept; it is broken when that shows that
                its own was used before, for other content. None: that is not judged.
        """
        examined = self._examined(record, source)
        if kept_as is None or not is_reused(kept_as, record.record_id):
            return examined
        reused = _at("record_id_reused", "record_id", _OTHER_CONTENT)
        return Broken(findings=(reused, *examined.findings), event=_event_of(examined))

    def _examined(self, record: Record | Unreadable, source: str | None) -> Examined:
        if isinstance(record, Unreadable):
            return Broken(findings=record.findings)
        of_source: tuple[Finding, ...] = ()
        if source is not None and record.source != source:
            of_source = (_at("source_not_its_own", "source", _OTHER_SOURCE),)
        elif record.source not in self.contract.sources:
            fix = _meant(record.source, tuple(self.contract.sources))
            of_source = (_at("source_unknown", "source", _NO_SOURCE, fix=fix),)
        match record.type:
            case RecordType.TRACK:
                return self._event(record, of_source)
            case RecordType.IDENTIFY:
                return self._identify(record, of_source)
            case RecordType.LINK | RecordType.MERGE | RecordType.ERASE | RecordType.CONSENT:
                evidence = f"Records of type {record.type.value} are not acted on in this version."
                refused = finding("record_type_not_supported", evidence)
                return Broken(findings=(*of_source, refused))
            case _:  # pragma: no cover - the type checker holds this line
                assert_never(record.type)

    def first_identify(self, identity: Identity) -> tuple[Finding, ...]:
        """Return the findings of an identify that is the first of its person."""
        return self._checker.attributes(identity.given, first=True).findings

    def _event(self, record: Record, of_source: tuple[Finding, ...]) -> Examined:
        event = self.contract.events.get(record.event)
        if event is None:
            _, of_person = self._person(record.person)
            fix = _meant(record.event or "", tuple(self.contract.events))
            unknown = _at("event_unknown", "event", _NO_EVENT, fix=fix)
            return Broken(findings=(*of_source, unknown, *of_person))
        if event.owner != record.source and not of_source:
            evidence = f"`{event.name}` belongs to the source `{event.owner}`."
            return NotOwner(event=event.name, findings=(finding("not_owner", evidence),))
        findings = of_source + self._version(event, record.version)
        person_id, of_person = self._person(record.person)
        checked = self._checker.event(event, record.body)
        findings += of_person + checked.findings
        key: tuple[str, ...] = ()
        if not has_errors(findings):
            key = _texts(event.key, checked.values, record.at_ms)
            findings += _empty_keys(event.key, key)
        if person_id is None or has_errors(findings):
            return Broken(findings=findings, event=event.name)
        return Moment(
            event=event,
            person_id=person_id,
            at_ms=record.at_ms,
            values=checked.values,
            encoded=encode(checked.values),
            key=key,
            compare=_texts(event.compare, checked.values, record.at_ms),
            findings=findings,
        )

    def _identify(self, record: Record, of_source: tuple[Finding, ...]) -> Examined:
        person_id, of_person = self._person(record.person)
        checked = self._checker.attributes(record.body)
        findings = of_source + of_person + checked.findings
        if person_id is None or has_errors(findings):
            return Broken(findings=findings)
        return Identity(
            person_id=person_id,
            at_ms=record.at_ms,
            attributes=checked.values,
            given=record.body,
            findings=findings,
        )

    def _version(self, event: Event, version: int | None) -> tuple[Finding, ...]:
        if version == event.version or (version is None and event.version == 1):
            return ()
        if version is None:
            evidence = f"The record names no version; `{event.name}` is at {event.version}."
            return (_at("version_assumed", "version", evidence),)
        evidence = f"The contract declares version {event.version} of `{event.name}`."
        return (_at("version_unknown", "version", evidence),)

    def _person(self, given: Mapping[str, object]) -> tuple[str | None, tuple[Finding, ...]]:
        """Return the canonical id that a record's person carries, and what is wrong with it."""
        links = self._links(given)
        raw = given.get("id")
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            kinds = ", ".join(sorted(given.keys() & {"id", *self.contract.person.links}))
            evidence = f"The record carries no canonical id; it carries: {kinds or 'nothing'}."
            return None, (*links, _at("person_unresolved", "person.id", evidence))
        if isinstance(raw, bool) or not isinstance(raw, str | int):
            evidence = "`person.id` must be a string or a whole number."
            return None, (*links, _at("record_key_type", "person.id", evidence))
        text = raw if isinstance(raw, str) else str(raw)
        wrong = self._wrong_id(text)
        return (None, (*links, wrong)) if wrong else (text, links)

    def _wrong_id(self, text: str) -> Finding | None:
        size = len(text.encode())
        if size > MAX_PERSON_ID_BYTES:
            return _at("person_id_too_long", "person.id", f"`person.id` has {size} bytes.")
        if _CONTROL.search(text):
            return _at("person_id_control", "person.id", "`person.id` holds a control character.")
        if not self._person_id.is_valid(text):
            name, pattern = self.contract.person.id_name, self.contract.person.pattern
            evidence = f"`person.id` does not match the pattern of `{name}`, {pattern}."
            return _at("person_id_pattern", "person.id", evidence)
        return None

    def _links(self, given: Mapping[str, object]) -> tuple[Finding, ...]:
        unknown = len(given.keys() - {"id", *self.contract.person.links})
        if not unknown:
            return ()
        evidence = f"`person` holds {unknown} identifier(s) that the contract does not declare."
        return (_at("person_link_unknown", "person", evidence),)


_NO_SOURCE: Final = "The contract does not declare the record's source."
_OTHER_SOURCE: Final = "The record names another source than the one that it came under."
_OTHER_CONTENT: Final = "Its source used its record id before, for other content."
_NO_EVENT: Final = "The contract does not declare the record's event."


def _event_of(examined: Examined) -> str | None:
    """Return the name of the contract's event that a record tells of, if it tells of one."""
    match examined:
        case Moment():
            return examined.event.name
        case NotOwner() | Broken():
            return examined.event
        case Identity():
            return None


def _at(code: str, path: str, evidence: str, *, fix: str | None = None) -> Finding:
    return finding(code, evidence, where=Where(path=path), fix=fix)


@lru_cache(maxsize=256)
def _meant(name: str, known: tuple[str, ...]) -> str | None:
    """Return the fix for a name that is close to one of the contract's; None: it is to none."""
    meant = close_to(name, known)
    return meant and f"{meant} Correct it, or declare it in the contract."


def _texts(names: tuple[str, ...], values: Mapping[str, object], at_ms: int) -> tuple[str, ...]:
    """Return values as normalised text; `at` is the moment in unix seconds, as on the wire."""
    texts: list[str] = []
    for name in names:
        value = to_seconds(at_ms) if name == "at" and name not in values else values[name]
        texts.append(value if isinstance(value, str) else normal_text(value))
    return tuple(texts)


def normal_text(value: object) -> str:
    """Return a normalised value as the text that keys and comparisons are made of.

    Text is itself, a number is plain decimal text without trailing zeros, a boolean
    is `true` or `false`; a list or an object is compact JSON with sorted keys, in
    which equal numbers are written alike.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return plain(value)
    return encode(_sorted(value)).decode()


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        held = cast("dict[str, object]", value)
        return {name: _sorted(held[name]) for name in sorted(held)}
    if isinstance(value, list):
        return [_sorted(one) for one in cast("list[object]", value)]
    return Decimal(plain(value)) if isinstance(value, Decimal) else value


def _empty_keys(names: tuple[str, ...], key: tuple[str, ...]) -> tuple[Finding, ...]:
    return tuple(
        _at("key_empty", f"properties.{name}", f"`{name}` is part of the key and is empty.")
        for name, text in zip(names, key, strict=True)
        if not text.strip()
    )
