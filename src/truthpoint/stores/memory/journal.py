"""The journal in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truthpoint.core.decision import JournalRow
from truthpoint.errors import CaptureFailed
from truthpoint.ports import Appended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truthpoint.ports import Capture

    from .shelf import MemoryShelf


class MemoryJournal:
    """Keeps captures on a shelf; see `truthpoint.ports.Journal`.

    Args:
        shelf: Where they are kept.
    """

    def __init__(self, shelf: MemoryShelf) -> None:
        self._shelf: MemoryShelf | None = shelf

    def append(self, captures: Sequence[Capture]) -> list[Appended]:
        """Keep captures, all or none, and return what became of each, in order.

        Raises:
            CaptureFailed: The journal was closed.
        """
        if self._shelf is None:
            raise CaptureFailed("The journal was closed.")
        with self._shelf.lock:
            return [_append(self._shelf, capture) for capture in captures]

    def close(self) -> None:
        """Let go of the shelf."""
        self._shelf = None


def _append(shelf: MemoryShelf, capture: Capture) -> Appended:
    identity = capture.source, capture.record_id
    earlier = shelf.numbers.get(identity)
    if earlier is not None:
        same = shelf.records[earlier].body == capture.body
        return Appended(record=earlier, repeat=True, same=same)
    number = len(shelf.records) + 1
    shelf.numbers[identity] = number
    shelf.records[number] = JournalRow(
        record=number,
        source=capture.source,
        record_id=capture.record_id,
        captured_at_ms=capture.captured_at_ms,
        contract=capture.contract,
        body=capture.body,
    )
    return Appended(record=number, repeat=False)
