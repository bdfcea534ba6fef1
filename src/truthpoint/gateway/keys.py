"""Who may speak, and as which source."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final, Protocol

from truthpoint.core.keys import recognised

from .refusals import Refused

if TYPE_CHECKING:
    from collections.abc import Collection

    from truthpoint.core.keys import Key

LOCAL_TOKEN: Final = "local"  # noqa: S105 - a public word, taken on loopback of a developer's machine
"""What `up` takes on loopback, so that a first request needs no key."""

_MAKE: Final = "Make one with `truthpoint keys new --source NAME`"
_OR_LOCAL: Final = "Take `local`, which is good on this machine, or "
_BEARER: Final = {"WWW-Authenticate": "Bearer"}


class Keyring(Protocol):
    """Where the keys are."""

    def keys(self) -> tuple[Key, ...]:
        """Return the keys that are in force now."""
        ...


class Gatekeeper:
    """Tells which source a request speaks for.

    Args:
        keyring: The keys in force.
        sources: The sources that the contract declares.
        local_source: The source of the key `local`, taken on loopback; None: it is not taken.
    """

    def __init__(
        self, keyring: Keyring, sources: Collection[str], *, local_source: str | None = None
    ) -> None:
        self._keyring = keyring
        self._sources = frozenset(sources)
        self._local_source = local_source

    def source_of(self, authorization: str | None, client: str | None) -> str:
        """Return the source of a request's key.

        Args:
            authorization: The header of that name.
            client: The address that the request came from.

        Raises:
            Refused: 401 without a key in force; 403 with one that may not speak here.
            StoreUnusable: The keys cannot be read.
        """
        scheme, _, token = (authorization or "").strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refused(
                401,
                "key_missing",
                "The request carries no key.",
                hint=f"{self._make()} and send it as `Authorization: Bearer KEY`.",
                headers=_BEARER,
            )
        if token == LOCAL_TOKEN and self._local_source is not None:
            return self._local(client, self._local_source)
        key = recognised(token, self._keyring.keys())
        if key is None:
            raise Refused(
                401,
                "key_unknown",
                "The request's key is not known, or was revoked.",
                hint=f"{self._make()}; `truthpoint keys list` shows which are in force.",
                headers=_BEARER,
            )
        if key.source not in self._sources:
            raise Refused(
                403,
                "source_not_declared",
                f"The key `{key.name}` speaks for the source `{key.source}`, which the contract "
                "of this gateway does not declare.",
                hint="Declare the source under `sources` and start the gateway again, or use a "
                "key of another source.",
            )
        return key.source

    def _make(self) -> str:
        """Return how to come by a key."""
        return _MAKE if self._local_source is None else f"{_OR_LOCAL}{_MAKE[0].lower()}{_MAKE[1:]}"

    def _local(self, client: str | None, source: str) -> str:
        if client is None or not ip_address(client).is_loopback:
            raise Refused(
                403,
                "local_key_from_afar",
                "The key `local` is taken from this machine only.",
                hint=f"{_MAKE} and use that.",
            )
        return source
