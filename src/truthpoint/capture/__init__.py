"""Capture: takes what was said and makes it durable. It validates, appends, and decides nothing."""

from .file import LineReport, capture_lines
from .intake import Intake
from .recorder import Receipt, Recorder, ResultKind

__all__ = ["Intake", "LineReport", "Receipt", "Recorder", "ResultKind", "capture_lines"]
