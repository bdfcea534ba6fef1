"""The store in plain dictionaries: for tests, and as the shortest reading of the ports.

A `MemoryShelf` is what files are elsewhere: it outlives the journal, the store and the
desk that are opened on it, so a restart is a new `MemoryStore` on the same shelf.
"""

from .desk import MemoryDesk
from .journal import MemoryJournal
from .shelf import MemoryShelf
from .store import MemoryStore

__all__ = ["MemoryDesk", "MemoryJournal", "MemoryShelf", "MemoryStore"]
