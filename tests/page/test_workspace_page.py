"""The local workspace's page, in a real browser: what a person sees of what arrives."""

from __future__ import annotations

import time
from urllib.error import HTTPError

import pytest

from support.local import serving

ULID = "01KDVDNA00A1B2C3D4E5F6G7H8"
HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)>"

ROWS = """[...document.querySelectorAll('.row:not([hidden]) > *')].map((row) =>
    [...(row.querySelector('summary') ?? row).children].map((part) => part.innerText).slice(1))"""
COUNT = "document.querySelectorAll('.row').length"
OPEN = "document.querySelector('details[open] .inside')?.innerText ?? ''"
READ = f"({OPEN}).length > 0 && !({OPEN}).includes('Reading…')"
IS_SHOWN = "!document.querySelector('{}').hidden"
# Whatever ends beyond the window or scrolls sideways; inside these, text ends in an ellipsis.
WIDER = """[document.documentElement, ...document.body.querySelectorAll('*')]
    .filter((it) => it.checkVisibility() && !it.parentElement?.closest('.person, .what, .chip'))
    .filter((it) => !it.matches('.unseen'))
    .filter((it) => it.getBoundingClientRect().right > window.innerWidth
        || it.getBoundingClientRect().left < 0
        || (it.scrollWidth > it.clientWidth && getComputedStyle(it).overflowX === 'auto')
        || document.documentElement.scrollWidth > window.innerWidth)
    .map((it) => it.className || it.id || it.tagName)"""

CONTRASTS = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3)
    .map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, place) => sum + each * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = (it) => {
    const colour = getComputedStyle(it).backgroundColor;
    return numbers(colour)[3] === 0 ? ground(it.parentElement) : colour;
  };
  const texts = [...document.body.querySelectorAll('*')].filter((it) => it.checkVisibility()
    && [...it.childNodes].some((each) => each.nodeType === 3 && each.data.trim()));
  const contrasts = texts.map((it) => {
    const [dim, bright] = [getComputedStyle(it).color, ground(it)].map(light).sort((a, b) => a - b);
    return [(bright + 0.05) / (dim + 0.05), it.className || it.id || it.tagName];
  });
  return [contrasts.filter(([contrast]) => contrast < 4.5), contrasts.length];
})()"""


def identify(person, **attributes):
    return {"action": "identify", "identifiers": {"id": person}, "attributes": attributes}


def event(person, name="order_paid", **more):
    return {"action": "event", "identifiers": {"id": person}, "name": name, **more}


def test_what_arrives_is_seen_without_asking(page, send):
    """Newest first: whom, what and the effect in words; the counts go along."""
    page.until(IS_SHOWN.format("#empty"))
    send(identify("42", email="ana@example.org"), event("42", id=ULID))
    send(event("42", id=ULID))

    page.until(COUNT, 3)

    assert page.see(ROWS) == [
        ["id 42", "order_paid", "Duplicate"],
        ["id 42", "order_paid", "Applied"],
        ["id 42", "identify", "Applied"],
    ]
    counts = page.see("document.querySelector('.counts').innerText")
    assert counts.split() == ["People", "1", "Events", "1", "Requests", "2"]
    assert page.see("document.querySelector('#empty').hidden")


def test_what_went_wrong_has_a_word_of_its_own(page, local, send):
    """Effect, status, fault and a replaced time are told in words, not in colour alone."""
    local.ask(
        "PUT",
        "/local/faults",
        [{"kind": "status", "status": 429}, {"kind": "reset", "when": "after", "name": "cut"}],
    )
    send(event("1"))
    send(event("2"))
    send(event("3", timestamp="yesterday"), {"action": "event", "name": "order_paid"})
    send({"action": "identify", "identifiers": {"cio_id": "cio_nobody"}})

    page.until(COUNT, 5)

    assert [" ".join(row[2].split()) for row in page.see(ROWS)] == [
        "Ignored",
        "Refused HTTP 207",
        "Applied HTTP 207 time replaced",
        "Applied no answer fault: cut",
        "Not applied HTTP 429 fault: status",
    ]
    assert page.see(ROWS)[1][0] == "nobody named"


def test_an_empty_workspace_says_what_to_do(page, local):
    """A newcomer is not left before a blank page."""
    page.until(IS_SHOWN.format("#empty"))

    told = page.see("document.querySelector('#empty').innerText")
    assert "truthpoint send FILE" in told
    assert local.url in told


def test_a_request_without_items_is_dimmed_unless_it_failed(page, local):
    """A reading is no activity: the page goes on saying what to do. A refused one is."""
    local.ask("GET", "/v1/activities")
    page.until("document.querySelectorAll('.row.quiet').length", 1)
    assert page.see(IS_SHOWN.format("#empty"))

    with pytest.raises(HTTPError, match="401"):
        local.ask("GET", "/api/v1/accounts/region")
    page.until(COUNT, 2)

    assert page.see("document.querySelectorAll('.row.quiet').length") == 1
    assert page.see(ROWS)[0][1:] == ["GET /api/v1/accounts/region", "HTTP 401"]
    assert page.see("document.querySelector('#empty').hidden")


def test_a_row_opens_by_click_and_by_key(page, send):
    """Attributes digit for digit, the event's id, its time in words, and why it had no effect."""
    an_hour_ago = int(time.time()) - 3_600
    send({"action": "event", "identifiers": {}, "name": "order_paid"})
    send(event("42", id=ULID, timestamp=an_hour_ago, attributes={"order_id": "A-1", "total": 10}))
    page.until(COUNT, 2)

    page.click("summary")
    page.until(f"({OPEN}).includes('order_id')")

    told = page.see(OPEN)
    assert ULID in told
    assert "1 hour before it arrived" in told
    assert '"order_id": "A-1"' in told
    assert "start campaigns" in told

    page.click("summary")
    page.until(OPEN, "")
    page.press("Tab")
    page.press("Enter")
    page.until(f"({OPEN}).includes('exactly one identifier')")

    assert "invalid" in page.see(OPEN)


