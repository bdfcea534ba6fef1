"""Serving the gateway. Imported only by commands that run."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import uvicorn

from truthpoint import around, runtime
from truthpoint.errors import OperatorError
from truthpoint.gateway import Gatekeeper, Gateway, Records

from . import output
from .ending import stop_on_signals

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping

    from truthpoint.contract.model import Contract
    from truthpoint.ports import Backlog
    from truthpoint.runtime import Settings
    from truthpoint.workers import Worker

DRAIN_SECONDS: Final = 45
"""Longest wait at the end for requests under way; longer than a body may take to arrive."""

LOOPBACK: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """The files of a server that speaks TLS.

    Attributes:
        certificate: Path of its certificate chain, PEM.
        private_key: Path of its key, PEM; None: it stands in the same file.
    """

    certificate: str
    private_key: str | None


class Around:
    """What the gateway is told by this process.

    Args:
        settings: Where things are.
        stop: Set when this process is told to end.
        with_worker: Whether a worker runs here, without which it is not ready.
    """

    def __init__(self, settings: Settings, stop: asyncio.Event, *, with_worker: bool) -> None:
        self._settings = settings
        self._stop = stop
        self._with_worker = with_worker
        self.worker: Worker | None = None

    def waits_for(self) -> str:
        """Return what is missing before the process is ready; empty: it is ready."""
        if self._stop.is_set():
            return "it was told to end, and finishes what is under way"
        if not self._with_worker:
            return ""
        return "the store's lease is missing" if self.worker is None else self.worker.waits_for

    def backlog(self) -> Backlog:
        """Return how far the work has come."""
        # Opened for each look: a state that is made later, or a store that is begun anew or
        # restored, must not be looked past for as long as this process lives.
        desk = runtime.open_desk(self._settings)
        try:
            return desk.backlog()
        finally:
            desk.close()

    def deliveries(self) -> Mapping[str, int] | None:
        """Return what delivery has counted; None: no worker runs here."""
        if self.worker is None:
            return None
        seen = self.worker.deliverer.statistics()
        return {
            "requests": seen.requests,
            "delivered": seen.delivered,
            "dead": seen.dead,
            "retried": seen.retried,
        }


async def run_serve(settings: Settings, *, host: str, port: int, tls: Tls | None) -> None:
    """Run the gateway alone until told to stop; requests under way are answered first."""
    stop = stop_on_signals()
    contract = runtime.load_contract(settings.contract)
    told = Around(settings, stop, with_worker=False)
    with listening(port, "--port", host=host) as listener:
        async with serving(listener, contract, settings, told, tls=tls):
            scheme = "https" if tls else "http"
            shown = f"[{host}]" if ":" in host else host
            announce(
                f"gateway          {scheme}://{shown}:{listener.getsockname()[1]}",
                f"store            {settings.store}",
                "Records wait in the store until `truthpoint work` delivers them; "
                "Ctrl-C drains and ends.",
            )
            if not tls and host != LOOPBACK:
                output.note(
                    "Keys and records travel unencrypted: put a server that speaks TLS in front, "
                    "or give --certificate."
                )
            await stop.wait()


@asynccontextmanager
async def serving(
    listener: socket.socket,
    contract: Contract,
    settings: Settings,
    told: Around,
    *,
    local_source: str | None = None,
    tls: Tls | None = None,
) -> AsyncGenerator[None]:
    """Serve the gateway meanwhile.

    Args:
        listener: The port, bound.
        contract: The contract.
        settings: Where things are.
        told: What the gateway is told by this process.
        local_source: The source of the key `local`; None: it is not taken.
        tls: The files of TLS; None: plain HTTP.
    """
    intake, journal = around.open_intake(contract, settings)
    gatekeeper = Gatekeeper(
        around.open_keyring(settings), contract.sources, local_source=local_source
    )
    records = Records(intake, gatekeeper, report=output.note)
    gateway = Gateway(told, runtime.SystemClock(), records=records, report=output.note)
    try:
        web = _Server(_config(gateway, tls))
        running = asyncio.create_task(web.serve(sockets=[listener]))
        try:
            yield
        finally:
            web.should_exit = True
            await running
    finally:
        gateway.close()
        journal.close()


def _config(gateway: Gateway, tls: Tls | None) -> uvicorn.Config:
    config = uvicorn.Config(
        gateway.app(),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=DRAIN_SECONDS,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.private_key if tls else None,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        said = error.strerror or "they do not fit each other, or are no PEM files"
        raise OperatorError(
            f"The files of TLS cannot be used: {said}.",
            hint="Check --certificate and --private-key.",
        ) from None
    return config


def announce(*lines: str) -> None:
    """Write lines at once: whoever waits for the addresses reads a pipe."""
    for line in lines:
        output.put(line)
    output.flush()


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to us."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone."""
        yield


@contextmanager
def listening(port: int, option: str, *, host: str = LOOPBACK) -> Generator[socket.socket]:
    """Hold a port of this machine."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
        # Inherited by every connection: an answer must not wait for an acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise OperatorError(
            f"Port {port} on {host} cannot be used: {os.strerror(error.errno or 0)}.",
            hint=f"Choose another with {option}, or end the program that holds it.",
        ) from None
    with listener:
        yield listener
