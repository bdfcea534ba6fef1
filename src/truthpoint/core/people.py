"""Who a person is to us: a row, the address by which Customer.io knows them, and links to them.

A value that names somebody (an email, a vendor's id) is an *identifier*: its kind and the
value itself. It *leads* to whoever holds it, at the time asked for (law 3).
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

import msgspec

from .outbox import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable

Identifier = tuple[str, str]
"""Kind and value of what names somebody: `("email", "ana@example.org")`."""

ID: Final = "id"
"""Kind of canonical ids, also of those that a merge has made links."""

EMAIL: Final = "email"
PHONE: Final = "phone"
ANONYMOUS: Final = "anonymous_id"

ONE_AT_A_TIME: Final = frozenset({EMAIL, PHONE})
"""Kinds of which a person has one value at a time: the next one ends the last."""

_encode: Final = msgspec.json.Encoder().encode
_PREFIXES: Final = {kind: f'{{"{kind}":' for kind in (ID, EMAIL, ANONYMOUS)}


def address_of(kind: str, value: str) -> str:
    """Return the address that an identifier makes: the `identifiers` of the wire, as JSON."""
    return f"{_PREFIXES[kind]}{_encode(value).decode()}}}"


def address_of_erased(person: int) -> str:
    """Return an address that names nobody, for the row that is left of somebody erased."""
    return f'{{"erased":"{person}"}}'


def has_address(kind: str, address: str) -> bool:
    """Tell whether an address is made of an identifier of this kind."""
    return address.startswith(_PREFIXES[kind])


def named_by(address: str) -> Identifier:
    """Return the identifier that an address is made of."""
    ((kind, value),) = msgspec.json.decode(address, type=dict[str, str]).items()
    return kind, value


class Grade(IntEnum):
    """How sure a link is. The numbers are stored: never reorder them."""

    ASSERTED = 0
    """An identify or a link said it, or a business event whose contract ties it."""
    INFERRED = 1
    """Two identifiers came together in one record."""
    FROZEN = 2
    """It led to two people by inference, so it leads to nobody."""


class PersonRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person as the store knows them.

    Attributes:
        person: Our immutable person key.
        canonical_id: The one id they go by; None: none is known yet.
        address: The `identifiers` by which Customer.io knows them, as JSON.
        standing: Whether Customer.io knows them.
        identified: Whether the shop ever sent an identify of theirs.
    """

    person: int
    canonical_id: str | None
    address: str
    standing: Standing = Standing.UNKNOWN
    identified: bool = False

    @property
    def is_anonymous(self) -> bool:
        """Whether nothing but an anonymous id is known of them."""
        return has_address(ANONYMOUS, self.address)

    @property
    def is_erased(self) -> bool:
        """Whether nothing is known of them any more."""
        return self.address == address_of_erased(self.person)


def by_id(person: int, canonical_id: str, *, identified: bool = False) -> PersonRow:
    """Return a new person who goes by an id."""
    return PersonRow(
        person=person,
        canonical_id=canonical_id,
        address=address_of(ID, canonical_id),
        identified=identified,
    )


class LinkRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One identifier and one person whom it names, or named.

    Attributes:
        kind: Kind of the identifier.
        value: The identifier, normalised.
        person: The person key.
        grade: How sure it is.
        from_ms: When they are known to have had it first.
        last_ms: When it was asserted of them last, of a kind of which a person has one value at
            a time: they may have had another one in between. 0 for all else.
        until_ms: When they had another of its kind instead, or none; None: they have it still.
    """

    kind: str
    value: str
    person: int
    grade: Grade
    from_ms: int
    last_ms: int = 0
    until_ms: int | None = None


class Who(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a record says of its person, normalised.

    Attributes:
        id: The canonical id; None: it carries none.
        links: Other identifiers, in the order in which the contract declares their kinds.
        permanent: Identifiers of business things that the record's event ties to its person;
            of a record that breaks the contract, all else in it that names somebody.
    """

    id: str | None = None
    links: tuple[Identifier, ...] = ()
    permanent: tuple[Identifier, ...] = ()

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """All identifiers but the canonical id."""
        return self.links + self.permanent


NOBODY: Final = Who()
"""A record that names nobody."""


def holder(rows: Iterable[LinkRow], at_ms: int, grade: Grade) -> int | None:
    """Return the person key to whom an identifier leads at a time; None: to nobody.

    Who had it at the time, else who had it first: an identifier stays with its last holder
    until it is somebody else's. Inferred links lead only where no other link is.

    Args:
        rows: All links of one identifier.
        at_ms: When what names it happened.
        grade: Asserted or inferred: which links to go by.
    """
    if grade is Grade.INFERRED:
        (only, *others) = rows
        return only.person if not others and only.grade is grade else None
    asserted = sorted((one.from_ms, one.person) for one in rows if one.grade is grade)
    if not asserted:
        return None
    past = [person for from_ms, person in asserted if from_ms <= at_ms]
    return past[-1] if past else asserted[0][1]
