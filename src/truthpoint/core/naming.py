"""What a record says of its person, judged and normalised."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast

import jsonschema_rs

from truthpoint.contract.nodes import close_to
from truthpoint.findings import Finding, Where, finding
from truthpoint.values.contacts import FORMS

from .people import EMAIL, ID, PHONE, Who

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from truthpoint.contract.model import Contract, Event

    from .people import Identifier

MAX_PERSON_ID_BYTES: Final = 150
"""Longest person id that Customer.io takes, in bytes of UTF-8 (customerio-api, 2.12)."""

# No id of a shop holds one, and what stands behind a NUL is lost to more than one reader.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Naming:
    """Reads the identifiers of records under one contract.

    Args:
        contract: The contract.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._kinds = contract.person.links
        pattern = contract.person.pattern
        schema = {"type": "string", **({"pattern": pattern} if pattern else {})}
        self._person_id = jsonschema_rs.validator_for(schema)

    def who(
        self, given: Mapping[str, object], *, path: str = "person"
    ) -> tuple[Who, tuple[Finding, ...]]:
        """Return whom a mapping of identifiers names, and what is wrong with it.

        Args:
            given: The identifiers; `id` is the canonical one.
            path: Where it stands in the record.
        """
        canonical_id, of_id = self._id(given.get("id"), f"{path}.id")
        links, of_links = self.links(given, path=path)
        unknown = given.keys() - {ID, *self._kinds}
        if unknown:
            evidence = (
                f"`{path}` holds {len(unknown)} identifier(s) that the contract does not declare."
            )
            fix = meant(unknown, self._kinds, "Correct it, or declare the link.")
            of_links = (_at("person_link_unknown", path, evidence, fix=fix), *of_links)
        return Who(id=canonical_id, links=links), (*of_links, *of_id)

    def anybody(self, given: Mapping[str, object]) -> Who:
        """Return whom a mapping of identifiers names, as far as that can be read.

        An email or a phone number names somebody also where no link is declared for it.
        """
        canonical_id, _ = self._id(given.get(ID), "person.id")
        links, _ = self.links(given)
        more = (one for one in identifiers_among(given) if one[0] not in self._kinds)
        return Who(id=canonical_id, links=(*links, *more))

    def known(
        self, given: Mapping[str, object], *, path: str = "person"
    ) -> tuple[Who, tuple[Finding, ...]]:
        """Return whom a mapping names that must name somebody, and what is wrong with it.

        Args:
            given: The identifiers.
            path: Where it stands in the record: `person`, or `from`.
        """
        who, findings = self.who(given, path=path)
        if who.id is None and not who.links:
            findings += self.unless_said(findings, given, path=path)
        return who, findings

    def unless_said(
        self, findings: tuple[Finding, ...], given: Mapping[str, object], *, path: str = "person"
    ) -> tuple[Finding, ...]:
        """Return that a mapping names nobody, unless what is wrong with its id was said.

        Args:
            findings: What was said.
            given: The identifiers.
            path: Where it stands in the record.
        """
        if any(one.severity == "error" and one.where.path == f"{path}.id" for one in findings):
            return ()
        kinds = ", ".join(sorted(given.keys() & {ID, *self._kinds})) or "nothing"
        if path != "person":
            evidence = f"`{path}` names nobody; it carries: {kinds}."
            return (_at("person_unresolved", path, evidence, fix=_NAME_THE_OTHER),)
        evidence = f"The record carries no canonical id; it carries: {kinds}."
        return (_at("person_unresolved", f"{path}.id", evidence),)

    def links(
        self, given: Mapping[str, object], *, path: str = "person"
    ) -> tuple[tuple[Identifier, ...], tuple[Finding, ...]]:
        """Return the links in a mapping of identifiers, and what is wrong with them.

        What cannot be one is left out: a damaged email loses no order.
        """
        found: list[Identifier] = []
        findings: list[Finding] = []
        for kind in self._kinds:
            raw = given.get(kind)
            if raw is None or raw == "":
                continue
            value = normalised(kind, raw)
            if value is None:
                evidence = f"`{path}.{kind}` cannot name anybody; it is left out."
                findings.append(_at("person_link_invalid", f"{path}.{kind}", evidence))
            else:
                found.append((kind, value))
        return tuple(found), tuple(findings)

    def _id(self, raw: object, path: str) -> tuple[str | None, tuple[Finding, ...]]:
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None, ()
        if isinstance(raw, bool) or not isinstance(raw, str | int):
            return None, (
                _at("record_key_type", path, f"`{path}` must be a string or a whole number."),
            )
        text = raw if isinstance(raw, str) else str(raw)
        wrong = self.wrong_id(text, path)
        return (None, (wrong,)) if wrong else (text, ())

    def wrong_id(self, text: str, path: str = "person.id") -> Finding | None:
        """Return what is wrong with a canonical id; None: nothing."""
        size = len(text.encode())
        if size > MAX_PERSON_ID_BYTES:
            return _at("person_id_too_long", path, f"`{path}` has {size} bytes.")
        if _CONTROL.search(text):
            return _at("person_id_control", path, f"`{path}` holds a control character.")
        if not self._person_id.is_valid(text):
            name, pattern = self._contract.person.id_name, self._contract.person.pattern
            evidence = f"`{path}` does not match the pattern of `{name}`, {pattern}."
            return _at("person_id_pattern", path, evidence)
        return None

    def linked(
        self, given: Mapping[str, object]
    ) -> tuple[tuple[Identifier, ...], tuple[Finding, ...]]:
        """Return what a link record links, and why some of it cannot be.

        Nothing is left out here: what is linked is all that the record says.

        Args:
            given: Its `links`.
        """
        found, of_links = self.links(given, path="links")
        blank = {kind for kind in self._kinds if isinstance(given.get(kind), str)}
        blank -= {kind for kind, _ in found}
        wrong = sorted(
            {f"links.{kind}" for kind in blank} | {str(one.where.path) for one in of_links}
        )
        said: list[str] = []
        if wrong:
            said.append(f"{_listed(wrong)} cannot lead to anybody.")
        if given.get(ID) is not None:
            said.append("`links.id` is no link: the canonical id stands in `person`.")
        unknown = given.keys() - {ID, *self._kinds}
        if unknown:
            are = "is" if len(unknown) == 1 else "are"
            said.append(
                f"{len(unknown)} of its `links` {are} of a kind that the contract does not declare;"
                f" it declares {_listed(self._kinds) or 'none'}."
            )
        if not said:
            return found, ()
        fix = meant(unknown, self._kinds, "Correct it, or declare the link.")
        return found, (_at("link_not_usable", "links", " ".join(said), fix=fix),)


