"""How the command line speaks: results to standard output, everything else to standard error."""

from __future__ import annotations

import os
import re
import sys
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

from truthpoint.errors import OperatorError
from truthpoint.values.instants import to_iso

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence

    from truthpoint.core.views import Held, Story
    from truthpoint.findings import Finding
    from truthpoint.ports import Step

# What a record holds must not steer the terminal that shows it.
_STEERING: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_STEERING_LINES: Final = {
    code: text for code, text in _STEERING.items() if code not in (ord("\n"), ord("\t"))
}


@contextmanager
def _writing() -> Generator[None]:
    """Say it clearly when standard output takes no more."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        hush()
        raise OperatorError(
            f"Standard output cannot be written: {error.strerror}.",
            hint="Mend that, then run it again.",
        ) from None


def put(line: str = "") -> None:
    """Write text as it is: no markup, no control characters but line ends and tabs."""
    with _writing():
        sys.stdout.write(line.translate(_STEERING_LINES) + "\n")


def note(line: str) -> None:
    """Write text to standard error, as `put` does."""
    sys.stderr.write(line.translate(_STEERING_LINES) + "\n")
    sys.stderr.flush()


def put_json(value: object) -> None:
    """Write one value as one line of JSON, in UTF-8 whatever the terminal speaks."""
    with _writing():
        sys.stdout.buffer.write(_encode()(value) + b"\n")


@cache
def _encode() -> Callable[[object], bytes]:
    from msgspec.json import Encoder  # noqa: PLC0415 - help does without

    return Encoder(decimal_format="string").encode


def note_findings(findings: Iterable[Finding]) -> None:
    """Write findings to standard error."""
    from truthpoint.findings import as_text  # noqa: PLC0415 - help does without

    for one in findings:
        note(as_text(one))


def put_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table: aligned on a terminal, else with tabs between; nothing is cut off."""
    table = [headings, *([cell.translate(_STEERING) for cell in row] for row in rows)]
    if not sys.stdout.isatty():
        for row in table:
            put("\t".join(row))
        return
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        put("  ".join(cells).rstrip())


def flush() -> None:
    """Write what waits in memory."""
    with _writing():
        sys.stdout.flush()


def bare_reason(reason: str) -> str:
    """Return a reason without Customer.io's own words, which can hold a customer's (law 21)."""
    from truthpoint.core.answers import SAID  # noqa: PLC0415 - help does without

    return reason.partition(SAID)[0]


# As contracts write names. A record may name any other source, and is quarantined for it.
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def _source(step: Step) -> str:
    """Return a source's name, if it is one: other words can be a customer's (law 21)."""
    return step.source if _NAME.fullmatch(step.source) else "?"


def step_json(step: Step) -> dict[str, object]:
    """Return a step as plain values, without what is not known."""
    values: dict[str, object] = {
        "record": step.record,
        "at": to_iso(step.at_ms),
        "outcome": step.outcome.value,
        "reason": bare_reason(step.reason),
        "event": step.event,
        "action": step.action.value if step.action else "",
        "event_id": step.event_id,
        "attempts": step.attempts or "",
        "settled_at": to_iso(step.settled_at_ms) if step.settled_at_ms is not None else "",
        "source": _source(step),
        "record_id": step.record_id,
        "repeats": step.repeats or "",
        "other_person": step.other_person or "",
        "forgotten": step.forgotten or "",
        **(_held_json(step.held) if step.held else {}),
        **(_story_json(step, step.story) if step.story else {}),
    }
    return {name: value for name, value in values.items() if value != ""}


def _held_json(held: Held) -> dict[str, object]:
    return {"held_until": to_iso(held.until_ms), "carries": held.kinds}


def _story_json(step: Step, story: Story) -> dict[str, object]:
    # An identify is never too old: one that expires was superseded by a merge.
    expires_at_ms = 0 if step.action == "identify" else story.expires_at_ms
    return {
        "type": story.type,
        "key": story.key or "",
        "too_old_at": to_iso(expires_at_ms) if expires_at_ms else "",
        "not_before": to_iso(story.not_before_ms) if story.not_before_ms else "",
        "closed_by": story.closer.record if story.closer else "",
        "findings": [one.code for one in story.findings] or "",
    }


def _reason(step: Step) -> str:
    bare = bare_reason(step.reason) or "-"
    return f"{bare} (of record {step.repeats}, another person's)" if step.other_person else bare


STEP_HEADINGS: Final = ("record", "at", "what", "outcome", "reason", "source", "record_id")


def step_row(step: Step) -> tuple[str, ...]:
    """Return a step as a row of `STEP_HEADINGS`."""
    what = step.event or (step.action.value if step.action else "-")
    return (
        str(step.record),
        to_iso(step.at_ms),
        what,
        step.outcome.value,
        _reason(step),
        _source(step),
        step.record_id,
    )


HELD_HEADINGS: Final = ("record", "at", "what", "held_until", "carries", "source", "record_id")


def held_row(step: Step) -> tuple[str, ...]:
    """Return a step as a row of `HELD_HEADINGS`: kinds of identifiers, and none of their values."""
    number, at, what, _, _, source, record_id = step_row(step)
    held = step.held
    until = "-" if held is None else to_iso(held.until_ms)
    kinds = "-" if held is None else ",".join(held.kinds)
    return number, at, what, until, kinds, source, record_id


def hush() -> None:
    """Write to standard output no more: nobody reads it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
