"""What the control API tells of people: who there is, one of them, and what happened to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

import msgspec

from . import devices, preferences
from .app_api import is_unsubscribed
from .asked import raws
from .logbook import LARGE_BYTES, counts, page_of
from .messages import control_error, decode, json_reply
from .parameters import NEWEST, WrongParameterError, as_number
from .turn import Person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .database import Row
    from .messages import Reply
    from .turn import Turn

LONGEST_SEARCH: Final = 200
"""Characters."""

ANONYMOUS_IDS: Final = 20
"""Of one person, told at most."""

_IDENTIFIERS: Final = ("id", "email", "cio_id")


def people(turn: Turn, query: Mapping[str, str]) -> Reply:
    """Tell a page of people, the newest profile first; those with exactly what is searched lead."""
    before, limit = page_of(query)
    search = query.get("search", "").strip()
    if len(search) > LONGEST_SEARCH:
        raise WrongParameterError(f"search cannot be longer than {LONGEST_SEARCH} characters")
    exact = _exactly(turn, search) if search else []
    asked = {"start": before, "limit": limit + 1 + len(exact), "like": f"%{_literal(search)}%"}
    rows = turn.database.all_named(
        "people_like_before" if search else "people_before",
        asked if search else {name: asked[name] for name in ("start", "limit")},
    )
    known = {person.key for person in exact}
    others = [row for row in rows if row[0] not in known]
    page = others[:limit]
    following = page[-1][0] if len(others) > limit else None
    found = [_line(turn, _person(row)) for row in page]
    if before == NEWEST:
        found = [_line(turn, person) for person in exact] + found
    told: dict[str, Any] = {"next": following, "suppressed": _suppressed(turn, search)}
    return json_reply(200, {**counts(turn.database), **told, "found": found})


def _literal(search: str) -> str:
    """Return a text as LIKE takes it, its signs without meaning."""
    return search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _exactly(turn: Turn, search: str) -> list[Person]:
    """Return the people whom a text names, without one twice."""
    found = [
        turn.find("id", search),
        turn.find("email", search.lower()),
        turn.find("cio_id", search.removeprefix("cio_")),
    ]
    return list({person.key: person for person in found if person is not None}.values())


def _suppressed(turn: Turn, text: str) -> list[dict[str, str]]:
    """Return the identifiers of exactly this text that are blocked."""
    named = {"id": text, "email": text.lower()}
    return [
        {kind: value}
        for kind, value in named.items()
        if value and turn.database.one("is_suppressed", (kind, value)) is not None
    ]


def _person(row: Row) -> Person:
    return Person(key=row[0], id=row[1], email=row[2], cio_id=row[3])


def _line(turn: Turn, person: Person) -> dict[str, Any]:
    created = turn.database.one("created_s", (person.key,))
    last = turn.database.one("last_activity_at", (person.key,))
    return {
        "id": person.id,
        "email": person.email,
        "cio_id": person.cio_id,
        "created_at": None if created is None else created[0],
        "last_activity_at": None if last is None else last[0],
    }


def person(turn: Turn, path: str, query: Mapping[str, str]) -> Reply:
    """Tell one person: identifiers, attributes, devices and what they are subscribed to."""
    found = _named(turn, path, query)
    if found is None:
        return _nobody(turn, path)
    rows = turn.database.all("attributes", (found.key,))
    kept = {name: (decode(value), at, changed) for name, value, at, changed in rows if value}
    values = {name: value for name, (value, _, _) in kept.items()}
    told = {
        **_line(turn, found),
        "since": {kind: kept[kind][1] for kind in _IDENTIFIERS if kind in kept},
        "anonymous_ids": [
            row[0] for row in turn.database.all("anonymous_ids", (found.key, ANONYMOUS_IDS))
        ],
        "unsubscribed": is_unsubscribed(values.get("unsubscribed")),
        "topics": preferences.topics(values.get(preferences.NAME)),
        "suppressed": _suppressed(turn, found.id or "") + _suppressed(turn, found.email or ""),
        "attributes": [
            {"name": name, "value": value, "at": at, "changed_at": changed}
            for name, (value, at, changed) in sorted(kept.items())
            if name not in _IDENTIFIERS
        ],
        "devices": devices.shown(turn, found),
    }
    return json_reply(200, {**counts(turn.database), "person": told})


def _named(turn: Turn, path: str, query: Mapping[str, str]) -> Person | None:
    """Return the person of a path: by `id_type`, or whichever identifier fits first.

    Raises:
        WrongParameterError: `id_type` is no kind of identifier.
    """
    text = unquote(path)
    kind = query.get("id_type", "")
    if kind not in ("", *_IDENTIFIERS):
        raise WrongParameterError(f"id_type must be one of {', '.join(_IDENTIFIERS)}")
    named = {"id": text, "cio_id": text.removeprefix("cio_"), "email": text.lower()}
    for each in (kind,) if kind else named:
        found = turn.find(each, named[each])
        if found is not None:
            return found
    return None


def _nobody(turn: Turn, path: str) -> Reply:
    """Answer that nobody has an identifier; one that is blocked is named."""
    told = {
        "errors": ["nobody has this identifier"],
        "suppressed": _suppressed(turn, unquote(path)),
    }
    return json_reply(404, told)


def timeline(turn: Turn, path: str, query: Mapping[str, str]) -> Reply:
    """Tell a page of what happened to a person, what arrived last first."""
    before, limit = page_of(query)
    found = _named(turn, path, query)
    if found is None:
        return _nobody(turn, path)
    rows = turn.database.all("timeline_before", (found.key, before, limit + 1))
    page = rows[:limit]
    following = page[-1][0] if len(rows) > limit else None
    told = [_activity(turn, row, is_whole=False) for row in page]
    return json_reply(200, {**counts(turn.database), "next": following, "found": told})


def activity(turn: Turn, name: str) -> Reply:
    """Tell one activity, whatever the size of its data."""
    number = as_number(name)
    row = None if number is None else turn.database.one("activity", (number,))
    if row is None:
        return control_error(404, "there is no such activity in this life of the workspace")
    return json_reply(200, _activity(turn, row, is_whole=True))


def _activity(turn: Turn, row: Row, *, is_whole: bool) -> dict[str, Any]:
    number, kind, name, at_s, processed_at, data, seq, index = row
    stored = turn.database.one("item", (seq, index))
    item = {} if stored is None else raws(stored[0])
    shown = item.get("attributes", _NOTHING) if data is None else msgspec.Raw(data.encode())
    data_bytes = len(bytes(shown))
    is_event = data is None
    return {
        "activity": number,
        "type": kind,
        "name": name,
        "at": at_s,
        "processed_at": processed_at,
        "data": shown if is_whole or data_bytes <= LARGE_BYTES else None,
        "data_bytes": data_bytes,
        "event_id": item.get("event_id") if is_event else None,
        "would_trigger": item.get("would_trigger") if is_event else None,
        "request": seq,
        "item": index,
    }


_NOTHING: Final = msgspec.Raw(b"{}")
