"""Timestamps as Customer.io takes them: whole unix seconds, or silently the current time (2.13)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from .switches import Switches

TOO_LATE_SECONDS: Final = 100_000_000_000
"""From here on a number is no time in unix seconds (2.13); every time in milliseconds since
March 1973 lies beyond."""

HORIZON_SECONDS: Final = 72 * 3600
"""An event can start campaigns up to this age (6.1)."""


class Moment(NamedTuple):
    """The time that counts.

    Attributes:
        at_s: In unix seconds.
        is_replaced: What was sent is invalid, and this is the current time.
    """

    at_s: int
    is_replaced: bool


def moment(sent: object, now_s: int, switches: Switches) -> Moment:
    """Return the time that counts for what was sent; nothing sent means now.

    Args:
        sent: Any JSON value; None: nothing was sent.
        now_s: The current time, in unix seconds.
        switches: Which times are taken.
    """
    if sent is None:
        return Moment(now_s, False)
    if isinstance(sent, Decimal) and switches.decimal_timestamp == "truncate":
        sent = int(sent) if abs(sent) < TOO_LATE_SECONDS else None
    if not isinstance(sent, int) or isinstance(sent, bool):
        return Moment(now_s, True)
    if not switches.oldest_timestamp_seconds <= sent < TOO_LATE_SECONDS:
        return Moment(now_s, True)
    return Moment(sent, False)


def can_trigger(at_s: int, now: float, switches: Switches) -> bool:
    """Tell whether an event of `at_s` can start campaigns at `now`; both in unix seconds (6.1)."""
    age_seconds = now - at_s
    if switches.horizon_inclusive:
        return age_seconds <= HORIZON_SECONDS
    return age_seconds < HORIZON_SECONDS
