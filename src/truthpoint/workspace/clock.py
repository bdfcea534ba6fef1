"""The workspace's time: the machine's, ahead of it, or standing still; kept in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from .messages import MALFORMED

if TYPE_CHECKING:
    from collections.abc import Callable

    from .database import Database

LATEST_S: Final = 4_102_444_800
"""2100-01-01: later than this the clock does not go."""

_SAYS: Final = 'send one of {"at": unix seconds}, {"advance_seconds": number} and {"run": true}'


class Clock:
    """What time it is in the workspace.

    Args:
        machine: Tells the machine's time, in unix seconds.
        database: Where the difference is kept.
    """

    def __init__(self, machine: Callable[[], float], database: Database) -> None:
        self._machine = machine
        self._database = database
        self._ahead_seconds = 0.0
        self._standing_at: float | None = None
        row = database.one("clock")
        if row is not None:
            self._ahead_seconds, self._standing_at = row

    def now(self) -> float:
        """Return the time, in unix seconds."""
        if self._standing_at is not None:
            return self._standing_at
        return self._machine() + self._ahead_seconds

    def put(self, body: bytes) -> str:
        """Set the clock as the body of `PUT /local/clock` says; return what is wrong with it.

        `at` sets the time and stops the clock, `advance_seconds` moves it and leaves it
        running or standing, `run` lets it run on from where it is.
        """
        try:
            given: Any = msgspec.json.decode(body)
        except MALFORMED:
            return f"the body must be JSON: {_SAYS}"
        if not isinstance(given, dict) or len(cast("dict[str, Any]", given)) != 1:
            return _SAYS
        ((name, value),) = cast("dict[str, Any]", given).items()
        if name == "run":
            return self._run() if value is True else _SAYS
        if not isinstance(value, int | float) or isinstance(value, bool):
            return _SAYS
        if name == "at":
            return self._set(float(value))
        if name == "advance_seconds":
            return self._advance(float(value))
        return _SAYS

    def use_machine(self) -> None:
        """Tell the machine's own time again."""
        self._keep(0.0, None)

    def forget(self) -> None:
        """Tell the machine's time; the file is emptied by the caller."""
        self._ahead_seconds, self._standing_at = 0.0, None

    def shown(self) -> dict[str, Any]:
        """Return the clock as the control API shows it."""
        return {
            "at": self.now(),
            "runs": self._standing_at is None,
            "ahead_seconds": round(self.now() - self._machine(), 3),
        }

    def _set(self, at: float) -> str:
        if not 0 <= at <= LATEST_S:
            return f"at must be from 0 to {LATEST_S}, in unix seconds"
        self._keep(0.0, at)
        return ""

    def _advance(self, seconds: float) -> str:
        if not 0 <= seconds <= LATEST_S - self.now():
            return f"advance_seconds must be at least 0, and lead to {LATEST_S} at most"
        if self._standing_at is None:
            self._keep(self._ahead_seconds + seconds, None)
        else:
            self._keep(0.0, self._standing_at + seconds)
        return ""

    def _run(self) -> str:
        if self._standing_at is not None:
            self._keep(self._standing_at - self._machine(), None)
        return ""

    def _keep(self, ahead_seconds: float, standing_at: float | None) -> None:
        self._database.run("put_clock", ahead_seconds, standing_at)
        self._ahead_seconds, self._standing_at = ahead_seconds, standing_at
