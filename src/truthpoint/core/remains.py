"""What a record still says that breaks the contract: whom it names, and what it closes.

A record in quarantine has no effect but two. It closes what it would have closed (law 9), and
an erasure finds its bytes by whom it names, or keeps it away (law 20). So everything that names
somebody is read here, wherever it stands, and whatever else is wrong with the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from .examined import Broken
from .keying import ends_of
from .naming import identifiers_among, permanent
from .people import ID, Who
from .records import Record, RecordType, identifiers_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.contract.model import Contract, Event
    from truthpoint.findings import Finding

    from .naming import Naming
    from .people import Identifier
    from .records import Unreadable


class _Said(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a record may name somebody.

    Attributes:
        event: The name of its event; empty: it tells of none.
        person: Identifiers of its person.
        other: Identifiers of who is merged into them.
        links: Further identifiers.
        attributes: What is true of the person.
        properties: What its event says.
    """

    event: str
    person: Mapping[str, object]
    other: Mapping[str, object]
    links: Mapping[str, object]
    attributes: Mapping[str, object]
    properties: Mapping[str, object]


class Remains:
    """Reads what is left of records that break one contract.

    Args:
        contract: The contract.
        naming: Reads identifiers under it.
    """

    def __init__(self, contract: Contract, naming: Naming) -> None:
        self._contract = contract
        self._naming = naming

    def of(self, record: Record | Unreadable, findings: tuple[Finding, ...]) -> Broken:
        """Return a record for quarantine, with all that it still says.

        Args:
            record: The record as it was read.
            findings: All reasons.
        """
        said = _said_by(record) if isinstance(record, Record) else _said_in(record)
        event = self._contract.events.get(said.event)
        return Broken(
            findings=findings,
            event=None if event is None else event.name,
            who=self._who(said, event),
            at_ms=record.at_ms,
            ends=() if event is None else ends_of(_in_version(event, record), said.properties),
            test=record.test,
        )

    def _who(self, said: _Said, event: Event | None) -> Who:
        """Return whom a record names; who is merged takes the place of nobody."""
        person, other = self._naming.anybody(said.person), self._naming.anybody(said.other)
        linked = self._naming.anybody(said.links)
        more: list[Identifier] = [] if event is None else [*permanent(event, said.properties)]
        for one in (linked, other):
            more += one.links
            more += [] if one.id is None else [(ID, one.id)]
        more += identifiers_among(said.attributes)
        return Who(
            id=other.id if person.id is None else person.id,
            links=person.links,
            permanent=tuple(dict.fromkeys(more)),
        )


def _in_version(event: Event, record: Record | Unreadable) -> Event:
    """Return an event in the version that a record is of, as far as that can be told."""
    version = record.version if isinstance(record, Record) else None
    return (version is not None and event.of_version(version)) or event


def _said_by(record: Record) -> _Said:
    tells = record.type is RecordType.TRACK
    return _Said(
        event=record.event,
        person=record.person,
        other=record.other,
        links=record.links,
        attributes=record.body if record.type is RecordType.IDENTIFY else {},
        properties=record.body if tells else {},
    )


def _said_in(unreadable: Unreadable) -> _Said:
    """Return what stands where a record of any type says it."""
    given = unreadable.given
    event = given.get("event")
    tells = unreadable.type in (RecordType.TRACK, None)
    return _Said(
        event=event if tells and isinstance(event, str) else "",
        person=identifiers_in(given.get("person")) or {},
        other=identifiers_in(given.get("from")) or {},
        links=_object(given.get("links")),
        attributes=_object(given.get("attributes")),
        properties=_object(given.get("properties")),
    )


def _object(given: object) -> Mapping[str, object]:
    return cast("dict[str, object]", given) if isinstance(given, dict) else {}
