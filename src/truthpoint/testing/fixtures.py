"""For pytest: a fixture that captures in memory. This module imports pytest.

In your `conftest.py`:

    from truthpoint.testing.fixtures import captured, truthpoint_contract
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .capturing import capturing

if TYPE_CHECKING:
    from .capturing import Capturing


@pytest.fixture
def truthpoint_contract() -> str:
    """Path of the contract: `TRUTHPOINT_CONTRACT`, else `tracking.yaml`; override it at will."""
    return os.environ.get("TRUTHPOINT_CONTRACT") or "tracking.yaml"


@pytest.fixture
def captured(truthpoint_contract: str) -> Capturing:
    """Give a test a tracker in memory, and what it captured."""
    return capturing(truthpoint_contract)
