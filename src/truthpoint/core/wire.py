"""Step 6 of 6: items and requests as bytes for the Track API.

Money is a JSON number in major units, times are unix seconds (design, section 5). The
facts about the API are those of its published documentation, Track API v1 and v2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from truthpoint.values.instants import to_seconds

from .outbox import PARTING, Action
from .people import ANONYMOUS, EMAIL, ID, named_by

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


def identify_item(person: int, address: str) -> Item:
    """Return an identify of our making: the identifier only (law 4)."""
    encoded = b"".join((_head("identify", address), b',"attributes":{}}'))
    return Item(person=person, operation=None, totals=None, encoded=encoded)


def totals_item(totals: Totals, address: str, attributes: Mapping[str, object], at_s: int) -> Item:
    """Return an identify that tells a person's totals as of `at_s`, in unix seconds."""
    encoded = b"".join(
        (
            _head("identify", address),
            b',"timestamp":%d,"attributes":' % at_s,
            _encode(attributes),
            b"}",
        )
    )
    return Item(person=totals.person, operation=None, totals=totals, encoded=encoded)


def operation_item(operation: Operation, address: str) -> Item:
    """Return an operation as an item of the v2 API.

    Args:
        operation: The operation.
        address: The person's, for an operation without one of its own.
    """
    action = operation.action
    address = operation.address or address
    if action is Action.MERGE:
        encoded = b'{"type":"person","action":"merge","primary":%b,"secondary":%b}' % (
            address.encode(),
            operation.attributes,
        )
    elif action in PARTING:
        encoded = _head(action.value, address) + b"}"
    else:
        naming = b""
        if action is Action.EVENT:
            naming = b',"name":%b,"id":"%b"' % (
                _encode(operation.name),
                operation.event_id.encode(),
            )
        encoded = b"".join(
            (
                _head(action.value, address),
                naming,
                b',"timestamp":%d,"attributes":' % to_seconds(operation.at_ms),
                operation.attributes,
                b"}",
            )
        )
    return Item(person=operation.person, operation=operation, totals=None, encoded=encoded)


def _head(action: str, address: str) -> bytes:
    """Return the start of an item: whom it is about and what it does."""
    return b'{"type":"person","action":"%b","identifiers":%b' % (action.encode(), address.encode())


def batch(items: list[Item]) -> WireRequest:
    """Return a v2 batch of these items."""
    body = b'{"batch":[' + b",".join([item.encoded for item in items]) + b"]}"
    return WireRequest(method="POST", path=BATCH_PATH, body=body)


def single(operation: Operation, address: str) -> WireRequest | None:
    """Return one operation as a v1 request, for what is too large for v2.

    Args:
        operation: An identify or an event.
        address: The person's, for an operation without one of its own.

    Returns:
        The request; None when v1 would not take the address for what it is.
    """
    kind, value = named_by(operation.address or address)
    seconds = to_seconds(operation.at_ms)
    if operation.action is Action.EVENT and kind == ANONYMOUS:
        body = b'{"name":%b,"id":"%b","anonymous_id":%b,"timestamp":%d,"data":%b}' % (
            _encode(operation.name),
            operation.event_id.encode(),
            _encode(value),
            seconds,
            operation.attributes,
        )
        return WireRequest(method="POST", path="/api/v1/events", body=body)
    if not _v1_addresses(kind, value):
        return None
    person = quote(value, safe="")
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


def _v1_addresses(kind: str, value: str) -> bool:
    """Tell whether v1 takes an identifier for what it is.

    In v1 the server guesses from the shape: what looks like an email is one, and what
    starts with `cio_` is Customer.io's own id (customerio-api, 2.2).
    """
    if value.startswith("cio_"):
        return False
    # `.` and `..` are steps of a path, which clients resolve before they send it.
    return kind == EMAIL or (kind == ID and "@" not in value and value not in (".", ".."))
