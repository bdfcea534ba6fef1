"""Emails and phone numbers: one form in which they are compared, kept and sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f-\x9f]{1,64}@[^@\s\x00-\x1f\x7f-\x9f]{1,255}")
_PHONE: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_MARKS: Final = re.compile(r"[\s().\-/]")
_TRUNK: Final = re.compile(r"\(\s*0\s*\)")


def email_form(text: str) -> str | None:
    """Return an email without blanks around it and in lower case; None: it is none.

    Customer.io keeps the email of a profile in lower case too.
    """
    formed = text.strip().lower()
    return formed if _EMAIL.fullmatch(formed) else None


def phone_form(text: str) -> str | None:
    """Return a phone number as E.164, without marks between its digits; None: it is none.

    A trunk zero in brackets, as in `+44 (0)20 …`, is dialled within some countries only:
    whether it belongs to the number would be a guess.
    """
    formed = _MARKS.sub("", text)
    return formed if _PHONE.fullmatch(formed) and not _TRUNK.search(text) else None


FORMS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "email": email_form,
    "phone": phone_form,
}
"""The forms by name, which is that of the contract's type and of the link kind alike."""
