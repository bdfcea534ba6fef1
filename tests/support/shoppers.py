"""What shoppers do, line by line, in words that a marketer reads, and any order of arrival.

A story is a list of lines; a line is one record. An *arrival* is what becomes of stories on
their way: interleaved, repeated, delayed, re-identified, cut into deliveries anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from support.stories import DAY_MS, HOUR_MS, MINUTE_MS, NOW_MS, Said, event, identify, said
from truthpoint.values.instants import to_iso

NAMES = ("Ana", "Ben", "Cleo")
ORDER = "order"


@dataclass(frozen=True)
class Shopper:
    """Somebody who shops.

    Attributes:
        name: Their first name.
        logs_in: Whether the shop ever learns their id.
    """

    name: str
    logs_in: bool

    @property
    def id(self) -> str:
        """The canonical id, if they ever log in."""
        return str(41 + NAMES.index(self.name))

    @property
    def email(self) -> str:
        """Their email, as the shop stores it."""
        return f"{self.name.lower()}@example.org"

    def by(self, *ways: str) -> Said:
        """Who they are to the shop when they are seen in these ways."""
        found: Said = {}
        for way in ways:
            if way == "id":
                found["id"] = self.id
            elif way == "email":
                found["email"] = self.email
            elif way == "card":
                found["stripe_customer"] = f"cus-{self.name.lower()}"
            elif way == "old id":
                found["id"] = f"9{self.id}"
            else:
                found["anonymous_id"] = f"{self.name.lower()}-{way}"
        return found


@dataclass(frozen=True)
class Line:
    """One record, and what it says.

    Attributes:
        shopper: Whose it is.
        ways: How it names them; empty: by an order alone.
        does: What it says, in words.
        at_ms: When it happened.
        said: The record, but for its person.
        key: What makes it the same moment as another; empty: it is no moment.
        cart: The cart that it belongs to; None: it has nothing to do with carts.
        fixed: Whether it can name its person in no other way, and is said once.
        order: The order that alone leads to its person; empty: `ways` do.
    """

    shopper: Shopper
    ways: tuple[str, ...]
    does: str
    at_ms: int
    said: Said
    key: tuple[str, str] = ("", "")
    cart: str | None = None
    fixed: bool = False
    order: str = ""

    @property
    def person(self) -> Said:
        """Whom it names."""
        return {ORDER: self.order} if self.order else self.shopper.by(*self.ways)

    @property
    def record(self) -> Said:
        """The record as the shop says it."""
        return {**self.said, "person": self.person}

    @property
    def event(self) -> str:
        """The event that it tells; empty: it tells none."""
        return self.said.get("event", "")

    @property
    def is_whole(self) -> bool:
        """Whether it is a moment of its owner that keeps the contract."""
        return bool(self.key[0]) and self.said["source"] == "backend" and "broken" not in self.does

    def __repr__(self) -> str:
        who = self.shopper.name + (f" ({', '.join(self.ways)})" if self.ways else "")
        return f"{who} {self.does} at {_clock(self.at_ms)}"


def _clock(at_ms: int) -> str:
    days = (NOW_MS - at_ms) // DAY_MS
    time = to_iso(at_ms)[11:16]
    return time if not days else f"{time}, {days} day(s) before"


@dataclass(frozen=True)
class Arrival:
    """What arrives, and how.

    Attributes:
        lines: In the order of arrival.
        cuts: After how many lines everything so far is decided and delivered.
        waits: Cut to how many minutes pass after it.
    """

    lines: tuple[Line, ...]
    cuts: tuple[int, ...] = ()
    waits: dict[int, int] = field(default_factory=dict[int, int])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001 - Hypothesis calls it so
        """Show it as a story, where Hypothesis reports a failing case."""
        printer.text(repr(self))

    def __repr__(self) -> str:
        told = ["", "  what arrives, in this order:"]
        for place, line in enumerate(self.lines, 1):
            told.append(f"    {place:2}. {line!r}")
            if place in self.cuts:
                waits = self.waits.get(place, 0)
                later = f", then {waits} minutes pass" if waits else ""
                told.append(f"        --- all so far is delivered{later}")
        return "\n".join(told) + "\n"


# ------------------------------------------------------------------------- stories

Numbers = Iterator[int]
Story = Callable[[Shopper, Numbers, int], list[Line]]


def _track(
    who: Shopper,
    ways: tuple[str, ...],
    does: str,
    at_ms: int,
    name: str,
    /,
    *,
    key: str = "",
    source: str = "backend",
    cart: str | None = None,
    order: str = "",
    **properties: Any,
) -> Line:
    told = event(name, None, at_ms, **properties)
    told["source"] = source
    return Line(
        shopper=who,
        ways=ways,
        does=does,
        at_ms=at_ms,
        said=told,
        key=(name, str(properties[key])) if key else ("", ""),
        cart=cart,
        order=order,
        fixed=bool(order) or not key,
    )


def starts(who: Shopper, ways: tuple[str, ...], number: int, cart: str, at_ms: int) -> Line:
    """They start a checkout."""
    does = f"starts checkout K-{number} with cart {cart}"
    more = {"checkout_id": f"K-{number}", "cart_id": cart, "value": "40.00", "currency": "USD"}
    return _track(who, ways, does, at_ms, "checkout_started", key="checkout_id", cart=cart, **more)


def pays(
    who: Shopper, ways: tuple[str, ...], number: int, cart: str, at_ms: int, **more: Any
) -> Line:
    """They pay an order."""
    does = f"pays order A-{number}" + (f" of cart {cart}" if cart else "")
    total = f"{10 + number}.{number % 10}0"
    coupon = ("", "SPRING", "FALL")[number % 3]
    told = {"order_id": f"A-{number}", "cart_id": cart, "total": total, "currency": "USD"}
    told |= {"coupon": coupon} if coupon else {}
    return _track(who, ways, does, at_ms, "order_paid", key="order_id", cart=cart, **told, **more)


def gets_back(
    who: Shopper, ways: tuple[str, ...], number: int, order: int, at_ms: int, *, by_order: bool
) -> Line:
    """They are refunded, in a record that names them, or their order alone."""
    does = f"gets {number % 4 + 1}.25 back for order A-{order} (refund R-{number}"
    told = {
        "refund_id": f"R-{number}",
        "order_id": f"A-{order}",
        "amount": f"{number % 4 + 1}.25",
        "currency": "USD",
    }
    if by_order:
        does += ", a record without a person)"
        led = f"A-{order}"
        return _track(who, (), does, at_ms, "order_refunded", key="refund_id", order=led, **told)
    return _track(who, ways, does + ")", at_ms, "order_refunded", key="refund_id", **told)


def _own(who: Shopper) -> tuple[str, ...]:
    return ("id",) if who.logs_in else ("email",)


def browses(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """They look at things on the phone."""
    number = next(numbers)
    does = f"views product P-{number}"
    return [_track(who, ("phone",), does, at_ms, "product_viewed", product_id=f"P-{number}")]


def phone_to_desktop(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """Begun on the phone, paid on the desktop."""
    number = next(numbers)
    cart = f"C-{number}"
    does = f"puts something into cart {cart}"
    return [
        _track(who, ("phone",), does, at_ms, "cart_created", key="cart_id", cart_id=cart),
        starts(who, ("phone", "email"), number, cart, at_ms + MINUTE_MS),
        pays(who, _own(who), number, cart, at_ms + 9 * MINUTE_MS),
    ]


def guest(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """A guest buys under an email; who ever logs in does it later."""
    number = next(numbers)
    return [pays(who, ("email",), number, "", at_ms)]


def two_carts(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """Two carts and two checkouts, of which one is paid."""
    one, other = next(numbers), next(numbers)
    return [
        starts(who, _own(who), one, f"C-{one}", at_ms),
        starts(who, _own(who), other, f"C-{other}", at_ms + MINUTE_MS),
        pays(who, _own(who), one, f"C-{one}", at_ms + 3 * MINUTE_MS),
    ]


def after_all(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """A checkout, and an order that does not say of which cart: it closes all of them."""
    number = next(numbers)
    return [
        starts(who, _own(who), number, f"C-{number}", at_ms),
        pays(who, _own(who), number, "", at_ms + 2 * MINUTE_MS),
    ]


def refund(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """An order and two refunds of it, one by a record without a person."""
    number, first, second = next(numbers), next(numbers), next(numbers)
    return [
        pays(who, _own(who), number, "", at_ms),
        gets_back(who, _own(who), first, number, at_ms + HOUR_MS, by_order=True),
        gets_back(who, _own(who), second, number, at_ms + 2 * HOUR_MS, by_order=False),
    ]


def lost_order(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """A refund of an order that nobody ever tells."""
    number = next(numbers)
    return [gets_back(who, (), number, 1000 + number, at_ms, by_order=True)]


def corrected(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """An order whose total is corrected twice."""
    number, first, second = next(numbers), next(numbers), next(numbers)
    found = [pays(who, _own(who), number, "", at_ms)]
    for place, one in enumerate((first, second), 1):
        does = f"has order A-{number} corrected to {one}.00 (correction X-{one})"
        told = {
            "correction_id": f"X-{one}",
            "order_id": f"A-{number}",
            "total": f"{one}.00",
            "currency": "USD",
        }
        when = at_ms + place * HOUR_MS
        found.append(
            _track(who, _own(who), does, when, "order_corrected", key="correction_id", **told)
        )
    return found


def backdated(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """What is told very late: a checkout that no mail may follow any more, and an old order."""
    one, other = next(numbers), next(numbers)
    return [
        starts(who, _own(who), one, f"C-{one}", at_ms - 30 * HOUR_MS),
        pays(who, _own(who), other, "", at_ms - 20 * DAY_MS),
    ]


def minds(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """They change their mind about newsletters, and their name."""
    number = next(numbers)
    found: list[Line] = []
    for place, consents in enumerate((number % 2 == 0, number % 2 == 1, number % 3 == 0)):
        when = at_ms + place * 11 * MINUTE_MS
        attributes = {"email_opt_in": consents, "first_name": f"{who.name} {number + place}"}
        does = (
            f"is {who.name} {number + place} and {'wants' if consents else 'refuses'} newsletters"
        )
        told = {**identify(None, when, **attributes), "source": "backend"}
        found.append(Line(who, _own(who), does, when, told))
    return found


def broken(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """An order that is told broken, which still stops the reminder, and then well."""
    number = next(numbers)
    good = pays(who, _own(who), number, f"C-{number}", at_ms + 4 * MINUTE_MS)
    bad = replace(good, does=f"{good.does}, broken: its total is null", said={**good.said})
    bad.said["properties"] = {**bad.said["properties"], "total": None}
    return [starts(who, _own(who), number, f"C-{number}", at_ms), bad, good]


def overheard(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """An order that the helpdesk tells too, which does not own it."""
    number = next(numbers)
    good = pays(who, _own(who), number, f"C-{number}", at_ms + 4 * MINUTE_MS)
    other = replace(good, does=f"{good.does}, says the helpdesk", said={**good.said})
    other.said["source"] = "helpdesk"
    return [starts(who, _own(who), number, f"C-{number}", at_ms), other, good]


def by_card(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """An order that is told under a vendor's id of theirs; it waits until somebody has that."""
    number = next(numbers)
    ties = said("link", None, at_ms, links=who.by("card"), source="backend")
    return [
        pays(who, ("card",), number, "", at_ms + MINUTE_MS),
        Line(who, _own(who), "pays by a card", at_ms, ties, fixed=True),
    ]


