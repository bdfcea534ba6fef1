"""Totals compared with the ledger that they come from, and put right where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from . import rollups
from .decision import Decision
from .outbox import Standing, Totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from truthpoint.contract.model import Contract

    from .decision import LedgerKey, LedgerRow
    from .people import PersonRow


class Recount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One person whose totals are not what the ledger says.

    Attributes:
        person: The person.
        kept: Their totals.
        fresh: What they should be.
    """

    person: PersonRow
    kept: Totals
    fresh: Mapping[str, object]

    def differences(self, contract: Contract) -> list[tuple[str, object, object]]:
        """Return each attribute that differs, as it is and as it should be; None: it is absent.

        Args:
            contract: Where the rollups are declared.
        """
        now = rollups.on_the_wire(contract, self.kept.values)
        then = rollups.on_the_wire(contract, self.fresh)
        names = [name for name in {**now, **then} if now.get(name) != then.get(name)]
        return [(name, now.get(name), then.get(name)) for name in names]


def recount(
    contract: Contract,
    person: PersonRow,
    kept: Totals | None,
    rows: Sequence[LedgerRow],
    *,
    arrived: AbstractSet[LedgerKey],
    now_ms: int,
) -> Recount | None:
    """Compare somebody's totals with their rows of the ledger.

    Args:
        contract: Where the rollups are declared.
        person: Whose they are.
        kept: Their totals; None: there are none.
        rows: All their rows.
        arrived: Keys that the ledger has, among those that the rows' amounts wait for.
        now_ms: The present moment.

    Returns:
        What differs; None: nothing does, or they are erased and nothing is kept of them.
    """
    if person.standing is Standing.ERASED:
        return None
    latest = max((row.operation for row in rows), default=0)
    before = kept or Totals(person=person.person, changed_by=latest, values={})
    fresh = rollups.renewed(contract, before.values, rows, arrived, now_ms)
    # As a store would give them back.
    fresh = msgspec.json.decode(msgspec.json.encode(fresh), type=dict[str, object])
    if fresh == before.values:
        return None
    return Recount(person=person, kept=before, fresh=fresh)


def mend(recounts: Iterable[Recount], *, next_ids: tuple[int, int]) -> Decision:
    """Return the decision that puts totals right, and has them sent.

    Args:
        recounts: What differs.
        next_ids: The first free person key and operation id.
    """
    next_person, next_operation = next_ids
    return Decision(
        records=(),
        totals=tuple(
            replace(one.kept, version=one.kept.version + 1, values=one.fresh) for one in recounts
        ),
        next_person=next_person,
        next_operation=next_operation,
    )
