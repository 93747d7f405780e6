"""The aiohttp transport against a real socket: what is sent, what is never done, and every way to fail."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from adapters.transport import Broken, Garbled, Response, TimedOut, TooLarge, Transport, Unreachable

if TYPE_CHECKING:
    from tests.adapters.conftest import Answer, Upstream

Start = Callable[..., Awaitable["Upstream"]]
Make = Callable[..., "Answer"]


async def _post(transport: Transport, url: str, body: bytes = b"{}", **times: float) -> Response:
    limits = {"connect_timeout_s": 2.0, "first_byte_timeout_s": 2.0, "idle_timeout_s": 2.0, **times}
    endpoint = transport.endpoint(url, {"authorization": "Bearer k"})
    return await endpoint.post(body, {"x-request-id": "r"}, **limits)


def _raw(data: bytes, *, then: str = "stay") -> "Answer":
    """A script that sends bytes as they are and then stays, closes or resets."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if then == "stay":
            await asyncio.sleep(30)
        if then == "reset":
            await asyncio.sleep(0.02)
            writer.transport.abort()
        raise ConnectionResetError

    return script


async def test_request_on_the_wire(upstream: Start, transport: Transport, whole: Make) -> None:
    """Nothing but what was asked for is sent: no user agent, no cookies, no compression wanted."""
    server = await upstream(whole(b"{}", headers={"set-cookie": "a=b"}))
    for _ in range(2):
        response = await _post(transport, f"{server.base_url}/x?api-version=1%2F2", b'{"a":1}')
        assert (response.status, await response.read(10, 2.0)) == (200, b"{}")
    line, headers, body = server.requests[1]
    headers.pop("host")
    assert (line, body) == ("POST /v1/x?api-version=1%2F2 HTTP/1.1", b'{"a":1}')
    assert headers == {
        "accept": "application/json, text/event-stream",
        "accept-encoding": "identity",
        "authorization": "Bearer k",
        "content-length": "7",
        "content-type": "application/json",
        "x-request-id": "r",
    }
    assert server.connections == 1


