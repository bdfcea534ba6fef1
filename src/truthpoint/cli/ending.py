"""How a command that runs is told to end: once, to finish what is under way; twice, at once."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
from typing import TYPE_CHECKING, Final

from .failing import COULD_NOT_RUN

if TYPE_CHECKING:
    from types import FrameType

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)

_SAID: Final = (
    b"error: It was stopped before its end. What was not finished goes on at the next start.\n"
)


def stop_on_signals() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set: what is under way is finished first.

    The second signal ends the process where it stands, with exit code 3. Nothing is lost by
    it, as by no kill: what was accepted, decided and settled is in the store.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first() -> None:
        stop.set()
        # Removed, a handler leaves the system's default for a moment: nobody may come then.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
            # Not the loop's business any more: it may be what does not come to an end.
            signal.signal(number, _end_at_once)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        atexit.register(_ignore)

    for number in _SIGNALS:
        loop.add_signal_handler(number, first)
    return stop


def _ignore() -> None:
    # All is done by now. The interpreter puts the system's default in the place of a handler
    # while it ends, and leaves what is ignored alone.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _end_at_once(_: int, __: FrameType | None) -> None:
    # Written past the stream, which may be in the middle of a write.
    os.write(2, _SAID)
    os._exit(COULD_NOT_RUN)