def two_accounts(who: Shopper, numbers: Numbers, at_ms: int) -> list[Line]:
    """Two accounts that are merged, with an order under each."""
    one, other = next(numbers), next(numbers)
    merge = said("merge", None, at_ms, source="backend", **{"from": who.by("old id")})
    return [
        pays(who, ("old id",), one, "", at_ms - DAY_MS),
        pays(who, _own(who), other, "", at_ms),
        Line(who, ("id",), "merges the old account into this one", at_ms, merge, fixed=True),
    ]


def logs_in(who: Shopper, at_ms: int) -> list[Line]:
    """They log in, and both of their devices are theirs."""
    told = {**identify(None, at_ms, email=who.email), "source": "backend"}
    found = [Line(who, ("id",), f"logs in with {who.email}", at_ms, told, fixed=True)]
    for device in ("phone", "desktop"):
        ties = said("link", None, at_ms, links=who.by(device), source="backend")
        found.append(Line(who, ("id",), f"logs in on the {device}", at_ms, ties, fixed=True))
    return found


STORIES: tuple[Story, ...] = (
    browses,
    guest,
    phone_to_desktop,
    two_carts,
    after_all,
    refund,
    corrected,
    minds,
    lost_order,
    backdated,
    broken,
    overheard,
    by_card,
)
OF_MEMBERS: tuple[Story, ...] = (*STORIES, two_accounts)

