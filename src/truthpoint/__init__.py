"""Truthpoint."""
