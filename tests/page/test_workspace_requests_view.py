"""Requests on the local workspace's page, in a real browser; and every view at every width."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest
from test_workspace_page import CONTRASTS

REQUESTS = """[...document.querySelectorAll('#requests-rows tr')].map((row) =>
    [...row.cells].slice(1, 4).map((cell) => cell.innerText.replaceAll('\\n', ' ')))"""
ITEMS = "document.querySelectorAll('#request-items li').length"
BODY = "document.querySelector('#request-body pre')?.innerText ?? ''"
ANSWER = "document.querySelector('#request-answer').innerText"
IS_SHOWN = "document.querySelector('{}').checkVisibility()"
LONG = "x" * 90

# As for the activity: what ends in an ellipsis may be longer than its place.
WIDER = """[document.documentElement, ...document.body.querySelectorAll('*')]
    .filter((it) => it.checkVisibility() && !it.matches('.unseen, .whole')
        && !it.closest('.unseen, thead')
        && !it.parentElement?.closest('.person, .what, .chip, .brief, .list th, .list td'))
    .filter((it) => it.getBoundingClientRect().right > window.innerWidth + 0.5
        || it.getBoundingClientRect().left < -0.5
        || (it.scrollWidth > it.clientWidth && getComputedStyle(it).overflowX === 'auto')
        || document.documentElement.scrollWidth > window.innerWidth)
    .map((it) => it.className || it.id || it.tagName)"""

VIEWS = {
    "#/people": "#people-rows tr",
    "#/people?search=zzz": "#people-no-match:not([hidden])",
    f"#/people/{LONG}": "#timeline .row",
    "#/people/gone": "#person-nobody:not([hidden])",
    "#/requests": "#requests-rows tr",
    "#/requests?status=418": "#requests-no-match:not([hidden])",
    "#/requests/1": "#request-items .row",
    "#/requests/2": "#request-answer pre",
    "#/requests/99": "#request-none:not([hidden])",
}


def identify(person, **attributes):
    return {"action": "identify", "identifiers": {"id": person}, "attributes": attributes}


def event(person, name="order_paid", **more):
    return {"action": "event", "identifiers": {"id": person}, "name": name, **more}


def go(page, hash_):
    page.see(f"void (location.hash = {json.dumps(hash_)})")


def test_requests_appear_as_they_arrive_and_failures_are_one_click_away(page, local, send):
    """Newest first: what was asked, what was answered, how many items; the fault beside it."""
    go(page, "#/requests")
    page.until(IS_SHOWN.format("#requests-empty"))
    local.ask("PUT", "/local/faults", [{"kind": "status", "status": 429, "skip": 1}])
    send(identify("1"), event("1"))
    page.until(f"({REQUESTS}).length", 1)
    send(event("2"))
    page.until(f"({REQUESTS}).length", 2)

    assert page.see(REQUESTS) == [
        ["POST /api/v2/batch", "429 Too many fault: status", "1"],
        ["POST /api/v2/batch", "200 OK", "2"],
    ]
    page.click("#requests-choices a:nth-child(2)")
    page.until(f"({REQUESTS}).length", 1)
    assert page.see("location.hash") == "#/requests?status=failures"
    assert page.see("document.querySelector('#requests-choices [aria-current]').innerText") == (
        "Failures"
    )
    page.see("history.back()")
    page.until(f"({REQUESTS}).length", 2)


def test_a_request_is_shown_with_its_body_and_its_answer(page, local, send):
    """By key alone: the row leads to it; numbers as sent, the fault and its header named."""
    headers = {"Retry-After": "17"}
    fault = {"kind": "status", "status": 429, "headers": headers, "body": '{"error": 1}'}
    local.ask("PUT", "/local/faults", [fault | {"name": "too eager"}])
    send(event("42", attributes={"total": 12345678901234567890.0}))
    go(page, "#/requests")
    page.until(f"({REQUESTS}).length", 1)

    page.see("document.querySelector('#requests-rows a').focus()")
    page.press("Enter")
    page.until(f"({BODY}).includes('1.2345678901234567e+19')")

    assert page.see(ITEMS) == 1
    assert "Not applied" in page.see("document.querySelector('#request-items').innerText")
    assert "17" in page.see(ANSWER)
    assert '"error": 1' in page.see(ANSWER)
    facts = page.see("document.querySelector('#request-facts').innerText")
    assert "too eager" in facts
    assert "429" in facts
    page.click("#request-facts a")
    page.until("location.hash", "#/requests?status=429")


def test_a_broken_body_is_shown_as_it_is(page, local, send):
    """Half a surrogate pair, no JSON, no UTF-8; nothing hides what was sent."""
    for body in (b'{"a": "\\ud800"}', b"<b>no JSON", b"\xff\xfe"):
        sent = urllib.request.Request(
            f"{local.url}/api/v2/batch", body, {"Authorization": "Basic c2l0ZTprZXk="}
        )
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(sent, timeout=30)

    go(page, "#/requests/1")
    page.until(f"({BODY}).includes('ud800')")
    go(page, "#/requests/2")
    page.until(BODY, "<b>no JSON")
    go(page, "#/requests/3")
    page.until(BODY, "\ufffd\ufffd")

    assert "not UTF-8" in page.see("document.querySelector('#request-body').innerText")


def test_many_items_are_turned_over_page_by_page(page, send):
    """A hundred at a time, the way back included; a person of each is one click away."""
    send(*[event(str(number)) for number in range(250)])
    go(page, "#/requests/1")
    page.until(ITEMS, 100)
    page.click("#request-items-paging a")
    page.until("document.querySelector('#request-items .value')?.innerText", "100")
    page.click("#request-items-paging a:last-child")
    page.until(ITEMS, 50)
    page.see("history.back()")
    page.until("document.querySelector('#request-items .value')?.innerText", "100")

    page.click("#request-items a")
    page.until("document.querySelector('#person-title').innerText", "100")


def test_requests_lead_to_those_beside_them(page, send):
    """Older and newer; none at the ends."""
    send(event("1", "first"))
    send(event("1", "second"))
    go(page, "#/requests/2")
    page.until(f"({BODY}).includes('second')")
    assert page.see(IS_SHOWN.format("#request-newer")) is False

    page.click("#request-older")
    page.until(f"({BODY}).includes('first')")
    assert page.see(IS_SHOWN.format("#request-older")) is False


def test_paused_a_list_holds_still_and_counts_what_waits(page, send):
    """As the activity does."""
    send(event("1"))
    go(page, "#/requests")
    page.until(f"({REQUESTS}).length", 1)

    page.click("#pause")
    send(event("2"))
    page.until("document.querySelector('#state').innerText", "Paused, 1 new request")
    assert page.see(f"({REQUESTS}).length") == 1

    page.click("#pause")
    page.until(f"({REQUESTS}).length", 2)


def test_a_reset_is_seen_in_every_view(page, local, send):
    """The list empties, and a notice says why."""
    send(event("1"))
    go(page, "#/people")
    page.until("document.querySelectorAll('#people-rows tr').length", 1)

    local.ask("POST", "/local/reset")
    page.until(IS_SHOWN.format("#reset"))
    page.until(IS_SHOWN.format("#people-empty"))

    assert page.see("document.querySelectorAll('#people-rows tr').length") == 0


def test_the_activity_leads_to_person_and_request(page, send):
    """And what is filtered there is in the address."""
    send(event("42"))
    page.until("document.querySelectorAll('.row').length", 1)
    page.click("#activity summary")
    page.until("document.querySelectorAll('#activity .inside a').length", 2)
    page.click("#activity .inside button")
    assert page.see("location.hash") == "#/activity?filter=id%3A42"

    page.click("#activity .inside a")
    page.until("document.querySelector('#person-title').innerText", "42")
    page.see("history.back()")
    page.until("document.querySelector('#filter').value", "id:42")


def _fill(local, send):
    """People, events and requests with names and values as long as they may be."""
    local.ask("PUT", "/local/faults", [{"kind": "slow", "seconds": 0.01, "name": LONG * 3}])
    send(
        identify(LONG, **{LONG: "y" * 900, "email": f"{LONG}@example.org"}),
        event(LONG, LONG, attributes={LONG: LONG * 5}, timestamp=1_700_000_000),
        identify(LONG, id=LONG + "z"),
        {"action": LONG},
        {"action": "add_device", "identifiers": {"id": LONG},
         "device": {"token": LONG, "platform": "ios"}},
    )  # fmt: skip
    send(event(""))


def _opened(page, hash_):
    go(page, hash_)
    page.until(f"document.querySelector({json.dumps(VIEWS[hash_])}) !== null")
    page.see("document.querySelectorAll('.view details').forEach((it) => { it.open = true; })")
    page.until(
        "[...document.querySelectorAll('#timeline details')]"
        ".every((it) => it.childElementCount > 1)"
    )


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_no_view_is_wider_than_the_window(page, local, send, width):
    """Phone or desk, full, empty or missing, whatever the length of names."""
    page.resize(width, 844)
    _fill(local, send)

    for hash_ in VIEWS:
        _opened(page, hash_)
        assert (hash_, []) == (hash_, page.see(WIDER))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_of_every_view_stands_out_from_its_ground(page, local, send, scheme):
    """Light and dark: a contrast of 4.5 at least (WCAG AA)."""
    page.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
    _fill(local, send)

    for hash_ in VIEWS:
        _opened(page, hash_)
        weak, seen = page.see(CONTRASTS)
        assert (hash_, []) == (hash_, weak)
        assert seen > 10


@pytest.mark.parametrize("hash_", ["#/people", "#/people/42", "#/requests", "#/requests/1"])
def test_what_can_be_used_has_a_name_and_can_be_reached_by_key(page, send, hash_):
    """Every link, button and field of a view has words; headings begin with the view's own."""
    send(identify("42", email="ana@example.org", plan="a"), event("42"))
    go(page, hash_)
    page.until(
        "document.querySelectorAll('.view:not([hidden]) :is(tbody tr, .rows li)').length > 0"
    )

    nameless = page.see(
        """[...document.querySelectorAll('a[href], button, input, summary')]
            .filter((it) => it.checkVisibility())
            .filter((it) => !(it.ariaLabel || it.innerText.trim() || it.labels?.length
                || it.tabIndex < 0)).map((it) => it.outerHTML)"""
    )
    assert nameless == []
    heads = page.see(
        "[...document.querySelectorAll('h1, .view:not([hidden]) :is(h2, h3)')]"
        ".filter((it) => it.checkVisibility()).map((it) => it.tagName)"
    )
    assert heads[:2] == ["H1", "H2"]
