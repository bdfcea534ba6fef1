"""`erase`, `readmit` and `export`: what a person may ask of a shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final

import typer

from truthpoint import runtime
from truthpoint.errors import UsageError
from truthpoint.values.instants import to_iso

from . import failing, options, output
from .look import opened_desk, pending
from .mend import FORGOTTEN, confirm
from .persons import person_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from truthpoint.capture import Receipt
    from truthpoint.contract.model import Contract
    from truthpoint.ports import Appended, Capture, Desk, Journal, PersonView

_EVERYTHING: Final = 1_000_000_000

Id = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="The canonical id.", show_default=False)
]
Email = Annotated[str | None, typer.Option("--email", help="Their email.", show_default=False)]
Link = Annotated[
    list[str] | None,
    typer.Option("--link", metavar="KIND=VALUE", help="Another identifier; again for each."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (erase, readmit, export):
        app.command(help=options.help_of(command))(command)


def erase(  # noqa: PLR0913 - each is an option of the command line
    identifier: Id = None,
    *,
    email: Email = None,
    link: Link = None,
    yes: Yes = False,
    contract: options.Contract = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Erase somebody, here and at Customer.io; nothing undoes it.

    Name all that you know of them. A worker buries every identifier of theirs, waits for what is on
    its way, has Customer.io suppress the profile (or delete it, as the contract says), removes what
    is known here, and asks whether they are gone. Whatever comes of them later is withheld.

    Examples:
      truthpoint erase 42
      truthpoint erase 42 --email ana@example.org --yes
      truthpoint erase --link anonymous_id=f3b1 --yes --json
    """
    with failing.failing_clearly(json=json):
        person = _named(identifier, email, link)
        settings = runtime.Settings.gathered(contract=contract, store=store)
        loaded = runtime.load_contract(settings.contract)
        _see_names("erase", person, loaded, settings)
        if _is_new(settings):
            output.note(f"{_no_store(settings)} One is made now, in which nobody is known yet.")
        confirm("Erase them? Nothing undoes it.", yes=yes)
        receipt = _captured("erase", person, loaded, settings)
        if json:
            output.put_json(_receipt_json(receipt))
            return
        output.note_findings(receipt.findings)
        output.put(f"Captured as {receipt.record_id}. {_ERASED}")


