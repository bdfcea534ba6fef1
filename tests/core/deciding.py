"""A journal in memory, and decisions over it, in batches cut anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from msgspec.structs import replace

from truthpoint.contract.model import Event, Kind, Property, Rollup, RollupKind, Type
from truthpoint.core.decide import decide
from truthpoint.core.decision import Decision, JournalRow, Known, Said
from truthpoint.core.examine import Examiner
from truthpoint.core.plan import plan
from truthpoint.core.records import read_record
from truthpoint.testing.builders import START_MS, a_contract, a_property
from truthpoint.workers.knowing import know

EXAMINER = Examiner(a_contract())
EMPTY = Known(secret=b"of the tests", now_ms=START_MS)

POINTS = Event(
    name="points_given",
    owner="backend",
    wire="points_given",
    key=("grant", "at"),
    correlation="cart_id",
    properties=(
        a_property("grant", Kind.INTEGER),
        a_property("points", Kind.INTEGER),
        Property(name="weight", type=Type(kind=Kind.NUMBER), default=0),
        a_property("cart_id", default=""),
        Property(name="fee", type=Type(kind=Kind.MONEY), default=0),
    ),
)
"""Keyed by a number and `at`; tied by a text that may be empty."""

_WITH_POINTS = a_contract(POINTS)
RICH = Examiner(
    replace(
        _WITH_POINTS,
        rollups={
            **_WITH_POINTS.rollups,
            "points": Rollup(
                name="points",
                kind=RollupKind.SUM,
                event="points_given",
                property="points",
                minus_event="points_given",
                minus_property="weight",
            ),
            "fees": Rollup(name="fees", kind=RollupKind.SUM, event="points_given", property="fee"),
        },
    )
)
"""The shop of the tests, and sums of plain numbers and of money without a currency."""


def source_of(body: bytes, otherwise: str) -> str:
    """The source that a body names, as capture reads it."""
    read = read_record(body, source=otherwise, captured_at_ms=START_MS)
    return read.source or otherwise


def rows(*bodies: bytes, source: str = "backend", first: int = 1) -> list[JournalRow]:
    """Bodies as the journal keeps them."""
    return [
        JournalRow(
            record=number,
            source=source_of(body, source),
            record_id=f"r{number}",
            captured_at_ms=START_MS,
            contract="",
            body=body,
        )
        for number, body in enumerate(bodies, first)
    ]


def after(known: Known, decision: Decision) -> Known:
    """What a store knows once a decision is committed."""
    gone = {one.gone: one.into for one in decision.joined}

    def stays(person: int) -> int:
        while person in gone:
            person = gone[person]
        return person

    people = {one.person: one for one in known.people} | {
        one.person: one for one in decision.people
    }
    links = {
        (one.kind, one.value, one.person): one for one in known.links if one.person not in gone
    }
    links.update(((one.kind, one.value, one.person), one) for one in decision.links)
    rows = (*known.ledger.values(), *decision.ledger, *decision.corrected)
    starts = {
        (one.event, one.tie): one.attributes for one in decision.operations if one.tie is not None
    }
    tombstones = {
        one: person for one, person in known.tombstones.items() if one not in decision.readmitted
    }
    for person, digests in decision.tombstones.items():
        others = {tombstones[one] for one in digests if one in tombstones}
        theirs = [one for one, other in tombstones.items() if other in others]
        tombstones.update(dict.fromkeys((*theirs, *digests), person))
    return Known(
        people=[one for one in people.values() if one.person not in gone],
        links=list(links.values()),
        ledger={(one.event, one.key): replace(one, person=stays(one.person)) for one in rows},
        totals={
            key: one
            for key, one in {**known.totals, **{one.person: one for one in decision.totals}}.items()
            if key not in gone
        },
        profiles={
            key: one
            for key, one in {**known.profiles, **decision.profiles}.items()
            if key not in gone
        },
        starts={**known.starts, **starts},
        said=_added(known.said, decision.said),
        tombstones=tombstones,
        secret=known.secret,
        next_person=decision.next_person,
        next_operation=decision.next_operation,
        now_ms=known.now_ms,
        takes_tests=known.takes_tests,
    )


def _added(known: Mapping[tuple[str, str], Said], said: Iterable[Said]):
    """What sources have said, with what they said in a batch."""
    added = dict(known)
    for one in said:
        before = added.get((one.source, one.event), replace(one, count=0))
        added[one.source, one.event] = replace(
            one, count=before.count + one.count, last_ms=max(before.last_ms, one.last_ms)
        )
    return added


class Everything:
    """All that is known, to be asked as a store is; see `truthpoint.ports.Knowledge`."""

    def __init__(self, known: Known) -> None:
        self.known = known

    def named(self, canonical_ids):
        return [one for one in self.known.people if one.canonical_id in set(canonical_ids)]

    def people(self, people):
        return [one for one in self.known.people if one.person in set(people)]

    def links(self, identifiers):
        return [one for one in self.known.links if (one.kind, one.value) in set(identifiers)]

    def links_of(self, people):
        return [one for one in self.known.links if one.person in set(people)]

    def ledger(self, keys):
        return [one for key, one in self.known.ledger.items() if key in set(keys)]

    def moments(self, people):
        return [one for one in self.known.ledger.values() if one.person in set(people)]

    def totals(self, people):
        return [one for key, one in self.known.totals.items() if key in set(people)]

    def profiles(self, people):
        return {key: one for key, one in self.known.profiles.items() if key in set(people)}

    def starts(self, ties):
        return {tie: one for tie, one in self.known.starts.items() if tie in set(ties)}

    def said(self):
        return list(self.known.said.values())

    def has_tombstones(self):
        return bool(self.known.tombstones)

    def tombstones(self, digests):
        people = {one for digest, one in self.known.tombstones.items() if digest in digests}
        return {digest: one for digest, one in self.known.tombstones.items() if one in people}

    def secret(self):
        return self.known.secret

    def next_ids(self):
        return self.known.next_person, self.known.next_operation


def loaded(known: Known, batch: Sequence[JournalRow], examiner: Examiner) -> Known:
    """What a store loads for a batch: only what the plan asks for."""
    return know(
        plan(batch, examiner),
        Everything(known),
        now_ms=known.now_ms,
        takes_tests=known.takes_tests,
    )


@dataclass(frozen=True, kw_only=True)
class Told:
    """Everything that was decided over a whole journal."""

    known: Known
    decisions: tuple[Decision, ...]

    @property
    def all(self) -> tuple[object, ...]:
        """Operations, verdicts, findings, ledger rows and what is known in the end."""
        parts = self.decisions
        return (
            [one for part in parts for one in part.operations],
            [one for part in parts for one in part.verdicts],
            {record: one for part in parts for record, one in part.findings.items()},
            [one for part in parts for one in part.ledger],
            [one for part in parts for one in part.records],
            self.known,
        )


def run(
    journal: Sequence[JournalRow],
    cuts: Iterable[int] = (),
    *,
    known: Known = EMPTY,
    examiner: Examiner = EXAMINER,
) -> Told:
    """Decide a journal, cut into batches at these places."""
    decisions: list[Decision] = []
    edges = [0, *sorted({cut for cut in cuts if 0 < cut < len(journal)}), len(journal)]
    for start, end in pairwise(edges):
        batch = journal[start:end]
        seen = loaded(known, batch, examiner)
        decision = decide(plan(batch, examiner), examiner, seen)
        decisions.append(decision)
        known = after(known, decision)
    return Told(known=known, decisions=tuple(decisions))


def one_batch(*bodies: bytes, known: Known = EMPTY, examiner: Examiner = EXAMINER) -> Decision:
    """Decide bodies as one batch."""
    return run(rows(*bodies), known=known, examiner=examiner).decisions[0]
