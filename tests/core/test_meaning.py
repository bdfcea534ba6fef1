"""What an answer means: accepted, again later, refused, or stop."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truthpoint.core.answers import (
    LONGEST_REASON,
    SAID,
    Accepted,
    Answer,
    Halt,
    RefusedWhole,
    Transient,
    meaning,
)
from truthpoint.core.wire import BATCH_PATH, REGION_PATH


def answer(status: int, body: object = b"", **headers: str) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=named, body=raw)


def refused(*errors: object) -> dict[str, object]:
    return {"errors": list(errors)}


@pytest.mark.parametrize("status", [200, 201, 204, 299])
@pytest.mark.parametrize("body", [b"", b" \n", b"{}\n", b"{}", b'{"a":1}'])
def test_an_answer_of_success_that_names_no_error_is_acceptance(status: int, body: bytes) -> None:
    """Customer.io's are empty or a JSON object."""
    assert Accepted() == meaning(answer(status, body), 3)


@pytest.mark.parametrize("status", [200, 207])
@pytest.mark.parametrize("body", [b"<html>ok</html>", b"[1]", b'{"a"', b"OK", b"\xff", b"5"])
def test_a_success_with_a_body_of_somebody_else_is_none(status: int, body: bytes) -> None:
    """Law 18: a login page on the way says 200 too; the same goes out again under the same ids."""
    reason = f"HTTP {status} with a body that is not Customer.io's"

    assert Transient(reason=reason, suspect=True) == meaning(answer(status, body), 3)


@pytest.mark.parametrize("status", [401, 403, 407, 300, 301, 302, 304, 307, 308, 399])
def test_wrong_credentials_and_redirects_stop_delivery(status: int) -> None:
    """Following a redirect would lose or misplace data."""
    assert Halt(reason=f"HTTP {status}") == meaning(answer(status, b"no"), 1)


@pytest.mark.parametrize("status", [404, 405, 410])
@pytest.mark.parametrize("path", [BATCH_PATH, REGION_PATH])
def test_a_path_that_names_nobody_and_is_not_there_stops_delivery(status: int, path: str) -> None:
    """It is the address that is wrong, or something in between; nothing that was sent is."""
    assert Halt(reason=f"HTTP {status}") == meaning(answer(status, b"no"), 1, path=path)


@pytest.mark.parametrize(
    ("location", "to", "region"),
    [
        ("https://track-eu.customer.io/api/v2/batch", " to track-eu.customer.io", "eu"),
        ("https://track.customer.io/api/v2/batch", " to track.customer.io", "us"),
        ("https://ana@example.org/?token=secret", "", ""),
        ("/login", "", ""),
        ("https://[", "", ""),
    ],
)
def test_a_redirect_to_another_region_is_told_and_not_followed(
    location: str, to: str, region: str
) -> None:
    """Law 21: only Customer.io's own hosts are named; another address may hold anything."""
    told = answer(301, location=location)

    assert Halt(reason=f"HTTP 301{to}", region=region) == meaning(told, 1)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    """Law 16: a transient failure is never a refusal, whatever its body says."""
    told = answer(status, refused({"batch_index": 0, "reason": "invalid"}))

    assert Transient(reason=f"HTTP {status}", suspect=status >= 500) == meaning(told, 1)


