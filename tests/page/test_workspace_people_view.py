"""People and one person on the local workspace's page, in a real browser."""

from __future__ import annotations

import json
import time
import urllib.request

import pytest

HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)>"
TURNED = "\u202egro.elpmaxe\u2066"

PEOPLE = "[...document.querySelectorAll('#people-rows tr')].map((row) => row.cells[0].innerText)"
TIMELINE = """[...document.querySelectorAll('#timeline .row')].map((row) =>
    [...row.querySelector('summary').children].slice(1).map((part) => part.innerText))"""
TITLES = "[...document.querySelectorAll('#timeline .what')].map((each) => each.innerText)"
TITLE = "document.querySelector('#person-title').innerText"
IS_FOUND = "!document.querySelector('#person-found').hidden"
IS_SHOWN = "document.querySelector('{}').checkVisibility()"


def identify(person, by="id", **attributes):
    return {"action": "identify", "identifiers": {by: person}, "attributes": attributes}


def event(person, name="order_paid", **more):
    return {"action": "event", "identifiers": {"id": person}, "name": name, **more}


def go(page, hash_):
    page.see(f"void (location.hash = {json.dumps(hash_)})")


def test_people_appear_as_they_arrive(page, send):
    """The list goes on by itself; a row that was there stays the element it was."""
    go(page, "#/people")
    page.until(IS_SHOWN.format("#people-empty"))
    send(identify("1", email="ana@example.org"))
    page.until(PEOPLE, ["1"])
    page.see("void (window.row = document.querySelector('#people-rows a'), row.focus())")

    send(identify("ben@example.org", by="email"))
    page.until(PEOPLE, ["no id", "1"])

    assert page.see("window.row === document.activeElement")
    emails = (
        "[...document.querySelectorAll('#people-rows tr')].map((row) => row.cells[1].innerText)"
    )
    assert page.see(emails) == ["ben@example.org", "ana@example.org"]
    assert page.see("document.title") == "People · Local workspace"


def test_a_person_is_searched_and_the_address_tells_it(page, send):
    """By a part of the email; a search with no result says so, and leads back to everybody."""
    send(*[identify(str(number), email=f"p{number}@example.org") for number in range(120)])
    go(page, "#/people")
    page.until(f"({PEOPLE}).length", 50)

    page.press("/")
    page.write("p11@")
    page.until(PEOPLE, ["11"])
    assert page.see("document.querySelector('#people-shown').innerText") == "1 person found"
    assert page.see("location.hash") == "#/people?search=p11%40"

    page.write("nobody")
    page.until(IS_SHOWN.format("#people-no-match"))
    assert "p11@nobody" in page.see("document.querySelector('#people-no-match').innerText")
    page.click("#people-clear")
    page.until(f"({PEOPLE}).length", 50)


def test_people_are_turned_over_page_by_page_and_the_way_back_leads_back(page, send):
    """Older, older, back: the same people at the same place."""
    send(*[identify(str(number)) for number in range(120)])
    go(page, "#/people")
    page.until(f"({PEOPLE})[0]", "119")
    page.click("#people-paging a")
    page.until(f"({PEOPLE})[0]", "69")
    page.see("scrollTo(0, 400)")
    page.until("scrollY > 300")

    page.click("#people-rows tr:nth-child(20) a")
    page.until(f"{IS_FOUND} && {TITLE}", "50")
    assert page.see("scrollY") == 0
    assert page.see("document.activeElement.id") == "person-title"
    page.see("history.back()")
    page.until(f"({PEOPLE})[0]", "69")
    page.until("scrollY > 300")

    assert page.see("document.querySelector('#tabs [aria-current]').innerText") == "People"


