"""Reading derived attributes: the step that a rollup has reached."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from .model import Bucket, RollupKind
from .nodes import close_to
from .types import BUCKET_KEYS, check_name, is_bucket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .model import Rollup
    from .nodes import Node, Reader

_COUNTED: Final = (RollupKind.COUNT, RollupKind.SUM, RollupKind.COUNT_DISTINCT)
MAX_STEP_DIGITS: Final = 15
"""Most digits before the point of a step: no amount is larger."""


def bucket_places(attributes: Node | None) -> dict[str, tuple[Node, Node]]:
    """Return the derived ones of a person's attributes, as nodes by name."""
    if attributes is None:
        return {}
    return {name: pair for name, pair in attributes.entries.items() if is_bucket(pair[1])}


def read_buckets(
    reader: Reader, attributes: Node | None, rollups: Mapping[str, Rollup]
) -> tuple[Bucket, ...]:
    """Return the derived attributes.

    Args:
        reader: Reads nodes and collects findings.
        attributes: The mapping under `person.attributes`.
        rollups: The contract's rollups.
    """
    found = (
        _bucket(reader, name, place, spec, rollups)
        for name, (place, spec) in bucket_places(attributes).items()
    )
    return tuple(one for one in found if one is not None)


def _bucket(
    reader: Reader, name: str, place: Node, spec: Node, rollups: Mapping[str, Rollup]
) -> Bucket | None:
    check_name(reader, name, "an attribute", place)
    reader.keys(spec, BUCKET_KEYS)
    node = reader.needed(spec, "bucket")
    rollup = reader.text(node)
    steps = _steps(reader, reader.mapping(reader.needed(spec, "steps")))
    if rollup is None or node is None:
        return None
    if rollup not in rollups:
        fix = close_to(rollup, rollups)
        evidence = f"There is no rollup `{rollup}`."
        reader.findings.add("unknown_rollup", evidence, node, fix=fix)
        return None
    if rollups[rollup].kind not in _COUNTED:
        evidence = f"`{rollup}` is no number that rises; steps are of a count or a sum."
        reader.findings.add("bad_value", evidence, node, fix="Name a count or a sum.")
        return None
    description = reader.text(spec.get("description")) or ""
    return Bucket(name=name, rollup=rollup, steps=steps, description=description)


def _steps(reader: Reader, node: Node | None) -> tuple[tuple[str, Decimal], ...]:
    """Return the steps; they begin at 0 and rise, so that each total is in exactly one."""
    steps: list[tuple[str, Decimal]] = []
    if node is None:
        return ()
    if not node.entries:
        reader.findings.add("bad_value", "There are no steps.", node, fix=_FIRST)
    for word, (place, value) in node.entries.items():
        least = _least(reader, value)
        if least is None:
            return tuple(steps)
        if not word.strip() or not word.isprintable():
            reader.findings.add("bad_name", "A step's name is some text.", place, fix=_FIRST)
        elif not steps and least != 0:
            reader.findings.add("bad_value", "The first step is not 0.", value, fix=_FIRST)
        elif steps and least <= steps[-1][1]:
            evidence = f"`{word}` does not begin above `{steps[-1][0]}`."
            reader.findings.add("bad_value", evidence, value, fix="Let the steps rise.")
        steps.append((word, least))
    return tuple(steps)


_FIRST: Final = "Totals start at 0: begin with a step at 0, as in `{none: 0, gold: 1000}`."


def _least(reader: Reader, node: Node) -> Decimal | None:
    try:
        least = Decimal(node.text) if node.tag in ("int", "float") else None
    except InvalidOperation:
        least = None
    if least is None or not least.is_finite() or least.adjusted() >= MAX_STEP_DIGITS:
        reader.findings.add("wrong_type", f"`{node.path}` must be an amount or a number.", node)
        return None
    return least
