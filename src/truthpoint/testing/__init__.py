"""For tests of yours: a suite that every store must pass, a shop's contract and records.

Nothing here needs a test runner to be imported; `truthpoint.testing.strategies` needs
Hypothesis.
"""

from .builders import a_capture, a_contract, an_identify, an_order, line
from .conformance import StoreConformance
from .scene import Scene, StoreUnderTest

__all__ = [
    "Scene",
    "StoreConformance",
    "StoreUnderTest",
    "a_capture",
    "a_contract",
    "an_identify",
    "an_order",
    "line",
]
