"""Step 6 of 6: items and requests as bytes for the Track API.

Money is a JSON number in major units, times are unix seconds (design, section 5). The
facts about the API are those of its published documentation, Track API v1 and v2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from truthpoint.values.instants import to_seconds

from .outbox import Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .outbox import Operation, Totals

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode

BATCH_PATH: Final = "/api/v2/batch"
REGION_PATH: Final = "/api/v1/accounts/region"


class Item(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing said to Customer.io about one person.

    Attributes:
        person: The person key.
        operation: The operation that it tells; None for totals and for our own identify.
        totals: The totals that it tells; None for others.
        encoded: The item as the v2 API takes it.
    """

    person: int
    operation: Operation | None
    totals: Totals | None
    encoded: bytes


class WireRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One HTTP request to the Track API.

    Attributes:
        method: `POST`, `PUT` or `GET`.
        path: Path from the root, percent-encoded.
        body: The body; empty for `GET`.
    """

    method: str
    path: str
    body: bytes = b""


def identify_item(person: int, canonical_id: str) -> Item:
    """Return an identify of our making: the identifier only (law 4)."""
    encoded = b"".join((_head("identify", canonical_id), b',"attributes":{}}'))
    return Item(person=person, operation=None, totals=None, encoded=encoded)


def totals_item(
    totals: Totals, canonical_id: str, attributes: Mapping[str, object], at_s: int
) -> Item:
    """Return an identify that tells a person's totals as of `at_s`, in unix seconds."""
    encoded = b"".join(
        (
            _head("identify", canonical_id),
            b',"timestamp":%d,"attributes":' % at_s,
            _encode(attributes),
            b"}",
        )
    )
    return Item(person=totals.person, operation=None, totals=totals, encoded=encoded)


def operation_item(operation: Operation, canonical_id: str) -> Item:
    """Return an operation as an item of the v2 API."""
    naming = b""
    if operation.action is Action.EVENT:
        naming = b',"name":%b,"id":"%b"' % (_encode(operation.name), operation.event_id.encode())
    encoded = b"".join(
        (
            _head(operation.action.value, canonical_id),
            naming,
            b',"timestamp":%d,"attributes":' % to_seconds(operation.at_ms),
            operation.attributes,
            b"}",
        )
    )
    return Item(person=operation.person, operation=operation, totals=None, encoded=encoded)


def _head(action: str, canonical_id: str) -> bytes:
    """Return the start of an item: whom it is about and what it does."""
    return b'{"type":"person","action":"%b","identifiers":{"id":%b}' % (
        action.encode(),
        _encode(canonical_id),
    )


def batch(items: list[Item]) -> WireRequest:
    """Return a v2 batch of these items."""
    body = b'{"batch":[' + b",".join([item.encoded for item in items]) + b"]}"
    return WireRequest(method="POST", path=BATCH_PATH, body=body)


def single(operation: Operation, canonical_id: str) -> WireRequest:
    """Return one operation as a v1 request, for what is too large for v2."""
    person = quote(canonical_id, safe="")
    seconds = to_seconds(operation.at_ms)
    if operation.action is Action.IDENTIFY:
        # Raw values keep their bytes, so that no decimal changes on the way.
        raw = msgspec.json.decode(operation.attributes, type=dict[str, msgspec.Raw])
        body = _encode({**raw, "_timestamp": seconds})
        return WireRequest(method="PUT", path=f"/api/v1/customers/{person}", body=body)
    body = b'{"name":%b,"id":"%b","timestamp":%d,"data":%b}' % (
        _encode(operation.name),
        operation.event_id.encode(),
        seconds,
        operation.attributes,
    )
    return WireRequest(method="POST", path=f"/api/v1/customers/{person}/events", body=body)


def v1_addresses(canonical_id: str) -> bool:
    """Tell whether v1 takes this id for an id.

    In v1 the server guesses from the shape: what looks like an email is one, and what
    starts with `cio_` is Customer.io's own id (customerio-api, 2.2).
    """
    # `.` and `..` are steps of a path, which clients resolve before they send it.
    dots = canonical_id in (".", "..")
    return "@" not in canonical_id and not canonical_id.startswith("cio_") and not dots
