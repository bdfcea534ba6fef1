"""Reading back from Customer.io's App API: whether a person is there (law 18)."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from truthpoint.core.pace import TokenBucket

if TYPE_CHECKING:
    from collections.abc import Mapping

APP_URLS: Final = {
    "us": "https://api.customer.io",
    "eu": "https://api-eu.customer.io",
}
"""Region to the base URL of the App API (Customer.io's App API reference)."""

TIMEOUT_SECONDS: Final = 10.0
"""Longest wait for a whole answer, connecting included."""

QUESTIONS_PER_SECOND: Final = 5.0
"""Mean rate. The App API allows 10 a second to everybody who asks a workspace; with a burst of
one second's worth, no second sees more than that."""

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
"""A longer answer is not read: one person with every attribute is far smaller."""


class _Customer(msgspec.Struct, frozen=True, gc=False):
    id: str | int | None = None


class _One(msgspec.Struct, frozen=True, gc=False):
    customer: _Customer


class _Many(msgspec.Struct, frozen=True, gc=False):
    customers: list[_One] | None
    """Null, as other empty lists of the App API are; never missing."""


class _Match(msgspec.Struct, frozen=True, gc=False):
    email: str | None = None


class _Matches(msgspec.Struct, frozen=True, gc=False):
    results: list[_Match] | None
    """As with `_Many.customers`."""


_read_many: Final = msgspec.json.Decoder(_Many).decode
_read_matches: Final = msgspec.json.Decoder(_Matches).decode
_encode: Final = msgspec.json.Encoder().encode

_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class _UntoldError(Exception):
    """It cannot be told; the text says why, without anything of a person."""


class HttpReader:
    """Asks the App API whether it knows a person; never follows a redirect.

    Who is not there is told by an answer that says so, never by a 404: that one could be
    anybody's.

    Attributes:
        failure: Why the latest question was not answered; empty: it was.

    Args:
        base_url: Scheme, host and port.
        app_key: Bearer of the App API.
    """

    def __init__(self, base_url: str, *, app_key: str) -> None:
        self.failure = ""
        self._base_url = base_url.rstrip("/")
        self._app_key = app_key
        self._bucket: TokenBucket | None = None
        self._session: aiohttp.ClientSession | None = None

    async def find(self, identifiers: Mapping[str, str]) -> bool | None:
        """Tell whether an id or email leads to a person; see `truthpoint.ports.Reader`."""
        self.failure = "" if identifiers else "nobody was asked for"
        answers: list[bool | None] = []
        for kind, value in identifiers.items():
            try:
                answer = await self._find(kind, value)
            except _UntoldError as untold:
                self.failure, answer = str(untold), None
            if answer:
                self.failure = ""
                return True
            answers.append(answer)
        return False if answers and None not in answers else None

    async def close(self) -> None:
        """Let go of all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _find(self, kind: str, value: str) -> bool:
        if kind == "id":
            return await self._find_id(value)
        if kind == "email":
            return await self._find_email(value)
        raise _UntoldError("the App API is asked by id and by email alone")

    async def _find_id(self, value: str) -> bool:
        if value.startswith("cio_"):
            raise _UntoldError("the App API takes an id that begins with `cio_` for another kind")
        # In a body, an id may hold any character; a path would not keep `..`.
        body = await self._ask("POST", "/v1/customers/attributes", _encode({"ids": [value]}))
        try:
            told = _read_many(body).customers or []
        except _UNREADABLE:
            raise _UntoldError("an answer that is not the App API's") from None
        if told and value not in {str(one.customer.id) for one in told}:
            raise _UntoldError("the App API told of another person")
        return bool(told)

    async def _find_email(self, value: str) -> bool:
        # The App API reads a plus sign that is not escaped as a space.
        body = await self._ask("GET", f"/v1/customers?email={quote(value, safe='')}")
        try:
            told = _read_matches(body).results or []
        except _UNREADABLE:
            raise _UntoldError("an answer that is not the App API's") from None
        if told and value.casefold() not in {(one.email or "").casefold() for one in told}:
            raise _UntoldError("the App API told of another person")
        return bool(told)

    async def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Return the body of a 200, when the question's turn has come.

        Raises:
            _UntoldError: There was no such answer.
        """
        await self._wait_for_turn()
        try:
            async with self._open().request(
                method,
                URL(self._base_url + path, encoded=True),
                data=body,
                allow_redirects=False,
            ) as response:
                if response.status != 200:
                    raise _UntoldError(f"HTTP {response.status}")
                told = b""
                while more := await response.content.read(MAX_ANSWER_BYTES):
                    told += more
                    if len(told) > MAX_ANSWER_BYTES:
                        raise _UntoldError("an answer that is too long")
                return told
        except TimeoutError:
            raise _UntoldError("no answer (timeout)") from None
        except aiohttp.ClientConnectorError:
            raise _UntoldError("no answer (connect)") from None
        except (aiohttp.ClientError, OSError):
            raise _UntoldError("no answer (lost)") from None

    async def _wait_for_turn(self) -> None:
        now = asyncio.get_running_loop().time()
        bucket = self._bucket or TokenBucket.full(QUESTIONS_PER_SECOND, at_seconds=now)
        self._bucket, wait_seconds = bucket.take(now)
        if wait_seconds:
            await asyncio.sleep(wait_seconds)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
                headers={
                    "Authorization": f"Bearer {self._app_key}",
                    "Content-Type": "application/json",
                    "User-Agent": "truthpoint",
                },
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session
