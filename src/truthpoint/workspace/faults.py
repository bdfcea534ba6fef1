"""Faults as data: which requests go wrong, how, and how often."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from .operations import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .operations import Operation

LONGEST_DELAY_SECONDS: Final = 600.0
"""A slow answer waits at most so long."""


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which requests a fault meets; every part given must fit.

    Attributes:
        path: A shell pattern for the path as on the wire. None: every path.
        person: A value that an identifier of one of its items has. None: anybody.
        event: The name of one of its events. None: any, or none.
    """

    path: str | None = None
    person: str | None = None
    event: str | None = None

    def fits(self, path: str, operations: Sequence[Operation]) -> bool:
        """Tell whether a request is met."""
        if self.path is not None and not fnmatchcase(path, self.path):
            return False
        if self.person is not None and not any(each.value == self.person for each in operations):
            return False
        return self.event is None or any(each.name == self.event for each in operations)


class Fault(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    omit_defaults=True,
):
    """What all kinds of faults have.

    Attributes:
        name: What the log calls it. None: its kind.
        match: Which requests it meets. Defaults to all.
        times: How often it strikes; None: until it is cleared. Defaults to 1.
        skip: How many requests that it meets pass first. Defaults to 0.
        probability: How likely it strikes a request that it meets, from 0 to 1. Defaults to 1.
        seed: Start of the draws, so that a run can be repeated. Defaults to 0.
    """

    name: str | None = None
    match: Match = msgspec.field(default_factory=Match)
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seed: int = 0

    def selects(self, path: str, operations: Sequence[Operation]) -> bool:
        """Tell whether a request is met."""
        return self.match.fits(path, operations)

    def mistakes(self) -> list[str]:
        """Return what is wrong with the fault's own values; empty: nothing."""
        found: list[str] = []
        if self.times is not None and self.times < 1:
            found.append("times must be at least 1, or null for until cleared")
        if self.skip < 0:
            found.append("skip must be at least 0")
        if not 0 <= self.probability <= 1:
            found.append("probability must be from 0 to 1")
        return found


class StatusFault(Fault, frozen=True, kw_only=True, tag="status"):
    """Answers with a status; nothing is applied unless told.

    Attributes:
        status: From 200 to 599.
        headers: Beside it, `Retry-After` for example. Defaults to none.
        body: Its body. Defaults to none.
        applied: Whether the request takes effect all the same. Defaults to False.
    """

    status: int
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    body: str = ""
    applied: bool = False

    def mistakes(self) -> list[str]:
        """Return what is wrong with the fault's own values; empty: nothing."""
        return [*super().mistakes(), *_answer_mistakes(self.status, self.headers)]


class RawBodyFault(Fault, frozen=True, kw_only=True, tag="raw_body"):
    """Applies everything and answers with any body: HTML, half a JSON, a 207 without fields.

    Attributes:
        body: The body.
        status: From 200 to 599. Defaults to 200.
        headers: Defaults to JSON's content type.
    """

    body: str
    status: int = 200
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])

    def mistakes(self) -> list[str]:
        """Return what is wrong with the fault's own values; empty: nothing."""
        return [*super().mistakes(), *_answer_mistakes(self.status, self.headers)]


class SlowFault(Fault, frozen=True, kw_only=True, tag="slow"):
    """Applies the request at once and answers late.

    Attributes:
        seconds: How late; more than 0, at most 600.
    """

    seconds: float

    def mistakes(self) -> list[str]:
        """Return what is wrong with the fault's own values; empty: nothing."""
        found = super().mistakes()
        if not 0 < self.seconds <= LONGEST_DELAY_SECONDS:
            found.append(f"seconds must be more than 0, at most {LONGEST_DELAY_SECONDS:.0f}")
        return found


class ResetFault(Fault, frozen=True, kw_only=True, tag="reset"):
    """Ends the connection without an answer.

    Attributes:
        when: `before` anything is applied, or `after` all of it is.
    """

    when: Literal["before", "after"]


class ItemsFault(Fault, frozen=True, kw_only=True, tag="items"):
    """Refuses some items of a batch with 207; the others are applied.

    Exactly one of `indexes`, `persons` and `every` is given. A request without such an
    item, or that is no batch, is not met.

    Attributes:
        indexes: Their places, from 0.
        persons: Values of their identifiers.
        every: Every so manieth item of the batch, the first counted as 1.
        reason: Defaults to `invalid`.
        field: Defaults to none.
        message: Defaults to one that says it was injected.
    """

    indexes: tuple[int, ...] | None = None
    persons: tuple[str, ...] | None = None
    every: int | None = None
    reason: str = "invalid"
    field: str = ""
    message: str = "refused by a fault of the local workspace"

    def mistakes(self) -> list[str]:
        """Return what is wrong with the fault's own values; empty: nothing."""
        found = super().mistakes()
        given = [each for each in (self.indexes, self.persons, self.every) if each is not None]
        if len(given) != 1:
            found.append("items needs exactly one of indexes, persons and every")
        if self.every is not None and self.every < 1:
            found.append("every must be at least 1")
        if self.indexes is not None and any(index < 0 for index in self.indexes):
            found.append("indexes must be at least 0")
        return found

    def selects(self, path: str, operations: Sequence[Operation]) -> bool:
        """Tell whether a request is met: a batch with at least one item to refuse."""
        is_batch = path == "/api/v2/batch"
        return is_batch and self.match.fits(path, operations) and any(map(self.hits, operations))

    def hits(self, operation: Operation) -> bool:
        """Tell whether an item is one to refuse."""
        if self.indexes is not None:
            return operation.index in self.indexes
        if self.persons is not None:
            return operation.value in self.persons
        return self.every is not None and (operation.index + 1) % self.every == 0

    def problem(self) -> Problem:
        """Return why the items are refused."""
        return Problem(self.reason, self.field, self.message)


