"""Findings: what lint, validation, delivery and verification have to say, in one type.

A finding never holds a customer's value: evidence names paths, types and counts.
"""

from .model import Finding, Severity, Where, finding, has_errors
from .render import as_json, as_text
from .rules import RULES, Rule, Topic

__all__ = [
    "RULES",
    "Finding",
    "Rule",
    "Severity",
    "Topic",
    "Where",
    "as_json",
    "as_text",
    "finding",
    "has_errors",
]