async def test_environment_is_not_trusted(
    upstream: Start, transport: Transport, whole: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy named in the environment would see every prompt."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    server = await upstream(whole(b"{}"))
    assert await (await _post(transport, server.base_url)).read(10, 2.0) == b"{}"


async def test_redirects_are_not_followed(upstream: Start, transport: Transport, whole: Make) -> None:
    """A provider cannot send our request, key included, to an address inside (SSRF)."""
    inside = await upstream(whole(b"{}"))
    server = await upstream(whole(b"", status=307, headers={"location": inside.base_url}))
    response = await _post(transport, server.base_url)
    response.close()
    assert response.status == 307
    assert inside.requests == []


async def test_compressed_answers_are_not_unpacked(
    upstream: Start, transport: Transport, whole: Make
) -> None:
    """No decompression: a small answer cannot become a large one in memory."""
    server = await upstream(whole(b"\x1f\x8b...", headers={"content-encoding": "gzip"}))
    response = await _post(transport, server.base_url)
    assert (response.header("content-encoding"), await response.read(100, 2.0)) == ("gzip", b"\x1f\x8b...")


async def test_informational_answers_are_skipped(upstream: Start, transport: Transport) -> None:
    """A 1xx is not the answer (RFC 9110 section 15.2)."""
    head = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" * 3
    server = await upstream(_raw(head + b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"))
    response = await _post(transport, server.base_url)
    assert (response.status, await response.read(10, 2.0)) == (200, b"{}")


async def test_endless_informational_answers_time_out(upstream: Start, transport: Transport) -> None:
    """They are a byte each time, and no answer ever."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)

    server = await upstream(script)
    with pytest.raises(TimedOut):
        await _post(transport, server.base_url, connect_timeout_s=0.2, first_byte_timeout_s=0.2)


async def test_refused_connection(transport: Transport) -> None:
    """Nobody listens: unreachable."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable):
            await _post(transport, f"http://127.0.0.1:{taken.getsockname()[1]}/")


async def test_plain_server_behind_https(upstream: Start, transport: Transport, whole: Make) -> None:
    """A failed TLS handshake is no connection."""
    server = await upstream(whole(b"{}"))
    with pytest.raises(Unreachable):
        await _post(transport, server.base_url.replace("http://", "https://"), connect_timeout_s=0.5)


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\n"])
async def test_silence_before_the_head(upstream: Start, transport: Transport, data: bytes) -> None:
    """No head in time: timed out, whether nothing came or half of it."""
    server = await upstream(_raw(data))
    with pytest.raises(TimedOut):
        await _post(transport, server.base_url, first_byte_timeout_s=0.1)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", Broken),
        (b"HTTP/1.1 20", Broken),
        (b"SMTP ready\r\n\r\n", Garbled),
        (b"HTTP/1.1 200 OK\r\nx: \x00\r\n\r\n", Garbled),
        (b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n{}", Garbled),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}GARBAGE", Garbled),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nGARBAGE\r\n", Garbled),
    ],
)
async def test_no_http(upstream: Start, transport: Transport, data: bytes, kind: type[Exception]) -> None:
    """Half a head is broken off; something else than HTTP, with or after a head, is garbled."""
    server = await upstream(_raw(data, then="close"))
    with pytest.raises(kind) as caught:
        await _post(transport, server.base_url)
    assert caught.value.__cause__ is None, "aiohttp's own error shows the request's headers"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize(
    "framing", [b"content-length: 10\r\n\r\n{}", b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n"]
)
async def test_body_cut_short(upstream: Start, transport: Transport, then: str, framing: bytes) -> None:
    """A body that ends before its end is no body, however the connection ended."""
    server = await upstream(_raw(b"HTTP/1.1 200 OK\r\n" + framing, then=then))
    response = await _post(transport, server.base_url)
    with pytest.raises(Broken):
        await response.read(100, 2.0)


async def test_idle_body(upstream: Start, transport: Transport) -> None:
    """The gap between reads is bounded by its own time, not by the first byte's."""
    server = await upstream(_raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{}"))
    response = await _post(transport, server.base_url, first_byte_timeout_s=1.0, idle_timeout_s=0.1)
    assert await response.read_some() == b"{}"
    start = asyncio.get_running_loop().time()
    with pytest.raises(TimedOut):
        await response.read_some()
    assert asyncio.get_running_loop().time() - start < 0.8


async def test_garbage_inside_a_body(upstream: Start, transport: Transport) -> None:
    """Framing that breaks later is told as that, and not as an upstream that was slow."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n")
        await asyncio.sleep(0.05)
        writer.write(b"GARBAGE\r\n")
        await asyncio.sleep(30)

    server = await upstream(script)
    response = await _post(transport, server.base_url, idle_timeout_s=0.2)
    with pytest.raises(Garbled):
        await response.read(100, 5.0)


@pytest.mark.parametrize("framing", [b"content-length: 10000000", b"transfer-encoding: chunked"])
async def test_dripping_body(upstream: Start, transport: Transport, framing: bytes) -> None:
    """A body that is never silent and never whole ends when its time is over, and its connection with it."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
        while True:
            writer.write(b"1\r\nx\r\n")
            await writer.drain()
            await asyncio.sleep(0.02)

    server = await upstream(script)
    response = await _post(transport, server.base_url)
    start = asyncio.get_running_loop().time()
    with pytest.raises(TimedOut):
        await response.read(20_000_000, 0.3)
    assert 0.25 < asyncio.get_running_loop().time() - start < 1.5
    await asyncio.wait_for(server.gone.wait(), 2)


async def test_stream_has_no_end_time(upstream: Start, transport: Transport, events: Make) -> None:
    """Only a whole body has one: a stream may go on for as long as it is not silent."""
    server = await upstream(events(*[b"data: 1\n\n"] * 20, pause_s=0.02))
    response = await _post(transport, server.base_url, first_byte_timeout_s=0.2, idle_timeout_s=0.2)
    got = b""
    while piece := await response.read_some():
        got += piece
    assert got == b"data: 1\n\n" * 20


async def test_body_that_came_with_its_head_costs_no_timer(
    upstream: Start, transport: Transport, whole: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The usual answer is here when it is read: nothing is armed for it."""
    server = await upstream(whole(b"{}"))
    response = await _post(transport, server.base_url)
    await asyncio.sleep(0.05)

    def refuse(*_: object) -> None:
        raise AssertionError

    loop = asyncio.get_running_loop()
    with monkeypatch.context() as patch:
        patch.setattr(loop, "call_at", refuse)
        patch.setattr(loop, "call_later", refuse)
        patch.setattr(asyncio, "timeout", refuse)
        assert await response.read(10, 2.0) == b"{}"


@pytest.mark.parametrize(
    "framing", [b"content-length: 999999\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n"]
)
async def test_endless_body(upstream: Start, transport: Transport, framing: bytes) -> None:
    """More than the reader takes is refused, by the stated length or as it comes, and cut off."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + framing)
        while True:
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await writer.drain()

    server = await upstream(script)
    response = await _post(transport, server.base_url)
    with pytest.raises(TooLarge):
        await response.read(100_000, 2.0)
    await asyncio.wait_for(server.gone.wait(), 2)


@pytest.mark.parametrize("then", ["close", "reset"])
async def test_stale_connection_is_retried_once(
    upstream: Start, transport: Transport, whole: Make, then: str
) -> None:
    """A reused connection that ends before any byte is what an idle server's timeout looks like."""
    server = await upstream(whole(b"1"), _raw(b"", then=then), whole(b"2"))
    assert await (await _post(transport, server.base_url)).read(9, 2.0) == b"1"
    assert await (await _post(transport, server.base_url)).read(9, 2.0) == b"2"
    assert (len(server.requests), server.connections) == (3, 2)


async def test_fresh_connection_is_not_retried(upstream: Start, transport: Transport, whole: Make) -> None:
    """The same on a new connection may mean that the request was processed: never sent twice."""
    server = await upstream(_raw(b"", then="close"), whole(b"2"))
    with pytest.raises(Broken):
        await _post(transport, server.base_url)
    assert len(server.requests) == 1


async def test_begun_answer_is_not_retried(upstream: Start, transport: Transport, whole: Make) -> None:
    """Half a head on a reused connection is an answer that began: never sent twice."""
    server = await upstream(whole(b"1"), _raw(b"HTTP/1.1 200 OK\r\ncon", then="close"), whole(b"3"))
    await (await _post(transport, server.base_url)).read(9, 2.0)
    with pytest.raises(Broken):
        await _post(transport, server.base_url)
    assert len(server.requests) == 2


async def test_unread_answer_is_not_pooled(upstream: Start, transport: Transport, events: Make) -> None:
    """Closing before the end closes the connection: its rest must not become the next answer."""
    server = await upstream(events(b"data: 1\n\n", b"data: 2\n\n", pause_s=0.05))
    response = await _post(transport, server.base_url)
    await response.read_some()
    response.close()
    await asyncio.wait_for(server.gone.wait(), 2)
    (await _post(transport, server.base_url)).close()
    assert server.connections == 2


@pytest.mark.parametrize(("late_s", "connections"), [(0.01, 1), (5, 2)])
async def test_finish_waits_briefly(
    upstream: Start, transport: Transport, late_s: float, connections: int
) -> None:
    """A body whose end comes just after its last event keeps its connection; one that hangs does not."""

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(late_s)
        writer.write(b"0\r\n\r\n")

    server = await upstream(script)
    response = await _post(transport, server.base_url)
    await response.read_some()
    await response.finish()
    (await _post(transport, server.base_url)).close()
    assert connections == server.connections


async def test_cancelled_call_closes_its_connection(upstream: Start, transport: Transport) -> None:
    """A caller that is cancelled while it waits for a head leaves nothing behind upstream."""
    server = await upstream(_raw(b""))

    async def until_eof(reader: asyncio.StreamReader, _writer: Any) -> None:
        await reader.read()
        raise ConnectionResetError

    server.scripts = [until_eof]
    task = asyncio.get_running_loop().create_task(_post(transport, server.base_url))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.gone.wait(), 2)
