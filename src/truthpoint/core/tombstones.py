"""What is kept of an identifier of somebody who was erased (law 20)."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from .people import EMAIL, ID

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .people import Identifier, Who

BLOCKED: Final = frozenset({ID, EMAIL})
"""Kinds of identifiers by which Customer.io keeps somebody away who was erased, too. Nobody here
remembers which they were, so that each is let in again by its own name only."""

DIGEST_BYTES: Final = 16
"""Two identifiers share a digest of so many bytes once in 2^64 of them."""


def digest(secret: bytes, identifier: Identifier) -> str:
    """Return the kind and a keyed digest, from which nobody can tell the identifier.

    As in `email:0f…`, the digest in hexadecimal.

    Args:
        secret: The store's own, of at most 64 bytes: without it nobody can try values out.
        identifier: Kind and value.
    """
    kind, value = identifier
    hashed = blake2b(f"{kind}\x00{value}".encode(), key=secret, digest_size=DIGEST_BYTES)
    return f"{kind}:{hashed.hexdigest()}"


def _kind_of(digest: str) -> str:
    """Return the kind of the identifier of which a digest was made."""
    return digest.rpartition(":")[0]


class Tombstones:
    """Who was erased, as one batch sees and changes it.

    Args:
        secret: The store's own.
        known: Digest to the person key that ties together what was erased together.

    Attributes:
        new: Person key to the digests of what names them.
        lifted: Digests of which nothing is kept any more.
    """

    def __init__(self, secret: bytes, known: Mapping[str, int]) -> None:
        self.new: dict[int, tuple[str, ...]] = {}
        self.lifted: list[str] = []
        self._secret = secret
        self._buried = dict(known)

    def name(self, who: Who) -> bool:
        """Tell whether what a record carries named somebody who was erased (law 20)."""
        if not self._buried:
            return False
        named = list(who.identifiers)
        if who.id is not None:
            named.append((ID, who.id))
        return any(self._digest(one) in self._buried for one in named)

    def bury(self, person: int, identifiers: Iterable[Identifier]) -> None:
        """Commit tombstones of everything that names somebody."""
        digests = tuple(self._digest(one) for one in identifiers)
        self.new[person] = digests
        others = {self._buried[one] for one in digests if one in self._buried}
        theirs = [one for one, other in self._buried.items() if other in others]
        self._buried.update(dict.fromkeys((*theirs, *digests), person))

    def lift(self, identifiers: Iterable[Identifier]) -> set[str]:
        """Lift the tombstones of identifiers, with all that was erased together with them.

        But for ids and emails, which are lifted by name only.

        Returns:
            The kinds of what stays buried of the same people.
        """
        named = {self._digest(one) for one in identifiers}
        people = {self._buried[one] for one in named if one in self._buried}
        theirs = [one for one, person in self._buried.items() if person in people]
        lifted = [one for one in theirs if one in named or _kind_of(one) not in BLOCKED]
        self.lifted += lifted
        self.new = {
            person: tuple(one for one in digests if one not in lifted)
            for person, digests in self.new.items()
        }
        for one in lifted:
            del self._buried[one]
        return {_kind_of(one) for one in theirs if one not in lifted}

    def _digest(self, identifier: Identifier) -> str:
        return digest(self._secret, identifier)
