"""For tests of yours: a suite that every store must pass, a shop's contract and records.

Nothing here needs a test runner to be imported; `truthpoint.testing.fixtures` and
`truthpoint.testing.workspace` need pytest. A workspace without pytest is in
`truthpoint.testing.running`, which is slow to import and so not imported here.
"""

from .builders import a_capture, a_contract, an_identify, an_order, line
from .capturing import Captured, Capturing, capturing
from .conformance import StoreConformance
from .scene import Scene, StoreUnderTest

__all__ = [
    "Captured",
    "Capturing",
    "Scene",
    "StoreConformance",
    "StoreUnderTest",
    "a_capture",
    "a_contract",
    "an_identify",
    "an_order",
    "capturing",
    "line",
]
