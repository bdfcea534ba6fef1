"""Every error that Truthpoint raises on purpose, in one tree.

The tree is split by who must act, because that is what a handler needs to know:

    TruthpointError
    ├── UsageError              the caller: a wrong argument, file or contract
    │   ├── ContractInvalid     the contract does not load; carries all findings
    │   ├── SecretMissing       an environment variable that a secret names is not set
    │   └── RecordInvalid       a record was refused at capture: too large, or invalid
    ├── OperatorError           whoever runs the machine: disk, files, second worker
    │   ├── CaptureFailed       a record could not be made durable
    │   ├── StoreUnusable       the store's files cannot be used as they are
    │   ├── StoreBusy           another worker holds the store
    │   └── LeaseLost           this worker's hold of the store has ended
    └── PeerError               Customer.io, or the path to it
        ├── WrongWorkspace      the credentials lead to another workspace or region
        ├── DeliveryStopped     credentials or address are refused
        └── WorkspaceSilent     a drain waited in vain for the workspace to take anything

Every class has a stable `code`, a `hint` that says what to do, and the `exit_code`
with which the command line ends. No message ever holds a customer's data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .findings import Finding


class TruthpointError(Exception):
    """The root: catch it to catch everything that Truthpoint raises on purpose.

    Args:
        message: What happened, and where. A sentence with its full stop.
        hint: What to do about it. Defaults to the class's own hint.
    """

    code: ClassVar[str] = "truthpoint_error"
    hint: str = ""
    exit_code: ClassVar[int] = 3

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        if hint is not None:
            self.hint = hint
        self.message = message
        super().__init__(f"{message} {self.hint}".rstrip())


class UsageError(TruthpointError):
    """The caller gave something that cannot work."""

    code = "usage"
    exit_code = 2


class ContractInvalid(UsageError):
    """The contract does not load.

    Attributes:
        findings: Everything that is wrong with it, in the order of the file.
    """

    code = "contract_invalid"
    hint = "Mend the places named above; nothing was started."

    def __init__(self, path: str, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        count = len(self.findings)
        noun = "finding" if count == 1 else "findings"
        super().__init__(f"The contract {path} does not load: {count} {noun}.")


class SecretMissing(UsageError):
    """A secret is needed whose environment variable is not set.

    Args:
        variable: The variable, or several with ` and ` between them.
        where: What needs it.
    """

    code = "secret_missing"

    def __init__(self, *, variable: str, where: str) -> None:
        self.variable = variable
        several = " and " in variable
        said = f"variables {variable} are" if several else f"variable {variable} is"
        super().__init__(
            f"The environment {said} not set, and {where} needs {'them' if several else 'it'}.",
            hint=f"Set {variable} and start again (a file of them: `set -a; . ./.env; set +a`); "
            "no value is ever printed.",
        )


class RecordInvalid(UsageError):
    """A record was refused at capture and was not kept.

    Attributes:
        findings: All reasons.
    """

    code = "record_refused"

    def __init__(
        self, message: str, *, hint: str | None = None, findings: Sequence[Finding] = ()
    ) -> None:
        self.findings = tuple(findings)
        super().__init__(message, hint=hint)


class OperatorError(TruthpointError):
    """The machine or its files need attention."""

    code = "operator"


class CaptureFailed(OperatorError):
    """A record could not be made durable, and capture says so instead of waiting.

    This is the one class that capture raises when it cannot write: disk full,
    read-only folder, a lock held beyond its bound, a failed sync.

    Attributes:
        lasting: Whether this writer can never be trusted again, and must be opened anew.
    """

    code = "capture_failed"
    hint = "Nothing of this call was kept. Mend the cause and call again."

    def __init__(self, message: str, *, hint: str | None = None, lasting: bool = False) -> None:
        self.lasting = lasting
        super().__init__(message, hint=hint)


class StoreUnusable(OperatorError):
    """The store's files cannot be used: not ours, damaged, newer, or not writable."""

    code = "store_unusable"


class StoreBusy(OperatorError):
    """Another worker holds this store."""

    code = "store_busy"
    hint = (
        "A store has one worker, and `up` runs it too. Stop the other one, or point this one at "
        "another --store."
    )


class LeaseLost(OperatorError):
    """This worker no longer holds the store: a newer one took it over."""

    code = "lease_lost"
    hint = "The newer worker goes on with the work; nothing of this one's last step was written."


class PeerError(TruthpointError):
    """Customer.io, or the path to it, does not let the work go on."""

    code = "peer"


class WrongWorkspace(PeerError):
    """The credentials lead to another workspace or region than the contract or store says."""

    code = "wrong_workspace"


class DeliveryStopped(PeerError):
    """Credentials or address are refused: sending more would lose or misplace data."""

    code = "delivery_stopped"


class WorkspaceSilent(PeerError):
    """The workspace took nothing for so long that a drain has given up; nothing is lost.

    Args:
        name: The workspace's name in the contract.
        seconds: For how long.
        failure: What failed last; empty when that is not known.
    """

    code = "workspace_silent"
    hint = (
        "What is not delivered waits in the store: run it again later, or give a longer --patience."
    )

    def __init__(self, name: str, *, seconds: float, failure: str = "") -> None:
        because = f" ({failure})" if failure else ""
        super().__init__(f"The workspace `{name}` took nothing for {seconds:g} seconds{because}.")
