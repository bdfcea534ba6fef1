"""One workspace for each test."""

import pytest
from asking import Asked

from truthpoint.workspace import Switches


@pytest.fixture
def local():
    one = Asked()
    yield one
    one.workspace.close()


@pytest.fixture
def local_with():
    """A workspace with other switches: call it with them."""
    made = []

    def make(**switches):
        made.append(Asked(switches=Switches(**switches)))
        return made[-1]

    yield make
    for one in made:
        one.workspace.close()
