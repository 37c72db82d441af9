"""HTTP servers on 127.0.0.1 that receive webhooks, well or badly."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

Answer: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Receiver:
    """`received` are the headers, in lower case, and the body of each request."""

    port: int = 0
    received: list[tuple[dict[str, str], str]] = field(default_factory=list[tuple[dict[str, str], str]])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


def answers(status: str, *headers: str, body: str = "") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", body]
        writer.write("\r\n".join(lines).encode())
        await writer.drain()

    return answer


@asynccontextmanager
async def receiving(answer: Answer) -> AsyncGenerator[Receiver]:
    receiver = Receiver()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:]
            headers = {
                name.lower(): value for name, _, value in (line.partition(": ") for line in head if line)
            }
            body = await reader.readexactly(int(headers["content-length"]))
            receiver.received.append((headers, body.decode()))
            await answer(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the sender has given up
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
