"""Who may ask: any Basic pair on the Track API, any bearer on the App API (1.1)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING, Final

from .messages import app_error, json_reply
from .routes import Family

if TYPE_CHECKING:
    from .messages import Reply

_TO_STANDARD: Final = str.maketrans("-_", "+/")
"""The URL-safe alphabet, which one official SDK uses, to the standard one (1.1)."""


def refusal(authorization: str, family: Family) -> Reply | None:
    """Return the 401 of an API for credentials that are missing or another API's.

    Args:
        authorization: The header's value; empty: it was not sent.
        family: The API asked.
    """
    scheme, _, given = authorization.strip().partition(" ")
    if family is Family.APP:
        if scheme.lower() == "bearer" and given.strip():
            return None
        return app_error(401, "unauthorized")
    if scheme.lower() == "basic" and _is_pair(given.strip()):
        return None
    # The text is ours; the envelope is the one the SDKs look for (1.4, 17.1).
    return json_reply(401, {"meta": {"error": "Unauthorized request"}})


def _is_pair(encoded: str) -> bool:
    """Tell whether this is base64, in either alphabet, of a user and a password."""
    try:
        pair = b64decode(encoded.translate(_TO_STANDARD), validate=True)
    except (binascii.Error, ValueError):
        return False
    user, colon, password = pair.partition(b":")
    return bool(user and colon and password)
