"""T4: random stories against a store and a plain model of it; both must tell the same."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace
from store_model import Model, Said, as_told

from truthpoint.contract.model import Event
from truthpoint.core.decide import decide
from truthpoint.core.decision import Decision, Outcome
from truthpoint.core.examine import Examiner
from truthpoint.core.outbox import State
from truthpoint.core.pauses import Pause, PauseKind, Pauses
from truthpoint.core.plan import plan
from truthpoint.core.turns import Turn
from truthpoint.errors import LeaseLost
from truthpoint.ports import Desk, Fate, Result, Settlement, Store
from truthpoint.stores.memory import MemoryShelf, MemoryStore
from truthpoint.stores.memory import store as memory_store
from truthpoint.testing.builders import START_MS, a_capture, a_contract, an_identify, line
from truthpoint.testing.stores import MemoryUnderTest, SqliteUnderTest
from truthpoint.values.instants import to_iso
from truthpoint.workers.knowing import know

PEOPLE = ("1", "2", "3")
KEYS = ("A-1", "A-2", "A-3", "A-4", "A-5", "A-6")
PAUSES = (
    ("all", ""),
    ("lane", "critical"),
    ("lane", "live"),
    ("event", "order_paid"),
    ("event", "product_viewed"),
    ("event", "cart_created"),
    *(("person", who) for who in PEOPLE),
)
OTHER = b"other"
"""What is said, now and then, under the id of another record."""

AMOUNTS = ("0.10", "19.99", "250", "1000000.01")
CONTRACT = a_contract()
MENDED = a_contract(Event(name="gift_sent", owner="backend", wire="gift_sent"))
EXAMINERS = {False: Examiner(CONTRACT), True: Examiner(MENDED)}

KINDS = st.sampled_from(
    (
        "identify",
        "identify",
        "paid",
        "paid",
        "paid",
        "refunded",
        "viewed",
        "viewed",
        "gift",
        "broken",
        "foreign",
    )
)
SAYS = st.builds(
    Said,
    kind=KINDS,
    who=st.sampled_from(PEOPLE),
    key=st.sampled_from(KEYS),
    amount=st.sampled_from(AMOUNTS),
    at_ms=st.integers(0, 50).map(lambda hours: START_MS - hours * 3_600_000),
    email=st.booleans(),
    region=st.sampled_from(("north", "south", "west", "east", "middle")),
)
FATES = {
    Result.DELIVERED: Fate(result=Result.DELIVERED),
    Result.RETRY: Fate(result=Result.RETRY, reason="HTTP 503"),
    Result.DEAD: Fate(result=Result.DEAD, reason="invalid"),
}


def body_of(said: Said) -> bytes:
    """Return a record's bytes; what has no key of its own loses it."""
    at = to_iso(said.at_ms)
    if said.kind not in ("paid", "refunded"):
        said.key = ""
    match said.kind:
        case "identify":
            return an_identify(said.who, at_ms=said.at_ms, **said.attributes)
        case "broken":
            return b'{"type": "track", \xff'
        case "viewed":
            event, properties = "product_viewed", {"sku": "S-1"}
        case "gift":
            event, properties = "gift_sent", {}
        case "refunded":
            event = "order_refunded"
            properties = {"refund_id": said.key, "amount": said.amount, "currency": "USD"}
        case _:
            event = "order_paid"
            key = said.key or "A-1"
            properties = {"order_id": key, "total": said.amount, "currency": "USD"}
    source = "stripe" if said.kind == "foreign" else "backend"
    return line(
        type="track",
        event=event,
        person={"id": said.who},
        at=at,
        properties=properties,
        source=source,
    )


