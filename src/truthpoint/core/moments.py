"""Deciding events: claims, repeats, versions, corrections, totals, starts and closes."""

from __future__ import annotations

from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.contract.closing import starts, ties_of
from truthpoint.findings import Finding, finding
from truthpoint.values.event_id import event_id
from truthpoint.values.instants import HORIZON_MS

from . import rollups
from .decision import LedgerRow, Reason
from .keying import ends_of
from .outbox import Action, Operation, Standing
from .people import EMAIL
from .texts import encode, key_text, normal_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from truthpoint.contract.model import Contract, Event

    from .batch import Batch
    from .decision import JournalRow, LedgerKey
    from .examined import Ends, Moment
    from .people import PersonRow


def ledger_key(moment: Moment) -> LedgerKey:
    """Return the ledger key of a moment that has one."""
    return moment.event.name, key_text(moment.key)


def version_key(moment: Moment) -> LedgerKey:
    """Return under which key the ledger keeps that a version of a moment was told.

    Versions are told beside each other while a shop changes over: the moment is one, and
    counts once; each wire name goes once (law 14).
    """
    return f"{moment.event.name}@{moment.event.version}", key_text(moment.key)


def version_keys(contract: Contract, moment: Moment) -> list[LedgerKey]:
    """Return the keys of all versions of a moment; none where its event has only one."""
    event = contract.events[moment.event.name]
    if not event.earlier:
        return []
    key = key_text(moment.key)
    return [(f"{event.name}@{one.version}", key) for one in (*event.earlier, event)]


def correction_key(event: str, key: str) -> LedgerKey:
    """Return under which key the ledger keeps what corrects a moment."""
    return f"{event}@corrected", key


def keys_of(contract: Contract, moments: Iterable[Moment]) -> frozenset[LedgerKey]:
    """Return all ledger keys that moments may claim, or may have to do with."""
    corrected = corrected_events(contract)
    awaiting = {
        name: rollups.EventRollups(contract, contract.events[name])
        for name in rollups.awaiting(contract)
    }
    found: set[LedgerKey] = set()
    for moment in moments:
        event = moment.event
        if moment.key:
            name = ledger_key(moment)
            found.add(name)
            found.update(version_keys(contract, moment))
            if event.name in corrected:
                found.add(correction_key(*name))
            if event.name in awaiting:
                found |= awaiting[event.name].awaits(moment.values)
        if event.corrects is not None:
            found |= {_corrected(moment), correction_key(*_corrected(moment))}
    return frozenset(found)


def corrected_events(contract: Contract) -> frozenset[str]:
    """Return the names of the events that another event corrects."""
    corrections = (one.corrects for one in contract.events.values())
    return frozenset(one.event for one in corrections if one is not None)


def _has_versions(contract: Contract, event: Event) -> bool:
    """Tell whether more than one version of an event is told at present."""
    return bool(contract.events[event.name].earlier)


def _corrected(moment: Moment) -> LedgerKey:
    """Return the ledger key of the moment that another one corrects."""
    correction = moment.event.corrects
    assert correction is not None
    key = key_text([normal_text(moment.values[name]) for name in correction.by])
    return correction.event, key


