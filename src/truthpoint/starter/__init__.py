"""The starter: a contract for a shop that sells to people, with samples; `truthpoint init`.

Data only. The files are kept as they are written, but for the name of `.env.example`.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_NAMES: Final = {"env.example": ".env.example"}


def starter_files() -> dict[str, bytes]:
    """Return the content of every file by its path in the shop's folder, the contract first."""
    found = dict(_below(files("truthpoint.starter") / "files", ""))
    first = "tracking.yaml"
    return {first: found.pop(first), **{name: found[name] for name in sorted(found)}}


def _below(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for one in folder.iterdir():
        name = path + _NAMES.get(one.name, one.name)
        found += _below(one, f"{name}/") if one.is_dir() else [(name, one.read_bytes())]
    return found
