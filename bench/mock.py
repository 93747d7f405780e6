"""The mock upstream: OpenAI's shape at the least cost, so that what is measured is the gateway.

Run as `python -m bench.mock PORT`. A raw asyncio protocol: whole answers in one write, streams of
`conversation.CHUNKS` pieces that leave `conversation.CHUNK_EVERY_S` apart.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import httptools
import orjson
import uvloop
from typing_extensions import override

from bench import conversation

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: "
_STREAM_HEAD = _HEAD + b"text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything that the mock ever sends, ready for the wire.

    Args:
        whole: head and body of the whole answer.
        stream: the pieces of a stream without the usage, each an HTTP chunk.
        stream_with_usage: the same with it.
    """

    whole: bytes
    stream: Sequence[bytes]
    stream_with_usage: Sequence[bytes]


def prepared() -> Answers:
    """Put every answer into its HTTP form."""
    body = conversation.completion()
    head = _HEAD + b"application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    return Answers(head + body, _chunked(include_usage=False), _chunked(include_usage=True))


def _chunked(*, include_usage: bool) -> list[bytes]:
    pieces = conversation.events(include_usage=include_usage)
    chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
    chunks[-1] += _LAST_CHUNK
    return chunks


class Upstream(asyncio.Protocol):
    """One connection of a client.

    Args:
        answers: what to send.
        loop: the running event loop.
    """

    def __init__(self, answers: Answers, loop: asyncio.AbstractEventLoop) -> None:
        self._answers = answers
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._body: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._next: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's doesn't inherit from it

    @override
    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._next is not None:
            self._next.cancel()

    def on_body(self, data: bytes) -> None:
        """Collect the request (httptools' callback)."""
        self._body.append(data)

    def on_message_complete(self) -> None:
        """Answer (httptools' callback)."""
        body = orjson.loads(b"".join(self._body))
        self._body.clear()
        if not body.get("stream"):
            self._write(self._answers.whole)
            return
        with_usage = (body.get("stream_options") or {}).get("include_usage")
        pieces = self._answers.stream_with_usage if with_usage else self._answers.stream
        self._write(_STREAM_HEAD)
        self._schedule(pieces, 0, self._loop.time() + conversation.CHUNK_EVERY_S)

    def _schedule(self, pieces: Sequence[bytes], number: int, at_s: float) -> None:
        self._next = self._loop.call_at(at_s, self._send, pieces, number, at_s)

    def _send(self, pieces: Sequence[bytes], number: int, at_s: float) -> None:
        self._write(pieces[number])
        if number + 1 < len(pieces):
            # From when it was due, not from now: a late piece must not make the whole stream longer.
            self._schedule(pieces, number + 1, at_s + conversation.CHUNK_EVERY_S)

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)


async def serve(port: int) -> None:
    """Listen on the loopback for ever."""
    loop = asyncio.get_running_loop()
    answers = prepared()
    server = await loop.create_server(lambda: Upstream(answers, loop), "127.0.0.1", port, backlog=256)
    gc.freeze()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