class StoreMachine(RuleBasedStateMachine):
    """Whatever a shop, a worker, an operator and fate do, in whatever order.

    Nothing is lost, nothing unknown appears, every record has one outcome, what is
    delivered of a person is in order, and totals equal a recomputation.
    """

    opens: ClassVar[type] = MemoryUnderTest
    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.under_test = self.opens()
        self.journal = self.under_test.journal()
        self.desk: Desk = self.under_test.desk()
        self.store: Store = self.under_test.store()
        self.store.acquire()
        self.model = Model()
        self.now_ms = START_MS
        self.away: list[Turn] = []
        self.others: dict[str, int] = {}

    @rule(says=st.lists(SAYS, min_size=1, max_size=4))
    def say(self, says: list[Said]) -> None:
        """The shop says something new."""
        for said in says:
            said.body = body_of(said)
            said.record_id = f"r-{len(self.model.said) + 1}"
            (appended,) = self.journal.append([self._capture(said)])

            assert not appended.repeat
            assert not self.model.said or appended.record > self.model.said[-1].number

            said.number = appended.record
            self.model.said.append(said)

    def _capture(self, said: Said):
        source = "stripe" if said.kind == "foreign" else "backend"
        captured_at_ms = START_MS + int(said.record_id.removeprefix("r-"))
        return a_capture(said.body, said.record_id, source=source, captured_at_ms=captured_at_ms)

    @precondition(lambda self: self.model.said)
    @rule(which=st.integers(0), other=st.booleans())
    def say_again(self, which: int, other: bool) -> None:  # noqa: FBT001 - Hypothesis names it
        """A capture is tried again: kept once; where it says something else, that once too."""
        firsts = [one for one in self.model.said if one.body != OTHER]
        said = firsts[which % len(firsts)]
        body = OTHER if other else said.body
        (appended,) = self.journal.append([replace(self._capture(said), body=body)])
        self.seen["repeat"] += 1

        if not other:
            assert (appended.record, appended.repeat, appended.reused) == (said.number, True, None)
            return

        assert appended.reused is not None
        assert appended.reused.earlier == said.number
        assert appended.repeat == (said.record_id in self.others)
        assert self.others.setdefault(said.record_id, appended.record) == appended.record

        if not appended.repeat:
            name = f"r-{len(self.model.said) + 1}"
            self.model.said.append(
                Said(kind="broken", number=appended.record, body=OTHER, record_id=name)
            )

    @rule(limit=st.integers(1, 9), crash=st.integers(0, 9))
    def decide(self, limit: int, crash: int) -> None:
        """The worker decides a batch; now and then it dies before it commits."""
        decision = self._decision(limit)
        if crash == 0:
            self.die()
        else:
            self.store.commit(decision)
            self.model.decide(list(decision.records))
            self.seen["no news"] += any(
                one.outcome is Outcome.RECORDED for one in decision.verdicts
            )

    def _decision(self, limit: int) -> Decision:
        rows = self.store.undecided(limit)

        assert [row.record for row in rows] == self.model.undecided()[:limit]
        assert [row.replayed for row in rows] == [row.record in self.model.requests for row in rows]

        bodies = {one.number: one.body for one in self.model.said}

        assert all(row.body == bodies[row.record] for row in rows)

        examiner = EXAMINERS[self.model.mended]
        planned = plan(rows, examiner)
        known = know(planned, self.store.knowledge, now_ms=self.now_ms, takes_tests=True)
        return decide(planned, examiner, known)

    @rule(wanted=st.sampled_from((1, 1, 2, 5, 1000)))
    def lease(self, wanted: int) -> None:
        """The worker takes turns."""
        turns = self.store.lease(self.now_ms, operations=wanted)
        self.model.leased(turns, self.now_ms, wanted)
        self.model.buried(self._dead())
        self.away += turns
        self.seen["identify"] += any(turn.identify for turn in turns)
        self.seen["totals"] += any(turn.totals is not None for turn in turns)

    @rule(
        says=st.lists(SAYS, min_size=1, max_size=4),
        wanted=st.sampled_from((1, 1000)),
        answers=st.lists(st.sampled_from((0, 1, 2)), max_size=3),
        kept=st.sampled_from((9, 0)),
        totals=st.sampled_from(Result),
    )
    def hurry(
        self, says: list[Said], wanted: int, answers: list[int], kept: int, totals: Result
    ) -> None:
        """What is said is decided, taken and partly answered, so that short stories go far."""
        self.say(says)
        self.decide(9, crash=1)
        self.lease(wanted)
        for dead in answers[: len(self.away)]:
            self.settle(0, kept=kept, dead=dead, totals=totals, wait_ms=0)

    def _dead(self) -> set[int]:
        """Return the operations that the store says are dead."""
        listed = self.desk.listed(Outcome.DEAD, limit=10_000)
        return {step.operation for step in listed if step.operation is not None}

    @precondition(lambda self: self.away)
    @rule(
        which=st.integers(0),
        kept=st.sampled_from((9, 9, 9, 0, 1)),
        dead=st.sampled_from((0, 0, 1, 2, 3)),
        totals=st.sampled_from(Result),
        wait_ms=st.sampled_from((0, 0, 1, 60_000)),
    )
    def settle(self, which: int, kept: int, dead: int, totals: Result, wait_ms: int) -> None:
        """A turn comes back: its first operations have an answer, the rest comes again."""
        turn = self.away.pop(which % len(self.away))
        settlement = self._settlement(turn, kept, dead, totals, wait_ms)
        self.store.settle([settlement], now_ms=self.now_ms)
        self.model.settled(settlement)

    def _settlement(
        self, turn: Turn, kept: int, dead: int, totals: Result, wait_ms: int
    ) -> Settlement:
        answered = Result.DEAD if dead & 1 else Result.DELIVERED
        results = {
            one.id: Result.RETRY
            if place >= kept
            else Result.DEAD
            if dead >> place & 1
            else Result.DELIVERED
            for place, one in enumerate(turn.operations)
        }
        self.seen.update(result.value for result in results.values())
        broke_off = Result.RETRY in results.values()
        return Settlement(
            turn=turn,
            operations={number: FATES[result] for number, result in results.items()},
            identify=FATES[answered if kept else Result.RETRY] if turn.identify else None,
            totals=None if turn.totals is None else FATES[Result.RETRY if broke_off else totals],
            not_before_ms=self.now_ms + wait_ms if wait_ms else 0,
        )

    @rule(passed_ms=st.sampled_from((1, 999, 60_000, -5_000)))
    def pass_time(self, passed_ms: int) -> None:
        """Time goes by, and now and then back."""
        self.now_ms += passed_ms

    @rule()
    def die(self) -> None:
        """The worker dies, and another one takes over."""
        self.under_test.abandon(self.store)
        self._take_over()
        self.seen["take-over"] += bool(self.away)
        self.away.clear()

    @rule()
    def restart(self) -> None:
        """Everything is closed in good order, and opened again."""
        self.store.close()
        self.desk.close()
        self.journal.close()
        self.journal = self.under_test.journal()
        self.desk = self.under_test.desk()
        self._take_over()
        self.away.clear()

    @precondition(lambda self: self.away)
    @rule(limit=st.integers(0, 3), wanted=st.sampled_from((0, 1000)))
    def be_overtaken(self, limit: int, wanted: int) -> None:
        """The worker is stuck, another takes over, and the late writes are refused (T13)."""
        stuck, decision = self.store, self._decision(limit)
        self.under_test.loosen()
        self._take_over()
        late = [self._settlement(turn, 9, 0, Result.DELIVERED, 0) for turn in self.away]
        self.away.clear()
        if wanted:
            self.lease(wanted)

        with pytest.raises(LeaseLost):
            stuck.settle(late, now_ms=self.now_ms)
        with pytest.raises(LeaseLost):
            stuck.commit(decision)

        stuck.close()
        self.seen["late write"] += 1

    def _take_over(self) -> None:
        self.store = self.under_test.store()
        self.store.acquire()
        self.model.taken_over()

    @rule(which=st.sampled_from(PAUSES), lifted=st.sampled_from((True, True, True, False)))
    def pause(self, which: tuple[str, str], lifted: bool) -> None:  # noqa: FBT001 - see above
        """An operator pauses something; a lease later it is mostly lifted, so that work goes on."""
        new = which not in self.model.pauses
        kind, name = PauseKind(which[0]), which[1]
        before = self.store.pause_revision()

        assert self.desk.pause(Pause(kind=kind, name=name, since_ms=self.now_ms)) == new
        assert (self.store.pause_revision() > before) == new

        if new:
            self.model.pauses.append(which)
        self.lease(1_000)
        self.the_backlog_adds_up()
        self.seen["pause"] += any(one.waits for one in self.model.people.values())
        if lifted:
            self.resume(self.model.pauses.index(which))

    @precondition(lambda self: self.model.pauses)
    @rule(which=st.integers(0))
    def resume(self, which: int) -> None:
        """An operator lifts a pause."""
        kind, name = self.model.pauses.pop(which % len(self.model.pauses))

        assert self.desk.resume(PauseKind(kind), name)
        assert not self.desk.resume(PauseKind(kind), name)

    @rule()
    def mend(self) -> None:
        """The contract learns the event that it lacked."""
        self.model.mended = True

    @precondition(lambda self: self.model.dead())
    @rule(every=st.booleans(), which=st.integers(0))
    def replay_dead(self, every: bool, which: int) -> None:  # noqa: FBT001 - Hypothesis names it
        """An operator sends dead records again."""
        dead = self.model.dead()
        chosen = dead if every else [dead[which % len(dead)]]
        self.seen["replay of dead"] += len(chosen)

        replayed = self.desk.replay(Outcome.DEAD, None if every else chosen)

        assert replayed == len(self.model.with_companions(chosen))

        self.model.replay_dead(chosen)

    @precondition(lambda self: self.model.quarantined())
    @rule(every=st.booleans(), which=st.integers(0))
    def replay_quarantined(self, every: bool, which: int) -> None:  # noqa: FBT001 - see above
        """An operator has quarantined records decided again."""
        held = self.model.quarantined()
        chosen = held if every else [held[which % len(held)]]
        self.seen["replay of quarantined"] += len(chosen)

        assert self.desk.replay(Outcome.QUARANTINED, None if every else chosen) == len(chosen)

        self.model.requests += chosen

    @rule(which=st.integers(0), dead=st.booleans())
    def discard(self, which: int, dead: bool) -> None:  # noqa: FBT001 - Hypothesis names it
        """An operator gives one record up."""
        listed = self.model.dead() if dead else self.model.quarantined()
        if not listed:
            return
        chosen = [listed[which % len(listed)]]
        outcome = Outcome.DEAD if dead else Outcome.QUARANTINED

        assert self.desk.discard(outcome, chosen) == 1

        if dead:
            self.model.discard_dead(chosen)
        else:
            self.model.discard_quarantined(chosen)

    @invariant()
    def the_backlog_adds_up(self) -> None:
        """Every record is counted once, every operation in its state."""
        backlog = self.desk.backlog()
        states = Counter(one.state for one in self.model.operations.values())
        verdicts = Counter(
            outcome
            for number, (outcome, _) in self.model.verdicts.items()
            if number not in self.model.requests
        )
        counted: Counter[str] = Counter()
        for (outcome, _), count in backlog.verdicts.items():
            counted[outcome.value] += count

        assert backlog.captured == len(self.model.said)
        assert backlog.undecided == len(self.model.undecided())
        assert {state: backlog.operations.get(state, 0) for state in State} == {
            state: states[state] for state in State
        }
        assert +counted == +verdicts
        assert self.store.next_due_ms() == self.model.next_due_ms()
        assert {
            lane.name.lower(): (one.people, one.oldest_captured_ms - START_MS)
            for lane, one in backlog.lanes.items()
        } == self.model.lanes()
        assert self.model.pauses == [(one.kind.value, one.name) for one in self.desk.pauses()]

    def every_record_has_its_outcome(self) -> None:
        """One outcome each, the one that is expected, with its bytes."""
        for said in self.model.said:
            found = self.desk.record(said.number)

            assert found is not None

            row, step, _ = found
            outcome, reason = self.model.outcome(said.number)

            assert row.body == said.body
            assert step.outcome.value == outcome
            assert reason is None or step.reason == reason

    def teardown(self) -> None:
        """Once faults end, everything leaves, and everything adds up."""
        try:
            self.every_record_has_its_outcome()
            self._finish()
            self.every_record_has_its_outcome()
            self._check_totals()
        finally:
            self.store.close()
            self.desk.close()
            self.journal.close()
            self.under_test.close()

    def _finish(self) -> None:
        while self.model.pauses:
            self.resume(0)
        while self.model.undecided():
            self.decide(9, crash=1)
        self.now_ms += 3_600_000
        for _ in range(1_000):
            while self.away:
                self.settle(0, kept=9, dead=0, totals=Result.DELIVERED, wait_ms=0)
            self.lease(1_000)
            if not self.away:
                break

        assert not any(self.model.would_send(who) for who in self.model.people)
        assert {one.state for one in self.model.operations.values()}.isdisjoint(
            {State.READY, State.LEASED}
        )

    def _check_totals(self) -> None:
        rows = self.store.knowledge.named(PEOPLE)
        for row in rows:
            someone = self.model.people.get(row.canonical_id)
            told = self.store.knowledge.totals([row.person])
            if someone is None or not someone.moments:
                assert told == []
                continue

            assert row.standing.name.lower() == someone.standing
            assert told[0].version == len(someone.moments)
            assert told[0].sent_version == someone.sent_version
            assert as_told(told[0].values) == someone.totals()
            assert someone.standing != "known" or not told[0].waiting


