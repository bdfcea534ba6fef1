"""The gateway: records over HTTP, whether the process is well, and what a monitor reads."""

from .app import Gateway
from .keys import Gatekeeper
from .records import Records

__all__ = ["Gatekeeper", "Gateway", "Records"]
