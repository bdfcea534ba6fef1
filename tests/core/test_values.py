"""Money is exact, instants are UTC and known, currencies are those of ISO 4217."""

from __future__ import annotations

import decimal
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from truthpoint.values.currencies import EXPONENTS
from truthpoint.values.instants import (
    EARLIEST_MOMENT_MS,
    HORIZON_MS,
    LATEST_TIMESTAMP_MS,
    MOMENT_LEAD_MS,
    InstantRefused,
    from_datetime,
    from_epoch,
    from_iso,
    is_date,
    to_iso,
    to_seconds,
)
from truthpoint.values.money import at_exponent, decimals, plain, read_money

UNITS_OF_ACCOUNT = {"BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW", "XAD"}
"""Codes of funds and of accounting, in which nothing is paid."""


def test_the_currencies_are_those_of_iso_4217() -> None:
    """Every code in which money is paid, with its exponent, as another copy of the list has it."""
    theirs = {
        one.value: one.exponent
        for one in Currency
        if one.exponent is not None and one.value not in UNITS_OF_ACCOUNT
    }

    assert theirs == EXPONENTS


AMOUNTS = st.decimals(
    min_value=Decimal("-999999999999999.999999"),
    max_value=Decimal("999999999999999.999999"),
    places=6,
)


@given(AMOUNTS, st.integers(0, 34))
def test_an_amount_keeps_its_value_however_it_is_written(amount: Decimal, zeros: int) -> None:
    """As Decimal, as text, with more zeros: equal amounts have equal text, and none is rounded."""
    written = format(amount, "f") + "0" * zeros
    read = read_money(written)

    assert read is not None
    assert Fraction(amount) == Fraction(read) == Fraction(plain(read))
    assert plain(amount) == plain(read)
    assert read_money(plain(amount)) == amount
    assert decimals(amount) == len(plain(amount).partition(".")[2])


@given(AMOUNTS, st.integers(0, 6))
def test_an_amount_gets_exactly_the_decimals_of_its_currency_or_is_refused(
    amount: Decimal, exponent: int
) -> None:
    """It is never rounded."""
    if decimals(amount) > exponent:
        with pytest.raises(decimal.Inexact):
            at_exponent(amount, exponent)
        return
    given_decimals = at_exponent(amount, exponent)

    assert (Fraction(amount), -exponent) == (
        Fraction(given_decimals),
        given_decimals.as_tuple().exponent,
    )
    assert given_decimals or not given_decimals.is_signed()


def test_amounts_do_not_depend_on_the_callers_decimal_context() -> None:
    """An application that computes with six digits loses no cent here."""
    with decimal.localcontext() as context:
        context.prec = 6
        context.traps[decimal.Inexact] = True
        amount = read_money("123456789012345.25")
        assert amount is not None
        told = (decimals(amount), plain(amount), str(at_exponent(amount, 3)))

    assert (2, "123456789012345.25", "123456789012345.250") == told


@pytest.mark.parametrize(
    "written",
    [
        None,
        True,
        1.5,
        "",
        " 1",
        "1 ",
        "+1",
        ".5",
        "5.",
        "1,5",
        "1_0",
        "1e3",
        "NaN",
        "Infinity",
        "0x1",
        "٣",
        "1" * 41,
        "1." + "1" * 41,
        10**15,
        -(10**15),
        "1000000000000000",
        Decimal("NaN"),
        Decimal("-Infinity"),
        Decimal("1E+15"),
        Decimal("1E-41"),
        Decimal("1E-999999999"),
        [],
    ],
)
def test_what_is_no_amount_is_no_money(written: object) -> None:
    """Decimals, integers and decimal strings below 10^15 are; nothing else."""
    assert read_money(written) is None


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1E+2", "100"),
        ("1.50", "1.5"),
        ("-0.00", "0"),
        ("0E-30", "0"),
        ("-3.10", "-3.1"),
        ("10", "10"),
    ],
)
def test_plain_text_has_no_exponent_and_no_trailing_zeros(amount: str, text: str) -> None:
    """Zero is 0, whatever its sign and scale."""
    assert text == plain(Decimal(amount))


INSTANTS = st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001 - Hypothesis wants naive bounds
    datetime(9999, 12, 30),  # noqa: DTZ001 - Hypothesis wants naive bounds
    timezones=st.sampled_from(
        [timezone(timedelta(hours=h, minutes=m)) for h in (-12, 0, 14) for m in (0, 30)]
    ),
)


