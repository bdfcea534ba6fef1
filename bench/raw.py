"""The same rows put into SQLite by hand: the bar that the worker is measured against.

For each event: its journal row; its ledger row and its outbox row, in one transaction
for 500 events; then the update that settles it, again 500 to a transaction. Tables,
indexes and pragmas are those of the store, and so are the two files.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from truthpoint.stores.sqlite.files import JOURNAL, SQL, STATE, open_file, transaction

BATCH = 500


def seconds(bodies: list[bytes]) -> float:
    """Return how long the rows of these events take, opening the files left out."""
    with tempfile.TemporaryDirectory() as folder:
        journal, state = open_file(Path(folder), JOURNAL), open_file(Path(folder), STATE)
        state.execute(SQL["add_event_name"], ("order_paid",))
        rows = [(number + 1, body, json.loads(body)) for number, body in enumerate(bodies)]
        batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
        started = time.perf_counter()
        for batch in batches:
            with transaction(journal):
                journal.executemany(
                    SQL["append"],
                    [("backend", f"r-{number}", number, "c", body) for number, body, _ in batch],
                )
        for batch in batches:
            with transaction(state):
                state.executemany(SQL["write_ledger"], [_ledger(*row) for row in batch])
                state.executemany(SQL["write_operation"], [_operation(*row) for row in batch])
            with transaction(state):
                settled = [(2, "", number, number, 0) for number, *_ in batch]
                state.executemany(SQL["end_operation"], settled)
        taken = time.perf_counter() - started
        journal.close()
        state.close()
        return taken


def _ledger(number: int, _: bytes, said: dict) -> tuple:
    key = json.dumps([said["properties"]["order_id"]])
    person = int(said["person"]["id"]) + 1
    return (1, key, person, number, number, number, b"12345678", None, "{}")


def _operation(number: int, body: bytes, said: dict) -> tuple:
    person = int(said["person"]["id"]) + 1
    ulid = f"{number:026d}"
    event = (number, person, number, 0, "event", 1, "order_paid", ulid, number, 0)
    return (*event, "", None, 0, 0, 1, body)
