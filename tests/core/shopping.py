"""A shop whose people go by several identifiers, and its story, told batch by batch."""

from __future__ import annotations

from dataclasses import dataclass, field

from deciding import EMPTY, rows, run
from msgspec.structs import replace

from truthpoint.contract.model import Contract, Event, Kind
from truthpoint.contract.rules import Unidentified, Unresolved
from truthpoint.core.decision import Decision, Known
from truthpoint.core.examine import Examiner
from truthpoint.core.people import Grade, LinkRow, PersonRow, address_of
from truthpoint.testing.builders import START_MS, a_contract, a_property, line
from truthpoint.values.instants import to_iso

HOUR_MS = 3_600_000

ANA, EVA = "ana@example.org", "eva@example.org"
UNDER_EMAIL = Unresolved(then=Unidentified.UNDER_EMAIL)
AS_VISITOR = Unresolved(then=Unidentified.ANONYMOUS)
QUARANTINE = Unresolved(then=Unidentified.QUARANTINE)
GUESTS = {"email": UNDER_EMAIL}
GUESTS_AND_VISITORS = {"email": UNDER_EMAIL, "anonymous_id": AS_VISITOR}

_SHIPPED = Event(
    name="order_shipped",
    owner="backend",
    wire="order_shipped",
    key=("order_id",),
    properties=(a_property("order_id"), a_property("carrier", Kind.STRING, default="")),
    links=(("order", "order_id"),),
)


def a_shop(unresolved: dict[str, Unresolved] | None = None) -> Contract:
    """Return a shop with links of many kinds; an order is its person's for good."""
    contract = a_contract(_SHIPPED)
    paid = replace(contract.events["order_paid"], links=(("order", "order_id"),))
    person = replace(
        contract.person,
        links=("email", "phone", "anonymous_id", "stripe_customer", "order"),
        unresolved=unresolved or {},
    )
    return replace(contract, person=person, events={**contract.events, "order_paid": paid})


def held(then: Unidentified, hold_ms: int = HOUR_MS) -> Unresolved:
    """Return the policy that waits first."""
    return Unresolved(then=then, hold_ms=hold_ms)


def named(who: str | dict[str, object]) -> dict[str, object]:
    """Return a person as a record names them."""
    return {"id": who} if isinstance(who, str) else who


def paid(who: str | dict[str, object], order: str = "A-1", *, at_ms: int = START_MS) -> bytes:
    """Return an order that was paid."""
    return line(
        type="track",
        event="order_paid",
        person=named(who),
        at=to_iso(at_ms),
        properties={"order_id": order, "total": "10.00", "currency": "USD"},
    )


def shipped(order: str = "A-1", who: dict[str, object] | None = None) -> bytes:
    """Return an order that was shipped; it names nobody but the order."""
    person = {} if who is None else who
    return line(type="track", event="order_shipped", person=person, properties={"order_id": order})


def viewed(who: str | dict[str, object], *, at_ms: int = START_MS) -> bytes:
    """Return a product that was looked at."""
    return line(
        type="track",
        event="product_viewed",
        person=named(who),
        at=to_iso(at_ms),
        properties={"sku": "s"},
    )


def identified(
    who: str | dict[str, object], *, at_ms: int = START_MS, **attributes: object
) -> bytes:
    """Return an identify."""
    return line(type="identify", person=named(who), at=to_iso(at_ms), attributes=attributes)


def linked(who: str | dict[str, object], *, at_ms: int = START_MS, **links: object) -> bytes:
    """Return a link."""
    return line(type="link", person=named(who), at=to_iso(at_ms), links=links)


def merged(into: str | dict[str, object], gone: str | dict[str, object]) -> bytes:
    """Return a merge."""
    return line(type="merge", person=named(into), **{"from": named(gone)})


@dataclass
class Story:
    """What is known, and what was decided last."""

    examiner: Examiner = field(default_factory=lambda: Examiner(a_shop(GUESTS_AND_VISITORS)))
    known: Known = EMPTY
    told: int = 0
    now_ms: int = START_MS
    decisions: list[Decision] = field(default_factory=list)

    def tell(self, *bodies: bytes, again: bool = False) -> Decision:
        """Decide records as one batch behind all others; `again`: they were decided before."""
        known = replace(self.known, now_ms=self.now_ms)
        batch = [replace(one, replayed=again) for one in rows(*bodies, first=self.told + 1)]
        told = run(batch, known=known, examiner=self.examiner)
        self.told += len(bodies)
        self.known = told.known
        self.decisions.append(told.decisions[0])
        return told.decisions[0]

    @property
    def people(self) -> dict[int, PersonRow]:
        """Everybody by person key."""
        return {one.person: one for one in self.known.people}

    def person(self, kind: str, value: str) -> int:
        """Return the person key of whoever has an address."""
        address = address_of(kind, value)
        (one,) = [row for row in self.known.people if row.address == address]
        return one.person

    def links(self, kind: str) -> dict[tuple[str, int], Grade]:
        """Return who has which value of a kind, and how surely."""
        return {(one.value, one.person): one.grade for one in self.rows(kind)}

    def rows(self, kind: str) -> list[LinkRow]:
        """Return all links of a kind, by value and person."""
        found = (one for one in self.known.links if one.kind == kind)
        return sorted(found, key=lambda one: (one.value, one.person))

    @property
    def found(self) -> list[str]:
        """Codes of what the last decision found, in the order of its records."""
        findings = self.decisions[-1].findings
        return [one.code for record in sorted(findings) for one in findings[record]]

    def sent(self) -> list[tuple[int, str, bytes]]:
        """Return person, action and attributes of what the last decision sends."""
        return [
            (one.person, one.action.value, one.attributes) for one in self.decisions[-1].operations
        ]

    def ended(self) -> list[tuple[str, str]]:
        """Return outcome and reason of what the last decision does not send."""
        return [(one.outcome.value, one.reason) for one in self.decisions[-1].verdicts]
