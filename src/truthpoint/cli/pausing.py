"""`pause` and `resume`: the kill switch."""

from __future__ import annotations

import re
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from truthpoint import runtime
from truthpoint.core.pauses import Pause, PauseKind
from truthpoint.errors import UsageError

from . import failing, options, output
from .look import opened_desk
from .standing import pause_json, pause_line

if TYPE_CHECKING:
    from truthpoint.ports import Desk


class LaneName(StrEnum):
    """The lanes that can be paused."""

    CRITICAL = "critical"
    LIVE = "live"


Lane = Annotated[
    LaneName | None, typer.Option("--lane", metavar="LANE", help="Only a lane: critical or live.")
]
Event = Annotated[
    str | None, typer.Option("--event", metavar="NAME", help="Only an event, by its name.")
]
Person = Annotated[
    str | None, typer.Option("--person", metavar="ID", help="Only a person, by id or a link to it.")
]

_SAYS = {
    PauseKind.ALL: "nothing leaves",
    PauseKind.LANE: "nobody of this lane goes; who waits with something critical is of the "
    "critical lane, with all that stands before it",
    PauseKind.EVENT: "nothing of it leaves, and nothing that stands behind it in the queue of "
    "the same person, money included (order per person is never switched off)",
    PauseKind.PERSON: "nothing of this person leaves",
}


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (pause, resume):
        app.command(help=options.help_of(command))(command)


def pause(
    *,
    lane: Lane = None,
    event: Event = None,
    person: Person = None,
    contract: options.Contract = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Hold back delivery: all of it, a lane, an event or a person.

    It counts from the next request on, whatever the backlog; requests under way are finished.
    Records are taken and decided meanwhile, and leave in order after `resume`. A paused event
    also holds what stands behind it in the queue of the same person.

    Examples:
      truthpoint pause
      truthpoint pause --lane live
      truthpoint pause --event order_paid
    """
    with opened_desk(store, json=json, acts=True) as desk:
        kind, name = _chosen(lane, event, person)
        settings = runtime.Settings.gathered(contract=contract, store=store)
        if kind is PauseKind.EVENT:
            _see_event(desk, name, settings)
        elif kind is PauseKind.PERSON:
            name = _id_to_pause(desk, name, settings)
        since_ms = runtime.SystemClock().now_ms()
        new = desk.pause(Pause(kind=kind, name=name, since_ms=since_ms))
        if json:
            output.put_json({"kind": kind.value, "name": name, "paused": True, "new": new})
            return
        said = "is paused" if new else "was paused already"
        output.put(f"{titled(kind, name)} {said}: {_SAYS[kind]}.")
        output.put(
            "Records are taken and decided meanwhile; "
            f"`truthpoint resume{_option(kind, name)}` lets them leave."
        )


def resume(
    *,
    lane: Lane = None,
    event: Event = None,
    person: Person = None,
    everything: Annotated[
        bool, typer.Option("--everything", help="Lift every pause that is in force.")
    ] = False,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Lift a pause: what waited leaves, in order.

    Without an option it lifts the pause of all; others stay in force, and are named.

    Examples:
      truthpoint resume
      truthpoint resume --event order_paid
      truthpoint resume --everything
    """
    with opened_desk(store, json=json, acts=True) as desk:
        kind, name = _chosen(lane, event, person)
        if everything:
            if kind is not PauseKind.ALL:
                raise UsageError("--everything stands alone.", hint="Leave the others out.")
            asked = [(one.kind, one.name) for one in desk.pauses()]
        else:
            asked = [(kind, _as_paused(desk, name) if kind is PauseKind.PERSON else name)]
        lifted = [one for one in asked if desk.resume(*one)]
        left = desk.pauses()
        if json and lifted:
            output.put_json(
                {
                    "lifted": [{"kind": kind.value, "name": name} for kind, name in lifted],
                    "pauses": [pause_json(one) for one in left],
                }
            )
        elif lifted:
            for one in lifted:
                output.put(f"{titled(*one)} goes on.")
        for one in left:
            output.note(f"still paused: {pause_line(one)}")
        if not lifted:
            what = "Nothing" if everything else titled(kind, name)
            failing.absent(f"{what} is {'' if everything else 'not '}paused.", json=json)


def _chosen(lane: LaneName | None, event: str | None, person: str | None) -> tuple[PauseKind, str]:
    """Return what the options name; without one it is all."""
    named = [
        (kind, str(name))
        for kind, name in (
            (PauseKind.LANE, lane),
            (PauseKind.EVENT, event),
            (PauseKind.PERSON, person),
        )
        if name is not None
    ]
    if len(named) > 1 or any(not name for _, name in named):
        raise UsageError(
            "More than one thing was named, or one without its name.",
            hint="Give one of --lane, --event and --person, or none of them for all.",
        )
    return named[0] if named else (PauseKind.ALL, "")


def _see_event(desk: Desk, name: str, settings: runtime.Settings) -> None:
    """See that an event exists: a kill switch with a mistyped name would hold nothing."""
    if desk.events(None, event=name, limit=1):
        return
    known = list(runtime.load_contract(settings.contract).events)
    if name in known:
        return
    near = get_close_matches(name, known, n=1)
    raise UsageError(
        "The store has seen no event of this name, and the contract declares none.",
        hint=f"Did you mean `{near[0]}`?" if near else f"It declares: {', '.join(known)}.",
    )


def _id_to_pause(desk: Desk, name: str, settings: runtime.Settings) -> str:
    """Return the canonical id under which a person is paused: under another name nobody is held.

    An id of which nothing came yet can be paused beforehand, if it can be one at all.
    """
    view = desk.person(name, limit=1)
    if view is None:
        pattern = runtime.load_contract(settings.contract).person.pattern
        if pattern is None or re.search(pattern, name):
            output.note("Nobody in this store is known by this yet; it holds whoever gets this id.")
            return name
        raise UsageError(
            "Nobody in this store is known by this, and it cannot be an id.",
            hint="Give the canonical id, or an identifier that leads to it.",
        )
    if view.row.canonical_id is None:
        raise UsageError(
            "They have no id, and a person is paused by it.",
            hint="Pause an event or a lane instead.",
        )
    return view.row.canonical_id


def _as_paused(desk: Desk, name: str) -> str:
    """Return the name under which a person may be paused: their id, unless this very name is."""
    if any(one.kind is PauseKind.PERSON and one.name == name for one in desk.pauses()):
        return name
    view = desk.person(name, limit=1)
    return name if view is None else view.row.canonical_id or name


def titled(kind: PauseKind, name: str) -> str:
    """Return what a pause is about, as the beginning of a sentence."""
    return "Everything" if kind is PauseKind.ALL else f"{kind.value.capitalize()} `{name}`"


def _option(kind: PauseKind, name: str) -> str:
    return "" if kind is PauseKind.ALL else f" --{kind.value} {name}"
