"""The options of alerts, and what they ask for."""

from __future__ import annotations

import re
import shlex
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from truthpoint.core.watch import Bounds
from truthpoint.errors import UsageError

if TYPE_CHECKING:
    from truthpoint.contract.model import Contract

Command = Annotated[
    str | None,
    typer.Option(
        "--alert-command",
        metavar="COMMAND",
        envvar="TRUTHPOINT_ALERT_COMMAND",
        show_envvar=False,
        help="Run it for each alert, as JSON on its standard input.",
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--alert-url",
        metavar="URL",
        envvar="TRUTHPOINT_ALERT_URL",
        show_envvar=False,
        help="Post each alert there, as JSON. Default: $TRUTHPOINT_ALERT_URL.",
    ),
]
Lag = Annotated[
    str,
    typer.Option("--alert-lag", metavar="DURATION", help="Alert when a lane lags longer."),
]
Silence = Annotated[
    list[str] | None,
    typer.Option(
        "--alert-silence",
        metavar="EVENT",
        help="Alert on silence, such as order_paid=2h; may be given again.",
    ),
]
Growth = Annotated[
    int,
    typer.Option(
        "--alert-quarantine",
        metavar="RECORDS",
        min=1,
        help="Alert when so many more are quarantined within ten minutes.",
    ),
]

_UNITS: Final = {"s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}
_DURATION: Final = re.compile(r"(\d{1,6})(s|min|m|h|d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the options ask for.

    Attributes:
        command: A command line to run for each alert.
        url: An address to post each alert to.
        lag: A duration, as it was written.
        silence: `EVENT=DURATION`, as they were written.
        quarantine_records: Growth of the quarantine that is trouble.
    """

    command: str | None
    url: str | None
    lag: str
    silence: list[str] | None
    quarantine_records: int


def seconds_of(text: str, option: str) -> float:
    """Return a duration such as `90s`, `15m`, `2h` or `1d` in seconds.

    Raises:
        UsageError: It is none.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"`{text}` is no duration.", hint=f"Write {option} as 90s, 15m, 2h or 1d.")
    return float(int(found[1]) * _UNITS[found[2]])


def bounds_of(wanted: Wanted, contract: Contract) -> Bounds:
    """Return when something is trouble.

    Raises:
        UsageError: An option cannot be read, names an event that is none, or a hook that is none.
    """
    silence: dict[str, float] = {}
    for one in wanted.silence or ():
        event, sign, duration = one.partition("=")
        if not sign or event not in contract.events:
            raise UsageError(
                f"`{one}` names no event of the contract and how long it may be silent.",
                hint="Write --alert-silence as order_paid=2h.",
            )
        silence[event] = seconds_of(duration, "--alert-silence EVENT=DURATION")
    _see_hooks(wanted)
    if silence and not (wanted.command or wanted.url):
        raise UsageError(
            "--alert-silence was given, and nobody to tell.",
            hint="Add --alert-command or --alert-url.",
        )
    return Bounds(
        lag_seconds=seconds_of(wanted.lag, "--alert-lag"),
        silence_seconds=silence,
        quarantine_records=wanted.quarantine_records,
    )


def _see_hooks(wanted: Wanted) -> None:
    if wanted.url is not None and not re.match(r"https?://[^/]", wanted.url):
        raise UsageError("--alert-url is no address.", hint="It begins with https:// (or http://).")
    if wanted.command is None:
        return
    try:
        words = shlex.split(wanted.command)
    except ValueError:
        words = []
    if not words or shutil.which(words[0]) is None:
        raise UsageError(
            "The first word of --alert-command is no program that can be run.",
            hint="Name a program; it is not run by a shell.",
        )
