"""Adapters of the store's ports: memory and SQLite; all pass one conformance suite."""
