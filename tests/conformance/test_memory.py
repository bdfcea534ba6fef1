"""The store in memory passes the suite that every store passes."""

from truthpoint.testing import StoreConformance, StoreUnderTest
from truthpoint.testing.stores import MemoryUnderTest


class TestMemory(StoreConformance):
    """`truthpoint.stores.memory` does everything that a store must do."""

    def open(self) -> StoreUnderTest:
        return MemoryUnderTest()
