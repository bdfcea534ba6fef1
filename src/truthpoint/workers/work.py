"""The worker: decides and delivers until it is told to stop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from truthpoint.core import answers, rollups, wire
from truthpoint.core.answers import Halt, Region, Transient
from truthpoint.core.pace import Backoff
from truthpoint.errors import DeliveryStopped, WrongWorkspace
from truthpoint.findings import Finding, finding
from truthpoint.ports import Binding, TransportFailed

from .decide import Decider
from .deliver import Deliverer, DeliverySettings
from .pacing import happened
from .reading_back import ReadingBack
from .recounting import see_kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from truthpoint.contract.model import Contract, Workspace
    from truthpoint.core.examine import Examiner
    from truthpoint.core.outbox import Totals
    from truthpoint.ports import Clock, Entropy, Reader, Store, Transport

POLL_SECONDS: Final = 0.02
"""How often an idle worker looks into the journal, which other processes write."""

PROBE: Final = Backoff(first_seconds=30, ceiling_seconds=300)
"""How long after a stop the workspace is asked whether delivery may go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a worker takes from the world.

    Attributes:
        store: The store, not yet acquired.
        transport: The way to Customer.io.
        clock: The time of day.
        entropy: Chance, for jitter.
        reader: The way to ask Customer.io what it has; None: there is none.
    """

    store: Store
    transport: Transport
    clock: Clock
    entropy: Entropy
    reader: Reader | None = None


class Worker:
    """Decides what the journal holds and delivers it, in order, to one workspace.

    Args:
        surroundings: What it takes from the world.
        examiner: The contract, compiled.
        workspace: Where it delivers to.
        settings: How delivery goes about its work.
        report: Told of findings, once each.
    """

    def __init__(
        self,
        surroundings: Surroundings,
        examiner: Examiner,
        workspace: Workspace,
        *,
        settings: DeliverySettings | None = None,
        report: Callable[[Finding], None] | None = None,
    ) -> None:
        self._store = surroundings.store
        self._transport = surroundings.transport
        self._entropy = surroundings.entropy
        self._contract: Contract = examiner.contract
        self._workspace = workspace
        self._settings = settings or DeliverySettings()
        self._report = report or _ignore
        self._ready = False
        self._stopped = False
        self._ended: asyncio.Event | None = None
        self._delivered_before = 0
        self.decider = Decider(
            self._store,
            examiner,
            surroundings.clock,
            takes_tests=not workspace.name.startswith("prod"),
        )
        self.deliverer = Deliverer(
            self._store,
            self._transport,
            clock=surroundings.clock,
            entropy=self._entropy,
            attributes=self._attributes,
            settings=self._settings,
        )
        self.reading_back = ReadingBack(
            self._store, surroundings.reader, clock=surroundings.clock, report=self._report
        )

    @property
    def workspace_name(self) -> str:
        """The name of the workspace that it delivers to."""
        return self._workspace.name

    @property
    def stopped(self) -> bool:
        """Whether an answer has stopped delivery, and it is asked now and then for a change."""
        return self._stopped

    @property
    def delivered_since_stop(self) -> int:
        """How many operations were accepted since delivery stopped last, or since the start."""
        return self.deliverer.statistics().delivered - self._delivered_before

    @property
    def progress(self) -> int:
        """How much it has done since its start: records decided, operations answered for good."""
        delivered = self.deliverer.statistics().taken
        return self.decider.decided + delivered + self.reading_back.asked

    @property
    def ready(self) -> bool:
        """Whether the store is held and the workspace's region has answered."""
        return self._ready

    @property
    def waits_for(self) -> str:
        """What keeps it from its work; empty: nothing."""
        if self._ended is not None and self._ended.is_set():
            return "deciding or delivery has ended, and what is under way is finished"
        if self._stopped:
            return "an answer of the workspace has stopped delivery"
        if not self._ready:
            return "the workspace's region answer is missing"
        return ""

    def acquire(self) -> None:
        """Become the store's worker.

        Raises:
            StoreBusy: Another worker holds it.
            UsageError: A rollup is of another kind than it was in this store.
        """
        for found in self._store.acquire():
            self._report(found)
        definition = rollups.definition(self._contract)
        before = self._store.rollups()
        if before is not None:
            see_kinds(before, definition)
            if rollups.declared(before) != definition:
                evidence = "The contract's rollups are not as before."
                self._report(finding("rollups_changed", evidence))
        self._store.keep_rollups(rollups.to_remember(before, definition))

    async def run(self, stop: asyncio.Event) -> None:
        """Decide and deliver until told to stop; what is under way is settled first.

        When an answer stops delivery, deciding goes on, and the workspace is asked now and
        then whether delivery may too: a service that ends and is started again by a
        supervisor would ask it no less often, and decide nothing meanwhile.

        Raises:
            WrongWorkspace: The credentials lead elsewhere than the contract or store says.
            DeliveryStopped: The credentials or the address are refused before anything was
                delivered, or still are when it is told to stop.
            OperatorError: The store failed, or another worker took it over.
        """
        ended = self._ended = asyncio.Event()
        beside = [
            asyncio.create_task(self._mirror(stop, ended)),
            asyncio.create_task(self._decide(ended)),
            asyncio.create_task(self.reading_back.run(ended)),
        ]
        try:
            if await self.check_workspace(ended):
                await self._deliver(ended)
        finally:
            self._ready = False
            ended.set()
            results = await asyncio.gather(*beside, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _deliver(self, ended: asyncio.Event) -> None:
        """Deliver until told to end, over stops."""
        stops = 0
        while True:
            self._ready = True
            try:
                await self.deliverer.run(ended)
            except DeliveryStopped as stopped:
                self._ready, self._stopped = False, True
                self._report(finding("delivery_stopped", str(stopped)))
                stops = 1 if self.delivered_since_stop else stops + 1
                self._delivered_before = self.deliverer.statistics().delivered
                if not await self._allowed_again(ended, stops):
                    raise
            else:
                return
            self._stopped = False
            self._report(finding("delivery_resumed", "The workspace takes the credentials again."))
            self.deliverer.resume()

    async def _allowed_again(self, ended: asyncio.Event, stops: int) -> bool:
        """Wait until the workspace takes the credentials; False when told to end first."""
        while True:
            # The draw is 1: a workspace has one worker, with whom nobody must be out of step.
            wait_seconds = PROBE.wait_seconds(stops, retry_after_seconds=None, draw=1)
            if await happened(ended, wait_seconds):
                return False
            meaning = await self._ask_region()
            if isinstance(meaning, Region):
                self._bind(meaning)
                return True
            stops += 1

    async def drain(self) -> None:
        """Check the workspace, then decide, deliver and read back everything that there is.

        Raises:
            WrongWorkspace: The credentials lead elsewhere than the contract or store says.
            DeliveryStopped: The credentials or the address are refused.
        """
        await self.check_workspace(asyncio.Event())
        while self.decider.step():  # noqa: ASYNC110 - it only lets others run
            await asyncio.sleep(0)
        await self.deliverer.drain()
        await self.reading_back.drain()
        while self.decider.forget():  # noqa: ASYNC110 - it only lets others run
            await asyncio.sleep(0)
        self._store.forgetting.tidy()

    async def shadow(self, stop: asyncio.Event, *, drain: bool = False) -> int:
        """Decide and deliver nothing, until told to stop; Customer.io is not even asked.

        Args:
            stop: Set to end.
            drain: End when everything is decided.

        Returns:
            How many records were decided.
        """
        self._ready = True
        before = self.decider.decided
        try:
            while not stop.is_set():
                if self.decider.step():
                    await asyncio.sleep(0)
                elif drain:
                    break
                else:
                    await happened(stop, POLL_SECONDS)
        finally:
            self._ready = False
        return self.decider.decided - before

    async def _mirror(self, stop: asyncio.Event, ended: asyncio.Event) -> None:
        """End when told to, or when delivery ended by itself."""
        waits = {asyncio.create_task(one.wait()) for one in (stop, ended)}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        ended.set()
        self.deliverer.wake()

    async def _decide(self, ended: asyncio.Event) -> None:
        try:
            while not ended.is_set():
                if self.decider.step():
                    self.deliverer.wake()
                    await asyncio.sleep(0)
                else:
                    await happened(ended, POLL_SECONDS)
        finally:
            ended.set()
            self.deliverer.wake()

    async def check_workspace(self, ended: asyncio.Event) -> bool:
        """Ask the workspace who it is before the first send, and bind the store to it (law 19).

        Transient failures are waited out.

        Returns:
            True when all is well; False when it was told to end first.

        Raises:
            WrongWorkspace: It is another workspace or region than the contract or store says.
            DeliveryStopped: The credentials or the address are refused.
        """
        failures = 0
        while not ended.is_set():
            meaning = await self._ask_region()
            if isinstance(meaning, Region):
                self._bind(meaning)
                return True
            if not isinstance(meaning, Transient):
                said = meaning.reason.partition(answers.SAID)[0]
                raise DeliveryStopped(
                    f"The workspace `{self._workspace.name}` answered {said} "
                    "to the check of its credentials.",
                    hint="Check its region, site id and API key; nothing was sent.",
                )
            if not failures:
                evidence = f"The workspace `{self._workspace.name}` was asked who it is"
                self._report(finding("workspace_silent", f"{evidence}: {meaning.reason}."))
            failures += 1
            wait_seconds = self._settings.backoff.wait_seconds(
                failures,
                retry_after_seconds=meaning.retry_after_seconds,
                draw=self._entropy.draw(),
            )
            await happened(ended, wait_seconds)
        return False

    async def _ask_region(self) -> Region | Transient | Halt | answers.RefusedWhole:
        request = wire.WireRequest(method="GET", path=wire.REGION_PATH)
        try:
            answer = await self._transport.send(request)
        except TransportFailed as failure:
            return Transient(reason=f"no answer ({failure.kind})")
        meaning = answers.meaning(answer, 0)
        accepted = isinstance(meaning, answers.Accepted)
        return answers.read_region(answer.body) if accepted else meaning

    def _bind(self, told: Region) -> None:
        """See that the workspace is the contract's and the store's, and bind a new store."""
        self._compare_with_contract(told)
        person = self._contract.person
        if told.environment_id is None:
            self._report(finding("no_environment_id", "The region answer has no environment_id."))
        binding = Binding(
            workspace=self._workspace.name,
            environment=str(told.environment_id or self._workspace.url),
            person_rule=f"{person.id_name} {person.pattern or ''}".strip(),
        )
        bound = self._store.binding()
        if bound is None:
            self._store.bind(binding)
        elif bound != binding:
            raise _bound_elsewhere(bound, binding)

    def _compare_with_contract(self, told: Region) -> None:
        ours = self._workspace
        if ours.workspace_id is None:
            return
        if told.environment_id != ours.workspace_id:
            raise WrongWorkspace(
                f"The credentials of `{ours.name}` lead to workspace {told.environment_id}, "
                f"and the contract says {ours.workspace_id}.",
                hint="Use that workspace's own site id and API key; nothing was sent.",
            )
        if told.region and ours.region and told.region != ours.region:
            raise WrongWorkspace(
                f"The workspace `{ours.name}` is in region {told.region}, "
                f"and the contract says {ours.region}.",
                hint="Correct `region` in the contract; nothing was sent.",
            )

    def _attributes(self, totals: Totals) -> Mapping[str, object]:
        return rollups.on_the_wire(self._contract, totals.values)


def _bound_elsewhere(bound: Binding, binding: Binding) -> WrongWorkspace:
    if bound.person_rule != binding.person_rule:
        return WrongWorkspace(
            f"The store's people go by `{bound.person_rule}`, and the contract says "
            f"`{binding.person_rule}`.",
            hint="The rule of the person id cannot change under a store; start with a new --store.",
        )
    hint = "A store serves one workspace for good; name another --store."
    if bound.workspace == binding.workspace == "local":
        hint = (
            "The local workspace began a new life (it was reset, or its file is another); "
            "`truthpoint up --start-over` begins anew with it, or name another --store."
        )
    return WrongWorkspace(
        f"The store delivered to workspace {bound.environment} (`{bound.workspace}`), and this "
        f"is {binding.environment} (`{binding.workspace}`).",
        hint=hint,
    )


def _ignore(_: Finding) -> None:
    """Report nowhere: what a caller wants who gives no `report`."""
