"""The demo's shop and its report: the same each time, and able to fail."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files

import msgspec
import pytest

from truthpoint.contract import read
from truthpoint.core.decision import Outcome
from truthpoint.core.examine import Examiner
from truthpoint.core.outbox import State
from truthpoint.core.views import Backlog, Step
from truthpoint.demo.report import Check, Profile, Seen, chapters
from truthpoint.demo.run import open_shop
from truthpoint.demo.shop import Shop

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return open_shop(now=NOW)


def told_rightly(shop: Shop) -> Seen:
    """What is seen where all is right."""
    verdicts = {
        (Outcome.WITHHELD, "duplicate"): shop.counts["retried"],
        (Outcome.WITHHELD, "conflict"): shop.counts["conflicting"],
        (Outcome.WITHHELD, "not_owner"): shop.counts["foreign"],
        (Outcome.QUARANTINED, "person_unresolved"): shop.counts["broken"],
        (Outcome.HELD, "person_unknown_yet"): len(shop.told["held"]),
    }
    backlog = Backlog(
        captured=0,
        undecided=0,
        operations={State.DELIVERED: 1},
        verdicts=verdicts,
        people=0,
        oldest_open_ms=None,
        binding=None,
    )
    seen = Seen(backlog=backlog, gifts=[True] * len(shop.told["gift"]))
    closed = [_step(Outcome.WITHHELD, "closed")] * shop.counts["closed"]
    stale = [_step(Outcome.WITHHELD, "stale")] * len(shop.told["stale"])
    seen.checkouts = closed + stale + [_step(Outcome.DELIVERED)] * shop.counts["started"]
    seen.refunds = [_step(Outcome.DELIVERED)] * len(shop.told["refunded_by_order"])
    for place, (name, buyer) in enumerate(shop.buyers.items()):
        seen.profiles[name] = Profile(
            cio_id=str(place),
            email=buyer.email,
            orders=len(buyer.orders),
            value=buyer.value,
            events=buyer.events,
        )
    for before, after in shop.same.items():
        profile = seen.profiles[after]
        assert profile is not None
        seen.before[before] = profile.cio_id
    return seen


def _step(outcome: Outcome, reason: str = "") -> Step:
    return Step(record=1, at_ms=0, outcome=outcome, reason=reason, record_id="of-nobody-1")


def wrong(shop: Shop, seen: Seen) -> list[str]:
    """The sentences that do not hold."""
    told = chapters(shop, seen)
    return [one.sentence for checks in told.values() for one in checks if not one.is_right]


def test_every_run_tells_the_same_story(shop):
    again = open_shop(now=NOW)

    assert [shop.round(1), shop.round(2)] == [again.round(1), again.round(2)]
    assert shop.counts == again.counts


def test_its_contract_has_nothing_to_remark_and_only_what_is_meant_breaks_it(shop):
    """What is broken is broken on purpose; a repeat or a stranger is none of that."""
    data = files("truthpoint.demo").joinpath("tracking.yaml").read_bytes()
    contract = read(data, file="tracking.yaml")
    examiner = Examiner(contract)
    said = [*shop.round(1), *shop.round(2)]
    records = [_examined(examiner, one) for one in said]

    assert not contract.notes
    assert shop.counts["broken"] == sum(records)


def _examined(examiner: Examiner, said: dict[str, object]) -> bool:
    """Whether a record breaks the contract."""
    body = msgspec.json.encode({"source": "backend", **said})
    examined = examiner.examine_body(
        body, source=str(said["source"]), captured_at_ms=int(NOW.timestamp() * 1000), kept_as=None
    )
    return any(one.severity == "error" for one in examined.findings)


def test_no_story_is_left_out_of_the_report(shop):
    """Every sentence speaks of something that happened."""
    told = chapters(shop, told_rightly(shop))

    assert all(one.truth > 0 for checks in told.values() for one in checks)
    assert not wrong(shop, told_rightly(shop))


def test_somebody_who_is_missing_is_noticed(shop):
    seen = told_rightly(shop)
    (name,) = shop.told["guest"][0]
    seen.profiles[name] = None

    assert [one.split()[0] for one in wrong(shop, seen)] == ["people", "guests"]


def test_money_that_differs_by_a_cent_is_noticed(shop):
    seen = told_rightly(shop)
    name = ("id", "1")
    truth = shop.buyers[name]
    seen.profiles[name] = Profile(
        cio_id="1",
        email=truth.email,
        orders=len(truth.orders),
        value=truth.value + Decimal("0.01"),
        events=truth.events,
    )

    assert [one.split()[0] for one in wrong(shop, seen)] == ["people"]


def test_a_profile_that_was_split_or_not_merged_is_noticed(shop):
    seen = told_rightly(shop)
    before = next(iter(shop.same))
    seen.before[before] = "another"
    seen.profiles[shop.gone[0]] = seen.profiles["id", "1"]

    assert [one.split()[0] for one in wrong(shop, seen)] == ["guests", "people"]


def test_a_start_that_left_behind_its_order_is_noticed(shop):
    """Law 9: one more was sent, and one less withheld."""
    seen = told_rightly(shop)
    seen.checkouts[0] = _step(Outcome.DELIVERED)

    assert len(wrong(shop, seen)) == 2


def test_what_is_wrong_says_how_many_are_right():
    assert "  ok     3 gifts." == Check(3, 3, "gifts.").line()
    assert "  NOT    3 gifts. (true of 2)" == Check(3, 2, "gifts.").line()