def readmit(
    identifier: Id = None,
    *,
    email: Email = None,
    link: Link = None,
    contract: options.Contract = None,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Let somebody in again who was erased, on purpose.

    Name the id and the email: nothing here remembers them, and each is let in again by its own
    name only, here and at Customer.io. What was erased does not come back; what comes from then on
    counts.

    Examples:
      truthpoint readmit 42 --email ana@example.org
      truthpoint readmit --email ana@example.org --json
    """
    with failing.failing_clearly(json=json):
        person = _named(identifier, email, link)
        settings = runtime.Settings.gathered(contract=contract, store=store)
        loaded = runtime.load_contract(settings.contract)
        _see_names("readmit", person, loaded, settings)
        lets_in = [kind for kind in _LET_IN if kind in person]
        if not lets_in:
            raise UsageError(
                "Neither an id nor an email was named, and Customer.io lets nobody in by others.",
                hint="Nothing was kept. Give an ID or --email, best both.",
            )
        if _is_new(settings):
            hint = "So nobody was erased there. Name the store's folder with --store."
            raise UsageError(_no_store(settings), hint=hint)
        receipt = _captured("readmit", person, loaded, settings)
        if json:
            output.put_json({**_receipt_json(receipt), "lets_in": lets_in})
            return
        output.note_findings(receipt.findings)
        output.put(f"Captured as {receipt.record_id}. {_READMITTED}")
        output.put(_let_in(lets_in, deletes=loaded.person.erase == "delete"))


_ERASED: Final = (
    "A worker carries it out; once it was answered, `truthpoint person` finds nobody by these. "
    "Backups and the shop's own files are yours to clean."
)
_READMITTED: Final = (
    "A worker carries it out. One that comes too early, or for somebody who was never erased, "
    "waits in `truthpoint quarantine list`."
)
_LET_IN: Final = ("id", "email")
"""Kinds of identifiers that are let in again by their own name only, here and at Customer.io."""


def _let_in(kinds: list[str], *, deletes: bool) -> str:
    """Return who is let in again, and who stays away.

    Args:
        kinds: The kinds that are named, of those that are let in by name only.
        deletes: Whether the contract has erased people deleted, so that nobody is kept away there.
    """
    where = "here" if deletes else "here and at Customer.io"
    named = f"It lets in the {' and the '.join(kinds)} that you named, {where}"
    if len(kinds) == len(_LET_IN):
        return f"{named}; any other id or email that was erased with them stays erased."
    other = "id" if kinds == ["email"] else "email"
    return (
        f"{named}, and no {other}: one that was erased with it stays erased until it is "
        "readmitted too."
    )


def _named(identifier: str | None, email: str | None, links: list[str] | None) -> dict[str, str]:
    """Return whom the arguments name, as a record does."""
    person = {} if identifier is None else {"id": identifier}
    if email is not None:
        person["email"] = email
    for link in links or ():
        kind, equals, value = link.partition("=")
        if not (kind and equals and value):
            raise UsageError("A --link is no KIND=VALUE.", hint="As in --link phone=+4915112345.")
        if kind in person:
            raise UsageError(
                f"Two identifiers of the kind `{kind}` were named; a record names one of each.",
                hint="Nothing was kept. Run it once for each.",
            )
        person[kind] = value
    if not person:
        raise UsageError("Nobody was named.", hint="Give an ID, --email or --link.")
    return person


def _see_names(
    kind: str, person: dict[str, str], contract: Contract, settings: runtime.Settings
) -> None:
    """See that everything that was named can name somebody: nothing is kept otherwise.

    In a file, a damaged identifier is left out and the rest counts; who is named here by hand
    is named by all of it, or not at all.
    """
    known = ("id", *contract.person.links)
    unknown = [one for one in person if one not in known]
    if unknown:
        raise UsageError(
            f"The contract declares no identifier `{unknown[0]}`.",
            hint=f"Nothing was kept. It declares: {', '.join(known)}.",
        )
    receipt = _captured(kind, person, contract, settings, journal=_Nowhere())
    damaged = [one for one in receipt.findings if one.code == "person_link_invalid"]
    wrong = damaged or [one for one in receipt.findings if one.severity == "error"]
    if not wrong:
        return
    if damaged:
        place = str(damaged[0].where.path).rpartition(".")[2]
        raise UsageError(f"The {place} cannot name anybody.", hint=f"Nothing was kept. {_FORMS}")
    raise UsageError(wrong[0].evidence, hint=f"Nothing was kept. {wrong[0].fix}")


def _is_new(settings: runtime.Settings) -> bool:
    """Tell whether nothing was ever captured into the store: a mistyped path looks like that."""
    return not (runtime.store_folder(settings.store) / "journal.db").exists()


def _no_store(settings: runtime.Settings) -> str:
    return f"There is no store at {runtime.store_folder(settings.store)}."


_FORMS: Final = (
    "An email has one @, a phone number is as +4915112345, any other identifier is a short text."
)


class _Nowhere:
    """A journal that keeps nothing; see `truthpoint.ports.Journal`."""

    def append(self, captures: Sequence[Capture]) -> list[Appended]:
        """Keep none of them."""
        from truthpoint.ports import Appended  # noqa: PLC0415 - help does without

        return [Appended(record=0, repeat=False, reused=None) for _ in captures]

    def close(self) -> None:
        """Nothing to let go of."""


def _captured(
    kind: str,
    person: dict[str, str],
    contract: Contract,
    settings: runtime.Settings,
    *,
    journal: Journal | None = None,
) -> Receipt:
    """Capture a record about somebody, into the store unless said otherwise."""
    source = runtime.usual_source(contract)
    with runtime.recorder(contract, settings, source=source, journal=journal) as recorder:
        return recorder.record({"type": kind, "person": person})


def _receipt_json(receipt: Receipt) -> dict[str, object]:
    from truthpoint.findings import as_json  # noqa: PLC0415 - help does without

    findings = [as_json(one) for one in receipt.findings]
    return {"record_id": receipt.record_id, "result": receipt.result, "findings": findings}


def export(
    identifier: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="The canonical id, or an email, phone or other link of theirs."
        ),
    ],
    *,
    store: options.Store = None,
    json: options.Json = False,
) -> None:
    """Write everything that is stored about one person.

    Who they are, links, attributes, consents, totals, and every record with its bytes and what
    became of it. It is all personal data: keep it where only they get it.

    Examples:
      truthpoint export 42 > ana.txt
      truthpoint export ana@example.org --json > ana.json
    """
    with opened_desk(store, json=json) as desk:
        view = desk.person(identifier, limit=_EVERYTHING)
        if view is None:
            waits = desk.waiting_for(identifier, limit=1)
            told = _WAITS if waits else "Nobody in this store is known by this, or several are."
            failing.absent(f"{told}{pending(desk)}", json=json)
        elif json:
            output.put_json({**person_json(view), **_kept(view), "records": _records(desk, view)})
        else:
            _put(desk, view)
        if missing := pending(desk):
            output.note(f"It may not be all of theirs:{missing}")


_WAITS: Final = (
    "Nobody is known by this yet; what carries it is held, and `truthpoint person` lists it."
)


def _kept(view: PersonView) -> dict[str, object]:
    """Return what is stored beside of what `person` shows."""
    attributes = {} if view.profile is None else view.profile.attributes
    return {
        "person_key": view.row.person,
        "address": view.row.address,
        "attributes": {
            name: {"value": one.value, "at": to_iso(one.at_ms)}
            for name, one in sorted(attributes.items())
        },
    }


def _records(desk: Desk, view: PersonView) -> list[dict[str, object]]:
    """Return every record of somebody with its bytes."""
    told: list[dict[str, object]] = []
    for step in view.steps:
        found = desk.record(step.record)
        body = b"" if found is None else found[0].body
        captured_ms = None if found is None else found[0].captured_at_ms
        told.append(
            {
                **output.step_json(step),
                "captured_at": None if captured_ms is None else to_iso(captured_ms),
                "body": body.decode(errors="backslashreplace") if body else None,
            }
        )
    return told


def _put(desk: Desk, view: PersonView) -> None:
    told = {**person_json(view), **_kept(view)}
    for name in _PARTS:
        output.put(f"{name}: {_shown(told[name])}")
    output.put("records:")
    for one in _records(desk, view):
        body = one.pop("body")
        output.put(_shown(one))
        output.put(f"  {FORGOTTEN if body is None else body}")


_PARTS: Final = (
    *("id", "kind", "standing", "person_key", "address"),
    *("links", "attributes", "consents", "totals"),
)


def _shown(value: object) -> str:
    """Return a text as it is, all else as JSON over several lines."""
    from msgspec import json  # noqa: PLC0415 - help does without

    return value if isinstance(value, str) else json.format(json.encode(value)).decode()
