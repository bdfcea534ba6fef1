"""`/metrics`, in the text format of Prometheus.

Written here in a few lines: the numbers are read when they are asked for, from the store and
from counters that exist anyway, so that a client library with a registry of its own would have
nothing to do. No label holds anything that a record says (law 21): labels are states, reasons
and lanes, whose words are ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from truthpoint.ports import Backlog

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")

_Sample = tuple["Mapping[str, str]", float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What there is to tell.

    Attributes:
        now_ms: The present.
        backlog: How far the work has come; None: it cannot be seen.
        deliveries: What delivery has counted since its start, by name; None: no worker runs here.
        answers: Answers of the gateway by status.
        results: Records taken by the gateway, by result.
        waiting: Requests that wait for the journal.
    """

    now_ms: int
    backlog: Backlog | None = None
    deliveries: Mapping[str, int] | None = None
    answers: Mapping[int, int] = field(default_factory=dict[int, int])
    results: Mapping[str, int] = field(default_factory=dict[str, int])
    waiting: int = 0


def text_of(sight: Sight) -> str:
    """Return the metrics as one text."""
    lines: list[str] = []
    if sight.backlog is not None:
        lines += _of_backlog(sight.backlog, sight.now_ms)
    for name, count in (sight.deliveries or {}).items():
        about = f"Delivery, since the worker's start: {name}."
        lines += _family(f"truthpoint_delivery_{name}_total", "counter", about, [({}, count)])
    lines += _family(
        "truthpoint_gateway_answers_total",
        "counter",
        "Answers to POST /v1/records, by status.",
        (({"status": str(status)}, count) for status, count in sorted(sight.answers.items())),
    )
    lines += _family(
        "truthpoint_gateway_records_total",
        "counter",
        "Records that the gateway took, by result.",
        (({"result": _word(result)}, count) for result, count in sorted(sight.results.items())),
    )
    lines += _family(
        "truthpoint_gateway_waiting_requests",
        "gauge",
        "Requests that wait for the journal.",
        [({}, sight.waiting)],
    )
    return "\n".join(lines) + "\n"


def _of_backlog(backlog: Backlog, now_ms: int) -> list[str]:
    oldest = backlog.oldest_open_ms
    age_seconds = 0.0 if oldest is None else max(0, now_ms - oldest) / 1000
    return [
        *_family(
            "truthpoint_records_captured_total",
            "counter",
            "Records in the journal.",
            [({}, backlog.captured)],
        ),
        *_family(
            "truthpoint_records_undecided",
            "gauge",
            "Records that wait for their decision.",
            [({}, backlog.undecided)],
        ),
        *_family(
            "truthpoint_operations",
            "gauge",
            "Operations, by state.",
            (({"state": state.name.lower()}, n) for state, n in backlog.operations.items()),
        ),
        *_family(
            "truthpoint_verdicts",
            "gauge",
            "Records that were withheld or quarantined, by outcome and reason.",
            (
                ({"outcome": outcome.value, "reason": _word(reason)}, n)
                for (outcome, reason), n in backlog.verdicts.items()
            ),
        ),
        *_family(
            "truthpoint_oldest_open_age_seconds",
            "gauge",
            "Time since the oldest open operation happened; 0: none is open.",
            [({}, age_seconds)],
        ),
    ]


def _family(name: str, kind: str, about: str, samples: Iterable[_Sample]) -> list[str]:
    return [
        f"# HELP {name} {about}",
        f"# TYPE {name} {kind}",
        *(f"{name}{_labels(labels)} {value:.15g}" for labels, value in samples),
    ]


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def _word(text: str) -> str:
    """Return a reason if it is a word of ours; nothing else becomes a label."""
    return text if _WORD.fullmatch(text) else "other"