@given(INSTANTS)
def test_an_instant_is_the_same_in_every_form(moment: datetime) -> None:
    """Datetime, ISO text in its own offset, ISO text in UTC, and a count of milliseconds."""
    instant_ms = from_datetime(moment)

    assert instant_ms == from_iso(moment.isoformat())
    assert instant_ms == from_iso(to_iso(instant_ms))
    assert instant_ms == from_epoch(instant_ms, unit="ms")
    assert to_seconds(instant_ms) * 1000 <= instant_ms < to_seconds(instant_ms) * 1000 + 1000
    assert timedelta(milliseconds=instant_ms) <= moment - datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"),
        ("2026-11-20t10:00:00+02:00", "2026-11-20T08:00:00Z"),
        ("2026-11-20 10:00-0330", "2026-11-20T13:30:00Z"),
        ("20261120T100000Z", "2026-11-20T10:00:00Z"),
        ("2026-W47-5T10Z", "2026-11-20T10:00:00Z"),
        ("2026-11-20T10:00:00.1239Z", "2026-11-20T10:00:00.123Z"),
        ("2026-11-20T10:00:00,5Z", "2026-11-20T10:00:00.500Z"),
        ("1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59.900Z"),
    ],
)
def test_iso_8601_is_read_in_its_usual_forms(text: str, utc: str) -> None:
    """An offset is always there."""
    assert utc == to_iso(from_iso(text))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-11-20T10:00:00", "naive"),
        ("2026-11-20", "naive"),
        ("2026-11-20x10:00:00Z", "unreadable"),
        ("2026-11-20+10:00Z", "unreadable"),
        ("2026-11-20-10:00Z", "unreadable"),
        ("2026-02-29T10:00:00Z", "unreadable"),
        ("2026-11-20T25:00:00Z", "unreadable"),
        ("2026-11-20T10:00:60Z", "unreadable"),
        ("20 Nov 2026 10:00 UTC", "unreadable"),
        ("1795161600", "unreadable"),
        ("", "unreadable"),
        ("٢٠٢٦-11-20T10:00:00Z", "unreadable"),
    ],
)
def test_a_time_without_offset_or_of_another_form_is_refused(text: str, code: str) -> None:
    """Law 13: Customer.io would silently take the present instead."""
    with pytest.raises(InstantRefused) as caught:
        from_iso(text)

    assert code == caught.value.code


def test_a_naive_datetime_is_refused() -> None:
    """Law 13."""
    with pytest.raises(InstantRefused, match=r"^naive$"):
        from_datetime(datetime(2026, 11, 20))  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    ("count", "unit", "instant_ms"),
    [
        (1, "s", 1000),
        (1, "ms", 1),
        (Decimal("1.5"), "s", 1500),
        (Decimal("1.9"), "ms", 1),
        (Decimal("-0.0001"), "s", 0),
    ],
)
def test_a_count_is_in_its_declared_unit(count: int | Decimal, unit: str, instant_ms: int) -> None:
    """Seconds or milliseconds; parts of a millisecond are left out."""
    assert instant_ms == from_epoch(count, unit=unit)


@pytest.mark.parametrize("count", ["NaN", "Infinity", "1E+31", "1E-31"])
def test_a_count_out_of_all_bounds_is_not_spelled_out(count: str) -> None:
    """A huge exponent costs no memory."""
    with pytest.raises(InstantRefused, match=r"^unreadable$"):
        from_epoch(Decimal(count), unit="s")


@given(st.dates() | st.text(max_size=10))
def test_a_date_is_its_own_iso_form(given_date: date | str) -> None:
    """`YYYY-MM-DD` of the calendar, and nothing else."""
    if isinstance(given_date, str):
        assert is_date(given_date) is (
            len(given_date) == 10 and given_date[4] == "-" and is_date(given_date)
        )
    else:
        assert is_date(given_date.isoformat())
        assert not is_date(given_date.isoformat().replace("-", ""))


def test_the_bounds_are_those_of_the_documentation() -> None:
    """1990, 5 minutes, the end of 2100, 72 hours."""
    assert "1990-01-01T00:00:00Z" == to_iso(EARLIEST_MOMENT_MS)
    assert "2100-12-31T23:59:59.999Z" == to_iso(LATEST_TIMESTAMP_MS)
    assert (timedelta(minutes=5), timedelta(days=3)) == (
        timedelta(milliseconds=MOMENT_LEAD_MS),
        timedelta(milliseconds=HORIZON_MS),
    )
