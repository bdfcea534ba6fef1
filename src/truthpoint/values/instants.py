"""Instants: UTC, known, and in milliseconds inside; in whole seconds on the wire (law 13).

An instant is an integer count of milliseconds since 1970-01-01T00:00:00Z, and its
names end in `_ms`. Nothing here reads a clock.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

EARLIEST_MOMENT_MS: Final = 631_152_000_000
"""1990-01-01T00:00:00Z: a moment (`at`) before it is refused (design, law 13)."""

MOMENT_LEAD_MS: Final = 5 * 60 * 1000
"""How far `at` may lie ahead of capture: 5 minutes (design, law 13)."""

EARLIEST_TIMESTAMP_MS: Final = 0
LATEST_TIMESTAMP_MS: Final = 4_133_980_799_999
"""Timestamp properties lie within 1970-01-01 and 2100-12-31 inclusive (design, law 13)."""

HORIZON_MS: Final = 72 * 60 * 60 * 1000
"""Within 72 hours an event can trigger campaigns (customerio-api, 6.1)."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


_DATE_THEN_TIME: Final = re.compile(r"[0-9W-]{7,10}[Tt ]", re.ASCII)
"""Python's reader takes any character between date and time; ISO 8601 takes `T`."""


class InstantRefused(ValueError):
    """A time that cannot be taken; `code` says why: `naive` or `unreadable`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def from_datetime(moment: datetime) -> int:
    """Return an aware datetime as milliseconds.

    Raises:
        InstantRefused: `naive`, when the datetime has no offset.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise InstantRefused("naive")
    return (moment - _EPOCH) // _MILLISECOND


def from_iso(text: str) -> int:
    """Return an ISO 8601 text with an offset as milliseconds.

    Raises:
        InstantRefused: `unreadable` for other text, `naive` without an offset.
    """
    try:
        since = datetime.fromisoformat(text) - _EPOCH
    except ValueError:
        raise InstantRefused("unreadable") from None
    except TypeError:
        # Only aware datetimes can be taken from each other.
        raise InstantRefused("naive") from None
    # Behind ten characters of date, as nearly always, nothing else need be looked at.
    if text[10] not in "Tt " and not _DATE_THEN_TIME.match(text):
        raise InstantRefused("unreadable")
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def from_epoch(count: int | Decimal, *, unit: str) -> int:
    """Return a count of seconds (`unit="s"`) or milliseconds (`unit="ms"`) as milliseconds.

    Raises:
        InstantRefused: `unreadable` for a number that is not finite.
    """
    if isinstance(count, Decimal):
        if not count.is_finite() or abs(count.adjusted()) > 30:
            raise InstantRefused("unreadable")
        return int(count * 1000 if unit == "s" else count)
    return count * 1000 if unit == "s" else count


def is_date(text: str) -> bool:
    """Tell whether the text is a calendar date written `YYYY-MM-DD`."""
    try:
        return len(text) == 10 and date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def to_iso(instant_ms: int) -> str:
    """Return an instant as ISO 8601 in UTC, with milliseconds only where there are some."""
    moment = _EPOCH + instant_ms * _MILLISECOND
    spec = "milliseconds" if instant_ms % 1000 else "seconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")


def to_seconds(instant_ms: int) -> int:
    """Return an instant in whole unix seconds, rounded down: the form of the wire."""
    return instant_ms // 1000
