"""The id of a moment is the one formula of law 5, computed here again by hand."""

from __future__ import annotations

import json
import re
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from truthpoint.values.event_id import event_id, ulid

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def by_hand(parts: list[str]) -> str:
    """First 128 bits of SHA-256 over the compact JSON array, five bits a character."""
    array = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
    number = int.from_bytes(sha256(array).digest()[:16], "big")
    digits = ""
    for _ in range(26):
        number, digit = divmod(number, 32)
        digits = CROCKFORD[digit] + digits
    return digits


@given(TEXT, TEXT, st.lists(TEXT, min_size=1, max_size=3))
def test_an_event_id_is_computed_from_shop_name_and_key_alone(
    shop: str, wire: str, key: list[str]
) -> None:
    """Law 5: the same moment has the same ULID, for good, and it can be computed by anybody."""
    assert by_hand([shop, wire, *key]) == event_id(shop, wire, key)


def test_an_event_id_is_this_one_for_good() -> None:
    """Law 5: a change of the formula would double what customers already have."""
    assert event_id("acme", "order_paid", ["A-1"]) == "4QG1K4166Q4EEWJC46C23ZJR9G"


@given(st.integers(0, 2**128 - 1))
def test_a_ulid_holds_its_number_and_has_a_valid_form(number: int) -> None:
    """26 characters of Crockford's alphabet, the first of them at most 7."""
    text = ulid(number)

    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", text)
    assert number == sum(CROCKFORD.index(one) << 5 * i for i, one in enumerate(reversed(text)))


def test_the_parts_of_a_key_do_not_run_into_each_other() -> None:
    """`ab`, `c` is another moment than `a`, `bc`."""
    assert event_id("s", "e", ["ab", "c"]) != event_id("s", "e", ["a", "bc"])
    assert event_id("s", "e", ["a"]) != event_id("s", "e", ["a", ""])
