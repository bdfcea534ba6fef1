"""Time, chance, the network, and whoever is told of trouble."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.core.answers import Answer
    from truthpoint.core.watch import Alert, Episode
    from truthpoint.core.wire import WireRequest


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


class Reader(Protocol):
    """The way to ask Customer.io what it has: the App API."""

    @property
    def failure(self) -> str:
        """Why the latest question was not answered, without anything of a person; empty: it was."""
        ...

    async def find(self, identifiers: Mapping[str, str]) -> bool | None:
        """Tell whether one of these identifiers leads to a person there.

        A write takes effect about a second after its answer; whoever asks earlier is told of
        before.

        Args:
            identifiers: Kind to value. An id and an email can be asked for; any other kind
                cannot be told.

        Returns:
            True when one of them leads to somebody; False when none does; None when it cannot
            be told: no app key, no readable answer, or a kind that cannot be asked for.
        """
        ...

    async def close(self) -> None:
        """Let go of all connections."""
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
