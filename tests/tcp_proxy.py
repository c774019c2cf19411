"""A TCP proxy of ours that does to a connection what networks do: it stands between two programs of a test."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any, TypeVar

CHUNK = 65_536
T = TypeVar("T")

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to bytes on their way."""

    delay_s: float = 0.0
    bytes_per_s: float | None = None
    holds: bool = False
    drops: bool = False
    corrupts: bool = False
    resets: bool = False
    half_open: bool = False


@dataclass(eq=False, slots=True, kw_only=True)
class Link:
    """A client's connection and ours to the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter | None = None

    def close(self) -> None:
        """Close both sides in order."""
        self.client.close()
        if self.server is not None:
            self.server.close()

    def reset(self) -> None:
        """Close both sides with RST."""
        _reset(self.client)
        if self.server is not None:
            _reset(self.server)


class TcpProxy:
    """A port that leads to another port of this machine, through faults.

    Faults hold for connections old and new, from the call until ``heal`` or the next fault of another kind. The proxy
    lives in a thread of its own: its methods may be called from any thread, also within an event loop.

    Parameters
    ----------
    target_port : int
        Where the server listens.
    target_host : str
        On which address.
    """

    def __init__(self, target_port: int, target_host: str = "127.0.0.1") -> None:
        self._target = (target_host, target_port)
        self._fault = Fault()
        self._links: set[Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._healed = asyncio.Event()
        self._thread = Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None
        self.n_connections = 0
        self.port = 0
        self.port = self._do(self._listen())

    def delay(self, seconds: float) -> None:
        """Let every chunk arrive so much later. [s]."""
        self._become(Fault(delay_s=seconds))

    def throttle(self, bytes_per_s: float) -> None:
        """Let no more bytes a second through, in each direction."""
        self._become(Fault(bytes_per_s=bytes_per_s))

    def hold(self) -> None:
        """Let nothing through, and all of it on healing: a network that is split for a while."""
        self._become(Fault(holds=True))

    def drop(self) -> None:
        """Lose every byte on its way, in both directions, while the connections stay open."""
        self._become(Fault(drops=True))

    def corrupt(self) -> None:
        """Turn over the bits of one byte in the middle of every chunk that the server sends."""
        self._become(Fault(corrupts=True))

    def half_open(self) -> None:
        """Close the server's side of every connection without a word to the client, whose bytes then vanish."""
        self._become(Fault(half_open=True))
        self._do(self._close_servers())

    def reset(self) -> None:
        """Reset every connection, and each new one at once."""
        self._become(Fault(resets=True))
        self._do(self._reset_links())

    def refuse(self) -> None:
        """Reset every connection and listen no longer: a program that is gone."""
        self._do(self._stop_listening())
        self._do(self._reset_links())

    def heal(self) -> None:
        """Let everything through again; connections that a fault has broken stay broken."""
        if self._server is None:
            self._do(self._listen())
        self._become(Fault())

    def close(self) -> None:
        """End the proxy and its connections."""
        if self._loop.is_closed():
            return
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def _become(self, fault: Fault) -> None:
        async def change() -> None:
            self._fault = fault
            healed, self._healed = self._healed, asyncio.Event()
            healed.set()

        self._do(change())

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        return int(self._server.sockets[0].getsockname()[1])

    async def _stop_listening(self) -> None:
        if self._server is None:
            return
        for listener in self._server.sockets:
            self._loop.remove_reader(listener.fileno())
        await asyncio.sleep(0.01)  # asyncio cannot close a server while it still makes accepted sockets connections
        self._server.close()
        self._server = None

    def _accept(self, client_in: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        self.n_connections += 1
        link = Link(client=client)
        self._links.add(link)
        self._spawn(self._serve(link, client_in))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, link: Link, client_in: asyncio.StreamReader) -> None:
        try:
            await self._join(link, client_in)
        except OSError:
            link.reset()
        finally:
            self._links.discard(link)
            link.close()

    async def _join(self, link: Link, client_in: asyncio.StreamReader) -> None:
        if self._fault.resets:
            raise ConnectionResetError
        server_in, link.server = await asyncio.open_connection(*self._target)
        if link.client.is_closing():
            return
        if self._fault.half_open:
            link.server.close()
        async with asyncio.TaskGroup() as both:
            both.create_task(self._pump(client_in, link.server, lambda chunk: chunk))
            both.create_task(self._pump(server_in, link.client, self._spoilt))

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, changed: Callable[[bytes], bytes]
    ) -> None:
        with suppress(OSError):
            while chunk := await source.read(CHUNK):
                await self._pass_on(changed(chunk), sink)
        while self._fault.half_open or self._fault.drops or self._fault.holds:
            await self._healed.wait()
        with suppress(OSError):
            sink.write_eof()

    async def _pass_on(self, chunk: bytes, sink: asyncio.StreamWriter) -> None:
        while self._fault.holds:
            await self._healed.wait()
        fault = self._fault
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault.drops or fault.half_open or sink.is_closing():
            return
        size = len(chunk) if fault.bytes_per_s is None else max(1, int(fault.bytes_per_s / 20))
        for first in range(0, len(chunk), size):
            if fault.bytes_per_s is not None:
                await asyncio.sleep(size / fault.bytes_per_s)
            sink.write(chunk[first : first + size])
            await sink.drain()

    def _spoilt(self, chunk: bytes) -> bytes:
        if not self._fault.corrupts:
            return chunk
        middle = len(chunk) // 2
        return chunk[:middle] + bytes([chunk[middle] ^ 0xFF]) + chunk[middle + 1 :]

    async def _close_servers(self) -> None:
        for link in self._links:
            if link.server is not None:
                link.server.close()

    async def _reset_links(self) -> None:
        for link in self._links:
            link.reset()

    async def _end(self) -> None:
        await self._stop_listening()
        await self._reset_links()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # and transports that are being closed come to their end


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()
