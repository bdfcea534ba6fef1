"""One workspace has its file, whatever else its process does with it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from truthpoint.workspace import Workspace, WorkspaceError

_OPENED = """
import sys
from pathlib import Path
from truthpoint.workspace import Workspace, WorkspaceError
try:
    Workspace(Path(sys.argv[1])).close()
except WorkspaceError as error:
    print(error)
"""


def test_a_second_opening_in_the_same_process_does_not_let_another_process_in(tmp_path):
    """POSIX drops all locks of a process on a file when it closes any descriptor of it."""
    path = tmp_path / "workspace.db"
    first = Workspace(path)
    with pytest.raises(WorkspaceError, match="has it open"):
        Workspace(path)

    told = subprocess.run(
        [sys.executable, "-c", _OPENED, str(path)], capture_output=True, text=True, check=True
    )
    first.close()

    assert "If another local workspace has it open" in told.stdout


@pytest.mark.parametrize("kind", ["a folder", "not writable"])
def test_a_file_that_cannot_be_written_is_said_without_opening_it(tmp_path, monkeypatch, kind):
    """What is wrong and what to do."""
    path = tmp_path / "workspace.db"
    if kind == "a folder":
        path.mkdir()
    else:
        path.touch()
        # Whoever runs the tests may be root, who may write anywhere.
        monkeypatch.setattr("truthpoint.workspace.database.os.access", lambda *_: False)

    with pytest.raises(WorkspaceError, match="cannot be opened for writing: ") as told:
        Workspace(path)

    assert str(path) in str(told.value)
