"""What the App API tells of people and activities: the part that verification reads (9)."""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from . import devices, preferences
from .identifiers import as_identifier
from .messages import MALFORMED, app_error, decode, encode, json_reply
from .routes import Endpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .database import Row
    from .messages import Reply, Request
    from .routes import Match
    from .turn import Person, Turn

DEFAULT_PAGE_ITEMS: Final = 10
LONGEST_PAGE_ITEMS: Final = 100
"""Of activities (9.2)."""

ACTIVITY_DAYS: Final = 30
"""The activity log keeps that much, by the time of the activity (6.1)."""

LONGEST_LIST_IDS: Final = 100
"""Ids in one question for attributes of many (9.1)."""

_DAY_SECONDS: Final = 86_400
_NEWEST: Final = 2**63 - 1
_OLDEST_S: Final = -(2**63)
_LONGEST_NUMBER: Final = 18
"""Digits of a number that surely fits the database."""

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_IDENTIFIERS: Final = ("id", "email", "cio_id")


class _RefusedError(Exception):
    """A parameter cannot be used; `reply` says which."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.reply = app_error(status, detail)


def answer(turn: Turn, request: Request, match: Match) -> Reply:
    """Answer a request that reads."""
    try:
        if match.endpoint is Endpoint.PEOPLE_BY_EMAIL:
            return _people_by_email(turn, request.query)
        if match.endpoint is Endpoint.ATTRIBUTES:
            return _attributes(turn, match.identifier, request.query)
        if match.endpoint is Endpoint.MANY_ATTRIBUTES:
            return _many(turn, request.body)
        if match.endpoint is Endpoint.PREFERENCES:
            return _preferences(turn, match.identifier, request.query)
        if match.endpoint is Endpoint.PERSON_ACTIVITIES:
            return _activities(turn, request.query, match.identifier)
        return _activities(turn, request.query, request.query.get("customer_id", ""))
    except _RefusedError as refused:
        return refused.reply


def _people_by_email(turn: Turn, query: Mapping[str, str]) -> Reply:
    if not query.get("email"):
        return app_error(400, "email is required")
    person = turn.find("email", query["email"].lower())
    return json_reply(200, {"results": [] if person is None else [person.identifiers()]})


def _person(turn: Turn, identifier: str, query: Mapping[str, str]) -> Person:
    """Return the person a path or `customer_id` names; `cio_…` needs no `id_type` (9.2)."""
    kind = query.get("id_type", "id")
    if kind not in _IDENTIFIERS:
        shown = ", ".join(_IDENTIFIERS)
        raise _RefusedError(400, f"id_type is one of {shown} in this workspace")
    if kind in ("id", "cio_id") and identifier.startswith("cio_"):
        kind, identifier = "cio_id", identifier.removeprefix("cio_")
    person = turn.find(kind, identifier.lower() if kind == "email" else identifier)
    if person is None:
        raise _RefusedError(404, "resource not found")
    return person


def _attributes(turn: Turn, identifier: str, query: Mapping[str, str]) -> Reply:
    return json_reply(200, {"customer": _customer(turn, _person(turn, identifier, query))})


def _many(turn: Turn, body: bytes) -> Reply:
    """Tell many people by their ids; those nobody has are left out (9.1)."""
    try:
        ids: Any = decode(body)["ids"]
    except (*MALFORMED, TypeError, KeyError):
        ids = None
    if not isinstance(ids, list):
        raise _RefusedError(400, "the body must be an object with ids as a list")
    asked = [as_identifier("id", each) or "" for each in cast("list[object]", ids)]
    if len(asked) > LONGEST_LIST_IDS:
        raise _RefusedError(400, f"ids cannot be more than {LONGEST_LIST_IDS}")
    found = [turn.find("id", each) for each in asked]
    told = [{"customer": _customer(turn, person)} for person in found if person is not None]
    return json_reply(200, {"customers": told})


def _preferences(turn: Turn, identifier: str, query: Mapping[str, str]) -> Reply:
    """Tell the topics that a person's preferences name (8.3, 9.1)."""
    person = _person(turn, identifier, query)
    values = _values(turn, person)
    told: dict[str, Any] = {
        "id": person.id or "",
        "identifiers": person.identifiers(),
        "topics": [
            {"id": number, "subscribed": is_on, "name": f"topic_{number}", "description": ""}
            for number, is_on in preferences.topics(values.get(preferences.NAME)).items()
        ],
        "unsubscribed": is_unsubscribed(values.get("unsubscribed")),
        "header": {"title": "", "subtitle": ""},
    }
    return json_reply(200, {"customer": told})


