"""The page at `/`: the files of the folder `page`, read once."""

from __future__ import annotations

from importlib.resources import files
from mimetypes import guess_type
from typing import TYPE_CHECKING, Final

from .messages import Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
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
        if file.is_file() and not file.name.endswith((".py", ".pyc")):
            replies[f"/page/{file.name}"] = _reply(file.name, file.read_bytes())
    if "/page/index.html" in replies:
        replies["/"] = replies["/page/index.html"]
    return replies


def is_asked(path: str) -> bool:
    """Tell whether a path is the page's."""
    return path == "/" or path.startswith("/page/")


def _reply(name: str, body: bytes) -> Reply:
    kind = guess_type(name)[0] or "application/octet-stream"
    if kind.startswith("text/") or kind == "image/svg+xml":
        kind = f"{kind}; charset=utf-8"
    return Reply(status=200, headers={"Content-Type": kind, **_HEADERS}, body=body)
