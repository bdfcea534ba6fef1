"""Told: what a person's timeline tells, and what the look back over all days tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from truthpoint.contract.model import Lane
from truthpoint.core.decision import (
    Closing,
    Decision,
    LedgerRow,
    Outcome,
    Reason,
    Said,
    Verdict,
    of_person,
)
from truthpoint.core.outbox import Action, Operation, Standing
from truthpoint.core.people import Grade, LinkRow, PersonRow, address_of
from truthpoint.core.texts import key_text
from truthpoint.core.views import Closer, Hearsay, Past, Story
from truthpoint.findings import finding
from truthpoint.testing.scene import DEAD, RETRY
from truthpoint.values.instants import HORIZON_MS

from .base import Behaviour

if TYPE_CHECKING:
    from truthpoint.ports import PersonView

LATER_MS = 1 << 50


class ToldBehaviour(Behaviour):
    """What `person` and `past` tell, beyond how a record stands."""

    def enact(self, *records: int, **parts: Any) -> None:
        """Commit a decision of these records."""
        next_person, next_operation = self.scene.store.knowledge.next_ids()
        people: tuple[PersonRow, ...] = parts.get("people", ())
        operations: tuple[Operation, ...] = parts.get("operations", ())
        self.scene.store.commit(
            Decision(
                records=records,
                next_person=max([next_person, *(one.person + 1 for one in people)]),
                next_operation=max([next_operation, *(one.id + 1 for one in operations)]),
                **parts,
            )
        )

    def enact_quietly(self, **parts: Any) -> int:
        """Capture a record and decide that it sends nothing, and what it changes; its number."""
        record = self.scene.capture()
        verdict = Verdict(record=record, outcome=Outcome.RECORDED, reason="")
        self.enact(record, verdicts=(verdict,), **parts)
        return record

    def tell_alone(
        self, person: int, event: str, *key: str, tie: str | None = None, **more: Any
    ) -> Operation:
        """Capture and decide an event that goes alone; return its operation.

        Args:
            person: The person key.
            event: Its name.
            key: Its key values; none: it has no ledger row.
            tie: What ties it to its siblings.
            more: Other fields of its operation.
        """
        record = self.scene.capture()
        _, number = self.scene.store.knowledge.next_ids()
        told = Operation(
            id=number,
            person=person,
            record=record,
            lane=Lane.LIVE,
            action=Action.EVENT,
            event=event,
            name=event,
            event_id=f"{number:026d}",
            at_ms=self.scene.now_ms,
            attributes=b"{}",
            barrier=True,
            tie=tie if "expires_at_ms" in more else None,
        )
        told = replace(told, **more)
        row = LedgerRow(
            event=event,
            key=key_text(key),
            person=person,
            at_ms=told.at_ms,
            record=record,
            operation=number,
            correlation=tie,
        )
        self.enact(record, operations=(told,), ledger=(row,) if key else ())
        return told

    def shut(self, event: str, tie: str, until_ms: int | None = None) -> None:
        """Close starts."""
        until_ms = self.scene.now_ms if until_ms is None else until_ms
        self.enact_quietly(closings=(Closing(event=event, tie=tie, until_ms=until_ms),))

    def known_key(self, who: str = "42") -> int:
        """Make Customer.io know somebody; return the person key."""
        self.scene.meet(who)
        (person,) = self.scene.store.knowledge.named([who])
        return person.person

    def link_of(
        self, person: int, kind: str, value: str, grade: Grade = Grade.ASSERTED, *, at_ms: int = 1
    ) -> LinkRow:
        """Return a link of somebody."""
        return LinkRow(kind=kind, value=value, person=person, grade=grade, from_ms=at_ms)

    def timeline_of(self, name: str = "42") -> PersonView:
        """Return somebody as the desk shows them."""
        found = self.scene.desk.person(name, limit=20)

        assert found is not None

        return found

    def story_of(self, record: int) -> Story:
        """Return what the timeline of the person 42 tells of a record."""
        (step,) = [one for one in self.timeline_of().steps if one.record == record]

        assert step.story is not None

        return step.story

    def found_by(self, name: str) -> str | None:
        """Return the canonical id of the person to whom a name leads."""
        view = self.scene.desk.person(name, limit=1)
        return None if view is None else view.row.canonical_id

    # ------------------------------------------------------------------ by which name

    def test_a_person_is_found_by_whatever_leads_to_them_alone(self) -> None:
        """Law 3: as it is typed or as it is kept; asserted before inferred, the last holder."""
        ana, ben = self.known_key("42"), self.known_key("43")
        self.enact_quietly(
            links=(
                self.link_of(ana, "email", "ana@example.org"),
                self.link_of(ana, "phone", "+491701234567"),
                self.link_of(ana, "order", "A-1"),
                self.link_of(ana, "email", "both@example.org", at_ms=5),
                self.link_of(ben, "email", "both@example.org", at_ms=9),
                self.link_of(ana, "anonymous_id", "x", Grade.INFERRED),
                self.link_of(ben, "anonymous_id", "y", Grade.FROZEN),
                self.link_of(ana, "anonymous_id", "y", Grade.FROZEN),
                self.link_of(ana, "order", "Z-1"),
                self.link_of(ben, "charge", "Z-1"),
            )
        )

        assert self.found_by("ana@example.org") == self.found_by(" ANA@example.org") == "42"
        assert self.found_by("+491701234567") == self.found_by("+49 (170) 123-4567") == "42"
        assert self.found_by("A-1") == self.found_by("x") == "42"
        assert self.found_by("both@example.org") == "43"
        assert self.found_by("a-1") is self.found_by("y") is self.found_by("Z-1") is None

    def test_an_id_goes_before_what_leads_to_somebody_else(self) -> None:
        """Law 3: an id names its person whatever somebody's vendor calls another one."""
        self.known_key("42")
        ben = self.known_key("43")
        self.enact_quietly(links=(self.link_of(ben, "stripe_customer", "42"),))

        assert self.found_by("42") == "42"

    # ------------------------------------------------------------------ the timeline

    def test_a_timeline_tells_kinds_keys_and_findings(self) -> None:
        """Law 16: which moment it was, and everything that was found about it."""
        person = self.known_key()
        order = self.tell_alone(person, "order_paid", "S-1", "7")
        noted = finding("duplicate", "A repeat of record 2.")
        repeat = self.scene.withhold("S-1", "7")
        odd = self.scene.capture(b'{"type": "link"')
        self.enact(
            odd,
            verdicts=(Verdict(record=odd, outcome=Outcome.RECORDED, reason="", person=person),),
            findings={odd: (noted,)},
        )

        assert self.story_of(order.record) == Story(type="track", key=("S-1", "7"))
        assert self.story_of(repeat).key == ("S-1", "7")
        assert self.story_of(odd) == Story(type="", findings=(noted,))
        assert self.scene.step(order.record).story is None

    def test_a_timeline_tells_what_a_start_waits_for(self) -> None:
        """Law 9: when it is too old; and when something is not sent before."""
        person = self.known_key()
        start = self.tell_alone(person, "checkout_started", expires_at_ms=LATER_MS, tie="C-1")
        later = self.tell_alone(person, "order_paid", not_before_ms=LATER_MS + 1)

        assert self.story_of(start.record).expires_at_ms == LATER_MS
        assert self.story_of(later.record).not_before_ms == LATER_MS + 1

    def test_what_has_closed_a_start_is_named(self) -> None:
        """Law 9: the event of the same tie, and neither its siblings nor other carts."""
        person = self.known_key()
        start = self.tell_alone(
            person, "checkout_started", "K-1", tie="C-1", expires_at_ms=LATER_MS
        )
        self.tell_alone(person, "order_paid", "A-1", tie="C-2")
        closer = self.tell_alone(person, "order_paid", "A-2", tie="C-1")
        self.tell_alone(person, "order_seen", "V-1", tie="C-1", barrier=False)
        self.tell_alone(person, "cart_created", "C-1", tie="C-1", expires_at_ms=LATER_MS)
        self.shut("checkout_started", "C-1")
        self.scene.drain()

        assert self.scene.step(start.record).reason == "closed"
        assert self.story_of(start.record).closer == Closer(
            record=closer.record, event="order_paid", tie="C-1"
        )
        assert self.story_of(closer.record).closer is None

    def test_what_has_closed_all_starts_of_a_person_is_named(self) -> None:
        """Law 9: an event that carries no tie closes what its person had begun before."""
        person = self.known_key()
        start = self.tell_alone(
            person, "checkout_started", "K-1", tie="C-1", expires_at_ms=LATER_MS
        )
        self.tell_alone(person, "order_paid", "A-1", tie="C-2")
        closer = self.tell_alone(person, "order_paid", "A-2")
        self.tell_alone(person, "order_paid", "A-3", at_ms=self.scene.now_ms + 60_000)
        self.shut("checkout_started", "C-1", self.scene.now_ms - 60_000)
        self.shut("checkout_started", of_person(person))
        self.scene.drain()

        assert self.story_of(start.record).closer == Closer(
            record=closer.record, event="order_paid", tie=""
        )

    def test_a_close_that_was_not_sent_itself_names_nobody(self) -> None:
        """Law 9: a quarantined close closes too, and leaves no row to be found by."""
        person = self.known_key()
        start = self.tell_alone(
            person, "checkout_started", "K-1", tie="C-1", expires_at_ms=LATER_MS
        )
        self.shut("checkout_started", "C-1")
        self.scene.drain()

        assert self.scene.step(start.record).reason == "closed"
        assert self.story_of(start.record).closer is None

    # ------------------------------------------------------------------ looking back

    def test_guests_and_visitors_are_counted_and_the_erased_are_not_people(self) -> None:
        """Law 3: who has no id yet; law 20: and who is not here any more."""
        ana = self.known_key("42")
        guest = PersonRow(person=ana + 1, canonical_id=None, address=address_of("email", "a@b.c"))
        visitor = PersonRow(
            person=ana + 2,
            canonical_id=None,
            address=address_of("anonymous_id", "x"),
            standing=Standing.ANONYMOUS,
        )
        erased = PersonRow(
            person=ana + 3,
            canonical_id=None,
            address=address_of("email", "d@b.c"),
            standing=Standing.ERASED,
        )
        self.enact_quietly(people=(guest, visitor, erased))
        backlog = self.scene.desk.backlog()

        assert (backlog.people, backlog.guests, backlog.visitors) == (3, 1, 1)

    def test_nothing_has_passed_in_an_empty_store(self) -> None:
        """The desk opens before anything happened."""
        assert self.scene.desk.past() == Past()

    def test_what_was_delivered_too_late_and_what_was_not_sent_is_counted(self) -> None:
        """Law 9: what passed the horizon in an outage, starts that were not sent included."""
        person = self.known_key()
        now_ms = self.scene.now_ms
        self.tell_alone(person, "order_paid", at_ms=now_ms - HORIZON_MS)
        self.tell_alone(person, "order_paid", at_ms=now_ms - HORIZON_MS - 1)
        self.tell_alone(person, "order_paid", at_ms=now_ms - 2 * HORIZON_MS)
        self.tell_alone(person, "order_refunded", at_ms=now_ms - 2 * HORIZON_MS)
        self.tell_alone(person, "checkout_started", expires_at_ms=now_ms - 1)
        self.scene.drain()
        waiting = self.tell_alone(person, "order_paid", at_ms=now_ms - 2 * HORIZON_MS)
        self.scene.settle(self.scene.turn(), RETRY)
        past = self.scene.desk.past()

        assert past.late == {"order_paid": 2, "order_refunded": 1}
        assert past.withheld == {"stale": 1}
        assert self.scene.standing(waiting) == [Outcome.PENDING]

    def test_what_others_said_of_an_event_is_counted_by_source(self) -> None:
        """Law 6: only events of which something was withheld for it, with all who said them."""
        self.known_key()
        self.scene.withhold(reason=Reason.NOT_OWNER)
        words = (
            Said(source="legacy", event="order_paid", count=2, last_ms=7),
            Said(source="backend", event="order_paid", count=5, last_ms=9),
            Said(source="backend", event="order_refunded", count=1, last_ms=9),
        )
        self.enact_quietly(said=words)

        assert self.scene.desk.past().hearsay == (
            Hearsay(event="order_paid", withheld=1, said=(words[1], words[0])),
        )

    # ------------------------------------------------------------------ what is beside

    def test_what_a_record_has_caused_beside_can_be_dead_alone(self) -> None:
        """Law 16: it is listed, replayed and discarded as what it is; its record stands."""
        person = self.known_key()
        own = self.tell_alone(person, "order_paid")
        _, number = self.scene.store.knowledge.next_ids()
        beside = replace(own, id=number, own=False, event_id=f"{number:026d}")
        self.enact(operations=(beside,))
        self.scene.settle(self.scene.turn())
        self.scene.settle(self.scene.turn(), DEAD)
        (dead,) = self.scene.desk.listed(Outcome.DEAD, limit=9)

        assert (dead.record, dead.operation, dead.outcome) == (own.record, number, Outcome.DEAD)
        assert self.scene.standing(own) == [Outcome.DELIVERED]
        assert self.scene.desk.replay(Outcome.DEAD, [own.record, own.record]) == 1
        assert self.scene.desk.listed(Outcome.DEAD, limit=9) == []

        self.scene.settle(self.scene.turn(), DEAD)

        assert self.scene.desk.discard(Outcome.DEAD, [own.record]) == 1
        assert self.scene.desk.past().withheld == {"discarded": 1}
        assert self.scene.standing(own) == [Outcome.DELIVERED]
