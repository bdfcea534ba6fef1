"""The demo's stories: who is who, and what came first.

Each is told by a few people of its own, scattered among everybody else's records. What the
first round says is delivered before the second one is told.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Final

from .shop import checkout, event, order, record, refund

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from .shop import Said, Shop

_HOUR: Final = timedelta(hours=1)
_TOTAL: Final = Decimal("24.00")
_MORE: Final = Decimal("8.90")


def tell_stories(shop: Shop) -> None:
    """Let each story happen to its people."""
    numbers = (str(number) for number in count(9001))
    for story, people in _STORIES:
        for _ in range(people):
            known = set(shop.buyers)
            story(shop, numbers)
            about = tuple(name for name in shop.buyers if name not in known)
            shop.told.setdefault(story.__name__, []).append(about)


def _email(number: str) -> str:
    return f"person{number}@example.org"


def _signs_up(number: str, at: datetime, email: str | None = None) -> Said:
    attributes = {"email": email or _email(number), "created_at": at.isoformat()}
    return record("identify", {"id": number}, at, attributes=attributes)


def overtaken(shop: Shop, numbers: Iterator[str]) -> None:
    """An order is told before the checkout that it ended."""
    number, at = next(numbers), shop.now - 3 * _HOUR
    paid = order({"id": number}, at, f"O-{number}", _TOTAL, cart_id=f"C-{number}")
    started = checkout({"id": number}, at - timedelta(minutes=9), f"C-{number}", _TOTAL)
    shop.say([paid, started], turn=2)
    shop.buyer("id", number).bought(_TOTAL)
    shop.count("closed")


def paid_later(shop: Shop, numbers: Iterator[str]) -> None:
    """A checkout was sent in the morning, and is paid at noon."""
    number, at = next(numbers), shop.now - 5 * _HOUR
    shop.say([checkout({"id": number}, at, f"C-{number}", _TOTAL)])
    paid = order({"id": number}, at + _HOUR, f"O-{number}", _TOTAL, cart_id=f"C-{number}")
    shop.say([paid], turn=2)
    buyer = shop.buyer("id", number)
    buyer.bought(_TOTAL)
    buyer.events += 1
    shop.count("started")


def two_carts(shop: Shop, numbers: Iterator[str]) -> None:
    """Two carts are brought to a checkout, and one of them is paid."""
    number, at = next(numbers), shop.now - 4 * _HOUR
    shop.say(
        [
            checkout({"id": number}, at, f"C-{number}-1", _TOTAL),
            checkout({"id": number}, at + timedelta(minutes=4), f"C-{number}-2", _MORE),
            order({"id": number}, at + _HOUR, f"O-{number}", _TOTAL, cart_id=f"C-{number}-1"),
        ],
        turn=2,
    )
    buyer = shop.buyer("id", number)
    buyer.bought(_TOTAL)
    buyer.events += 1
    shop.count("closed")
    shop.count("started")


def stale(shop: Shop, numbers: Iterator[str]) -> None:
    """A queue was stuck for two days with a checkout in it."""
    number = next(numbers)
    shop.say([_signs_up(number, shop.now - 72 * _HOUR)])
    shop.say([checkout({"id": number}, shop.now - 50 * _HOUR, f"C-{number}", _TOTAL)], turn=2)
    shop.buyer("id", number).email = _email(number)


def phone_to_desktop(shop: Shop, numbers: Iterator[str]) -> None:
    """Looked and began on a phone without an account, logged in and paid on a desktop.

    The payment's webhook is delivered three times, and all of it arrives in any order.
    """
    number, at = next(numbers), shop.now - 2 * _HOUR
    phone = {"anonymous_id": f"phone-{number}"}
    shop.say([event("product_viewed", phone, at - timedelta(minutes=20), sku="POT-1")])
    paid = order({"id": number}, at, f"O-{number}", _TOTAL, cart_id=f"C-{number}")
    mixed = {**phone, "email": _email(number).title()}
    story = [
        checkout(mixed, at - timedelta(minutes=9), f"C-{number}", _TOTAL),
        _signs_up(number, at - timedelta(minutes=2)),
        *(paid, paid, paid),
    ]
    shop.chance.shuffle(story)
    shop.say(story, turn=2)
    buyer = shop.buyer("id", number)
    buyer.email = _email(number)
    buyer.bought(_TOTAL)
    buyer.events += 1
    shop.count("retried", 2)
    shop.count("closed")


def guest(shop: Shop, numbers: Iterator[str]) -> None:
    """Buys without an account, and never makes one."""
    number = next(numbers)
    email = _email(number)
    shop.say([order({"email": email}, shop.now - 6 * _HOUR, f"O-{number}", _TOTAL)])
    buyer = shop.buyer("email", email)
    buyer.email = email
    buyer.bought(_TOTAL)


def registers_later(shop: Shop, numbers: Iterator[str]) -> None:
    """Buys as a guest, makes an account, and buys again."""
    number, at = next(numbers), shop.now - 6 * _HOUR
    email = _email(number)
    shop.say([order({"email": email}, at, f"O-{number}-1", _TOTAL)])
    story = [
        _signs_up(number, at + _HOUR),
        order({"id": number}, at + 2 * _HOUR, f"O-{number}-2", _MORE),
    ]
    shop.say(story, turn=2)
    buyer = shop.buyer("id", number)
    buyer.email = email
    buyer.bought(_TOTAL)
    buyer.bought(_MORE)
    shop.same["email", email] = ("id", number)


def logs_in_at_last(shop: Shop, numbers: Iterator[str]) -> None:
    """Buys with an account of which no email is known, and once as a guest; then logs in."""
    number, at = next(numbers), shop.now - 6 * _HOUR
    shop.say([order({"id": number}, at, f"O-{number}-1", _TOTAL)])
    shop.say([order({"email": _email(number)}, at + _HOUR, f"O-{number}-2", _MORE)])
    shop.say([_signs_up(number, at + 2 * _HOUR)], turn=2)
    buyer = shop.buyer("id", number)
    buyer.email = _email(number)
    buyer.bought(_TOTAL)
    buyer.bought(_MORE)


def kept_apart(shop: Shop, numbers: Iterator[str]) -> None:
    """Buys as a guest under an address, and gives it to an account that has another one."""
    number, at = next(numbers), shop.now - 6 * _HOUR
    other = f"other{number}@example.org"
    shop.say([_signs_up(number, at - _HOUR), order({"id": number}, at, f"O-{number}-1", _TOTAL)])
    shop.say([order({"email": other}, at, f"O-{number}-2", _MORE)])
    shop.say([_signs_up(number, at + _HOUR, other)], turn=2)
    account, apart = shop.buyer("id", number), shop.buyer("email", other)
    account.email, apart.email = _email(number), other
    account.bought(_TOTAL)
    apart.bought(_MORE)


def refunded_by_order(shop: Shop, numbers: Iterator[str]) -> None:
    """A refund names an order and nobody, and half of them come before the order."""
    number, at = next(numbers), shop.now - 6 * _HOUR
    order_id = f"O-{number}"
    paid = order({"id": number}, at, order_id, _TOTAL)
    back = {**refund({}, at + _HOUR, order_id, _MORE), "record_id": f"of-nobody-{number}"}
    shop.say([paid, back] if int(number) % 2 else [back, paid])
    buyer = shop.buyer("id", number)
    buyer.bought(_TOTAL)
    buyer.got_back(_MORE)


def held(shop: Shop, numbers: Iterator[str]) -> None:
    """A refund names an order that nobody has told of."""
    shop.say([refund({}, shop.now - _HOUR, f"O-{next(numbers)}", _MORE)], turn=2)


def household(shop: Shop, numbers: Iterator[str]) -> None:
    """Two people share one mailbox; then somebody buys with nothing but that."""
    first, second, at = next(numbers), next(numbers), shop.now - 6 * _HOUR
    email = f"home{first}@example.org"
    shop.say(
        [
            _signs_up(first, at, email),
            _signs_up(second, at + timedelta(minutes=5), email),
            order({"id": second}, at + _HOUR, f"O-{second}", _TOTAL),
            order({"email": email}, at + 2 * _HOUR, f"O-{first}", _MORE),
        ]
    )
    shop.buyer("id", first).email = email
    shop.buyer("id", first).bought(_MORE)
    shop.buyer("id", second).bought(_TOTAL)


def gift(shop: Shop, numbers: Iterator[str]) -> None:
    """Buys for a friend, and gives the friend's email for the parcel."""
    giver, friend, at = next(numbers), next(numbers), shop.now - 6 * _HOUR
    shop.say([_signs_up(friend, at)])
    told = order({"id": giver, "email": _email(friend)}, at + _HOUR, f"O-{giver}", _TOTAL)
    shop.say([{**told, "record_id": f"gift-{giver}"}], turn=2)
    shop.buyer("id", giver).bought(_TOTAL)
    shop.buyer("id", friend).email = _email(friend)


