"""Capture: takes what was said and makes it durable. It validates, appends, and decides nothing."""

from .face import OnFailure, OnInvalid
from .file import LineReport, capture_lines
from .intake import Intake
from .recorder import Receipt, Recorder, ResultKind
from .shared import SharedJournal
from .tracker import Tracker

__all__ = [
    "Intake",
    "LineReport",
    "OnFailure",
    "OnInvalid",
    "Receipt",
    "Recorder",
    "ResultKind",
    "SharedJournal",
    "Tracker",
    "capture_lines",
]
