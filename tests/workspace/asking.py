"""A workspace under test, asked without sockets, on a clock that the test moves."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from truthpoint.workspace import Reply, Request, Switches, Workspace

BASIC = "Basic " + base64.b64encode(b"site:key").decode()
BEARER = "Bearer app-key"
NOW = 1_767_225_600
"""2026-01-01, in unix seconds: where every test's clock starts."""

DAY = 86_400
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def ulid(number: int) -> str:
    """A valid event id."""
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def identify(person: str, *, by: str = "id", timestamp: Any = None, **attributes: Any) -> dict:
    """A v2 identify."""
    item = {
        "type": "person",
        "action": "identify",
        "identifiers": {by: person},
        "attributes": attributes,
    }
    return item if timestamp is None else {**item, "timestamp": timestamp}


def event(person: str, name: str = "order_paid", *, by: str = "id", **more: Any) -> dict:
    """A v2 event; its data is `attributes`."""
    return {
        "type": "person",
        "action": "event",
        "identifiers": {by: person},
        "name": name,
        "attributes": {},
        **more,
    }


def act(action: str, person: str = "1", *, by: str = "id", **more: Any) -> dict:
    """A v2 item of any other action."""
    return {"type": "person", "action": action, "identifiers": {by: person}, **more}


def merge(primary: dict, secondary: dict) -> dict:
    """A v2 merge."""
    return {"type": "person", "action": "merge", "primary": primary, "secondary": secondary}


class Asked:
    """A workspace and short ways to ask it."""

    def __init__(self, path: Path | None = None, switches: Switches | None = None) -> None:
        self.now: float = NOW
        self.workspace = Workspace(path, clock=lambda: self.now, switches=switches or Switches())

    def ask(self, method: str, path: str, body: Any = None, **given: Any) -> Reply:
        """Any request; a body that is not bytes is sent as JSON."""
        path, _, query = path.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else _encode(body)
        parameters = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
        headers = given.pop("headers", {"authorization": BASIC})
        return self.workspace.handle(
            Request(
                method=method,
                path=path,
                query=parameters,
                headers={"host": "127.0.0.1:8710", **headers},
                body=data,
                **given,
            )
        )

    def batch(self, *items: Any) -> tuple[int, Any]:
        """Status and body of a v2 batch."""
        reply = self.ask("POST", "/api/v2/batch", {"batch": items})
        return reply.status, json.loads(reply.body)

    def entity(self, item: Any) -> tuple[int, Any]:
        """Status and body of a v2 entity."""
        reply = self.ask("POST", "/api/v2/entity", item)
        return reply.status, json.loads(reply.body)

    def put(self, person: str, body: Any) -> tuple[int, Any]:
        """Status and body of a v1 identify; the person is percent-encoded already."""
        reply = self.ask("PUT", f"/api/v1/customers/{person}", body)
        return reply.status, json.loads(reply.body)

    def post(self, person: str, body: Any) -> tuple[int, Any]:
        """Status and body of a v1 event."""
        reply = self.ask("POST", f"/api/v1/customers/{person}/events", body)
        return reply.status, json.loads(reply.body)

    def v1(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and body of any other request to v1."""
        reply = self.ask(method, f"/api/v1{path}", body)
        return reply.status, json.loads(reply.body)

    def app(self, path: str) -> tuple[int, Any]:
        """Status and body of a question to the App API."""
        reply = self.ask("GET", path, headers={"authorization": BEARER})
        return reply.status, json.loads(reply.body)

    def control(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and body of a request to the control API."""
        reply = self.ask(method, path, body, headers={})
        return reply.status, json.loads(reply.body)

    def faults(self, *rules: dict[str, Any]) -> None:
        """Arm faults."""
        status, body = self.control("PUT", "/local/faults", list(rules))

        assert status == 200, body

    def person(self, identifier: str, by: str = "id") -> dict[str, Any] | None:
        """A person as the App API tells; None: nobody."""
        status, body = self.app(f"/v1/customers/{identifier}/attributes?id_type={by}")
        return body["customer"] if status == 200 else None

    def attributes(self, identifier: str, by: str = "id") -> dict[str, str]:
        """A person's attributes without identifiers."""
        found = self.person(identifier, by)

        assert found is not None
        return {k: v for k, v in found["attributes"].items() if k not in ("id", "email", "cio_id")}

    def activities(self, of_type: str = "") -> list[dict[str, Any]]:
        """Every activity of a type, or of all, the newest first."""
        status, body = self.app(f"/v1/activities?limit=100&type={of_type}")

        assert (status, body["next"]) == (200, "")
        return body["activities"]

    def log(self) -> list[dict[str, Any]]:
        """The log."""
        return self.control("GET", "/local/log?limit=1000")[1]["log"]

    def items(self) -> list[dict[str, Any]]:
        """Every item of every write in the log."""
        return [item for request in self.log() for item in request["items"]]

    def effects(self) -> list[str]:
        """What became of every item."""
        return [item["effect"] for item in self.items()]


def _encode(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