class Moments:
    """Decides the events of one batch.

    Args:
        batch: The batch.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self._contract = batch.contract
        self._starts = starts(self._contract)
        self._ties = ties_of(self._contract)
        self._corrected = corrected_events(self._contract)
        self._rollups: dict[str, rollups.EventRollups] = {}
        self._corrections: dict[tuple[str, int], rollups.Corrections] = {}

    def is_repeat(self, row: JournalRow, moment: Moment) -> bool:
        """Decide a repeat, and tell whether it was one; it teaches and changes nothing."""
        if not moment.key:
            return False
        earlier = self._batch.ledger.get(ledger_key(moment))
        if earlier is None or self._is_new_version(moment):
            return False
        person = self._batch.registry.survivor(earlier.person)
        compare = _digest(moment.compare)
        # One of the two may be from before the contract said what to compare.
        if compare == earlier.compare or not compare or not earlier.compare:
            reason, evidence = Reason.DUPLICATE, f"A repeat of record {earlier.record}."
        else:
            names = ", ".join(f"`{name}`" for name in moment.event.compare)
            reason = Reason.CONFLICT
            evidence = f"It differs from record {earlier.record} in what it says of {names}."
        self._batch.note(row, (finding(reason.value, evidence),))
        self._batch.withhold(row, reason, event=moment.event.name, person=person, key=earlier.key)
        return True

    def _is_new_version(self, moment: Moment) -> bool:
        """Tell whether a moment that is known was not yet told under this wire name."""
        ledger, keys = self._batch.ledger, version_keys(self._contract, moment)
        if not keys or version_key(moment) in ledger:
            return False
        # From before there was a second version: it was told in the first one.
        return version_key(moment) != keys[0] or any(one in ledger for one in keys)

    def take(self, row: JournalRow, moment: Moment, person: PersonRow) -> None:
        """Decide an event that is no repeat."""
        event = moment.event
        operation = self._operation(row, moment, person)
        if event.closes:
            self.close(person, moment.at_ms, ends_of(event, moment.values))
        if event.corrects is not None:
            self._correct(row, moment, operation)
        if not moment.key:
            self._count(row, moment, operation, "")
            return
        name, key = ledger_key(moment)
        if _has_versions(self._contract, event):
            earlier = self._batch.ledger.get((name, key))
            if earlier is not None:
                self._claim_first_version(moment, earlier)
            self._batch.claim(self._row(version_key(moment), moment, operation, {}))
            if earlier is not None:
                return
        added = self._count(row, moment, operation, key)
        self._batch.claim(self._row((name, key), moment, operation, added))

    def _claim_first_version(self, moment: Moment, earlier: LedgerRow) -> None:
        """Remember in which version a moment was told that is from before there were several."""
        keys = version_keys(self._contract, moment)
        if not any(one in self._batch.ledger for one in keys):
            self._batch.claim(replace(earlier, event=keys[0][0], contributions={}))

    def close(self, person: PersonRow | None, at_ms: int, ends: tuple[Ends, ...]) -> None:
        """Close the starts that an event closes (law 9).

        Args:
            person: Whose it is; None: nobody's, as far as is known.
            at_ms: When it happened.
            ends: What it closes, and by what.
        """
        for close, tie in ends:
            until_ms = at_ms + close.skew_ms
            if tie:
                self._batch.close(close.event, tie, until_ms)
            elif close.else_person and person is not None:
                self._batch.close(close.event, person.person, until_ms)

    def is_tried_out_on(self, person: PersonRow) -> bool:
        """Tell whether what is being tried out goes to somebody (`stage: qa`)."""
        qa = self._contract.qa
        if qa is None:
            # Nobody is named to try it out on.
            return False
        if any(fnmatchcase(person.canonical_id or "", pattern) for pattern in qa.ids):
            return True
        email = self._batch.registry.links.present(person.person, EMAIL) or ""
        return bool(email) and any(fnmatchcase(email, one.lower()) for one in qa.emails)

    def _operation(self, row: JournalRow, moment: Moment, person: PersonRow) -> Operation:
        event = moment.event
        identity = moment.key or (row.source, row.record_id)
        ulid = event_id(self._contract.shop, event.wire, identity)
        expires_at_ms, tie = 0, None
        if event.name in self._starts:
            age_ms = HORIZON_MS if event.stale_after_ms is None else event.stale_after_ms
            expires_at_ms = moment.at_ms + age_ms
            tie = normal_text(moment.values[self._ties[event.name]]) or None
        attributes = _with_event_id(moment.encoded, ulid)
        if tie is not None:
            self._batch.starts[event.name, tie] = attributes
        operation = Operation(
            id=self._batch.next_operation,
            person=person.person,
            record=row.record,
            lane=event.lane,
            action=Action.EVENT,
            event=event.name,
            name=event.wire,
            event_id=ulid,
            at_ms=moment.at_ms,
            attributes=attributes,
            barrier=bool(event.closes) or expires_at_ms > 0,
            tie=tie,
            expires_at_ms=expires_at_ms,
        )
        return self._batch.put(operation)

    def _row(
        self,
        name: LedgerKey,
        moment: Moment,
        operation: Operation,
        added: Mapping[str, object],
    ) -> LedgerRow:
        event, key = name
        correlation = moment.event.correlation
        ties = "" if correlation is None else normal_text(moment.values[correlation])
        return LedgerRow(
            event=event,
            key=key,
            person=operation.person,
            at_ms=moment.at_ms,
            record=operation.record,
            operation=operation.id,
            compare=_digest(moment.compare),
            # An empty text is a property's default: it ties to nothing.
            correlation=ties or None,
            contributions=added,
        )

    def rollups_of(self, event: Event) -> rollups.EventRollups:
        """Return what moments of an event do to totals."""
        known = self._rollups.get(event.name)
        if known is None:
            current = self._contract.events[event.name]
            known = self._rollups[event.name] = rollups.EventRollups(self._contract, current)
        return known

    def _corrections_of(self, event: Event) -> rollups.Corrections:
        known = self._corrections.get((event.name, event.version))
        if known is None:
            known = rollups.Corrections(self._contract, event)
            self._corrections[event.name, event.version] = known
        return known

    def _count(
        self, row: JournalRow, moment: Moment, operation: Operation, key: str
    ) -> Mapping[str, object]:
        """Add a moment to its person's totals, and return what it adds."""
        totalled = self.rollups_of(moment.event)
        added, foreign = totalled.contributions(moment.values, row.captured_at_ms)
        if foreign:
            self._batch.note(row, [_foreign(self._contract, name) for name in foreign])
        if moment.event.name in self._corrected:
            said = self._batch.ledger.get(correction_key(moment.event.name, key))
            if said is not None:
                added = rollups.corrected(added, said.contributions)
        if totalled.touched:
            before = self._batch.totals(operation.person).values
            values = totalled.fold(before, moment.at_ms, added, key, self._batch.ledger)
            self._batch.total(operation.person, values, operation.id)
        return added

    def _correct(self, row: JournalRow, moment: Moment, operation: Operation) -> None:
        """Let a correction take the place of what it corrects in totals.

        The latest correction counts; ties go by its name, key and words, so that the order of
        arrival says nothing. It waits in the ledger for a moment that is not there yet.
        """
        name = _corrected(moment)
        place = correction_key(*name)
        rank = _rank(moment)
        corrected = self._batch.ledger.get(name)
        self._batch.note(row, _remarks(corrected, self._survivor(corrected), operation.person))
        before = self._batch.ledger.get(place)
        if before is not None and (before.correlation or "") >= rank:
            return
        corrections = self._corrections_of(moment.event)
        if corrections.without_effect:
            evidence = "It has no property, or not all, of which a total is made."
            self._batch.note(row, [finding("corrected_nothing", evidence)])
        said, foreign = corrections.said(moment.values)
        self._batch.note(row, [_foreign(self._contract, one) for one in foreign])
        kept = replace(self._row(place, moment, operation, said), correlation=rank)
        if before is None:
            self._batch.claim(kept)
        else:
            self._batch.correct(kept)
        if corrected is None or self._is_erased(corrected):
            return
        contributions = rollups.corrected(corrected.contributions, said)
        self._batch.correct(replace(corrected, contributions=contributions))
        self._recompute(self._batch.registry.survivor(corrected.person), operation)

    def _survivor(self, row: LedgerRow | None) -> int | None:
        return None if row is None else self._batch.registry.survivor(row.person)

    def _is_erased(self, row: LedgerRow) -> bool:
        """Tell whether a moment is somebody's who was erased: they have no totals."""
        registry = self._batch.registry
        return registry.row(registry.survivor(row.person)).standing is Standing.ERASED

    def _recompute(self, person: int, operation: Operation) -> None:
        """Compute somebody's totals anew from the ledger."""
        batch = self._batch
        values = rollups.renewed(
            self._contract,
            batch.totals(person).values,
            batch.moments_of(person),
            batch.ledger.keys(),
            batch.known.now_ms,
        )
        batch.total(person, values, operation.id)


