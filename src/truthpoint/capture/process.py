"""Which process this is: a fork makes another one, with what its parent held in memory."""

from __future__ import annotations

import os

_forks = 0


def this_process() -> tuple[int, int]:
    """Return what no other process of this one's line has: its id, and how many forks led here.

    The number alone can come back, once its first bearer has died.
    """
    return os.getpid(), _forks


def _count_fork() -> None:
    global _forks  # noqa: PLW0603 - one number for the process, which it names
    _forks += 1


os.register_at_fork(after_in_child=_count_fork)