OTHER_WAYS = (("id",), ("email",), ("id", "email"), ("email", "phone"), ("id", "desktop"))
"""How somebody who logs in may be named as well: all of it is asserted sooner or later."""

BY_ID = (("id",), ("id", "email"), ("id", "desktop"))
"""The same, of what is said of the person and not of a moment."""


@st.composite
def tellings(draw: st.DrawFn) -> tuple[Line, ...]:
    """Draw the stories of one to three shoppers, in their own order."""
    lines: list[Line] = []
    numbers = iter(range(1, 1000))
    for name in NAMES[: draw(st.integers(1, 3))]:
        who = Shopper(name, logs_in=draw(st.booleans()))
        stories = OF_MEMBERS if who.logs_in else STORIES
        told = st.lists(st.sampled_from(stories), min_size=1, max_size=2, unique=True)
        for story in draw(told):
            lines += story(who, numbers, NOW_MS - draw(st.integers(3, 9)) * HOUR_MS)
        if who.logs_in:
            lines += logs_in(who, NOW_MS - HOUR_MS)
    return tuple(lines)


@st.composite
def arrivals_of(draw: st.DrawFn, lines: tuple[Line, ...]) -> Arrival:
    """Draw how the lines of stories arrive."""
    arriving: list[Line] = []
    for line in lines:
        copies = 1 if line.fixed else draw(st.sampled_from((1, 1, 1, 2, 3)))
        for _ in range(copies):
            reidentified = line.shopper.logs_in and not line.fixed and line.ways != ("card",)
            other = reidentified and draw(st.sampled_from((False, False, True)))
            # Wishes that contradict each other under two names are no story without conflict:
            # when the two are found to be one person, the refusal stands (law 12).
            known = OTHER_WAYS if line.event else BY_ID
            ways = draw(st.sampled_from(known)) if other else line.ways
            arriving.append(replace(line, ways=ways))
    order = draw(st.permutations(range(len(arriving))))
    cuts = draw(st.sets(st.integers(1, len(arriving)), max_size=5))
    waits = {cut: draw(st.sampled_from((0, 0, 7))) for cut in sorted(cuts)}
    return Arrival(tuple(arriving[place] for place in order), tuple(sorted(cuts)), waits)


@st.composite
def arrivals(draw: st.DrawFn) -> Arrival:
    """Draw stories, and how they arrive."""
    return draw(arrivals_of(draw(tellings())))
