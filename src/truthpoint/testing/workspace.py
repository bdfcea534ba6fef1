"""For pytest: a Customer.io of your tests' own, empty at the start of each. Imports pytest.

In your `conftest.py`:

    from truthpoint.testing.workspace import local_workspace, running_local_workspace
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .running import LocalWorkspace, TlsAddress, running_workspace

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = [
    "LocalWorkspace",
    "TlsAddress",
    "local_workspace",
    "running_local_workspace",
    "running_workspace",
]


@pytest.fixture(scope="session")
def running_local_workspace() -> Generator[LocalWorkspace]:
    """Run one for all tests; override it to run one with other switches."""
    with running_workspace() as local:
        yield local


@pytest.fixture
def local_workspace(running_local_workspace: LocalWorkspace) -> LocalWorkspace:
    """Give a test a workspace in which nothing has happened."""
    running_local_workspace.reset()
    return running_local_workspace
