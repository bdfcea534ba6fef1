"""What a record says of its person, judged and normalised."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

import jsonschema_rs

from truthpoint.findings import Finding, Where, finding

from .people import EMAIL, PHONE, PHONE_MARKS, Who

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from truthpoint.contract.model import Contract, Event

    from .people import Identifier

MAX_PERSON_ID_BYTES: Final = 150
"""Longest person id that Customer.io takes, in bytes of UTF-8 (customerio-api, 2.12)."""

# No id of a shop holds one, and what stands behind a NUL is lost to more than one reader.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}")


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
        unknown = len(given.keys() - {"id", *self._kinds})
        if unknown:
            evidence = f"`{path}` holds {unknown} identifier(s) that the contract does not declare."
            of_links = (_at("person_link_unknown", path, evidence), *of_links)
        return Who(id=canonical_id, links=links), (*of_links, *of_id)

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

    def unresolved(self, given: Mapping[str, object]) -> Finding:
        """Return the finding of a record that names nobody."""
        kinds = ", ".join(sorted(given.keys() & {"id", *self._kinds}))
        evidence = f"The record carries no canonical id; it carries: {kinds or 'nothing'}."
        return _at("person_unresolved", "person.id", evidence)


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
    if kind == EMAIL:
        text = text.lower()
        fits = _EMAIL.fullmatch(text) is not None
    elif kind == PHONE:
        text = PHONE_MARKS.sub("", text)
        fits = _PHONE.fullmatch(text) is not None
    else:
        fits = bool(text)
    fits = fits and len(text.encode()) <= MAX_PERSON_ID_BYTES and not _CONTROL.search(text)
    return text if fits else None


def identifiers_among(attributes: Mapping[str, object]) -> tuple[Identifier, ...]:
    """Return the identifiers that stand among a person's attributes: email and phone."""
    found = ((kind, attributes.get(kind)) for kind in (EMAIL, PHONE))
    texts = ((kind, normalised(kind, cast("object", raw))) for kind, raw in found)
    return tuple((kind, value) for kind, value in texts if value is not None)


def _at(code: str, path: str, evidence: str) -> Finding:
    return finding(code, evidence, where=Where(path=path))
