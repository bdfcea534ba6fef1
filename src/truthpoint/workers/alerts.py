"""Looks now and then, and tells an operator through a hook."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec

from truthpoint.core.decision import Outcome
from truthpoint.core.watch import Sighting, Watch
from truthpoint.errors import OperatorError
from truthpoint.ports import HookFailed
from truthpoint.values.instants import to_iso

from .pacing import happened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from truthpoint.core.watch import Alert, Bounds, Episode
    from truthpoint.ports import AlertMemory, Clock, Desk, Hook

    from .work import Worker

LOOK_SECONDS: Final = 10.0
"""How often it looks."""

STEADY_SECONDS: Final = 60.0
"""After a stop, delivery counts as going on once something arrived, or after so long."""

_encode: Final = msgspec.json.Encoder().encode


class Alerts:
    """Watches a worker and its store.

    Args:
        desk: The store; used on another thread, one call at a time.
        worker: The worker of this process.
        clock: The time of day.
        bounds: When something is trouble.
        hooks: The ways to the operator; an alert is told when all have taken it.
        memory: Where it is kept what was told.
        report: Told in words when a hook fails.
    """

    def __init__(  # noqa: PLR0913 - each stands for one thing of the world
        self,
        desk: Desk,
        worker: Worker,
        clock: Clock,
        *,
        bounds: Bounds,
        hooks: Sequence[Hook],
        memory: AlertMemory,
        report: Callable[[str], None],
    ) -> None:
        self._desk = desk
        self._worker = worker
        self._clock = clock
        self._events: Iterable[str] = tuple(bounds.silence_seconds)
        self._hooks = hooks
        self._memory = memory
        self._report = report
        self._watch = Watch(bounds, told=memory.load(), started_ms=clock.now_ms())
        self._taken: dict[tuple[Episode, bool], set[int]] = {}
        self._ready_since: float | None = None

    async def run(self, ended: asyncio.Event) -> None:
        """Look until told to end."""
        while not ended.is_set():
            await self.look(stopped=self.goes_on())
            await happened(ended, LOOK_SECONDS)

    def goes_on(self) -> bool | None:
        """Tell whether delivery has stopped: False once something arrived, None before."""
        if self._worker.stopped:
            return True
        if self._worker.delivered_since_stop:
            return False
        now = asyncio.get_running_loop().time()
        if not self._worker.ready:
            self._ready_since = None
            return None
        if self._ready_since is None:
            self._ready_since = now
        return False if now - self._ready_since >= STEADY_SECONDS else None

    async def look(self, *, stopped: bool | None) -> None:
        """Look once, and tell what is to be told.

        Args:
            stopped: Whether delivery has stopped; None: it is not known.
        """
        try:
            seen = await asyncio.to_thread(self._see, stopped)
        except OperatorError as error:
            self._report(f"alerts: the store cannot be read: {error}")
            return
        for alert in self._watch.look(seen):
            if await self._tell(alert):
                self._watch.note_told(alert)
                await asyncio.to_thread(self._memory.save, self._watch.told)

    def _see(self, stopped: bool | None) -> Sighting:  # noqa: FBT001 - handed over to a thread
        backlog = self._desk.backlog()
        heard_ms: dict[str, int] = {}
        for event in self._events:
            for step in self._desk.events(None, event=event, limit=1):
                found = self._desk.record(step.record)
                if found is not None:
                    heard_ms[event] = found[0].captured_at_ms
        return Sighting(
            now_ms=self._clock.now_ms(),
            stopped=stopped,
            lanes=backlog.lanes,
            quarantined=sum(
                count
                for (outcome, _), count in backlog.verdicts.items()
                if outcome is Outcome.QUARANTINED
            ),
            heard_ms=heard_ms,
            paused=bool(self._desk.pauses()),
        )

    async def _tell(self, alert: Alert) -> bool:
        """Hand an alert to every hook that has not taken it; tell whether all have now."""
        message = self.message(alert)
        taken = self._taken.setdefault((alert.episode, alert.recovered), set())
        for place, hook in enumerate(self._hooks):
            if place in taken:
                continue
            try:
                await hook.send(message, alert)
                taken.add(place)
            except HookFailed as failed:
                self._report(f"alerts: a hook did not take `{alert.trouble}`: {failed.reason}")
        if len(taken) < len(self._hooks):
            return False
        del self._taken[alert.episode, alert.recovered]
        return True

    def message(self, alert: Alert) -> bytes:
        """Return an alert as JSON; `text` alone says everything, as chat programs want it."""
        workspace = self._worker.workspace_name
        state = "recovered" if alert.recovered else "firing"
        return _encode(
            {
                "text": f"[{workspace}] {state}: {alert.text}",
                "alert": alert.trouble.value,
                "subject": alert.subject,
                "state": state,
                "workspace": workspace,
                "since": to_iso(alert.since_ms),
                "at": to_iso(self._clock.now_ms()),
            }
        )
