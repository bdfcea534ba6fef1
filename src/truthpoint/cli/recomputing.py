"""`recompute`: totals compared with the ledger, and put right."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from truthpoint import runtime
from truthpoint.errors import StoreBusy
from truthpoint.values.counts import counted, noun
from truthpoint.values.instants import to_iso

from . import failing, options, output
from .look import opened_desk

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from truthpoint.contract.model import Contract
    from truthpoint.core.people import PersonRow
    from truthpoint.core.recount import Recount
    from truthpoint.ports import Store
    from truthpoint.runtime import Settings


_TIMES = ("earliest", "latest")
"""Kinds of rollups that are times."""


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command(help=options.help_of(recompute))(recompute)


def recompute(
    *,
    person: Annotated[
        str | None, typer.Option("--person", metavar="ID", help="One person alone.")
    ] = None,
    mend: Annotated[
        bool, typer.Option("--mend", help="Put right what differs, to be sent; no worker may run.")
    ] = False,
    contract: options.Contract = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Compare totals with the ledger, and put right what differs.

    It ends with 1 when something differs and is not put right. Without --mend nothing is written,
    and a worker may run meanwhile. After a change of rollups, --mend brings all totals to it.

    Examples:
      truthpoint recompute
      truthpoint recompute --person 42
      truthpoint recompute --mend
    """
    with failing.failing_clearly(json=json):
        settings = runtime.Settings.gathered(contract=contract, store=store)
        loaded = runtime.load_contract(settings.contract)
        key = None if person is None else _key_of(person, store, json=json)
        if mend:
            _mend(settings, loaded, key, json=json)
        else:
            _compare(settings, loaded, key, json=json)


def _key_of(name: str, store: str | None, *, json: bool) -> int:
    with opened_desk(store, json=json) as desk:
        view = desk.person(name, limit=1)
        if view is None:
            failing.absent("Nobody in this store goes by this id.", json=json)
            raise AssertionError
        return view.row.person


def _compare(settings: Settings, contract: Contract, person: int | None, *, json: bool) -> None:
    from truthpoint.workers.recounting import Recounting  # noqa: PLC0415 - help does without

    differ = 0
    with closing(runtime.open_books(settings)) as books:
        _note_change(contract, books.rollups())
        now_ms = runtime.SystemClock().now_ms()
        recounting = Recounting(books.knowledge, contract, now_ms=now_ms)
        for page in recounting.pages(person):
            differ += len(page)
            _put(page, contract, mended=False, json=json)
    hint = f"; `truthpoint recompute --mend` puts {noun(differ, 'it', 'them')} right"
    told = f"{_compared(recounting.compared)}, {_differ(differ)}"
    output.note(told + hint if differ else told)
    if differ:
        raise typer.Exit(failing.FINDINGS)


def _mend(settings: Settings, contract: Contract, person: int | None, *, json: bool) -> None:
    from truthpoint.core import rollups  # noqa: PLC0415 - help does without
    from truthpoint.workers.recounting import (  # noqa: PLC0415 - help does without
        Recounting,
        put_right,
        see_kinds,
    )

    mended = 0
    with _held(settings) as store:
        definition, before = rollups.definition(contract), store.rollups()
        if before is not None:
            see_kinds(before, definition)
        now_ms = runtime.SystemClock().now_ms()
        recounting = Recounting(store.knowledge, contract, now_ms=now_ms)
        for page in recounting.pages(person):
            put_right(store, page)
            mended += len(page)
            _put(page, contract, mended=True, json=json)
        if person is None:
            store.keep_rollups(rollups.to_remember(before, definition))
    right = f"{mended:,} put right; the next worker sends {noun(mended, 'it', 'them')}"
    output.note(f"{_compared(recounting.compared)}, {right if mended else _differ(0)}")


def _note_change(contract: Contract, remembered: str | None) -> None:
    """See that totals can be compared at all, and say why many may differ."""
    from truthpoint.core import rollups  # noqa: PLC0415 - help does without
    from truthpoint.workers.recounting import see_kinds  # noqa: PLC0415 - help does without

    if remembered is None:
        return
    definition = rollups.definition(contract)
    see_kinds(remembered, definition)
    if rollups.declared(remembered) != definition:
        output.note("The contract's rollups are not those that the last worker had.")


@contextmanager
def _held(settings: Settings) -> Generator[Store]:
    try:
        store = runtime.open_store(settings)
    except StoreBusy as busy:
        raise StoreBusy(
            busy.message,
            hint="Stop it (`up` is one too), put right, and start it again; without --mend, "
            "totals are compared beside it.",
        ) from None
    try:
        yield store
    finally:
        store.close()


def _put(recounts: Iterable[Recount], contract: Contract, *, mended: bool, json: bool) -> None:
    for one in recounts:
        differences = one.differences(contract)
        if json:
            told = [{"total": name, "is": now, "ledger": then} for name, now, then in differences]
            output.put_json(
                {
                    "id": one.person.canonical_id,
                    "person": one.person.person,
                    "differences": told,
                    "mended": mended,
                }
            )
            continue
        who = _name(one.person)
        for name, now, then in differences:
            is_time = name in contract.rollups and contract.rollups[name].kind in _TIMES
            told = _value(now, is_time=is_time), _value(then, is_time=is_time)
            output.put(f"{who}: {name} is {told[0]}, and {told[1]} by the ledger")
        if not differences:
            output.put(f"{who}: what the totals are made of differs, though none shows it yet")


def _name(person: PersonRow) -> str:
    return person.canonical_id or f"(person key {person.person}, no id yet)"


def _value(value: object, *, is_time: bool) -> str:
    if value is None:
        return "absent"
    return to_iso(value * 1000) if is_time and isinstance(value, int) else str(value)


def _compared(count: int) -> str:
    return f"{counted(count, 'person', 'people')} compared"


def _differ(count: int) -> str:
    return counted(count, "differs", "differ")
