"""Names that are likely misspelled: "did you mean ...?"."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from truthpoint.contract.model import Extra
from truthpoint.findings import Where, finding

from .encode import SHOWN_KEY

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from truthpoint.contract.model import Contract
    from truthpoint.findings import Finding

LIKENESS: Final = 0.75
"""How alike two names are, of 1, before one is taken for the other: `emial` is 0.8 `email`."""

_SHORTEST_CHARS: Final = 3
"""A name of two letters is like too many others."""


class Meant:
    """Knows which names a contract declares, and finds what is close to one of them.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._attributes = frozenset(one.name for one in contract.person.attributes)
        self._links = frozenset(contract.person.links)
        self._consents = frozenset(
            one.name for one in contract.person.attributes if one.consent is not None
        )
        # Where undeclared properties are allowed, another name is no sign of a mistake.
        self._properties = {
            name: frozenset(one.name for one in event.properties)
            for name, event in contract.events.items()
            if event.extra is not Extra.ALLOW
        }

    def attributes(
        self, given: Mapping[str, object], reserved: Collection[str]
    ) -> tuple[Finding, ...]:
        """Return a finding for each attribute that is likely another one misspelled.

        Args:
            given: The attributes.
            reserved: Names of arguments that may have been meant too.
        """
        return _alike("attributes", given, self._attributes, reserved)

    def links(self, given: Mapping[str, object], reserved: Collection[str]) -> tuple[Finding, ...]:
        """Return a finding for each kind of link that is likely another one misspelled."""
        return _alike("links", given, self._links, reserved)

    def consents(
        self, given: Mapping[str, object], reserved: Collection[str]
    ) -> tuple[Finding, ...]:
        """Return a finding for each consent that is likely another one misspelled."""
        return _alike("consents", given, self._consents, reserved)

    def properties(
        self, event: str, given: Mapping[str, object], reserved: Collection[str]
    ) -> tuple[Finding, ...]:
        """Return a finding for each property that is likely another one misspelled."""
        declared = self._properties.get(event)
        return () if declared is None else _alike("properties", given, declared, reserved)


def _alike(
    root: str,
    given: Mapping[str, object],
    declared: frozenset[str],
    reserved: Collection[str],
) -> tuple[Finding, ...]:
    if given.keys() <= declared:
        return ()
    # What is given under its own name is not what another name was meant for.
    known = (declared - given.keys()).union(reserved)
    meant = sorted(name for name in known if len(name) >= _SHORTEST_CHARS)
    found: list[Finding] = []
    for name in given:
        if name in declared or not SHOWN_KEY.fullmatch(name):
            continue
        for other in get_close_matches(name, meant, n=1, cutoff=LIKENESS):
            evidence = f"`{name}` is not declared; did you mean `{other}`?"
            found.append(finding("name_alike", evidence, where=Where(path=f"{root}.{name}")))
    return tuple(found)
