"""What stands around a store and its worker: intake and keys, the local workspace, and alerts.

Composed here from `runtime` and the adapters that only these need.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from . import runtime
from .errors import UsageError
from .machine import SystemClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .capture import Intake
    from .contract.model import Contract, Workspace
    from .core.keys import Key
    from .core.watch import Bounds
    from .findings import Finding
    from .ports import Journal
    from .runtime import Settings
    from .stores.keyring import FileKeyring
    from .workers import Worker
    from .workers.alerts import Alerts


def open_intake(contract: Contract, settings: Settings) -> tuple[Intake, Journal]:
    """Return what makes a gateway's requests durable to a loss of power, and the journal to close.

    Requests that wait at the same time share one sync.

    Raises:
        StoreUnusable: The store's files cannot be used.
    """
    from .capture import Intake, SharedJournal  # noqa: PLC0415 - `keys` does without
    from .core.examine import Examiner  # noqa: PLC0415 - `keys` does without

    journal = SharedJournal(
        lambda: runtime.open_journal(settings, power=True), owner="gateway", opener="serve"
    )
    journal.see()
    return Intake(journal, Examiner(contract), SystemClock()), journal


def local_workspace(
    contract: Contract, url: str, *, report: Callable[[Finding], None]
) -> Workspace:
    """Return the contract's `local` workspace at the address of the one that was started.

    Args:
        contract: The contract.
        url: Where the started workspace listens.
        report: Told when the contract names another address.
    """
    from msgspec.structs import replace  # noqa: PLC0415 - `keys` does without

    from .findings import finding  # noqa: PLC0415 - `keys` does without

    declared = contract.workspaces[runtime.DEFAULT_WORKSPACE]
    if declared.url not in (None, runtime.DEFAULT_LOCAL_URL, url):
        report(finding("url_ignored", f"The contract's `local` has another url than {url}."))
    return replace(declared, url=url)


def open_keyring(settings: Settings) -> FileKeyring:
    """Return the gateway's keys."""
    from .stores.keyring import FileKeyring  # noqa: PLC0415 - help does without

    return FileKeyring(runtime.store_folder(settings.store))


def new_key(settings: Settings, *, name: str, source: str) -> tuple[str, Key]:
    """Make a key and put it in force; return its token, to be shown once, and the key.

    Args:
        settings: Where things are.
        name: What to call it; empty: its id.
        source: The source of its records; one of the contract's.

    Raises:
        UsageError: The name is taken, or the contract does not declare the source.
        StoreUnusable: The file of the keys cannot be written.
    """
    from .core.keys import CHANCE_BYTES, mint  # noqa: PLC0415 - help does without

    runtime.see_source(runtime.load_contract(settings.contract), settings, source)
    now_ms = SystemClock().now_ms()
    token, key = mint(secrets.token_bytes(CHANCE_BYTES), name=name, source=source, now_ms=now_ms)
    if not open_keyring(settings).add(key):
        raise UsageError(
            f"There is a key `{key.name}` already.",
            hint="Give another --name, or revoke that one first.",
        )
    return token, key


def open_alerts(
    settings: Settings,
    worker: Worker,
    bounds: Bounds,
    *,
    command: str | None,
    url: str | None,
    report: Callable[[str], None],
) -> tuple[Alerts, Callable[[], Awaitable[None]]]:
    """Return what tells an operator of trouble, and how to let go of it.

    Args:
        settings: Where things are.
        worker: The worker that is watched.
        bounds: When something is trouble.
        command: A command line to run for each alert; None: none.
        url: An address that takes each alert as JSON; None: none.
        report: Told in words when a hook fails.
    """
    # They bring asyncio and the client; most commands do without.
    from .hooks import CommandHook, FileMemory, UrlHook  # noqa: PLC0415 - see above
    from .workers.alerts import Alerts  # noqa: PLC0415 - see above

    desk = runtime.open_desk(settings)
    hooks = [*([CommandHook(command)] if command else []), *([UrlHook(url)] if url else [])]
    memory = FileMemory(runtime.store_folder(settings.store))
    clock = SystemClock()
    alerts = Alerts(desk, worker, clock, bounds=bounds, hooks=hooks, memory=memory, report=report)

    async def close() -> None:
        for hook in hooks:
            await hook.close()
        desk.close()

    return alerts, close