def _values(turn: Turn, person: Person) -> dict[str, Any]:
    rows = turn.database.all("attributes", (person.key,))
    return {name: decode(value) for name, value, _, _ in rows if value is not None}


def _customer(turn: Turn, person: Person) -> dict[str, Any]:
    """Return a person as the App API shows one."""
    rows = turn.database.all("attributes", (person.key,))
    changed = {name: changed_s for name, value, _, changed_s in rows if value is not None}
    values = _values(turn, person)
    if preferences.NAME in values:
        values[preferences.COMPUTED] = preferences.computed(values[preferences.NAME])
    return {
        "id": person.id or "",
        "identifiers": person.identifiers(),
        "attributes": {name: _as_text(values[name]) for name in sorted(values, key=_in_bytes)},
        "timestamps": {name: changed[name] for name in sorted(changed, key=_in_bytes)},
        "unsubscribed": is_unsubscribed(values.get("unsubscribed")),
        "devices": devices.shown(turn, person),
    }


def _in_bytes(name: str) -> bytes:
    """Return what a name is sorted by: byte order, as recorded (2.3)."""
    return name.encode()


def _as_text(value: object) -> str:
    """Return an attribute as the App API shows it: always a text (2.3)."""
    return value if isinstance(value, str) else encode(value).decode()


def is_unsubscribed(value: object) -> bool:
    """Tell whether the attribute `unsubscribed` means so; all else is subscribed (8.2)."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return value == 1
    return isinstance(value, str) and (value.lower() == "true" or value == "1")


def _activities(turn: Turn, query: Mapping[str, str], identifier: str) -> Reply:
    """List activities, the newest first, page by page (9.2)."""
    limit = _limit(turn, query.get("limit"))
    start = query.get("start", "")
    if start and not _is_number(start):
        raise _RefusedError(400, "start is the `next` of the page before")
    oldest_s = _OLDEST_S
    if turn.switches.activity_age == "thirty_days":
        oldest_s = turn.now_s - ACTIVITY_DAYS * _DAY_SECONDS
    asked: dict[str, Any] = {
        "start": int(start) if start else _NEWEST,
        "type": query.get("type") or None,
        "name": query.get("name") or None,
        "oldest": oldest_s,
        "limit": limit + 1,
    }
    statement = "activities"
    if identifier:
        statement = "activities_of_person"
        asked["person"] = _person(turn, identifier, query).key
    rows = turn.database.all_named(statement, asked)
    page = rows[:limit]
    following = str(page[-1][0]) if len(rows) > limit else ""
    shown = [_activity(turn, row) for row in page]
    return json_reply(200, {"activities": shown, "next": following})


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER


def _limit(turn: Turn, given: str | None) -> int:
    if not given:
        return DEFAULT_PAGE_ITEMS
    limit = int(given) if _is_number(given) else 0
    if limit < 1 or (limit > LONGEST_PAGE_ITEMS and turn.switches.page_limit == "refuse"):
        raise _RefusedError(400, f"limit is from 1 to {LONGEST_PAGE_ITEMS}")
    return min(limit, LONGEST_PAGE_ITEMS)


def _activity(turn: Turn, row: Row) -> dict[str, Any]:
    number, named, kind, name, at_s, processed_at, data, seq, item, *identifiers = row
    owner: dict[str, Any] = dict.fromkeys(_IDENTIFIERS)
    # Nobody's: what was sent stands in for a person.
    owner |= decode(named) if named is not None else zip(_IDENTIFIERS, identifiers, strict=True)
    shown: dict[str, Any] = {
        "id": _ulid(turn.life, number, processed_at),
        "customer_id": owner["id"] or "",
        "customer_identifiers": owner,
        "type": kind,
        "timestamp": at_s,
        "data": msgspec.Raw(data.encode()) if data is not None else _sent(turn, seq, item),
    }
    if name is not None:
        # A page's name is its address (9.2).
        shown["url" if kind == "page" else "name"] = name
    return shown


def _sent(turn: Turn, seq: int, item: int) -> object:
    """Return the attributes of a logged item: what an event was sent with."""
    row = turn.database.one("item", (seq, item))
    return {} if row is None else decode(row[0])["attributes"]


def _ulid(life: int, number: int, processed_at: float) -> str:
    """Return an activity's id: of the documented form, and the same at each reading."""
    draw = blake2b(f"{life}/{number}".encode(), digest_size=10).digest()
    value = (max(0, int(processed_at * 1000)) % 2**48) << 80 | int.from_bytes(draw)
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))
