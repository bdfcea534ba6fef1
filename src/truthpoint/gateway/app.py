"""The gateway as an ASGI application, to be served or mounted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request


def gateway(ready: Callable[[], bool]) -> Starlette:
    """Return the application.

    Args:
        ready: Tells whether the store is open, the lease is held and the workspace's
            region has answered.
    """

    async def healthz(_: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> JSONResponse:
        if ready():
            return JSONResponse({"status": "ready"})
        waits = "the store's lease or the workspace's region answer is missing"
        return JSONResponse({"status": "not ready", "waits_for": waits}, status_code=503)

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz)])
