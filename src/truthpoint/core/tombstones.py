"""What is kept of an identifier of somebody who was erased (law 20)."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .people import Identifier

DIGEST_BYTES: Final = 16
"""Two identifiers share a digest of so many bytes once in 2^64 of them."""


def digest(secret: bytes, identifier: Identifier) -> str:
    """Return a keyed digest, in hexadecimal, from which nobody can tell the identifier.

    Args:
        secret: The store's own, of at most 64 bytes: without it nobody can try values out.
        identifier: Kind and value.
    """
    kind, value = identifier
    hashed = blake2b(f"{kind}\x00{value}".encode(), key=secret, digest_size=DIGEST_BYTES)
    return hashed.hexdigest()
