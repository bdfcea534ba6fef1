"""What an event lacks and others know: its start's line items, and the catalog's names."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

from truthpoint.contract.model import Kind

from .keying import tie_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from truthpoint.contract.model import Contract, Event, Property

Lack = tuple[str, str, str, str]
"""Property that lacks; and the event, tie and property of the start that it is taken from."""


def lacking(event: Event, body: Mapping[str, object]) -> tuple[Lack, ...]:
    """Return what an event lacks that its start may have said; empty: nothing.

    Args:
        event: What the contract says of it.
        body: Its properties, as given or normalised.
    """
    tie = body.get(event.correlation or "")
    if isinstance(tie, bool) or not isinstance(tie, str | int) or not str(tie).strip():
        return ()
    return tuple(
        (one.property, one.event, tie_text(event, event.correlation, body), one.taken)
        for one in event.complete
        if body.get(one.property) in (None, "", [])
    )


class Catalogue:
    """Fills in what a source leaves out of line items.

    Args:
        contract: Where the catalog is declared, with its rows.
    """

    def __init__(self, contract: Contract) -> None:
        self._rows = contract.catalog_rows
        self._by = "" if contract.catalog is None else contract.catalog.by

    def complete(self, event: Event, body: Mapping[str, object]) -> Mapping[str, object]:
        """Return an event's properties with what the catalog knows of its line items.

        What is given stays; only what is missing is filled in.
        """
        if not self._rows:
            return body
        completed = dict(body)
        for one in event.properties:
            items = body.get(one.name)
            if one.type.kind is Kind.LIST and one.type.item is not None and isinstance(items, list):
                fields = one.type.item.fields
                given = cast("list[object]", items)
                completed[one.name] = [self._item(item, fields) for item in given]
        return completed

    def _item(self, item: object, fields: tuple[Property, ...]) -> object:
        if not isinstance(item, dict):
            return item
        given = cast("dict[str, object]", item)
        row = self._rows.get(str(given.get(self._by, "")))
        if row is None:
            return given
        missing = {
            field.name: _typed(field.type.kind, row[field.name])
            for field in fields
            if row.get(field.name) and given.get(field.name) in (None, "")
        }
        return {**given, **missing}


def _typed(kind: Kind, text: str) -> object:
    """Return a cell of the catalog as JSON would hold it."""
    if kind in (Kind.INTEGER, Kind.NUMBER):
        try:
            number = Decimal(text)
        except ArithmeticError:
            return text
        return int(number) if kind is Kind.INTEGER and number == int(number) else number
    if kind is Kind.BOOLEAN:
        return {"true": True, "false": False}.get(text.lower(), text)
    return text
