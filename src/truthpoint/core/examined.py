"""What a record is under the contract: the values between `examine` and `decide`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .people import NOBODY, Who

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.contract.model import Close, Event
    from truthpoint.findings import Finding

    from .records import Record

IDENTIFIER_ATTRIBUTES = frozenset({"email", "phone"})
"""Attributes that Customer.io treats as identifiers: changing one is a barrier (law 7)."""

Ends = tuple["Close", str]
"""How an event closes, and what ties it to its starts; empty where it carries nothing."""


class Moment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A valid event of its owner.

    Attributes:
        event: What the contract says of it, in the version that was told.
        who: Whose it is.
        at_ms: When it happened.
        values: Its properties, normalised and total, in the order of the contract.
        encoded: The same as one JSON object, as it is sent but for the event's id.
        key: The key values as normalised text in declared order; empty without a key.
        compare: The values that a repeat must not differ in, as normalised text.
        findings: Warnings and remarks.
        test: Whether it comes from a test mode.
        stands_in: Whether its source is the fallback of the event's owner.
    """

    event: Event
    who: Who
    at_ms: int
    values: Mapping[str, object]
    encoded: bytes
    key: tuple[str, ...]
    compare: tuple[str, ...]
    findings: tuple[Finding, ...] = ()
    test: bool = False
    stands_in: bool = False


class Lacking(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event of its owner that lacks what its start has said (`complete`).

    Attributes:
        event: What the contract says of it.
        who: Whose it is, as far as that can be read.
        record: The record, to be examined again once it is completed.
        lacks: Property, and the start's event, tie and property that it is taken from.
        findings: Nothing; what is found is found when it is complete.
        test: Whether it comes from a test mode.
    """

    event: Event
    who: Who
    record: Record
    lacks: tuple[tuple[str, str, str, str], ...]
    findings: tuple[Finding, ...] = ()
    test: bool = False


class Identity(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A valid identify.

    Attributes:
        who: Who is identified, as they are from now on.
        before: As they were named, where an attribute says another email or phone than the one
            that names them; None: none does.
        at_ms: When it became true.
        attributes: Normalised; None deletes.
        given: The attributes as they were given, to be judged again as a first identify.
        findings: Warnings and remarks.
        test: Whether it comes from a test mode.
    """

    who: Who
    before: Who | None = None
    at_ms: int
    attributes: Mapping[str, object]
    given: Mapping[str, object]
    findings: tuple[Finding, ...] = ()
    test: bool = False


class Linking(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A valid link.

    Attributes:
        who: Who it is, with all that is linked to them.
        at_ms: When it became true.
        findings: Warnings and remarks.
        test: Whether it comes from a test mode.
    """

    who: Who
    at_ms: int
    findings: tuple[Finding, ...] = ()
    test: bool = False


class Merging(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A valid merge.

    Attributes:
        who: Who stays.
        other: Who becomes part of them.
        at_ms: When it was said.
        findings: Warnings and remarks.
        test: Whether it comes from a test mode.
    """

    who: Who
    other: Who
    at_ms: int
    findings: tuple[Finding, ...] = ()
    test: bool = False


class Erasing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A valid erase, or the readmission of somebody who was erased.

    Attributes:
        who: Who.
        at_ms: When it was said.
        readmits: Whether it lifts an erasure.
        findings: Warnings and remarks.
        test: Whether it comes from a test mode.
    """

    who: Who
    at_ms: int
    readmits: bool = False
    findings: tuple[Finding, ...] = ()
    test: bool = False


class Word(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A valid change of consent, that was made elsewhere.

    Attributes:
        who: Whose.
        at_ms: When it was made.
        consents: Attribute to what was said.
        findings: Warnings and remarks.
        test: Whether it comes from a test mode.
    """

    who: Who
    at_ms: int
    consents: Mapping[str, bool]
    findings: tuple[Finding, ...] = ()
    test: bool = False


class NotOwner(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An event told by a source that does not own it (law 6).

    Attributes:
        event: The event's name.
        who: Whose it is, as far as that can be read.
        at_ms: When it happened.
        ends: What it closes all the same (law 9).
        findings: One remark.
        test: Whether it comes from a test mode.
    """

    event: str
    who: Who
    at_ms: int
    ends: tuple[Ends, ...] = ()
    findings: tuple[Finding, ...]
    test: bool = False


class Broken(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record that breaks the contract: for quarantine.

    Attributes:
        findings: All reasons; at least one is an error.
        event: The event's name, if it is one of the contract's.
        who: Whose it is, as far as that can be read.
        at_ms: When it happened, as far as that can be read.
        ends: What it closes all the same (law 9).
        test: Whether it comes from a test mode.
    """

    findings: tuple[Finding, ...]
    event: str | None = None
    who: Who = NOBODY
    at_ms: int = 0
    ends: tuple[Ends, ...] = ()
    test: bool = False


Examined = Moment | Lacking | Identity | Linking | Merging | Erasing | Word | NotOwner | Broken
