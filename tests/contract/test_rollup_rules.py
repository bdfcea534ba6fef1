"""What a rollup may say beyond count, sum, earliest and latest, and what it may not."""

from __future__ import annotations

from decimal import Decimal

import pytest

from truthpoint.contract import read
from truthpoint.contract.model import Foreign, Rollup, RollupKind
from truthpoint.errors import ContractInvalid

SHOP = """\
truthpoint: 1
shop: acme
currency: USD
sources: {app: {kind: app}}
person:
  id: {name: customer_id}
  attributes:
    spent_eur: {type: number}
    email: {type: email}
    tier: {bucket: BUCKETED, steps: {none: 0, some: 3}}
types:
  item:
    sku: {type: string, required: true}
    buyer: {type: string, personal: true, default: ""}
    extras: {type: list, of: string, default: []}
events:
  paid:
    key: [order_id]
    properties:
      order_id: {type: string, required: true}
      total: {type: money, required: true}
      points: {type: integer, default: 0}
      currency: {type: currency, required: true}
      channel: {type: string, enum: [web, shop, phone], default: web}
      gift: {type: boolean, default: false}
      number: {type: integer, default: 0}
      note: {type: string, personal: true, default: ""}
      mail: {type: email, default: "a@b.test"}
      items: {type: list, of: item, default: []}
      tags: {type: list, of: string, default: []}
      mails: {type: list, of: email, default: []}
      place: {type: object, default: {}}
  refunded:
    key: [refund_id, order_id]
    properties:
      refund_id: {type: string, required: true}
      order_id: {type: string, required: true}
      number: {type: string, default: ""}
      count: {type: integer, default: 0}
      amount: {type: money, required: true}
      channel: {type: string, enum: [web, shop], default: web}
  opened:
    key: [at]
    properties:
      order_id: {type: string, default: ""}
      fee: {type: money, default: 0}
rollups:
  counted: {count: paid}
  distinct: {count_distinct: paid.tags}
  NAME: SPEC
"""


def text(spec: str, name: str = "x", bucketed: str = "counted") -> str:
    return SHOP.replace("NAME", name).replace("SPEC", spec).replace("BUCKETED", bucketed)


def loaded(spec: str, name: str = "x") -> Rollup:
    return read(text(spec, name).encode(), file="tracking.yaml").rollups[name]


def refused(contract: str) -> list[tuple[str, str | None, str]]:
    with pytest.raises(ContractInvalid) as caught:
        read(contract.encode(), file="tracking.yaml")
    return [
        (one.code, one.where.path, f"{one.evidence} {one.fix}") for one in caught.value.findings
    ]


@pytest.mark.parametrize(
    ("spec", "kind", "told"),
    [
        ("{count_distinct: paid.channel}", RollupKind.COUNT_DISTINCT, "channel"),
        ("{count_distinct: paid.tags}", RollupKind.COUNT_DISTINCT, "tags"),
        ("{count_distinct: paid.items.sku}", RollupKind.COUNT_DISTINCT, "items.sku"),
        ("{first: paid.channel}", RollupKind.FIRST, "channel"),
        ("{last: paid.total}", RollupKind.LAST, "total"),
    ],
)
def test_a_rollup_of_values_names_their_property(spec: str, kind: RollupKind, told: str) -> None:
    """One of a list's items too, where different values are counted."""
    assert Rollup(name="x", kind=kind, event="paid", property=told) == loaded(spec)


@pytest.mark.parametrize(
    ("written", "where"),
    [
        ("{channel: web}", (("channel", ("web",)),)),
        ("{channel: [web, shop, web]}", (("channel", ("shop", "web")),)),
        ("{gift: false, channel: [web]}", (("channel", ("web",)), ("gift", (False,)))),
        ("{number: [7, 3]}", (("number", (3, 7)),)),
        ("{total: 7.5}", (("total", (Decimal("7.50"),)),)),
        ("{order_id: 7}", (("order_id", ("7",)),)),
    ],
)
def test_conditions_have_the_values_that_moments_have(
    written: str, where: tuple[tuple[str, tuple[object, ...]], ...]
) -> None:
    """Normalised, each once, and in one order: however they are written, they say the same."""
    assert where == loaded(f"{{count: paid, where: {written}}}").where


def test_a_condition_of_a_sum_is_one_of_what_it_takes_off_too() -> None:
    """Otherwise what was never added would be taken off."""
    spec = "{sum: paid.total, minus: refunded.amount, where: {channel: web}}"

    assert (("channel", ("web",)),) == loaded(spec).where


def test_what_is_taken_off_may_wait_for_what_it_is_taken_off_from() -> None:
    """For seven days, unless something else is said."""
    spec = "{sum: paid.total, minus: refunded.amount, of: order_id}"

    assert ("order_id", 604_800_000) == (loaded(spec).minus_of, loaded(spec).wait_ms)
    assert 3_600_000 == loaded(spec.replace("}", ", wait: 1h}")).wait_ms
    assert (None, 0) == (
        loaded("{sum: paid.total, minus: refunded.amount}").minus_of,
        loaded("{sum: paid.total, minus: refunded.amount}").wait_ms,
    )


