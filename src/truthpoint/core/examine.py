"""Step 2 of 6: what a record is under the contract.

Capture asks it for advice to the caller; the decision asks it again, and that answer
counts. It needs no state: the same record and contract give the same answer always.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, assert_never

from truthpoint.contract.check import Checker
from truthpoint.contract.nodes import close_to
from truthpoint.contract.rules import OnViolation
from truthpoint.findings import Finding, Where, finding, has_errors

from .completing import Catalogue, lacking
from .examined import (
    Broken,
    Erasing,
    Examined,
    Identity,
    Lacking,
    Linking,
    Merging,
    Moment,
    NotOwner,
    Word,
)
from .keying import empty_keys, ends_of, texts, touches_key
from .naming import Naming, identifiers_among, named, permanent
from .people import Who
from .records import Record, RecordType, Unreadable, read_record
from .reused import is_reused
from .usual import UsualRecords, encode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.contract.model import Contract, Event

    from .usual import UsualRecord


class Examiner:
    """Examines records under one contract; compiled once, used for many.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.naming = Naming(contract)
        self._checker = Checker(contract)
        self._usual = UsualRecords(contract)
        self._catalogue = Catalogue(contract)
        self._consents = frozenset(
            one.name for one in contract.person.attributes if one.consent is not None
        )

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
        moment = None if usual is None else self._usual_moment(usual)
        if moment is not None:
            return moment
        record = read_record(body, source=source, captured_at_ms=captured_at_ms)
        return self.examine(record, source=source, kept_as=kept_as)

    def _usual_moment(self, usual: UsualRecord) -> Moment | None:
        """Return the moment of a usual record; None when there is something to say of it."""
        text, event = usual.person_id, usual.event
        if not text.strip() or self.naming.wrong_id(text):
            return None
        links: tuple[tuple[str, str], ...] = ()
        if usual.links:
            links, findings = self.naming.links(usual.links)
            if findings:
                return None
        if event.complete and lacking(event, usual.values):
            return None
        key = texts(event.key, usual.values, usual.at_ms)
        if not all(map(str.strip, key)):
            return None
        return Moment(
            event=event,
            who=Who(id=text, links=links, permanent=permanent(event, usual.values)),
            at_ms=usual.at_ms,
            values=usual.values,
            encoded=usual.encoded,
            key=key,
            compare=texts(event.compare, usual.values, usual.at_ms),
        )

    def examine(
        self,
        record: Record | Unreadable,
        *,
        source: str | None = None,
        kept_as: str | None = None,
        completed: bool = False,
    ) -> Examined:
        """Return what a record is under the contract.

        Args:
            record: The record as it was read.
            source: The source under which it is kept; a record that names another one is
                broken. None: the one that it names.
            kept_as: The record id under which it is kept; it is broken when that shows that
                its own was used before, for other content. None: that is not judged.
            completed: Whether it was completed from its start, as far as that is known.
        """
        examined = self._examined(record, source, completed=completed)
        if kept_as is None or not is_reused(kept_as, record.record_id):
            return examined
        reused = _at("record_id_reused", "record_id", _OTHER_CONTENT)
        return Broken(
            findings=(reused, *examined.findings),
            event=_event_of(examined),
            who=examined.who,
            test=examined.test,
        )

    def _examined(
        self, record: Record | Unreadable, source: str | None, *, completed: bool
    ) -> Examined:
        if isinstance(record, Unreadable):
            return Broken(findings=record.findings)
        of_source = self._of_source(record, source)
        match record.type:
            case RecordType.TRACK:
                return self._event(record, of_source, completed=completed)
            case RecordType.IDENTIFY:
                return self._identify(record, of_source)
            case RecordType.LINK:
                return self._link(record, of_source)
            case RecordType.MERGE:
                return self._merge(record, of_source)
            case RecordType.ERASE | RecordType.READMIT:
                return self._erase(record, of_source)
            case RecordType.CONSENT:
                return self._word(record, of_source)
            case _:  # pragma: no cover - the type checker holds this line
                assert_never(record.type)

    def _of_source(self, record: Record, source: str | None) -> tuple[Finding, ...]:
        if source is not None and record.source != source:
            return (_at("source_not_its_own", "source", _OTHER_SOURCE),)
        if record.source not in self.contract.sources:
            fix = _meant(record.source, tuple(self.contract.sources))
            return (_at("source_unknown", "source", _NO_SOURCE, fix=fix),)
        return ()

    def first_identify(self, identity: Identity) -> tuple[Finding, ...]:
        """Return the findings of an identify that is the first of its person."""
        return self._checker.attributes(identity.given, first=True).findings

    def _event(
        self, record: Record, of_source: tuple[Finding, ...], *, completed: bool
    ) -> Examined:
        event = self.contract.events.get(record.event)
        who, of_person = self._who(record)
        if event is None:
            fix = _meant(record.event or "", tuple(self.contract.events))
            unknown = _at("event_unknown", "event", _NO_EVENT, fix=fix)
            if who.id is None and not who.links:
                of_person += _unless_said(of_person, self.naming, record)
            return Broken(findings=(*of_source, unknown, *of_person), test=record.test)
        tied = permanent(event, record.body)
        who = named(who, tied)
        stands_in = event.fallback is not None and event.fallback.source == record.source
        if event.owner != record.source and not of_source and not stands_in:
            evidence = f"`{event.name}` belongs to the source `{event.owner}`."
            return NotOwner(
                event=event.name,
                who=who,
                at_ms=record.at_ms,
                ends=ends_of(event, record.body),
                findings=(finding("not_owner", evidence),),
                test=record.test,
            )
        if not completed:
            lacks = lacking(event, record.body)
            if lacks and not self._is_wrong_otherwise(event, record):
                return Lacking(event=event, who=who, record=record, lacks=lacks)
        version, of_version = self._version(event, record.version)
        findings = of_source + of_version
        if who.id is None and not who.identifiers:
            of_person = (*of_person, *_unless_said(of_person, self.naming, record))
        return self._moment(version, record, who, findings, of_person, stands_in=stands_in)

    def _is_wrong_otherwise(self, event: Event, record: Record) -> bool:
        """Tell whether an event breaks the contract whatever its start has said."""
        body = self._catalogue.complete(event, record.body)
        return has_errors(self._checker.event(event, body, before_completion=True).findings)

    def _moment(
        self,
        event: Event,
        record: Record,
        who: Who,
        findings: tuple[Finding, ...],
        of_person: tuple[Finding, ...],
        *,
        stands_in: bool,
    ) -> Examined:
        """Return an event of its owner: valid, minimal or broken."""
        body = self._catalogue.complete(event, record.body)
        checked = self._checker.event(event, body)
        values, of_body = checked.values, checked.findings
        is_minimal = (
            has_errors(of_body)
            and event.on_violation is OnViolation.SEND_MINIMAL
            and not touches_key(event, of_body)
        )
        if is_minimal:
            values = self._checker.minimal(event, body)
        found = findings + of_person + of_body
        key: tuple[str, ...] = ()
        if not has_errors(of_body) or is_minimal:
            key = texts(event.key, values, record.at_ms)
            of_key = empty_keys(event.key, key)
            found += of_key
        bad = has_errors(findings + of_person) or (has_errors(found) and not is_minimal)
        if bad or (is_minimal and not all(map(str.strip, key))):
            return Broken(
                findings=found,
                event=event.name,
                who=who,
                at_ms=record.at_ms,
                ends=ends_of(event, record.body),
                test=record.test,
            )
        return Moment(
            event=event,
            who=who,
            at_ms=record.at_ms,
            values=values,
            encoded=encode(values),
            key=key,
            compare=texts(event.compare, values, record.at_ms),
            findings=found,
            test=record.test,
            stands_in=stands_in,
        )

    def _identify(self, record: Record, of_source: tuple[Finding, ...]) -> Examined:
        who, of_person = self._known(record)
        checked = self._checker.attributes(record.body)
        findings = of_source + of_person + checked.findings
        if has_errors(findings):
            return Broken(findings=findings, who=who, test=record.test)
        told = identifiers_among(checked.values)
        links = dict(who.links) | dict(told)
        return Identity(
            who=Who(id=who.id, links=self._in_order(links)),
            at_ms=record.at_ms,
            attributes=checked.values,
            given=record.body,
            findings=findings,
            test=record.test,
        )

    def _link(self, record: Record, of_source: tuple[Finding, ...]) -> Examined:
        who, of_person = self._known(record)
        linked, of_links = self.naming.who(record.links, path="links")
        findings = of_source + of_person
        if of_links:
            evidence = f"{len(of_links)} of its `links` cannot lead to anybody."
            findings = (*findings, _at("link_not_usable", "links", evidence))
        if has_errors(findings):
            return Broken(findings=findings, who=who, test=record.test)
        links = self._in_order(dict(who.links) | dict(linked.links))
        return Linking(
            who=Who(id=who.id, links=links),
            at_ms=record.at_ms,
            findings=findings,
            test=record.test,
        )

    def _merge(self, record: Record, of_source: tuple[Finding, ...]) -> Examined:
        who, of_person = self._known(record)
        other, of_other = self.naming.who(record.other, path="from")
        if other.id is None and not other.links:
            evidence = "`from` names nobody."
            of_other = (*of_other, _at("person_unresolved", "from", evidence))
        findings = of_source + of_person + of_other
        if has_errors(findings):
            return Broken(findings=findings, who=who, test=record.test)
        return Merging(
            who=who, other=other, at_ms=record.at_ms, findings=findings, test=record.test
        )

    def _erase(self, record: Record, of_source: tuple[Finding, ...]) -> Examined:
        who, of_person = self._known(record)
        findings = of_source + of_person
        if has_errors(findings):
            return Broken(findings=findings, who=who, test=record.test)
        return Erasing(
            who=who,
            at_ms=record.at_ms,
            readmits=record.type is RecordType.READMIT,
            findings=findings,
            test=record.test,
        )

    def _word(self, record: Record, of_source: tuple[Finding, ...]) -> Examined:
        who, of_person = self._known(record)
        unknown = len(record.consents.keys() - self._consents)
        findings = of_source + of_person
        if unknown:
            evidence = f"{unknown} of its `consents` are no consent attributes of the contract."
            findings = (*findings, _at("consent_unknown", "consents", evidence))
        if has_errors(findings):
            return Broken(findings=findings, who=who, test=record.test)
        return Word(
            who=who,
            at_ms=record.at_ms,
            consents=record.consents,
            findings=findings,
            test=record.test,
        )

    def _version(self, event: Event, version: int | None) -> tuple[Event, tuple[Finding, ...]]:
        if version is None:
            if event.version == 1:
                return event, ()
            evidence = f"The record names no version; `{event.name}` is at {event.version}."
            return event, (_at("version_assumed", "version", evidence),)
        told = event.of_version(version)
        if told is not None:
            return told, ()
        versions = ", ".join(str(one.version) for one in (*event.earlier, event))
        evidence = f"The contract declares version {versions} of `{event.name}`."
        return event, (_at("version_unknown", "version", evidence),)

    def _who(self, record: Record) -> tuple[Who, tuple[Finding, ...]]:
        return self.naming.who(record.person)

    def _known(self, record: Record) -> tuple[Who, tuple[Finding, ...]]:
        """Return whom a record names, of a type that must name somebody."""
        who, findings = self._who(record)
        if who.id is None and not who.links:
            findings += _unless_said(findings, self.naming, record)
        return who, findings

    def _in_order(self, links: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return links in the contract's order; an email or phone needs no declaration."""
        kinds = self.contract.person.links
        more = sorted(links.keys() - set(kinds))
        return tuple((kind, links[kind]) for kind in (*kinds, *more) if kind in links)


def _unless_said(
    findings: tuple[Finding, ...], naming: Naming, record: Record
) -> tuple[Finding, ...]:
    """Return that a record names nobody, unless what is wrong with its id was said."""
    said = any(one.severity == "error" and one.where.path == "person.id" for one in findings)
    return () if said else (naming.unresolved(record.person),)


_NO_SOURCE: Final = "The contract does not declare the record's source."
_OTHER_SOURCE: Final = "The record names another source than the one that it came under."
_OTHER_CONTENT: Final = "Its source used its record id before, for other content."
_NO_EVENT: Final = "The contract does not declare the record's event."


def _event_of(examined: Examined) -> str | None:
    """Return the name of the contract's event that a record tells of, if it tells of one."""
    match examined:
        case Moment() | Lacking():
            return examined.event.name
        case NotOwner() | Broken():
            return examined.event
        case _:
            return None


def _at(code: str, path: str, evidence: str, *, fix: str | None = None) -> Finding:
    return finding(code, evidence, where=Where(path=path), fix=fix)


@lru_cache(maxsize=256)
def _meant(name: str, known: tuple[str, ...]) -> str | None:
    """Return the fix for a name that is close to one of the contract's; None: it is to none."""
    meant = close_to(name, known)
    return meant and f"{meant} Correct it, or declare it in the contract."
