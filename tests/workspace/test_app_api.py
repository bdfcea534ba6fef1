"""What the App API tells, in the documented shapes (9, appendix E)."""

from __future__ import annotations

import re

import pytest
from asking import NOW, event, identify


def test_a_person_is_told_with_every_attribute_as_text(local):
    """Appendix E: byte order, texts, nested JSON as its text, real booleans beside."""
    local.batch(
        identify(
            "7", email="Ana@example.org", plan="monthly", orders_count=4, total=23.50,
            accepts=True, Zone="x", tags=["a", {"b": 1}], unsubscribed="TRUE", timestamp=NOW,
        )
    )  # fmt: skip

    person = local.person("7")
    cio_id = person["identifiers"]["cio_id"]
    attributes = {
        "Zone": "x", "accepts": "true", "cio_id": cio_id, "email": "ana@example.org", "id": "7",
        "orders_count": "4", "plan": "monthly", "tags": '["a",{"b":1}]', "total": "23.5",
        "unsubscribed": "TRUE",
    }  # fmt: skip
    assert {
        "id": "7",
        "identifiers": {"email": "ana@example.org", "id": "7", "cio_id": cio_id},
        "attributes": attributes,
        "timestamps": dict.fromkeys(attributes, NOW),
        "unsubscribed": True,
        "devices": [],
    } == person
    assert list(attributes) == list(person["attributes"])
    assert re.fullmatch("[0-9a-f]{16}", cio_id)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True), ("true", True), ("True", True), (1, True), ("1", True), (1.0, True),
        (False, False), ("yes", False), ("on", False), (NOW, False), (0, False), ([1], False),
    ],
)  # fmt: skip
def test_only_true_and_one_mean_unsubscribed(local, value, expected):
    """8.2: anything else is subscribed, `yes` included."""
    local.put("1", {"unsubscribed": value})

    assert expected is local.person("1")["unsubscribed"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/customers/7/attributes", 200),
        ("/v1/customers/ANA@example.org/attributes?id_type=email", 200),
        ("/v1/customers/7/attributes?id_type=email", 404),
        ("/v1/customers/8/attributes", 404),
        ("/v1/customers/8/activities", 404),
        ("/v1/activities?customer_id=8", 404),
        ("/v1/customers/7/attributes?id_type=phone", 400),
        ("/v1/customers/7/attributes?id_type=x", 400),
        ("/v1/activities?limit=0", 400),
        ("/v1/activities?limit=x", 400),
        ("/v1/activities?start=x", 400),
        ("/v1/customers", 400),
    ],
)
def test_questions_about_people_are_answered_by_kind(local, path, status):
    """9.1: 404 unknown; 400 for an `id_type` that the workspace does not have."""
    local.put("7", {"email": "ana@example.org"})

    got, body = local.app(path)

    assert status == got
    if status != 200:
        assert status == body["errors"][0]["status"]


def test_a_cio_id_names_a_person_with_and_without_its_prefix(local):
    """9.2: `customer_id` may be `cio_…`."""
    local.put("7", {})
    cio_id = local.person("7")["identifiers"]["cio_id"]

    assert "7" == local.person(cio_id, "cio_id")["id"]
    assert "7" == local.person(f"cio_{cio_id}")["id"]
    assert 1 == len(local.app(f"/v1/activities?customer_id=cio_{cio_id}")[1]["activities"])


def test_people_are_found_by_email(local):
    """9.1: case does not matter; nobody is an empty list with 200."""
    local.put("7", {"email": "ana@example.org"})
    cio_id = local.person("7")["identifiers"]["cio_id"]

    expected = {"results": [{"email": "ana@example.org", "id": "7", "cio_id": cio_id}]}
    assert (200, expected) == local.app("/v1/customers?email=Ana@Example.org")
    assert (200, {"results": []}) == local.app("/v1/customers?email=bob@example.org")


def test_activities_come_newest_first_in_pages(local):
    """9.2: 10 unless asked for others; `next` leads on and is empty at the end."""
    local.batch(*[event("7", attributes={"n": n}, timestamp=NOW - n) for n in range(25)])
    local.batch(event("8"), event("7", name="other"))

    seen, start, sizes = [], "", []
    while start or not sizes:
        path = f"/v1/customers/7/activities?type=event&name=order_paid&start={start}"
        page = local.app(path)[1]
        seen += [each["data"]["n"] for each in page["activities"]]
        sizes.append(len(page["activities"]))
        start = page["next"]

    assert (list(reversed(range(25))), [10, 10, 5]) == (seen, sizes)


def test_an_activity_tells_whose_it_is_when_and_what(local):
    """Appendix E: the shape of an event; its id is a ULID and stays the same."""
    local.batch(identify("7", email="ana@example.org"))
    local.batch(event("7", attributes={"order_id": "A-1"}, timestamp=NOW - 60))

    (one,) = local.app("/v1/customers/7/activities?type=event")[1]["activities"]
    (again,) = local.activities("event")
    assert one == again
    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", one.pop("id"))
    cio_id = local.person("7")["identifiers"]["cio_id"]
    assert {
        "customer_id": "7",
        "customer_identifiers": {"id": "7", "email": "ana@example.org", "cio_id": cio_id},
        "type": "event",
        "name": "order_paid",
        "timestamp": NOW - 60,
        "data": {"order_id": "A-1"},
    } == one


def test_a_page_has_an_address_instead_of_a_name(local):
    """9.2: `name` for event and screen, `url` for page."""
    local.post("7", {"name": "https://shop.example/cart", "type": "page"})

    (page,) = local.activities("page")
    assert "https://shop.example/cart" == page["url"]
    assert "name" not in page


def test_a_failed_change_of_nobody_tells_the_identifiers_sent(local):
    """There is no person to tell of."""
    local.put("ana@example.org", {"_update": True})

    (failed,) = local.activities()
    assert {"id": None, "email": "ana@example.org", "cio_id": None} == failed[
        "customer_identifiers"
    ]
    assert "" == failed["customer_id"]
