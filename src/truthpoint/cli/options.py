"""Options that several commands share, each said once, and the form of every help."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

Contract = Annotated[
    str | None,
    typer.Option(
        "--contract",
        metavar="PATH",
        help="The contract. Default: $TRUTHPOINT_CONTRACT, else tracking.yaml.",
        show_default=False,
    ),
]

Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="The store. Default: $TRUTHPOINT_STORE, else sqlite:.truthpoint.",
        show_default=False,
    ),
]

Workspace = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        metavar="NAME",
        help="Where to deliver to. Default: $TRUTHPOINT_WORKSPACE, else local.",
        show_default=False,
    ),
]

Json = Annotated[bool, typer.Option("--json", help="One JSON object, or one a line; errors too.")]

Limit = Annotated[int, typer.Option("--limit", min=1, help="Show at most so many.")]

WorkspacePort = Annotated[
    int, typer.Option("--workspace-port", min=0, max=65535, help="Port of the local workspace.")
]

Rate = Annotated[
    float,
    typer.Option("--rate", min=0.1, max=1000, help="Requests a second to Customer.io."),
]


def help_of(command: Callable[..., None]) -> str:
    """Return a command's docstring as its help, each example on a line of its own."""
    return unfolded(inspect.getdoc(command) or "")


def unfolded(text: str) -> str:
    """Return a help text whose examples keep their lines; Typer folds all others."""
    return text.replace("\nExamples:\n", "\n\b\nExamples:\n")
