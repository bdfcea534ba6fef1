"""A plain model of a store: lists and dictionaries, and expectations written by hand.

It shares no rule with the product: how a record is decided, what may leave when, and what
the totals must be is said here once more, in the simplest way. It is told what was done
and what a store answered, and fails where the two do not fit.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from decimal import Decimal

from truthpoint.core.outbox import State
from truthpoint.core.turns import Turn
from truthpoint.ports import Result, Settlement
from truthpoint.testing.scene import who_of

EVENTS = {
    "paid": "order_paid",
    "refunded": "order_refunded",
    "viewed": "product_viewed",
    "gift": "gift_sent",
}


LACKING = "no_identify: invalid"
"""Why operations are dead of whom every identify was refused."""


@dataclass(kw_only=True)
class Said:
    """A record as the model knows it."""

    kind: str
    who: str = "1"
    key: str = ""
    amount: str = "1"
    at_ms: int = 0
    email: bool = False
    region: str = ""
    number: int = 0
    body: bytes = b""
    record_id: str = ""

    @property
    def place(self) -> int:
        """Its place among everything that was said, from 1."""
        return int(self.record_id.removeprefix("r-"))

    @property
    def attributes(self) -> dict[str, str]:
        """What an identify says of its person."""
        email = {"email": f"{self.who}@example.org"} if self.email else {}
        return {"region": self.region, **email}


@dataclass(kw_only=True)
class Told:
    """An operation as the model knows it."""

    id: int
    said: Said
    state: State = State.READY
    reason: str = ""
    attempts: int = 0
    barrier: bool = False
    replayed: bool = False

    @property
    def critical(self) -> bool:
        return self.said.kind == "paid"

    @property
    def identify(self) -> bool:
        return self.said.kind == "identify"

    @property
    def counted(self) -> bool:
        return self.said.kind in ("paid", "refunded")

    @property
    def event(self) -> str:
        """The event's name; empty for an identify."""
        return EVENTS.get(self.said.kind, "")


@dataclass(kw_only=True)
class Someone:
    """A person as the model knows them."""

    standing: str = "unknown"
    identified: bool = False
    known: dict[str, tuple[int, str]] = field(default_factory=dict)
    queue: list[Told] = field(default_factory=list)
    moments: list[Told] = field(default_factory=list)
    sent_version: int = 0
    wire_at_s: int = 0
    away: Turn | None = None
    not_before_ms: int = 0
    delivered: list[Told] = field(default_factory=list)
    last_told: dict[str, int | str] = field(default_factory=dict)

    @property
    def open(self) -> list[Told]:
        return [one for one in self.queue if one.state in (State.READY, State.LEASED)]

    @property
    def waiting_totals(self) -> bool:
        return len(self.moments) > self.sent_version

    @property
    def waits(self) -> bool:
        """Whether they stand in the queue."""
        if self.open or self.standing == "due":
            return True
        return self.waiting_totals and self.standing != "refused"

    def learn(self, said: Said) -> set[str]:
        """Take over what an identify says, unless something younger is known; return the news."""
        before = dict(self.known)
        for name, value in said.attributes.items():
            now = (said.at_ms, value)
            self.known[name] = max(now, before.get(name, now))
        return {
            name
            for name, (_, value) in self.known.items()
            if name not in before or before[name][1] != value
        }

    def buried(self, paused: set[str]) -> list[Told]:
        """What of theirs is dead at their next turn, for want of an identify."""
        return list(
            itertools.takewhile(
                lambda one: not one.identify and one.event not in paused,
                self.open if self.standing == "refused" else [],
            )
        )

    def rank(self) -> tuple[bool, int]:
        """Their place among those who wait with operations: critical first, oldest first."""
        return (not any(one.critical for one in self.open), self.open[0].id)

    def totals(self) -> dict[str, object]:
        """What the totals must be: computed anew from everything that was claimed."""
        paid = [one.said for one in self.moments if one.said.kind == "paid"]
        back = [one.said for one in self.moments if one.said.kind == "refunded"]
        value = sum((Decimal(one.amount) for one in paid), Decimal(0))
        value -= sum((Decimal(one.amount) for one in back), Decimal(0))
        expected: dict[str, object] = {"orders_count": len(paid), "lifetime_value": value}
        if paid:
            expected["first_order_at"] = min(one.at_ms for one in paid)
            expected["last_order_at"] = max(one.at_ms for one in paid)
        return expected