def merged(shop: Shop, numbers: Iterator[str]) -> None:
    """One person has two accounts, which the shop makes one; the old id goes on buying."""
    stays, goes, at = next(numbers), next(numbers), shop.now - 6 * _HOUR
    shop.say([_signs_up(stays, at), order({"id": stays}, at, f"O-{stays}", _TOTAL)])
    shop.say([_signs_up(goes, at), order({"id": goes}, at, f"O-{goes}-1", _MORE)])
    story = [
        record("merge", {"id": stays}, at + _HOUR, **{"from": {"id": goes}}),
        order({"id": goes}, at + 2 * _HOUR, f"O-{goes}-2", _MORE),
    ]
    shop.say(story, turn=2)
    buyer = shop.buyer("id", stays)
    buyer.email = _email(stays)
    for total in (_TOTAL, _MORE, _MORE):
        buyer.bought(total)
    shop.gone.append(("id", goes))


_STORIES: Final[tuple[tuple[Callable[[Shop, Iterator[str]], None], int], ...]] = (
    (overtaken, 12),
    (paid_later, 6),
    (two_carts, 3),
    (stale, 4),
    (phone_to_desktop, 8),
    (guest, 5),
    (registers_later, 6),
    (logs_in_at_last, 3),
    (kept_apart, 2),
    (refunded_by_order, 6),
    (held, 2),
    (household, 3),
    (gift, 4),
    (merged, 3),
)
