"""The store on SQLite passes the suite that every store passes."""

from truthpoint.testing import StoreConformance, StoreUnderTest
from truthpoint.testing.stores import SqliteUnderTest


class TestSqlite(StoreConformance):
    """`truthpoint.stores.sqlite` does everything that a store must do."""

    def open(self) -> StoreUnderTest:
        return SqliteUnderTest()
