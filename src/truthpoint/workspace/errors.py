"""What the local workspace raises on purpose."""

from __future__ import annotations


class WorkspaceError(Exception):
    """The local workspace cannot start or go on: its file, its port or a setting is unusable.

    The message says what is wrong and what to do, and never holds a person's data.
    """

    code = "local_workspace"
