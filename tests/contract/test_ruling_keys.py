"""Keys that rule what becomes of records, and the few whose rule a later version builds."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from truthpoint.contract import Contract, read
from truthpoint.contract.model import Bucket, Close
from truthpoint.contract.rules import (
    Catalog,
    Channel,
    Completion,
    Consent,
    Fallback,
    OnViolation,
    Qa,
    Stop,
    Unidentified,
    Unresolved,
)
from truthpoint.errors import ContractInvalid
from truthpoint.findings import Severity, as_text

WHOLE = Path(__file__).with_name("whole_contract.yaml").read_text()
LATER_SOURCES = (
    '  cards: {kind: stripe, secret: "${CARDS_SECRET}"}\n'
    '  market: {kind: shopify, secret: "${MARKET_SECRET}"}\n'
)
BUILT = WHOLE.replace(LATER_SOURCES, "  market: {kind: app}\n")
"""The whole contract without the kinds of sources that this version refuses."""


def loaded(*swaps: tuple[str, str]) -> Contract:
    data = BUILT
    for old, new in swaps:
        assert 1 == data.count(old), old
        data = data.replace(old, new)
    return read(data.encode(), file="tracking.yaml")


def refused(*swaps: tuple[str, str]) -> list[tuple[str, str | None, str]]:
    with pytest.raises(ContractInvalid) as caught:
        loaded(*swaps)
    return [(one.code, one.where.path, one.fix) for one in caught.value.findings]


CONTRACT = loaded()
BASKET, PAID = CONTRACT.events["basket_opened"], CONTRACT.events["order_paid"]


def test_each_key_that_waits_is_noted_once_at_its_place_and_nothing_else_is() -> None:
    """In the order of the file; none is an error, so the contract loads."""
    assert [
        "events.basket_opened.samples",
        "events.order_paid.expected_lag",
        "stops",
        "segments",
        "templates",
    ] == [one.where.path for one in CONTRACT.notes]
    assert {("waiting", Severity.INFO)} == {(one.code, one.severity) for one in CONTRACT.notes}


def test_a_note_says_what_happens_until_then() -> None:
    """The whole text of one."""
    note = next(one for one in CONTRACT.notes if one.where.path == "segments")

    assert (
        "tracking.yaml:109:1 segments: info waiting: `segments` is not acted on yet: the file is"
        " not read.\n"
        "    The contract loads; the key is known and in order, and waits for a later version."
        " Nothing to do: leave it, and it is in force once its rule is built."
    ) == as_text(note)


def test_a_contract_without_such_keys_has_no_notes() -> None:
    """Nothing is said where nothing waits."""
    data = (
        "{truthpoint: 1, shop: a, sources: {app: {kind: app}}, events: {},"
        " person: {id: {name: n}, links: [email],"
        " unresolved: {email: quarantine, other: quarantine, none: quarantine}}}"
    )

    assert () == read(data.encode(), file="t").notes


def test_what_rules_records_is_kept_as_values() -> None:
    """Everything that was written can be read off the contract."""
    assert Catalog(file="toys.csv", by="sku") == CONTRACT.catalog
    assert {
        "email": Unresolved(then=Unidentified.UNDER_EMAIL),
        "anonymous_id": Unresolved(then=Unidentified.ANONYMOUS),
        "phone": Unresolved(then=Unidentified.QUARANTINE),
        "cards_customer": Unresolved(then=Unidentified.QUARANTINE),
        "other": Unresolved(then=Unidentified.QUARANTINE, hold_ms=3_600_000),
        "none": Unresolved(then=Unidentified.QUARANTINE),
    } == CONTRACT.person.unresolved
    assert {"wants_mail": Consent(channel=Channel.EMAIL, topic=1)} == {
        one.name: one.consent for one in CONTRACT.person.attributes if one.consent
    }
    assert (43_200_000, ("samples/basket_opened.json",)) == (BASKET.stale_after_ms, BASKET.samples)
    assert (Completion(property="toys", event="basket_opened", taken="toys"),) == PAID.complete
    assert (600_000, OnViolation.QUARANTINE) == (PAID.expected_lag_ms, PAID.on_violation)
    assert Qa(emails=("*@toys.test",), ids=("900*",), attribute="is_test") == CONTRACT.qa
    assert (Stop(campaign=3, event="order_paid", attested="2026-10-01"),) == CONTRACT.stops
    assert ("segments.yaml", "templates/") == (CONTRACT.segments, CONTRACT.templates)


def test_a_derived_attribute_is_none_of_those_that_are_given() -> None:
    """It is computed from a rollup, and is none of the attributes that are given."""
    steps = (("none", Decimal(0)), ("gold", Decimal(500)))

    assert (Bucket(name="tier", rollup="spent", steps=steps),) == CONTRACT.buckets
    assert "tier" not in [one.name for one in CONTRACT.person.attributes]
    assert not any("tier" in str(one.where.path) for one in CONTRACT.notes)


def test_what_breaks_the_contract_may_be_sent_all_the_same() -> None:
    """Instead of to quarantine."""
    contract = loaded(("on_violation: quarantine", "on_violation: send_minimal"))

    assert contract.events["order_paid"].on_violation is OnViolation.SEND_MINIMAL


def test_a_close_may_reach_for_all_open_starts_of_the_person() -> None:
    """`else: person` is kept."""
    contract = loaded(("else: none", "else: person"))

    assert (
        Close(event="basket_opened", by="basket_id", skew_ms=300_000, else_person=True),
    ) == contract.events["order_paid"].closes
    assert CONTRACT.notes == contract.notes


def test_a_fallback_names_another_source_and_a_silence() -> None:
    """On an event that closes nothing."""
    contract = loaded(
        ("key: [refund_id]", "key: [refund_id]\n    fallback: {source: market, after: 2h}")
    )

    expected = Fallback(source="market", after_ms=7_200_000)
    assert expected == contract.events["order_refunded"].fallback


def test_consent_for_all_channels_has_no_topic() -> None:
    """It stands for `unsubscribed`."""
    contract = loaded(("{channel: email, topic: 1}", "{channel: all}"))
    consents = [one.consent for one in contract.person.attributes if one.consent]

    assert [Consent(channel=Channel.ALL)] == consents


_REFUND = "key: [refund_id]"
_FALLBACK = "events.order_refunded.fallback"
_STEPS = "{none: 0, gold: 500}"
_TIER = "person.attributes.tier"
_MAIL = "person.attributes.wants_mail"
_PAID = "events.order_paid"
_COMPLETE = f"{_PAID}.complete"
_TOYS = f"{_PAID}.complete.toys"
_TAKEN = "basket_opened.toys"
_WHO = "person.unresolved"
_FILE = "samples/basket_opened.json"
_SAMPLE = "events.basket_opened.samples[0]"
_SHOP_SOON, _MARKET_SOON = "{source: shop, after: 1h}", "{source: market, after: 1h}"


def _fallback(spec: str) -> str:
    return f"{_REFUND}\n    fallback: {spec}"


BROKEN = (
    # --- unresolved
    ("email: under_email", "email: under_mail", "bad_value", f"{_WHO}.email", "under_email"),
    ("email: under_email", "email: anonymous", "bad_value", f"{_WHO}.email", "hold"),
    ("none: quarantine", "none: under_email", "bad_value", f"{_WHO}.none", ""),
    ("none: quarantine", "none: {hold: 1h}", "bad_value", f"{_WHO}.none.hold", ""),
    ("hold: 1h", "hold: 1 hour", "bad_value", f"{_WHO}.other.hold", ""),
    ("hold: 1h", "hold: 0s", "bad_value", f"{_WHO}.other.hold", "length"),
    ("hold: 1h, then", "than", "missing_key", f"{_WHO}.other", ""),
    ("then: quarantine", "then: quarantin", "bad_value", f"{_WHO}.other.then", "quarantine"),
    # --- consent
    ("channel: email", "channel: mail", "bad_value", f"{_MAIL}.consent.channel", "email"),
    ("channel: email", "chanel: email", "missing_key", f"{_MAIL}.consent", ""),
    ("topic: 1", "topic: 0", "bad_value", f"{_MAIL}.consent.topic", ""),
    ("topic: 1", 'topic: "1"', "wrong_type", f"{_MAIL}.consent.topic", ""),
    (", topic: 1", "", "missing_key", f"{_MAIL}.consent", ""),
    ("channel: email", "channel: all", "bad_value", f"{_MAIL}.consent.topic", ""),
    ("boolean, consent", "string, consent", "bad_value", f"{_MAIL}.consent", "boolean"),
    ("consent: {channel: email, topic: 1}", "consent: email", "wrong_type", f"{_MAIL}.consent", ""),
    (
        "wants_mail:",
        "also: {type: boolean, consent: {channel: email, topic: 1}}\n    wants_mail:",
        "duplicate_key",
        f"{_MAIL}.consent",
        "Keep one",
    ),
    (
        "title: {type: string,",
        "title: {type: string, consent: {channel: all},",
        "unknown_key",
        "types.toy.title.consent",
        "",
    ),
    # --- derived attributes
    ("bucket: spent", "bucket: spend", "unknown_rollup", f"{_TIER}.bucket", "spent"),
    ("bucket: spent", "bucket: last_order_at", "bad_value", f"{_TIER}.bucket", "count or a sum"),
    ("{bucket: spent, steps", "{steps", "missing_key", _TIER, ""),
    (f", steps: {_STEPS}", "", "missing_key", _TIER, ""),
    (_STEPS, "{}", "bad_value", f"{_TIER}.steps", "begin with a step at 0"),
    (_STEPS, "{gold: 500}", "bad_value", f"{_TIER}.steps.gold", "begin with a step at 0"),
    (_STEPS, "{none: 0, gold: 5, silver: 5}", "bad_value", f"{_TIER}.steps.silver", "rise"),
    (_STEPS, '{none: 0, gold: "5"}', "wrong_type", f"{_TIER}.steps.gold", ""),
    (_STEPS, "{none: 0, gold: .inf}", "wrong_type", f"{_TIER}.steps.gold", ""),
    (_STEPS, "{none: 0, gold: 1e99}", "wrong_type", f"{_TIER}.steps.gold", ""),
    (_STEPS, "{none: 0, ' ': 5}", "bad_name", f"{_TIER}.steps. ", ""),
    ("{bucket: spent,", "{type: string, bucket: spent,", "unknown_key", f"{_TIER}.type", ""),
    ("    tier:", "    Tier:", "bad_name", "person.attributes.Tier", ""),
    ("    tier:", "    unsubscribed:", "reserved_name", "person.attributes.unsubscribed", ""),
    ("  orders_count:", "  tier:", "rollup_name_taken", "rollups.tier", ""),
    # --- events
    ("stale_after: 12h", "stale_after: 12", "wrong_type", "events.basket_opened.stale_after", ""),
    ("lane: critical", "stale_after: 1h", "bad_value", f"{_PAID}.stale_after", "add a close"),
    ("expected_lag: 10m", "expected_lag: 0m", "bad_value", f"{_PAID}.expected_lag", "length"),
    ("expected_lag: 10m", "expected_lga: 10m", "unknown_key", f"{_PAID}.expected_lga", "lag"),
    ("{toys: basket_opened.toys}", "basket_opened", "wrong_type", _COMPLETE, ""),
    ("{toys: basket", "{toy: basket", "not_a_property", f"{_COMPLETE}.toy", "toys"),
    (_TAKEN, "7", "wrong_type", _TOYS, ""),
    (_TAKEN, "basket_opened", "bad_value", _TOYS, ""),
    (_TAKEN, "basket_open.toys", "unknown_event", _TOYS, "basket_opened"),
    (_TAKEN, "basket_opened.toy", "not_a_property", _TOYS, "toys"),
    (_TAKEN, "basket_opened.basket_id", "bad_value", _TOYS, "same type"),
    (_TAKEN, "order_refunded.refund_id", "bad_value", _TOYS, "correl"),
    (_FILE, "/etc/passwd", "bad_value", _SAMPLE, "samples/"),
    (_FILE, "../a.json", "bad_value", _SAMPLE, "samples/"),
    (_FILE, "a, a", "duplicate_key", "events.basket_opened.samples[1]", ""),
    ("[samples/basket_opened.json]", "a", "wrong_type", "events.basket_opened.samples", ""),
    (_REFUND, _fallback("shop"), "wrong_type", _FALLBACK, ""),
    (_REFUND, _fallback("{source: market}"), "missing_key", _FALLBACK, ""),
    (_REFUND, _fallback("{source: markt}"), "unknown_source", f"{_FALLBACK}.source", "market"),
    (_REFUND, _fallback(_SHOP_SOON), "bad_value", f"{_FALLBACK}.source", ""),
    ("lane: critical", f"fallback: {_MARKET_SOON}", "bad_value", f"{_PAID}.fallback", "alone"),
    # --- sections
    ("by: sku", "by: skU", "not_a_property", "catalog.by", "sku"),
    ("file: toys.csv", "file: ../toys.csv", "bad_value", "catalog.file", ""),
    ("file: toys.csv, ", "", "missing_key", "catalog", ""),
    ("by: sku}", "by: sku, on: x}", "unknown_key", "catalog.on", ""),
    ('emails: ["*@toys.test"], ids: ["900*"], ', "", "missing_key", "qa", ""),
    ('"*@toys.test"', '"*"', "bad_value", "qa.emails[0]", "some people"),
    ('"*@toys.test"', "7", "wrong_type", "qa.emails[0]", ""),
    ("attribute: is_test", "attribute: 7", "wrong_type", "qa.attribute", ""),
    ("attribute: is_test", "attribute: cio_test", "bad_name", "qa.attribute", ""),
    ("attribute: is_test", "attribute: tier", "rollup_name_taken", "qa.attribute", ""),
    ("attribute: is_test", "attribute: country", "bad_value", "qa.attribute", "boolean"),
    ("{campaign: 3, on: order_paid, attested: 2026-10-01}", "3", "wrong_type", "stops[0]", ""),
    ("campaign: 3", "campaign: 0", "bad_value", "stops[0].campaign", ""),
    ("on: order_paid", "on: order_payed", "unknown_event", "stops[0].on", "order_paid"),
    ("attested: 2026-10-01", "attested: 2026-13-01", "bad_value", "stops[0].attested", ""),
    (", attested: 2026-10-01", "", "missing_key", "stops[0]", ""),
    ("segments: segments.yaml", "segments: [a]", "wrong_type", "segments", ""),
    ("templates: templates/", "templates: /templates", "bad_value", "templates", ""),
    ("templates: templates/", "template: templates/", "unknown_key", "template", "templates"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code", "path", "fix"), BROKEN, ids=[f"{one[1]}" for one in BROKEN]
)
def test_a_mistake_in_such_a_key_keeps_the_contract_from_loading(
    old: str, new: str, code: str, path: str, fix: str
) -> None:
    """At its place, with what to do; what only waits is not among what is wrong."""
    found = refused((old, new))

    assert (code, path) in [(one, where) for one, where, _ in found]
    assert any(fix in told for one, where, told in found if (one, where) == (code, path))
    assert "waiting" not in [one for one, *_ in found]


def test_a_completion_needs_a_correlation() -> None:
    """Without one, no earlier event is found."""
    told = refused(("    correlation: basket_id\n    closes", "    closes"))

    assert [("missing_key", f"{_COMPLETE}")] == [one[:2] for one in told]


def test_trying_out_may_be_marked_by_no_attribute_or_by_a_boolean_one() -> None:
    """An attribute that the shop gives itself, as long as it says yes or no."""
    said = "attribute: is_test"
    unmarked, marked = loaded((f", {said}", "")), loaded((said, "attribute: wants_mail"))

    assert (None, "wants_mail") == (
        unmarked.qa and unmarked.qa.attribute,
        marked.qa and marked.qa.attribute,
    )
