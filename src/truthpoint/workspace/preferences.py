"""Subscription topics: an object replaces them all, a dotted key changes one (8.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from .asked import as_object
from .messages import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .attributes import Kept

NAME: Final = "cio_subscription_preferences"
COMPUTED: Final = f"_{NAME}_computed"
"""Shown by the App API beside it, defaults filled in; here no topic has a default."""

_DOTTED: Final = re.compile(rf"{NAME}\.topics\.(topic_[0-9]+)", re.ASCII)
_TOPIC: Final = re.compile(r"topic_([0-9]{1,9})", re.ASCII)


def fold(values: Mapping[str, Any], kept: Mapping[str, Kept]) -> dict[str, Any]:
    """Return an update's attributes with dotted topics put into the one attribute they change.

    A key that is misspelt stays an attribute of its own, as at Customer.io.
    """
    changed: dict[str, Any] = {}
    for name, value in values.items():
        found = _DOTTED.fullmatch(name)
        if found is not None:
            changed[found[1]] = value
    if not changed:
        return dict(values)
    before = values[NAME] if NAME in values else _now(kept)
    base = as_object(before)
    topics = {**as_object(base.get("topics")), **changed}
    # Empty means: the topic's own default.
    live = {name: value for name, value in topics.items() if value not in (None, "")}
    rest = {name: value for name, value in values.items() if _DOTTED.fullmatch(name) is None}
    return {**rest, NAME: {**base, "topics": live}}


def _now(kept: Mapping[str, Kept]) -> object:
    before = kept.get(NAME)
    return None if before is None or before.value is None else decode(before.value)


def topics(value: object) -> dict[int, bool]:
    """Return the topics that a person's attribute names, by number."""
    found: dict[int, bool] = {}
    for name, told in as_object(as_object(value).get("topics")).items():
        matched = _TOPIC.fullmatch(name)
        if matched is not None and isinstance(told, bool):
            found[int(matched[1])] = told
    return dict(sorted(found.items()))


def computed(value: object) -> dict[str, Any]:
    """Return what the App API shows as `_cio_subscription_preferences_computed`."""
    return {"topics": {f"topic_{number}": told for number, told in topics(value).items()}}