@pytest.mark.parametrize("status", [500, 503])
def test_a_peer_that_asks_for_time_suspects_nothing_that_was_sent(status: int) -> None:
    """It speaks of itself."""
    told = answer(status, retry_after="7")

    assert Transient(reason=f"HTTP {status}", retry_after_seconds=7) == meaning(told, 1)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("2", 2),
        (" 3600 ", 3600),
        ("1" * 400, 111_111_111),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("", None),
        ("²", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after_is_read_when_it_counts_seconds(header: str, seconds: float | None) -> None:
    """A date would need a clock that agrees with the peer's; our own wait holds then."""
    assert Transient(reason="HTTP 429", retry_after_seconds=seconds) == meaning(
        answer(429, retry_after=header), 1
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "HTTP 400"),
        (b"<html>bad</html>", "HTTP 400"),
        (b'{"meta":', "HTTP 400"),
        (b"\xff", "HTTP 400"),
        (b"[" * 100_000, "HTTP 400"),
        ([1], "HTTP 400"),
        ({"errors": None}, "HTTP 400"),
        ({"errors": []}, "HTTP 400"),
        ({"errors": [None]}, "HTTP 400"),
        (
            refused({"reason": "invalid", "field": "attributes.total"}),
            "HTTP 400 invalid attributes.total",
        ),
        (
            refused({"reason": "required", "field": "name", "message": "is missing"}),
            f"HTTP 400 required name{SAID}is missing",
        ),
        (
            refused({"detail": "unauthorized", "status": 400}),
            f"HTTP 400 no known reason{SAID}unauthorized",
        ),
        ({"meta": {"errors": ["a", "b"]}}, f"HTTP 400 no known reason{SAID}a; b"),
        ({"meta": {"error": "bad"}}, f"HTTP 400 no known reason{SAID}bad"),
        ({"error": "bad"}, f"HTTP 400 no known reason{SAID}bad"),
        ({"error": 5}, "HTTP 400"),
        (
            refused({"reason": "ana@example.org", "field": "ana@example.org"}),
            f"HTTP 400 no known reason{SAID}ana@example.org ana@example.org",
        ),
    ],
)
def test_a_refusal_of_the_whole_says_what_the_envelope_says(body: object, reason: str) -> None:
    """Every envelope that is documented; known words first, the peer's own behind the mark."""
    assert RefusedWhole(reason=reason) == meaning(answer(400, body), 2)


@pytest.mark.parametrize("status", [400, 409, 413, 422, 451])
def test_any_other_refusal_is_for_good(status: int) -> None:
    """It is bisected, so that one bad item does not take others with it."""
    assert RefusedWhole(reason=f"HTTP {status}") == meaning(answer(status), 2)


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_path_that_names_somebody_and_is_not_there_is_a_refusal(status: int) -> None:
    """Of this one person's event, by v1."""
    told = meaning(answer(status), 1, path="/api/v1/customers/42/events")

    assert RefusedWhole(reason=f"HTTP {status}") == told


def test_items_are_refused_one_by_one() -> None:
    """A 207 names each refused item; several errors of one item are all kept."""
    told = refused(
        {"batch_index": 2, "reason": "invalid", "field": "attributes.a"},
        {"batch_index": 0},
        {"batch_index": 2, "reason": "required", "field": "name"},
    )

    assert Accepted(
        refused={2: "invalid attributes.a; required name", 0: "no reason given"}
    ) == meaning(answer(207, told), 3)


@pytest.mark.parametrize("index", [3, -1, True, False, "0", 0.0, None, [0]])
def test_an_error_that_names_no_item_of_the_request_is_remarked(index: object) -> None:
    """Only a whole number within the request is an index."""
    told = refused({"batch_index": index, "reason": "invalid"}, {"batch_index": 1})

    assert Accepted(
        refused={1: "no reason given"}, remark="1 error(s) name no item of the request"
    ) == meaning(answer(207, told), 3)


@pytest.mark.parametrize("body", [b"", b"{}", refused()])
def test_a_207_that_names_no_item_is_remarked(body: object) -> None:
    """It says that something was refused, and not what."""
    assert Accepted(remark="a 207 that names no item") == meaning(answer(207, body), 3)


def test_reasons_are_kept_up_to_a_bound() -> None:
    """An answer cannot fill the store."""
    long = "x" * 10_000
    whole = meaning(answer(400, refused({"message": long})), 1)
    item = meaning(answer(207, refused({"batch_index": 0, "message": long})), 1)

    assert isinstance(whole, RefusedWhole)
    assert isinstance(item, Accepted)
    assert LONGEST_REASON == len(whole.reason) == len(item.refused[0])


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda some: (
        st.lists(some, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["errors", "error", "meta", "batch_index", "reason", "field", "message"]
            ),
            some,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(
    st.integers(200, 599),
    st.binary(max_size=20) | _JSON,
    st.none() | st.text(max_size=6),
    st.integers(1, 5),
)
def test_any_answer_has_a_meaning_and_refuses_only_items_of_the_request(
    status: int, body: object, header: str | None, items: int
) -> None:
    """Nothing that a peer can say stops the worker by accident."""
    told = answer(status, body, **({} if header is None else {"retry_after": header}))
    means = meaning(told, items)

    if isinstance(means, Accepted):
        assert set(means.refused) <= set(range(items))
        assert all(means.refused.values())
    if isinstance(means, Transient) and means.retry_after_seconds is not None:
        assert means.retry_after_seconds >= 0
