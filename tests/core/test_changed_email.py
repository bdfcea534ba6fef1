"""An email that changes is told apart from all else, for Customer.io may refuse it."""

from __future__ import annotations

import json

from support.stories import identify, tell


def _attributes(told) -> list[dict[str, object]]:
    return [
        one["attributes"]
        for request in told.log
        for one in request["items"]
        if one["action"] == "identify"
    ]


def test_a_changed_email_takes_no_other_attribute_with_it() -> None:
    """Law 16: a workspace in which the id cannot change an email keeps the name all the same."""
    told = tell(
        [
            identify("42", email="a@example.org", first_name="Ana"),
            identify("42", email="b@example.org", first_name="Anna"),
        ],
        cuts=[1],
    )

    assert _attributes(told) == [
        {"email": "a@example.org", "first_name": "Ana"},
        {"first_name": "Anna"},
        {"email": "b@example.org"},
    ], json.dumps(_attributes(told))


def test_a_first_email_and_one_alone_go_as_they_are() -> None:
    """Nothing is sent twice for it."""
    told = tell(
        [
            identify("42", first_name="Ana"),
            identify("42", email="a@example.org", phone="+14155550123"),
            identify("42", email="b@example.org"),
        ],
        cuts=[1, 2],
    )

    assert _attributes(told) == [
        {"first_name": "Ana"},
        {"email": "a@example.org", "phone": "+14155550123"},
        {"email": "b@example.org"},
    ]
