"""Step 2 of 6: what a record is under the contract.

Capture asks it for advice to the caller; the decision asks it again, and that answer
counts. It needs no state: the same record and contract give the same answer always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from truthpoint.contract.check import Checker
from truthpoint.contract.rules import OnViolation
from truthpoint.findings import Finding, Where, finding, has_errors

from .completing import Catalogue, lacking
from .examined import (
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
from .naming import Naming, identifiers_among, meant, named, permanent
from .people import Who
from .records import Record, RecordType, Unreadable, read_record
from .remains import Remains
from .reused import is_reused
from .usual import UsualRecords, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
        self._remains = Remains(contract, self.naming)
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
        return self._remains.of(record, (reused, *examined.findings))

    def _examined(
        self, record: Record | Unreadable, source: str | None, *, completed: bool
    ) -> Examined:
        if isinstance(record, Unreadable):
            return self._remains.of(record, record.findings)
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
            fix = meant([record.source], self.contract.sources, _CORRECT_IT)
            return (_at("source_unknown", "source", _NO_SOURCE, fix=fix),)
        return ()

    def first_identify(self, identity: Identity) -> tuple[Finding, ...]:
        """Return the findings of an identify that is the first of its person."""
        return self._checker.attributes(identity.given, first=True).findings

    def _event(
        self, record: Record, of_source: tuple[Finding, ...], *, completed: bool
    ) -> Examined:
        event = self.contract.events.get(record.event)
        if event is None:
            _, of_person = self.naming.known(record.person)
            fix = meant([record.event], self.contract.events, _CORRECT_IT)
            unknown = _at("event_unknown", "event", _NO_EVENT, fix=fix)
            return self._remains.of(record, (*of_source, unknown, *of_person))
        who, of_person = self.naming.who(record.person)
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
            of_person = (*of_person, *self.naming.unless_said(of_person, record.person))
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
            return self._remains.of(record, found)
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
        who, of_person = self.naming.known(record.person)
        checked = self._checker.attributes(record.body)
        findings = of_source + of_person + checked.findings
        if has_errors(findings):
            return self._remains.of(record, findings)
        told = identifiers_among(checked.values)
        links = dict(who.links) | dict(told)
        return Identity(
            who=Who(id=who.id, links=self._in_order(links)),
            before=who if any(links[kind] != value for kind, value in who.links) else None,
            at_ms=record.at_ms,
            attributes=checked.values,
            given=record.body,
            findings=findings,
            test=record.test,
        )

    def _link(self, record: Record, of_source: tuple[Finding, ...]) -> Examined:
        who, of_person = self.naming.known(record.person)
        linked, of_links = self.naming.linked(record.links)
        findings = of_source + of_person + of_links
        if has_errors(findings):
            return self._remains.of(record, findings)
        links = self._in_order(dict(who.links) | dict(linked))
        return Linking(
            who=Who(id=who.id, links=links),
            at_ms=record.at_ms,
            findings=findings,
            test=record.test,
        )

    def _merge(self, record: Record, of_source: tuple[Finding, ...]) -> Examined:
        who, of_person = self.naming.known(record.person)
        other, of_other = self.naming.known(record.other, path="from")
        findings = of_source + of_person + of_other
        if has_errors(findings):
            return self._remains.of(record, findings)
        return Merging(
            who=who, other=other, at_ms=record.at_ms, findings=findings, test=record.test
        )

    def _erase(self, record: Record, of_source: tuple[Finding, ...]) -> Examined:
        who, of_person = self.naming.known(record.person)
        findings = of_source + of_person
        if has_errors(findings):
            return self._remains.of(record, findings)
        return Erasing(
            who=who,
            at_ms=record.at_ms,
            readmits=record.type is RecordType.READMIT,
            findings=findings,
            test=record.test,
        )

    def _word(self, record: Record, of_source: tuple[Finding, ...]) -> Examined:
        who, of_person = self.naming.known(record.person)
        findings = of_source + of_person + self._unknown_consents(frozenset(record.consents))
        if has_errors(findings):
            return self._remains.of(record, findings)
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

    def _unknown_consents(self, names: frozenset[str]) -> tuple[Finding, ...]:
        """Return why some names are no consents of the contract."""
        unknown = names - self._consents
        if not unknown:
            return ()
        said: list[str] = []
        without = [one.name for one in self.contract.person.attributes if one.name in unknown]
        if without:
            said.append(f"In the contract without a `consent`: {_listed(without)}.")
        undeclared = unknown.difference(without)
        if undeclared:
            are = "is" if len(undeclared) == 1 else "are"
            said.append(f"{len(undeclared)} of its `consents` {are} not in the contract.")
        said.append(f"Its consents are: {_listed(sorted(self._consents)) or 'none'}.")
        fix = meant(undeclared, sorted(self._consents), _CORRECT_IT)
        return (_at("consent_unknown", "consents", " ".join(said), fix=fix),)

    def _in_order(self, links: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Return links in the contract's order; an email or phone needs no declaration."""
        kinds = self.contract.person.links
        more = sorted(links.keys() - set(kinds))
        return tuple((kind, links[kind]) for kind in (*kinds, *more) if kind in links)


_NO_SOURCE: Final = "The contract does not declare the record's source."
_OTHER_SOURCE: Final = "The record names another source than the one that it came under."
_OTHER_CONTENT: Final = "Its source used its record id before, for other content."
_NO_EVENT: Final = "The contract does not declare the record's event."


_CORRECT_IT: Final = "Correct it, or declare it in the contract."


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _at(code: str, path: str, evidence: str, *, fix: str | None = None) -> Finding:
    return finding(code, evidence, where=Where(path=path), fix=fix)
