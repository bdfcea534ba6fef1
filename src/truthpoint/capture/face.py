"""What application code says, the same for the blocking and the asyncio face.

Each face is this class with one method of its own: how a prepared record is kept. So a
call's words, checks and errors are written once, and what it returns differs.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeVar, cast

from truthpoint.errors import RecordInvalid, UsageError
from truthpoint.findings import finding

from .encode import SHOWN_KEY, encode_record, instant_text
from .meant import Meant
from .recorder import Receipt, Recorder, ResultKind, not_refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from truthpoint.contract.model import Contract
    from truthpoint.errors import CaptureFailed
    from truthpoint.findings import Finding
    from truthpoint.ports import Capture

    from .recorder import Prepared
    from .shared import SharedJournal

Told = TypeVar("Told", covariant=True)  # noqa: PLC0105 - it reads as what a caller is told

OnInvalid = Literal["capture", "raise"]
OnFailure = Literal["raise", "log"]

RESERVED: Final = frozenset(
    {"person", "at", "source", "version", "record_id", "connection", "properties"}
)
"""Keywords of `track` and `identify`; a property of such a name goes into the mapping."""

_RESERVED_OF_IDENTIFY: Final = RESERVED | {"attributes"}
_NONE: Final[frozenset[str]] = frozenset()
_SHOWN_FINDINGS: Final = 5

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

    def identify(
        self,
        person: str | int | Mapping[str, object],
        *,
        at: datetime | str | None = None,
        source: str | None = None,
        record_id: str | None = None,
        connection: object = None,
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
        _see_connection(connection)
        for name in RESERVED & more.keys():
            raise UsageError(
                f"`{name}` is a reserved name and cannot be an attribute by keyword.",
                hint="Give it in the mapping: attributes={...}.",
            )
        given = _joined("attributes", attributes, more)
        said = _record("identify", person, at=at, source=source, record_id=record_id)
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
        _see_connection(connection)
        given = _joined("properties", properties, more)
        said = _record("track", person, at=at, source=source, record_id=record_id)
        said["event"] = event
        if version is not None:
            said["version"] = version
        said["properties"] = given
        reserved = RESERVED if more else _NONE
        return self._say(said, partial(self._meant.properties, event, given, reserved))

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
                raise _invalid(receipt.findings)
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


def _see_connection(connection: object) -> None:
    if connection is not None:
        raise UsageError(
            "`connection` joins a PostgreSQL transaction, and this store is SQLite: what is "
            "captured there cannot be rolled back with the application's own work.",
            hint="Leave it out, and call after the transaction was committed.",
        )


def _record(
    kind: str,
    person: str | int | Mapping[str, object],
    *,
    at: datetime | str | None,
    source: str | None,
    record_id: str | None,
) -> dict[str, object]:
    """Return what all records have."""
    said: dict[str, object] = {"type": kind}
    if isinstance(person, bool):
        raise UsageError("`person` is a boolean.", hint="Give the canonical id, or a mapping.")
    if isinstance(person, int):
        said["person"] = {"id": str(int(person))}
    elif isinstance(person, Mapping):
        said["person"] = person
    # Somebody who has no id yet: kept and quarantined, rather than lost at a checkout.
    elif person is not None:  # pyright: ignore[reportUnnecessaryComparison] - callers may be untyped
        said["person"] = {"id": person}
    if at is not None:
        said["at"] = instant_text(at, "at") if isinstance(at, datetime) else at
    if source is not None:
        said["source"] = source
    if record_id is not None:
        said["record_id"] = record_id
    return said


def _joined(
    name: str, given: Mapping[str, object] | None, more: dict[str, object]
) -> Mapping[str, object]:
    """Return what stands in a mapping and what was given by keyword."""
    if given is None:
        return more
    if not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
        raise UsageError(
            f"`{name}` is a {type(given).__name__}.", hint="Give a mapping of names to values."
        )
    twice = sorted(more.keys() & given.keys())
    if twice:
        shown = ", ".join(f"`{one}`" for one in twice if SHOWN_KEY.fullmatch(one))
        raise UsageError(
            f"Given by keyword and in `{name}`: {shown or 'a name'}.", hint="Give each once."
        )
    return {**given, **more}


def _invalid(findings: Iterable[Finding]) -> RecordInvalid:
    """Return the error of a record that breaks the contract."""
    all_found = tuple(findings)
    said = [f"{one.code} at {one.where.path}" if one.where.path else one.code for one in all_found]
    if len(said) > _SHOWN_FINDINGS:
        said[_SHOWN_FINDINGS:] = [f"and {len(said) - _SHOWN_FINDINGS} more"]
    return RecordInvalid(
        f"The record breaks the contract and was not kept: {', '.join(said)}.",
        hint="Each finding says how to mend it: see the error's `findings`.",
        findings=all_found,
    )
