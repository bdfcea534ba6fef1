"""The contract as frozen values: what the rest of the product reads.

Built by `truthpoint.contract.read` from the file, or by hand in tests. Nothing here
knows about YAML or places in a file.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final

import msgspec

from .rules import Erase, OnViolation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from truthpoint.findings import Finding

    from .rules import (
        Catalog,
        Completion,
        Consent,
        Correction,
        Fallback,
        Qa,
        Stop,
        Unresolved,
    )


MERGE_DELAY_MS: Final = 10_000
"""How long after the primary's identify was answered a merge is sent, unless told otherwise."""

RAW_RETENTION_MS: Final = 30 * 86_400_000
"""How long raw bytes are kept that cannot be searched by person, unless told otherwise."""


class Kind(StrEnum):
    """The built-in types (design, section 4)."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    CURRENCY = "currency"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    DATE = "date"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    LIST = "list"
    OBJECT = "object"


class Lane(IntEnum):
    """How urgent an operation is; a smaller number goes first (law 8)."""

    CRITICAL = 0
    LIVE = 1
    BACKFILL = 2


class Extra(StrEnum):
    """What happens to properties that the contract does not declare."""

    STRIP = "strip"
    ALLOW = "allow"
    QUARANTINE = "quarantine"


class RollupKind(StrEnum):
    """How a rollup is computed."""

    COUNT = "count"
    SUM = "sum"
    EARLIEST = "earliest"
    LATEST = "latest"
    COUNT_DISTINCT = "count_distinct"
    FIRST = "first"
    LAST = "last"


class Foreign(StrEnum):
    """What becomes of money in another currency than the reporting one."""

    REFUSE = "refuse"
    """It is not added, and a finding says so."""
    PER_CURRENCY = "per_currency"
    """It is kept beside the total, each currency in an attribute of its own."""
    RATES = "rates"
    """It is converted by a table of the contract."""


class Type(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A type with its bounds, named types resolved.

    Attributes:
        kind: The built-in type.
        unit: `s` or `ms`: a timestamp given as a number; None: ISO 8601 text only.
        minimum: Least value of a number or money, inclusive.
        maximum: Greatest value of a number or money, inclusive.
        pattern: Regular expression that a text matches somewhere (JSON Schema's rule).
        choices: The only values allowed; empty allows all.
        item: The type of a list's items; None for every other kind.
        fields: The properties of an object; empty for every other kind.
    """

    kind: Kind
    unit: str | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    item: Type | None = None
    fields: tuple[Property, ...] = ()


