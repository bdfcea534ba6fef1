"""What is known of a person's attributes, and what of a change must be told (laws 11, 12).

Each attribute has the value that became true last, by its own time: older news changes
nothing, and at equal times the values themselves decide, so that the order of arrival
does not. A consent has what all sources said about it (`core.consent`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from truthpoint.contract.rules import Channel
from truthpoint.findings import Finding, Where, finding
from truthpoint.values.instants import to_seconds

from .consent import NOTHING, Heard, joined, latest_ms, say, state
from .examined import IDENTIFIER_ATTRIBUTES
from .texts import normal_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from truthpoint.contract.model import Contract
    from truthpoint.contract.rules import Consent

MAX_ATTRIBUTES: Final = 300
"""Most attributes that Customer.io keeps of a person (customerio-api, 2.12)."""

_PREFERENCES: Final = "cio_subscription_preferences"


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One attribute as it is known.

    Attributes:
        value: In normalised form; None: it was removed.
        at_ms: When that became true.
    """

    value: object
    at_ms: int


class Profile(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What is known of one person.

    Attributes:
        attributes: Name to what is known; consents are not among them.
        consents: Name of a consent attribute to what was said about it.
        told_ms: Name to the time with which it was last sent, of consents and of what was
            sent with a later time than its own.
        unsent: Attributes for which there was no room at Customer.io, in order of arrival.
    """

    attributes: dict[str, Kept] = msgspec.field(default_factory=dict[str, Kept])
    consents: dict[str, Heard] = msgspec.field(default_factory=dict[str, Heard])
    told_ms: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    unsent: tuple[str, ...] = ()


class Update(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one record says of a person.

    Attributes:
        attributes: Name to value in normalised form, declared ones only; None removes.
        at_ms: When it became true.
        source: Who says it.
        from_customerio: Whether Customer.io reports it, and so has it already.
        history: Whether a backfill carries it.
    """

    attributes: Mapping[str, object]
    at_ms: int
    source: str
    from_customerio: bool = False
    history: bool = False


class Applied(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a profile.

    Attributes:
        profile: The profile afterwards.
        changed: What must be sent now, by the contract's names; empty: nothing.
        at_ms: The time to send it with: at least that of everything it takes the place of,
            because Customer.io passes over what is older than what it has.
        consent_changed: Whether a consent is among it, so that it is a barrier (law 7).
        findings: What was found.
    """

    profile: Profile
    changed: Mapping[str, object]
    at_ms: int
    consent_changed: bool
    findings: tuple[Finding, ...] = ()


_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_decode: Final = msgspec.json.Decoder(Profile, float_hook=Decimal).decode


def to_json(profile: Profile) -> bytes:
    """Return a profile as one JSON object, numbers as they are written."""
    return _encode(profile)


def from_json(encoded: bytes) -> Profile:
    """Return the profile that `to_json` wrote."""
    return _decode(encoded)


def apply(profile: Profile, update: Update, contract: Contract) -> Applied:
    """Return a profile after an update, and what of it must be sent.

    Only what is now another is sent. Equal news that is younger moves the time alone. To
    remove what was never known is sent, for Customer.io may know it from elsewhere. A null
    is no word about a consent.

    Args:
        profile: What was known.
        update: What is said.
        contract: The contract, for its consents and for how many totals it sends.
    """
    consents = _consents(contract)
    kept, heard = dict(profile.attributes), dict(profile.consents)
    told_ms = dict(profile.told_ms)
    changed: dict[str, object] = {}
    found: list[Finding] = []
    for name, value in update.attributes.items():
        if name not in consents:
            before = kept.get(name)
            now = _later(before, Kept(value, update.at_ms))
            kept[name] = now
            if before is None or _rank(before.value) != _rank(now.value):
                changed[name] = now.value
        elif value is None:
            found.append(_at("consent_null", name, f"`{name}` is a consent, and null."))
        else:
            granted, was = value is True, heard.get(name, NOTHING)
            heard[name] = say(
                was, update.source, update.at_ms, granted=granted, history=update.history
            )
            if state(heard[name]) is not _at_customerio(name, profile, update, granted=granted):
                changed[name] = state(heard[name])
            if update.from_customerio:
                told_ms[name] = max(update.at_ms, told_ms.get(name, update.at_ms))
    after = replace(profile, attributes=kept, consents=heard, told_ms=told_ms)
    if profile.unsent or len(kept) + _taken(heard, contract) > MAX_ATTRIBUTES:
        after = _with_room(after, profile, changed, contract, found)
    return _told(after, changed, update.at_ms, tuple(found))


def combine(primary: Profile, secondary: Profile, *, same_person: bool) -> Applied:
    """Return what is known of two people who become one.

    Two who were the same person all along have the values that became true last. Otherwise
    the primary's stand, as in Customer.io's own merge, and only what it has not is taken
    over. A withdrawal of either may be sent; a grant never is.

    Args:
        primary: The person who stays.
        secondary: The person who is joined to them.
        same_person: Whether both were one person all along, who went by two identifiers.
    """
    kept, heard = dict(primary.attributes), dict(primary.consents)
    told_ms = dict(primary.told_ms)
    changed: dict[str, object] = {}
    at_ms = 0
    for name, theirs in secondary.attributes.items():
        ours = kept.get(name)
        if same_person:
            kept[name] = _later(ours, theirs)
        elif ours is None or ours.value in (None, ""):
            kept[name] = theirs
        differs = ours is not None and _rank(ours.value) != _rank(theirs.value)
        if differs and (same_person or name in primary.unsent):
            changed[name] = kept[name].value
    for name in primary.consents | secondary.consents:
        ours, theirs = heard.get(name, NOTHING), secondary.consents.get(name, NOTHING)
        now = joined(ours, theirs, same_person=same_person)
        if now.sources or now.history:
            heard[name] = now
        if state(now) is False and not _both_withdrawn(ours, theirs, same_person=same_person):
            changed[name] = False
            at_ms = max(at_ms, latest_ms(now))
    for name, theirs_ms in secondary.told_ms.items():
        told_ms[name] = max(theirs_ms, told_ms.get(name, theirs_ms))
    sent = _sent(primary) | _sent(secondary)
    unsent = dict.fromkeys(primary.unsent + secondary.unsent)
    unsent = {name: None for name in unsent if name not in sent and kept[name].value is not None}
    for name in changed.keys() & unsent.keys():
        del changed[name]
    after = Profile(attributes=kept, consents=heard, told_ms=told_ms, unsent=tuple(unsent))
    return _told(after, changed, at_ms)


def held(profile: Profile) -> dict[str, object]:
    """Return what Customer.io is to have of somebody, identifiers apart: no consent but denials.

    To be told once more, where another profile may have overwritten it there.
    """
    plain = {
        name: kept.value
        for name, kept in profile.attributes.items()
        if kept.value is not None and name not in (*profile.unsent, *IDENTIFIER_ATTRIBUTES)
    }
    denied = {name: False for name, said in profile.consents.items() if state(said) is False}
    return {**plain, **denied}


def times(profile: Profile, names: Iterable[str]) -> Iterator[int]:
    """Yield when attributes became true, and with which times they were told."""
    for name in names:
        if name in profile.attributes:
            yield profile.attributes[name].at_ms
        if name in profile.told_ms:
            yield profile.told_ms[name]


def wire_attributes(contract: Contract, changed: Mapping[str, object]) -> dict[str, object]:
    """Return changed attributes as Customer.io takes them.

    A consent goes out as itself and as the topic that it is about, under a dotted key, which
    leaves the other topics alone; the channel `all` as the opposite of `unsubscribed`.

    Args:
        contract: The contract.
        changed: Name to value, as `apply` and `combine` return it.
    """
    consents = _consents(contract)
    told = dict(changed)
    for name, value in changed.items():
        consent = consents.get(name)
        if consent is None:
            continue
        if consent.channel is Channel.ALL:
            told["unsubscribed"] = not value
        else:
            told[f"{_PREFERENCES}.topics.topic_{consent.topic}"] = value
    return told


def _consents(contract: Contract) -> dict[str, Consent]:
    return {one.name: one.consent for one in contract.person.attributes if one.consent is not None}


def _rank(value: object) -> tuple[bool, str]:
    """Return a value so that equal ones are equal; what was removed is the least."""
    return (False, "") if value is None else (True, normal_text(value))


def _later(before: Kept | None, now: Kept) -> Kept:
    """Return which of two is known from now on."""
    if before is None or now.at_ms > before.at_ms:
        return now
    if now.at_ms < before.at_ms or _rank(now.value) <= _rank(before.value):
        return before
    return now


def _both_withdrawn(ours: Heard, theirs: Heard, *, same_person: bool) -> bool:
    """Tell whether Customer.io has the withdrawal on whichever of two profiles stays there."""
    silent = state(theirs) is None and not same_person
    return state(ours) is False and (silent or state(theirs) is False)


def _at_customerio(name: str, profile: Profile, update: Update, *, granted: bool) -> bool | None:
    """Return what Customer.io has of a consent: its own word, if it has nothing younger.

    It compares whole seconds, and its reports are no finer.
    """
    told_ms = profile.told_ms.get(name, update.at_ms)
    if update.from_customerio and to_seconds(update.at_ms) >= to_seconds(told_ms):
        return granted
    return state(profile.consents.get(name, NOTHING))


def _sent(profile: Profile) -> set[str]:
    """Return the names of the attributes that Customer.io has, consents apart."""
    held = {name for name, kept in profile.attributes.items() if kept.value is not None}
    return held.difference(profile.unsent)


def _taken(heard: Mapping[str, Heard], contract: Contract) -> int:
    """Return how many attributes at Customer.io are no ordinary ones: consents and totals."""
    consents = _consents(contract)
    channels = {consents[name].channel is Channel.ALL for name in heard.keys() & consents.keys()}
    return len(heard) + len(channels) + len(contract.rollups) + len(contract.buckets)


def _with_room(
    after: Profile,
    before: Profile,
    changed: dict[str, object],
    contract: Contract,
    found: list[Finding],
) -> Profile:
    """Return the profile with what Customer.io has no room for; `changed` loses that.

    What waited longest goes first once there is room again.
    """
    held = {name for name, kept in after.attributes.items() if kept.value is not None}
    for name in before.unsent:
        if name not in held:
            # It never went out, so there is nothing to remove.
            changed.pop(name, None)
    sent = _sent(before)
    waiting = [name for name in before.unsent if name in held]
    waiting += [n for n in changed if n in held and n not in sent and n not in waiting]
    room_count = MAX_ATTRIBUTES - _taken(after.consents, contract) - len(held & sent)
    fitting = max(room_count, 0)
    for name in waiting[:fitting]:
        changed[name] = after.attributes[name].value
    for name in waiting[fitting:]:
        if name in changed:
            del changed[name]
            evidence = f"There is no room for `{name}` among this person's attributes."
            found.append(_at("attributes_full", name, evidence))
    return replace(after, unsent=tuple(waiting[fitting:]))


def _told(
    profile: Profile, changed: Mapping[str, object], at_ms: int, findings: tuple[Finding, ...] = ()
) -> Applied:
    """Return what is sent and when, and remember times that are not the attribute's own."""
    own_ms = [
        kept.at_ms
        for name, kept in profile.attributes.items()
        if name in changed and name not in profile.consents
    ]
    consent_changed = not changed.keys().isdisjoint(profile.consents)
    # All topics are one attribute at Customer.io, which has one time.
    replaced = changed.keys() | profile.consents.keys() if consent_changed else changed.keys()
    at_ms = max([at_ms, *own_ms, *(profile.told_ms.get(name, at_ms) for name in replaced)])
    return Applied(
        profile=sent(profile, changed, at_ms),
        changed=changed,
        at_ms=at_ms,
        consent_changed=consent_changed,
        findings=findings,
    )


def sent(profile: Profile, changed: Iterable[str], at_ms: int) -> Profile:
    """Return a profile that remembers with which time attributes are sent.

    Args:
        profile: The profile, with these attributes as they are sent.
        changed: Their names.
        at_ms: The time, at least that of each of them.
    """
    told_ms = dict(profile.told_ms)
    for name in changed:
        kept = None if name in profile.consents else profile.attributes.get(name)
        if kept is not None and kept.at_ms == at_ms:
            told_ms.pop(name, None)
        else:
            told_ms[name] = at_ms
    return replace(profile, told_ms=told_ms)


def _at(code: str, name: str, evidence: str) -> Finding:
    return finding(code, evidence, where=Where(path=f"attributes.{name}"))
