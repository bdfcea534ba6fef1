"""Sending one request when its time has come, and what its answer means for the others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from truthpoint.core import answers
from truthpoint.core.packing import PATIENT_FAILURES
from truthpoint.errors import DeliveryStopped
from truthpoint.ports import TransportFailed

from .pacing import Pacer

if TYPE_CHECKING:
    from collections.abc import Callable

    from truthpoint.core.answers import Meaning, Transient
    from truthpoint.core.pace import Backoff
    from truthpoint.core.turns import Turn
    from truthpoint.core.wire import WireRequest
    from truthpoint.ports import Clock, Entropy, Store, Transport

ENDED: Final = "delivery stopped"
"""Reason of what was not sent because delivery ended first."""

PAUSED: Final = "paused"
"""Reason of what was not sent because something was paused since it was leased."""


@dataclass(slots=True, kw_only=True)
class Statistics:
    """What delivery has seen since it started.

    Attributes:
        requests: Requests sent.
        delivered: Operations accepted.
        dead: Operations refused for good.
        retried: Operations postponed.
        remarks: Answers that were odd, by remark.
        last_failure: The latest transient failure; empty before one.
    """

    requests: int = 0
    delivered: int = 0
    dead: int = 0
    retried: int = 0
    remarks: dict[str, int] = field(default_factory=dict[str, int])
    last_failure: str = ""

    @property
    def taken(self) -> int:
        """How many operations the workspace has answered for good."""
        return self.delivered + self.dead

    def remark(self, remark: str) -> None:
        """Count an odd answer; an empty remark is none."""
        if remark:
            self.remarks[remark] = self.remarks.get(remark, 0) + 1


class Sender:
    """Sends requests, at most so many at once, no faster than allowed, until it is ended.

    Args:
        store: Tells whether something was paused.
        transport: The way to Customer.io.
        clock: The time of day.
        entropy: Chance, for jitter.
        statistics: Where it counts.
        requests_per_second: Mean rate of requests.
        in_flight: Requests under way at once.
        backoff: Waits after transient failures.
        stopped: Called once when an answer says that nothing more may be sent.
    """

    def __init__(  # noqa: PLR0913 - each stands for one thing of the world
        self,
        store: Store,
        transport: Transport,
        *,
        clock: Clock,
        entropy: Entropy,
        statistics: Statistics,
        requests_per_second: float,
        in_flight: int,
        backoff: Backoff,
        stopped: Callable[[DeliveryStopped], None],
    ) -> None:
        self._store = store
        self._transport = transport
        self._clock = clock
        self._statistics = statistics
        self._slots = asyncio.Semaphore(in_flight)
        self._pacer = Pacer(requests_per_second, backoff, entropy)
        self._stopped = stopped
        self._ended = False

    def end(self) -> None:
        """Send nothing more: whoever waits for their turn is told `ENDED`, at once."""
        self._ended = True
        self._pacer.release()

    async def ask(
        self, request: WireRequest, turns: tuple[Turn, ...], *, items: int, revision: int
    ) -> Meaning:
        """Send a request when its time has come, and note what its answer means for all.

        When something was paused since its turns were leased, it is not sent: the next lease
        sees whom the pause holds. So a kill switch does not wait for what waits out a backoff.

        Args:
            request: The request.
            turns: Whose it is.
            items: How many items it holds.
            revision: The revision of pauses at which the turns were leased.
        """
        async with self._slots:
            await self._pacer.wait_for_turn()
            if self._ended:
                return answers.Transient(reason=ENDED)
            if self._store.pause_revision() != revision:
                return answers.Transient(reason=PAUSED)
            self._statistics.requests += 1
            sent_at = asyncio.get_running_loop().time()
            answer = await self._answer(request, items)
            match answer:
                case answers.Halt():
                    self._halt(answer)
                case answers.Transient():
                    self._statistics.last_failure = answer.reason
                    if not self._is_their_own(answer, turns):
                        self._pacer.failed(sent_at, answer.retry_after_seconds)
                case _:
                    self._pacer.answered()
            return answer

    async def _answer(self, request: WireRequest, items: int) -> Meaning:
        try:
            answer = await self._transport.send(request)
        except TransportFailed as failure:
            # Without a connection nothing of the request was looked at.
            suspect = failure.kind != "connect"
            return answers.Transient(reason=f"no answer ({failure.kind})", suspect=suspect)
        now_s = self._clock.now_ms() // 1000
        return answers.meaning(answer, items, path=request.path, now_s=now_s)

    def _is_their_own(self, answer: Transient, turns: tuple[Turn, ...]) -> bool:
        """Tell whether a failure is the trouble of one person, while the peer is well.

        Who has failed often enough to travel alone, and fails alone, waits alone.
        """
        alone = len(turns) == 1 and turns[0].failures > PATIENT_FAILURES
        return answer.suspect and alone and not self._pacer.failing

    def wait_seconds(self, turn: Turn, answer: Meaning) -> float:
        """Return how long a person waits whose turn was answered like that."""
        pause_seconds = self._pacer.pause_seconds()
        if isinstance(answer, answers.Transient) and self._is_their_own(answer, (turn,)):
            return max(pause_seconds, self._pacer.wait_seconds(turn.failures))
        return pause_seconds

    def _halt(self, answer: answers.Halt) -> None:
        if self._ended:
            return
        self.end()
        hint = "Check the workspace's region or url, its site id, API key, and any proxy between."
        if answer.region:
            hint = f"Set `region: {answer.region}` for this workspace in the contract."
        where = "what is not delivered waits in the store"
        message = f"Customer.io answered {answer.reason}: {where}."
        self._stopped(DeliveryStopped(message, hint=hint))
