"""A real browser, driven over its DevTools protocol by a pipe: no port, no further package.

What is sent and what comes back are JSON texts, each with a zero byte behind it.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

NAMES = ("chromium", "chromium-browser", "google-chrome")
EXECUTABLE = next(filter(None, map(shutil.which, NAMES)), None)
"""The browser of this machine; None: there is none."""

DEADLINE_SECONDS = 30.0
"""Longest wait for an answer, or for something to become true on a page."""

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)

# The browser reads from descriptor 3 and writes to 4, whatever their numbers are with us.
_AS_3_AND_4 = """
import fcntl, os, sys
high = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3]]
os.dup2(high[0], 3), os.dup2(high[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""

_KEYS = {
    "Enter": {"code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    "Escape": {"code": "Escape", "windowsVirtualKeyCode": 27},
    "Tab": {"code": "Tab", "windowsVirtualKeyCode": 9},
    "/": {"code": "Slash", "windowsVirtualKeyCode": 191, "text": "/"},
}


class Browser:
    """A running browser. What its pages complain about is kept in each page's `complaints`."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._numbers = itertools.count(1)
        self._unread = b""
        self._pages: dict[str, Page] = {}

    @contextmanager
    def page(self, url: str, *, width: int = 1280, height: int = 800) -> Generator[Page]:
        """Open a page in a profile of its own meanwhile."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)
        session = self.call("Target.attachToTarget", **target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log"):
            page.call(f"{domain}.enable")
        page.resize(width, height)
        page.call("Page.navigate", url=url)
        page.until("document.readyState === 'complete' && location.protocol !== 'about:'")
        try:
            yield page
        finally:
            self.call("Target.disposeBrowserContext", browserContextId=context)

    def call(self, method: str, /, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Ask for something and return the answer."""
        number = next(self._numbers)
        asked = {"id": number, "method": method, "params": parameters}
        if session is not None:
            asked["sessionId"] = session
        os.write(self._to, json.dumps(asked).encode() + b"\0")
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            told = self._read(deadline)
            if told.get("id") == number:
                assert "error" not in told, f"{method}: {told['error']}"
                return told["result"]
            if (page := self._pages.get(told.get("sessionId", ""))) is not None:
                page.hear(told["method"], told["params"])

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._unread:
            left_seconds = max(0.0, deadline - time.monotonic())
            assert select.select([self._from], [], [], left_seconds)[0], "the browser is silent"
            read = os.read(self._from, 1 << 20)
            assert read, "the browser has ended"
            self._unread += read
        told, _, self._unread = self._unread.partition(b"\0")
        return json.loads(told)


class Page:
    """A page in a browser.

    Attributes:
        complaints: Errors and warnings of the page's console, policies broken included.
    """

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session
        self.complaints: list[str] = []

    def call(self, method: str, /, **parameters: Any) -> dict[str, Any]:
        """Ask for something on this page and return the answer."""
        return self._browser.call(method, session=self._session, **parameters)

    def hear(self, method: str, told: dict[str, Any]) -> None:
        """Keep what a page complains about."""
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning"):
            self.complaints.append(json.dumps(told["args"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")

    def see(self, script: str) -> Any:
        """Return what a JavaScript expression gives; a promise is awaited."""
        told = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, script: str, expected: Any = None) -> None:
        """Wait until a JavaScript expression gives what is expected; None: true."""
        expected = True if expected is None else expected
        deadline = time.monotonic() + DEADLINE_SECONDS
        while (seen := self.see(script)) != expected:
            assert time.monotonic() < deadline, f"{script}: {expected!r} expected, {seen!r} seen"
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        """Click with the mouse in the middle of the first element that fits."""
        place = self.see(
            f"(() => {{ const it = document.querySelector({json.dumps(selector)});"
            "it.scrollIntoView({block: 'center'}); const box = it.getBoundingClientRect();"
            "return {x: box.x + box.width / 2, y: box.y + box.height / 2}; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def press(self, key: str) -> None:
        """Press and release a key."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **_KEYS[key])

    def write(self, text: str) -> None:
        """Write a text where the cursor is."""
        self.call("Input.insertText", text=text)

    def resize(self, width: int, height: int) -> None:
        """Give the page a size; one narrower than 600 is a phone's."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def prefer(self, **features: str) -> None:
        """Set media features, `prefers_color_scheme="dark"` for example."""
        told = [{"name": name.replace("_", "-"), "value": features[name]} for name in features]
        self.call("Emulation.setEmulatedMedia", features=told)

    def photograph(self, path: Path) -> None:
        """Write what is seen as a PNG file."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))


@contextmanager
def running(profile: Path) -> Generator[Browser]:
    """Run the browser of this machine meanwhile.

    Args:
        profile: A new folder for what it keeps.
    """
    assert EXECUTABLE is not None, f"none of {', '.join(NAMES)} is installed"
    read_end, to_browser = os.pipe()
    from_browser, write_end = os.pipe()
    launch = [sys.executable, "-c", _AS_3_AND_4, str(read_end), str(write_end)]
    process = subprocess.Popen(
        [*launch, EXECUTABLE, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        pass_fds=(read_end, write_end),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read_end)
    os.close(write_end)
    browser = Browser(to_browser, from_browser)
    try:
        yield browser
        browser.call("Browser.close")
        process.wait(DEADLINE_SECONDS)
    finally:
        process.kill()
        process.wait()
        os.close(to_browser)
        os.close(from_browser)
