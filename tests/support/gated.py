"""A gateway on a real port of this machine, in a thread of the test's process."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from support.commands import wait_until
from support.shop import EXAMINER
from truthpoint.capture import Intake, SharedJournal
from truthpoint.core.keys import CHANCE_BYTES, mint
from truthpoint.gateway import Gatekeeper, Gateway, Records
from truthpoint.ports import Backlog
from truthpoint.runtime import SystemClock
from truthpoint.stores.keyring import FileKeyring
from truthpoint.stores.sqlite import SqliteDesk, SqliteJournal


@dataclass(frozen=True)
class Answer:
    """What the gateway answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, str]:
        """The error of a refusal."""
        return self.told["error"]

    @property
    def results(self) -> list[str]:
        """What became of each record."""
        return [one["result"] for one in self.told["results"]]


def key_for(folder: Path, source: str, *, number: int = 0) -> str:
    """Make a key and return its token."""
    chance = bytes([number]) * CHANCE_BYTES
    token, key = mint(chance, name=f"key-{number}", source=source, now_ms=0)
    FileKeyring(folder).add(key)
    return token


@dataclass
class Gate:
    """A gateway that listens."""

    folder: Path
    port: int = 0
    token: str = ""
    said: list[str] = field(default_factory=list)
    missing: str = ""
    counted: Mapping[str, int] | None = None
    waiting: Callable[[], int] = lambda: 0
    queued: Callable[[], int] = lambda: 0

    def waits_for(self) -> str:
        return self.missing

    def deliveries(self) -> Mapping[str, int] | None:
        return self.counted

    def backlog(self) -> Backlog:
        desk = SqliteDesk(self.folder)
        try:
            return desk.backlog()
        finally:
            desk.close()

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask anything."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            given = {name.replace("_", "-"): text for name, text in headers.items()}
            connection.request(method, path, body=body, headers=given)
            response = connection.getresponse()
            told = {name.lower(): text for name, text in response.getheaders()}
            return Answer(response.status, told, response.read())
        finally:
            connection.close()

    def post(self, body: bytes, *, token: str | None = None, **headers: str) -> Answer:
        """Post records as they are."""
        given = {"Content_Type": "application/x-ndjson"}
        given["Authorization"] = f"Bearer {self.token if token is None else token}"
        return self.ask("POST", "/v1/records", body, **{**given, **headers})

    def post_lines(self, *records: Any, **more: Any) -> Answer:
        """Post records as NDJSON."""
        return self.post(lines(*records), **more)

    def bodies(self) -> list[tuple[str, str, bytes]]:
        """What the journal holds: source, record id and bytes."""
        desk = SqliteDesk(self.folder)
        try:
            captured = desk.backlog().captured
            rows = [desk.record(number) for number in range(1, captured + 1)]
        finally:
            desk.close()
        return [(row[0].source, row[0].record_id, row[0].body) for row in rows if row is not None]


def lines(*records: Any) -> bytes:
    """Records as NDJSON; bytes are lines as they are."""
    told = (one if isinstance(one, bytes) else json.dumps(one).encode() for one in records)
    return b"".join(one + b"\n" for one in told)


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@contextmanager
def gated(
    folder: Path,
    *,
    intake: Any = None,
    sources: Sequence[str] = ("backend", "legacy"),
    local_source: str | None = None,
    **settings: Any,
) -> Generator[Gate]:
    """Run a gateway on a store's folder meanwhile; `intake` takes the place of a real one."""
    gate = Gate(folder)
    journal = SharedJournal(lambda: SqliteJournal(folder, power=True))
    journal.see()
    real = Intake(journal, EXAMINER, SystemClock())
    keeper = Gatekeeper(FileKeyring(folder), sources, local_source=local_source)
    records = Records(intake or real, keeper, report=gate.said.append, **settings)
    gate.waiting = lambda: records.waiting
    gate.queued = lambda: len(journal._entries)
    gateway = Gateway(gate, SystemClock(), records=records, report=gate.said.append)
    gate.token = key_for(folder, "backend")
    config = uvicorn.Config(gateway.app(), port=0, log_level="error", lifespan="off", ws="none")
    server = _Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        gate.port = server.servers[0].sockets[0].getsockname()[1]
        yield gate
    finally:
        server.should_exit = True
        thread.join()
        gateway.close()
        journal.close()
