"""Totals of a person: what a moment adds to them, and what they are made of (law 10).

Every rollup can be folded in any order, so totals are exact whatever the order of arrival,
two people's totals can be joined, and a recomputation from the ledger gives the same
values.

    events      what moments of one event do to totals
    amounts     sums: exact decimals, other currencies
    properties  distinct values, first and last
    waiting     what is taken off from a moment that is not there yet
    people      totals joined, and computed anew from the ledger
    corrections what takes the place of what a moment added
    wire        totals as attributes
    definition  rollups as text: whether two contracts compute the same totals
"""

from .corrections import Corrections, corrected
from .definition import changed_kind, declared, definition, to_remember
from .events import EventRollups, awaiting, touching
from .people import awaited, combine, recompute, renewed
from .waiting import (
    Waiting,
    next_due_ms,
    overdue,
    settle_arrived,
    settle_due,
    waiting,
    waits_for,
)
from .wire import on_the_wire

__all__ = [
    "Corrections",
    "EventRollups",
    "Waiting",
    "awaited",
    "awaiting",
    "changed_kind",
    "combine",
    "corrected",
    "declared",
    "definition",
    "next_due_ms",
    "on_the_wire",
    "overdue",
    "recompute",
    "renewed",
    "settle_arrived",
    "settle_due",
    "to_remember",
    "touching",
    "waiting",
    "waits_for",
]
