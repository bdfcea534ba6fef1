"""A Customer.io that answers from a script, and remembers what it was sent and when."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from truthpoint.core.answers import Answer
from truthpoint.ports import TransportFailed

if TYPE_CHECKING:
    from truthpoint.core.wire import WireRequest

OK = Answer(status=200, body=b"{}\n")


@dataclass
class Sent:
    """One request as it arrived."""

    at_seconds: float
    request: WireRequest

    @property
    def items(self) -> list[dict[str, Any]]:
        """The items of a batch; a v1 request is one item."""
        if self.request.path == "/api/v2/batch":
            return json.loads(self.request.body)["batch"]
        return [{"path": self.request.path, **json.loads(self.request.body)}]


Script = "Callable[[Sent], Answer | str]"


@dataclass
class ScriptedTransport:
    """Answers each request by a function: an Answer, or the kind of failure as text."""

    script: Any = lambda _: OK
    region: Answer = field(
        default_factory=lambda: Answer(
            status=200, body=b'{"region": "us", "environment_id": 11111, "url": "http://x"}'
        )
    )
    latency_seconds: float = 0.01
    sent: list[Sent] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    async def send(self, request: WireRequest) -> Answer:
        if request.path == "/api/v1/accounts/region":
            return self.region
        sent = Sent(asyncio.get_running_loop().time(), request)
        self.sent.append(sent)
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        await asyncio.sleep(self.latency_seconds)
        self.under_way -= 1
        answer = self.script(sent)
        if isinstance(answer, str):
            raise TransportFailed(answer)
        return answer

    async def close(self) -> None:
        """Nothing to let go of."""

    @property
    def items(self) -> list[dict[str, Any]]:
        """Every item that arrived, in order, refused ones included."""
        return [item for sent in self.sent for item in sent.items]
