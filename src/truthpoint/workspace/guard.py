"""Keeps other sites' pages in the developer's browser away from the workspace.

A page of another site can make a browser send requests to 127.0.0.1, with its own name in
`Origin`; and by pointing its own name at 127.0.0.1 it can read the answers too, with that
name in `Host`. Programs send no `Origin`, and a `Host` that leads here on purpose.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from .messages import control_error

if TYPE_CHECKING:
    from .messages import Reply, Request

_TRUSTED_ENDS: Final = (".localhost", ".customer.io", ".internal")
"""Names that no stranger can point here: they are reserved, or the live service's own, which
a hosts file may lead here for a client that cannot change its host."""


def refusal(request: Request, *, is_own: bool) -> Reply | None:
    """Return the 403 of a request that another site may have caused; None: none did.

    Args:
        request: The request.
        is_own: To the control API or the page, for which only a loopback name will do.
    """
    if is_own and not request.loopback:
        return control_error(403, "this is for programs on the same machine only")
    host = request.headers.get("host", "")
    if host and not _is_trusted(_name(host), is_own=is_own):
        return control_error(403, "ask by a loopback address: 127.0.0.1 or localhost")
    origin = request.headers.get("origin")
    is_write = request.method not in ("GET", "HEAD")
    if is_own and is_write and origin is not None and origin != f"{request.scheme}://{host}":
        return control_error(403, "pages of another origin cannot control the local workspace")
    return None


def _name(host: str) -> str:
    """Return a `Host` without its port, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().rstrip(".")


def _is_trusted(name: str, *, is_own: bool) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return not is_own and name.endswith(_TRUSTED_ENDS)