def test_a_timeline_tells_what_happened_and_leads_to_the_request(page, local, send):
    """In words, the latest first, with what came with it, and to whom it is owed."""
    an_hour_ago = int(time.time()) - 3_600
    send(identify("42", plan="monthly"), identify("43"))
    send(identify("42", plan="annual"), identify("42", id="44"))
    send(event("42", timestamp=an_hour_ago, attributes={"order_id": "A-1", "total": 59.9}))
    send({"action": "merge", "primary": {"id": "42"}, "secondary": {"id": "43"}})
    go(page, "#/people/42")
    page.until(IS_FOUND)
    page.until(f"({TIMELINE}).length", 7)

    told = page.see(TIMELINE)
    assert [row[0] for row in told] == [
        "Another profile merged into this one",
        "order_paid",
        "Change refused",
        "Attributes changed",
        "Profile created",
        "Attributes changed",
        "Profile created",
    ]
    assert told[1][1] == "order_id A-1, total 59.9"
    assert told[1][2].startswith("happened ")
    assert told[2][1:] == ["id can be changed by cio_id only", "No effect"]
    assert told[3][1] == "plan: monthly → annual"

    page.click("#timeline li:nth-child(2) summary")
    page.until("document.querySelector('#timeline pre')?.innerText.includes('A-1') ?? false")
    inside = page.see("document.querySelector('#timeline .inside').innerText")
    assert "1 hour before it arrived" in inside
    page.click("#timeline .inside a")
    page.until("location.hash", "#/requests/3")
    page.until("document.querySelector('#request-body pre')?.innerText.includes('A-1') ?? false")


def test_a_timeline_goes_on_while_it_is_read(page, send):
    """What arrives comes on top; what was opened stays open."""
    send(event("42", "first"))
    go(page, "#/people/42")
    page.until(TITLES, ["first", "Profile created"])
    page.click("#timeline summary")
    page.until("document.querySelectorAll('#timeline [open]').length", 1)

    send(event("42", "second"))
    page.until(TITLES, ["second", "first", "Profile created"])

    assert page.see("document.querySelector('[open] .what').innerText") == "first"


def test_a_timeline_is_turned_over_page_by_page(page, send):
    """A person found by email stays found on the pages behind."""
    send(identify("42", email="ana@example.org"), *[event("42", f"e{n}") for n in range(60)])
    go(page, "#/people/ana@example.org")
    page.until(f"({TITLES})[0]", "e59")
    assert page.see(f"({TITLES}).length") == 50

    page.click("#timeline-paging a")
    page.until(f"({TITLES})[0]", "e9")
    page.click("#timeline-paging a")
    page.until(f"({TITLES})[0]", "e59")


def test_a_person_is_told_whole(page, local, send):
    """Identifiers, subscriptions, attributes digit for digit and with their time, devices."""
    topics = {"topics": {"topic_1": True, "topic_2": False}}
    send(
        identify("42", email="ana@example.org", plan="monthly", anonymous_id="x9"),
        identify("42", cio_subscription_preferences=topics),
        {"action": "add_device", "identifiers": {"id": "42"},
         "device": {"token": "t-1", "platform": "ios"}},
    )  # fmt: skip
    go(page, "#/people/42")
    page.until(IS_FOUND)

    told = page.see("document.querySelector('#person-found .aside').innerText")

    for text in ("42", "ana@example.org", "cio_", "x9", "topic 1: yes", "topic 2: no", "monthly"):
        assert text in told
    assert "t-1" in told
    assert page.see("document.querySelectorAll('#person-attributes time').length") == 3


@pytest.mark.parametrize(
    ("items", "hash_", "says"),
    [
        ([], "#/people/nobody", "Nothing was sent for this identifier yet"),
        ([identify("7"), {"action": "suppress", "identifiers": {"id": "7"}}], "#/people/7",
         "This identifier is suppressed"),
        ([], "#/requests/4711", "There is no such request"),
        ([], "#/nothing/at/all", "There is no such view"),
        ([], "#/people/%E0%A4%A", "There is no such view"),
    ],
)  # fmt: skip
def test_what_does_not_exist_is_said(chromium, local, send, items, hash_, says):
    """With the way on; and who was not there is shown once they are."""
    if items:
        send(*items)
    with chromium.page(f"{local.url}/{hash_}") as page:
        page.until(
            "[...document.querySelectorAll('.blank')].filter((it) => it.checkVisibility()).length",
            1,
        )
        blank = "[...document.querySelectorAll('.blank')].find((it) => it.checkVisibility())"

        assert says in page.see(f"{blank}.innerText")
        assert page.see(f"{blank}.querySelectorAll('a').length") >= 1
        if "nobody" in hash_:
            send(identify("nobody"))
            page.until(IS_FOUND)
            assert page.see(TITLE) == "nobody"

    # The browser notes each 404 by itself.
    assert [] == [each for each in page.complaints if "status of 404" not in each]


