"""How much a finding matters."""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """Refused or quarantined; the command line ends with 1."""
    WARNING = "warning"
    """Goes on, but is likely not what was meant."""
    INFO = "info"
    """Worth knowing."""
