"""Parts of a contract that rule what becomes of records; the events that carry them: `model`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Unidentified(StrEnum):
    """What becomes of a record whose person has no canonical id yet."""

    QUARANTINE = "quarantine"
    UNDER_EMAIL = "under_email"
    """The person lives under the email until an id is learned."""
    ANONYMOUS = "anonymous"
    """An anonymous event, which Customer.io associates when the person is known."""


class OnViolation(StrEnum):
    """What becomes of a record of the owner that breaks the contract."""

    QUARANTINE = "quarantine"
    SEND_MINIMAL = "send_minimal"
    """It is sent with what is right of it, declared defaults, and `incomplete: true`."""


class Erase(StrEnum):
    """What becomes at Customer.io of a person who is erased (law 20)."""

    SUPPRESS = "suppress"
    """They are removed, and what comes for them later is ignored there too."""
    DELETE = "delete"
    """They are removed; what comes for them later would make them anew."""


class Channel(StrEnum):
    """What a consent is for; `all` stands for Customer.io's `unsubscribed`."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    IN_APP = "in_app"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unresolved:
    """What happens to a record by an identifier that it does carry.

    Attributes:
        then: What becomes of it.
        hold_ms: How long it is held first, for its person may become known; 0: not at all.
    """

    then: Unidentified
    hold_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """A boolean attribute that is a person's word about messages (law 12).

    Attributes:
        channel: What it is about.
        topic: Number of the subscription topic, from 1; None exactly for the channel `all`.
    """

    channel: Channel
    topic: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A property that is taken over from an earlier event of the same correlation.

    Attributes:
        property: The property that may lack.
        event: The earlier event.
        taken: Its property, of the same type.
    """

    property: str
    event: str
    taken: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """The event whose moments an event corrects: their contributions, not what was sent.

    Attributes:
        event: The corrected event.
        by: The properties of the correcting event that equal the key of the corrected one,
            in the key's order.
    """

    event: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """The source that may emit an event when its owner is silent.

    Attributes:
        source: The source.
        after_ms: How long the owner must have been silent.
    """

    source: str
    after_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """A table that completes what line items leave out.

    Attributes:
        file: Path of a CSV file, from the contract's folder.
        by: The property of line items that names the row.
    """

    file: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Qa:
    """The people who get what is still being tried out.

    Attributes:
        emails: Patterns of their emails, `*` for any text.
        ids: Patterns of their canonical ids.
        attribute: The attribute that marks them at Customer.io; None: none does.
    """

    emails: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    attribute: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A person's word that a campaign stops at an event.

    Attributes:
        campaign: The campaign's number at Customer.io.
        event: The event at which it stops.
        attested: The day on which somebody saw to it, as YYYY-MM-DD.
    """

    campaign: int
    event: str
    attested: str
