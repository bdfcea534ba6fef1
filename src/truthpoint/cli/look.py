"""`status`, `person` and `events`: what has happened, and what waits."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from truthpoint import runtime
from truthpoint.core.decision import Outcome
from truthpoint.values.counts import counted

from . import failing, options, output, persons
from .standing import Sight, status_json, status_lines

if TYPE_CHECKING:
    from collections.abc import Generator

    from truthpoint.ports import Desk, Step


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (status, person, events):
        app.command(help=options.help_of(command))(command)


@contextmanager
def opened_desk(store: str | None, *, json: bool = False, acts: bool = False) -> Generator[Desk]:
    """Open the store to look into it, or to act on it too, and fail clearly."""
    with failing.failing_clearly(json=json):
        desk = runtime.open_desk(runtime.Settings.gathered(store=store), acts=acts)
        try:
            yield desk
        finally:
            desk.close()


def status(*, store: options.Store = None, json: options.Json = False) -> None:
    """Say how far the work has come: what waits, what arrived.

    The lag of a lane is the time since the oldest record that waits in it was captured. Rates are
    means over the last minute.

    Examples:
      truthpoint status
      truthpoint status --json
    """
    with opened_desk(store, json=json) as desk:
        now_ms = runtime.SystemClock().now_ms()
        sight = Sight(
            backlog=desk.backlog(),
            past=desk.past(),
            pauses=desk.pauses(),
            rates=desk.rates(now_ms),
            now_ms=now_ms,
        )
        if json:
            output.put_json(status_json(sight))
        else:
            for line in status_lines(sight):
                output.put(line)


def person(
    identifier: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The canonical id, or an email, phone or other link of theirs."
        ),
    ],
    *,
    store: options.Store = None,
    limit: options.Limit = 50,
    json: options.Json = False,
) -> None:
    """Show one person, and what became of each record, and why.

    Who they are, what leads to them, who said what of their consents, their totals, and a sentence
    for each of their latest records. Times are UTC.

    Examples:
      truthpoint person 42
      truthpoint person ana@example.org
      truthpoint person 42 --json
    """
    with opened_desk(store, json=json) as desk:
        view = desk.person(identifier, limit=limit)
        if view is not None:
            persons.put_person(view, now_ms=runtime.SystemClock().now_ms(), json=json)
            return
        held = desk.waiting_for(identifier, limit=limit)
        if not held:
            failing.absent(f"{_NOBODY}{_elsewhere(desk)}", json=json)
        persons.put_held(held, now_ms=runtime.SystemClock().now_ms(), json=json)


_NOBODY: Final = "Nobody in this store is known by this, or several people are."


def _elsewhere(desk: Desk) -> str:
    """Return where else it may be, with a space before it; else nothing."""
    backlog = desk.backlog()
    broken = any(outcome is Outcome.QUARANTINED for outcome, _ in backlog.verdicts)
    waits = " A record that breaks the contract waits in `truthpoint quarantine list`."
    return pending(desk) + (waits if broken else "")


def pending(desk: Desk) -> str:
    """Return a sentence on what may yet turn up, with a space before it; else nothing."""
    undecided = desk.backlog().undecided
    if not undecided:
        return ""
    subject = counted(undecided, "record is", "records are")
    return f" {subject} not decided yet: a worker has to run."


def events(
    *,
    key: Annotated[
        str | None, typer.Option("--key", help="A value of the business key, such as an order id.")
    ] = None,
    event: Annotated[str | None, typer.Option("--event", help="The event's name.")] = None,
    store: options.Store = None,
    limit: options.Limit = 50,
    json: options.Json = False,
) -> None:
    """Find events by key ("where is my order?") or by name.

    Without either, it shows the latest.

    Examples:
      truthpoint events --key A-1
      truthpoint events --event order_paid --limit 10
    """
    with opened_desk(store, json=json) as desk:
        steps = desk.events(key, event=event, limit=limit)
        if not steps:
            failing.absent(f"No event was found.{_elsewhere(desk)}", json=json)
        put_steps(steps, json=json)


def put_list(desk: Desk, outcome: Outcome, *, limit: int, json: bool) -> None:
    """Write the quarantined, dead or held records; say so where there is none."""
    steps = desk.listed(outcome, limit=limit)
    put_steps(steps, json=json, held=outcome is Outcome.HELD)
    if not steps and not json:
        output.put(f"There is none.{pending(desk)}")
    if len(steps) == limit:
        output.note(f"The first {limit:,}; --limit shows more.")


def put_steps(steps: list[Step], *, json: bool, held: bool = False) -> None:
    """Write steps as a table, or as NDJSON.

    Args:
        steps: The steps.
        json: Whether as NDJSON.
        held: Whether the table says until when each is held, and for want of what.
    """
    headings = output.HELD_HEADINGS if held else output.STEP_HEADINGS
    row_of = output.held_row if held else output.step_row
    if json:
        for step in steps:
            output.put_json(output.step_json(step))
    elif steps:
        output.put_table(headings, [row_of(step) for step in steps])