class LimitFault(Fault, frozen=True, kw_only=True, tag="limit"):
    """Strikes only what is more than so many requests in one second of the workspace's clock.

    Attributes:
        per_second: So many that it meets go through; at least 1.
        drops: Whether the others are answered 200 and lost, instead of 429; what reads is
            answered. Defaults to False.
        headers: Beside the 429, `Retry-After` for example. Defaults to none.
        times: Defaults to None: until it is cleared.
    """

    per_second: int
    drops: bool = False
    headers: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    times: int | None = None

    def mistakes(self) -> list[str]:
        """Return what is wrong with the fault's own values; empty: nothing."""
        found = [*super().mistakes(), *_answer_mistakes(429, self.headers)]
        if self.per_second < 1:
            found.append("per_second must be at least 1")
        return found


AnyFault = StatusFault | RawBodyFault | SlowFault | ResetFault | ItemsFault | LimitFault

KINDS: Final = ("items", "limit", "raw_body", "reset", "slow", "status")
"""The kinds, as `kind` names them."""


_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_HEADERS: Final = frozenset({"connection", "content-length", "transfer-encoding"})


def _answer_mistakes(status: int, headers: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    if not 200 <= status <= 599:
        found.append("status must be from 200 to 599")
    for name, value in headers.items():
        if _HEADER_NAME.fullmatch(name) is None or not (value.isascii() and value.isprintable()):
            found.append("headers must be names and values of printable ASCII, on one line")
        elif name.lower() in _OWN_HEADERS:
            found.append(f"headers must not hold {name}, which the server sets")
    return found


@dataclass(slots=True)
class _Armed:
    """A fault at work: what is left of it, and its draws."""

    fault: AnyFault
    met: int = 0
    struck: int = 0
    draws: Callable[[], float] = field(default_factory=lambda: random.Random(0).random)  # noqa: S311 - draws of a test, not secrets

    second: int = 0
    met_in_second: int = 0

    def strikes(self, path: str, operations: Sequence[Operation], now: float) -> bool:
        """Tell whether a request is struck, and count it."""
        is_used_up = self.fault.times is not None and self.struck >= self.fault.times
        if is_used_up or not self.fault.selects(path, operations):
            return False
        self.met += 1
        if self.met <= self.fault.skip or self.draws() >= self.fault.probability:
            return False
        if isinstance(self.fault, LimitFault) and not self._is_over(self.fault.per_second, now):
            return False
        self.struck += 1
        return True

    def _is_over(self, per_second: int, now: float) -> bool:
        """Tell whether a request is more than so many within its second, and count it."""
        if int(now) != self.second:
            self.second, self.met_in_second = int(now), 0
        self.met_in_second += 1
        return self.met_in_second > per_second


class Faults:
    """The rules in force, in their order: the first that strikes wins.

    They are kept in memory: a reset clears them, and so does a restart.
    """

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def put(self, given: object) -> list[str]:
        """Replace all rules.

        Args:
            given: A JSON list of rules, or an object with that list as `faults`.

        Returns:
            What is wrong, by place; then the old rules stay. Empty: nothing.
        """
        if isinstance(given, dict) and set(given) == {"faults"}:  # pyright: ignore[reportUnknownArgumentType] - any JSON
            given = given["faults"]  # pyright: ignore[reportUnknownVariableType] - any JSON
        if not isinstance(given, list):
            return ["send a list of faults, or an object with that list as `faults`"]
        armed: list[_Armed] = []
        wrong: list[str] = []
        rules: list[Any] = given  # pyright: ignore[reportUnknownVariableType] - any JSON
        for index, rule in enumerate(rules):
            try:
                fault: AnyFault = msgspec.convert(rule, AnyFault)
            except msgspec.ValidationError as error:
                kinds = ", ".join(KINDS)
                wrong.append(f"faults[{index}]: {error}; kind is one of {kinds}")
                continue
            wrong += [f"faults[{index}]: {mistake}" for mistake in fault.mistakes()]
            draws = random.Random(fault.seed).random  # noqa: S311 - draws of a test, not secrets
            armed.append(_Armed(fault, draws=draws))
        if not wrong:
            self._armed = armed
        return wrong

    def clear(self) -> None:
        """Forget all rules."""
        self._armed = []

    def strike(self, path: str, operations: Sequence[Operation], now: float) -> AnyFault | None:
        """Return the fault that a request suffers, and count it; None: it suffers none.

        Args:
            path: As on the wire.
            operations: What it asks for.
            now: The workspace's time, in unix seconds.
        """
        struck = (each.fault for each in self._armed if each.strikes(path, operations, now))
        return next(struck, None)

    def shown(self) -> list[dict[str, Any]]:
        """Return the rules, each with how many requests it met and struck."""
        return [
            {**msgspec.to_builtins(each.fault), "met": each.met, "struck": each.struck}
            for each in self._armed
        ]

    @property
    def active_count(self) -> int:
        """How many rules can still strike."""
        return sum(
            1 for each in self._armed if each.fault.times is None or each.struck < each.fault.times
        )
