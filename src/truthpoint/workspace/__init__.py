"""The local workspace: a Customer.io on the developer's own machine.

It imports nothing else of this package. A double that borrows the client's encoder agrees
with the client's mistakes, so every rule and limit here is written down a second time, from
Customer.io's documentation.

Sections cited in this folder ("2.3", "17.2") are those of the engineering reference that
restates that documentation; `docs/reference/local-workspace.md` repeats what a user needs, and
`docs/explanation/undocumented-choices.md` lists every choice the documentation leaves open.
"""

from .certificates import Certificates, certificates_beside
from .errors import WorkspaceError
from .messages import Reply, Request
from .server import RunningServer, start
from .switches import Switches
from .workspace import Workspace

__all__ = [
    "Certificates",
    "Reply",
    "Request",
    "RunningServer",
    "Switches",
    "Workspace",
    "WorkspaceError",
    "certificates_beside",
    "start",
]
