"""A Customer.io of one's own: a request in, a reply out, and everything kept in one file."""

from __future__ import annotations

import secrets
import time
from sqlite3 import OperationalError
from threading import RLock
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from . import anonymous, bodies, control, delayed, guard, site
from .answering import answer
from .clock import Clock
from .database import Database
from .faults import Faults
from .messages import control_error, encode
from .operations import logged
from .switches import Switches
from .turn import Turn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .answering import Answer
    from .messages import Reply, Request

_LARGEST_LIFE: Final = 2**31 - 1
_LONGEST_CLIENT: Final = 200
"""Characters of the name that a client gives itself."""

_FORGOTTEN: Final = (
    "people",
    "attributes",
    "events",
    "activities",
    "devices",
    "suppressed",
    "anonymous",
    "anonymous_owners",
    "clock",
    "waiting",
    "items",
    "bodies",
    "log",
    "life",
)


class Workspace:
    """A local workspace.

    Args:
        path: Its file, made where it does not exist; None: memory.
        clock: Tells the machine's time in unix seconds; the control API can set the
            workspace's own apart from it.
        switches: The undocumented choices.
        stopwatch: Seconds from any moment on, by which requests are measured.

    Raises:
        WorkspaceError: The file is not a local workspace's, of a newer version, in use, or
            cannot be opened.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        clock: Callable[[], float] = time.time,
        switches: Switches = Switches(),  # noqa: B008 - a frozen value is safe to share
        stopwatch: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._stopwatch = stopwatch
        self._switches = switches
        self._faults = Faults()
        self._site = site.read()
        # One request at a time, whichever thread brings it: its number is its place in the order.
        self._lock = RLock()
        self._database = Database(path)
        self._clock = Clock(clock, self._database)
        self._can_wait = switches.apply_delay_seconds > 0 or delayed.is_waiting(self._database)
        row = self._database.one("life")
        self._life = self.reset() if row is None else int(row[0])

    @property
    def life(self) -> int:
        """The life's id, from 1: what the region answer calls `environment_id`."""
        return self._life

    def handle(self, request: Request) -> Reply:
        """Answer a request.

        Its effects and its line in the log are committed together before this returns. The
        control API and the page are not logged.
        """
        is_page = site.is_asked(request.path)
        is_control = request.path.startswith(control.PREFIX)
        denied = guard.refusal(request, is_own=is_page or is_control)
        if denied is not None:
            return denied
        if is_page:
            return self._page(request)
        with self._lock:
            try:
                if is_control:
                    self._settle()
                    return control.answer(request, self._levers())
                return self._exchange(request)
            except OperationalError as error:
                # Its text names no value: a full disk, a file that went away.
                return control_error(500, f"the local workspace cannot use its file: {error}")

    def reset(self) -> int:
        """Forget everything, faults included, begin a new life and return its id."""
        with self._lock:
            life = 1 + secrets.randbelow(_LARGEST_LIFE)
            with self._database.transaction():
                for name in _FORGOTTEN:
                    self._database.run(f"forget_{name}")
                self._clock.forget()
                self._database.run("begin_life", life, self._clock.now())
            self._faults.clear()
            self._life = life
            return life

    def close(self) -> None:
        """Close the file; a second time changes nothing."""
        with self._lock:
            self._database.close()

    def _page(self, request: Request) -> Reply:
        if request.method not in ("GET", "HEAD"):
            return control_error(405, "the page takes GET")
        return self._site.get(request.path) or control_error(404, "there is no such page")

    def _exchange(self, request: Request) -> Reply:
        """Answer a request of Customer.io's APIs, and log it in the same transaction."""
        began = self._stopwatch()
        now = self._clock.now()
        with self._database.transaction():
            self._apply_due(now)
            opened = self._database.run(
                "open_request",
                now,
                request.method,
                request.path,
                urlencode(request.query),
                request.headers.get("user-agent", "")[:_LONGEST_CLIENT],
                len(request.body),
            )
            turn = self._turn(now, int(opened.lastrowid or 0))
            answered = answer(turn, request, self._faults)
            turn.write_activities()
            self._log(turn, answered, began)
            bodies.keep(self._database, turn.seq, request, answered.reply)
            if self._can_wait:
                delayed.put_off(turn, request, answered)
        return answered.reply

    def _turn(self, now: float, seq: int = 0) -> Turn:
        """Return what a request takes effect with; number 0: it only looks."""
        return Turn(
            database=self._database, switches=self._switches, now=now, life=self._life, seq=seq
        )

    def _levers(self) -> control.Levers:
        return control.Levers(
            database=self._database,
            faults=self._faults,
            clock=self._clock,
            reset=self.reset,
            settle=self._settle,
            turn=lambda: self._turn(self._clock.now()),
        )

    def _settle(self) -> None:
        """Let everything take effect that is due by now, and forget what is too old."""
        now = self._clock.now()
        with self._database.transaction():
            self._apply_due(now)
            anonymous.expire(self._database, now)

    def _apply_due(self, now: float) -> None:
        if self._can_wait:
            delayed.apply_due(self._database, self._switches, self._life, now)

    def _log(self, turn: Turn, answered: Answer, began: float) -> None:
        """Log a request's items and its answer; `began` by the stopwatch."""
        self._database.many(
            "add_item",
            [
                (turn.seq, operation.index, encode(logged(operation, outcome)))
                for operation, outcome in answered.items
            ],
        )
        reply = answered.reply
        took_seconds = self._stopwatch() - began + reply.delay_seconds
        self._database.run(
            "close_request",
            reply.status,
            reply.reset is None,
            answered.fault,
            len(answered.items),
            took_seconds * 1000,
            turn.seq,
        )
        self._database.run("count", turn.people_count, turn.events_count)
