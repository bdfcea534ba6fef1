"""`quarantine` and `dead`: list, show, replay, discard."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Final

import typer

from truthpoint.core.decision import Outcome
from truthpoint.findings import as_json, as_text
from truthpoint.runtime import SystemClock
from truthpoint.values.instants import HORIZON_MS

from . import options, output
from .look import opened_desk, put_steps

if TYPE_CHECKING:
    from truthpoint.ports import Desk, Step

_EVERYTHING: Final = 1_000_000_000

Records = Annotated[
    list[int] | None, typer.Argument(metavar="[RECORD]...", help="Numbers as `list` shows them.")
]
All = Annotated[bool, typer.Option("--all", help="All of them.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def add_to(app: typer.Typer) -> None:
    """Add both groups of commands."""
    app.add_typer(
        _group(Outcome.QUARANTINED), name="quarantine", help="Records that break the contract."
    )
    app.add_typer(
        _group(Outcome.DEAD), name="dead", help="Operations that Customer.io refused for good."
    )


def _group(outcome: Outcome) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

    def list_(
        *, store: options.Store = None, limit: options.Limit = 50, json: options.Json = False
    ) -> None:
        """List them, oldest first."""
        with opened_desk(store, json=json) as desk:
            steps = desk.listed(outcome, limit=limit)
        put_steps(steps, json=json)
        if not steps and not json:
            output.put("There is none.")

    def show(
        record: Annotated[int, typer.Argument(metavar="RECORD")],
        *,
        store: options.Store = None,
        json: options.Json = False,
    ) -> None:
        """Show one with all reasons and its bytes, personal data included."""
        with opened_desk(store, json=json) as desk:
            _show(desk, record, json=json)

    def replay(
        records: Records = None,
        *,
        everything: All = False,
        yes: Yes = False,
        store: options.Store = None,
    ) -> None:
        """Decide or send them again; says first what could still start a campaign."""
        with opened_desk(store) as desk:
            chosen = _chosen(desk, outcome, records, everything=everything)
            _say_what_triggers(chosen)
            _confirm("Replay them?", yes=yes)
            done = desk.replay(outcome, [step.record for step in chosen])
        output.put(f"{done:,} will be {'sent' if outcome is Outcome.DEAD else 'decided'} again.")

    def discard(
        records: Records = None,
        *,
        everything: All = False,
        yes: Yes = False,
        store: options.Store = None,
    ) -> None:
        """Withhold them for good; their bytes stay in the journal."""
        with opened_desk(store) as desk:
            chosen = _chosen(desk, outcome, records, everything=everything)
            output.put(f"{len(chosen):,} will be withheld for good (discarded).")
            _confirm("Discard them?", yes=yes)
            done = desk.discard(outcome, [step.record for step in chosen])
        output.put(f"{done:,} discarded.")

    group.command("list")(list_)
    group.command()(show)
    group.command()(replay)
    group.command()(discard)
    return group


def _show(desk: Desk, record: int, *, json: bool) -> None:
    found = desk.record(record)
    if found is None:
        output.note(f"The journal has no record {record}.")
        raise typer.Exit(output.FINDINGS)
    row, step, findings = found
    body = row.body.decode(errors="backslashreplace")
    if json:
        told = {"findings": [as_json(one) for one in findings], "body": body}
        output.put_json({**output.step_json(step), **told})
        return
    output.put_table(output.STEP_HEADINGS, [output.step_row(step)])
    for one in findings:
        output.put(as_text(one))
    output.put(body)


def _chosen(
    desk: Desk, outcome: Outcome, records: list[int] | None, *, everything: bool
) -> list[Step]:
    """Return what the arguments name; all of them must be what the command is about."""
    if bool(records) is everything:
        raise typer.BadParameter("name record numbers, or --all")
    listed = desk.listed(outcome, limit=_EVERYTHING)
    if everything:
        return listed
    wanted = set(records or ())
    missing = wanted - {step.record for step in listed}
    if missing:
        numbers = ", ".join(str(number) for number in sorted(missing))
        raise typer.BadParameter(f"not {outcome.value}: {numbers}")
    return [step for step in listed if step.record in wanted]


def _say_what_triggers(steps: list[Step]) -> None:
    now_ms = SystemClock().now_ms()
    young = sum(now_ms - step.at_ms <= HORIZON_MS for step in steps)
    output.put(
        f"{len(steps):,} chosen: {young:,} happened within 72 hours and can still start "
        f"campaigns that an event triggers, {len(steps) - young:,} are older and cannot."
    )


def _confirm(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("not a terminal to ask on: add --yes")
    typer.confirm(question, abort=True)
