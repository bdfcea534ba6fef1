"""`quarantine`, `dead` and `held`: list, show, replay, discard."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from truthpoint.core.decision import Outcome
from truthpoint.errors import UsageError
from truthpoint.runtime import SystemClock
from truthpoint.values.counts import counted
from truthpoint.values.instants import HORIZON_MS

from . import failing, options, output
from .look import opened_desk, put_list, put_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from truthpoint.ports import Desk, Step

_EVERYTHING: Final = 1_000_000_000

Record = Annotated[int, typer.Argument(metavar="RECORD", help="Its number, as `list` shows it.")]
Records = Annotated[
    list[int] | None, typer.Argument(metavar="RECORD", help="Numbers, as `list` shows them.")
]
All = Annotated[bool, typer.Option("--all", help="All of them.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def add_to(app: typer.Typer) -> None:
    """Add the three groups of commands."""
    for outcome, name, about, told in (
        (Outcome.QUARANTINED, "quarantine", "Records that break the contract", True),
        (Outcome.DEAD, "dead", "What Customer.io refused for good", False),
        (Outcome.HELD, "held", "Records whose person is not known yet", False),
    ):
        # On one screen with the others, the four need not be told three times.
        app.add_typer(
            _group(outcome, name),
            name=name,
            help=f"{about}: list, show, replay, discard.",
            short_help=f"{about}: {'list, show, replay, discard' if told else 'the same four'}.",
        )


def _group(outcome: Outcome, name: str) -> typer.Typer:
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    _add_list(group, outcome, name)
    _add_show(group, name)
    for act in (_replay(outcome), _DISCARD):
        _add_act(group, outcome, name, act)
    return group


def _help(name: str, text: str, *examples: str) -> str:
    lines = "\n".join(f"  truthpoint {name} {one}" for one in examples)
    return options.unfolded(f"{text}\n\nExamples:\n{lines}")


def _add_list(group: typer.Typer, outcome: Outcome, name: str) -> None:
    def command(
        *, store: options.Store = None, limit: options.Limit = 50, json: options.Json = False
    ) -> None:
        with opened_desk(store, json=json) as desk:
            put_list(desk, outcome, limit=limit, json=json)

    text = "List them, oldest first."
    group.command("list", help=_help(name, text, "list", "list --limit 500 --json"))(command)


def _add_show(group: typer.Typer, name: str) -> None:
    def command(record: Record, *, store: options.Store = None, json: options.Json = False) -> None:
        with opened_desk(store, json=json) as desk:
            _show(desk, record, json=json)

    text = "Show one: all reasons and its bytes, personal data included."
    group.command("show", help=_help(name, text, "show 17"))(command)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    """What is done to records, and the words for it.

    Attributes:
        name: The command's name: `replay` or `discard`.
        text: Its help.
        examples: What follows the group's name in its examples.
        foretold: What is said of those chosen before it asks.
        done: What is said afterwards, behind how many they were.
    """

    name: str
    text: str
    examples: tuple[str, ...]
    foretold: Callable[[list[Step]], str]
    done: str


def _replay(outcome: Outcome) -> _Act:
    again = "sent" if outcome is Outcome.DEAD else "decided"
    text = f"Have them {again} again; says first what can start a campaign."
    if outcome is Outcome.HELD:
        text += " Those whose person is still not known are held again."
    return _Act(
        name="replay",
        text=text,
        examples=("replay 17 18", "replay --all --yes"),
        foretold=_what_triggers,
        done=f"will be {again} again",
    )


_DISCARD: Final = _Act(
    name="discard",
    text="Withhold them for good; their bytes stay in the journal.",
    examples=("discard 17", "discard --all --yes"),
    foretold=lambda chosen: f"{len(chosen):,} will be withheld for good (discarded).",
    done="discarded",
)


def _add_act(group: typer.Typer, outcome: Outcome, name: str, act: _Act) -> None:
    def command(
        records: Records = None,
        *,
        everything: All = False,
        yes: Yes = False,
        store: options.Store = None,
    ) -> None:
        with opened_desk(store, acts=True) as desk:
            chosen = _chosen(desk, outcome, records, everything=everything)
            if act.name == "replay" and outcome is not Outcome.DEAD:
                chosen = _with_bytes(chosen, named=bool(records))
            if not chosen:
                return
            output.put(act.foretold(chosen))
            confirm(f"{act.name.capitalize()} them?", yes=yes)
            does = desk.replay if act.name == "replay" else desk.discard
            done = does(outcome, [step.record for step in chosen])
            output.put(f"{done:,} {act.done}.")

    group.command(act.name, help=_help(name, act.text, *act.examples))(command)


def _show(desk: Desk, record: int, *, json: bool) -> None:
    from truthpoint.core.answers import SAID  # noqa: PLC0415 - help does without
    from truthpoint.findings import as_json, as_text  # noqa: PLC0415 - help does without

    found = desk.record(record)
    if found is None:
        failing.absent(f"The journal has no record {record}.", json=json)
        return
    row, step, findings = found
    body = None if row.is_forgotten else row.body.decode(errors="backslashreplace")
    # Customer.io's own words may repeat a value of the record: they are shown here only.
    said = step.reason.partition(SAID)[2]
    if json:
        told = {"findings": [as_json(one) for one in findings], "said": said, "body": body}
        output.put_json({**output.step_json(step), **told})
        return
    put_steps([step], json=False, held=step.held is not None)
    for one in findings:
        output.put(as_text(one))
    if said:
        output.put(f"Customer.io said: {said}")
    output.put(FORGOTTEN if body is None else body)


FORGOTTEN: Final = (
    "Its bytes are gone: its person was erased, or they named nobody and were kept for as long "
    "as the contract's `raw_retention`."
)


def _chosen(
    desk: Desk, outcome: Outcome, records: list[int] | None, *, everything: bool
) -> list[Step]:
    """Return what the arguments name; all of them must be what the command is about."""
    if bool(records) is everything:
        both = "Record numbers and --all were given together."
        raise UsageError(
            both if everything else "Neither record numbers nor --all were given.",
            hint="Name the records, as `list` shows them, or give --all.",
        )
    listed = desk.listed(outcome, limit=_EVERYTHING)
    if everything:
        if not listed:
            output.put("There is none.")
        return listed
    wanted = set(records or ())
    missing = wanted - {step.record for step in listed}
    if missing:
        numbers = ", ".join(str(number) for number in sorted(missing))
        raise UsageError(
            f"Not {outcome.value}: {numbers}.", hint="Nothing was changed; `list` shows which are."
        )
    return [step for step in listed if step.record in wanted]


def _with_bytes(chosen: list[Step], *, named: bool) -> list[Step]:
    """Return those that can be decided again; without its bytes a record cannot."""
    gone = [step.record for step in chosen if step.forgotten]
    if not gone:
        return chosen
    numbers = ", ".join(str(number) for number in gone)
    if named:
        hint = "Nothing was changed; a record that is sent again is decided as a new one."
        raise UsageError(f"Their bytes are gone, so nothing can be decided: {numbers}.", hint=hint)
    output.note(f"Left out, for their bytes are gone: {numbers}.")
    return [step for step in chosen if not step.forgotten]


def _what_triggers(steps: list[Step]) -> str:
    now_ms = SystemClock().now_ms()
    young = sum(now_ms - step.at_ms <= HORIZON_MS for step in steps)
    old = len(steps) - young
    return (
        f"{len(steps):,} chosen: {young:,} happened within 72 hours and can still start "
        f"campaigns that an event triggers, {counted(old, 'is', 'are')} older and cannot."
    )


def confirm(question: str, *, yes: bool) -> None:
    """Ask whether to go on; end where the answer is no, or nobody is there to ask."""
    if yes:
        return
    if not sys.stdin or not sys.stdin.isatty():
        raise UsageError("There is no terminal to ask on.", hint="Nothing was changed; add --yes.")
    if not typer.confirm(question):
        output.put("Nothing was changed.")
        raise typer.Exit
