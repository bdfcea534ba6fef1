"""The finding: code, severity, where, evidence, consequence, fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from .render import as_text
from .rules import RULES, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable


class Where(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A place: in a file, or in a record; every part may be unknown.

    Attributes:
        file: Path of the file as the user gave it.
        line: Line from 1.
        column: Column from 1.
        path: Path inside the document: `events.order_paid.key[0]`, `properties.items[2].sku`.
    """

    file: str | None = None
    line: int | None = None
    column: int | None = None
    path: str | None = None


NOWHERE = Where()


class Finding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing found, by one rule.

    Attributes:
        code: The rule's stable name, as in `truthpoint contract explain CODE`.
        severity: How much it matters; an error means refused or quarantined.
        where: The place.
        evidence: What was seen, without any customer's value.
        consequence: What happens because of it.
        fix: What to do.
    """

    code: str
    severity: Severity
    where: Where
    evidence: str
    consequence: str
    fix: str

    def __str__(self) -> str:
        """Return it as the command line tells it."""
        return as_text(self)


def finding(code: str, evidence: str, *, where: Where = NOWHERE, fix: str | None = None) -> Finding:
    """Return a finding by a rule of the catalogue, with the rule's own words where none are given.

    Args:
        code: A code of `RULES`.
        evidence: What was seen; a full sentence.
        where: The place.
        fix: What to do, when this case allows a better advice than the rule's.

    Raises:
        KeyError: The code is in no rule.
    """
    rule = RULES[code]
    return Finding(
        code=code,
        severity=rule.severity,
        where=where,
        evidence=evidence,
        consequence=rule.consequence,
        fix=rule.fix if fix is None else fix,
    )


def has_errors(findings: Iterable[Finding]) -> bool:
    """Tell whether any finding is of severity error."""
    return any(one.severity is Severity.ERROR for one in findings)
