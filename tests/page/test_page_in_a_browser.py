"""The local workspace's page in a real browser: what has arrived is shown, as text."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import subprocess
import urllib.request

import pytest

from support.local import serving

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed: `make system`")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=3000",
)
HOSTILE = "<img src=x onerror=document.title='taken'>"


@pytest.fixture
def local():
    with serving() as running:
        yield running


def send(local, *items):
    body = json.dumps({"batch": [{"type": "person", **item} for item in items]}).encode()
    headers = {"Authorization": "Basic " + base64.b64encode(b"a:b").decode()}
    request = urllib.request.Request(local.url + "/api/v2/batch", body, headers)
    urllib.request.urlopen(request, timeout=30).close()


def shown(local, tmp_path, *flags):
    """Return the page as the browser has made it, scripts run."""
    command = [BROWSER, *FLAGS, *flags, f"--user-data-dir={tmp_path}", "--dump-dom", local.url]
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return done.stdout.decode()


def rows(page):
    """Return the text of each row, newest first."""
    found = re.findall(r'<li class="row[^"]*">(.*?)</li>', page, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]*>", " ", row)) for row in found]


def test_what_arrived_stands_on_the_page_newest_first(local, tmp_path):
    """Who, what and the effect in words; a repeat is called a duplicate."""
    paid = {"name": "order_paid", "id": "01KDVDNA00A1B2C3D4E5F6G7H8"}
    send(local, {"action": "identify", "identifiers": {"id": "42"}, "attributes": {}})
    send(local, {"action": "event", "identifiers": {"id": "42"}, **paid})
    send(local, {"action": "event", "identifiers": {"id": "42"}, **paid})

    found = [" ".join(row.split()) for row in rows(shown(local, tmp_path))]

    assert [row.partition(" ")[2] for row in found] == [
        "id 42 order_paid Duplicate",
        "id 42 order_paid Applied",
        "id 42 identify Applied",
    ]


def test_a_hostile_name_is_text_and_never_markup(local, tmp_path):
    """What arrives is shown, never run."""
    person = {"email": f"{HOSTILE}@example.org"}
    send(local, {"action": "event", "identifiers": person, "name": HOSTILE, "attributes": {}})

    page = shown(local, tmp_path)

    assert "<img" not in page
    assert "<title>Local workspace</title>" in page
    assert HOSTILE in rows(page)[0]


def test_an_empty_workspace_says_what_to_do(local, tmp_path):
    """A newcomer is not left before a blank page."""
    page = shown(local, tmp_path)

    assert rows(page) == []
    assert re.search(r'<section id="empty" class="blank">', page)
    assert "truthpoint send FILE" in page
    assert local.url in page
