"""Rollups as text: whether two contracts compute the same totals, and what a store remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from truthpoint.contract.model import Foreign

if TYPE_CHECKING:
    from truthpoint.contract.model import Contract, Rollup


def definition(contract: Contract) -> str:
    """Return the rollups as text: two contracts with the same text compute the same totals."""
    return _SEPARATOR.join(
        f"{one.name}={one.kind.value}:{one.event}.{one.property}-{one.minus_event}."
        f"{one.minus_property}@{contract.currency}{_more(one)}"
        for one in sorted(contract.rollups.values(), key=lambda one: one.name)
    )


def declared(remembered: str) -> str:
    """Return the definition at the last start, from what a store remembers."""
    return _SEPARATOR.join(one for one in remembered.split(_SEPARATOR) if ":" in one)


def to_remember(remembered: str | None, now: str) -> str:
    """Return what a store is to remember of a definition.

    That is the definition, and the names with their kinds of rollups that were declared
    once and are not now: their values are kept, and so is what these mean.

    Args:
        remembered: What the store remembers; None: nothing yet.
        now: The definition from now on.
    """
    kinds = _kinds(remembered or "")
    gone = sorted(kinds.keys() - _kinds(now).keys())
    return _SEPARATOR.join([*filter(None, [now]), *(f"{name}={kinds[name]}" for name in gone)])


def changed_kind(remembered: str, now: str) -> tuple[str, str, str] | None:
    """Return the first rollup whose values would be taken for those of another kind.

    Args:
        remembered: What the store remembers.
        now: The definition from now on.

    Returns:
        Its name, its kind in the store and its kind now; None when there is none.
    """
    before = _kinds(remembered)
    for name, kind in sorted(_kinds(now).items()):
        if before.get(name, kind) != kind:
            return name, before[name], kind
    return None


_SEPARATOR: Final = "; "
_encode: Final = msgspec.json.Encoder(decimal_format="string").encode


def _more(rollup: Rollup) -> str:
    """Return what a rollup says beyond what every rollup says; nothing for most."""
    parts: list[str] = []
    if rollup.where:
        parts.append(f" where {_plain(dict(rollup.where))}")
    if rollup.minus_of is not None:
        parts.append(f" of {rollup.minus_of} within {rollup.wait_ms}")
    if rollup.foreign is not Foreign.REFUSE:
        parts.append(f" {rollup.foreign.value}")
    if rollup.rates:
        parts.append(f" {_plain(dict(rollup.rates))}")
    return "".join(parts)


def _plain(said: object) -> str:
    """Return values as JSON that cannot be taken for a separator, whatever they hold."""
    return _encode(said).decode().replace(";", "\\u003b")


def _kinds(definition: str) -> dict[str, str]:
    """Return rollup names with their kinds."""
    parts = (one.partition("=") for one in definition.split(_SEPARATOR) if one)
    return {name: rest.partition(":")[0] for name, _, rest in parts}
