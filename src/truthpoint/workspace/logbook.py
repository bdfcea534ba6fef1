"""What the control API tells of requests: the log as it grows, a page of it, one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from . import bodies
from .asked import raws
from .messages import Reply, control_error, json_reply
from .parameters import NEWEST, WrongParameterError, as_number, number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .database import Database, Row

DEFAULT_PAGE_REQUESTS: Final = 100
LONGEST_PAGE_REQUESTS: Final = 1_000
"""Of the log."""

DEFAULT_PAGE_ROWS: Final = 50
LONGEST_PAGE_ROWS: Final = 200
"""Of the lists for a page: requests, people, a timeline."""

BRIEF_ITEMS: Final = 500
"""Items in a brief answer of the log, whatever the number of its requests."""

PAGE_ITEMS: Final = 100
"""Items in the answer that tells one request."""

LARGE_BYTES: Final = 10_000
"""JSON of data over this is left out of lists, and told by itself."""

_PLAIN_HEADERS: Final = {
    # Whatever was sent is shown as text, never run.
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def counts(database: Database) -> dict[str, Any]:
    """Return what every list tells first: which life it is of, and how much is in it."""
    ((life, _, people, events, requests),) = database.all("life")
    return {"life": life, "people": people, "events": events, "requests": requests}


def page_of(query: Mapping[str, str]) -> tuple[int, int]:
    """Return `before` and `limit` of a list that goes from the newest to the oldest.

    Raises:
        WrongParameterError: One of them cannot be used.
    """
    before = number(query, "before", NEWEST, least=1)
    limit = number(query, "limit", DEFAULT_PAGE_ROWS, least=1, most=LONGEST_PAGE_ROWS)
    return before, limit


def log(database: Database, query: Mapping[str, str]) -> Reply:
    """Tell what was asked and what became of it, the oldest first."""
    after = number(query, "after", 0)
    limit = number(query, "limit", DEFAULT_PAGE_REQUESTS, least=1, most=LONGEST_PAGE_REQUESTS)
    newest, brief = (_is_on(query, name) for name in ("newest", "brief"))
    rows = database.all("requests_newest" if newest else "requests_after", (after, limit))
    rows.sort(key=lambda row: row[0])
    following = rows[-1][0] if rows else after
    items = _brief_items(database, rows) if brief else _all_items(database, rows)
    told = [{**_logged(row), "items": items[row[0]]} for row in rows]
    return json_reply(200, {**counts(database), "next": following, "log": told})


def _is_on(query: Mapping[str, str], name: str) -> bool:
    given = query.get(name) or "0"
    if given not in ("0", "1"):
        raise WrongParameterError(f"{name} must be 0 or 1")
    return given == "1"


def _logged(row: Row) -> dict[str, Any]:
    seq, at, method, path, body_bytes, status, answered, fault = row[:8]
    return {
        "seq": seq,
        "at": at,
        "method": method,
        "path": path,
        "bytes": body_bytes,
        "status": status,
        "answered": bool(answered),
        "fault": fault,
        "item_count": row[8],
    }


def _all_items(database: Database, rows: Sequence[Row]) -> dict[int, list[Any]]:
    return {
        row[0]: [msgspec.Raw(body) for (body,) in database.all("items", (row[0],))] for row in rows
    }


def _brief_items(database: Database, rows: Sequence[Row]) -> dict[int, list[Any]]:
    """Return the newest items of all these requests, without their attributes."""
    items: dict[int, list[Any]] = {row[0]: [] for row in rows}
    left = BRIEF_ITEMS
    for row in reversed(rows):
        if left <= 0:
            break
        found = database.all("items_newest", (row[0], left))
        items[row[0]] = [_brief(body) for (body,) in reversed(found)]
        left -= len(found)
    return items


def _brief(body: bytes) -> dict[str, msgspec.Raw]:
    item = raws(body)
    del item["attributes"]
    return item


def requests(database: Database, query: Mapping[str, str]) -> Reply:
    """Tell a page of requests, the newest first."""
    before, limit = page_of(query)
    status = query.get("status", "")
    if not status:
        rows = database.all("requests_before", (before, limit + 1))
    elif status == "failures":
        rows = database.all("failures_before", (before, limit + 1))
    elif status == "200":
        rows = database.all("requests_of_200_before", (before, limit + 1))
    else:
        code = as_number(status)
        if code is None:
            raise WrongParameterError("status must be a status of HTTP, or failures")
        rows = database.all("requests_of_status_before", (code, before, limit + 1))
    page = rows[:limit]
    following = page[-1][0] if len(rows) > limit else None
    found = [_line(row) for row in page]
    return json_reply(200, {**counts(database), "next": following, "found": found})


def _line(row: Row) -> dict[str, Any]:
    took_ms, client = row[9:]
    return {**_logged(row), "took_ms": took_ms, "client": client}


def request(database: Database, name: str, query: Mapping[str, str]) -> Reply:
    """Tell one request, with its body, its answer and a page of its items."""
    first = number(query, "item", 0)
    seq = as_number(name)
    row = None if seq is None else database.one("request", (seq,))
    if row is None or seq is None:
        return _no_request()
    ((asked,),) = database.all("query_of_request", (seq,))
    ((older, newer),) = database.all_named("request_beside", {"seq": seq})
    items = [_brief(body) for (body,) in database.all("items_from", (seq, first, PAGE_ITEMS))]
    told = {**_line(row), "query": asked, **bodies.told(database, seq)}
    beside = {"older": older, "newer": newer}
    return json_reply(
        200, {**counts(database), **beside, "request": told, "first_item": first, "items": items}
    )


def body(database: Database, name: str, part: str) -> Reply:
    """Give a request's body, or its answer's, as it crossed the wire."""
    seq = as_number(name)
    whole = None if seq is None else bodies.whole(database, seq, is_answer=part == "answer")
    if whole is None:
        return control_error(404, "there is no such request, or its body is not kept any longer")
    return Reply(status=200, headers=_PLAIN_HEADERS, body=whole)


def item(database: Database, name: str, place: str) -> Reply:
    """Give one item of a request, with its attributes."""
    seq, index = as_number(name), as_number(place)
    row = None if seq is None or index is None else database.one("item", (seq, index))
    if row is None:
        return control_error(404, "there is no such item of a request")
    return json_reply(200, msgspec.Raw(row[0]))


def _no_request() -> Reply:
    return control_error(404, "there is no such request in this life of the workspace")
