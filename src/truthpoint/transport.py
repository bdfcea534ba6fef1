"""The only module that opens a connection to the Track API: HTTP, and nothing of what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import aiohttp
from yarl import URL

from truthpoint.core.answers import Answer
from truthpoint.ports import TransportFailed

if TYPE_CHECKING:
    from truthpoint.core.wire import WireRequest

TRACK_URLS: Final = {
    "us": "https://track.customer.io",
    "eu": "https://track-eu.customer.io",
}
"""Region to the base URL of the Track API (Customer.io's Track API reference)."""

TIMEOUT_SECONDS: Final = 10.0
"""Longest wait for a whole answer, connecting included."""

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
"""An answer is read up to here: a 207 that names every item of a batch is far smaller."""


class HttpTransport:
    """Sends requests over HTTP, with HTTP Basic; never follows a redirect.

    Args:
        base_url: Scheme, host and port.
        site_id: User of the Track API.
        api_key: Password of the Track API.
        connections: Connections kept open at most. Defaults to 16.
    """

    def __init__(self, base_url: str, *, site_id: str, api_key: str, connections: int = 16) -> None:
        self._base_url = base_url.rstrip("/")
        self._authorization = aiohttp.encode_basic_auth(site_id, api_key)
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: WireRequest) -> Answer:
        """Send one request and return its answer; see `truthpoint.ports.Transport`."""
        session = self._open()
        try:
            async with session.request(
                request.method,
                URL(self._base_url + request.path, encoded=True),
                data=request.body or None,
                allow_redirects=False,
            ) as response:
                body = await response.content.read(MAX_ANSWER_BYTES)
                while more := await response.content.read(MAX_ANSWER_BYTES):
                    body += more if len(body) < MAX_ANSWER_BYTES else b""
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(status=response.status, headers=headers, body=body)
        except TimeoutError:
            raise TransportFailed("timeout") from None
        except aiohttp.ClientConnectorError:
            raise TransportFailed("connect") from None
        except (aiohttp.ClientError, OSError):
            raise TransportFailed("lost") from None

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
                headers={
                    "Authorization": self._authorization,
                    "Content-Type": "application/json",
                    "User-Agent": "truthpoint",
                },
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


class NoTransport:
    """No way to Customer.io at all: for a worker that decides and does not send."""

    async def send(self, request: WireRequest) -> Answer:
        """Refuse: whoever asks has a defect.

        Raises:
            TransportFailed: Always.
        """
        del request
        raise TransportFailed("connect")

    async def close(self) -> None:
        """Let go of nothing."""
