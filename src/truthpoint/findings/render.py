"""Findings as text for people and as plain values for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .model import Finding, Where


def place(where: Where) -> str:
    """Return a place as `file:line:column path`, with what is known of it."""
    spot = ":".join(str(part) for part in (where.file, where.line, where.column) if part)
    return " ".join(part for part in (spot, where.path) if part)


def as_text(finding: Finding) -> str:
    """Return a finding as two lines: what and where, then consequence and fix."""
    spot = place(finding.where)
    head = f"{finding.severity.value} {finding.code}"
    first = f"{spot}: {head}: {finding.evidence}" if spot else f"{head}: {finding.evidence}"
    return f"{first}\n    {finding.consequence} {finding.fix}"


def as_json(finding: Finding) -> dict[str, object]:
    """Return a finding as plain values, in the shape of `--json`."""
    where = finding.where
    spot = {"file": where.file, "line": where.line, "column": where.column, "path": where.path}
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "where": {name: value for name, value in spot.items() if value is not None},
        "evidence": finding.evidence,
        "consequence": finding.consequence,
        "fix": finding.fix,
    }
