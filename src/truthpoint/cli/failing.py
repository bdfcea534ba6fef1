"""How a command ends early: its message, its JSON and its exit code."""

from __future__ import annotations

import traceback
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import typer

from truthpoint.errors import ContractInvalid, TruthpointError

from . import output

if TYPE_CHECKING:
    from collections.abc import Generator

CLEAN: Final = 0
FINDINGS: Final = 1
USAGE: Final = 2
COULD_NOT_RUN: Final = 3


def error_json(error: TruthpointError) -> dict[str, object]:
    """Return an error as `--json` writes it, in place of a result or after results."""
    told: dict[str, object] = {
        "code": error.code,
        "message": _writable(error.message),
        "hint": _writable(error.hint),
        "exit_code": error.exit_code,
    }
    if isinstance(error, ContractInvalid):
        from truthpoint.findings import as_json  # noqa: PLC0415 - help does without

        told["findings"] = [as_json(one) for one in error.findings]
    return {"error": told}


def _writable(text: str) -> str:
    """Return a text that UTF-8 can hold: names of files may hold any byte."""
    return text.encode(errors="backslashreplace").decode()


def absent(message: str, *, json: bool) -> None:
    """Say that nothing of what was asked for is there, and end with 1."""
    output.note(message)
    if json:
        told = {"code": "absent", "message": message, "exit_code": FINDINGS}
        output.put_json({"error": told})
    raise typer.Exit(FINDINGS)


@contextmanager
def failing_clearly(*, json: bool = False) -> Generator[None]:
    """Turn whatever ends a command early into its message and its exit code.

    Args:
        json: The error is also written to standard output, as one line of JSON.
    """
    code = CLEAN
    try:
        yield
    except typer.Exit as ended:
        code = ended.exit_code
    except TruthpointError as error:
        code = error.exit_code
        _tell(error, json=json)
    except BrokenPipeError:
        # The reader has seen enough, as `head` does; nothing is wrong.
        output.hush()
    except OSError as error:
        code = COULD_NOT_RUN
        said = error.strerror or type(error).__name__
        _tell(_Stopped(f"The operating system reports: {said}."), json=json)
    except (KeyboardInterrupt, typer.Abort):
        code = COULD_NOT_RUN
        _tell(_Stopped("It was stopped before its end.", hint="Run it again."), json=json)
    except Exception as error:  # noqa: BLE001 - an unknown error's text may hold a customer's data
        code = COULD_NOT_RUN
        _tell(_unexpected(error), json=json)
    try:
        output.flush()
    except BrokenPipeError:
        output.hush()
    except TruthpointError as error:
        code = error.exit_code
        _tell(error, json=False)
    if code != CLEAN:
        raise typer.Exit(code)


class _Stopped(TruthpointError):
    """The command line's own words for what is no error of the product."""

    code = "stopped"
    hint = "Mend that, then run it again."


class _Unexpected(_Stopped):
    code = "unexpected"
    hint = "Please report it with the lines above; they hold no customer's data."


def _unexpected(error: Exception) -> TruthpointError:
    output.note("".join(traceback.format_tb(error.__traceback__)).rstrip())
    return _Unexpected(f"An unexpected {type(error).__name__} ended the command.")


def _tell(error: TruthpointError, *, json: bool) -> None:
    if isinstance(error, ContractInvalid):
        output.note_findings(error.findings)
    output.note(f"error: {error}")
    if json:
        with suppress(OSError, TruthpointError):
            output.put_json(error_json(error))
