"""The one place that composes: settings become concrete stores, transports and workers.

Nothing else names an adapter. What is read from the environment is read here:
`TRUTHPOINT_CONTRACT`, `TRUTHPOINT_STORE`, `TRUTHPOINT_WORKSPACE`, and the variables
that the contract's secrets name.

What it composes is imported where it is composed: contract, capture and store take a fifth of
a second, and the command line's help does without all of them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .errors import SecretMissing, StoreUnusable, UsageError
from .machine import SystemClock, SystemEntropy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .capture import Recorder
    from .contract.model import Contract, Secret, Workspace
    from .findings import Finding
    from .ports import Desk, Journal, Reader, Transport
    from .stores.sqlite import SqliteBooks, SqliteStore
    from .workers import DeliverySettings, Worker

DEFAULT_CONTRACT: Final = "tracking.yaml"
DEFAULT_STORE: Final = "sqlite:.truthpoint"
DEFAULT_WORKSPACE: Final = "local"
DEFAULT_SOURCE: Final = "backend"
DEFAULT_LOCAL_URL: Final = "http://127.0.0.1:8710"

STORE_FILES: Final = ("journal.db", "state.db")

_LARGEST_BYTES: Final = {"contract": 10 << 20, "catalog": 100 << 20}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where things are.

    Attributes:
        contract: Path of the contract. Defaults to `tracking.yaml`.
        store: URL of the store. Defaults to `sqlite:.truthpoint`, a folder here.
        workspace: Name of the workspace to deliver to. Defaults to `local`.
    """

    contract: str = DEFAULT_CONTRACT
    store: str = DEFAULT_STORE
    workspace: str = DEFAULT_WORKSPACE

    @classmethod
    def gathered(
        cls,
        *,
        contract: str | None = None,
        store: str | None = None,
        workspace: str | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> Settings:
        """Return settings from what was given, else from the environment, else the defaults."""
        return cls(
            contract=contract or environment.get("TRUTHPOINT_CONTRACT") or DEFAULT_CONTRACT,
            store=store or environment.get("TRUTHPOINT_STORE") or DEFAULT_STORE,
            workspace=workspace or environment.get("TRUTHPOINT_WORKSPACE") or DEFAULT_WORKSPACE,
        )


def load_contract(path: str) -> Contract:
    """Read the contract from a file, and the catalog that it names from beside it.

    Raises:
        ContractInvalid: One of them does not load; the error carries everything that is wrong.
        UsageError: A file cannot be read.
    """
    data = _whole_file(
        path,
        "contract",
        "Go to its folder, name its path (--contract, contract=, TRUTHPOINT_CONTRACT), "
        "or write one to start from with `truthpoint init`.",
    )
    from .contract import read  # noqa: PLC0415 - see above
    from .contract.catalog import with_catalog  # noqa: PLC0415 - see above

    contract = read(data, file=path)
    if contract.catalog is None:
        return contract
    beside = str(Path(path).parent / contract.catalog.file)
    hint = f"Put the file there, or correct or remove `catalog` in {path}."
    return with_catalog(contract, _whole_file(beside, "catalog", hint), file=beside)


def _whole_file(path: str, what: str, hint: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            data = file.read(_LARGEST_BYTES[what] + 1)
    except OSError as error:
        raise UsageError(
            f"The {what} {path} cannot be read: {error.strerror}.", hint=hint
        ) from None
    if len(data) > _LARGEST_BYTES[what]:
        largest = f"{_LARGEST_BYTES[what] >> 20} MiB"
        raise UsageError(f"The {what} {path} is larger than {largest}.", hint="Check the path.")
    return data


def store_folder(url: str) -> Path:
    """Return the folder of an embedded store.

    Raises:
        UsageError: The URL is of another kind.
    """
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite" and rest:
        return Path(rest.removeprefix("//"))
    if scheme in ("postgres", "postgresql"):
        raise UsageError(
            "PostgreSQL stores are known, not supported by this version.",
            hint="Use sqlite:FOLDER.",
        )
    raise UsageError(
        "The store's URL is of no known kind.",
        hint="Write sqlite:FOLDER, as in sqlite:.truthpoint.",
    )


def open_journal(settings: Settings, *, power: bool = False) -> Journal:
    """Open the journal to capture into it.

    Args:
        settings: Where things are.
        power: Whether what is accepted survives a loss of power.
    """
    from .stores.sqlite import SqliteJournal  # noqa: PLC0415 - see above

    return SqliteJournal(store_folder(settings.store), power=power)


def open_desk(settings: Settings, *, acts: bool = False) -> Desk:
    """Open the store to look into it.

    Args:
        settings: Where things are.
        acts: Whether it is also acted on; without it nothing is made or written.

    Raises:
        StoreUnusable: It holds nothing, or its files cannot be used.
    """
    from .stores.sqlite import SqliteDesk  # noqa: PLC0415 - see above

    return SqliteDesk(store_folder(settings.store), acts=acts)


def open_books(settings: Settings) -> SqliteBooks:
    """Open people, ledger and totals of a store to look at; a worker may run beside."""
    from .stores.sqlite import SqliteBooks  # noqa: PLC0415 - see above

    return SqliteBooks(store_folder(settings.store))


def open_store(settings: Settings) -> SqliteStore:
    """Hold a store that is there, as its worker does; StoreBusy where it has one."""
    from .stores.sqlite import SqliteStore  # noqa: PLC0415 - see above

    open_desk(settings).close()
    store = SqliteStore(store_folder(settings.store))
    try:
        store.acquire()
    except BaseException:
        store.close()
        raise
    return store


def recorder(
    contract: Contract, settings: Settings, *, source: str, journal: Journal | None = None
) -> Recorder:
    """Return a recorder under a loaded contract.

    Args:
        contract: The contract.
        settings: Where things are.
        source: The source of records that name none.
        journal: Where records go; None: into the store's journal.

    Raises:
        UsageError: The contract does not declare the source.
    """
    from .capture import Recorder  # noqa: PLC0415 - see above
    from .core.examine import Examiner  # noqa: PLC0415 - see above

    see_source(contract, settings, source)
    examiner = Examiner(contract)
    opened = open_journal(settings) if journal is None else journal
    return Recorder(opened, examiner, SystemClock(), source=source)


def usual_source(contract: Contract) -> str:
    """Return the source of app code: `backend` where the contract declares it, else its first."""
    if DEFAULT_SOURCE in contract.sources:
        return DEFAULT_SOURCE
    own = (name for name, one in contract.sources.items() if one.kind == "app")
    return next(own, next(iter(contract.sources)))


def see_source(contract: Contract, settings: Settings, source: str) -> None:
    """See that a contract declares a source.

    Raises:
        UsageError: It does not.
    """
    if source not in contract.sources:
        known = ", ".join(contract.sources)
        raise UsageError(
            f"The contract {settings.contract} declares no source `{source}`.",
            hint=f"Name one of these, with --source or as source=: {known}.",
        )


def chosen_workspace(contract: Contract, name: str) -> Workspace:
    """Return a workspace of the contract.

    Raises:
        UsageError: The contract has none of this name.
    """
    workspace = contract.workspaces.get(name)
    if workspace is None:
        raise UsageError(
            f"The contract declares no workspace `{name}`.",
            hint=f"Name one of these with --workspace: {', '.join(contract.workspaces)}.",
        )
    return workspace


def open_transport(
    workspace: Workspace, *, environment: Mapping[str, str] = os.environ
) -> Transport:
    """Return the way to a workspace.

    Raises:
        SecretMissing: A credential's environment variable is not set.
    """
    # aiohttp takes a third of a second to import, and most commands do without it.
    from .transport import TRACK_URLS, HttpTransport  # noqa: PLC0415 - see above

    if workspace.name == DEFAULT_WORKSPACE:
        return HttpTransport(str(workspace.url), site_id="local", api_key="local")
    where = f"the workspace `{workspace.name}`"
    secrets = [one for one in (workspace.site_id, workspace.api_key) if one is not None]
    missing = [one.variable for one in secrets if not environment.get(one.variable)]
    if missing:
        raise SecretMissing(variable=" and ".join(missing), where=where)
    return HttpTransport(
        TRACK_URLS[str(workspace.region)],
        site_id=_secret(workspace.site_id, where, environment),
        api_key=_secret(workspace.api_key, where, environment),
    )


def open_reader(
    workspace: Workspace, *, environment: Mapping[str, str] = os.environ
) -> Reader | None:
    """Return the way to ask a workspace what it has; None: it has no app key, or not here."""
    from .reading import APP_URLS, HttpReader  # noqa: PLC0415 - see above

    if workspace.name == DEFAULT_WORKSPACE:
        return HttpReader(str(workspace.url), app_key="local")
    if workspace.app_key is None or not environment.get(workspace.app_key.variable):
        return None
    app_key = _secret(workspace.app_key, f"the workspace `{workspace.name}`", environment)
    return HttpReader(APP_URLS[str(workspace.region)], app_key=app_key)


def _secret(secret: Secret | None, where: str, environment: Mapping[str, str]) -> str:
    if secret is None:
        raise UsageError(
            f"{where.capitalize()} names no credentials.",
            hint="Add `site_id` and `api_key` in the contract.",
        )
    value = environment.get(secret.variable, "")
    if not value.isascii() or not value.isprintable() or set(value) & {" ", ":"}:
        raise UsageError(
            f"The environment variable {secret.variable} holds a line end, a space or another "
            "character that no key has.",
            hint="Set it to the key alone; its value is never printed.",
        )
    return value


def open_worker(
    contract: Contract,
    settings: Settings,
    workspace: Workspace,
    *,
    delivery: DeliverySettings | None = None,
    report: Callable[[Finding], None] | None = None,
    shadow: bool = False,
) -> tuple[Worker, SqliteStore, Transport]:
    """Return a worker that holds its store, with the store and transport to close after it.

    Args:
        contract: The contract.
        settings: Where things are.
        workspace: Where it delivers to.
        delivery: How it goes about it.
        report: Told of findings.
        shadow: It is to decide and not to send: no way out is opened, no secret is needed.

    Raises:
        StoreBusy: Another worker holds the store.
        StoreUnusable: The store's files cannot be used.
        SecretMissing: A credential's environment variable is not set.
    """
    # They bring asyncio and what belongs to it; most commands do without.
    from .core.examine import Examiner  # noqa: PLC0415 - see above
    from .stores.sqlite import SqliteStore  # noqa: PLC0415 - see above
    from .transport import NoTransport  # noqa: PLC0415 - see above
    from .workers import Worker  # noqa: PLC0415 - see above
    from .workers.work import Surroundings  # noqa: PLC0415 - see above

    transport = NoTransport() if shadow else open_transport(workspace)
    store = SqliteStore(store_folder(settings.store))
    surroundings = Surroundings(
        store=store,
        transport=transport,
        clock=SystemClock(),
        entropy=SystemEntropy(),
        reader=None if shadow else open_reader(workspace),
    )
    worker = Worker(surroundings, Examiner(contract), workspace, settings=delivery, report=report)
    try:
        worker.acquire()
    except BaseException:
        store.close()
        raise
    return worker, store, transport


def see_free(folder: Path) -> None:
    """See that a store can be used and has no worker, before others are started for it.

    Raises:
        StoreBusy: A worker holds it.
        StoreUnusable: Its files cannot be used.
    """
    from .stores.sqlite import SqliteStore  # noqa: PLC0415 - see above

    store = SqliteStore(folder)
    try:
        store.acquire()
    finally:
        store.close()


def forget(folder: Path, *, beside: tuple[str, ...] = ()) -> None:
    """Empty a store that serves the local workspace, or none yet.

    Its files stay: whoever captures meanwhile goes on in them.

    Args:
        folder: The store's folder; it may be missing.
        beside: Databases of others in it, which nobody has open; they are deleted.

    Raises:
        StoreBusy: A worker holds it.
        UsageError: It serves another workspace; its history is not ours to delete.
        StoreUnusable: Its files cannot be used, or not be deleted.
    """
    if not any((folder / name).exists() for name in (*STORE_FILES, *beside)):
        return
    from .stores.sqlite import SqliteStore  # noqa: PLC0415 - see above

    store = SqliteStore(folder)
    try:
        store.acquire()
        bound = store.binding()
        if bound is not None and bound.workspace != DEFAULT_WORKSPACE:
            raise UsageError(
                f"The store {folder} delivered to the workspace `{bound.workspace}`, and "
                "starting over would forget what was sent there.",
                hint="Nothing was deleted; name another --store.",
            )
        store.forget()
        for name in beside:
            for end in ("", "-wal", "-shm"):
                (folder / f"{name}{end}").unlink(missing_ok=True)
    except OSError as error:
        raise StoreUnusable(
            f"{folder} cannot be emptied: {error.strerror}.",
            hint="Give this user the right to write there, or name another --store.",
        ) from None
    finally:
        store.close()
