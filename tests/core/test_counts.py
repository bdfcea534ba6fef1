"""Counts with their nouns."""

from __future__ import annotations

import pytest

from truthpoint.values.counts import counted, noun


@pytest.mark.parametrize(
    ("count", "says"),
    [(0, "0 records"), (1, "1 record"), (2, "2 records"), (12_000, "12,000 records")],
)
def test_one_is_told_in_the_singular_and_everything_else_in_the_plural(count, says):
    """Thousands have their commas."""
    assert says == counted(count, "record")


def test_a_plural_of_its_own_is_taken_as_it_is():
    """And whole phrases are nouns, too."""
    assert "1 person waits" == counted(1, "person waits", "people wait")
    assert "people" == noun(0, "person", "people")
