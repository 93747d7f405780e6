"""The load generator: keep-alive connections that ask, time, check every answer and ask again.

Run as `python -m bench.load`: a process of its own that takes one job a line on its standard input and
answers each with one line. Every connection is a raw asyncio protocol; one wrong answer fails the job.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from dataclasses import asdict, dataclass, field
from time import perf_counter_ns
from typing import TYPE_CHECKING, cast

import httptools
import orjson
import uvloop
from typing_extensions import override

from bench import conversation

if TYPE_CHECKING:
    from collections.abc import Sequence

_STREAM_S = conversation.CHUNKS * conversation.CHUNK_EVERY_S
_PATIENCE_S = 30


@dataclass(frozen=True, slots=True)
class Job:
    """What to ask of whom.

    Args:
        port: where on the loopback.
        token: the bearer token.
        streamed: whether to ask for streams.
        connections: how many ask at once, each one request after the other.
        seconds: for how long new requests are begun.
    """

    port: int
    token: str = field(repr=False)
    streamed: bool
    connections: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What a job found; latencies in microseconds from the request's write to the answer's last byte.

    Args:
        requests: how many were answered, all of them right.
        seconds: from the first request to the last answer.
        first_p50_us: to the first byte of the body, which in a stream is the first token.
    """

    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    first_p50_us: float
    first_p99_us: float


class WrongAnswer(Exception):
    """An answer that isn't what was asked for; fails the job."""


class Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next request, until the time is up.

    Args:
        request: head and body, ready for the wire.
        streamed: whether answers are streams.
        expected: the body of a whole answer.
    """

    def __init__(self, request: bytes, expected: bytes, *, streamed: bool) -> None:
        self.first_ns: list[int] = []
        self.whole_ns: list[int] = []
        self._done = asyncio.get_running_loop().create_future()
        self._request = request
        self._expected = expected
        self._streamed = streamed
        self._until_ns = 0
        self._begun_ns = 0
        self._pieces: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None

    async def open(self, port: int) -> None:
        """Connect to a port of the loopback."""
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)

    async def ask_until(self, until_ns: int) -> None:
        """Ask again and again until `until_ns` of the performance counter; returns with the last answer.

        Raises:
            WrongAnswer: an answer was wrong, or the connection ended.
        """
        self._until_ns = until_ns
        self._ask()
        await self._done

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's doesn't inherit from it

    @override
    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"no HTTP: {error}")

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the connection was closed")

    def on_body(self, data: bytes) -> None:
        """Collect the answer, and take the time of its first byte (httptools' callback)."""
        if not self._pieces:
            self.first_ns.append(perf_counter_ns() - self._begun_ns)
        self._pieces.append(data)

    def on_message_complete(self) -> None:
        """Take the time, check, and ask again (httptools' callback)."""
        now_ns = perf_counter_ns()
        self.whole_ns.append(now_ns - self._begun_ns)
        body = b"".join(self._pieces)
        self._pieces.clear()
        status = self._parser.get_status_code()
        if status != 200 or not self._is_right(body):
            self._fail(f"status {status} with the body {body[:500]!r}")
        elif now_ns < self._until_ns:
            self._ask()
        elif not self._done.done():
            self._done.set_result(None)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def _ask(self) -> None:
        self._begun_ns = perf_counter_ns()
        if self._transport is not None:
            self._transport.write(self._request)

    def _is_right(self, body: bytes) -> bool:
        return conversation.is_whole_stream(body) if self._streamed else body == self._expected

    def _fail(self, what: str) -> None:
        if not self._done.done():
            self._done.set_exception(WrongAnswer(what))


async def run(job: Job) -> Measured:
    """Do one job.

    Raises:
        WrongAnswer: an answer was wrong or missing.
        OSError: nobody listens.
    """
    request, expected = _request(job), conversation.completion()
    connections = [Connection(request, expected, streamed=job.streamed) for _ in range(job.connections)]
    for connection in connections:
        await connection.open(job.port)
    begun_ns = perf_counter_ns()
    try:
        async with asyncio.timeout(job.seconds + _PATIENCE_S):
            await asyncio.gather(
                *(_paced(connection, number, job, begun_ns) for number, connection in enumerate(connections))
            )
    finally:
        for connection in connections:
            connection.close()
    return _summary(connections, (perf_counter_ns() - begun_ns) / 1e9)


async def _paced(connection: Connection, number: int, job: Job, begun_ns: int) -> None:
    """Streams begin one after the other: in step, they would all send their chunks at the same moment."""
    if job.streamed:
        await asyncio.sleep(_STREAM_S * number / job.connections)
    await connection.ask_until(begun_ns + int(job.seconds * 1e9))


def _request(job: Job) -> bytes:
    body = conversation.request(streamed=job.streamed)
    head = (
        f"POST {conversation.PATH} HTTP/1.1\r\nhost: 127.0.0.1:{job.port}\r\n"
        f"authorization: Bearer {job.token}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def _summary(connections: Sequence[Connection], seconds: float) -> Measured:
    whole = sorted(taken for connection in connections for taken in connection.whole_ns)
    first = sorted(taken for connection in connections for taken in connection.first_ns)
    return Measured(
        requests=len(whole),
        seconds=seconds,
        p50_us=_percentile(whole, 0.50),
        p99_us=_percentile(whole, 0.99),
        first_p50_us=_percentile(first, 0.50),
        first_p99_us=_percentile(first, 0.99),
    )


def _percentile(ordered: Sequence[int], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] / 1000


def main() -> None:
    """Do the jobs that arrive on standard input, one line each, until it ends."""
    gc.freeze()
    gc.disable()  # a collection here would look like a slow gateway; between jobs there is time for it
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(orjson.dumps(_done(Job(**orjson.loads(line)))) + b"\n")
        sys.stdout.buffer.flush()
        gc.collect()


def _done(job: Job) -> dict[str, object]:
    try:
        return {"measured": asdict(uvloop.run(run(job)))}
    except TimeoutError:
        return {"error": f"an answer took more than {_PATIENCE_S} s"}
    except (WrongAnswer, OSError) as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