@pytest.mark.parametrize("number", ["59.90", "12345678901234567890.10", "1e2"])
def test_a_number_is_shown_as_it_was_sent(page, number):
    """Money is read digit for digit, never through a binary float."""
    read = f"words.pretty(words.parse('{{\"total\": {number}}}'))"

    told = page.see(f"import('/page/words.js').then((words) => {read})")

    assert told == f'{{\n  "total": {number}\n}}'


def test_the_filter_looks_at_person_event_and_effect(page, send):
    """All its words must fit; Escape clears it, `/` leads to it; what arrives later obeys too."""
    send(identify("42"), event("42", id=ULID), event("43", "checkout_started"))
    send(event("42", id=ULID))
    page.until(COUNT, 4)

    page.press("/")
    page.write("Order_Paid dupl")
    page.until(f"({ROWS}).length", 1)
    assert page.see(ROWS) == [["id 42", "order_paid", "Duplicate"]]
    assert page.see("document.querySelector('#shown').innerText") == "1 of 4 rows"

    send(event("44"), event("42", id=ULID))
    page.until(COUNT, 6)
    assert page.see(ROWS) == [["id 42", "order_paid", "Duplicate"]] * 2

    page.write(" nothing")
    page.until(IS_SHOWN.format("#no-match"))
    page.press("Escape")
    page.until(f"({ROWS}).length", 6)


def test_only_this_person_is_one_click_away(page, send):
    """Why did she get it? Everything of hers, nothing of others."""
    send(event("42"), event("142"), event("1", "order_42"), identify("42"))
    page.until(COUNT, 4)

    page.click("summary")
    page.until(READ)
    page.click(".inside button")

    assert [row[0] for row in page.see(ROWS)] == ["id 42", "id 42"]


def test_hostile_names_are_text(page, send):
    """What arrives is shown, never run: in the row, opened, and in the filter."""
    person = {"email": f"{HOSTILE}@example.org"}
    attributes = {HOSTILE: HOSTILE}
    send({"action": "event", "identifiers": person, "name": HOSTILE, "attributes": attributes})
    page.until(COUNT, 1)

    page.click("summary")
    page.until(READ)

    assert page.see(ROWS)[0][1] == HOSTILE
    assert page.see(OPEN).count("<img src=x") == 3
    assert page.see("document.querySelectorAll('#activity :is(script, img)').length") == 0
    assert page.see("document.title") == "Local workspace"


def test_paused_the_list_holds_still_and_counts_what_waits(page, send):
    """Nothing is lost by pausing."""
    send(event("1"))
    page.until(COUNT, 1)

    page.click("#pause")
    send(event("2"))
    send(event("3"))
    page.until("document.querySelector('#state').innerText", "Paused, 2 new requests")
    assert page.see(COUNT) == 1

    page.click("#pause")
    page.until(COUNT, 3)
    assert page.see("document.querySelector('#state').innerText") == "Live"


