"""Stories of shoppers in any order of arrival, with a plain model beside engine and workspace.

The model reads the lines as a marketer does, all at once and in no order: who they are of,
what is paid, what is wanted. It shares no code with the engine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings

from support.shoppers import Arrival, Line, Shopper, arrivals, corrected, logs_in, minds
from support.stories import HOUR_MS, MINUTE_MS, NOW_MS, Told, tell
from truthpoint.core.decision import Outcome

Name = tuple[str, str]

SKEW_MS = 5 * MINUTE_MS
STRENGTH = ("id", "email", "anonymous_id", "stripe_customer", "order")

STALE_MS = 24 * HOUR_MS


@dataclass
class Person:
    """Somebody, as the lines of all stories together tell of them."""

    names: set[Name] = field(default_factory=set[Name])
    lines: list[Line] = field(default_factory=list[Line])

    @property
    def is_somebody(self) -> bool:
        """Whether more is known than an order or a card."""
        return any(kind in ("id", "email", "anonymous_id") for kind, _ in self.names)

    @property
    def is_visitor(self) -> bool:
        """Whether nothing but a device is known."""
        return not any(kind in ("id", "email") for kind, _ in self.names)

    def moments(self, event: str) -> dict[str, Line]:
        """Their moments of an event, each once."""
        return {one.key[1]: one for one in self.lines if one.event == event and one.is_whole}

    def label(self) -> frozenset[str]:
        """What leads to them."""
        found = {f"{kind}={value}" for kind, value in self.names}
        for event in ("order_paid", "order_refunded"):
            for one in self.moments(event).values():
                found.add(f"order={one.said['properties']['order_id']}")
        return frozenset(found)

    def totals(self) -> dict[str, Any]:
        """Their totals, computed from all moments at once."""
        paid, back = self.moments("order_paid"), self.moments("order_refunded")
        if not paid and not back:
            return {}
        corrections = sorted(self.moments("order_corrected").values(), key=lambda one: one.at_ms)
        said = {key: Decimal(one.said["properties"]["total"]) for key, one in paid.items()}
        for one in corrections:
            said[one.said["properties"]["order_id"]] = Decimal(one.said["properties"]["total"])
        refunds = [Decimal(one.said["properties"]["amount"]) for one in back.values()]
        coupons = {one.said["properties"].get("coupon", "") for one in paid.values()} - {""}
        return {
            "orders_count": len(paid),
            "lifetime_value": sum(said.values(), Decimal(0)) - sum(refunds, Decimal(0)),
            "first_order_at": min(one.at_ms for one in paid.values()),
            "last_order_at": max(one.at_ms for one in paid.values()),
            "coupons": len(coupons),
        }

    def first_name(self) -> str | None:
        """The name that became true last."""
        said = [
            (one.at_ms, one.said["attributes"]["first_name"])
            for one in self.lines
            if "first_name" in one.said.get("attributes", ())
        ]
        return max(said)[1] if said else None

    def words(self) -> list[tuple[int, bool]]:
        """What they said about newsletters, in order; of two at once a refusal is the later."""
        said = {
            (one.at_ms, not one.said["attributes"]["email_opt_in"])
            for one in self.lines
            if "email_opt_in" in one.said.get("attributes", ())
        }
        return [(at_ms, not refused) for at_ms, refused in sorted(said)]

    def wants_mail(self) -> bool | None:
        """Whether they want newsletters; None: they never said."""
        refused_ms, wanted_ms, before = None, None, None
        words = self.words()
        for at_ms, wants in words:
            if not wants and before is not False:
                refused_ms = at_ms
            elif wants and before is False:
                wanted_ms = at_ms
            before = wants
        if not words:
            return None
        if refused_ms is None:
            return True
        return wanted_ms is not None and wanted_ms > refused_ms + SKEW_MS


def people_of(lines: Iterable[Line], *, in_passing: bool = True) -> list[Person]:
    """Everybody, by what comes together in any line.

    Args:
        lines: The lines.
        in_passing: Whether names that only come together in an event make two one as well.
            Where they are known apart, each is somebody of their own until more is said.
    """
    found: list[Person] = []
    for line in lines:
        names = set(line.person.items())
        names |= set(line.said.get("links", {}).items())
        names |= set(line.said.get("from", {}).items())
        if "email" in line.said.get("attributes", {}):
            names.add(("email", line.said["attributes"]["email"]))
        if line.event == "order_paid" and line.is_whole:
            names.add(("order", line.said["properties"]["order_id"]))
        if line.event and not in_passing:
            kinds = dict(names)
            best = next(kind for kind in STRENGTH if kind in kinds)
            names = {(best, kinds[best])}
        same = [one for one in found if one.names & names]
        found = [one for one in found if one not in same]
        merged = Person(names=set(names), lines=[line])
        for one in same:
            merged.names |= one.names
            merged.lines += one.lines
        found.append(merged)
    return found


def judge(arrival: Arrival, told: Told) -> None:
    """See that everything came out as the model says."""
    model = Model(arrival)
    model.judge_outcomes(told)
    model.judge_people(told)
    model.judge_ledger(told)
    model.judge_totals(told)
    model.judge_delivery(told)
    model.judge_workspace(told)


class Model:
    """What an arrival must come to.

    Args:
        arrival: What arrives.
    """

    def __init__(self, arrival: Arrival) -> None:
        self.arrival = arrival
        self.people = people_of(arrival.lines)
        self.known = [one for one in self.people if one.is_somebody]
        self.of: dict[str, Person] = {repr(one): who for who in self.people for one in who.lines}
        self.copies: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, line in enumerate(arrival.lines):
            if line.is_whole:
                self.copies[line.key].append(place)

    def judge_outcomes(self, told: Told) -> None:
        """Law 16: every record has one outcome; of a moment one record counts."""
        assert len(told.ends) == len(self.arrival.lines)
        for place, line in enumerate(self.arrival.lines):
            end = told.ends[place]
            assert end[0] not in (Outcome.PENDING, Outcome.HELD), (line, end)
            if not self.of[repr(line)].is_somebody:
                assert end == (Outcome.QUARANTINED, "person_unresolved"), (line, end)
            elif line.said["source"] == "helpdesk":
                assert end == (Outcome.WITHHELD, "not_owner"), (line, end)
            elif "broken" in line.does:
                assert end == (Outcome.QUARANTINED, "property_type"), (line, end)
            elif not line.event:
                assert end in [(Outcome.DELIVERED, ""), (Outcome.RECORDED, "")], (line, end)
        for key, places in self.copies.items():
            line = self.arrival.lines[places[0]]
            if not self.of[repr(line)].is_somebody:
                continue
            ends = [told.ends[place] for place in places]
            repeats = ends.count((Outcome.WITHHELD, "duplicate"))
            assert repeats == len(ends) - 1, (key, ends)
            (counts,) = [one for one in ends if one[1] != "duplicate"]
            assert counts in self.ends_of(line, places), (line, counts)

    def ends_of(self, line: Line, places: list[int]) -> list[tuple[Outcome, str]]:
        """How the one record of a moment that counts may end (law 9)."""
        delivered = (Outcome.DELIVERED, "")
        if line.event != "checkout_started":
            return [delivered]
        stale = NOW_MS - line.at_ms > STALE_MS
        closed = (Outcome.WITHHELD, "closed")
        closes = [
            place
            for place, one in enumerate(self.arrival.lines)
            if self.closes(one, line) and one.at_ms + SKEW_MS >= line.at_ms
        ]
        before = min((self.delivery(one) for one in closes), default=None)
        if before is None or before > self.delivery(places[0]):
            return (
                [(Outcome.WITHHELD, "stale")] if stale else [delivered, closed][: 1 + merges(self)]
            )
        by_cart = [one for one in closes if self.arrival.lines[one].cart]
        if any(self.delivery(one) <= self.delivery(places[0]) for one in by_cart):
            return [closed]
        return [closed, (Outcome.WITHHELD, "stale") if stale else delivered]

    def closes(self, line: Line, start: Line) -> bool:
        """Tell whether a line closes a start: by its cart, or all of its person."""
        if line.event != "order_paid":
            return False
        if line.cart:
            return line.cart == start.cart
        return self.of[repr(line)] is self.of[repr(start)]

    def delivery(self, place: int) -> int:
        """With which delivery a record goes."""
        return sum(cut <= place for cut in self.arrival.cuts)

    def judge_people(self, told: Told) -> None:
        """Laws 3 and 4: the same people for every order of arrival."""
        found = {told.label(one) for one in told.shelf.people}
        assert found == {one.label() for one in self.known}
        assert not [one for one in told.shelf.links.values() if one.grade.name == "FROZEN"]

    def judge_ledger(self, told: Told) -> None:
        """Law 5: each moment once, and whose it is."""
        expected = {
            (event, f'["{key}"]'): (who.label(), one.at_ms)
            for who in self.known
            for event in EVENTS
            for key, one in who.moments(event).items()
        }
        assert {
            key: (label, at_ms)
            for key, (label, at_ms, _) in told.ledger().items()
            if "@" not in key[0]
        } == expected

    def judge_totals(self, told: Told) -> None:
        """Law 10: totals equal those of all moments at once."""
        expected = {one.label(): one.totals() for one in self.known if one.totals()}
        found = {
            label: {
                **values,
                "lifetime_value": Decimal(values["lifetime_value"]),
                "coupons": len(values["coupons"]),
            }
            for label, values in told.totals().items()
        }
        assert found == expected

    def judge_delivery(self, told: Told) -> None:
        """Laws 5, 7 and 9: each moment once, and for each person in the order of the journal."""
        sent = [one["event_id"] for one in told.events()]
        ended = zip(self.arrival.lines, told.ends, told.event_ids, strict=True)
        expected = [
            event_id for line, end, event_id in ended if line.event and end[0] is Outcome.DELIVERED
        ]
        assert sorted(sent) == sorted(expected)
        sent_at = {event_id: place for place, event_id in enumerate(sent)}
        for delivery in range(len(self.arrival.cuts) + 1):
            for who in people_of(self.learned_by(delivery), in_passing=False):
                own = [
                    sent_at[told.event_ids[place]]
                    for place, line in enumerate(self.arrival.lines)
                    if self.delivery(place) == delivery
                    and line in who.lines
                    and line.event
                    and told.ends[place][0] is Outcome.DELIVERED
                ]
                assert own == sorted(own), (delivery, who.label())

    def learned_by(self, delivery: int) -> list[Line]:
        """What has taught something when a delivery leaves; repeats never do."""
        return [
            line
            for place, line in enumerate(self.arrival.lines)
            if self.delivery(place) <= delivery
            and not may_wait(line)
            and (not line.key[0] or place in self.copies[line.key][:1])
        ]

    def judge_workspace(self, told: Told) -> None:
        """What Customer.io knows of everybody in the end."""
        for who in self.known:
            if who.is_visitor:
                continue
            ids = sorted(value for kind, value in who.names if kind == "id")
            emails = [value for kind, value in who.names if kind == "email"]
            by, name = ("id", ids[0]) if ids else ("email", emails[0])
            profile = told.profile(name, by)
            assert profile is not None, who.label()
            attributes = profile["attributes"]
            assert attributes.get("first_name") == who.first_name()
            wants = who.wants_mail()
            assert attributes.get("email_opt_in") == (None if wants is None else str(wants).lower())
            if not who.totals():
                continue
            totals = who.totals()
            assert int(attributes["orders_count"]) == totals["orders_count"]
            assert Decimal(attributes["lifetime_value"]) == totals["lifetime_value"]
            assert int(attributes["first_order_at"]) == totals["first_order_at"] // 1000
            assert int(attributes["last_order_at"]) == totals["last_order_at"] // 1000
            assert int(attributes["coupons"]) == totals["coupons"]


EVENTS = ("cart_created", "checkout_started", "order_paid", "order_refunded", "order_corrected")


def merges(model: Model) -> bool:
    """Tell whether somebody waits for a merge: what stands behind it may be closed meanwhile."""
    return any("merges" in one.does for one in model.arrival.lines)


def may_wait(line: Line) -> bool:
    """Tell whether a record may wait for its person, and so be decided behind others."""
    return bool(line.order) or line.ways == ("card",)


@pytest.mark.sized
@settings(max_examples=max(180, settings().max_examples))
@given(arrivals())
def test_whatever_the_order_of_arrival_it_comes_to_the_same(arrival: Arrival) -> None:
    """Laws 3 to 5, 7, 9, 10, 12, 16, in memory."""
    judge(arrival, told_of(arrival))


@pytest.mark.sized
@settings(max_examples=max(8, settings().max_examples // 20))
@given(arrivals())
def test_the_same_on_disk(arrival: Arrival) -> None:
    """The same, in SQLite."""
    with TemporaryDirectory() as folder:
        judge(arrival, told_of(arrival, Path(folder) / "store"))


ANA = Shopper("Ana", logs_in=True)
EARLIER = NOW_MS - 3 * HOUR_MS


def test_a_name_that_is_told_late_is_not_lost_behind_the_login() -> None:
    """Of two profiles that become one, what is sent with a later time than its own is known."""
    first, second, third = minds(ANA, count(1), EARLIER)
    second = replace(second, ways=("email",))
    login, *_ = logs_in(ANA, NOW_MS - HOUR_MS)
    told = told_of(Arrival((first, second, login, third), cuts=(3,)))

    profile = told.profile(ANA.id)
    assert profile is not None
    assert profile["attributes"]["first_name"] == "Ana 3"


@pytest.mark.parametrize("cuts", [(), (1,), (2,), (1, 2)])
def test_totals_are_right_when_a_guest_turns_out_to_have_an_account(cuts: tuple[int, ...]) -> None:
    """Customer.io keeps the first profile's totals when two become one: they are told anew."""
    order, correction, _ = corrected(ANA, count(4), EARLIER)
    login, *_ = logs_in(ANA, NOW_MS - HOUR_MS)
    told = told_of(Arrival((replace(order, ways=("email",)), correction, login), cuts))

    profile = told.profile(ANA.id)
    assert profile is not None
    assert profile["attributes"]["lifetime_value"] == "5.00"


def told_of(arrival: Arrival, folder: Path | None = None) -> Told:
    """Let it arrive."""
    return tell(
        [one.record for one in arrival.lines],
        cuts=arrival.cuts,
        waits={cut: minutes * MINUTE_MS for cut, minutes in arrival.waits.items()},
        later_ms=2 * HOUR_MS,
        folder=folder,
    )
