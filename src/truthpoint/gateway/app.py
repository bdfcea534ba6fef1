"""The gateway as an ASGI application, to be served or mounted."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from truthpoint.errors import OperatorError

from .metrics import MEDIA_TYPE, Sight, text_of
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.requests import Request

    from truthpoint.ports import Backlog, Clock

    from .records import Records

_PATHS: Final = "POST /v1/records, GET /healthz, GET /readyz, GET /metrics"


class Surroundings(Protocol):
    """What the gateway is told by the process that it runs in."""

    def waits_for(self) -> str:
        """Return what is missing before the process is ready; empty: it is ready."""
        ...

    def backlog(self) -> Backlog:
        """Return how far the work has come; blocking, called by one thread.

        Raises:
            OperatorError: The store cannot be read.
        """
        ...

    def deliveries(self) -> Mapping[str, int] | None:
        """Return what delivery has counted; None: no worker runs in this process."""
        ...


class Gateway:
    """The routes.

    Args:
        surroundings: What the process tells.
        clock: The time of day.
        records: Takes records; None: this process takes none.
        report: Told in words what an operator must know.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        clock: Clock,
        *,
        records: Records | None = None,
        report: Callable[[str], None],
    ) -> None:
        self._surroundings = surroundings
        self._clock = clock
        self._records = records
        self._report = report
        self._looking = ThreadPoolExecutor(max_workers=1, thread_name_prefix="metrics")

    def app(self) -> Starlette:
        """Return the application."""
        routes = [
            Route("/healthz", self._healthz),
            Route("/readyz", self._readyz),
            Route("/metrics", self._metrics),
        ]
        if self._records is not None:
            routes.append(Route("/v1/records", self._records.post, methods=["POST"]))
        return Starlette(routes=routes, exception_handlers={HTTPException: _not_served})

    def close(self) -> None:
        """Wait for what is being captured or read."""
        if self._records is not None:
            self._records.close()
        self._looking.shutdown(wait=True)

    async def _healthz(self, _: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def _readyz(self, _: Request) -> Response:
        waits_for = self._surroundings.waits_for()
        if not waits_for and self._records is not None and self._records.failed:
            waits_for = "the journal took no records the last time"
        if not waits_for:
            return JSONResponse({"status": "ready"})
        return JSONResponse({"status": "not ready", "waits_for": waits_for}, status_code=503)

    async def _metrics(self, _: Request) -> Response:
        loop = asyncio.get_running_loop()
        backlog: Backlog | None = None
        try:
            backlog = await loop.run_in_executor(self._looking, self._surroundings.backlog)
        except OperatorError as error:
            # The gateway's own numbers are told all the same.
            self._report(f"the backlog cannot be read: {error}")
        records = self._records
        sight = Sight(
            now_ms=self._clock.now_ms(),
            backlog=backlog,
            deliveries=self._surroundings.deliveries(),
            answers=records.answers if records else {},
            results=records.results if records else {},
            waiting=records.waiting if records else 0,
        )
        return Response(text_of(sight), media_type=MEDIA_TYPE)


async def _not_served(_: Request, error: Exception) -> Response:
    """Answer what no route takes, in the shape of every other refusal."""
    assert isinstance(error, HTTPException)

    what = "method" if error.status_code == 405 else "path"
    return Refused(
        error.status_code,
        f"{what}_not_served",
        f"The gateway does not serve this {what}.",
        hint=f"It serves {_PATHS}.",
        headers=dict(error.headers or {}),
    ).response()
