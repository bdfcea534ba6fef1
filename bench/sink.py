"""A minimal HTTP sink, run as a process of its own: answers 200 and keeps nothing.

Usage: python sink.py      (prints its port)

It names no workspace id, so a store is bound to its address alone; that is allowed for
`local`, with a finding.
"""

from __future__ import annotations

import asyncio

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3\r\n\r\n{}\n"


class Sink(asyncio.Protocol):
    """Reads requests by their Content-Length and answers each."""

    def __init__(self) -> None:
        self._data = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._data[:end]).lower()
            size = 0
            for line in head.split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    size = int(line.partition(b":")[2])
            if len(self._data) < end + 4 + size:
                return
            del self._data[: end + 4 + size]
            self._transport.write(OK)


async def main() -> None:
    """Serve on a free port of 127.0.0.1 until ended."""
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