class Property(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A named value of an event, of an object, or of a person (an attribute).

    Attributes:
        name: Its name, also on the wire.
        type: Its type.
        required: It must be given. A property of an event or object that is not
            required has a default (law 15); an attribute needs neither.
        default: What is sent when it is not given, in normalised form.
        personal: It holds personal data.
        consent: What it permits or forbids; None: nothing. Only of attributes.
        description: For people.
    """

    name: str
    type: Type
    required: bool = False
    default: object = None
    personal: bool = False
    consent: Consent | None = None
    description: str = ""


class Close(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One start that an event closes (law 9).

    Attributes:
        event: The start.
        by: The property that both carry.
        skew_ms: How much later than its close a start may have happened and still be closed.
        else_person: Whether a close without its correlation closes all open starts of its
            person; otherwise it closes none.
    """

    event: str
    by: str
    skew_ms: int = 0
    else_person: bool = False


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A business moment that the shop tells.

    Attributes:
        name: Its name, for good.
        version: Current version, from 1.
        wire: The name under which it is sent; Customer.io triggers by it (law 14).
        owner: The one source that may emit it (law 6).
        key: The properties (or `at`) that make it the same moment; empty: every record is one.
        correlation: The property that ties it to its siblings.
        compare: The properties in which a repeat must not differ.
        closes: The starts that it closes.
        lane: How urgent it is.
        extra: What happens to undeclared properties.
        properties: What it says, in the order of the contract.
        on_violation: What becomes of its owner's record that breaks the contract.
        stale_after_ms: How old an undelivered start may become; None: up to the horizon.
        expected_lag_ms: How late it usually arrives; None: nothing is said.
        complete: Properties that are taken over from an earlier event.
        fallback: Who may emit it when the owner is silent; None: nobody.
        samples: Paths of files with records of it, from the contract's folder.
        links: Link kind and property of what it ties to its person for good, such as an order.
        stage: `qa`: only the people of the contract's `qa` get it; empty: everybody does.
        corrects: The event whose totals it corrects; None: none.
        earlier: Older versions that are still taken, rising; each differs from this one in
            version, wire, properties and description only (law 14).
        description: For people.
    """

    name: str
    owner: str
    wire: str
    version: int = 1
    key: tuple[str, ...] = ()
    correlation: str | None = None
    compare: tuple[str, ...] = ()
    closes: tuple[Close, ...] = ()
    lane: Lane = Lane.LIVE
    extra: Extra = Extra.STRIP
    properties: tuple[Property, ...] = ()
    on_violation: OnViolation = OnViolation.QUARANTINE
    stale_after_ms: int | None = None
    expected_lag_ms: int | None = None
    complete: tuple[Completion, ...] = ()
    fallback: Fallback | None = None
    samples: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    stage: str = ""
    corrects: Correction | None = None
    earlier: tuple[Event, ...] = ()
    description: str = ""

    def of_version(self, version: int) -> Event | None:
        """Return the event as one of its versions has it; None when that is not taken."""
        if version == self.version:
            return self
        return next((one for one in self.earlier if one.version == version), None)


class Rollup(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An attribute computed from the ledger (law 10).

    Attributes:
        name: The attribute's name.
        kind: How it is computed.
        event: The event whose moments count.
        property: What a sum adds, and what is counted, first or last; `items.sku` is a
            property of a list's items. None for the other kinds.
        minus_event: The event whose amounts a sum takes off again; None: nothing is.
        minus_property: The property of `minus_event` that is taken off.
        minus_of: The property of `minus_event` that holds the key of the moment of `event`
            which it takes off from; None: it is taken off at once.
        wait_ms: How long after its capture a moment of `minus_event` waits for that one.
        where: Properties with the normalised values that a moment must have to count, of
            `event` and of `minus_event` alike; empty: every moment counts.
        foreign: What becomes of money in another currency.
        rates: Currency to what one unit of it is in the reporting currency.
    """

    name: str
    kind: RollupKind
    event: str
    property: str | None = None
    minus_event: str | None = None
    minus_property: str | None = None
    minus_of: str | None = None
    wait_ms: int = 0
    where: tuple[tuple[str, tuple[object, ...]], ...] = ()
    foreign: Foreign = Foreign.REFUSE
    rates: tuple[tuple[str, Decimal], ...] = ()


class Bucket(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A derived attribute: the step that a rollup has reached, sent with the totals.

    Attributes:
        name: The attribute's name.
        rollup: A count, a sum, or a count of distinct values.
        steps: Word and least total of each, rising from 0; below 0 the first one holds too.
        description: For people.
    """

    name: str
    rollup: str
    steps: tuple[tuple[str, Decimal], ...]
    description: str = ""

    def word(self, total: Decimal | int) -> str:
        """Return the word of the highest step that a total reaches."""
        reached = self.steps[0][0]
        for word, least in self.steps:
            if total >= least:
                reached = word
        return reached


class Person(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who the events are about, and the one id they go by (law 3).

    Attributes:
        id_name: What the shop calls the canonical id.
        pattern: Regular expression that a canonical id matches; None: any text.
        links: The kinds of other identifiers.
        unresolved: What happens to a record without a canonical id, by link, `other` and
            `none`; what is not named is quarantined.
        attributes: What is known of a person.
        merge_delay_ms: How long after the primary's identify was answered a merge is sent.
        erase: What becomes of an erased person at Customer.io.
        description: For people.
    """

    id_name: str = "id"
    pattern: str | None = None
    links: tuple[str, ...] = ()
    unresolved: Mapping[str, Unresolved] = msgspec.field(default_factory=dict[str, "Unresolved"])
    attributes: tuple[Property, ...] = ()
    merge_delay_ms: int = MERGE_DELAY_MS
    erase: Erase = Erase.SUPPRESS
    description: str = ""


class Secret(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A value that stands in the environment, never in the contract.

    Attributes:
        variable: The environment variable that holds it.
    """

    variable: str


class Source(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where records come from.

    Attributes:
        name: Its name, as records give it.
        kind: `app`: the shop's own code; `customerio`: what Customer.io reports, which owns
            no event and says consent alone.
    """

    name: str
    kind: str = "app"


class Workspace(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A Customer.io environment that a store can deliver to.

    Attributes:
        name: `local`, `staging`, `production`, …
        url: Base URL; only for `local`, and only on loopback.
        region: `us` or `eu`; None for `local`.
        workspace_id: The id that the credentials must lead to; None for `local`.
        site_id: User of the Track API.
        api_key: Password of the Track API.
        app_key: Bearer of the App API, for reading back.
    """

    name: str
    url: str | None = None
    region: str | None = None
    workspace_id: int | None = None
    site_id: Secret | None = None
    api_key: Secret | None = None
    app_key: Secret | None = None


class Contract(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One shop's contract.

    Attributes:
        shop: Its name; part of every event id.
        currency: The reporting currency of money rollups.
        person: Who, and by which id.
        events: By name, in the order of the file.
        rollups: By name, in the order of the file.
        buckets: Derived attributes, in the order of the file.
        sources: By name.
        workspaces: By name; `local` is always there.
        catalog: What completes line items; None: nothing does.
        catalog_rows: The catalog's rows: each column's text, by the value of its `by`.
        qa: Who gets what is still being tried out; None: nobody.
        stops: At which event a campaign stops, as somebody attested.
        segments: Path of a file with segments; None: none is named.
        templates: Path of a folder with templates; None: none is named.
        raw_retention_ms: How long raw bytes are kept that cannot be searched by person.
        fingerprint: First 16 hex digits of SHA-256 over the file's bytes; carried by records.
        notes: What is worth knowing about the file, in its order; it loads all the same.
    """

    shop: str
    currency: str = "USD"
    person: Person = msgspec.field(default_factory=Person)
    events: Mapping[str, Event]
    rollups: Mapping[str, Rollup] = msgspec.field(default_factory=dict[str, "Rollup"])
    buckets: tuple[Bucket, ...] = ()
    sources: Mapping[str, Source]
    workspaces: Mapping[str, Workspace] = msgspec.field(default_factory=dict[str, "Workspace"])
    catalog: Catalog | None = None
    catalog_rows: Mapping[str, Mapping[str, str]] = msgspec.field(
        default_factory=dict[str, "Mapping[str, str]"]
    )
    qa: Qa | None = None
    stops: tuple[Stop, ...] = ()
    segments: str | None = None
    templates: str | None = None
    raw_retention_ms: int = RAW_RETENTION_MS
    fingerprint: str = ""
    notes: tuple[Finding, ...] = ()
