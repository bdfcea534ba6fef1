"""What a batch is about, so what must be loaded before it can be decided.

In steps, because people hang on links, and totals on people: first what starts have said that
its records lack (`Plan.ties`), because that may name keys and people (`Plan.foreseen`); then
`ids`, `identifiers` and `keys`; the people that these lead to say what else is needed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from truthpoint.contract.closing import ties_of

from . import rollups
from .examined import (
    Erasing,
    Identity,
    Lacking,
    Linking,
    Merging,
    Moment,
    NotOwner,
    Word,
)
from .moments import keys_of
from .people import ANONYMOUS, ID
from .texts import normal_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from truthpoint.contract.model import Contract

    from .decision import JournalRow, LedgerKey, LedgerRow, Tie
    from .examine import Examiner
    from .examined import Examined
    from .outbox import Totals
    from .people import Identifier, LinkRow, PersonRow, Who
    from .records import Record


class Plan(msgspec.Struct, frozen=True, gc=False):
    """A batch that was examined, and what it needs to know.

    Attributes:
        rows: The records.
        examined: What each is under the contract, in the same order; behind them, what those
            that lack something may be.
        examiner: The contract, compiled.
        moments: The valid events among them.
        others: All else that is among them.
    """

    rows: tuple[JournalRow, ...]
    examined: tuple[Examined, ...]
    examiner: Examiner
    moments: tuple[Moment, ...]
    others: tuple[Examined, ...]

    @property
    def contract(self) -> Contract:
        """The contract."""
        return self.examiner.contract

    def foreseen(self, starts: Mapping[Tie, bytes]) -> Plan:
        """Return the plan with all that its incomplete records may be once they are completed.

        Which start completes one is only known when it is decided: one that the store knows, or
        one of the same batch. What to load is asked of every one of them.

        Args:
            starts: What the store knows of `ties`.
        """
        waiting = [
            (row, one)
            for row, one in zip(self.rows, self.examined, strict=True)
            if isinstance(one, Lacking)
        ]
        if not waiting:
            return self
        found = [self._completed(row, one, starts) for row, one in waiting]
        told = [one for one in (*self.moments, *found) if isinstance(one, Moment)]
        for said in _said(self.contract, told, self.ties):
            name, _ = said
            found += [
                self._completed(row, one, {**starts, **dict([said])})
                for row, one in waiting
                if any(name == (event, tie) for _, event, tie, _ in one.lacks)
            ]
        return replace(
            self,
            examined=(*self.examined, *found),
            moments=(*self.moments, *(one for one in found if isinstance(one, Moment))),
            others=(*self.others, *(one for one in found if not isinstance(one, Moment))),
        )

    def _completed(
        self, row: JournalRow, lacking: Lacking, starts: Mapping[Tie, bytes]
    ) -> Examined:
        record = completed(lacking, starts)
        return self.examiner.examine(record, source=row.source, completed=True)

    @property
    def named(self) -> list[Who]:
        """Whom the records name."""
        found = [one.who for one in self.examined]
        found += [one.other for one in self.others if isinstance(one, Merging)]
        before = [one.before for one in self.others if isinstance(one, Identity)]
        return found + [one for one in before if one is not None]

    @property
    def ids(self) -> frozenset[str]:
        """Canonical ids of the people that it is about."""
        return frozenset(who.id for who in self.named if who.id is not None)

    @property
    def identifiers(self) -> frozenset[Identifier]:
        """All other identifiers that it carries."""
        return frozenset(one for who in self.named for one in who.identifiers)

    @property
    def keys(self) -> frozenset[LedgerKey]:
        """Ledger keys that it may claim, or may have to do with."""
        return keys_of(self.contract, self.moments)

    def awaited(
        self, totals: Iterable[Totals], moments: Iterable[LedgerRow]
    ) -> frozenset[LedgerKey]:
        """Return ledger keys of what others' moments may have brought already.

        Two people's totals that are joined, and totals that are computed anew, ask for them.

        Args:
            totals: The totals that it may change.
            moments: The moments of people whose totals may be computed anew.
        """
        waits = (rollups.waits_for(one.values) for one in (totals if self.teaches else ()))
        return rollups.awaited(self.contract, moments).union(*waits)

    @property
    def ties(self) -> frozenset[Tie]:
        """Ties of the starts that say what its records lack."""
        return frozenset(
            (event, tie)
            for one in self.others
            if isinstance(one, Lacking)
            for _, event, tie, _ in one.lacks
        )

    @property
    def teaches(self) -> bool:
        """Whether it may join people, or asks for an email: then all links of its people count."""
        return any(one.event.stage or _is_visit(one.who) for one in self.moments) or any(
            isinstance(one, _SAYINGS)
            or (isinstance(one, NotOwner | Lacking) and _is_visit(one.who))
            for one in self.others
        )

    @property
    def erases(self) -> bool:
        """Whether it erases somebody: then who else an identifier leads to matters too."""
        return any(isinstance(one, Erasing) for one in self.others)

    @property
    def tells(self) -> bool:
        """Whether it says something of people's attributes, or may join people who have some."""
        return any(isinstance(one, (*_SAYINGS, Word)) for one in self.others)

    @property
    def corrects(self) -> bool:
        """Whether it corrects moments: then totals may be computed anew."""
        return any(one.event.corrects is not None for one in self.moments)

    @property
    def asks_for_words(self) -> bool:
        """Whether it matters when the owner of an event was heard last."""
        return any(one.stands_in for one in self.moments)

    def people_with_totals(
        self, people: Iterable[PersonRow], links: Iterable[LinkRow]
    ) -> list[int]:
        """Return the keys of the known people whose totals it may change.

        Args:
            people: Everybody whom it may be about.
            links: All links of the identifiers that it carries, and of its strange ids.
        """
        if self.teaches or self.corrects:
            return [row.person for row in people]
        touching = rollups.touching(self.contract)
        ids = {one.who.id for one in self.moments if one.event.name in touching}
        others = None in ids or any(isinstance(one, Lacking) for one in self.others)
        # An id that a merge made a link names whoever it leads to, beside their own.
        led_to = {one.person for one in links if one.kind == ID and one.value in ids}
        # Whom no id of the batch names stands behind another link.
        named = self.ids
        return [
            row.person
            for row in people
            if others
            or row.canonical_id in ids
            or row.canonical_id not in named
            or row.person in led_to
        ]

    def buried(self) -> Iterator[Identifier]:
        """Yield everything by which somebody who was erased could be known."""
        for who in self.named:
            yield from who.identifiers
            if who.id is not None:
                yield (ID, who.id)