@pytest.mark.parametrize("view", ["people", "person", "requests", "request"])
def test_hostile_values_are_text_in_every_view(page, send, view):
    """Markup never runs; signs that turn writing around are spelt out in data."""
    email = f"{HOSTILE}@example.org".lower()
    send({"action": "identify", "identifiers": {"email": email}, "attributes": {HOSTILE: TURNED}})
    send({"action": "event", "identifiers": {"email": email}, "name": HOSTILE,
          "attributes": {TURNED: HOSTILE, "emoji": "😀👩‍👩‍👧", "none": None}})  # fmt: skip
    hashes = {
        "people": "#/people?search=script",
        "person": f"#/people/{email.replace('%', '%25').replace('/', '%2F')}?id_type=email",
        "requests": "#/requests",
        "request": "#/requests/2",
    }
    go(page, hashes[view])
    shown = f"document.querySelector('#view-{view}').innerText"
    expected = {"people": "<img src=x", "person": "<img src=x", "request": "<img src=x"}
    page.until(f"({shown}).includes({json.dumps(expected.get(view, '/api/v2/batch'))})")
    if view == "person":
        page.until(f"({TITLES}).length", 3)
        page.see("document.querySelectorAll('#timeline details').forEach((it) => it.open = true)")
        page.until("document.querySelectorAll('#timeline .inside').length", 3)

    assert page.see("document.querySelectorAll('main :is(script, img)').length") == 0
    assert "taken" not in page.see("document.title").split(" · ")[-1]
    if view in ("person", "request"):
        assert "\\u202egro" in page.see(shown)
        assert "\u202e" not in page.see(shown)
        assert "😀👩‍👩‍👧" in page.see(shown)


def test_data_of_a_hundred_kilobytes_is_shown_when_it_is_asked_for(page, local):
    """The list tells its size only; opened, one click fetches it whole."""
    text = "😀x" * 19_000
    body = json.dumps({"name": "big", "data": {"text": text}}, ensure_ascii=False).encode()
    sent = urllib.request.Request(
        f"{local.url}/api/v1/customers/42/events", body, {"Authorization": "Basic c2l0ZTprZXk="}
    )
    urllib.request.urlopen(sent, timeout=30).close()
    go(page, "#/people/42")
    page.until(f"({TITLES})[0]", "big")
    assert page.see(f"({TIMELINE})[0][1]") == "95.0 kB of data"

    page.click("#timeline summary")
    page.until("document.querySelector('#timeline .inside button') !== null")
    page.click("#timeline .inside button")
    page.until("document.querySelector('#timeline pre') !== null")

    assert page.see("JSON.parse(document.querySelector('#timeline pre').innerText).text") == text


def test_no_view_asks_more_often_than_the_activity(page, local, send):
    """One request each half second at most, also while things arrive."""
    send(identify("42"))
    page.see(
        """(() => {
          window.asked = [];
          const real = window.fetch;
          window.fetch = (...given) => { asked.push(performance.now()); return real(...given); };
        })()"""
    )
    for hash_, count in (("#/people", 0), ("#/people/42", 2), ("#/requests", 0)):
        go(page, hash_)
        page.until(
            f"document.querySelector('#view-{'person' if count else hash_[2:]}').hidden", False
        )
        page.until("window.asked.length > 4")
        page.see("void (window.asked.length = 0)")
        for number in range(3):
            send(event("42", f"e{number}"))
            page.until(f"window.asked.length > {number + 1}")
        page.until("window.asked.length > 5")

        gaps = page.see("asked.slice(1).map((each, place) => each - asked[place])")
        assert min(gaps) > 450, gaps
        page.see("void (window.asked.length = 0)")
