"""The contract: `tracking.yaml` as values, its schemas, and the checks made with them. Pure."""

from .model import Contract
from .read import read

__all__ = ["Contract", "read"]
