"""From the arguments of a call to a record: what can be meant, and what is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from truthpoint.errors import RecordInvalid, UsageError

from .encode import SHOWN_KEY, instant_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from truthpoint.findings import Finding

RESERVED: Final = frozenset(
    {"person", "at", "source", "version", "record_id", "connection", "properties", "test"}
)
"""Keywords of a tracker's words; a property of such a name goes into the mapping."""

_SHOWN_FINDINGS: Final = 5


def see_connection(connection: object) -> None:
    """Refuse the connection of an application.

    Raises:
        UsageError: There is one.
    """
    if connection is not None:
        raise UsageError(
            "`connection` joins a PostgreSQL transaction, and this store is SQLite: what is "
            "captured there cannot be rolled back with the application's own work.",
            hint="Leave it out, and call after the transaction was committed.",
        )


def record_of(
    kind: str,
    person: str | int | Mapping[str, object],
    *,
    at: datetime | str | None,
    source: str | None,
    record_id: str | None,
    test: bool,
) -> dict[str, object]:
    """Return what all records have.

    Raises:
        UsageError: An argument is of a kind that cannot be meant.
    """
    said: dict[str, object] = {"type": kind}
    who = identifiers("person", person)
    if who is not None:
        said["person"] = who
    if at is not None:
        said["at"] = instant_text(at, "at") if isinstance(at, datetime) else at
    if source is not None:
        said["source"] = source
    if record_id is not None:
        said["record_id"] = record_id
    if test is not False:
        said["test"] = _flag(test)
    return said


def identifiers(name: str, person: str | int | Mapping[str, object]) -> Mapping[str, object] | None:
    """Return somebody's identifiers by kind; None: the caller has none.

    Args:
        name: The argument.
        person: What was given for it.

    Raises:
        UsageError: It is a boolean.
    """
    if isinstance(person, bool):
        raise UsageError(f"`{name}` is a boolean.", hint="Give the canonical id, or a mapping.")
    if isinstance(person, int):
        return {"id": str(int(person))}
    if isinstance(person, Mapping):
        return person
    # Somebody who has no id yet: kept and quarantined, rather than lost at a checkout.
    return None if person is None else {"id": person}  # pyright: ignore[reportUnnecessaryComparison] - callers may be untyped


def _flag(test: object) -> bool:
    if test is True:
        return True
    raise UsageError(
        f"`test` is a {type(test).__name__}; it says whether a record is of a shop's test mode.",
        hint="Give True or False; what is called `test` itself goes into the mapping.",
    )


def joined(
    name: str, given: Mapping[str, object] | None, more: Mapping[str, object]
) -> Mapping[str, object]:
    """Return what stands in a mapping and what was given by keyword.

    Args:
        name: The argument that takes the mapping.
        given: The mapping; None: none.
        more: What was given by keyword.

    Raises:
        UsageError: It is no mapping, or a name is in both; or a reserved name is a keyword.
    """
    for reserved in RESERVED & more.keys():
        raise UsageError(
            f"`{reserved}` is a reserved name and cannot be one of the `{name}` by keyword.",
            hint=f"Give it in the mapping: {name}={{...}}.",
        )
    if given is None:
        return more
    if not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - callers may be untyped
        raise UsageError(
            f"`{name}` is a {type(given).__name__}.", hint="Give a mapping of names to values."
        )
    twice = sorted(more.keys() & given.keys())
    if twice:
        shown = ", ".join(f"`{one}`" for one in twice if SHOWN_KEY.fullmatch(one))
        raise UsageError(
            f"Given by keyword and in `{name}`: {shown or 'a name'}.", hint="Give each once."
        )
    return {**given, **more}


def invalid(findings: Iterable[Finding]) -> RecordInvalid:
    """Return the error of a record that breaks the contract."""
    all_found = tuple(findings)
    said = [f"{one.code} at {one.where.path}" if one.where.path else one.code for one in all_found]
    if len(said) > _SHOWN_FINDINGS:
        said[_SHOWN_FINDINGS:] = [f"and {len(said) - _SHOWN_FINDINGS} more"]
    return RecordInvalid(
        f"The record breaks the contract and was not kept: {', '.join(said)}.",
        hint="Each finding says how to mend it: see the error's `findings`.",
        findings=all_found,
    )