@pytest.mark.parametrize(
    ("said", "foreign", "rates"),
    [
        ("", Foreign.REFUSE, ()),
        (", currency: refuse", Foreign.REFUSE, ()),
        (", currency: per_currency", Foreign.PER_CURRENCY, ()),
        (
            ', rates: {GBP: "1.27", EUR: 1.08, JPY: 1}',
            Foreign.RATES,
            (("EUR", Decimal("1.08")), ("GBP", Decimal("1.27")), ("JPY", Decimal(1))),
        ),
    ],
)
def test_other_currencies_have_one_rule(
    said: str, foreign: Foreign, rates: tuple[tuple[str, Decimal], ...]
) -> None:
    """Law 10: refused unless the contract says where they go."""
    found = loaded(f"{{sum: paid.total{said}}}", "sum_of_money")

    assert (foreign, rates) == (found.foreign, found.rates)


def test_a_currency_of_what_is_taken_off_is_enough_for_a_rule() -> None:
    """One of the two events says in which currency it is."""
    spec = "{sum: opened.fee, minus: paid.total, currency: per_currency}"

    assert Foreign.PER_CURRENCY is loaded(spec).foreign


def test_steps_may_be_of_distinct_values() -> None:
    """They are a number as well."""
    contract = read(text("{count: paid}", bucketed="distinct").encode(), file="tracking.yaml")

    assert "distinct" == contract.buckets[0].rollup


_SUM = "{sum: paid.total, minus: refunded.amount, "
_RATES = "{sum: paid.total, rates: "

