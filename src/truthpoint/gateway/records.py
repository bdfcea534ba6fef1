"""`POST /v1/records`: answered once it is durable (law 1)."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from truthpoint.errors import CaptureFailed, OperatorError, UsageError

from .body import discard_body, encoding_of, media_of, read_body, records_of, unpacked
from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.requests import Request

    from .keys import Gatekeeper

WAITING_REQUESTS: Final = 32
"""Requests that may wait for the journal at once; each holds up to one body in memory."""

_RETRY_SECONDS: Final = 1
_FAILED_RETRY_SECONDS: Final = 10

_encode: Final = msgspec.json.Encoder().encode


class Intake(Protocol):
    """What makes a request's records durable; blocking, used by one thread for each request."""

    def prepare(self, source: str, records: Sequence[tuple[int, bytes]]) -> Keep:
        """Read a request's records, and return the call that makes them durable."""
        ...


class Keep(Protocol):
    """Makes the records of one request durable; blocking."""

    def __call__(self) -> list[dict[str, object]]:
        """Make all durable, or none, and return what became of each.

        Raises:
            CaptureFailed: They could not be made durable; none was kept.
        """
        ...


class Records:
    """Takes records, on threads of its own, so that a sync never blocks the loop.

    Each request that waits has a thread, and those that wait for the disk at the same time
    share its sync. They are read one behind the other: that is where the memory goes.

    Args:
        intake: What makes them durable.
        gatekeeper: Tells whose they are.
        report: Told in words what an operator must know; nothing of a record is in it.
        waiting_requests: Requests that may wait at once; more are sent away with 429.
    """

    def __init__(
        self,
        intake: Intake,
        gatekeeper: Gatekeeper,
        *,
        report: Callable[[str], None],
        waiting_requests: int = WAITING_REQUESTS,
    ) -> None:
        self._intake = intake
        self._gatekeeper = gatekeeper
        self._report = report
        self._limit = waiting_requests
        self._threads = ThreadPoolExecutor(waiting_requests, thread_name_prefix="capture")
        self._reading = Lock()
        self.waiting = 0
        self.failed = False
        self.answers: Counter[int] = Counter()
        self.results: Counter[str] = Counter()

    def close(self) -> None:
        """Wait for what is being captured, then end the threads."""
        self._threads.shutdown(wait=True)

    async def post(self, request: Request) -> Response:
        """Answer one request."""
        response = await self._answer(request)
        self.answers[response.status_code] += 1
        return response

    async def _answer(self, request: Request) -> Response:
        try:
            return await self._take(request)
        except Refused as refused:
            await self._discard(request)
            return refused.response()
        except ClientDisconnect:
            # Nobody reads this; nothing was kept, for the body had not arrived.
            return Response(status_code=400)
        except OperatorError as error:
            self._report(f"a request was refused: {error}")
            return _unavailable("keys_unreadable", "The gateway cannot read its keys.")
        except Exception as error:  # noqa: BLE001 - its text may hold a customer's data (law 21)
            place = "".join(traceback.format_tb(error.__traceback__)).rstrip()
            self._report(f"{place}\nan unexpected {type(error).__name__} ended a request")
            return Refused(
                500,
                "unexpected",
                "The gateway failed unexpectedly; its log says where.",
                hint="Send the same request again: what was kept is not kept twice.",
            ).response()

    async def _take(self, request: Request) -> Response:
        client = request.client.host if request.client else None
        source = self._gatekeeper.source_of(request.headers.get("authorization"), client)
        media = media_of(request.headers.get("content-type"))
        encoding = encoding_of(request.headers.get("content-encoding"))
        if self.waiting >= self._limit:
            raise Refused(
                429,
                "busy",
                f"{self.waiting} requests are waiting for the journal already.",
                hint="Send the same again after the time in Retry-After; nothing was kept.",
                headers={"Retry-After": str(_RETRY_SECONDS)},
            )
        self.waiting += 1
        try:
            body = await read_body(request)
            loop = asyncio.get_running_loop()
            results = await loop.run_in_executor(
                self._threads, self._capture, source, body, media, encoding
            )
        finally:
            self.waiting -= 1
        invalid = False
        for one in results:
            self.results[str(one["result"])] += 1
            invalid = invalid or one["result"] in ("invalid", "refused")
        return Response(
            _encode({"results": results}),
            status_code=207 if invalid else 200,
            media_type="application/json",
        )

    def _capture(
        self, source: str, body: bytes, media: str, encoding: str
    ) -> list[dict[str, object]]:
        """Unpack, cut and capture; on a thread."""
        with self._reading:
            keep = self._intake.prepare(source, records_of(unpacked(body, encoding), media))
        try:
            results = keep()
        except (CaptureFailed, UsageError) as error:
            self.failed = True
            self._report(f"records were not kept: {error}")
            raise Refused(
                503,
                "capture_failed",
                "The records could not be made durable.",
                hint="Send the same again later, and it is kept once; the gateway's log says why.",
                headers={"Retry-After": str(_FAILED_RETRY_SECONDS)},
            ) from None
        self.failed = False
        return results

    async def _discard(self, request: Request) -> None:
        try:
            await discard_body(request)
        except (ClientDisconnect, RuntimeError):
            # It has gone, or all of it was read.
            return


def _unavailable(code: str, message: str) -> Response:
    return Refused(
        503,
        code,
        message,
        hint="Nothing was kept. Send the same again later; the gateway's log says why.",
        headers={"Retry-After": str(_FAILED_RETRY_SECONDS)},
    ).response()
