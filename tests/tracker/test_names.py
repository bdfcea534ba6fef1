"""What `import truthpoint` gives: every name, and none of them before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import truthpoint
from truthpoint import capture, errors, findings, opening
from truthpoint.capture.async_tracker import AsyncTracker

NAMES = {
    "AsyncTracker": AsyncTracker,
    "CaptureFailed": errors.CaptureFailed,
    "Finding": findings.Finding,
    "Receipt": capture.Receipt,
    "RecordInvalid": errors.RecordInvalid,
    "Recorder": capture.Recorder,
    "ResultKind": capture.ResultKind,
    "Tracker": capture.Tracker,
    "TruthpointError": errors.TruthpointError,
    "UsageError": errors.UsageError,
    "open": opening.open_tracker,
    "open_async": opening.open_async_tracker,
    "open_recorder": opening.open_recorder,
}


def test_every_public_name_is_there():
    """By attribute, by `from`, and in `dir`."""
    assert sorted(NAMES) == sorted(truthpoint.__all__)
    assert NAMES == {name: getattr(truthpoint, name) for name in truthpoint.__all__}
    assert set(NAMES) <= set(dir(truthpoint))


def test_a_name_that_does_not_exist_is_said_as_python_says_it():
    """So that `hasattr`, and whoever mistypes, meet nothing new."""
    with pytest.raises(AttributeError, match="module 'truthpoint' has no attribute 'opne'"):
        truthpoint.opne  # noqa: B018 - it is the asking that raises


def test_importing_the_package_imports_no_part_of_it():
    """Each name is imported when it is first used."""
    program = "import sys, truthpoint; print(*(n for n in sys.modules if 'truthpoint' in n))"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert ["truthpoint"] == loaded
