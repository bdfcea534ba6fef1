"""What a contract has to say that keeps nothing from going on: the keys that wait."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from truthpoint.contract import Contract


def waiting_lines(contract: Contract) -> Iterator[str]:
    """Yield a contract's notes: one line for what is said of several places."""
    places: defaultdict[str, list[int | None]] = defaultdict(list)
    for one in contract.notes:
        places[one.evidence].append(one.where.line)
    if places:
        yield f"In order, and waiting for a later version ({len(places)}):"
    for evidence, lines in places.items():
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        yield f"  {evidence.removesuffix('.')} (line {lines[0]}{more})"


def waiting_keys(contract: Contract) -> str:
    """Return a contract's notes as one line that names the keys; empty without any."""
    keys = dict.fromkeys(str(one.where.path).rpartition(".")[2] for one in contract.notes)
    return f"The contract's rules for {', '.join(keys)} wait for a later version." if keys else ""
