"""Records as a request brings them: one source, one durable step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .file import LineReport, mark
from .recorder import Recorder, Said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truthpoint.core.examine import Examiner
    from truthpoint.ports import Clock, Journal


class Intake:
    """Captures whole requests; blocking, and used by one thread at a time.

    Args:
        journal: Where records are kept.
        examiner: The contract, for advice.
        clock: The time of day.
    """

    def __init__(self, journal: Journal, examiner: Examiner, clock: Clock) -> None:
        self._journal = journal
        self._examiner = examiner
        self._clock = clock
        self._recorders: dict[str, Recorder] = {}

    def capture(self, source: str, records: Sequence[tuple[int, bytes]]) -> list[dict[str, object]]:
        """Capture records in one durable step, all or none.

        A record that carries no id gets the one that `send` gives it: the same request
        sent again changes nothing.

        Args:
            source: The source of all of them; a record that names another is kept, invalid.
            records: Each with its number in the request, from 1.

        Returns:
            What became of each, in the shape of `truthpoint send --json`.

        Raises:
            CaptureFailed: They could not be made durable; none was kept.
        """
        seen: dict[bytes, int] = {}
        said = [Said(body=body, mark=mark(body, seen)) for _, body in records]
        receipts = self._recorder(source).record_all(said)
        return [
            LineReport(line=number, receipt=receipt, read_bytes=0).as_json()
            for (number, _), receipt in zip(records, receipts, strict=True)
        ]

    def _recorder(self, source: str) -> Recorder:
        if source not in self._recorders:
            self._recorders[source] = Recorder(
                self._journal, self._examiner, self._clock, source=source, only_source=True
            )
        return self._recorders[source]
