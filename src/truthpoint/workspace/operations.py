"""What a request asks for, item by item, and what became of each item."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Problem(NamedTuple):
    """Why an item was not applied.

    Attributes:
        reason: A word: `required`, `invalid`, `unsupported`, or an activity's type.
        field: The place in the item; empty: the item as a whole.
        message: What is wrong with it.
    """

    reason: str
    field: str
    message: str


class Effect(StrEnum):
    """What became of an item; each item of each request has exactly one."""

    PENDING = "pending"
    """It was answered and takes effect later; then the log tells what became of it."""

    APPLIED = "applied"
    """It took effect."""

    DUPLICATE = "duplicate"
    """An event whose id was seen before: answered like a success, without effect (4)."""

    REFUSED = "refused"
    """Its own error was in the answer."""

    IGNORED = "ignored"
    """It was accepted and had no effect; only an activity, or nothing, tells."""

    NOT_APPLIED = "not_applied"
    """The request as a whole failed, by a fault or a refusal, before this item's turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One item of a request, read and checked as far as that needs no state.

    Attributes:
        index: Place in the batch, from 0.
        action: As asked for: `identify`, `event`, `merge`, …; None: unreadable.
        kind: Which identifier names the person: `id`, `email`, `cio_id`; `anonymous_id` or
            `recipient` of events of nobody yet; empty: none is valid.
        value: That identifier; an email in lower case, a `cio_id` without prefix.
        identifiers: As sent.
        attributes: A person's attributes, an event's data, a `device`, or whom a merge ends
            as `secondary`.
        item_bytes: Size on the wire.
        name: An event's name, trimmed; None for others.
        event_id: An event's id; None: without.
        timestamp: As sent; any JSON value.
        token: A device's; empty for others.
        other: Kind and value of a merge's secondary person; both empty for others.
        path_is_v1: Sent by v1, which cannot answer with errors of an item.
        problems: What is wrong with it; none: it can be applied.
    """

    index: int
    action: str | None
    kind: str = ""
    value: str = ""
    identifiers: Mapping[str, Any] = field(default_factory=dict[str, Any])
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    item_bytes: int
    name: str | None = None
    event_id: str | None = None
    timestamp: object = None
    token: str = ""
    other: tuple[str, str] = ("", "")
    path_is_v1: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one operation.

    Attributes:
        effect: The effect.
        problems: Why it was not applied; the first is logged, all are answered.
        timestamp: The time that counted, in unix seconds; None: none did.
        timestamp_replaced: The time sent was invalid, and the current time took its place.
        would_trigger: Whether the event could start campaigns; None for what is no event.
    """

    effect: Effect
    problems: tuple[Problem, ...] = ()
    timestamp: int | None = None
    timestamp_replaced: bool = False
    would_trigger: bool | None = None


def ignored(reason: str, field: str, message: str) -> Outcome:
    """Return the outcome of what is answered like a success and has no effect."""
    return Outcome(effect=Effect.IGNORED, problems=(Problem(reason, field, message),))


def logged(operation: Operation, outcome: Outcome) -> dict[str, Any]:
    """Return an item as the request log shows it."""
    first = outcome.problems[0] if outcome.problems else (None, None, None)
    sent = operation.timestamp
    timestamp = outcome.timestamp if outcome.timestamp is not None else sent
    return {
        "index": operation.index,
        "action": operation.action,
        "identifiers": operation.identifiers,
        "name": operation.name,
        "event_id": operation.event_id,
        "timestamp": timestamp,
        "timestamp_replaced": outcome.timestamp_replaced,
        "bytes": operation.item_bytes,
        "effect": outcome.effect,
        "reason": first[0],
        "field": first[1],
        "message": first[2],
        "would_trigger": outcome.would_trigger,
        "attributes": operation.attributes,
    }
