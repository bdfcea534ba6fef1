"""What application code opens: a tracker in its two faces, and the recorder underneath."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Literal

from . import runtime
from .capture import Recorder, SharedJournal, Tracker
from .errors import UsageError
from .runtime import DEFAULT_SOURCE, Settings

if TYPE_CHECKING:
    from .capture import OnFailure, OnInvalid
    from .capture.async_tracker import AsyncTracker
    from .contract import Contract

Durability = Literal["process", "power"]


def open_tracker(
    *,
    contract: str | None = None,
    store: str | None = None,
    source: str | None = None,
    durability: Durability = "process",
    on_invalid: OnInvalid = "capture",
    on_failure: OnFailure = "raise",
) -> Tracker:
    """Open a blocking tracker: `truthpoint.open()`.

    It reads the contract and opens the store once, to see that both can be used.

    Args:
        contract: Path of the contract; else `TRUTHPOINT_CONTRACT`, else `tracking.yaml`.
        store: URL of the store; else `TRUTHPOINT_STORE`, else `sqlite:.truthpoint`.
        source: The source of records that name none; else `backend`, or the first one of a
            contract that declares no `backend`.
        durability: What a record survives once a call has returned: `process`, the kill of
            the process, or `power`, a loss of power.
        on_invalid: What becomes of a record that breaks the contract: `capture` keeps it, to
            be quarantined; `raise` raises RecordInvalid, and does not.
        on_failure: What becomes of a record that cannot be made durable: `raise` raises
            CaptureFailed; `log` logs each cause once, and the receipt says `failed`.

    Raises:
        ContractInvalid: The contract does not load.
        UsageError: The contract cannot be read or does not declare the source, or a choice
            is not one of those named here.
        StoreUnusable: The store's files cannot be used.
    """
    _see_choices(durability=durability, on_invalid=on_invalid, on_failure=on_failure)
    loaded, recorder, journal = _parts(contract, store, source, durability, "open()")
    return Tracker(recorder, journal, loaded, on_invalid=on_invalid, on_failure=on_failure)


def open_async_tracker(
    *,
    contract: str | None = None,
    store: str | None = None,
    source: str | None = None,
    durability: Durability = "process",
    on_invalid: OnInvalid = "capture",
    on_failure: OnFailure = "raise",
) -> AsyncTracker:
    """Open a tracker for asyncio: `truthpoint.open_async()`.

    Opening reads two files and waits for them; do it when the program starts. Arguments and
    errors are those of `truthpoint.open()`.
    """
    # asyncio takes as long to import as all the rest of capture.
    from .capture.async_tracker import AsyncTracker  # noqa: PLC0415 - see above

    _see_choices(durability=durability, on_invalid=on_invalid, on_failure=on_failure)
    loaded, recorder, journal = _parts(contract, store, source, durability, "open_async()")
    return AsyncTracker(recorder, journal, loaded, on_invalid=on_invalid, on_failure=on_failure)


def open_recorder(
    *, contract: str | None = None, store: str | None = None, source: str = DEFAULT_SOURCE
) -> Recorder:
    """Open a blocking capture of whole records.

    Args:
        contract: Path of the contract; else `TRUTHPOINT_CONTRACT`, else `tracking.yaml`.
        store: URL of the store; else `TRUTHPOINT_STORE`, else `sqlite:.truthpoint`.
        source: The source of records that name none; it must stand in the contract.

    Raises:
        ContractInvalid: The contract does not load.
        UsageError: The contract cannot be read, or does not declare the source.
        StoreUnusable: The store's files cannot be used.
    """
    settings = Settings.gathered(contract=contract, store=store)
    loaded = runtime.load_contract(settings.contract)
    runtime.see_source(loaded, settings, source)
    journal = _journal(settings, owner="recorder", opener="open_recorder()", power=False)
    return runtime.recorder(loaded, settings, source=source, journal=journal)


_CHOICES: Final = {
    "durability": ("process", "power"),
    "on_invalid": ("capture", "raise"),
    "on_failure": ("raise", "log"),
}


def _see_choices(**given: str) -> None:
    """See that each choice is one that there is, before anything is opened."""
    for name, choice in given.items():
        one, other = _CHOICES[name]
        if choice not in (one, other):
            raise UsageError(f"`{name}` is neither {one} nor {other}.", hint="Give one of the two.")


def _parts(
    contract: str | None, store: str | None, source: str | None, durability: str, opener: str
) -> tuple[Contract, Recorder, SharedJournal]:
    """Return what both faces stand on."""
    settings = Settings.gathered(contract=contract, store=store)
    loaded = runtime.load_contract(settings.contract)
    source = runtime.usual_source(loaded) if source is None else source
    runtime.see_source(loaded, settings, source)
    power = durability == "power"
    journal = _journal(settings, owner="tracker", opener=f"truthpoint.{opener}", power=power)
    recorder = runtime.recorder(loaded, settings, source=source, journal=journal)
    return loaded, recorder, journal


def _journal(settings: Settings, *, owner: str, opener: str, power: bool) -> SharedJournal:
    """Return the store's journal for all threads of this process and those that it forks."""
    # It is opened later, and again after a fork: the working folder may be another one then.
    folder = runtime.store_folder(settings.store).absolute()
    settings = replace(settings, store=f"sqlite:{folder}")
    opened = partial(runtime.open_journal, settings, power=power)
    journal = SharedJournal(opened, owner=owner, opener=opener)
    journal.see()
    return journal
