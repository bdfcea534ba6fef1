"""The page at `/`: the files of the folder `page`, read once."""

from __future__ import annotations

from importlib.resources import files
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from .messages import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

# Not by the machine's own table of types, which differs from one to the next.
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
_HEADERS: Final = {
    "Cache-Control": "no-store",
    # Nothing from elsewhere and nothing inline: what arrives is shown, never run.
    "Content-Security-Policy": (
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def read() -> Mapping[str, Reply]:
    """Return the page's files as replies, by path; none if the page is not installed."""
    folder = files(__package__ or "").joinpath("page")
    replies: dict[str, Reply] = {}
    if not folder.is_dir():
        return replies
    for file in folder.iterdir():
        if PurePath(file.name).suffix in _TYPES:
            replies[f"/page/{file.name}"] = _reply(file.name, file.read_bytes())
    if "/page/index.html" in replies:
        replies["/"] = replies["/page/index.html"]
    return replies


def is_asked(path: str) -> bool:
    """Tell whether a path is the page's."""
    return path == "/" or path.startswith("/page/")


def _reply(name: str, body: bytes) -> Reply:
    kind = _TYPES[PurePath(name).suffix]
    return Reply(status=200, headers={"Content-Type": kind, **_HEADERS}, body=body)
