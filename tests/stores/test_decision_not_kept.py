"""A decision that SQLite's own rules refuse is the decision's fault, and not the file's."""

from __future__ import annotations

import pytest

from truthpoint.core.people import by_id
from truthpoint.testing.scene import Scene
from truthpoint.testing.stores import SqliteUnderTest


@pytest.fixture
def scene():
    scene = Scene(SqliteUnderTest())
    yield scene
    scene.close()


def test_a_row_that_breaks_a_constraint_is_no_damage_of_the_store(scene):
    """Law 16: so the record is set aside and the worker goes on; nothing of it was written."""
    first, second = scene.capture(), scene.capture()
    scene.commit(first, people=(by_id(1, "42"),))

    with pytest.raises(ValueError, match=r"^SQLite reports SQLITE_CONSTRAINT_UNIQUE$"):
        scene.commit(second, people=(by_id(2, "42"),))

    assert [second] == [row.record for row in scene.store.undecided(9)]
    assert (2, 1) == scene.store.knowledge.next_ids()