def run(opens: type, **changes: object) -> Counter[str]:
    """Run the machine on a kind of store; return what was seen."""
    machine = type("Machine", (StoreMachine,), {"opens": opens, "seen": Counter()})
    run_state_machine_as_test(machine, settings=settings(settings.default, **changes))
    return machine.seen


@pytest.mark.sized
@pytest.mark.parametrize("opens", [MemoryUnderTest, SqliteUnderTest])
def test_no_story_makes_a_store_and_its_model_differ(opens):
    """T4, I1 to I4 and I10: the two tell the same, and the stories were worth telling."""
    seen = run(opens, max_examples=max(150, settings.default.max_examples))
    worth = {"repeat", "identify", "totals", "delivered", "retry", "dead", "take-over"}
    worth |= {"pause", "late write", "replay of dead", "replay of quarantined", "no news"}

    assert worth <= {word for word, count in seen.items() if count}


def nobody_is_away(patch: pytest.MonkeyPatch) -> None:
    """A lease forgets who is away."""
    lease = MemoryStore.lease

    def forgetful(self: MemoryStore, now_ms: int, *, operations: int) -> list[Turn]:
        away, self._shelf.away = self._shelf.away, {}
        turns = lease(self, now_ms, operations=operations)
        self._shelf.away = {**away, **self._shelf.away}
        return turns

    patch.setattr(MemoryStore, "lease", forgetful)


