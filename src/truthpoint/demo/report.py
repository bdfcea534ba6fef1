"""What the demo's shop did, in sentences, each held against what was read back (law 18)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from truthpoint.core.decision import Outcome
from truthpoint.core.turns import CLOSED, STALE

if TYPE_CHECKING:
    from decimal import Decimal

    from truthpoint.core.views import Backlog, Step

    from .shop import Buyer, Name, Shop


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A profile as the workspace tells of it.

    Attributes:
        cio_id: Its own id there.
        email: The email that leads to it; empty: none does.
        orders: Its `orders_count`.
        value: Its `lifetime_value`.
        events: How many events it has.
    """

    cio_id: str
    email: str
    orders: int
    value: Decimal
    events: int


@dataclass(slots=True)
class Seen:
    """What there is at the end.

    Attributes:
        backlog: How all records and operations stand.
        checkouts: How each started checkout stands.
        refunds: How each refund stands.
        gifts: For each gift, whether it was remarked that its email is somebody else's.
        profiles: The profiles at the workspace.
        before: The `cio_id` that profiles had after the first round.
    """

    backlog: Backlog
    checkouts: list[Step] = field(default_factory=list["Step"])
    refunds: list[Step] = field(default_factory=list["Step"])
    gifts: list[bool] = field(default_factory=list[bool])
    profiles: dict[Name, Profile | None] = field(default_factory=dict["Name", "Profile | None"])
    before: dict[Name, str] = field(default_factory=dict["Name", str])


@dataclass(frozen=True, slots=True)
class Check:
    """One sentence of the report: how many there are by the shop, and how many were seen."""

    truth: int
    seen: int
    sentence: str

    @property
    def is_right(self) -> bool:
        """Whether all of them, and no more, came out so."""
        return self.truth == self.seen

    def line(self) -> str:
        """Return the sentence with its mark."""
        if self.is_right:
            return f"  ok  {self.truth:>4} {self.sentence}"
        return f"  NOT {self.truth:>4} {self.sentence} (true of {self.seen})"


def chapters(shop: Shop, seen: Seen) -> dict[str, list[Check]]:
    """Return every sentence of the report, under its title."""
    return {
        "Who is who": _of_people(shop, seen),
        "What came first": _of_checkouts(shop, seen),
        "What was said": _of_records(shop, seen),
    }


def _of_people(shop: Shop, seen: Seen) -> list[Check]:
    def story(name: str, sentence: str) -> Check:
        told = shop.told[name]
        right = sum(all(_is_exact(shop, seen, one) for one in people) for people in told)
        return Check(len(told), right, sentence)

    exact = sum(_is_exact(shop, seen, name) for name in shop.buyers)
    same = sum(
        seen.before.get(before) == _cio_id(seen, after) for before, after in shop.same.items()
    )
    gone = sum(seen.profiles.get(name) is None for name in shop.gone)
    return [
        Check(len(shop.buyers), exact, "people are there, with exactly their orders and money."),
        story("guest", "guests bought without an account: their orders went out at once."),
        Check(len(shop.same), same, "guests registered later: the same profile got their id."),
        story("phone_to_desktop", "began on a phone and paid on a desktop: one person, one order."),
        story("logs_in_at_last", "bought with and without logging in: two profiles became one."),
        Check(len(shop.gone), gone, "people had two ids and were merged, and the old id leads on."),
        story("kept_apart", "accounts with an email were given a guest's: both kept, apart."),
        story("household", "households share a mailbox: two people each, one has the email."),
        Check(
            len(shop.told["gift"]),
            sum(seen.gifts),
            "gifts were bought with a friend's email: the orders are the givers'.",
        ),
    ]


def _of_checkouts(shop: Shop, seen: Seen) -> list[Check]:
    def how_many(outcome: Outcome, reason: str = "") -> int:
        return sum((one.outcome, one.reason) == (outcome, reason) for one in seen.checkouts)

    of_nobody = sum(
        one.record_id.startswith("of-nobody") and one.outcome is Outcome.DELIVERED
        for one in seen.refunds
    )
    waiting = _ended(seen, Outcome.HELD).values()
    return [
        Check(
            shop.counts["closed"],
            how_many(Outcome.WITHHELD, CLOSED),
            "checkouts were paid before their start could be sent: withheld, no abandonment mail.",
        ),
        Check(
            len(shop.told["stale"]),
            how_many(Outcome.WITHHELD, STALE),
            "checkouts came two days late: withheld, that mail would be odd now.",
        ),
        Check(
            shop.counts["started"],
            how_many(Outcome.DELIVERED),
            "checkouts were not paid, or not yet: sent.",
        ),
        Check(
            len(shop.told["refunded_by_order"]),
            of_nobody,
            "refunds named an order and nobody, some came before it: they found their person.",
        ),
        Check(len(shop.told["held"]), sum(waiting), "refunds wait: their order is not known yet."),
    ]


def _of_records(shop: Shop, seen: Seen) -> list[Check]:
    counts = shop.counts
    withheld = _ended(seen, Outcome.WITHHELD)
    quarantined = sum(_ended(seen, Outcome.QUARANTINED).values())
    return [
        Check(
            counts["retried"],
            withheld.get("duplicate", 0),
            "retries are the same moment again: nothing counts twice.",
        ),
        Check(
            counts["conflicting"],
            withheld.get("conflict", 0),
            "orders were told in two ways: the first stands, the other is reported.",
        ),
        Check(
            counts["foreign"],
            withheld.get("not_owner", 0),
            "orders came from a system that does not own them: counted, not sent.",
        ),
        Check(counts["broken"], quarantined, "records are broken: quarantined with every reason."),
    ]


def _ended(seen: Seen, outcome: Outcome) -> dict[str, int]:
    """Return how many records ended so without an operation, by reason."""
    verdicts = seen.backlog.verdicts
    return {reason: found for (ended, reason), found in verdicts.items() if ended == outcome}


def _is_exact(shop: Shop, seen: Seen, name: Name) -> bool:
    truth: Buyer = shop.buyers[name]
    profile = seen.profiles.get(name)
    if profile is None:
        return False
    told = (profile.orders, profile.value, profile.events, profile.email)
    return told == (len(truth.orders), truth.value, truth.events, truth.email)


def _cio_id(seen: Seen, name: Name) -> str | None:
    profile = seen.profiles.get(name)
    return None if profile is None else profile.cio_id
