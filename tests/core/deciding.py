"""A journal in memory, and decisions over it, in batches cut anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from msgspec.structs import replace

from truthpoint.contract.model import Event, Kind, Property, Rollup, RollupKind, Type
from truthpoint.core.decide import decide
from truthpoint.core.decision import Decision, JournalRow, Known
from truthpoint.core.examine import Examiner
from truthpoint.core.plan import plan
from truthpoint.core.records import read_record
from truthpoint.testing.builders import START_MS, a_contract, a_property

EXAMINER = Examiner(a_contract())
EMPTY = Known(people={}, ledger={}, totals={}, next_person=1, next_operation=1)

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
    return Known(
        people={**known.people, **{one.canonical_id: one for one in decision.people}},
        ledger={**known.ledger, **{(one.event, one.key): one for one in decision.ledger}},
        totals={**known.totals, **{one.person: one for one in decision.totals}},
        next_person=decision.next_person,
        next_operation=decision.next_operation,
    )


def loaded(known: Known, batch: Sequence[JournalRow], examiner: Examiner) -> Known:
    """What a store loads for a batch: only what the plan asks for."""
    planned = plan(batch, examiner)
    people = {name: one for name, one in known.people.items() if name in planned.ids}
    wanted = planned.people_with_totals(examiner.contract, people.values())
    return replace(
        known,
        people=people,
        ledger={key: one for key, one in known.ledger.items() if key in planned.keys},
        totals={person: known.totals[person] for person in wanted if person in known.totals},
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
