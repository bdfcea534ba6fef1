"""What a contract has to say that keeps it from nothing: keys that wait, and what is not meant."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from truthpoint.contract import Contract
    from truthpoint.findings import Finding

_WAITING: Final = "waiting"


def not_meant(contract: Contract) -> tuple[Finding, ...]:
    """Return a contract's errors: it loads, and is likely not what was meant."""
    return tuple(one for one in contract.notes if one.severity == "error")


def waiting_lines(contract: Contract) -> Iterator[str]:
    """Yield the keys of a contract that wait: one line for what is said of several places."""
    places: defaultdict[str, list[int | None]] = defaultdict(list)
    for one in _waiting(contract):
        places[one.evidence].append(one.where.line)
    if places:
        yield f"In order, and waiting for a later version ({len(places)}):"
    for evidence, lines in places.items():
        more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
        yield f"  {evidence.removesuffix('.')} (line {lines[0]}{more})"


def waiting_keys(contract: Contract) -> str:
    """Return the keys of a contract that wait as one line; empty without any."""
    keys = dict.fromkeys(str(one.where.path).rpartition(".")[2] for one in _waiting(contract))
    return f"The contract's rules for {', '.join(keys)} wait for a later version." if keys else ""


def _waiting(contract: Contract) -> Iterator[Finding]:
    return (one for one in contract.notes if one.code == _WAITING)
