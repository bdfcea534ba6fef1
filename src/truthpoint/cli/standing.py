"""How far the work has come, in words and as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from truthpoint.core.outbox import State
from truthpoint.core.pauses import Pause, PauseKind
from truthpoint.values.counts import counted, noun
from truthpoint.values.instants import to_iso

if TYPE_CHECKING:
    from truthpoint.core.decision import Said
    from truthpoint.core.rates import Rates
    from truthpoint.core.views import Hearsay, Past
    from truthpoint.ports import Backlog


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What `status` saw.

    Attributes:
        backlog: How far the work has come.
        past: What has passed without the effect that it was told for.
        pauses: What is paused.
        rates: How fast records come and operations go.
        now_ms: When it looked.
    """

    backlog: Backlog
    past: Past
    rates: Rates
    pauses: tuple[Pause, ...]
    now_ms: int


def status_json(sight: Sight) -> dict[str, object]:
    """Return it as plain values."""
    backlog = sight.backlog
    bound = backlog.binding
    oldest = backlog.oldest_open_ms
    held_ms = backlog.oldest_held_ms
    return {
        "captured": backlog.captured,
        "undecided": backlog.undecided,
        "operations": {state.name.lower(): n for state, n in backlog.operations.items()},
        "rates": {
            "captured_per_second": round(sight.rates.captured_per_second, 2),
            "delivered_per_second": round(sight.rates.delivered_per_second, 2),
        },
        "lanes": {
            lane.name.lower(): {
                "people": one.people,
                "oldest_captured_at": to_iso(one.oldest_captured_ms),
                "lag_seconds": _lag_seconds(sight, one.oldest_captured_ms),
            }
            for lane, one in backlog.lanes.items()
        },
        "pauses": [pause_json(one) for one in sight.pauses],
        "verdicts": [
            {"outcome": outcome.value, "reason": reason, "records": n}
            for (outcome, reason), n in backlog.verdicts.items()
        ],
        "people": backlog.people,
        "guests": backlog.guests,
        "visitors": backlog.visitors,
        "oldest_held_at": None if held_ms is None else to_iso(held_ms),
        "bytes_expired": backlog.expired,
        "withheld_operations": dict(sight.past.withheld),
        "delivered_after_72_hours": dict(sight.past.late),
        "not_owned": [_hearsay_json(one) for one in sight.past.hearsay],
        "oldest_open_at": None if oldest is None else to_iso(oldest),
        "workspace": None if bound is None else bound.workspace,
        "environment": None if bound is None else bound.environment,
    }


def _hearsay_json(one: Hearsay) -> dict[str, object]:
    return {
        "event": one.event,
        "withheld": one.withheld,
        "said": [_said_json(said) for said in one.said],
    }


def _said_json(said: Said) -> dict[str, object]:
    return {"source": said.source, "records": said.count, "last_at": to_iso(said.last_ms)}


def _lag_seconds(sight: Sight, captured_ms: int) -> float:
    return max(0, sight.now_ms - captured_ms) / 1000


def status_lines(sight: Sight) -> list[str]:
    """Return it as lines of text."""
    backlog = sight.backlog
    operations = backlog.operations
    waiting = operations[State.READY] + operations[State.LEASED]
    bound = backlog.binding
    lines = [f"paused       {pause_line(one)}" for one in sight.pauses]
    lines += [
        _line("captured", backlog.captured, "record"),
        _line("undecided", backlog.undecided, "record"),
        _line("waiting", waiting, "operation"),
        _line("delivered", operations[State.DELIVERED], "operation"),
        _line("dead", operations[State.DEAD], "operation"),
        f"people       {backlog.people:>9,}{_unnamed(backlog)}",
    ]
    lines += [
        _line("withheld", count, "operation", f"{reason}{_MEANS.get(reason, '')}")
        for reason, count in sight.past.withheld.items()
    ]
    lines += [
        _line(outcome.value, count, "record", reason)
        for (outcome, reason), count in backlog.verdicts.items()
    ]
    lines += _past_lines(sight)
    lines += [
        f"lane {lane.name.lower():<8}{one.people:>9,} "
        f"{noun(one.people, 'person waits', 'people wait')}, "
        f"lag {spoken(_lag_seconds(sight, one.oldest_captured_ms))}"
        for lane, one in backlog.lanes.items()
    ]
    lines.append(
        f"last minute  captured {sight.rates.captured_per_second:,.1f}/s, "
        f"delivered {sight.rates.delivered_per_second:,.1f}/s"
    )
    if backlog.oldest_open_ms is not None:
        lines.append(f"the oldest that waits happened at {to_iso(backlog.oldest_open_ms)}")
    lines.append(
        f"delivers to workspace {bound.environment} (`{bound.workspace}`)"
        if bound
        else "nothing was delivered yet: `truthpoint up` or `truthpoint work` does it"
    )
    return lines


_MEANS: Final = {
    "closed": ": starts whose close was known before they left",
    "stale": ": starts that were too old when they could leave",
    "superseded": ": what was said of profiles before they were merged into others",
    "erased": ": what waited for people when they were erased",
}


def _line(name: str, count: int, what: str, more: str = "") -> str:
    """Return one line of the screen; what follows the noun stands in one column."""
    return f"{name:<12} {count:>9,} {noun(count, what):<10} {more}".rstrip()


def _unnamed(backlog: Backlog) -> str:
    """Return who of the people has no id; nothing where everybody has one."""
    counts = ((backlog.guests, "guest"), (backlog.visitors, "visitor"))
    told = [counted(count, name) for count, name in counts if count]
    return f", {' and '.join(told)} among them" if told else ""


def _past_lines(sight: Sight) -> list[str]:
    """Return what waits for its person, and what has passed without effect."""
    lines: list[str] = []
    held_ms = sight.backlog.oldest_held_ms
    if held_ms is not None:
        age = spoken(_lag_seconds(sight, held_ms))
        lines.append(f"the oldest that is held has waited for its person for {age}")
    lines += [
        _line("too late", count, "operation", f"{event}, {_TOO_LATE}")
        for event, count in sight.past.late.items()
    ]
    if sight.backlog.expired:
        lines.append(
            _line(
                "forgotten",
                sight.backlog.expired,
                "record",
                "whose bytes, which named nobody, were kept for as long as `raw_retention`",
            )
        )
    for one in sight.past.hearsay:
        said = ", ".join(f"{said.source} {said.count:,}" for said in one.said)
        lines.append(
            _line(
                "not owned",
                one.withheld,
                "record",
                f"{one.event}, told by a source that does not own it; all that told it: {said}",
            )
        )
    return lines


_TOO_LATE: Final = "delivered more than 72 hours after it happened: no campaign could start"


def spoken(seconds: float) -> str:
    """Return a duration in its two largest units."""
    whole = int(seconds)
    for size, unit, below, small in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // below} {small}"
    return f"{seconds:.1f} s"


def pause_line(pause: Pause) -> str:
    """Return a pause as one line."""
    what = "everything" if pause.kind is PauseKind.ALL else f"{pause.kind.value} {pause.name}"
    return f"{what}, since {to_iso(pause.since_ms)}"


def pause_json(pause: Pause) -> dict[str, object]:
    """Return a pause as plain values."""
    return {"kind": pause.kind.value, "name": pause.name, "since": to_iso(pause.since_ms)}
