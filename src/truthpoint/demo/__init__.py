"""A small shop that behaves as shops do, delivered to a local Customer.io, and a report."""

from .run import run_demo

__all__ = ["run_demo"]
