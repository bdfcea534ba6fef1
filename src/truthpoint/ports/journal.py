"""The journal: what was accepted, append-only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truthpoint.core.reused import Reused


class Capture(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record on its way into the journal.

    Attributes:
        source: Where it comes from.
        record_id: Its id, unique within its source for as long as the journal keeps it.
        captured_at_ms: When it was taken.
        contract: Fingerprint of the contract at hand; empty without one.
        body: Its bytes as they were said, at most `MAX_RECORD_BYTES`.
    """

    source: str
    record_id: str
    captured_at_ms: int
    contract: str
    body: bytes


class Appended(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a capture.

    Attributes:
        record: The journal's number of the record, or of the earlier one that it repeats.
        repeat: The source said the same under this record id before; nothing was kept.
        reused: Its source gave its id to other content before, so it has another one here.
    """

    record: int
    repeat: bool
    reused: Reused | None = None


class Journal(Protocol):
    """The append-only log of what was accepted; used by capture, in any number of processes."""

    def append(self, captures: Sequence[Capture]) -> list[Appended]:
        """Make captures durable, all or none, and return what became of each, in order.

        Raises:
            CaptureFailed: Nothing was kept: disk full, read-only, lock beyond its bound.
        """
        ...

    def close(self) -> None:
        """Let go of the files. Nothing waits in memory, so nothing is lost."""
        ...
