"""What ties events together, older versions, owners, and what could wait (laws 5, 6, 8, 14)."""

from __future__ import annotations

import pytest
from test_ruling_keys import CONTRACT, loaded, refused

from truthpoint.contract import read
from truthpoint.contract.closing import business_links, closers, starts
from truthpoint.contract.model import RAW_RETENTION_MS, Contract, Event
from truthpoint.contract.rules import Correction, Erase
from truthpoint.findings import Severity

PAID, CORRECTED = CONTRACT.events["order_paid"], CONTRACT.events["order_corrected"]
REFUNDED = CONTRACT.events["order_refunded"]


def older(contract: Contract) -> Event:
    found = contract.events["order_paid"].of_version(1)
    assert found is not None
    return found


def test_what_is_said_of_persons_and_retention_is_kept() -> None:
    """Each beside what holds when nothing is said."""
    silent = loaded(("  merge_delay: 30s\n  erase: delete\n", ""), ("raw_retention: 14d\n", ""))

    assert (30_000, Erase.DELETE) == (CONTRACT.person.merge_delay_ms, CONTRACT.person.erase)
    assert 14 * 86_400_000 == CONTRACT.raw_retention_ms
    assert (10_000, Erase.SUPPRESS) == (silent.person.merge_delay_ms, silent.person.erase)
    assert RAW_RETENTION_MS == silent.raw_retention_ms == 30 * 86_400_000


def test_a_merge_may_follow_at_once() -> None:
    """No delay is one too."""
    assert 0 == loaded(("merge_delay: 30s", "merge_delay: 0s")).person.merge_delay_ms


def test_which_event_closes_which_is_read_off_the_contract() -> None:
    """From either side."""
    assert {"basket_opened"} == starts(CONTRACT)
    assert {"basket_opened": ((PAID, PAID.closes[0]),)} == closers(CONTRACT)


def test_an_event_ties_an_order_to_its_person_for_good() -> None:
    """By a property that each of its moments has."""
    assert (("order", "order_id"),) == PAID.links == REFUNDED.links
    assert {"order"} == business_links(CONTRACT.events)


def test_a_correction_names_what_it_corrects_and_by_what() -> None:
    """A single property is written alone or as a list."""
    listed = loaded(("corrects: {order_paid: order_id}", "corrects: {order_paid: [order_id]}"))

    assert Correction(event="order_paid", by=("order_id",)) == CORRECTED.corrects
    assert CORRECTED.corrects == listed.events["order_corrected"].corrects
    assert PAID.corrects is None


def test_a_stage_is_kept() -> None:
    """An event without one is for everybody."""
    assert ("qa", "") == (CORRECTED.stage, PAID.stage)


def test_an_older_version_has_the_event_but_for_what_it_says_itself() -> None:
    """Law 14: the moment is one, its key is one; the wire name is the version's own."""
    one = older(CONTRACT)

    assert (1, "order_paid", "Before there were baskets.") == (
        one.version,
        one.wire,
        one.description,
    )
    assert ["order_id", "total", "toys"] == [held.name for held in one.properties]
    assert (2, "order_paid_v2") == (PAID.version, PAID.wire)
    assert (PAID.key, PAID.owner, PAID.lane, PAID.closes, PAID.links) == (
        one.key,
        one.owner,
        one.lane,
        one.closes,
        one.links,
    )
    assert PAID == PAID.of_version(2)
    assert PAID.of_version(3) is None
    assert () == one.earlier


def test_an_older_version_is_asked_for_nothing_that_it_does_not_say() -> None:
    """What compares, completes and ties is left out where the property lacks."""
    one = older(CONTRACT)

    assert (("total", "currency"), "basket_id") == (PAID.compare, PAID.correlation)
    assert (("total",), None) == (one.compare, one.correlation)
    assert PAID.complete == one.complete
    of_other_type = loaded(
        (
            "          toys: {type: list, of: toy, default: []}\n  order_corrected",
            '          toys: {type: string, default: ""}\n  order_corrected',
        )
    )
    assert () == older(of_other_type).complete


_ID = "order_id: {type: string, required: true}"
_TOTAL = "total: {type: money, required: true}"


def test_older_versions_rise_whatever_their_order_in_the_file() -> None:
    """And may have a wire name of their own."""
    contract = loaded(
        ("    version: 2\n", "    version: 12\n"),
        (
            "    versions:\n",
            f"    versions:\n      10: {{wire: Order Paid, properties: {{{_ID}, {_TOTAL}}}}}\n",
        ),
    )

    assert [(1, "order_paid"), (10, "Order Paid")] == [
        (one.version, one.wire) for one in contract.events["order_paid"].earlier
    ]


