"""What an event lacks is taken from its start and from the catalog, and nothing else is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from deciding import rows
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from shopping import Story

from truthpoint.contract.model import Close, Contract, Event, Kind, Property, Type
from truthpoint.contract.rules import Catalog, Completion
from truthpoint.core.completing import Catalogue, lacking
from truthpoint.core.examine import Examiner
from truthpoint.core.examined import Broken, Lacking, Moment
from truthpoint.core.keying import empty_keys, ends_of, texts, touches_key
from truthpoint.core.plan import completed, plan
from truthpoint.core.texts import key_text, normal_text
from truthpoint.findings import Where, finding
from truthpoint.testing.builders import START_MS, a_contract, a_property, line

_ITEM = Type(
    kind=Kind.OBJECT,
    fields=(
        a_property("sku"),
        a_property("name"),
        a_property("price", Kind.NUMBER, default=0),
        a_property("stock", Kind.INTEGER, default=0),
        a_property("new", Kind.BOOLEAN, default=False),
    ),
)
_ITEMS = Property(name="items", type=Type(kind=Kind.LIST, item=_ITEM), required=True)
_TAGS = Property(name="tags", type=Type(kind=Kind.LIST, item=Type(kind=Kind.STRING)), default=[])

STARTED = Event(
    name="checkout_started",
    owner="backend",
    wire="checkout_started",
    correlation="cart_id",
    properties=(a_property("cart_id"), _ITEMS, a_property("note", default="")),
)
BOUGHT = Event(
    name="checkout_done",
    owner="backend",
    wire="checkout_done",
    key=("done_id",),
    correlation="cart_id",
    properties=(
        a_property("done_id"),
        a_property("cart_id"),
        _ITEMS,
        a_property("note", default=""),
        _TAGS,
    ),
    closes=(Close(event="checkout_started", by="cart_id"),),
    complete=(
        Completion(property="items", event="checkout_started", taken="items"),
        Completion(property="note", event="checkout_started", taken="note"),
    ),
)
CATALOG = {
    "s-1": {"sku": "s-1", "name": "Shirt", "price": "9.90", "stock": "3", "new": "TRUE"},
    "s-2": {"sku": "s-2", "name": "Shoes", "price": "dear", "stock": "1.5", "new": "maybe"},
}


def a_shop(*, catalog: bool = False) -> Contract:
    contract = a_contract(STARTED, BOUGHT)
    if not catalog:
        return contract
    return replace(contract, catalog=Catalog(file="catalog.csv", by="sku"), catalog_rows=CATALOG)


def started(cart: object = "c-1", **told: object) -> bytes:
    held = {"items": [{"sku": "s-1", "name": "Shirt"}], **told}
    return line(
        type="track",
        event="checkout_started",
        person="42",
        properties={"cart_id": cart, **held},
    )


def done(cart: object = "c-1", **told: object) -> bytes:
    return line(
        type="track",
        event="checkout_done",
        person="42",
        properties={"done_id": "d-1", "cart_id": cart, **told},
    )


def a_story(*, catalog: bool = False) -> Story:
    return Story(examiner=Examiner(a_shop(catalog=catalog)))


# --------------------------------------------------------------------- from the start


def test_events_that_are_tied_by_an_email_meet_however_it_is_written() -> None:
    """It has one form where it is kept; an event that lacks something is looked at as given."""
    mail = Property(name="email", type=Type(kind=Kind.EMAIL), required=True)
    start = replace(STARTED, correlation="email", properties=(mail, *STARTED.properties[1:]))
    close = Close(event="checkout_started", by="email")
    end = replace(
        BOUGHT,
        correlation="email",
        closes=(close,),
        properties=(*(one for one in BOUGHT.properties if one.name != "cart_id"), mail),
    )
    story = Story(examiner=Examiner(a_contract(start, end)))
    told = {"person": "42", "type": "track"}
    story.tell(
        line(
            **told,
            event="checkout_started",
            properties={"email": "Ana@Example.org", "items": [], "note": "a gift"},
        )
    )
    said = {"done_id": "d-1", "email": " ana@EXAMPLE.org"}
    (operation,) = story.tell(line(**told, event="checkout_done", properties=said)).operations
    broken = story.tell(line(**told, event="checkout_done", extra=1, properties=said))

    assert b'"note":"a gift"' in operation.attributes
    assert ["ana@example.org"] == [one.tie for one in broken.closings]


def test_an_event_takes_from_its_start_what_it_lacks() -> None:
    """The start was told in an earlier batch; each property that lacks is taken over."""
    story = a_story()
    story.tell(started(note="a gift"))
    (operation,) = story.tell(done()).operations

    assert b'"items":[{"sku":"s-1","name":"Shirt"' in operation.attributes
    assert b'"note":"a gift"' in operation.attributes


def test_a_start_of_the_same_batch_is_heard_too() -> None:
    """Batches leave no trace."""
    decision = a_story().tell(started(note="a gift"), done())

    assert b'"note":"a gift"' in decision.operations[1].attributes


def test_what_an_event_says_itself_stands() -> None:
    """Only what is missing, null or empty is taken over."""
    story = a_story()
    story.tell(started(note="a gift"))
    (operation,) = story.tell(done(items=[{"sku": "s-9", "name": "Hat"}], note="for me")).operations

    assert b'"items":[{"sku":"s-9","name":"Hat"' in operation.attributes
    assert b'"note":"for me"' in operation.attributes


def test_an_event_whose_start_is_not_known_is_judged_as_it_is() -> None:
    """A required property is missing; an optional one has its default."""
    story = a_story()
    story.tell(done("c-9"))
    assert [("quarantined", "property_missing")] == story.ended()
    (operation,) = story.tell(done("c-9", items=[{"sku": "s-9", "name": "Hat"}])).operations

    assert b'"note":""' in operation.attributes


def test_what_a_start_has_not_said_is_not_taken_over() -> None:
    """Its default stands in what it said, and is no value to be taken for one."""
    story = a_story()
    story.tell(started())
    (operation,) = story.tell(done()).operations

    assert b'"note":""' in operation.attributes


@pytest.mark.parametrize(
    ("body", "lacks"),
    [
        ({"cart_id": "c-1"}, {"items", "note"}),
        ({"cart_id": 5, "note": ""}, {"items", "note"}),
        ({"cart_id": "c-1", "items": [], "note": None}, {"items", "note"}),
        ({"cart_id": "c-1", "items": [1]}, {"note"}),
        ({"cart_id": "c-1", "items": [1], "note": 0}, set()),
        ({"cart_id": " "}, set()),
        ({"cart_id": True}, set()),
        ({"cart_id": None}, set()),
        ({}, set()),
    ],
)
def test_what_is_missing_null_or_empty_lacks_where_something_ties_it_to_a_start(
    body: dict[str, object], lacks: set[str]
) -> None:
    """Without a tie there is no start to ask."""
    assert lacks == {one for one, _, _, _ in lacking(BOUGHT, body)}


def test_an_event_that_is_tied_to_nothing_lacks_nothing() -> None:
    """The contract completes it from no other."""
    assert () == lacking(STARTED, {"cart_id": "c-1"})


@pytest.mark.parametrize("started_before", [True, False])
def test_an_event_that_lacks_something_is_one_moment_however_often_it_is_told(
    *, started_before: bool
) -> None:
    """Law 5: its key is looked for like any other."""
    story = a_story()
    if started_before:
        story.tell(started(note="a gift"))
    told = {"items": [{"sku": "s-9", "name": "Hat"}]}
    story.tell(done(**told))
    story.tell(done(**told))

    assert [("withheld", "duplicate")] == story.ended()


def test_a_moment_is_found_by_a_key_that_its_start_has_said() -> None:
    """Law 5: whether the start was told before, or in the same batch."""
    event = replace(BOUGHT, key=("note",))
    for batches in ([[done()]], [[started("c-2", note="n-1"), done("c-2")]]):
        story = Story(examiner=Examiner(a_contract(STARTED, event)))
        story.tell(started(note="n-1"))
        story.tell(done())
        for batch in batches:
            story.tell(*batch)

        assert ("withheld", "duplicate") in story.ended()


def test_the_plan_asks_for_the_starts_that_are_needed() -> None:
    """For those of records that lack something, and for no others."""
    examiner = Examiner(a_shop())
    planned = plan(rows(done(), done("c-2", items=[{}], note="x"), started("c-3")), examiner)
    lacks = [one for one in planned.examined if isinstance(one, Lacking)]

    assert {("checkout_started", "c-1")} == planned.ties
    assert ["42"] == [one.who.id for one in lacks]


def test_a_number_that_is_taken_over_keeps_its_digits() -> None:
    """Decimals stay as they were written."""
    (lacks,) = plan(rows(done()), Examiner(a_shop())).examined
    assert isinstance(lacks, Lacking)
    said = {("checkout_started", "c-1"): b'{"items":[{"price":9.90}],"note":null}'}
    body = completed(lacks, said).body

    assert [{"price": Decimal("9.90")}] == body["items"]
    assert "9.90" == str(body["items"][0]["price"])  # type: ignore[index]  # it is a list
    assert "note" not in body


# ------------------------------------------------------------------- from the catalog


def test_the_catalog_fills_in_what_a_source_leaves_out_of_line_items() -> None:
    """Names, numbers and booleans as JSON holds them; what is given stays."""
    shop = a_shop(catalog=True)
    given = {"items": [{"sku": "s-1", "name": "My shirt", "price": None}], "cart_id": "c-1"}
    filled = Catalogue(shop).complete(STARTED, given)

    assert {
        "cart_id": "c-1",
        "items": [
            {"sku": "s-1", "name": "My shirt", "price": Decimal("9.90"), "stock": 3, "new": True}
        ],
    } == filled
    assert {"sku": "s-1", "name": "My shirt", "price": None} == given["items"][0]


def test_a_cell_that_is_not_of_its_fields_type_is_told_of_where_it_is_used() -> None:
    """It is filled in as it is, and judged by the contract like any other value."""
    shop = a_shop(catalog=True)
    filled = Catalogue(shop).complete(STARTED, {"items": [{"sku": "s-2"}]})

    (item,) = filled["items"]  # type: ignore[misc]  # it is a list
    assert ("dear", Decimal("1.5"), "maybe") == (item["price"], item["stock"], item["new"])
    (examined,) = plan(rows(started(items=[{"sku": "s-2"}])), Examiner(shop)).examined
    assert isinstance(examined, Broken)


@pytest.mark.parametrize(
    "items", [None, "s-1", {}, [], ["s-1"], [None], [{}], [{"sku": "s-9"}], [{"sku": None}]]
)
def test_what_the_catalog_does_not_know_stays_as_it_is(items: object) -> None:
    """Items of another shape are judged by the contract, not here."""
    shop = a_shop(catalog=True)

    assert {"items": items} == Catalogue(shop).complete(BOUGHT, {"items": items})


def test_without_a_catalog_nothing_is_filled_in() -> None:
    """The same mapping comes back."""
    body = {"items": [{"sku": "s-1"}]}

    assert body is Catalogue(a_shop()).complete(STARTED, body)


def test_an_event_is_sent_with_what_the_catalog_knows() -> None:
    """The start and the event that takes its items over say the same."""
    story = a_story(catalog=True)
    story.tell(started(items=[{"sku": "s-1"}]))
    (operation,) = story.tell(done()).operations

    assert b'"name":"Shirt","price":9.9,"stock":3,"new":true' in operation.attributes


# ---------------------------------------------------------------- keys, ties and texts


def test_a_moment_is_told_by_its_key_in_normalised_text() -> None:
    """`at` is the moment in seconds, unless a property has that name."""
    values = {"a": "x", "b": Decimal("1.50"), "c": 7}

    assert ("x", "1.5", "7", "1790000000") == texts(("a", "b", "c", "at"), values, START_MS + 999)
    assert ("noon",) == texts(("at",), {"at": "noon"}, START_MS)


def test_an_empty_part_of_a_key_is_named() -> None:
    """Blank text makes no moment."""
    found = empty_keys(("a", "b", "c"), ("x", " ", ""))

    assert [("key_empty", "properties.b"), ("key_empty", "properties.c")] == [
        (one.code, one.where.path) for one in found
    ]
    assert () == empty_keys(("a",), ("x",))


@pytest.mark.parametrize(
    ("code", "path", "touches"),
    [
        ("property_missing", "properties.done_id", True),
        ("property_missing", "properties.items", False),
        ("property_unknown", "properties.done_id", False),
    ],
)
def test_an_error_in_what_makes_a_moment_touches_its_key(
    code: str, path: str, *, touches: bool
) -> None:
    """A remark does not, nor does an error elsewhere."""
    found = (finding(code, "It is so.", where=Where(path=path)),)

    assert touches is touches_key(BOUGHT, found)


@pytest.mark.parametrize(
    ("body", "ties"),
    [
        ({"done_id": "d-1", "cart_id": "c-1"}, ["c-1"]),
        ({"done_id": 5, "cart_id": Decimal("1.0")}, ["1"]),
        ({"done_id": "d-1", "cart_id": True}, [""]),
        ({"done_id": "d-1", "cart_id": ["c-1"]}, [""]),
        ({"done_id": "d-1", "cart_id": " "}, [""]),
        ({"done_id": " ", "cart_id": "c-1"}, []),
        ({"cart_id": "c-1"}, []),
    ],
)
def test_what_ends_a_start_says_by_what_as_far_as_it_can_be_read(
    body: dict[str, object], ties: list[str]
) -> None:
    """Law 9: a broken record closes too, if its key says that it happened."""
    assert ties == [tie for _, tie in ends_of(BOUGHT, body)]


def test_a_moment_in_time_can_always_be_part_of_what_ends_a_start() -> None:
    """Every record has a time."""
    event = replace(BOUGHT, key=("done_id", "at"))

    assert 1 == len(ends_of(event, {"done_id": "d-1", "cart_id": "c-1"}))


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.decimals(min_value=-1000, max_value=1000, places=2)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


def _backwards(value: object) -> object:
    if isinstance(value, dict):
        return {key: _backwards(one) for key, one in reversed(value.items())}
    if isinstance(value, list):
        return [_backwards(one) for one in value]
    return value.normalize() if isinstance(value, Decimal) else value


@given(_VALUES)
def test_equal_values_have_one_text(value: object) -> None:
    """Whatever the order of an object's keys, and however a number is written."""
    assert normal_text(value) == normal_text(_backwards(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"),
        (True, "true"),
        (False, "false"),
        (10**15, "1000000000000000"),
        (Decimal("1E+2"), "100"),
        ([Decimal("1.50"), {"b": 1, "a": [None]}], '[1.5,{"a":[null],"b":1}]'),
    ],
)
def test_a_value_has_the_text_that_the_ledger_keeps(value: object, text: str) -> None:
    """Plain text is itself; everything else is as JSON writes it."""
    assert text == normal_text(value)


def test_the_parts_of_a_ledger_key_never_run_into_each_other() -> None:
    """One JSON array."""
    assert '["a","b,c"]' == key_text(["a", "b,c"])
    assert '["a,b","c"]' == key_text(["a,b", "c"])


def test_a_complete_event_is_a_moment_at_once() -> None:
    """Nothing is loaded for it."""
    (one,) = plan(
        rows(done(items=[{"sku": "s", "name": "n"}], note="x")), Examiner(a_shop())
    ).examined

    assert isinstance(one, Moment)
