"""A contract whose rollups changed under a store: what is told, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from support.scripted import ScriptedTransport
from support.shop import EXAMINER, order, worker_on
from support.virtual import StoppedClock
from truthpoint.contract.model import Rollup, RollupKind
from truthpoint.core.examine import Examiner
from truthpoint.errors import UsageError
from truthpoint.stores.memory import MemoryShelf, MemoryStore

COUNT, SUM, LATEST = RollupKind.COUNT, RollupKind.SUM, RollupKind.LATEST


def _with(**kinds: RollupKind) -> Examiner:
    """The shop with these rollups over paid orders."""
    rollups = {
        name: Rollup(
            name=name,
            kind=kind,
            event="order_paid",
            property="total" if kind is SUM else None,
        )
        for name, kind in kinds.items()
    }
    return Examiner(replace(EXAMINER.contract, rollups=rollups, buckets=()))


def _totals(place) -> list[dict[str, object]]:
    asked = {"orders", "spent"}
    found = [one["attributes"] for one in place.transport.items if one["action"] == "identify"]
    return [one for one in found if asked & one.keys()]


@pytest.mark.parametrize("kind", [LATEST, SUM, RollupKind.EARLIEST])
def test_a_rollup_whose_kind_changed_is_refused_at_every_start(place, kind):
    """Law 10: its old value means something else; nothing is decided, sent or forgotten."""
    place.say(order("A-1", "1"))
    place.drain(examiner=_with(orders=COUNT, spent=SUM))
    place.say(order("A-2", "1"), start=1)

    for _ in range(2):
        with pytest.raises(UsageError) as refused:
            place.drain(examiner=_with(orders=kind, spent=SUM))

    assert (
        f"The rollup `orders` is of kind count in this store, and {kind.value} in the contract. "
        "Give the new one another name, or put the old kind back; nothing was decided or sent."
    ) == str(refused.value)

    place.drain(examiner=_with(orders=COUNT, spent=SUM))

    assert {"orders": 2, "spent": 20} == _totals(place)[-1]


def test_a_rollup_of_another_name_begins_anew_beside_the_old_one(place):
    """Law 10: that is the way out, and the old values wait for their name to come back."""
    place.say(order("A-1", "1"))
    place.drain(examiner=_with(orders=COUNT))
    place.say(order("A-2", "1"), start=1)
    place.drain(examiner=_with(spent=SUM))
    place.say(order("A-3", "1"), start=2)
    place.drain(examiner=_with(orders=COUNT, spent=SUM))

    assert [{"orders": 1}, {"spent": 10}, {"orders": 2, "spent": 20}] == _totals(place)


def test_a_kind_is_remembered_while_its_rollup_is_not_declared(place):
    """Law 10: taking a rollup out for a while does not make its values another kind's."""
    place.say(order("A-1", "1"))
    place.drain(examiner=_with(orders=COUNT))
    place.drain(examiner=_with())

    with pytest.raises(UsageError, match="`orders` is of kind count in this store, and latest"):
        place.drain(examiner=_with(orders=LATEST))


DEFINITIONS = st.dictionaries(st.sampled_from("abc"), st.sampled_from([COUNT, SUM, LATEST]))


@given(st.lists(DEFINITIONS, min_size=1, max_size=6))
def test_a_name_has_one_kind_for_good(told):
    """Law 10: whatever the contracts were, a start is refused just when a name changes its kind.

    It is told of other changes just when what is declared is not as at the last start.
    """
    shelf = MemoryShelf()
    kinds: dict[str, RollupKind] = {}
    last: dict[str, RollupKind] | None = None

    def start(declared):
        found: list[str] = []
        store = MemoryStore(shelf)
        try:
            worker_on(
                store,
                ScriptedTransport(),
                StoppedClock(),
                examiner=_with(**declared),
                report=lambda one: found.append(one.code),
            )
        except UsageError:
            return None
        finally:
            store.close()
        return found

    for declared in told:
        fits = all(kinds.get(name, kind) is kind for name, kind in declared.items())
        changed = last is not None and last != declared
        expected = (["rollups_changed"] if changed else []) if fits else None

        assert expected == start(declared)

        if fits:
            kinds |= declared
            last = declared
