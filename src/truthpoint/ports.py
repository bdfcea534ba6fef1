"""What the shells need from the world, as protocols; adapters provide it, `runtime` joins them.

Three durable moments, each one commit: *accepted* (`Journal.append`), *decided*
(`Store.commit`), *settled* (`Store.settle`). A crash between two of them repeats work
and loses none. `truthpoint.testing.conformance` is the suite that every store passes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from .core.views import Backlog, Binding, PersonView, Step, Waiting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from .core.answers import Answer
    from .core.decision import (
        Decision,
        JournalRow,
        LedgerKey,
        LedgerRow,
        Outcome,
        PersonRow,
    )
    from .core.outbox import Totals
    from .core.pauses import Pause, PauseKind
    from .core.rates import Pace, Rates
    from .core.reused import Reused
    from .core.turns import Turn
    from .core.watch import Alert, Episode
    from .core.wire import WireRequest
    from .findings import Finding

__all__ = [
    "AlertMemory",
    "Appended",
    "Backlog",
    "Binding",
    "Capture",
    "Clock",
    "Desk",
    "Entropy",
    "Fate",
    "Hook",
    "HookFailed",
    "Journal",
    "PersonView",
    "Result",
    "Settlement",
    "Step",
    "Store",
    "Transport",
    "TransportFailed",
    "Waiting",
]


class Clock(Protocol):
    """The time of day; waiting is the event loop's business."""

    def now_ms(self) -> int:
        """Return the present in milliseconds since 1970, UTC."""
        ...


class Entropy(Protocol):
    """Chance, for jitter."""

    def draw(self) -> float:
        """Return a number from [0, 1)."""
        ...


class TransportFailed(Exception):
    """No answer came: the request may or may not have been applied.

    Args:
        kind: `connect`, `timeout` or `lost`: what failed, without addresses or payload.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(kind)


class Transport(Protocol):
    """The way to the Track API."""

    async def send(self, request: WireRequest) -> Answer:
        """Send one request and return its answer, whatever its status; never follow a redirect.

        Raises:
            TransportFailed: No complete answer came within the time limit.
        """
        ...

    async def close(self) -> None:
        """Let go of all connections."""
        ...


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


class Result(StrEnum):
    """What became of one piece of a turn."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"


class Fate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a piece, and why.

    Attributes:
        result: Delivered, again later, or dead.
        reason: Why it is dead or comes again; empty for a plain delivery.
    """

    result: Result
    reason: str = ""


class Settlement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a turn.

    Attributes:
        turn: The turn, as it was leased.
        operations: Operation id to its fate; every operation of the turn is in it.
        identify: Fate of the identify of our making; None when the turn had none.
        totals: Fate of the totals; None when the turn had none.
        not_before_ms: The person's next turn is not leased before; 0: at once.
        failures: How many of their turns in a row, with this one, failed and may be the cause.
    """

    turn: Turn
    operations: Mapping[int, Fate] = msgspec.field(default_factory=dict[int, Fate])
    identify: Fate | None = None
    totals: Fate | None = None
    not_before_ms: int = 0
    failures: int = 0

    @property
    def refusal(self) -> str:
        """Why the identify of our making was refused for good; empty: it was not."""
        dead = self.identify is not None and self.identify.result is Result.DEAD
        return self.identify.reason if dead and self.identify is not None else ""


