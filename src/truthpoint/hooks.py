"""The ways to an operator: a command of theirs, or an address that takes JSON."""

from __future__ import annotations

import asyncio
import os
import shlex
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import aiohttp
import msgspec

from .core.watch import Trouble
from .ports import HookFailed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .core.watch import Alert, Episode

HOOK_SECONDS: Final = 30.0
"""Longest time that a hook may take."""


class CommandHook:
    """Runs a command; the alert is on its standard input, as JSON.

    Args:
        command: The command line; split into words, no shell.
    """

    def __init__(self, command: str) -> None:
        self._words = shlex.split(command)

    async def send(self, message: bytes, alert: Alert) -> None:
        """Run it, and wait for its end.

        Raises:
            HookFailed: It could not be started, failed, or took too long.
        """
        state = "recovered" if alert.recovered else "firing"
        told = {"TRUTHPOINT_ALERT": alert.trouble.value, "TRUTHPOINT_ALERT_STATE": state}
        nowhere = asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words,
                stdin=asyncio.subprocess.PIPE,
                stdout=nowhere,
                stderr=nowhere,
                env={**os.environ, **told},
            )
        except OSError as error:
            raise HookFailed(f"the command cannot be started ({error.strerror})") from None
        try:
            async with asyncio.timeout(HOOK_SECONDS):
                await process.communicate(message + b"\n")
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise HookFailed(f"the command took over {HOOK_SECONDS:.0f} seconds") from None
        if process.returncode:
            raise HookFailed(f"the command ended with {process.returncode}")

    async def close(self) -> None:
        """Let go of nothing."""


class UrlHook:
    """Posts the alert as JSON.

    Args:
        url: Where to; it may hold a secret, and is never told.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def send(self, message: bytes, alert: Alert) -> None:
        """Post it; any 2xx takes it.

        Raises:
            HookFailed: It was answered otherwise, or not at all.
        """
        del alert
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=HOOK_SECONDS),
                headers={"Content-Type": "application/json"},
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        try:
            async with self._session.post(
                self._url, data=message, allow_redirects=False
            ) as response:
                if response.status // 100 != 2:
                    raise HookFailed(f"the address answered HTTP {response.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise HookFailed(f"the address did not answer ({type(error).__name__})") from None

    async def close(self) -> None:
        """Let go of the connection."""
        if self._session is not None:
            await self._session.close()


class FileMemory:
    """Which episodes were told, in `alerts.json` of the store's folder.

    Args:
        folder: The store's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "alerts.json"

    def load(self) -> Mapping[Episode, int]:
        """Return the episodes that were told and not ended; none where the file tells none."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=list[tuple[str, str, int]])
            return {(Trouble(trouble), subject): since_ms for trouble, subject, since_ms in kept}
        except (OSError, ValueError, msgspec.MsgspecError):
            # At worst an alert is told twice.
            return {}

    def save(self, told: Mapping[Episode, int]) -> None:
        """Keep them; a disk that takes nothing does not hold up alerts."""
        kept = [(trouble.value, subject, since) for (trouble, subject), since in told.items()]
        new = self._path.with_suffix(".new")
        with suppress(OSError):
            number = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            with os.fdopen(number, "wb") as file:
                file.write(msgspec.json.encode(kept) + b"\n")
            new.replace(self._path)
