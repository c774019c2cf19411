"""A real HTTP server on loopback that answers by script, and remembers who asked."""

import asyncio
import json
from contextlib import asynccontextmanager


def answer(body=b"{}", status=200, **headers):
    """Return the bytes of an answer; what is no bytes is written as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(content)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


class Stub:
    """Answers each request with the next of ``answers``, and with the last for ever."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.asked = asyncio.Event()
        self.url = ""

    def say(self, *answers):
        self.answers = list(answers)

    async def serve(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = [
                    line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length")
                ]
                body = await reader.readexactly(int(length[0])) if length else b""
                self.requests.append((head, body))
                self.asked.set()
                now = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if callable(now):
                    await now(writer)
                else:
                    writer.write(now)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(*answers):
    """Serve the answers on a free port."""
    stub = Stub(*answers)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0)
    stub.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield stub
    finally:
        server.close()


async def silence(_writer):
    """Never answer."""
    await asyncio.sleep(3600)


async def drip(writer):
    """Send one byte now and then, without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def hang_up(writer):
    """Close the connection in the middle of the answer."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()
