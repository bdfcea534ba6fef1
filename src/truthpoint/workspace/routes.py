"""Which path of Customer.io's a request asks for, and whether this version has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final
from urllib.parse import unquote


class Family(Enum):
    """The APIs; each has its own credentials and its own error envelope (1.4)."""

    TRACK_V1 = "Track API v1"
    TRACK_V2 = "Track API v2"
    APP = "App API"


class Endpoint(StrEnum):
    """What a path does."""

    REGION = "region"
    IDENTIFY = "identify"
    DELETE = "delete"
    SUPPRESS = "suppress"
    UNSUPPRESS = "unsuppress"
    ADD_DEVICE = "add_device"
    DELETE_DEVICE = "delete_device"
    EVENT = "event"
    ANONYMOUS_EVENT = "anonymous_event"
    MERGE = "merge"
    ENTITY = "entity"
    BATCH = "batch"
    ATTRIBUTES = "attributes"
    MANY_ATTRIBUTES = "many_attributes"
    PREFERENCES = "preferences"
    PERSON_ACTIVITIES = "person_activities"
    ACTIVITIES = "activities"
    PEOPLE_BY_EMAIL = "people_by_email"
    UNBUILT = "unbuilt"
    """Documented by Customer.io, missing here: answered with 501."""

    UNKNOWN = "unknown"
    """Not documented: answered with 404."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Where a request leads.

    Attributes:
        family: The API, for credentials and errors.
        endpoint: What is asked for.
        pattern: The documented path, placeholders in braces; what the path is, if unknown.
        identifier: The decoded path segment that names a person; empty: none.
        device_id: The decoded path segment that names a device; empty: none.
        is_open: Needs no credentials (1.1).
    """

    family: Family
    endpoint: Endpoint
    pattern: str
    identifier: str = ""
    device_id: str = ""
    is_open: bool = False


_V1, _V2, _APP = Family.TRACK_V1, Family.TRACK_V2, Family.APP
_PERSON: Final = "/api/v1/customers/{identifier}"

_BUILT: Final = (
    ("GET", "/api/v1/accounts/region", _V1, Endpoint.REGION),
    ("PUT", _PERSON, _V1, Endpoint.IDENTIFY),
    ("DELETE", _PERSON, _V1, Endpoint.DELETE),
    ("PUT", f"{_PERSON}/devices", _V1, Endpoint.ADD_DEVICE),
    ("DELETE", f"{_PERSON}/devices/{{device_id}}", _V1, Endpoint.DELETE_DEVICE),
    ("POST", f"{_PERSON}/suppress", _V1, Endpoint.SUPPRESS),
    ("POST", f"{_PERSON}/unsuppress", _V1, Endpoint.UNSUPPRESS),
    ("POST", f"{_PERSON}/events", _V1, Endpoint.EVENT),
    ("POST", "/api/v1/events", _V1, Endpoint.ANONYMOUS_EVENT),
    ("POST", "/api/v1/merge_customers", _V1, Endpoint.MERGE),
    ("POST", "/api/v2/entity", _V2, Endpoint.ENTITY),
    ("POST", "/api/v2/batch", _V2, Endpoint.BATCH),
    ("GET", "/v1/customers", _APP, Endpoint.PEOPLE_BY_EMAIL),
    ("GET", "/v1/customers/{identifier}/attributes", _APP, Endpoint.ATTRIBUTES),
    ("POST", "/v1/customers/attributes", _APP, Endpoint.MANY_ATTRIBUTES),
    ("GET", "/v1/customers/{identifier}/subscription_preferences", _APP, Endpoint.PREFERENCES),
    ("GET", "/v1/customers/{identifier}/activities", _APP, Endpoint.PERSON_ACTIVITIES),
    ("GET", "/v1/activities", _APP, Endpoint.ACTIVITIES),
)
"""What this version does, after the endpoint tables 2.1 and 9."""

_UNBUILT_TRACK: Final = (
    ("POST", "/api/v1/forms/{form_id}/submit"),
    ("POST", "/api/v1/segments/{segment_id}/add_customers"),
    ("POST", "/api/v1/segments/{segment_id}/remove_customers"),
)
"""Documented in 2.1, missing in this version."""

_UNBUILT_OPEN: Final = (
    ("POST", "/api/v1/metrics"),
    ("POST", "/api/v1/push/events"),
    ("POST", "/unsubscribe/{delivery_id}"),
)
"""The same, and they need no credentials (1.1)."""

_UNBUILT_APP: Final = frozenset(
    [
        "activities",
        "campaigns",
        "collections",
        "customers",
        "data_index",
        "esp",
        "exports",
        "imports",
        "messages",
        "newsletters",
        "object_types",
        "objects",
        "reporting_webhooks",
        "segments",
        "send",
        "sender_identities",
        "snippets",
        "subscription_topics",
        "transactional",
        "workspaces",
    ]
)
"""First segments of documented App API paths (9): whatever is not built under them is 501."""


def _split(pattern: str) -> tuple[str, ...]:
    return tuple(pattern.split("/")[1:])


_ROUTES: Final = tuple(
    [(method, _split(path), path, family, what, False) for method, path, family, what in _BUILT]
    + [(m, _split(path), path, _V1, Endpoint.UNBUILT, False) for m, path in _UNBUILT_TRACK]
    + [(m, _split(path), path, _V1, Endpoint.UNBUILT, True) for m, path in _UNBUILT_OPEN]
)


def _fits(pattern: tuple[str, ...], segments: list[str]) -> bool:
    return len(pattern) == len(segments) and all(
        segment != "" if part.startswith("{") else part == segment
        for part, segment in zip(pattern, segments, strict=True)
    )


def _named(placeholder: str, pattern: tuple[str, ...], segments: list[str]) -> str:
    """Return the decoded segment at a placeholder; empty: the pattern has none."""
    if placeholder not in pattern:
        return ""
    return unquote(segments[pattern.index(placeholder)], errors="strict")


def match(method: str, path: str) -> Match:
    """Return where a request leads; a path nobody documented leads to `UNKNOWN`.

    Raises:
        UnicodeDecodeError: The identifier in the path is not UTF-8.
    """
    segments = path.split("/")[1:]
    for of_method, pattern, shown, family, endpoint, is_open in _ROUTES:
        if of_method == method and _fits(pattern, segments):
            return Match(
                family=family,
                endpoint=endpoint,
                pattern=shown,
                identifier=_named("{identifier}", pattern, segments),
                device_id=_named("{device_id}", pattern, segments),
                is_open=is_open,
            )
    return _elsewhere(path, segments)


def _elsewhere(path: str, segments: list[str]) -> Match:
    """Return the family that a path without a route belongs to."""
    if len(segments) > 1 and segments[0] == "v1":
        known = segments[1] in _UNBUILT_APP
        endpoint = Endpoint.UNBUILT if known else Endpoint.UNKNOWN
        return Match(family=Family.APP, endpoint=endpoint, pattern=f"/v1/{segments[1]}")
    family = Family.TRACK_V2 if path.startswith("/api/v2/") else Family.TRACK_V1
    return Match(family=family, endpoint=Endpoint.UNKNOWN, pattern="")
