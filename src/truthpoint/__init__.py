"""Truthpoint: a shop's moments reach Customer.io once, in order, and provably.

`open()` gives a tracker, `open_async()` its asyncio twin: `identify` and `track` are durable
when they return. `open_recorder()` takes whole records. The command line does the rest.
"""

from typing import TYPE_CHECKING

from .capture import Receipt, Recorder, ResultKind, Tracker
from .errors import CaptureFailed, RecordInvalid, TruthpointError, UsageError
from .findings import Finding
from .opening import open_async_tracker as open_async
from .opening import open_recorder
from .opening import open_tracker as open  # noqa: A004 - used as truthpoint.open()

if TYPE_CHECKING:
    from .capture.async_tracker import AsyncTracker

__all__ = [
    "AsyncTracker",
    "CaptureFailed",
    "Finding",
    "Receipt",
    "RecordInvalid",
    "Recorder",
    "ResultKind",
    "Tracker",
    "TruthpointError",
    "UsageError",
    "open",
    "open_async",
    "open_recorder",
]


def __getattr__(name: str) -> object:
    """Return what brings asyncio with it, for those who ask for it by name."""
    if name == "AsyncTracker":
        from .capture.async_tracker import AsyncTracker  # noqa: PLC0415 - see above

        return AsyncTracker
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