class Store(Protocol):
    """State and outbox, as the one worker of a store sees them.

    Everything after `acquire` names its lease implicitly; once a newer worker has
    acquired the store, every write of the older one raises `LeaseLost`.
    """

    def acquire(self) -> tuple[Finding, ...]:
        """Become the store's worker; what an earlier one had leased is ready again.

        Returns:
            What was found and mended on the way, for an operator.

        Raises:
            StoreBusy: Another worker holds the store.
        """
        ...

    def binding(self) -> Binding | None:
        """Return what the store is bound to; None before its first delivery."""
        ...

    def bind(self, binding: Binding) -> None:
        """Bind the store, for good. Called once, before the first delivery."""
        ...

    def rollups(self) -> str | None:
        """Return how totals are computed; None before the first worker has said it."""
        ...

    def keep_rollups(self, definition: str) -> None:
        """Remember how totals are computed from now on."""
        ...

    def undecided(self, limit: int, *, limit_bytes: int | None = None) -> list[JournalRow]:
        """Return the next undecided records: replayed ones first, then in the journal's order.

        Args:
            limit: How many, at most.
            limit_bytes: Of all their bodies, at most; one record always comes. None: no limit.
        """
        ...

    def known(
        self, ids: Collection[str], keys: Collection[LedgerKey]
    ) -> tuple[list[PersonRow], list[LedgerRow]]:
        """Return what is known of these canonical ids and ledger keys."""
        ...

    def totals(self, people: Collection[int]) -> list[Totals]:
        """Return the totals of these person keys, where they have any."""
        ...

    def next_ids(self) -> tuple[int, int]:
        """Return the first free person key and the first free operation id."""
        ...

    def commit(self, decision: Decision) -> None:
        """Write a decision and the records that it settles, all or nothing.

        Raises:
            LeaseLost: Another worker holds the store, or the records were settled already.
            ValueError: The store cannot keep what the decision holds.
        """
        ...

    def lease(self, now_ms: int, *, operations: int) -> list[Turn]:
        """Return turns of people who are not away, most urgent lane and oldest first.

        A person is away from here until the turn is settled. Every check at packing is
        made in the transaction that leases: nobody comes whom a pause holds, and no
        operation of a paused event, nor what stands behind it (law 7).

        Args:
            now_ms: The present.
            operations: About how many operations to lease; at least one turn comes if any is due.
        """
        ...

    def settle(self, settlements: Sequence[Settlement], *, now_ms: int) -> None:
        """Record what became of turns, all or nothing, and let their people go on."""
        ...

    def next_due_ms(self) -> int | None:
        """Return when the earliest postponed person whom no pause holds may go on, if any."""
        ...

    def keep_pace(self, pace: Pace) -> None:
        """Remember how delivery went lately; only the last one is kept."""
        ...

    def pause_revision(self) -> int:
        """Return a number that rises whenever something is paused."""
        ...

    def close(self) -> None:
        """Give the lease back and let go of the files."""
        ...


class Desk(Protocol):
    """What an operator looks at and decides; safe beside a running worker."""

    def backlog(self) -> Backlog:
        """Return how far the work has come."""
        ...

    def rates(self, now_ms: int) -> Rates:
        """Return how fast records come and operations go, over the last minute."""
        ...

    def person(self, canonical_id: str, *, limit: int) -> PersonView | None:
        """Return one person with their latest steps; None when nobody goes by this id."""
        ...

    def events(self, key: str | None, *, event: str | None, limit: int) -> list[Step]:
        """Return the records of events, newest last, by a key's value or by an event's name."""
        ...

    def listed(self, outcome: Outcome, *, limit: int) -> list[Step]:
        """Return quarantined or dead records, oldest first."""
        ...

    def record(self, record: int) -> tuple[JournalRow, Step, tuple[Finding, ...]] | None:
        """Return one record with its bytes, how it stands and what was found about it."""
        ...

    def replay(self, outcome: Outcome, records: Iterable[int] | None) -> int:
        """Send quarantined records to be decided again, or dead ones to be sent again.

        With a dead record that no identify preceded goes everything of that person that is
        dead for the same reason: an identify is tried again for all of it (law 4).

        Args:
            outcome: Quarantined or dead.
            records: The journal's numbers; None: all.

        Returns:
            How many there were.
        """
        ...

    def discard(self, outcome: Outcome, records: Iterable[int] | None) -> int:
        """Withhold quarantined or dead records for good, as `discarded`; return how many."""
        ...

    def pause(self, pause: Pause) -> bool:
        """Put a pause in force from the next lease on; False when it was in force already."""
        ...

    def resume(self, kind: PauseKind, name: str) -> bool:
        """Lift a pause; False when there was none."""
        ...

    def pauses(self) -> tuple[Pause, ...]:
        """Return the pauses in force, oldest first."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


class HookFailed(Exception):
    """A hook did not take an alert.

    Args:
        reason: Why, without what the hook said.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Hook(Protocol):
    """The way to an operator."""

    async def send(self, message: bytes, alert: Alert) -> None:
        """Hand over one alert, as JSON.

        Raises:
            HookFailed: It was not taken.
        """
        ...

    async def close(self) -> None:
        """Let go of what it holds."""
        ...


class AlertMemory(Protocol):
    """Where it is kept which episodes were told, over restarts."""

    def load(self) -> Mapping[Episode, int]:
        """Return the episodes that were told and not ended."""
        ...

    def save(self, told: Mapping[Episode, int]) -> None:
        """Keep them."""
        ...
