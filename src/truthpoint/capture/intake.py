"""Records as a request brings them: of one source, durable all together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .file import LineReport, mark
from .recorder import Recorder, Said

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from truthpoint.core.examine import Examiner
    from truthpoint.ports import Clock, Journal


class Intake:
    """Captures whole requests; blocking. Requests are prepared by one thread at a time.

    Args:
        journal: Where records are kept; shared by threads, so that requests which wait at
            the same time share one durable step.
        examiner: The contract, for advice.
        clock: The time of day.
    """

    def __init__(self, journal: Journal, examiner: Examiner, clock: Clock) -> None:
        self._journal = journal
        self._examiner = examiner
        self._clock = clock
        self._recorders: dict[str, Recorder] = {}

    def prepare(
        self, source: str, records: Sequence[tuple[int, bytes]]
    ) -> Callable[[], list[dict[str, object]]]:
        """Read a request's records, and return the call that makes them durable.

        A record that carries no id gets the one that `send` gives it: the same request
        sent again changes nothing.

        Args:
            source: The source of all of them; a record that names another is kept, invalid.
            records: Each with its number in the request, from 1.

        Returns:
            The call. It keeps all or none, and returns what became of each in the shape of
            `truthpoint send --json`; it raises `CaptureFailed` where they could not be made
            durable, and none was kept.
        """
        seen: dict[bytes, int] = {}
        said = [Said(body=body, mark=mark(body, seen)) for _, body in records]
        recorder = self._recorder(source)
        prepared = recorder.prepare_all(said)

        def keep() -> list[dict[str, object]]:
            receipts = recorder.keep_all(prepared)
            return [
                LineReport(line=number, receipt=receipt, read_bytes=0).as_json()
                for (number, _), receipt in zip(records, receipts, strict=True)
            ]

        return keep

    def _recorder(self, source: str) -> Recorder:
        if source not in self._recorders:
            self._recorders[source] = Recorder(
                self._journal, self._examiner, self._clock, source=source, only_source=True
            )
        return self._recorders[source]