def permanent(event: Event, values: Mapping[str, object]) -> tuple[Identifier, ...]:
    """Return the business links that an event's properties carry."""
    found = ((kind, normalised(kind, values.get(name))) for kind, name in event.links)
    return tuple((kind, value) for kind, value in found if value is not None)


def named(who: Who, identifiers: Iterable[Identifier]) -> Who:
    """Return whom a record names together with what its event ties to them."""
    return Who(id=who.id, links=who.links, permanent=tuple(identifiers))


def normalised(kind: str, raw: object) -> str | None:
    """Return an identifier as it is compared; None when it cannot be one.

    An email is in lower case, as at Customer.io; a phone number is E.164 without marks
    between its digits; anything else is its own text.

    Args:
        kind: The link kind.
        raw: Text or a whole number.
    """
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        return None
    text = (raw if isinstance(raw, str) else str(raw)).strip()
    form = FORMS.get(kind)
    text = text if form is None else form(text)
    if not text or len(text.encode()) > MAX_PERSON_ID_BYTES or _CONTROL.search(text):
        return None
    return text


def identifiers_among(attributes: Mapping[str, object]) -> tuple[Identifier, ...]:
    """Return the identifiers that stand among a person's attributes: email and phone."""
    found = ((kind, attributes.get(kind)) for kind in (EMAIL, PHONE))
    texts = ((kind, normalised(kind, cast("object", raw))) for kind, raw in found)
    return tuple((kind, value) for kind, value in texts if value is not None)


def meant(names: Iterable[str], known: Iterable[str], otherwise: str) -> str | None:
    """Return the fix for a name that is close to one of the contract's; None: none is.

    Args:
        names: What is not declared; it is not shown, for it may be a customer's word.
        known: What the contract declares.
        otherwise: What to do where the guess is right, and where it is not.
    """
    declared = tuple(known)
    found = (_close_to(name, declared) for name in sorted(names)[:_LOOKED_AT])
    guess = next((one for one in found if one is not None), None)
    return guess and f"{guess} {otherwise}"


_LOOKED_AT: Final = 16
"""Most names that are looked at: a record may hold any number of them."""


@lru_cache(maxsize=256)
def _close_to(name: str, known: tuple[str, ...]) -> str | None:
    return close_to(name, known)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


_NAME_THE_OTHER: Final = (
    "Name in `from` who is merged: by their canonical id, or by a link that leads to them."
)


def _at(code: str, path: str, evidence: str, *, fix: str | None = None) -> Finding:
    return finding(code, evidence, where=Where(path=path), fix=fix)
