"""State and outbox, as the one worker of a store sees them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import msgspec

from truthpoint.core.outbox import Action

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from truthpoint.core.decision import Decision, JournalRow
    from truthpoint.core.outbox import Operation
    from truthpoint.core.rates import Pace
    from truthpoint.core.turns import Turn
    from truthpoint.core.views import Binding
    from truthpoint.findings import Finding

    from .forgetting import Forgetting
    from .knowledge import Books


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
    def merged(self) -> list[Operation]:
        """The merges in it that were accepted; each goes alone."""
        if not self.turn.alone:
            return []
        return [
            one
            for one in self.turn.operations
            if one.action is Action.MERGE and self.operations[one.id].result is Result.DELIVERED
        ]

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

    @property
    def knowledge(self) -> Books:
        """What it knows, as far as a batch of records is about it."""
        ...

    @property
    def forgetting(self) -> Forgetting:
        """What is to be forgotten, and what is asked of Customer.io before that is certain."""
        ...

    def release(self, now_ms: int) -> None:
        """Let records be decided again whose time of waiting for their person is over."""
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
