"""What the adapters' tests share: an upstream that sends exactly the bytes it is told to, on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.contract import ChatRequest, KeyStyle, Secret, Target
from adapters.openai import OpenAIChat
from adapters.transport_aiohttp import AiohttpTransport

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Upstream:
    """A scripted HTTP/1.1 server: reads requests whole, answers each with the next script (or the last)."""

    scripts: list[Answer]
    base_url: str = ""
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.connections += 1
        try:
            while True:
                self.requests.append(await _request(reader))
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                await script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.gone.set()
            writer.close()


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
    return head[0], headers, await reader.readexactly(int(headers.get("content-length", 0)))


@pytest.fixture
async def upstream() -> AsyncIterator[Callable[..., Awaitable[Upstream]]]:
    """Makes servers: awaited with scripts, it starts one that answers with them in turn."""
    servers: list[asyncio.Server] = []
    tasks: set[asyncio.Task[None]] = set()

    async def start(*scripts: Answer) -> Upstream:
        it = Upstream(list(scripts))

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(it.serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        servers.append(server)
        it.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        return it

    yield start
    for server in servers:
        server.close()
    for task in list(tasks):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture
def whole() -> Callable[..., Answer]:
    """A script: one answer with its length stated."""

    def make(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            given = {"content-type": "application/json", **(headers or {})}
            lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
            writer.write(f"HTTP/1.1 {status} X\r\n{lines}content-length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()

        return script

    return make


@pytest.fixture
def events() -> Callable[..., Answer]:
    """A script: a chunked event stream in the given pieces; `end` cuts it off after them if False."""

    def make(*pieces: bytes, end: bool = True, pause_s: float = 0) -> Answer:
        async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            for piece in pieces:
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await writer.drain()
                await asyncio.sleep(pause_s)
            if not end:
                raise ConnectionResetError
            writer.write(b"0\r\n\r\n")
            await writer.drain()

        return script

    return make


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    """The aiohttp transport."""
    it = AiohttpTransport()
    yield it
    await it.close()


@pytest.fixture
def chat_with(transport: AiohttpTransport) -> Callable[..., OpenAIChat]:
    """A factory: an adapter for a base URL, with a key."""

    def make(base_url: str, **options: Any) -> OpenAIChat:
        target: dict[str, Any] = {"api_key": Secret("sk-very-secret"), "key_style": KeyStyle.BEARER}
        for name in ("api_key", "key_style", "headers", "supports_stream_options"):
            if name in options:
                target[name] = options.pop(name)
        return OpenAIChat(Target(base_url, **target), transport, **options)

    return make


@pytest.fixture
def ask() -> Callable[..., ChatRequest]:
    """A factory: a request with a body, short times and the rest as usual."""

    def make(
        body: Mapping[str, object] | None = None,
        *,
        stream: bool = False,
        include_usage: bool = False,
        **others: Any,
    ) -> ChatRequest:
        given = {"model": "public-name", "messages": [{"role": "user", "content": "hello there"}]}
        times = {"connect_timeout_s": 2.0, "first_byte_timeout_s": 5.0, "idle_timeout_s": 5.0}
        return ChatRequest(
            body=given if body is None else body,
            stream=stream,
            include_usage=include_usage,
            **{"model": "upstream-name", "request_id": "req-1", **times, **others},
        )

    return make
