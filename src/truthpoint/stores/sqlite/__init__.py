"""The embedded store: a folder with `journal.db` and `state.db`, one writer for each.

Captures write the journal and nothing else, so they never wait for the worker; the
worker writes the state and reads the journal. No transaction spans the two files: the
position up to which the journal is decided lives with the state.
"""

from .books import SqliteBooks
from .desk import SqliteDesk
from .journal import SqliteJournal
from .state import SqliteStore

__all__ = ["SqliteBooks", "SqliteDesk", "SqliteJournal", "SqliteStore"]