def as_told(values: object) -> dict[str, object]:
    """Return a store's totals in the form of the model's."""
    assert isinstance(values, dict)

    return {**values, "lifetime_value": Decimal(values["lifetime_value"])}


class Model:
    """Everything that was said, and how it must stand."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.decided = 0
        self.requests: list[int] = []
        self.verdicts: dict[int, tuple[str, str]] = {}
        self.operations: dict[int, Told] = {}
        self.by_record: dict[int, Told] = {}
        self.people: dict[str, Someone] = {}
        self.claims: dict[tuple[str, str], Said] = {}
        self.mended = False
        self.pauses: list[tuple[str, str]] = []

    @property
    def paused_events(self) -> set[str]:
        """Events whose operations may not leave."""
        return {name for kind, name in self.pauses if kind == "event"}

    def held(self, who: str, waiting: list[Told]) -> bool:
        """Whether a pause holds somebody with these open operations."""
        lane = "critical" if any(one.critical for one in waiting) else "live"
        first = waiting[0].event if waiting else ""
        reasons = {("all", ""), ("lane", lane), ("person", who), ("event", first)}
        return not reasons.isdisjoint(self.pauses)

    def would_send(self, who: str) -> bool:
        """Whether a turn of somebody's would come, were they neither away nor postponed."""
        someone = self.people[who]
        if self.held(who, someone.open) or not someone.waits:
            return False
        left = someone.open[len(someone.buried(self.paused_events)) :]
        if someone.standing == "refused" and not left:
            return False
        return not self.held(who, left)

    def undecided(self) -> list[int]:
        """Numbers of the records to decide, in order."""
        return [*self.requests, *(one.number for one in self.said[self.decided :])]

    def decide(self, numbers: list[int]) -> None:
        """Decide these records, the next ones."""
        for number in numbers:
            if number in self.requests:
                self.requests.remove(number)
                del self.verdicts[number]
            else:
                self.decided += 1
            self._decide(next(one for one in self.said if one.number == number))

    def _decide(self, said: Said) -> None:
        if said.kind == "broken" or (said.kind == "gift" and not self.mended):
            self.verdicts[said.number] = ("quarantined", "")
            return
        if said.kind == "foreign":
            self.verdicts[said.number] = ("withheld", "not_owner")
            return
        claim = (said.kind, said.key)
        if said.key and claim in self.claims:
            same = said.kind != "paid" or self.claims[claim].amount == said.amount
            self.verdicts[said.number] = ("withheld", "duplicate" if same else "conflict")
            return
        if said.key:
            self.claims[claim] = said
        someone = self.people.setdefault(said.who, Someone())
        told = Told(id=len(self.operations) + 1, said=said)
        if told.identify:
            news = someone.learn(said)
            if someone.identified and not news:
                self.verdicts[said.number] = ("recorded", "")
                return
            told.barrier = "email" in news or not someone.identified
            someone.identified = True
        self.operations[told.id] = self.by_record[said.number] = told
        someone.queue.append(told)
        if told.counted:
            someone.moments.append(told)

    def leased(self, turns: list[Turn], now_ms: int, wanted: int) -> None:
        """Check what a lease gave, and remember it."""
        due = {
            who: one
            for who, one in self.people.items()
            if one.away is None and one.not_before_ms <= now_ms and self.would_send(who)
        }
        self._check_choice(turns, due, wanted)
        for turn in turns:
            someone = due[who_of(turn)]
            if someone.standing == "refused":
                self._bury(someone)
            self._check_turn(turn, someone, now_ms)
            self._send_away(turn, someone)

    def _check_choice(self, turns: list[Turn], due: dict[str, Someone], wanted: int) -> None:
        names = [who_of(turn) for turn in turns]

        assert len(set(names)) == len(names), "one turn a person"
        assert set(names) <= due.keys(), "nobody who is away, postponed or silent"

        taken = sum(max(1, len(turn.operations)) for turn in turns)

        if taken < wanted:
            assert set(names) == due.keys(), "nobody who is due is passed over"

        ranks = [due[name].rank() for name in names if due[name].open]
        left = [one.rank() for name, one in due.items() if name not in names and one.open]

        assert ranks == sorted(ranks), "most urgent first, then oldest"
        assert not ranks or all(ranks[-1] < one for one in left), "nobody less urgent before"

    def _bury(self, someone: Someone) -> None:
        """What a refused person has before their next identify is dead."""
        for one in someone.buried(self.paused_events):
            one.state, one.reason = State.DEAD, LACKING

    def buried(self, dead: set[int]) -> None:
        """Take over which refused people's operations a lease has found dead."""
        for someone in self.people.values():
            if someone.standing == "refused" and someone.open and someone.open[0].id in dead:
                self._bury(someone)
        self._forget_waits()

    def _check_turn(self, turn: Turn, someone: Someone, now_ms: int) -> None:
        ids = [one.id for one in turn.operations]
        ready = someone.open

        assert (turn.ended, turn.not_before_ms) == ((), 0), "what leaves"

        if turn.identify:
            assert turn.alone
            assert not ids
            assert turn.totals is None
            assert someone.standing in ("unknown", "due")
            assert someone.standing == "due" or not (ready and ready[0].identify)
            return
        taken = ready[: len(ids)]

        assert ids == [one.id for one in taken], "the first ones, in order"
        assert self.paused_events.isdisjoint(one.event for one in taken), "nothing that is paused"
        assert [one.attempts for one in turn.operations] == [one.attempts + 1 for one in taken]

        if someone.standing != "known":
            assert len(taken) == 1
            assert taken[0].identify, "no one leaves before an accepted identify"
        if any(one.barrier for one in taken) or someone.standing != "known":
            assert turn.alone
            assert len(taken) == 1
        critical = [place for place, one in enumerate(ready) if one.critical]
        if critical:
            assert len(taken) <= critical[-1] + 1, "what stands behind is not lifted"
        self._check_totals(turn, someone, ready[len(ids) :], now_ms)

    def _check_totals(self, turn: Turn, someone: Someone, rest: list[Told], now_ms: int) -> None:
        if turn.totals is None:
            assert turn.operations, "a turn holds something"
            return

        assert not turn.alone
        assert someone.standing == "known"
        assert turn.totals.version == len(someone.moments) > someone.sent_version
        assert someone.moments[-1] not in rest, "behind what changed them"
        assert as_told(turn.totals.values) == someone.totals(), "equal to a recomputation"
        assert turn.totals.wire_at_s > someone.wire_at_s, "never backwards"
        assert turn.totals.wire_at_s >= now_ms // 1000

        someone.wire_at_s = turn.totals.wire_at_s

    def _send_away(self, turn: Turn, someone: Someone) -> None:
        someone.away, someone.not_before_ms = turn, 0
        for one in turn.operations:
            told = self.operations[one.id]

            assert told.state is State.READY

            told.state, told.attempts = State.LEASED, told.attempts + 1

    def settled(self, settlement: Settlement) -> None:
        """Remember what became of a turn."""
        turn = settlement.turn
        someone = self.people[who_of(turn)]
        for number, fate in settlement.operations.items():
            self._settled_one(someone, self.operations[number], fate.result, fate.reason)
        if settlement.identify is not None:
            after = {Result.DELIVERED: "known", Result.DEAD: "refused"}
            someone.standing = after.get(settlement.identify.result, someone.standing)
        if settlement.totals is not None and settlement.totals.result is not Result.RETRY:
            assert turn.totals is not None

            someone.sent_version = turn.totals.version
            if settlement.totals.result is Result.DELIVERED:
                someone.last_told = dict(turn.totals.values)
        someone.away, someone.not_before_ms = None, settlement.not_before_ms
        self._forget_waits()

    def _settled_one(self, someone: Someone, told: Told, result: Result, reason: str) -> None:
        if result is Result.RETRY:
            told.state = State.READY
        elif result is Result.DELIVERED:
            told.state, told.reason = State.DELIVERED, ""
            earlier = [one.id for one in someone.delivered if not one.replayed]

            assert told.replayed or not earlier or told.id > earlier[-1], "in order"

            someone.delivered.append(told)
            if told.identify:
                someone.standing = "known"
        else:
            told.state, told.reason = State.DEAD, reason
            if told.identify and someone.standing != "known":
                someone.standing = "due"

    def _forget_waits(self) -> None:
        for someone in self.people.values():
            if not someone.waits:
                someone.not_before_ms = 0

    def taken_over(self) -> None:
        """A new worker holds the store: nobody is away."""
        for someone in self.people.values():
            someone.away = None
            for one in someone.open:
                one.state = State.READY

    def next_due_ms(self) -> int | None:
        """When the earliest postponed person may go on."""
        postponed = [
            one.not_before_ms
            for who, one in self.people.items()
            if one.not_before_ms and not self.held(who, one.open)
        ]
        return min(postponed, default=None)

    def lanes(self) -> dict[str, tuple[int, int]]:
        """People who wait in each lane, and the place of the oldest record in it."""
        found: dict[str, list[Told]] = {}
        for someone in self.people.values():
            if someone.open:
                lane = "critical" if any(one.critical for one in someone.open) else "live"
                found.setdefault(lane, []).append(someone.open[0])
        return {
            lane: (len(heads), min(heads, key=lambda one: one.id).said.place)
            for lane, heads in found.items()
        }

    def quarantined(self) -> list[int]:
        """Records in quarantine that nobody asked to decide again."""
        return sorted(
            number
            for number, (outcome, _) in self.verdicts.items()
            if outcome == "quarantined" and number not in self.requests
        )

    def dead(self) -> list[int]:
        """Records of dead operations, oldest first."""
        return [one.said.number for one in self.operations.values() if one.state is State.DEAD]

    def with_companions(self, numbers: list[int]) -> list[int]:
        """Law 4: what is dead for want of an identify replays together, person by person."""
        chosen = [self.by_record[number] for number in numbers]
        people = {one.said.who for one in chosen if one.reason == LACKING}
        others = [
            one.said.number
            for one in self.operations.values()
            if one.state is State.DEAD and one.reason == LACKING and one.said.who in people
        ]
        return list(dict.fromkeys([*numbers, *others]))

    def replay_dead(self, numbers: list[int]) -> None:
        """An operator sends dead records again."""
        for number in self.with_companions(numbers):
            told = self.by_record[number]
            told.state, told.reason, told.replayed = State.READY, "", True
            someone = self.people[told.said.who]
            if someone.standing == "refused":
                someone.standing = "unknown"

    def discard_dead(self, numbers: list[int]) -> None:
        """An operator gives dead records up."""
        for number in numbers:
            told = self.by_record[number]
            told.state, told.reason = State.WITHHELD, "discarded"

    def discard_quarantined(self, numbers: list[int]) -> None:
        """An operator gives quarantined records up."""
        self.verdicts.update(dict.fromkeys(numbers, ("withheld", "discarded")))

    def outcome(self, number: int) -> tuple[str, str | None]:
        """How a record must stand, and why; None: any reason."""
        told = self.by_record.get(number)
        if told is not None:
            names = {State.READY: "pending", State.LEASED: "pending"}
            waits = told.state in names
            return names.get(told.state, told.state.name.lower()), None if waits else told.reason
        if number in self.requests or number not in self.verdicts:
            return "pending", ""
        outcome, reason = self.verdicts[number]
        return outcome, reason or None
