"""The suite that every store passes, ours and yours.

A store is tested by a subclass that opens it; a test runner that knows `setup_method`
and `teardown_method` (pytest does) finds the behaviours as methods `test_…`:

    class TestMyStore(StoreConformance):
        def open(self) -> StoreUnderTest:
            return MyStoreUnderTest()

Every method is one behaviour, its docstring the law that it proves.
"""

from __future__ import annotations

from .behaviours.critical import CriticalBehaviour
from .behaviours.decided import DecidedBehaviour
from .behaviours.desk import DeskBehaviour
from .behaviours.erased import ErasedBehaviour
from .behaviours.forgotten import ForgottenBehaviour
from .behaviours.held import HeldBehaviour
from .behaviours.identified import IdentifiedBehaviour
from .behaviours.journal import JournalBehaviour
from .behaviours.leased import LeasedBehaviour
from .behaviours.paused import PausedBehaviour
from .behaviours.recounted import RecountedBehaviour
from .behaviours.replayed import ReplayedBehaviour
from .behaviours.settled import SettledBehaviour
from .behaviours.told import ToldBehaviour
from .behaviours.totals import TotalsBehaviour
from .behaviours.worker import WorkerBehaviour


class StoreConformance(
    JournalBehaviour,
    DecidedBehaviour,
    WorkerBehaviour,
    LeasedBehaviour,
    SettledBehaviour,
    IdentifiedBehaviour,
    TotalsBehaviour,
    CriticalBehaviour,
    DeskBehaviour,
    HeldBehaviour,
    ToldBehaviour,
    ReplayedBehaviour,
    RecountedBehaviour,
    PausedBehaviour,
    ErasedBehaviour,
    ForgottenBehaviour,
):
    """Everything that a store must do; override `open`."""
