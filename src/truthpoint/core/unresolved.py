"""What becomes of a record whose person has no canonical id yet, by what it does carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from truthpoint.contract.rules import Unidentified, Unresolved

from .people import ANONYMOUS, EMAIL

if TYPE_CHECKING:
    from truthpoint.contract.model import Contract

    from .people import Identifier, Who


class Fate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What becomes of a record.

    Attributes:
        rule: Under the email, anonymous, or quarantine.
        value: The email or the anonymous id that it lives under; empty in quarantine.
        held_until_ms: It waits so long first; 0: it does not wait.
    """

    rule: Unidentified
    value: str = ""
    held_until_ms: int = 0


LOOKED_AT_MS: Final = 10 * 60_000
"""A record whose time was over before anybody looked at it waits so long all the same, though
never longer than its rule says: what it waits for may stand behind it in the journal."""

_ORDER: Final = (Unidentified.UNDER_EMAIL, Unidentified.ANONYMOUS)
_QUARANTINE: Final = Unresolved(then=Unidentified.QUARANTINE)
_KIND: Final = {Unidentified.UNDER_EMAIL: EMAIL, Unidentified.ANONYMOUS: ANONYMOUS}


def fate(
    contract: Contract,
    who: Who,
    *,
    captured_at_ms: int,
    now_ms: int,
    is_event: bool,
    again: bool = False,
) -> Fate:
    """Return what becomes of a record that leads to nobody.

    The best that its identifiers allow: an email before an anonymous id, before waiting,
    before quarantine. It waits from its capture on, once: when the time is over it is decided
    by the rule behind it. After a long stop it waits a little from its first decision on.

    Args:
        contract: The contract.
        who: What the record carries.
        captured_at_ms: When it was captured.
        now_ms: The present.
        is_event: Whether it tells an event; nothing else can be anonymous.
        again: Whether it was decided before.
    """
    # What an event ties to its person, such as its own order, is no sign of who that is where
    # the record carries a better one: money must not wait for an order that nobody else names.
    rules = [(one, _rule(contract, one)) for one in who.links or who.permanent]
    waits = max((rule.hold_ms for _, rule in rules), default=0)
    at_once = _best([(one, rule) for one, rule in rules if not rule.hold_ms], is_event=is_event)
    if at_once.rule is not Unidentified.QUARANTINE:
        return at_once
    until_ms = captured_at_ms + waits
    if not again:
        until_ms = max(until_ms, now_ms + min(waits, LOOKED_AT_MS))
    if waits and now_ms < until_ms:
        return Fate(rule=Unidentified.QUARANTINE, held_until_ms=until_ms)
    return _best(rules, is_event=is_event)


def _rule(contract: Contract, identifier: Identifier) -> Unresolved:
    kind, _ = identifier
    rules = contract.person.unresolved
    return rules.get(kind) or rules.get("other") or _QUARANTINE


def _best(rules: list[tuple[Identifier, Unresolved]], *, is_event: bool) -> Fate:
    for wanted in _ORDER:
        if wanted is Unidentified.ANONYMOUS and not is_event:
            continue
        for (kind, value), rule in rules:
            if rule.then is wanted and _KIND[wanted] == kind:
                return Fate(rule=wanted, value=value)
    return Fate(rule=Unidentified.QUARANTINE)
