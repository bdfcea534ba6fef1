"""Which events close which (law 9), read off a contract; an event alone knows one side only."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Close, Contract, Event


def starts(contract: Contract) -> frozenset[str]:
    """Return the names of the events that some event closes."""
    return frozenset(close.event for event in contract.events.values() for close in event.closes)


def ties_of(contract: Contract) -> Mapping[str, str]:
    """Return the property of each start that ties it to what closes it, by the start's name."""
    return {close.event: close.by for event in contract.events.values() for close in event.closes}


def closers(contract: Contract) -> Mapping[str, tuple[tuple[Event, Close], ...]]:
    """Return, by the name of each start, the events that close it and how."""
    found: defaultdict[str, list[tuple[Event, Close]]] = defaultdict(list)
    for event in contract.events.values():
        for close in event.closes:
            found[close.event].append((event, close))
    return {start: tuple(ends) for start, ends in found.items()}


def business_links(events: Mapping[str, Event]) -> frozenset[str]:
    """Return the link kinds that an event ties to its person for good, such as an order."""
    return frozenset(kind for event in events.values() for kind, _ in event.links)