def test_a_reset_empties_the_list_and_says_so(page, local, send):
    """The counts are those of the new life, and what it receives is shown."""
    send(event("1"), event("2"))
    page.until(COUNT, 2)

    life = local.ask("POST", "/local/reset")["life"]
    page.until(IS_SHOWN.format("#reset"))
    page.until(COUNT, 0)

    assert f"life {life} begins" in page.see("document.querySelector('#reset').innerText")
    page.until(IS_SHOWN.format("#empty"))
    send(event("3"))
    page.until(f"({ROWS}).map((row) => row[0])", ["id 3"])
    page.click("#reset-close")
    assert page.see("document.querySelector('#reset').hidden")


def test_a_workspace_that_is_gone_is_named_and_found_again(chromium, tmp_path):
    """What was listed stays, and the page goes on by itself when it is back."""
    with serving(tmp_path / "workspace.db") as local:
        port = int(local.url.rpartition(":")[2])
        opened = chromium.page(local.url)
        page = opened.__enter__()
        page.until("document.querySelector('#state').innerText", "Live")
    try:
        page.until(IS_SHOWN.format("#unreachable"))
        assert "truthpoint up" in page.see("document.querySelector('#unreachable').innerText")
        assert page.see("document.querySelector('#state').innerText") == "Not connected"

        with serving(tmp_path / "workspace.db", port=port):
            page.until("document.querySelector('#state').innerText", "Live")
            assert page.see("document.querySelector('#unreachable').hidden")
            assert page.see("document.querySelector('#reset').hidden")
    finally:
        opened.__exit__(None, None, None)


def test_only_the_newest_rows_are_kept(page, send):
    """A long day does not slow the browser down; what was left out is named."""
    send(event("first"))
    page.until(COUNT, 1)
    page.click("#pause")
    for _ in range(3):
        send(*[event(str(number)) for number in range(200)])

    page.click("#pause")
    page.until(COUNT, 500)

    assert page.see(ROWS)[0][0] == "id 199"
    assert page.see(f"({ROWS}).filter((row) => row[0] === 'id first').length") == 0


def test_requests_that_came_too_fast_are_counted(page, send):
    """More than one answer of the log holds: the newest are listed, a line says how many not."""
    send(event("first"))
    page.until(COUNT, 1)
    page.click("#pause")
    for number in range(410):
        send(event(str(number)))

    page.click("#pause")
    page.until("document.querySelector('.row .value').innerText", "409")

    told = page.see("document.querySelector('.gap').innerText")
    assert told == "10 requests not listed: they arrived faster than this page follows."
    assert page.see(COUNT) == 401


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_nothing_is_wider_than_the_window(page, local, send, width):
    """Phone or desk, empty or busy, closed or opened, whatever the length of names."""
    page.resize(width, 844)
    assert [] == page.see(WIDER)
    _fill(page, local, send)

    assert [] == page.see(WIDER)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(page, local, send, scheme):
    """Light and dark, opened, with both notices: a contrast of 4.5 at least (WCAG AA)."""
    page.prefer(prefers_color_scheme=scheme, prefers_reduced_motion="reduce")
    _fill(page, local, send)
    page.see("document.querySelectorAll('main [hidden]').forEach((it) => { it.hidden = false; })")

    weak, seen = page.see(CONTRASTS)

    assert [] == weak
    assert seen > 60


def _fill(page, local, send):
    """Rows of each effect that a batch can have, opened, with names as long as they may be."""
    local.ask("PUT", "/local/faults", [{"kind": "slow", "seconds": 0.01, "name": "x" * 300}])
    long = "x" * 90
    send(
        event(long, long, id=ULID, attributes={long: "y" * 900}, timestamp="yesterday"),
        event(long, long, id=ULID),
        {"action": long},
        {"action": "identify", "identifiers": {"cio_id": "cio_nobody"}},
    )
    page.until(COUNT, 4)
    page.see("document.querySelectorAll('details').forEach((it) => { it.open = true; })")
    page.until("document.querySelectorAll('.inside').length", 4)


def test_nothing_moves_for_those_who_asked_for_it(page, send):
    """prefers-reduced-motion holds for every element."""
    moving = """[...document.querySelectorAll('*')].filter((each) =>
        ['', '::before'].some((part) => getComputedStyle(each, part).animationName !== 'none')
    ).length"""
    send(event("1"))
    page.until(COUNT, 1)
    assert page.see(moving) > 0

    page.prefer(prefers_reduced_motion="reduce")

    assert page.see(moving) == 0
