"""What application code says, the same for the blocking and the asyncio face.

Each face is this class with one method of its own: how a prepared record is kept. So a
call's words, checks and errors are written once, and what it returns differs.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeVar, cast

from truthpoint.findings import finding

from .encode import encode_record
from .meant import Meant
from .recorder import Receipt, Recorder, ResultKind, not_refused
from .saying import RESERVED, identifiers, invalid, joined, record_of, see_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from truthpoint.contract.model import Contract
    from truthpoint.errors import CaptureFailed
    from truthpoint.findings import Finding
    from truthpoint.ports import Capture

    from .recorder import Prepared
    from .shared import SharedJournal

Told = TypeVar("Told", covariant=True)  # noqa: PLC0105 - it reads as what a caller is told

OnInvalid = Literal["capture", "raise"]
OnFailure = Literal["raise", "log"]

_RESERVED_OF_IDENTIFY: Final = RESERVED | {"attributes"}
_RESERVED_OF_LINK: Final = RESERVED | {"links"}
_RESERVED_OF_CONSENT: Final = RESERVED | {"consents"}
_NONE: Final[frozenset[str]] = frozenset()

_logger: Final = logging.getLogger("truthpoint")


class Face(ABC, Generic[Told]):
    """The words of a tracker; see `Tracker` and `AsyncTracker`."""

    def __init__(
        self,
        recorder: Recorder,
        journal: SharedJournal,
        contract: Contract,
        *,
        on_invalid: OnInvalid = "capture",
        on_failure: OnFailure = "raise",
    ) -> None:
        self._recorder = recorder
        self._journal = journal
        self._meant = Meant(contract)
        self._raises_invalid = on_invalid == "raise"
        self._logs_failure = on_failure == "log"
        self._logged: set[str] = set()

    def identify(  # noqa: PLR0913 - each word of a record is a keyword
        self,
        person: str | int | Mapping[str, object],
        *,
        at: datetime | str | None = None,
        source: str | None = None,
        record_id: str | None = None,
        connection: object = None,
        test: bool = False,
        attributes: Mapping[str, object] | None = None,
        **more: object,
    ) -> Told:
        """Say what is known of a person.

        Args:
            person: The canonical id, or a mapping of identifiers in which `id` is it.
            at: When it became true; an aware datetime. None: now.
            source: Who says it; None: the tracker's source.
            record_id: The source's own id of this record, by which a repeat is known.
            connection: Refused in this version: no store can join its transaction.
            test: Whether it is of a shop's test mode.
            attributes: Attributes by any name; None deletes, what is absent stays alone.
            more: Attributes by keyword.

        Returns:
            The receipt; the record is durable.

        Raises:
            UsageError: An argument cannot work: a float, a naive datetime, a name given
                twice; or the tracker is closed.
            RecordInvalid: It is over 1 MiB; or, with `on_invalid="raise"`, it breaks the
                contract. It was not kept.
            CaptureFailed: It could not be made durable; it was not kept.
        """
        see_connection(connection)
        given = joined("attributes", attributes, more)
        said = record_of("identify", person, at=at, source=source, record_id=record_id, test=test)
        said["attributes"] = given
        reserved = _RESERVED_OF_IDENTIFY if more else _NONE
        return self._say(said, partial(self._meant.attributes, given, reserved))

    def track(  # noqa: PLR0913 - each word of a record is a keyword
        self,
        event: str,
        /,
        *,
        person: str | int | Mapping[str, object],
        at: datetime | str | None = None,
        source: str | None = None,
        version: int | None = None,
        record_id: str | None = None,
        connection: object = None,
        test: bool = False,
        properties: Mapping[str, object] | None = None,
        **more: object,
    ) -> Told:
        """Say that something happened.

        Args:
            event: The event's name in the contract.
            person: The canonical id, or a mapping of identifiers in which `id` is it.
            at: When it happened; an aware datetime. None: now.
            source: Who says it; None: the tracker's source.
            version: Version of the event; None: the current one.
            record_id: The source's own id of this record, by which a repeat is known.
            connection: Refused in this version: no store can join its transaction.
            test: Whether it is of a shop's test mode.
            properties: Properties by any name.
            more: Properties by keyword.

        Returns:
            The receipt; the record is durable.

        Raises:
            UsageError: An argument cannot work: a float, a naive datetime, a name given
                twice; or the tracker is closed.
            RecordInvalid: It is over 1 MiB; or, with `on_invalid="raise"`, it breaks the
                contract. It was not kept.
            CaptureFailed: It could not be made durable; it was not kept.
        """
        see_connection(connection)
        given = joined("properties", properties, more)
        said = record_of("track", person, at=at, source=source, record_id=record_id, test=test)
        said["event"] = event
        if version is not None:
            said["version"] = version
        said["properties"] = given
        reserved = RESERVED if more else _NONE
        return self._say(said, partial(self._meant.properties, event, given, reserved))

    def link(  # noqa: PLR0913 - each word of a record is a keyword
        self,
        person: str | int | Mapping[str, object],
        *,
        at: datetime | str | None = None,
        source: str | None = None,
        record_id: str | None = None,
        connection: object = None,
        test: bool = False,
        links: Mapping[str, object] | None = None,
        **more: object,
    ) -> Told:
        """Say that further identifiers lead to a person, such as a vendor's id.

        Args:
            person: The canonical id, or a mapping of identifiers in which `id` is it.
            at: When it became true; an aware datetime. None: now.
            source: Who says it; None: the tracker's source.
            record_id: The source's own id of this record, by which a repeat is known.
            connection: Refused in this version: no store can join its transaction.
            test: Whether it is of a shop's test mode.
            links: Identifiers by their kind, which the contract declares.
            more: Identifiers by keyword.

        Returns:
            The receipt; the record is durable.

        Raises:
            UsageError: An argument cannot work or a name was given twice; or the tracker is closed.
            RecordInvalid: It is over 1 MiB; or, with `on_invalid="raise"`, it breaks the
                contract. It was not kept.
            CaptureFailed: It could not be made durable; it was not kept.
        """
        see_connection(connection)
        said = record_of("link", person, at=at, source=source, record_id=record_id, test=test)
        said["links"] = given = joined("links", links, more)
        reserved = _RESERVED_OF_LINK if more else _NONE
        return self._say(said, partial(self._meant.links, given, reserved))

    def merge(  # noqa: PLR0913 - each word of a record is a keyword
        self,
        person: str | int | Mapping[str, object],
        *,
        from_: str | int | Mapping[str, object],
        at: datetime | str | None = None,
        source: str | None = None,
        record_id: str | None = None,
        connection: object = None,
        test: bool = False,
    ) -> Told:
        """Say that two people turned out to be one.

        The record's key is `from`, which Python keeps for itself.

        Args:
            person: Who stays: the canonical id, or a mapping in which `id` is it.
            from_: Who is merged into them, and whose id is a link from then on.
            at: When that became known; an aware datetime. None: now.
            source: Who says it; None: the tracker's source.
            record_id: The source's own id of this record, by which a repeat is known.
            connection: Refused in this version: no store can join its transaction.
            test: Whether it is of a shop's test mode.

        Returns:
            The receipt; the record is durable.

        Raises:
            UsageError: An argument cannot work; or the tracker is closed.
            RecordInvalid: It is over 1 MiB; or, with `on_invalid="raise"`, it breaks the
                contract. It was not kept.
            CaptureFailed: It could not be made durable; it was not kept.
        """
        see_connection(connection)
        said = record_of("merge", person, at=at, source=source, record_id=record_id, test=test)
        who = identifiers("from_", from_)
        if who is not None:
            said["from"] = who
        return self._say(said, _nothing)

    def erase(
        self,
        person: str | int | Mapping[str, object],
        *,
        at: datetime | str | None = None,
        source: str | None = None,
        record_id: str | None = None,
        connection: object = None,
        test: bool = False,
    ) -> Told:
        """Say that a person is to be erased: what is personal goes, and nothing more is sent.

        Args:
            person: The canonical id, or a mapping of identifiers in which `id` is it.
            at: When it was asked for; an aware datetime. None: now.
            source: Who says it; None: the tracker's source.
            record_id: The source's own id of this record, by which a repeat is known.
            connection: Refused in this version: no store can join its transaction.
            test: Whether it is of a shop's test mode.

        Returns:
            The receipt; the record is durable.

        Raises:
            UsageError: An argument cannot work; or the tracker is closed.
            RecordInvalid: It is over 1 MiB; or, with `on_invalid="raise"`, it breaks the
                contract. It was not kept.
            CaptureFailed: It could not be made durable; it was not kept.
        """
        see_connection(connection)
        said = record_of("erase", person, at=at, source=source, record_id=record_id, test=test)
        return self._say(said, _nothing)

    def consent(  # noqa: PLR0913 - each word of a record is a keyword
        self,
        person: str | int | Mapping[str, object],
        *,
        at: datetime | str | None = None,
        source: str | None = None,
        record_id: str | None = None,
        connection: object = None,
        test: bool = False,
        consents: Mapping[str, bool] | None = None,
        **more: bool,
    ) -> Told:
        """Say what a person consents to, or no longer, when that was said elsewhere.

        Such as in Customer.io or in a preference centre; a form of the shop's own says it with
        `identify`.

        Args:
            person: The canonical id, or a mapping of identifiers in which `id` is it.
            at: When it was said; an aware datetime. None: now.
            source: Who says it; None: the tracker's source.
            record_id: The source's own id of this record, by which a repeat is known.
            connection: Refused in this version: no store can join its transaction.
            test: Whether it is of a shop's test mode.
            consents: True or False by the name of the consent's attribute.
            more: The same by keyword.

        Returns:
            The receipt; the record is durable.

        Raises:
            UsageError: An argument cannot work or a name was given twice; or the tracker is closed.
            RecordInvalid: It is over 1 MiB; or, with `on_invalid="raise"`, it breaks the
                contract. It was not kept.
            CaptureFailed: It could not be made durable; it was not kept.
        """
        see_connection(connection)
        said = record_of("consent", person, at=at, source=source, record_id=record_id, test=test)
        said["consents"] = given = joined("consents", consents, more)
        reserved = _RESERVED_OF_CONSENT if more else _NONE
        return self._say(said, partial(self._meant.consents, given, reserved))

    def _say(self, said: dict[str, object], alike: Callable[[], tuple[Finding, ...]]) -> Told:
        """Make a record ready and keep it; judge it before only where that can stop it."""
        self._journal.see_open()
        body = encode_record(said)
        prepared = self._recorder.prepare_unread(
            body,
            source=cast("str | None", said.get("source")),
            record_id=cast("str | None", said.get("record_id")),
            alike=alike,
        )
        capture = not_refused(prepared, body)
        if self._raises_invalid:
            receipt = prepared.receipt
            if receipt.result is ResultKind.INVALID or any(
                one.code == "name_alike" for one in receipt.findings
            ):
                raise invalid(receipt.findings)
        return self._keep(capture, prepared)

    @abstractmethod
    def _keep(self, capture: Capture, prepared: Prepared) -> Told:
        """Make a record durable and return its receipt."""

    def _failed(self, prepared: Prepared, failure: CaptureFailed) -> Receipt:
        """Log a failure, each cause once until a capture succeeds, and return its receipt."""
        if failure.message not in self._logged:
            self._logged.add(failure.message)
            _logger.error(
                "Records could not be made durable and were not kept: %s "
                "(Said once for each cause, until a capture succeeds.)",
                failure,
            )
        found = finding("capture_failed", failure.message)
        findings = (*prepared.receipt.findings, found)
        return Receipt(record_id="", result=ResultKind.FAILED, findings=findings)

    def _succeeded(self) -> None:
        if self._logged:
            self._logged.clear()


def _nothing() -> tuple[Finding, ...]:
    """Return what can be misspelled of a record without names of the contract."""
    return ()