def test_what_customer_io_reports_is_a_source_that_owns_nothing() -> None:
    """The owner that nobody names is the only source of the shop's own code."""
    data = (
        "{truthpoint: 1, shop: a, sources: {reports: {kind: customerio}, app: {kind: app}},"
        " person: {id: {name: n}}, events: {seen: {}}}"
    )
    contract = read(data.encode(), file="t")

    assert {"reports": "customerio", "app": "app"} == {
        name: one.kind for name, one in contract.sources.items()
    }
    assert "app" == contract.events["seen"].owner


_HELD = "other: {hold: 1h, then: quarantine}"


@pytest.mark.parametrize(
    ("old", "new", "path", "kinds"),
    [
        ("    phone: quarantine\n", "", "other", "`phone`"),
        ("    phone: quarantine\n    cards_customer: quarantine\n", "", "other", "`phone`, `cards"),
        ("phone: quarantine", "phone: {hold: 5m}", "phone", "`phone`"),
        ("email: under_email", "email: {hold: 5m, then: under_email}", "email", "`email`"),
        ("    links: {order: order_id}\n", "", "other", "`order`"),
    ],
)
def test_a_critical_event_that_could_be_held_is_an_error_and_loads(
    old: str, new: str, path: str, kinds: str
) -> None:
    """Law 8: what is said of money does not wait for an identifier to be learned."""
    contract = read(_swapped(old, new), file="t")
    (note,) = [one for one in contract.notes if one.code != "waiting"]

    assert ("critical_could_be_held", Severity.ERROR) == (note.code, note.severity)
    assert f"person.unresolved.{path}" == note.where.path
    assert "`order_paid`" in note.evidence
    assert kinds in note.evidence


def _swapped(old: str, new: str) -> bytes:
    from test_ruling_keys import BUILT  # noqa: PLC0415 - the cases, as they are told

    assert old in BUILT
    return BUILT.replace(old, new).encode()


def test_what_is_not_critical_may_be_held() -> None:
    """And so may a business link, and what would be `quarantine` anyway."""
    for old, new in (("lane: critical", "lane: live"), (_HELD, "other: quarantine")):
        contract = read(_swapped(old, new).replace(b"    phone: quarantine\n", b""), file="t")

        assert {"waiting"} == {one.code for one in contract.notes}
    assert {"waiting"} == {one.code for one in CONTRACT.notes}


_PAID = "events.order_paid"
_OLD = f"{_PAID}.versions"
_ONE = f"{_OLD}.1"
_STAGE = "events.order_corrected.stage"
_FIXES = "events.order_corrected.corrects"
_BY = f"{_FIXES}.order_paid"
_REPAIR = "{order_paid: order_id}"
_PLACE = "    links: {order: order_id}\n    correlation"
_OLD_KEY, _OLD_TOTAL = f"          {_ID}\n          total", f"          {_TOTAL}\n"
_WORDS = "        description: Before there were baskets.\n"
_OWN = "  order_refunded:\n    owner: shop"
_QA = 'qa: {emails: ["*@toys.test"], ids: ["900*"], attribute: is_test}\n'
_NAMED = "      correction_id: {type: string, required: true}\n      order_id"
_TEXT = '{type: string, default: ""}'


def _links(spec: str) -> str:
    return _PLACE.replace("{order: order_id}", spec)


