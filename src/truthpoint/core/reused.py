"""A record id that its source used before, for other content: nothing is dropped (law 16).

The later record is kept under an id that follows from its own id and its content, so that
the same said again is a repeat. The decision tells it by that id, and quarantines it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

_PREFIX: Final = "reused-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reused:
    """What became of a record whose id its source used before, for other content.

    Attributes:
        earlier: The journal's number of the record that has the id.
        record_id: The id under which this one is kept.
    """

    earlier: int
    record_id: str


def other_id(record_id: str, body: bytes) -> str:
    """Return the id under which a record is kept whose own id has other content already."""
    return _PREFIX + _digest(record_id, body)


def _digest(record_id: str, body: bytes) -> str:
    named = record_id.encode()
    return sha256(b"%d:%b%b" % (len(named), named, body)).hexdigest()[:32]


def id_anew(record_id: str, body: bytes) -> str:
    """Return the id under which a record is kept whose own id has one whose bytes are forgotten.

    Whether it says the same, nobody knows: it is decided as a new one, and is a repeat from
    then on. The erased are withheld all the same, by what names them.
    """
    return f"anew-{_digest(record_id, body)}"


def is_reused(kept_as: str, record_id: str | None) -> bool:
    """Tell whether a record is kept under another id than its own because that was used.

    Args:
        kept_as: The id under which the journal keeps it.
        record_id: The id that it names; None: it names none, or it cannot be read.
    """
    return kept_as.startswith(_PREFIX) and kept_as != record_id
