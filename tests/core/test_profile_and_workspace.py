"""What is told of a person, taken by a local workspace: it has what is known here (law 12)."""

from __future__ import annotations

import base64
import json

from hypothesis import given
from hypothesis import strategies as st

from truthpoint.contract.model import Contract, Kind, Person, Property, Type
from truthpoint.contract.rules import Channel, Consent
from truthpoint.core.consent import state
from truthpoint.core.profile import Profile, Update, apply, wire_attributes
from truthpoint.values.instants import to_seconds
from truthpoint.workspace import Request, Workspace

START_MS = 1_767_225_600_000
CONSENTS = {
    "email_consent": Consent(channel=Channel.EMAIL, topic=3),
    "sms_consent": Consent(channel=Channel.SMS, topic=4),
    "consent": Consent(channel=Channel.ALL),
}
CONTRACT = Contract(
    shop="acme",
    events={},
    sources={},
    person=Person(
        attributes=(
            Property(name="city", type=Type(kind=Kind.STRING)),
            *(
                Property(name=name, type=Type(kind=Kind.BOOLEAN), consent=consent)
                for name, consent in CONSENTS.items()
            ),
        )
    ),
)
updates = st.tuples(
    st.fixed_dictionaries(
        {},
        optional={
            "city": st.sampled_from([None, "Rome", "Oslo"]),
            **dict.fromkeys(CONSENTS, st.booleans()),
        },
    ),
    st.integers(0, 1500),
    st.sampled_from(["form", "shop"]),
)


def _ask(workspace: Workspace, method: str, path: str, body: object = None) -> dict[str, object]:
    basic = "Basic " + base64.b64encode(b"site:key").decode()
    reply = workspace.handle(
        Request(
            method=method,
            path=path,
            query={},
            headers={
                "host": "127.0.0.1:8710",
                "authorization": "Bearer app-key" if method == "GET" else basic,
            },
            body=b"" if body is None else json.dumps(body).encode(),
        )
    )
    assert 200 == reply.status
    return json.loads(reply.body)


@given(st.lists(updates, max_size=8))
def test_a_workspace_has_every_consent_as_it_is_known_here(
    story: list[tuple[dict[str, object], int, str]],
) -> None:
    """Law 12: topics by dotted keys and `unsubscribed`, whatever comes late, in real seconds."""
    workspace = Workspace(None, clock=lambda: START_MS / 1000)
    profile = Profile()
    _ask(workspace, "PUT", "/api/v1/customers/1", {})
    for attributes, seconds, source in story:
        at_ms = START_MS + seconds * 1000
        applied = apply(
            profile, Update(attributes=attributes, at_ms=at_ms, source=source), CONTRACT
        )
        profile = applied.profile
        if applied.changed:
            item = {
                "type": "person",
                "action": "identify",
                "identifiers": {"id": "1"},
                "timestamp": to_seconds(applied.at_ms),
                "attributes": wire_attributes(CONTRACT, applied.changed),
            }
            _ask(workspace, "POST", "/api/v2/batch", {"batch": [item]})
    there = _ask(workspace, "GET", "/v1/customers/1/attributes")["customer"]
    view = _ask(workspace, "GET", "/v1/customers/1/subscription_preferences")["customer"]
    topics = {topic["id"]: topic["subscribed"] for topic in view["topics"]}
    known = {name: state(heard) for name, heard in profile.consents.items()}

    assert known == {n: there["attributes"][n] == "true" for n in CONSENTS if n in known}
    assert {
        one.topic: known[name] for name, one in CONSENTS.items() if one.topic and name in known
    } == topics
    assert (known.get("consent") is False) == view["unsubscribed"]
    kept = profile.attributes.get("city")
    assert (None if kept is None else kept.value) == there["attributes"].get("city")