def _is_visit(who: Who) -> bool:
    """Tell whether a record carries an anonymous id, whose visitor becomes part of somebody."""
    return any(kind == ANONYMOUS for kind, _ in who.links)


def plan(rows: Iterable[JournalRow], examiner: Examiner) -> Plan:
    """Read and examine a batch."""
    taken = tuple(rows)
    examined = tuple(
        examiner.examine_body(
            row.body,
            source=row.source,
            captured_at_ms=row.captured_at_ms,
            # An operator who releases it from quarantine takes it as a record of its own.
            kept_as=None if row.replayed else row.record_id,
        )
        for row in taken
    )
    moments = tuple(one for one in examined if isinstance(one, Moment))
    others = tuple(one for one in examined if not isinstance(one, Moment))
    return Plan(taken, examined, examiner, moments, others)


def _said(
    contract: Contract, moments: Iterable[Moment], ties: Collection[Tie]
) -> Iterator[tuple[Tie, bytes]]:
    """Yield what starts among moments say that have one of these ties."""
    properties = ties_of(contract)
    for one in moments:
        by = properties.get(one.event.name)
        if by is not None:
            name = (one.event.name, normal_text(one.values[by]))
            if name in ties:
                yield name, one.encoded


_SAYINGS = (Identity, Linking, Merging, Erasing)
"""What is asserted of people."""


def completed(lacking: Lacking, starts: Mapping[Tie, bytes]) -> Record:
    """Return a record with what its start has said, as far as that is known."""
    body = dict(lacking.record.body)
    for name, event, tie, taken in lacking.lacks:
        said = starts.get((event, tie))
        if said is not None:
            value = _decode(said).get(taken)
            if value is not None:
                body[name] = value
    return replace(lacking.record, body=body)


_decode = msgspec.json.Decoder(dict[str, object], float_hook=Decimal).decode
"""Reads what a start has said; decimals stay as they were written."""
