"""A tracker that keeps what it is told in memory: for tests of the code that tells it.

There is no file, no worker and no process, and the contract judges as it does in
production.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import msgspec

from truthpoint.capture import Recorder, ResultKind, SharedJournal, Tracker
from truthpoint.capture.async_tracker import AsyncTracker
from truthpoint.contract import Contract, read
from truthpoint.core.examine import Examiner
from truthpoint.core.examined import Broken
from truthpoint.core.records import Unreadable, read_record
from truthpoint.stores.memory import MemoryJournal, MemoryShelf
from truthpoint.values.instants import to_iso

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from truthpoint.capture import OnInvalid
    from truthpoint.core.decision import JournalRow
    from truthpoint.findings import Finding

_SAYS: Final = {
    "identify": "attributes",
    "track": "properties",
    "link": "links",
    "merge": "from",
    "consent": "consents",
}
"""The key under which a record of each type has what it says."""

_decode: Final = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """One record as it was captured.

    Attributes:
        type: `identify`, `track`, `link`, `merge`, `erase` or `consent`.
        person: Identifiers; `id` is the canonical one.
        at: ISO 8601 in UTC: when it happened, or when it was captured.
        event: Name of the event; empty unless the type is `track`.
        source: Where it comes from.
        record_id: Its id within its source.
        said: What it says, as it was given: the properties, the attributes, the links, the
            consents, or the identifiers of who is merged; amounts are Decimal, or int when
            they were written without a point.
        test: Whether it is of a shop's test mode.
        result: `accepted`, or `invalid`: it would be quarantined.
        findings: What the contract says of it.
    """

    type: str
    person: Mapping[str, object]
    at: str
    event: str
    source: str
    record_id: str
    said: Mapping[str, object]
    test: bool
    result: ResultKind
    findings: tuple[Finding, ...]


class Capturing:
    """A tracker, and what it captured; made by `capturing()`.

    Attributes:
        tracker: To be given to the code under test.
        async_tracker: Its asyncio twin; both capture into the same place.
    """

    def __init__(self, contract: Contract, *, source: str, on_invalid: OnInvalid) -> None:
        self._examiner = Examiner(contract)
        self._shelf = MemoryShelf()
        journal = SharedJournal(lambda: MemoryJournal(self._shelf), owner="tracker")
        recorder = Recorder(journal, self._examiner, _Now(), source=source)
        self.tracker = Tracker(recorder, journal, contract, on_invalid=on_invalid)
        self.async_tracker = AsyncTracker(recorder, journal, contract, on_invalid=on_invalid)

    @property
    def records(self) -> list[Captured]:
        """Every record that was captured, in order; repeats are not among them."""
        return [self._captured(row) for row in list(self._shelf.records.values())]

    def events(self, name: str) -> list[Captured]:
        """Return the captured records of one event, in order."""
        return [one for one in self.records if one.event == name]

    def of_type(self, kind: str) -> list[Captured]:
        """Return the captured records of one type, such as `link`, in order."""
        return [one for one in self.records if one.type == kind]

    def _captured(self, row: JournalRow) -> Captured:
        read = read_record(row.body, source=row.source, captured_at_ms=row.captured_at_ms)
        examined = self._examiner.examine(read, source=row.source, kept_as=row.record_id)
        broken = isinstance(examined, Broken)
        given = cast("dict[str, dict[str, object]]", _decode(row.body))
        named = cast("dict[str, str]", given)
        return Captured(
            type=named["type"],
            person=given.get("person", {}),
            at=named.get("at", "") if isinstance(read, Unreadable) else to_iso(read.at_ms),
            event=named.get("event", ""),
            source=row.source,
            record_id=row.record_id,
            said=given.get(_SAYS.get(named["type"], ""), {}),
            test=named.get("test", False) is True,
            result=ResultKind.INVALID if broken else ResultKind.ACCEPTED,
            findings=examined.findings,
        )


class _Now:
    """The machine's time of day."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000


def capturing(
    contract: str | PathLike[str] | Contract,
    *,
    source: str | None = None,
    on_invalid: OnInvalid = "capture",
) -> Capturing:
    """Return a tracker that keeps what it is told in memory.

    Args:
        contract: The contract, or the path of its file.
        source: The source of records that name none; None: `backend`, or the contract's first.
        on_invalid: As for `truthpoint.open()`.

    Raises:
        ContractInvalid: The contract does not load.
        OSError: Its file cannot be read.
    """
    if not isinstance(contract, Contract):
        contract = read(Path(contract).read_bytes(), file=str(contract))
    if source is None:
        known = contract.sources
        source = "backend" if "backend" in known else next(iter(known))
    return Capturing(contract, source=source, on_invalid=on_invalid)
