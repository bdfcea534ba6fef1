"""The journal in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truthpoint.core.decision import JournalRow
from truthpoint.core.reused import Reused, id_anew, other_id
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
    record_id, earlier = capture.record_id, 0
    while True:
        reused = Reused(earlier=earlier, record_id=record_id) if earlier else None
        number = shelf.numbers.get((capture.source, record_id))
        if number is None:
            break
        if shelf.records[number].body == capture.body:
            return Appended(record=number, repeat=True, reused=reused)
        if shelf.records[number].is_forgotten:
            record_id = id_anew(record_id, capture.body)
            continue
        earlier = earlier or number
        record_id = other_id(record_id, capture.body)
    number = len(shelf.records) + 1
    shelf.numbers[capture.source, record_id] = number
    shelf.records[number] = JournalRow(
        record=number,
        source=capture.source,
        record_id=record_id,
        captured_at_ms=capture.captured_at_ms,
        contract=capture.contract,
        body=capture.body,
    )
    return Appended(record=number, repeat=False, reused=reused)
