"""One address for the whole platform, as an ingress gives it: by its path each request goes to its service.

``python -m deploy.local.gate PORT ROUTES``: ROUTES is JSON, ``{"/prefix": "host:port"}``; the longest prefix
wins. A connection carries one request; both sides are then told to close.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress

HEAD_LIMIT = 64 * 1024
HEAD_WITHIN_S = 30
DRAIN_WITHIN_S = 5
CHUNK = 64 * 1024

Address = tuple[str, int]


class Gate:
    """Listens, looks at the request's head, and from there only carries bytes."""

    def __init__(self, routes: Mapping[str, str]):
        self._routes = sorted(((p, _address(a)) for p, a in routes.items()), key=lambda r: -len(r[0]))
        self._open: set[asyncio.Task[None]] = set()

    async def serve(self, port: int, over: asyncio.Event) -> None:
        server = await asyncio.start_server(self._accept, "127.0.0.1", port, limit=HEAD_LIMIT)
        await over.wait()
        server.close()
        if self._open:
            await asyncio.wait(self._open, timeout=DRAIN_WITHIN_S)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            await self._carry(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass
        finally:
            self._open.discard(task)
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_WITHIN_S)
        try:
            service_reader, service_writer = await asyncio.open_connection(*self._service_of(head))
        except (LookupError, OSError):
            writer.write(
                b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
            await writer.drain()
            return
        service_writer.write(_rewritten(head, writer.get_extra_info("peername")[0]))
        ways = [
            asyncio.create_task(_pipe(reader, service_writer)),
            asyncio.create_task(_pipe(service_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            service_writer.close()

    def _service_of(self, head: bytes) -> Address:
        path = head.split(b" ", 2)[1].decode("latin-1")
        for prefix, address in self._routes:
            if path.startswith(prefix):
                return address
        raise LookupError(path)


def _rewritten(head: bytes, client: str) -> bytes:
    """One request a connection, and who sent it."""
    lines = head[:-4].split(b"\r\n")
    dropped = (b"connection:", b"keep-alive:", b"x-forwarded-for:")
    kept = [lines[0], *(line for line in lines[1:] if not line.lower().startswith(dropped))]
    return b"\r\n".join([*kept, b"Connection: close", f"X-Forwarded-For: {client}".encode(), b"\r\n"])


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return host, int(port)


async def main(port: int, routes: Mapping[str, str]) -> None:
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    await Gate(routes).serve(port, over)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), json.loads(sys.argv[2])))
