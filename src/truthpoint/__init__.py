"""Truthpoint: a shop's moments reach Customer.io once, in order, and provably.

`open()` gives a tracker, `open_async()` its asyncio twin: `identify` and `track` are durable
when they return. `open_recorder()` takes whole records. The command line does the rest.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .capture import Receipt, Recorder, ResultKind, Tracker
    from .capture.async_tracker import AsyncTracker
    from .errors import CaptureFailed, RecordInvalid, TruthpointError, UsageError
    from .findings import Finding
    from .opening import open_async_tracker as open_async
    from .opening import open_recorder
    from .opening import open_tracker as open  # noqa: A004 - used as truthpoint.open()

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

_HOMES = {
    "AsyncTracker": ("capture.async_tracker", "AsyncTracker"),
    "CaptureFailed": ("errors", "CaptureFailed"),
    "Finding": ("findings", "Finding"),
    "Receipt": ("capture", "Receipt"),
    "RecordInvalid": ("errors", "RecordInvalid"),
    "Recorder": ("capture", "Recorder"),
    "ResultKind": ("capture", "ResultKind"),
    "Tracker": ("capture", "Tracker"),
    "TruthpointError": ("errors", "TruthpointError"),
    "UsageError": ("errors", "UsageError"),
    "open": ("opening", "open_tracker"),
    "open_async": ("opening", "open_async_tracker"),
    "open_recorder": ("opening", "open_recorder"),
}
"""Where each name lives, and what it is called there."""


def __getattr__(name: str) -> object:
    """Import a name when it is first used: the command line does without most of them."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only when something is asked for

    module, original = _HOMES[name]
    found = globals()[name] = getattr(import_module(f".{module}", __name__), original)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
