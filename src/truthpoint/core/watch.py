"""When an operator must be told: each trouble once when it begins, and once when it is over.

Pure: what was seen comes in, alerts come out. An alert holds names of lanes and events and
numbers, never anything of a person (law 21).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from truthpoint.values.counts import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.contract.model import Lane

    from .views import Waiting


class Trouble(StrEnum):
    """What an alert is about."""

    STOPPED = "delivery_stopped"
    """Delivery has stopped: credentials, address or workspace are refused."""
    LAG = "lag"
    """The oldest record that waits in a lane was captured too long ago."""
    SILENCE = "silence"
    """No record of an event has come for too long."""
    QUARANTINE = "quarantine"
    """The quarantine grows fast."""


Episode = tuple[Trouble, str]
"""A trouble and its subject: a lane, an event, or nothing."""

GROWTH_SECONDS: Final = 600
"""The growth of the quarantine is counted over so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """When something is trouble.

    Attributes:
        lag_seconds: The lag of a lane beyond which it is. Defaults to 15 minutes.
        silence_seconds: Event to how long it may be silent. Defaults to none.
        quarantine_records: So many more in quarantine within ten minutes are. Defaults to 10.
    """

    lag_seconds: float = 900.0
    silence_seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    quarantine_records: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What was seen at one moment.

    Attributes:
        now_ms: The moment.
        stopped: Whether delivery has stopped; None: it is not known yet.
        lanes: What waits, by lane.
        quarantined: Records in quarantine.
        heard_ms: Event to when its latest record was captured; without one it is left out.
        paused: Whether a pause is in force, which explains a lag.
    """

    now_ms: int
    stopped: bool | None = None
    lanes: Mapping[Lane, Waiting] = field(default_factory=dict["Lane", "Waiting"])
    quarantined: int = 0
    heard_ms: Mapping[str, int] = field(default_factory=dict[str, int])
    paused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What an operator is told.

    Attributes:
        trouble: What it is about.
        subject: The lane or the event; empty for the others.
        recovered: Whether it is over; else it began.
        since_ms: When it was first seen.
        text: What happened and what to do, in a few sentences.
    """

    trouble: Trouble
    subject: str
    recovered: bool
    since_ms: int
    text: str

    @property
    def episode(self) -> Episode:
        """What it belongs to."""
        return self.trouble, self.subject


class Watch:
    """Compares what is seen with what was told.

    Args:
        bounds: When something is trouble.
        told: Episodes that were told and not ended, with their beginning; from before a restart.
        started_ms: When watching began: what was never heard is silent since then.
    """

    def __init__(
        self, bounds: Bounds, *, told: Mapping[Episode, int] | None = None, started_ms: int
    ) -> None:
        self._bounds = bounds
        self._told = dict(told or {})
        self._began: dict[Episode, int] = dict(self._told)
        self._started_ms = started_ms
        self._quarantined: deque[tuple[int, int]] = deque()

    @property
    def told(self) -> Mapping[Episode, int]:
        """Episodes that were told and not ended, with their beginning."""
        return dict(self._told)

    def look(self, seen: Sighting) -> list[Alert]:
        """Return what is to be told now; the same again until `note_told` says that it was."""
        troubles = self._troubles(seen)
        for episode in troubles:
            self._began.setdefault(episode, seen.now_ms)
        alerts = [
            self._alert(episode, text)
            for episode, text in troubles.items()
            if episode not in self._told
        ]
        over = [one for one in self._began if one not in troubles and not _unknown(one, seen)]
        for episode in over:
            if episode in self._told:
                alerts.append(self._alert(episode, _OVER[episode[0]], recovered=True))
            else:
                del self._began[episode]
        return alerts

    def note_told(self, alert: Alert) -> None:
        """Note that an operator was told."""
        if alert.recovered:
            self._told.pop(alert.episode, None)
            self._began.pop(alert.episode, None)
        else:
            self._told[alert.episode] = alert.since_ms

    def _alert(self, episode: Episode, text: str, *, recovered: bool = False) -> Alert:
        trouble, subject = episode
        return Alert(
            trouble=trouble,
            subject=subject,
            recovered=recovered,
            since_ms=self._began[episode],
            text=text.format(subject=subject),
        )

    def _troubles(self, seen: Sighting) -> dict[Episode, str]:
        """Return everything that is trouble now, with its text."""
        found: dict[Episode, str] = {}
        if seen.stopped:
            found[Trouble.STOPPED, ""] = (
                "Delivery has stopped: Customer.io refuses the credentials, the address or the "
                "workspace. Nothing is lost; mend it and start the worker again."
            )
        for lane, waiting in seen.lanes.items():
            lag_seconds = (seen.now_ms - waiting.oldest_captured_ms) / 1000
            if lag_seconds > self._bounds.lag_seconds:
                why = " A pause is in force." if seen.paused else ""
                found[Trouble.LAG, lane.name.lower()] = (
                    f"The oldest record that waits in the lane {{subject}} was captured "
                    f"{counted(round(lag_seconds / 60), 'minute')} ago; "
                    f"{counted(waiting.people, 'person waits', 'people wait')}.{why} "
                    "`truthpoint status` shows what waits."
                )
        for event, silence_seconds in self._bounds.silence_seconds.items():
            silent_seconds = (seen.now_ms - seen.heard_ms.get(event, self._started_ms)) / 1000
            if silent_seconds > silence_seconds:
                silent = counted(round(silent_seconds / 60), "minute")
                found[Trouble.SILENCE, event] = (
                    f"No `{{subject}}` has come for {silent}. Look at what sends it."
                )
        growth = self._growth(seen)
        if growth >= self._bounds.quarantine_records:
            found[Trouble.QUARANTINE, ""] = (
                f"{counted(growth, 'record')} went to quarantine within "
                f"{GROWTH_SECONDS // 60} minutes. `truthpoint quarantine list` says why."
            )
        return found

    def _growth(self, seen: Sighting) -> int:
        """Return by how much the quarantine grew within the window."""
        self._quarantined.append((seen.now_ms, seen.quarantined))
        while self._quarantined[0][0] < seen.now_ms - GROWTH_SECONDS * 1000:
            self._quarantined.popleft()
        return seen.quarantined - min(count for _, count in self._quarantined)


_OVER: Final = {
    Trouble.STOPPED: "Delivery goes on.",
    Trouble.LAG: "The lane {subject} has caught up.",
    Trouble.SILENCE: "`{subject}` is heard again.",
    Trouble.QUARANTINE: "The quarantine has stopped growing; what is in it still waits for you.",
}


def _unknown(episode: Episode, seen: Sighting) -> bool:
    """Tell whether it cannot be said yet that an episode is over."""
    return episode[0] is Trouble.STOPPED and seen.stopped is None
