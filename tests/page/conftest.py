"""One browser for all tests of pages, a new profile for each of them, and a workspace to watch."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from support import browser
from support.local import serving

_BASIC = "Basic " + base64.b64encode(b"site:key").decode()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    if browser.EXECUTABLE is None:
        pytest.skip(f"none of {', '.join(browser.NAMES)} is installed: `make system` gets one")
    with browser.running(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture
def local():
    with serving() as running:
        yield running


@pytest.fixture
def page(chromium, local):
    """The page of the workspace, which must end without a complaint."""
    with chromium.page(local.url) as shown:
        shown.until("document.querySelector('#state').textContent", "Live")
        yield shown

    # The browser notes by itself whatever is answered 404: a person who is not there, say.
    assert [] == [each for each in shown.complaints if "404" not in each or "/local/" not in each]


@pytest.fixture
def send(local):
    """Sends items as one batch, and leaves the answer to the page."""

    def sending(*items: dict[str, Any]) -> None:
        body = json.dumps({"batch": [{"type": "person", **item} for item in items]}).encode()
        request = urllib.request.Request(
            local.url + "/api/v2/batch", body, {"Authorization": _BASIC}
        )
        try:
            urllib.request.urlopen(request, timeout=30).close()
        except urllib.error.HTTPError as refused:
            refused.close()
        except OSError:
            pass  # a fault cut the connection

    return sending