BROKEN = (
    # --- person, retention, sources
    ("merge_delay: 30s", "merge_delay: soon", "bad_value", "person.merge_delay", ""),
    ("erase: delete", "erase: forget", "bad_value", "person.erase", ""),
    ("raw_retention: 14d", "raw_retention: 23h", "bad_value", "raw_retention", "at least 1d"),
    ("raw_retention: 14d", "raw_retention: 0d", "bad_value", "raw_retention", "at least 1d"),
    ("  shop: {kind: app}", "  shop: {kind: customerio}", "bad_value", f"{_PAID}.owner", "app"),
    (
        "  market: {kind: app}",
        "  market: {kind: customerio}",
        "bad_value",
        "events.order_refunded.fallback.source",
        "app",
    ),
    # --- links
    (_PLACE, _links("{ordr: order_id}"), "bad_value", f"{_PAID}.links.ordr", "`order`"),
    (_PLACE, _links("{zzz: order_id}"), "bad_value", f"{_PAID}.links.zzz", "person.links"),
    (_PLACE, _links("{email: order_id}"), "bad_value", f"{_PAID}.links.email", "person"),
    (_PLACE, _links("{order: ordr_id}"), "not_a_property", f"{_PAID}.links.order", "order_id"),
    (_PLACE, _links("{order: total}"), "key_not_usable", f"{_PAID}.links.order", "string"),
    (_PLACE, _links("{order: 7}"), "wrong_type", f"{_PAID}.links.order", ""),
    (_PLACE, _links("order"), "wrong_type", f"{_PAID}.links", ""),
    # --- stage
    ("stage: qa", "stage: beta", "bad_value", _STAGE, ""),
    (_QA, "", "bad_value", _STAGE, "`qa`"),
    # --- corrects
    (_REPAIR, "order_paid", "wrong_type", _FIXES, ""),
    (_REPAIR, "{}", "bad_value", _FIXES, "one event"),
    (_REPAIR, "{order_pad: order_id}", "unknown_event", f"{_FIXES}.order_pad", "order_paid"),
    (_REPAIR, "{order_corrected: x}", "bad_value", f"{_FIXES}.order_corrected", "count"),
    (_REPAIR, "{order_paid: [order_id, total]}", "bad_value", _BY, "order_id"),
    (_REPAIR, "{order_paid: ordr_id}", "not_a_property", _BY, "order_id"),
    (_REPAIR, "{order_paid: [7]}", "wrong_type", f"{_BY}[0]", ""),
    (_REPAIR, "{order_paid: total}", "bad_value", _BY, "same type"),
    (
        _OWN,
        f"{_OWN}\n    corrects: {{order_corrected: refund_id}}",
        "bad_value",
        "events.order_refunded.corrects.order_corrected",
        "count",
    ),
    ("    key: [order_id]\n", "    key: [order_id, at]\n", "bad_value", _BY, "without `at`"),
    (
        f"{_NAMED}: {{type: string, required: true}}",
        f"{_NAMED}: {_TEXT}",
        "key_not_usable",
        _BY,
        "",
    ),
    # --- versions
    ("      1:\n", "      2:\n", "bad_value", f"{_OLD}.2", "from 1"),
    ("      1:\n", "      01:\n", "bad_value", f"{_OLD}.01", "from 1"),
    ("      1:\n", "      first:\n", "bad_value", f"{_OLD}.first", "from 1"),
    (_WORDS, "        owner: shop\n", "unknown_key", f"{_ONE}.owner", ""),
    (_WORDS, "        wire: order_paid_v2\n", "wire_name_taken", f"{_ONE}.wire", ""),
    (_OLD_KEY, "          total", "key_not_usable", f"{_ONE}.properties", "moment is one"),
    (
        _OLD_KEY,
        _OLD_KEY.replace("string", "integer"),
        "key_not_usable",
        f"{_ONE}.properties",
        "moment is one",
    ),
    (_OLD_TOTAL, "", "rollup_property", _ONE, "default"),
    (
        "spent: {sum: order_paid.total,",
        "shown: {count: order_paid, where: {basket_id: b}}\n  spent: {sum: order_paid.total,",
        "rollup_property",
        _ONE,
        "default",
    ),
    ("    versions:\n", "    versions:\n      x: 7\n", "bad_value", f"{_OLD}.x", "from 1"),
    (
        "    version: 2\n",
        "    version: 3\n",
        "wrong_type",
        f"{_OLD}.2",
        "",
    ),
    (
        _OLD_TOTAL,
        f"          currency: {_TEXT}\n{_OLD_TOTAL}",
        "bad_value",
        f"{_ONE}.properties.currency",
        "currency",
    ),
    # --- sending what is incomplete
    (
        "on_violation: quarantine\n",
        "on_violation: send_minimal\n",
        "reserved_name",
        f"{_PAID}.properties.incomplete",
        "",
    ),
)
EXTRA = {
    f"{_OLD}.2": ("    versions:\n", "    versions:\n      2: 7\n"),
    "events.order_refunded.fallback.source": (
        "    key: [refund_id]\n",
        "    key: [refund_id]\n    fallback: {source: market, after: 2h}\n",
    ),
    f"{_PAID}.properties.incomplete": (
        "      basket_id: {type: string, required: true}\n      total",
        (
            "      basket_id: {type: string, required: true}\n"
            "      incomplete: {type: boolean, default: false}\n      total"
        ),
    ),
}
"""What a case needs beside its own change."""


@pytest.mark.parametrize(
    ("old", "new", "code", "path", "fix"), BROKEN, ids=[f"{one[1].strip()}" for one in BROKEN]
)
def test_a_mistake_in_what_ties_events_keeps_the_contract_from_loading(
    old: str, new: str, code: str, path: str, fix: str
) -> None:
    """At its place, with what to do."""
    swaps = ((old, new), EXTRA[path]) if path in EXTRA else ((old, new),)
    found = refused(*swaps)

    assert (code, path) in [(one, where) for one, where, _ in found]
    assert any(fix in told for one, where, told in found if (one, where) == (code, path))


def test_a_property_called_incomplete_is_refused_only_where_it_would_be_a_mark() -> None:
    """Elsewhere it is the shop's own."""
    contract = loaded(EXTRA[f"{_PAID}.properties.incomplete"])

    assert "incomplete" in [one.name for one in contract.events["order_paid"].properties]
