"""The short way from a record's bytes to what an event says: for records in their usual form.

It does steps 1 and 2 in one: a single pass of the JSON reader gives the record and its
properties in the form that the contract declares (`truthpoint.contract.usual`). What is
not so, for whatever reason, goes the long way, by `records` and `examine`, and so does every
record of which anything is to be said. Tests hold the two ways to the same answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, Union, cast

import msgspec

from truthpoint.contract.usual import Unusual, UsualEvent, Written
from truthpoint.values.instants import (
    EARLIEST_MOMENT_MS,
    MOMENT_LEAD_MS,
    InstantRefused,
    from_iso,
)

from .records import LONGEST_NAME
from .reused import is_reused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from truthpoint.contract.model import Contract, Event

encode: Final = msgspec.json.Encoder(decimal_format="number").encode

_OTHERWISE: Final = (
    Unusual,
    # What the reader refuses (also as text), and what a validator cannot judge.
    ValueError,
    RecursionError,
    # A list or an object in the place of an amount, and a record that names no event.
    TypeError,
    KeyError,
    # A number whose exponent no reader takes.
    ArithmeticError,
)

_UNSET: Final = msgspec.UNSET
_NO_LINKS: Final[Mapping[str, object]] = {}


class UsualRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A track record in its usual form; nothing is to be said of its form or properties.

    Attributes:
        event: What the contract says of its event.
        person_id: The canonical id as given, as text; it is still to be judged.
        at_ms: When it happened.
        links: The other identifiers as given.
        values: Its properties in normalised form; an object within is a struct.
        encoded: The same as one JSON object.
    """

    event: Event
    person_id: str
    at_ms: int
    links: Mapping[str, object]
    values: Mapping[str, object]
    encoded: bytes


class UsualRecords:
    """Reads records in their usual form under one contract; compiled once.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._identifiers = frozenset({"id", *contract.person.links})
        self._forms = dict(_forms(contract))
        types = tuple(_record_type(name, form.type) for name, (_, form) in self._forms.items())
        # A union of one would take a record that does not name its event.
        of_any: Any = Union[(*types, _Nothing)]
        self._decode = msgspec.json.Decoder(of_any, float_hook=Written).decode

    def read(
        self, body: bytes, *, source: str, captured_at_ms: int, kept_as: str | None
    ) -> UsualRecord | None:
        """Return the record in these bytes; None: it is not, or may not be, in its usual form.

        Args:
            body: What should be one JSON object in UTF-8.
            source: The source under which it is kept.
            captured_at_ms: When it was captured.
            kept_as: The record id under which it is kept; None: that is not judged.
        """
        try:
            given = self._decode(body)
            event, form = self._forms[given.__struct_config__.tag]
            values, filled = form.normalised(given.properties)
        except _OTHERWISE:
            return None
        keys = _keys_of_record(given, event, source, kept_as)
        person: Any = given.person
        links: Mapping[str, object] = _NO_LINKS
        if isinstance(person, dict):
            links = cast("dict[str, str | int | None]", person)
            if not links.keys() <= self._identifiers:
                return None
            keys += len(links)
            person = links.get("id")
            if len(links) == 1:
                links = _NO_LINKS
        at_ms = _at(given.at, captured_at_ms)
        if not keys or at_ms is None or person is None:
            return None
        encoded = encode(values)
        keys += encoded.count(b'":') - filled
        if b"\\" in encoded or keys != body.translate(None, b" \t\n\r").count(b'":'):
            # An object may name one key twice, of which the reader keeps one: the bytes hold
            # at least one `":` for each key that they name, and so do these, which hold no
            # other, as long as no text of theirs has a quote in it.
            return None
        return UsualRecord(
            event=event,
            person_id=person if isinstance(person, str) else str(person),
            at_ms=at_ms,
            links=links,
            values=values,
            encoded=encoded,
        )


class _Nothing(msgspec.Struct, tag_field="event", tag="", forbid_unknown_fields=True, gc=False):
    """What names no event of the contract: there is no form of it."""


def _forms(contract: Contract) -> Iterator[tuple[str, tuple[Event, UsualEvent]]]:
    """Return the events that have a usual form."""
    for name, event in contract.events.items():
        if event.owner not in contract.sources or name != event.name:
            continue
        try:
            yield name, (event, UsualEvent(event, contract.currency))
        except (Unusual, ValueError):
            continue


def _record_type(event: str, properties: type[Any]) -> type[Any]:
    """Return the struct of the records of an event."""
    fields: list[Any] = [
        ("type", Literal["track"]),
        ("person", str | int | dict[str, str | int | None]),
        ("properties", properties),
        *((name, str | msgspec.UnsetType, _UNSET) for name in ("at", "source", "record_id")),
        ("version", int | msgspec.UnsetType, _UNSET),
    ]
    return msgspec.defstruct(
        "Record",
        fields,
        tag_field="event",
        tag=event,
        forbid_unknown_fields=True,
        kw_only=True,
        eq=False,
        gc=False,
    )


def _keys_of_record(given: Any, event: Event, source: str, kept_as: str | None) -> int:
    """Return how many keys the record itself has; 0: one of them says something unusual."""
    keys = 4
    record_id = None
    if event.owner != source:
        return 0
    if given.source is not _UNSET:
        if given.source != source or not 0 < len(source) <= LONGEST_NAME:
            return 0
        keys += 1
    if given.record_id is not _UNSET:
        record_id = given.record_id
        if not 0 < len(record_id) <= LONGEST_NAME:
            return 0
        keys += 1
    if kept_as is not None and is_reused(kept_as, record_id):
        return 0
    if given.version is not _UNSET:
        keys += 1
        if given.version != event.version:
            return 0
    elif event.version != 1:
        return 0
    return keys if given.at is _UNSET else keys + 1


def _at(given: Any, captured_at_ms: int) -> int | None:
    """Return when it happened; None: that is to be refused."""
    if given is _UNSET:
        return captured_at_ms
    try:
        at_ms = from_iso(given)
    except InstantRefused:
        return None
    return at_ms if EARLIEST_MOMENT_MS <= at_ms <= captured_at_ms + MOMENT_LEAD_MS else None
