"""`status`, `person` and `events`: what has happened, and what waits."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from truthpoint import runtime
from truthpoint.core.decision import Outcome
from truthpoint.core.outbox import Standing
from truthpoint.values.instants import to_iso

from . import failing, options, output
from .standing import Sight, status_json, status_lines

if TYPE_CHECKING:
    from collections.abc import Generator

    from truthpoint.core.outbox import Totals
    from truthpoint.ports import Desk, PersonView, Step

_STANDINGS = {
    Standing.UNKNOWN: "not yet known at Customer.io",
    Standing.KNOWN: "known at Customer.io",
    Standing.DUE: "an identify was refused; one with the id only is due",
    Standing.REFUSED: "refused by Customer.io; what waits for them is dead (no_identify)",
}


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
            backlog=desk.backlog(), pauses=desk.pauses(), rates=desk.rates(now_ms), now_ms=now_ms
        )
        if json:
            output.put_json(status_json(sight))
        else:
            for line in status_lines(sight):
                output.put(line)


def person(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="The canonical id.")],
    *,
    store: options.Store = None,
    limit: options.Limit = 50,
    json: options.Json = False,
) -> None:
    """Show one person's timeline: each record, its outcome, and why.

    Examples:
      truthpoint person 42
      truthpoint person 42 --json
    """
    with opened_desk(store, json=json) as desk:
        view = desk.person(identifier, limit=limit)
        if view is None:
            failing.absent(f"Nobody in this store goes by this id.{_elsewhere(desk)}", json=json)
        elif json:
            output.put_json(_person_json(view))
        else:
            _put_person(view)


def _elsewhere(desk: Desk) -> str:
    """Return where else it may be, with a space before it; else nothing."""
    backlog = desk.backlog()
    held = any(outcome is Outcome.QUARANTINED for outcome, _ in backlog.verdicts)
    waits = " A record that breaks the contract waits in `truthpoint quarantine list`."
    return _pending(desk) + (waits if held else "")


def _pending(desk: Desk) -> str:
    """Return a sentence on what may yet turn up, with a space before it; else nothing."""
    undecided = desk.backlog().undecided
    if not undecided:
        return ""
    subject = "1 record is" if undecided == 1 else f"{undecided:,} records are"
    return f" {subject} not decided yet: a worker has to run."


def _put_person(view: PersonView) -> None:
    output.put(f"person {view.row.canonical_id}: {_STANDINGS[view.row.standing]}")
    if view.totals is not None:
        output.put(_totals_line(view.totals))
    output.put_table(output.STEP_HEADINGS, [output.step_row(step) for step in view.steps])


def _person_json(view: PersonView) -> dict[str, object]:
    totals = view.totals
    return {
        "id": view.row.canonical_id,
        "standing": view.row.standing.name.lower(),
        "totals": None if totals is None else dict(totals.values),
        "totals_delivered": totals is None or not (totals.waiting or totals.refused),
        "totals_refused": "" if totals is None else output.bare_reason(totals.refused),
        "records": [output.step_json(step) for step in view.steps],
    }


def _totals_line(totals: Totals) -> str:
    values = (
        f"{name} {to_iso(value) if name.endswith('_at') and isinstance(value, int) else value}"
        for name, value in totals.values.items()
    )
    return f"totals ({_totals_way(totals)}): {', '.join(values)}"


def _totals_way(totals: Totals) -> str:
    if totals.waiting:
        return "on their way"
    return f"refused: {output.bare_reason(totals.refused)}" if totals.refused else "delivered"


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
    """Write the quarantined or the dead records; say so where there is none."""
    steps = desk.listed(outcome, limit=limit)
    put_steps(steps, json=json)
    if not steps and not json:
        output.put(f"There is none.{_pending(desk)}")
    if len(steps) == limit:
        output.note(f"The first {limit:,}; --limit shows more.")


def put_steps(steps: list[Step], *, json: bool) -> None:
    """Write steps as a table, or as NDJSON."""
    if json:
        for step in steps:
            output.put_json(output.step_json(step))
    elif steps:
        output.put_table(output.STEP_HEADINGS, [output.step_row(step) for step in steps])
