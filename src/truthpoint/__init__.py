"""Truthpoint: a shop's moments reach Customer.io once, in order, and provably.

`open_recorder()` captures records durably; the command line does the rest.
"""

from .capture import Receipt, Recorder
from .errors import TruthpointError
from .findings import Finding
from .runtime import open_recorder

__all__ = ["Finding", "Receipt", "Recorder", "TruthpointError", "open_recorder"]
