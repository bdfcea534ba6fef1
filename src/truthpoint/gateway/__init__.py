"""The gateway's port: in this version, whether the process is alive and ready."""

from .app import gateway

__all__ = ["gateway"]