BROKEN = (
    # --- properties
    ("{first: paid}", "bad_value", "x.first", "name a property"),
    ("{count_distinct: paid.item.sku}", "not_a_property", "x.count_distinct", "`item.sku`"),
    ("{count_distinct: paid.items.skus}", "not_a_property", "x.count_distinct", "`items.sku`?"),
    ("{count_distinct: paid.tags.x}", "not_a_property", "x.count_distinct", "`tags.x`"),
    ("{count_distinct: paid.items}", "rollup_property", "x.count_distinct", "plain"),
    ("{count_distinct: paid.items.extras}", "rollup_property", "x.count_distinct", "plain"),
    ("{count_distinct: paid.place}", "rollup_property", "x.count_distinct", "plain"),
    ("{count_distinct: paid.note}", "rollup_property", "x.count_distinct", "personal"),
    ("{count_distinct: paid.mail}", "rollup_property", "x.count_distinct", "personal"),
    ("{count_distinct: paid.mails}", "rollup_property", "x.count_distinct", "personal"),
    ("{count_distinct: paid.items.buyer}", "rollup_property", "x.count_distinct", "personal"),
    ("{first: paid.note}", "rollup_property", "x.first", "personal"),
    ("{first: paid.tags}", "rollup_property", "x.first", "plain"),
    ("{last: paid.items.sku}", "not_a_property", "x.last", "`items.sku`"),
    ("{sum: paid.items.sku}", "not_a_property", "x.sum", "`items.sku`"),
    # --- what only a sum says
    ("{first: paid.channel, of: order_id}", "bad_value", "x.of", "nothing about a first"),
    ("{count: paid, wait: 7d}", "bad_value", "x.wait", "nothing about a count"),
    ("{latest: paid, currency: refuse}", "bad_value", "x.currency", "nothing about a latest"),
    ("{last: paid.channel, rates: {}}", "bad_value", "x.rates", "nothing about a last"),
    # --- waiting
    (f"{_SUM}wait: 7d}}", "bad_value", "x.wait", "without `of`"),
    (f"{_SUM}of: order_id, wait: 0d}}", "bad_value", "x.wait", "zero"),
    (f"{_SUM}of: order_ids}}", "not_a_property", "x.of", "`order_id`?"),
    (f"{_SUM}of: count}}", "bad_value", "x.of", "different types"),
    (f"{_SUM}of: 7}}", "wrong_type", "x.of", ""),
    ("{sum: paid.total, of: order_id}", "bad_value", "x.of", "another event"),
    ("{sum: paid.total, minus: paid.total, of: order_id}", "bad_value", "x.of", "another event"),
    ("{sum: paid.total, minus: nothing.x, of: order_id}", "unknown_event", "x.minus", ""),
    ("{sum: nothing.x, minus: refunded.amount, of: order_id}", "unknown_event", "x.sum", ""),
    ("{sum: refunded.amount, minus: paid.total, of: order_id}", "bad_value", "x.of", "one prop"),
    ("{sum: opened.fee, minus: refunded.amount, of: order_id}", "bad_value", "x.of", "one prop"),
    # --- other currencies
    ("{sum: paid.total, currency: euro}", "bad_value", "x.currency", "per_currency"),
    ("{sum: paid.total, currency: rates}", "bad_value", "x.currency", "per_currency"),
    ("{sum: paid.points, currency: per_currency}", "bad_value", "x.currency", "no amount"),
    ("{sum: opened.fee, currency: per_currency}", "bad_value", "x.currency", "no amount"),
    ("{sum: paid.totl, currency: per_currency}", "not_a_property", "x.sum", "`total`?"),
    (f"{_RATES}{{EUR: 1}}, currency: refuse}}", "bad_value", "x.currency", "both"),
    (f"{_RATES}{{}}}}", "bad_value", "x.rates", "no rate"),
    (f"{_RATES}{{eur: 1}}}}", "bad_value", "x.rates.eur", "`EUR`?"),
    (f"{_RATES}{{EURO: 1}}}}", "bad_value", "x.rates.EURO", "ISO 4217"),
    (f"{_RATES}{{USD: 1}}}}", "bad_value", "x.rates.USD", "reporting"),
    (f"{_RATES}{{EUR: one}}}}", "wrong_type", "x.rates.EUR", "decimal"),
    (f"{_RATES}{{EUR: true}}}}", "wrong_type", "x.rates.EUR", "decimal"),
    (f"{_RATES}{{EUR: .inf}}}}", "wrong_type", "x.rates.EUR", "decimal"),
    (f"{_RATES}{{EUR: 0}}}}", "bad_value", "x.rates.EUR", "above 0"),
    (f"{_RATES}{{EUR: -1}}}}", "bad_value", "x.rates.EUR", "above 0"),
    (f"{_RATES}{{EUR: 1e12}}}}", "bad_value", "x.rates.EUR", "digits"),
    (f"{_RATES}{{EUR: 0.0000000000001}}}}", "bad_value", "x.rates.EUR", "digits"),
    # --- conditions
    ("{count: paid, where: web}", "wrong_type", "x.where", ""),
    ("{count: paid, where: {}}", "bad_value", "x.where", "no condition"),
    ("{count: paid, where: {chanel: web}}", "not_a_property", "x.where.chanel", "`channel`?"),
    ("{count: paid, where: {tags: a}}", "rollup_property", "x.where.tags", "list"),
    ("{count: paid, where: {channel: []}}", "bad_value", "x.where.channel", "No value"),
    ("{count: paid, where: {channel: web2}}", "bad_value", "x.where.channel", "can have"),
    ("{count: paid, where: {channel: [web, 7]}}", "bad_value", "x.where.channel[1]", "can have"),
    ("{count: paid, where: {channel: {a: b}}}", "bad_value", "x.where.channel", "can have"),
    ("{count: paid, where: {channel: null}}", "bad_value", "x.where.channel", "can have"),
    ("{count: paid, where: {gift: maybe}}", "bad_value", "x.where.gift", "a boolean"),
    (f"{_SUM}where: {{gift: true}}}}", "not_a_property", "x.where.gift", "`refunded`"),
    (f"{_SUM}where: {{number: 7}}}}", "bad_value", "x.where.number", "another type"),
    (f"{_SUM}where: {{channel: phone}}}}", "bad_value", "x.where.channel", "can have"),
)  # fmt: skip


@pytest.mark.parametrize(("spec", "code", "path", "said"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_rollup_that_says_what_cannot_be_keeps_the_contract_from_loading(
    spec: str, code: str, path: str, said: str
) -> None:
    """One finding, at its place, with what to do."""
    found = refused(text(spec))

    assert [(code, f"rollups.{path}")] == [one[:2] for one in found]
    assert said in found[0][2]


def test_a_total_of_each_currency_needs_a_name_of_its_own() -> None:
    """Two totals under one name would take turns."""
    spec = "{sum: paid.total, currency: per_currency}"

    assert [("rollup_name_taken", "rollups.spent")] == [
        one[:2] for one in refused(text(spec, "spent"))
    ]
    assert [("rollup_name_taken", "rollups.x")] == [
        one[:2] for one in refused(text(f"{spec}\n  x_usd: {{count: paid}}"))
    ]
    assert (
        "x_eu"
        in read(text(f"{spec}\n  x_eu: {{count: paid}}").encode(), file="tracking.yaml").rollups
    )


def test_a_name_leaves_room_for_a_currency() -> None:
    """Customer.io takes 150 bytes."""
    spec = "{sum: paid.total, currency: per_currency}"
    longest = "x" * 146

    assert longest == loaded(spec, longest).name
    assert [("too_long", f"rollups.{longest}x")] == [
        one[:2] for one in refused(text(spec, f"{longest}x"))
    ]


def test_steps_are_of_no_first_or_last_value() -> None:
    """Whatever it holds, it does not rise."""
    found = refused(text("{last: paid.number}", bucketed="x"))

    assert [("bad_value", "person.attributes.tier.bucket")] == [one[:2] for one in found]