def nothing_comes_back(patch: pytest.MonkeyPatch) -> None:
    """A new worker does not take over what a dead one had leased."""

    def careless(self: MemoryStore) -> None:
        self._shelf.held = True
        self._shelf.token += 1
        self._lease = self._shelf.token

    patch.setattr(MemoryStore, "acquire", careless)


def nobody_is_fenced(patch: pytest.MonkeyPatch) -> None:
    """A stuck worker may write."""
    patch.setattr(MemoryStore, "_fence", lambda self: None)


def dead_is_delivered(patch: pytest.MonkeyPatch) -> None:
    """A refusal is taken for a delivery."""
    acts = memory_store._ACTS
    patch.setitem(acts, Result.DEAD, acts[Result.DELIVERED])


def totals_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Totals count as told although they were not."""

    def hasty(self: MemoryStore, turn: Turn, fate: Fate | None) -> None:
        if turn.totals is not None and fate is not None:
            settle_totals(self, turn, FATES[Result.DELIVERED])

    settle_totals = MemoryStore._settle_totals
    patch.setattr(MemoryStore, "_settle_totals", hasty)


def waits_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """A person who must wait is called at once."""
    due = MemoryStore._due
    patch.setattr(MemoryStore, "_due", lambda self, now_ms: due(self, now_ms + 10**9))


def money_waits_in_line(patch: pytest.MonkeyPatch) -> None:
    """Nothing is lifted by what is critical."""
    rank = MemoryStore._rank
    patch.setattr(MemoryStore, "_rank", lambda self, person: (1, *rank(self, person)[1:]))


def replays_come_last(patch: pytest.MonkeyPatch) -> None:
    """What is open again stands behind everything that waits."""
    move = MemoryShelf.move

    def at_the_end(self: MemoryShelf, operation: int, act, **named) -> None:
        move(self, operation, act, **named)
        queue = self.open[self.operations[operation].operation.person]
        if operation in queue and act.value == "replay":
            queue.remove(operation)
            queue.append(operation)

    patch.setattr(MemoryShelf, "move", at_the_end)


def pauses_let_events_through(patch: pytest.MonkeyPatch) -> None:
    """A paused event holds people whose queue begins with it, and nothing else."""
    patch.setattr(Pauses, "sendable", lambda _, operations: operations)


def pauses_hold_no_people(patch: pytest.MonkeyPatch) -> None:
    """A paused person goes on."""
    holds = Pauses.holds
    patch.setattr(Pauses, "holds", lambda self, _, lane, event: holds(self, 0, lane, event))


FAULTS = [
    pauses_let_events_through,
    pauses_hold_no_people,
    nobody_is_away,
    nothing_comes_back,
    nobody_is_fenced,
    dead_is_delivered,
    totals_are_forgotten,
    waits_are_forgotten,
    money_waits_in_line,
    replays_come_last,
]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_machine_finds_a_planted_fault(fault, monkeypatch):
    """I10: a rule that is broken on purpose does not go unnoticed."""
    fault(monkeypatch)

    with pytest.raises((AssertionError, ValueError, KeyError, LeaseLost, pytest.fail.Exception)):
        run(
            MemoryUnderTest,
            max_examples=600,
            stateful_step_count=40,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )
