"""What the shells need from the world, as protocols; adapters provide it, `runtime` joins them.

Three durable moments, each one commit: *accepted* (`Journal.append`), *decided*
(`Store.commit`), *settled* (`Store.settle`). A crash between two of them repeats work
and loses none. `truthpoint.testing.conformance` is the suite that every store passes.
"""

from __future__ import annotations

from truthpoint.core.views import Backlog, Binding, PersonView, Step, Waiting

from .desk import Desk
from .forgetting import Forgetting
from .journal import Appended, Capture, Journal
from .knowledge import Books, Knowledge
from .store import Fate, Result, Settlement, Store
from .world import (
    AlertMemory,
    Clock,
    Entropy,
    Hook,
    HookFailed,
    Reader,
    Transport,
    TransportFailed,
)

__all__ = [
    "AlertMemory",
    "Appended",
    "Backlog",
    "Binding",
    "Books",
    "Capture",
    "Clock",
    "Desk",
    "Entropy",
    "Fate",
    "Forgetting",
    "Hook",
    "HookFailed",
    "Journal",
    "Knowledge",
    "PersonView",
    "Reader",
    "Result",
    "Settlement",
    "Step",
    "Store",
    "Transport",
    "TransportFailed",
    "Waiting",
]
