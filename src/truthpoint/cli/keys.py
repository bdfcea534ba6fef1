"""`keys`: who may speak to the gateway, and as which source."""

from __future__ import annotations

import re
from typing import Annotated, Final

import typer

from truthpoint import around, runtime
from truthpoint.errors import UsageError
from truthpoint.values.instants import to_iso

from . import failing, options, output

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def add_to(app: typer.Typer) -> None:
    """Add the group of commands."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    for name, command in (("new", new), ("list", list_keys), ("revoke", revoke)):
        group.command(name, help=options.help_of(command))(command)
    app.add_typer(group, name="keys", help="Keys of the gateway: new, list, revoke.")


def new(
    *,
    source: Annotated[
        str, typer.Option("--source", help="The source of every record that comes with it.")
    ],
    name: Annotated[str, typer.Option("--name", help="What to call it. Default: its id.")] = "",
    contract: options.Contract = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Make a key and show it, this once.

    Only a digest of it is kept. A gateway that runs takes it at once. Standard output holds the
    key alone, for KEY=$(truthpoint keys new ...).

    Examples:
      truthpoint keys new --source backend --name shop-web
      truthpoint keys new --source backend --json
    """
    with failing.failing_clearly(json=json):
        if name and not _NAME.fullmatch(name):
            raise UsageError(
                "A key's name is made of letters, digits, dots, dashes and underscores.",
                hint="At most 64 of them, such as --name shop-web.",
            )
        settings = runtime.Settings.gathered(contract=contract, store=store)
        token, key = around.new_key(settings, name=name, source=source)
        if json:
            output.put_json({"id": key.id, "name": key.name, "source": key.source, "key": token})
            return
        output.put(token)
        output.note(
            f"Key `{key.name}` for the source `{key.source}`. It is shown this once: keep it "
            "where secrets are kept,\nand send it as `Authorization: Bearer KEY`."
        )


def list_keys(*, store: options.Store = None, json: options.Json = False) -> None:
    """List the keys in force; what opens a door is not among it.

    Examples:
      truthpoint keys list
      truthpoint keys list --json
    """
    with failing.failing_clearly(json=json):
        keys = around.open_keyring(runtime.Settings.gathered(store=store)).keys()
        if json:
            for one in keys:
                made_at = to_iso(one.made_at_ms)
                output.put_json(
                    {"id": one.id, "name": one.name, "source": one.source, "made_at": made_at}
                )
        elif keys:
            rows = [(one.id, one.name, one.source, to_iso(one.made_at_ms)) for one in keys]
            output.put_table(("id", "name", "source", "made at"), rows)
        else:
            output.put("There is none: `truthpoint keys new --source NAME` makes one.")


def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name or its id.")],
    *,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Take a key out of force, at once.

    Examples:
      truthpoint keys revoke shop-web
    """
    with failing.failing_clearly(json=json):
        keyring = around.open_keyring(runtime.Settings.gathered(store=store))
        key = keyring.revoke(name)
        if key is None:
            failing.absent("No key goes by this name or id.", json=json)
        elif json:
            output.put_json({"id": key.id, "name": key.name, "revoked": True})
        else:
            output.put(f"Key `{key.name}` is revoked; requests with it are refused from now on.")
