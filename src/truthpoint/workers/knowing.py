"""Loading what a store knows of a batch, in the steps in which it becomes clear what to ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from truthpoint.core.decision import Known
from truthpoint.core.people import ID, Grade
from truthpoint.core.tombstones import digest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from truthpoint.core.decision import LedgerKey, LedgerRow
    from truthpoint.core.people import LinkRow, PersonRow
    from truthpoint.core.plan import Plan
    from truthpoint.ports import Knowledge


def know(plan: Plan, knowledge: Knowledge, *, now_ms: int, takes_tests: bool) -> Known:
    """Return what a store knows, as far as a batch is about it.

    Args:
        plan: The batch.
        knowledge: What the store knows.
        now_ms: The present.
        takes_tests: Whether records of a test mode are sent to this workspace.
    """
    starts = knowledge.starts(plan.ties)
    plan = plan.foreseen(starts)
    ledger = _ledger(knowledge, plan.keys)
    corrected = {row.person for row in ledger.values()} if plan.corrects else set[int]()
    people, links = _people(plan, knowledge, corrected)
    totals = knowledge.totals(plan.people_with_totals(people, links))
    moments = knowledge.moments({row.person for row in people} if plan.corrects else ())
    ledger |= _ledger(knowledge, plan.awaited(totals, moments) - ledger.keys())
    secret = knowledge.secret()
    said = knowledge.said() if plan.asks_for_words else []
    next_person, next_operation = knowledge.next_ids()
    return Known(
        people=people,
        links=links,
        ledger=ledger,
        totals={one.person: one for one in totals},
        profiles=knowledge.profiles([row.person for row in people] if plan.tells else []),
        starts=starts,
        moments=_by_person(moments),
        said={(one.source, one.event): one for one in said},
        tombstones=_tombstones(plan, knowledge, secret),
        secret=secret,
        next_person=next_person,
        next_operation=next_operation,
        now_ms=now_ms,
        takes_tests=takes_tests,
    )


def _people(
    plan: Plan, knowledge: Knowledge, more: Collection[int]
) -> tuple[list[PersonRow], list[LinkRow]]:
    """Return everybody whom a batch may be about, and all links that matter to it."""
    named = knowledge.named(plan.ids)
    strange = plan.ids - {row.canonical_id for row in named}
    identifiers = plan.identifiers | {(ID, one) for one in strange}
    links = knowledge.links(identifiers)
    found = {row.person: row for row in named}
    others = ({link.person for link in links} | set(more)) - found.keys()
    found.update((row.person, row) for row in knowledge.people(others))
    if plan.teaches:
        of_people = knowledge.links_of(found)
        # When two of its people become one, it matters whether a third one has it too.
        frozen = {(one.kind, one.value) for one in of_people if one.grade is Grade.FROZEN}
        of_people += knowledge.links(frozen)
        if plan.erases:
            of_people += knowledge.links({(one.kind, one.value) for one in of_people})
            others = {link.person for link in of_people} - found.keys()
            found.update((row.person, row) for row in knowledge.people(others))
        links = list(
            {(one.kind, one.value, one.person): one for one in (*links, *of_people)}.values()
        )
    return list(found.values()), links


def _tombstones(plan: Plan, knowledge: Knowledge, secret: bytes) -> dict[str, int]:
    if not knowledge.has_tombstones():
        return {}
    return knowledge.tombstones([digest(secret, one) for one in set(plan.buried())])


def _ledger(knowledge: Knowledge, keys: Collection[LedgerKey]) -> dict[LedgerKey, LedgerRow]:
    return {(row.event, row.key): row for row in knowledge.ledger(keys)}


def _by_person(moments: Iterable[LedgerRow]) -> dict[int, list[LedgerRow]]:
    found: dict[int, list[LedgerRow]] = {}
    for row in moments:
        found.setdefault(row.person, []).append(row)
    return found
