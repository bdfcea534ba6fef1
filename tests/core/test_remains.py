"""Whom a record names that breaks the contract, so that an erasure finds it (law 20)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from shopping import ANA, Story, a_shop, identified, paid, viewed
from shopping import GUESTS_AND_VISITORS as BOTH

from truthpoint.core.examine import Examiner
from truthpoint.core.examined import Broken
from truthpoint.core.people import Who
from truthpoint.core.records import read_record
from truthpoint.testing.builders import START_MS, line

EXAMINER = Examiner(a_shop())
MAIL = {"email": ANA}
PHONE = ("phone", "+12025550100")
ORDER = {
    "type": "track",
    "event": "order_paid",
    "person": {"id": "42", "email": "Ana@Example.org"},
    "properties": {"order_id": "A-1", "total": "10.00", "currency": "USD"},
}
LINK = {"type": "link", "person": "42", "links": {"phone": "+1 (202) 555-0100"}}
MERGE = {"type": "merge", "person": "42", "from": {"id": "43", "email": ANA}}
IDENTIFY = {"type": "identify", "person": "42", "attributes": {"email": ANA, "region": "x"}}


def who(record: Mapping[str, object]) -> Who:
    """Whom a broken record names."""
    read = read_record(line(**record), source="backend", captured_at_ms=START_MS)
    broken = EXAMINER.examine(read, source="backend")
    assert isinstance(broken, Broken)
    return broken.who


FORMS: list[dict[str, object]] = [
    {"extra": 1},
    {"at": "2026-09-21T14:13:20"},
    {"at": 5},
    {"source": ""},
    {"record_id": 7},
    {"version": "1"},
    {"test": "yes"},
    {"type": None},
    {"type": "trakc"},
    {"source": "nobody"},
    {"event": "order_payed"},
    {"version": 9},
]


@pytest.mark.parametrize("wrong", FORMS, ids=str)
def test_whatever_is_wrong_with_an_event_it_names_its_person(wrong: dict[str, object]) -> None:
    """Law 20: a wrong key, a wrong time, a wrong type, an unknown name: each leaves them named."""
    tied = () if wrong.get("event") else (("order", "A-1"),)

    assert Who(id="42", links=(("email", ANA),), permanent=tied) == who(ORDER | wrong)


@pytest.mark.parametrize("wrong", [{"extra": 1}, {"at": "now"}, {"source": "nobody"}], ids=str)
@pytest.mark.parametrize(
    ("record", "named"),
    [
        (LINK, (PHONE,)),
        (MERGE, (("email", ANA), ("id", "43"))),
        (IDENTIFY, (("email", ANA),)),
    ],
    ids=["link", "merge", "identify"],
)
def test_all_that_a_saying_names_is_named(
    record: dict[str, object], named: tuple[tuple[str, str], ...], wrong: dict[str, object]
) -> None:
    """Law 20: what is linked, who is merged, an email among attributes."""
    assert Who(id="42", permanent=named) == who(record | wrong)


def test_who_is_merged_takes_the_place_of_a_person_who_cannot_be_read() -> None:
    """Law 20: somebody is named there all the same."""
    assert "43" == who(MERGE | {"person": ["42"]}).id
    assert "43" == who(MERGE | {"person": None}).id


def test_an_email_names_somebody_also_where_no_link_is_declared_for_it() -> None:
    """Law 20: an identify may have said it among its attributes."""
    contract = a_shop()
    shop = Examiner(type(contract)(shop="acme", sources=contract.sources, events=contract.events))
    read = read_record(paid({"id": "42", **MAIL}), source="backend", captured_at_ms=START_MS)
    broken = shop.examine(read)

    assert isinstance(broken, Broken)
    assert Who(id="42", links=(("email", ANA),), permanent=(("order", "A-1"),)) == broken.who


@pytest.mark.parametrize(
    "record",
    [
        {"person": [1]},
        {"person": {"id": {}, "email": 7, "phone": "x"}, "links": 3, "from": "", "attributes": []},
        {"person": {"id": " "}, "links": {"email": None}, "properties": "order"},
    ],
    ids=["list", "kinds", "blank"],
)
def test_what_names_nobody_names_nobody(record: dict[str, object]) -> None:
    """And is no reason to stop."""
    assert Who() == who({"type": "track", "event": "order_paid", "extra": 1} | record)


def test_bytes_that_are_no_object_name_nobody() -> None:
    """They are searched for nothing."""
    for body in (b"[]", b"{", b"\xff", b'"42"'):
        read = read_record(body, source="backend", captured_at_ms=START_MS)
        broken = EXAMINER.examine(read)

        assert isinstance(broken, Broken)
        assert (Who(), START_MS) == (broken.who, broken.at_ms)


def test_a_record_id_that_was_used_before_hides_nobody() -> None:
    """Law 20: neither who is merged, nor what is linked."""
    for record, named in ((MERGE, ("id", "43")), (LINK, PHONE)):
        body = line(**record, record_id="r1")
        broken = EXAMINER.examine_body(
            body, source="backend", captured_at_ms=START_MS, kept_as="reused-1"
        )

        assert isinstance(broken, Broken)
        assert named in broken.who.permanent


def tied_to(story: Story, *bodies: bytes) -> list[int | None]:
    """The person keys that verdicts of quarantined records hold."""
    decision = story.tell(*bodies)
    return [one.person for one in decision.verdicts if one.outcome == "quarantined"]


def test_a_broken_record_is_tied_to_whomever_it_leads_to() -> None:
    """Law 20: by the id; by what else it carries where nobody has the id; visitors too."""
    story = Story(examiner=Examiner(a_shop(BOTH)))
    story.tell(identified("42", email=ANA), viewed({"anonymous_id": "a-1"}))
    visitor = {"anonymous_id": "a-1"}
    broken = [
        line(**ORDER, extra=1),
        line(**(ORDER | {"person": {"id": "99", **MAIL}, "extra": 1})),
        line(**(ORDER | {"person": visitor, "event": "nothing"})),
        line(**(ORDER | {"person": {"id": "99"}, "extra": 1})),
    ]

    assert [1, 1, 2, None] == tied_to(story, *broken)


def test_a_broken_record_makes_nobody() -> None:
    """It has no effect of its own."""
    story = Story(examiner=Examiner(a_shop(BOTH)))

    assert [None, None] == tied_to(story, line(**ORDER, extra=1), line(**MERGE, extra=1))
    assert {} == dict(story.people)
