"""The blocking face: durable when the call returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from truthpoint.errors import CaptureFailed

from .face import Face
from .recorder import Receipt

if TYPE_CHECKING:
    from types import TracebackType

    from truthpoint.ports import Capture

    from .recorder import Prepared


class Tracker(Face[Receipt]):
    """Captures what application code says; made by `truthpoint.open()`.

    Each call is durable when it returns. Threads may share one; forked processes go on with
    the one that they inherit. It keeps the contract that it was opened with: a changed file
    counts from the next `open()`.
    """

    def _keep(self, capture: Capture, prepared: Prepared) -> Receipt:
        try:
            appended = self._journal.append((capture,))
        except CaptureFailed as failure:
            if not self._logs_failure:
                raise
            return self._failed(prepared, failure)
        self._succeeded()
        return prepared.kept(appended[0])

    def close(self) -> None:
        """Let go of the journal; nothing waits in memory. Closing twice does no harm."""
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
