"""Reading back: whether a profile that was erased or merged is there at Customer.io (law 18).

A few seconds after what ended it was answered, the App API is asked once; after a merge, for
who stays too, because two profiles of which neither is there are not one. What is found is
reported, and kept with the record that ended it. Until then the question waits in the store:
a worker that stops or dies before it asked leaves it to the next one. Delivery waits for none
of this.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from truthpoint.core.outbox import Action, Standing
from truthpoint.core.people import named_by
from truthpoint.core.questions import answered

from .pacing import happened

if TYPE_CHECKING:
    from collections.abc import Callable

    from truthpoint.core.people import Identifier
    from truthpoint.core.questions import Question
    from truthpoint.findings import Finding
    from truthpoint.ports import Clock, Reader, Store

LOOK_SECONDS: Final = 1.0
"""How often it is looked for what is to be asked."""

NO_WAY_TO_ASK: Final = "the workspace has no `app_key`, or its environment variable is not set"

_FOR_EVER_MS: Final = 2**62


class ReadingBack:
    """Asks what is to be asked, one question after the other.

    Args:
        store: The store; acquired by its worker.
        reader: The way to ask; None: there is none, and every answer is that.
        clock: The time of day.
        report: Told what was found.

    Attributes:
        asked: How many questions were settled since the start.
    """

    def __init__(
        self,
        store: Store,
        reader: Reader | None,
        *,
        clock: Clock,
        report: Callable[[Finding], None],
    ) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock
        self._report = report
        self.asked = 0

    async def run(self, ended: asyncio.Event) -> None:
        """Ask until told to end; what is not answered by then is asked at the next start.

        Args:
            ended: Set to end.
        """
        ending = asyncio.create_task(ended.wait())
        try:
            while not ended.is_set():
                step = asyncio.create_task(self.step())
                await asyncio.wait({step, ending}, return_when=asyncio.FIRST_COMPLETED)
                if not step.done():
                    step.cancel()
                    await asyncio.wait({step})
                if not step.cancelled():
                    step.result()
                await happened(ended, LOOK_SECONDS)
        finally:
            ending.cancel()

    async def drain(self) -> None:
        """Ask everything that there is to ask, each when its time has come."""
        while (due_ms := self._store.forgetting.next_question_ms()) is not None:
            wait_ms = 0 if self._reader is None else due_ms - self._clock.now_ms()
            if wait_ms > 0:
                await asyncio.sleep(wait_ms / 1000)
            await self.step()

    async def step(self) -> None:
        """Ask what is to be asked by now."""
        # Without a way to ask there is nothing to wait for.
        now_ms = _FOR_EVER_MS if self._reader is None else self._clock.now_ms()
        questions = self._store.forgetting.questions(now_ms)
        try:
            for question in questions:
                found = await self._ask(question)
                self._store.forgetting.answer(question, found)
                self.asked += 1
                self._report(found)
        finally:
            if questions and self._reader is not None:
                await self._reader.close()

    async def _ask(self, question: Question) -> Finding:
        if self._reader is None:
            return answered(question, (None,), NO_WAY_TO_ASK)
        primary = self._primary(question)
        answers: list[bool | None] = []
        why = ""
        for kind, value in (*question.identifiers, *primary):
            answers.append(await self._reader.find({kind: value}))
            why = self._reader.failure or why
        asked = len(question.identifiers)
        return answered(question, answers[:asked], why, primary=answers[asked:])

    def _primary(self, question: Question) -> list[Identifier]:
        """Return by what to ask for who stays after a merge; nothing: they are not known now."""
        if question.action is not Action.MERGE:
            return []
        stays = self._store.knowledge.people([question.person])
        return [named_by(one.address) for one in stays if one.standing is not Standing.ERASED]
