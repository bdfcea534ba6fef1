"""A gateway's keys: what one is made of, and whether a token is one. Chance comes in from outside.

A token is shown once and kept by nobody here: of it only a digest is kept. It holds 256 bits
of chance, so a plain SHA-256 is as good as a slow hash, and a thousand times cheaper.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX: Final = "tp"
"""What every token begins with, so that a leaked one can be recognised."""

CHANCE_BYTES: Final = 36
"""Bytes of chance in a token: 4 name the key, 32 are its secret."""

_NAMING_BYTES: Final = 4
_LONGEST_TOKEN: Final = 200


class Key(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One key of a gateway.

    Attributes:
        id: Eight hexadecimal digits, part of the token; tells keys apart in lists.
        name: What a person calls it.
        source: The source of every record that comes with it.
        digest: SHA-256 of the token, in hexadecimal.
        made_at_ms: When it was made.
    """

    id: str
    name: str
    source: str
    digest: str
    made_at_ms: int


def mint(chance: bytes, *, name: str, source: str, now_ms: int) -> tuple[str, Key]:
    """Return a new token, to be shown once, and the key that recognises it.

    Args:
        chance: `CHANCE_BYTES` bytes from a source fit for secrets.
        name: What a person calls it; empty: its id.
        source: The source of its records.
        now_ms: The present.
    """
    if len(chance) != CHANCE_BYTES:
        raise ValueError(f"a token takes {CHANCE_BYTES} bytes of chance")
    key_id = chance[:_NAMING_BYTES].hex()
    secret = urlsafe_b64encode(chance[_NAMING_BYTES:]).decode().rstrip("=")
    token = f"{PREFIX}_{key_id}_{secret}"
    key = Key(
        id=key_id, name=name or key_id, source=source, digest=digest_of(token), made_at_ms=now_ms
    )
    return token, key


def digest_of(token: str) -> str:
    """Return what is kept of a token."""
    return sha256(token.encode(errors="surrogateescape")).hexdigest()


def recognised(token: str, keys: Iterable[Key]) -> Key | None:
    """Return the key of a token; None when it is none's.

    Every key is compared, in constant time, so that the time taken tells nothing.
    """
    if len(token) > _LONGEST_TOKEN:
        return None
    given = digest_of(token)
    found: Key | None = None
    for key in keys:
        if hmac.compare_digest(key.digest, given):
            found = key
    return found
