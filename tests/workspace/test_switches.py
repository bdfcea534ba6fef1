"""Law 22: every choice that the documentation leaves open is a switch, works, and is explained."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from asking import DAY, NOW, Asked, act, event, identify, merge, ulid

from truthpoint.workspace import Switches, WorkspaceError

PAGE = Path(__file__).parents[2] / "docs/explanation/undocumented-choices.md"


def _event_of_nobody(local):
    local.batch(event("1"))
    return local.person("1") is not None, [one["type"] for one in local.activities("failed_event")]


def _no_ulid(local):
    status, _ = local.batch(event("1", id="x"), event("1", id="x"))
    return status, local.effects()


def _case(local):
    local.batch(event("1", id=ulid(10)), event("1", id=ulid(10).lower()))
    return local.effects()[1]


def _all_invalid(local):
    status, body = local.batch(event("1", name=None), event("1", name=None))
    return status, ["batch_index" in one for one in body["errors"]]


def _empty(local):
    return local.batch()[0]


def _oversize(local):
    text = {"text": "x" * 31_000}
    return local.batch(*[event("1", attributes=text)] * 17)[0], local.entity(
        event("1", attributes={"text": "x" * 33_000})
    )[0]


def _kilobyte(local):
    return local.entity(event("1", attributes={"text": "x" * 32_400}))[0]


def _event_value(local):
    return local.entity(event("1", attributes={"text": "x" * 1001}))[0]


def _nested_value(local):
    return local.entity(identify("1", list=["x" * 500, "y" * 500]))[0]


def _over_limit(local):
    local.put("1", {"plan": "a", "long": "x" * 1001})
    local.put("2", {f"a{n}": n for n in range(299)})
    local.put("2", {"b0": 1, "b1": 2})
    first = local.person("1")
    return first and first["attributes"].get("plan"), len(local.attributes("2"))


def _new_id(local):
    local.put("1", {"email": "ana@example.org"})
    local.put("2", {"email": "ana@example.org"})
    return local.person("ana@example.org", "email")["id"]


def _email_by_id(local):
    local.put("1", {"email": "ana@example.org"})
    local.put("1", {"email": "new@example.org"})
    return local.person("1")["identifiers"]["email"]


def _identifier_change(local):
    local.put("1", {"email": "ana@example.org"})
    local.put("1", {"email": "new@example.org", "plan": "a"})
    person = local.person("1")
    failed = len(local.activities("failed_attribute_change"))
    return person["identifiers"]["email"], person["attributes"].get("plan"), failed


def _email_null(local):
    local.put("1", {"email": "ana@example.org"})
    local.put("1", {"email": None})
    return local.person("1")["identifiers"]["email"]


def _empty_string(local):
    local.put("1", {"plan": "a"})
    local.put("1", {"plan": ""})
    return local.attributes("1")


def _exactly_72_hours(local):
    local.batch(event("1", timestamp=NOW - 3 * DAY))
    return local.items()[0]["would_trigger"]


def _ahead(local):
    local.batch(event("1", timestamp=NOW + DAY))
    return local.items()[0]["timestamp"], local.items()[0]["timestamp_replaced"]


def _decimal(local):
    local.batch(event("1", timestamp=NOW - 60.5))
    return local.items()[0]["timestamp"]


def _oldest(local):
    local.batch(event("1", timestamp=1_000))
    return local.items()[0]["timestamp"]


def _page_limit(local):
    return local.app("/v1/activities?limit=101")[0]


def _age(local):
    local.batch(event("1", timestamp=NOW - 30 * DAY), event("1", timestamp=NOW - 30 * DAY - 1))
    return len(local.activities("event"))


def _suppress(local):
    local.put("1", {"email": "ana@example.org"})
    local.batch(act("suppress"), identify("ana@example.org", by="email"))
    return local.person("ana@example.org", "email") is not None


def _suppressed_among_attributes(local):
    local.batch(act("suppress", "ana@example.org", by="email"))
    local.batch(identify("1", email="ana@example.org", plan="a"))
    person = local.person("1")
    return person and (person["identifiers"]["email"], person["attributes"]["plan"])


def _auto_merge(local):
    local.batch(identify("ana@example.org", by="email"), identify("1"))
    local.put("1", {"email": "ana@example.org"})
    return local.person("1")["identifiers"]["email"]


def _device(person="1"):
    return act("add_device", person, device={"token": "t", "platform": "ios"})


def _devices_merged(local):
    local.batch(identify("1"), _device("2"), merge({"id": "1"}, {"id": "2"}))
    return len(local.person("1")["devices"])


def _device_of_nobody(local):
    local.batch(_device())
    return local.person("1") is not None


def _device_of_another(local):
    local.batch(_device(), _device("2"))
    return [len(local.person(one)["devices"]) for one in "12"]


def _claimed(local):
    """Events of the person after identifying them with their anonymous id."""
    local.put("1", {"anonymous_id": "anon"})
    return len(local.activities("event"))


def _anonymous_merge(local):
    local.v1("POST", "/events", {"anonymous_id": "anon", "name": "viewed"})
    return _claimed(local)


def _anonymous_by_v2(local):
    return local.batch(event("anon", by="anonymous_id"))[0], _claimed(local)


def _anonymous_again(local):
    _claimed(local)
    local.now += DAY
    return _anonymous_merge(local)


def _event_of_nobody_at_all(local):
    return local.v1("POST", "/events", {"name": "viewed"})[0]


def _delay(local):
    local.put("1", {})
    return local.effects()


STORIES = [
    (_event_of_nobody, "event_for_unknown_person", {
        "create": (True, []), "fail": (False, ["failed_event"])}),
    (_no_ulid, "invalid_event_id", {
        "reject": (207, ["refused"] * 2), "accept": (200, ["applied", "duplicate"]),
        "ignore": (200, ["applied"] * 2)}),
    (_case, "event_id_case", {"fold": "duplicate", "exact": "applied"}),
    (_all_invalid, "all_invalid_status", {207: (207, [True] * 2), 400: (400, [False] * 2)}),
    (_empty, "empty_batch_status", {200: 200, 400: 400}),
    (_oversize, "oversize_status", {400: (400, 400), 413: (413, 413)}),
    (_kilobyte, "kilobyte_bytes", {1000: 400, 1024: 200}),
    (_event_value, "event_value_limit", {"off": 200, "on": 400}),
    (_nested_value, "nested_value_limit", {"on": 400, "off": 200}),
    (_over_limit, "over_limit_attributes", {"refuse": (None, 299), "drop": ("a", 300)}),
    (_new_id, "new_id_with_known_email", {"rename": "2", "refuse": "1"}),
    (_email_by_id, "email_update_by_id", {"off": "ana@example.org", "on": "new@example.org"}),
    (_identifier_change, "identifier_change", {
        "refuse_update": ("ana@example.org", None, 1),
        "refuse_identifier": ("ana@example.org", "a", 1)}),
    (_email_null, "email_null", {"remove": None, "keep": "ana@example.org"}),
    (_empty_string, "empty_string", {"remove": {}, "keep": {"plan": ""}}),
    (_exactly_72_hours, "horizon_inclusive", {True: True, False: False}),
    (_ahead, "future_timestamp", {"keep": (NOW + DAY, False), "now": (NOW, True)}),
    (_decimal, "decimal_timestamp", {"now": NOW, "truncate": NOW - 61}),
    (_oldest, "oldest_timestamp_seconds", {0: 1_000, 1_001: NOW}),
    (_suppress, "suppress_scope", {"all": False, "given": True}),
    (_suppressed_among_attributes, "suppressed_among_attributes", {
        "ignore": None, "drop": (None, "a")}),
    (_auto_merge, "auto_merge", {"on": "ana@example.org", "off": None}),
    (_devices_merged, "merge_devices", {"drop": 0, "move": 1}),
    (_device_of_nobody, "device_for_unknown_person", {"create": True, "ignore": False}),
    (_device_of_another, "device_of_another", {"share": [1, 1], "move": [0, 1]}),
    (_anonymous_merge, "anonymous_merge", {"on": 1, "off": 0}),
    (_anonymous_by_v2, "anonymous_by_v2", {"accept": (200, 1), "refuse": (207, 0)}),
    (_anonymous_again, "anonymous_again", {"new": 0, "same": 1}),
    (_event_of_nobody_at_all, "event_of_nobody", {"ignore": 200, "refuse": 400}),
    (_delay, "apply_delay_seconds", {0.0: ["applied"], 1.0: ["pending"]}),
    (_page_limit, "page_limit", {"refuse": 400, "clamp": 200}),
    (_age, "activity_age", {"all": 2, "thirty_days": 1}),
]  # fmt: skip


def _alternatives(name: str) -> tuple:
    hint = get_type_hints(Switches)[name]
    return (True, False) if hint is bool else get_args(hint)


@pytest.mark.parametrize(
    ("story", "switch", "value", "expected"),
    [
        pytest.param(story, switch, value, expected, id=f"{switch}={value}")
        for story, switch, values in STORIES
        for value, expected in values.items()
    ],
)
def test_a_switch_does_what_it_says(local_with, story, switch, value, expected):
    """Law 22: each value of each switch, by what a client and the log see."""
    assert expected == story(local_with(**{switch: value}))


@pytest.mark.parametrize(("story", "switch", "values"), STORIES)
def test_the_first_value_told_is_the_default(local, story, switch, values):
    """A workspace without switches behaves as the page says."""
    default, expected = next(iter(values.items()))

    assert default == getattr(Switches(), switch)
    assert expected == story(local)


def test_every_value_of_every_switch_has_a_story():
    """Nothing can be switched that no test has seen."""
    told = {switch: set(values) for _, switch, values in STORIES}

    assert {one.name for one in fields(Switches)} == set(told)
    for name, values in told.items():
        assert set(_alternatives(name)) <= values, name


@pytest.mark.parametrize(
    ("name", "value"), [("empty_string", "drop"), ("kilobyte_bytes", 1), ("oversize_status", 200)]
)
def test_a_value_that_a_switch_does_not_have_is_refused(name, value):
    """With the values it allows."""
    with pytest.raises(WorkspaceError, match=f"The switch {name} allows "):
        Asked(switches=Switches(**{name: value}))


def test_the_page_of_choices_says_what_the_switches_say():
    """Law 22: the ledger of choices and the code are one: names, defaults, sections."""
    rows = re.findall(
        r"^\| `(\w+)` \| `(\S+)` \| (.+?) \| ([\d., ]+) \| (.+) \|$",
        PAGE.read_text("utf-8"),
        re.MULTILINE,
    )
    sections = dict(
        re.findall(
            r"^        (\w+): (?:.|\n)*?Sections? ([\d., ]+)\.$", Switches.__doc__, re.MULTILINE
        )
    )

    assert [one.name for one in fields(Switches)] == [row[0] for row in rows]
    for name, default, others, section, reason in rows:
        value = getattr(Switches(), name)
        assert str(value).lower() == default.lower(), name
        left = {str(one).lower() for one in _alternatives(name) if one != value}
        assert left <= {one.lower() for one in re.findall(r"`(\S+?)`", others)}, name
        assert section == sections[name], name
        assert len(reason) > 40, name