def _rank(moment: Moment) -> str:
    """Return the place of a correction among those of one moment, as text that sorts."""
    words = sha256(moment.encoded).hexdigest()[:16]
    return f"{moment.at_ms:020d} {moment.event.name} {key_text(moment.key)} {words}"


def _remarks(corrected: LedgerRow | None, owner: int | None, person: int) -> Iterator[Finding]:
    """Yield what is odd about a correction."""
    if corrected is None:
        yield finding("corrected_unknown", "No such moment was told yet.")
    elif owner != person:
        yield finding("corrected_of_another", "The moment is another person's.")


def _with_event_id(encoded: bytes, ulid: str) -> bytes:
    """Return properties that are one JSON object with the event's id behind them."""
    comma = b"" if encoded == b"{}" else b","
    return b'%b%b"event_id":"%b"}' % (encoded[:-1], comma, ulid.encode())


def _digest(texts: Sequence[str]) -> bytes:
    """Return 8 bytes that tell what a moment says to `compare`; empty when it says nothing."""
    return sha256(encode(list(texts))).digest()[:8] if texts else b""


def _foreign(contract: Contract, rollup: str) -> Finding:
    evidence = f"The moment is not in {contract.currency}, the currency of `{rollup}`."
    return finding("currency_not_reporting", evidence)
