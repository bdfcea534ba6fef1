"""The asyncio face: durable when the call was awaited, and the loop never waits for a disk."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Self

from truthpoint.errors import CaptureFailed

from .face import Face
from .process import this_process
from .recorder import Receipt

if TYPE_CHECKING:
    from types import TracebackType

    from truthpoint.ports import Capture

    from .recorder import Prepared


class AsyncTracker(Face[Coroutine[Any, Any, Receipt]]):
    """Captures what asyncio code says; made by `truthpoint.open_async()`.

    It has the words of `Tracker`, to be awaited. A wrong argument raises at the call, before
    anything is awaited. Records are appended on one thread of its own, and those of calls that
    wait at the same time share one durable step. It belongs to no loop in particular.

    A call that is cancelled while it waits has its record kept all the same.
    """

    _executor: ThreadPoolExecutor | None = None
    _executor_of = (0, 0)

    async def _keep(self, capture: Capture, prepared: Prepared) -> Receipt:
        entry = self._journal.enter((capture,))
        loop = asyncio.get_running_loop()
        kept = loop.run_in_executor(self._thread(), self._journal.keep, entry)
        try:
            # What was said has happened, whether or not somebody still waits for the receipt.
            appended = await asyncio.shield(kept)
        except CaptureFailed as failure:
            if not self._logs_failure:
                raise
            return self._failed(prepared, failure)
        self._succeeded()
        return prepared.kept(appended[0])

    def _thread(self) -> ThreadPoolExecutor:
        """Return the one thread; a forked child has one of its own."""
        if self._executor is None or self._executor_of != this_process():
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="truthpoint-capture")
            self._executor_of = this_process()
        return self._executor

    async def close(self) -> None:
        """Let go of the journal, after what waits is durable. Closing twice does no harm."""
        executor = self._thread()
        self._executor = None
        await asyncio.get_running_loop().run_in_executor(executor, self._journal.close)
        executor.shutdown(wait=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
