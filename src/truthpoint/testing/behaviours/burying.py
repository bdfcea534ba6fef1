"""What the behaviours about erasures tell: somebody is known well, and then erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.core.decision import (
    Closing,
    Decision,
    Hold,
    JournalRow,
    Outcome,
    Verdict,
    of_person,
)
from truthpoint.core.outbox import Action, Operation, Standing
from truthpoint.core.people import EMAIL, ID, Grade, Identifier, LinkRow, address_of
from truthpoint.core.profile import Profile
from truthpoint.core.tombstones import digest
from truthpoint.testing.builders import START_MS

from .base import Behaviour

if TYPE_CHECKING:
    from truthpoint.core.people import PersonRow

MAIL = (EMAIL, "ana@example.org")
PHONE = ("phone", "+15550001")
ASKED = ((ID, "42"), MAIL)


class Burying(Behaviour):
    """A store with somebody who is known well."""

    def person(self, who: str = "42") -> PersonRow:
        """Return somebody's row."""
        (row,) = self.knowledge.named([who])
        return row

    def digests(self, *identifiers: Identifier) -> tuple[str, ...]:
        """Return what the store keeps of identifiers."""
        secret = self.knowledge.secret()
        return tuple(digest(secret, one) for one in identifiers)

    def commit(  # noqa: PLR0913 - each is a part of a decision
        self,
        *,
        people: tuple[PersonRow, ...] = (),
        links: tuple[LinkRow, ...] = (),
        operations: tuple[Operation, ...] = (),
        verdicts: tuple[Verdict, ...] = (),
        holds: tuple[Hold, ...] = (),
        tombstones: dict[int, tuple[str, ...]] | None = None,
        readmitted: tuple[str, ...] = (),
        scrubs: bool = False,
        profile: int | None = None,
        again: int | None = None,
    ) -> int:
        """Capture a record and commit what is decided of it; return its number."""
        record = self.scene.capture() if again is None else again
        next_person, next_operation = self.knowledge.next_ids()
        placed = tuple(
            replace(one, id=next_operation + place, record=record)
            for place, one in enumerate(operations)
        )
        self.scene.store.commit(
            Decision(
                records=(record,),
                people=people,
                links=links,
                operations=placed,
                verdicts=tuple(replace(one, record=record) for one in verdicts),
                holds=tuple(replace(one, record=record) for one in holds),
                tombstones=tombstones or {},
                readmitted=readmitted,
                scrubbed=(record,) if scrubs else (),
                profiles={} if profile is None else {profile: Profile()},
                closings=()
                if profile is None
                else (Closing(event="order_paid", tie=of_person(profile), until_ms=1),),
                next_person=max([next_person, *(one.person + 1 for one in people)]),
                next_operation=next_operation + len(operations),
            )
        )
        return record

    def know(self, who: str = "42") -> int:
        """Let somebody be known well: links, profile, totals; return the record of their order."""
        order = self.scene.event(who, f"A-{who}", counted=True)
        key = order.person
        links = tuple(
            LinkRow(kind=kind, value=value, person=key, grade=Grade.ASSERTED, from_ms=1)
            for kind, value in (MAIL, PHONE)
        )
        verdict = Verdict(record=0, outcome=Outcome.RECORDED, reason="", person=key)
        self.commit(links=links, verdicts=(verdict,), profile=key)
        return order.record

    def erase(
        self, who: str = "42", *, action: Action = Action.SUPPRESS, sends: bool = True
    ) -> int:
        """Decide the erasure of somebody; return its record."""
        row = self.person(who)
        operations = tuple(
            Operation(
                id=0,
                person=row.person,
                record=0,
                lane=Lane.LIVE,
                action=action,
                event="",
                name="",
                event_id="",
                at_ms=START_MS,
                attributes=b"{}",
                barrier=True,
                address=address_of(*one),
                own=one[0] == ID,
            )
            for one in ((ID, who), MAIL)
        )
        recorded = Verdict(record=0, outcome=Outcome.RECORDED, reason="", person=row.person)
        return self.commit(
            people=(replace(row, standing=Standing.ERASED),),
            operations=operations if sends else (),
            verdicts=() if sends else (recorded,),
            tombstones={row.person: self.digests((ID, who), MAIL, PHONE)},
            scrubs=True,
        )

    def is_forgotten(self, key: int = 1) -> bool:
        """Tell whether nothing is left of somebody but a row without a name."""
        (row,) = self.knowledge.people([key])
        left = [
            self.knowledge.links_of([key]),
            self.knowledge.totals([key]),
            list(self.knowledge.profiles([key])),
        ]
        assert row.standing is Standing.ERASED
        assert row.is_erased == (left == [[], [], []])
        return row.is_erased

    def body(self, record: int) -> JournalRow:
        """Return a record as the journal has it."""
        found = self.scene.desk.record(record)
        assert found is not None
        return found[0]

    def scrub(self) -> int:
        """Empty the bodies of all records that are to be forgotten; return how many."""
        total = 0
        while count := self.scene.store.forgetting.scrub(2):
            total += count
        return total
