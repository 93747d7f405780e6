"""Hostile HTTP over raw sockets: nothing unbounded, nothing injected, no call outlives its connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.end_to_end.conftest import Http, Sections, Upstream
    from tests.servers.gateway_server import GatewayServer

MIB = 1024 * 1024


def head(token: str, *more: str, method: str = "POST", path: str = "/v1/chat/completions") -> bytes:
    """A request's head."""
    lines = [f"{method} {path} HTTP/1.1", "host: x", "content-type: application/json"]
    lines += [f"authorization: Bearer {token}"] if token else []
    return "\r\n".join([*lines, *more, "", ""]).encode()


def exchange(gateway: GatewayServer, parts: Iterable[bytes], wait_s: float = 3.0) -> bytes:
    """Send the parts, a little apart, and read until the gateway closes or `wait_s` is over."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=wait_s) as connection:
        with contextlib.suppress(OSError):
            for part in parts:
                connection.sendall(part)
                time.sleep(0.05)
        received = b""
        with contextlib.suppress(OSError):
            while more := connection.recv(65536):
                received += more
        return received


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"GET / HTTP/3.7\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nhost : x\r\n\r\n",
        b"GET /v1/models HTTP/1.1\r\nhost: x\r\nx-a: b\r\n\tfolded\r\n\r\n",
    ],
)
def test_what_is_no_http_is_answered_in_the_usual_shape(
    request_bytes: bytes, demo_gateway: GatewayServer
) -> None:
    """JSON with a code and a request id, and the connection is closed."""
    answer = exchange(demo_gateway, [request_bytes])
    start, _, body = answer.partition(b"\r\n\r\n")

    assert start.startswith(b"HTTP/1.1 400 ")
    assert b"x-request-id: req_" in start
    assert json.loads(body)["error"]["code"] == "input.http"


def test_an_endless_head_is_cut_off(demo_gateway: GatewayServer) -> None:
    """Neither one long header nor many short ones fill the memory."""
    process = psutil.Process(demo_gateway.pid)
    before = process.memory_info().rss
    long = exchange(demo_gateway, [b"GET / HTTP/1.1\r\nx: ", *[b"a" * MIB] * 20])
    many = exchange(demo_gateway, [b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 2000 + b"\r\n"])

    assert b" 431 " in long.split(b"\r\n")[0]
    assert b"input.head_too_large" in long
    assert b"input.head_too_large" in many
    assert process.memory_info().rss - before < 20 * MIB


def test_a_strangers_body_is_not_read(demo_gateway: GatewayServer) -> None:
    """The answer comes before the body, and the connection doesn't take one for ever."""
    began = time.monotonic()
    answer = exchange(demo_gateway, [head("nonsense", "content-length: 9000000"), *[b"x"] * 3], wait_s=15)

    assert b"identity.malformed" in answer
    assert time.monotonic() - began < 10


def test_a_trailer_is_no_header(demo_gateway: GatewayServer) -> None:
    """Neither a credential nor a label may come after the checks."""
    body = json.dumps({"model": "demo-cloud-only", "messages": [{"role": "user"}]}).encode()
    chunk = b"%x\r\n%b\r\n0\r\n" % (len(body), body)
    chunked = "transfer-encoding: chunked"
    token = demo_gateway.token()
    credential = exchange(
        demo_gateway, [head("", chunked), chunk + f"authorization: Bearer {token}\r\n\r\n".encode()]
    )
    label = exchange(demo_gateway, [head(token, chunked), chunk, b"x-regent-labels: hr\r\n\r\n"])
    at_once = exchange(demo_gateway, [head(token, chunked) + chunk + b"x-regent-labels: hr\r\n\r\n"])

    assert b" 401 " in credential.split(b"\r\n")[0]
    assert b"HTTP/1.1 200" not in label
    assert b"HTTP/1.1 200" not in at_once


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/models", "/nope"])
def test_an_answer_to_head_is_not_held_back(path: str, demo_gateway: GatewayServer) -> None:
    """A head without a body leaves at once, not when the connection is closed."""
    with socket.create_connection(("127.0.0.1", demo_gateway.port), timeout=2) as connection:
        connection.sendall(head("", method="HEAD", path=path))

        assert connection.recv(65536).startswith(b"HTTP/1.1 ")


def test_garbage_behind_a_request_is_not_taken_for_its_answer(demo_gateway: GatewayServer) -> None:
    """The connection is closed; no error stands where the answer should."""
    body = b'{"model": "demo-small", "messages": [{"role": "user", "content": "x"}]}'
    request = head(demo_gateway.token(), f"content-length: {len(body)}") + body
    answer = exchange(demo_gateway, [request + b"\x00\x01garbage\r\n\r\n"])

    assert b"input.http" not in answer.partition(b"\r\n\r\n")[0]
    assert not answer.startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("behind", [b"", b"G", b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"])
async def test_what_is_pipelined_keeps_no_call_alive(
    behind: bytes,
    gateway_server: Callable[..., GatewayServer],
    upstream: Upstream,
    upstream_settings: Sections,
    http_client: Http,
) -> None:
    """A client that leaves cancels its call, whatever it sent behind it."""

    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.json_response({})

    upstream.handler = slow
    gateway = gateway_server(**upstream_settings())
    body = json.dumps(http_client.hello("up")).encode()
    request = head(gateway.token("dev", "eng", "developer"), f"content-length: {len(body)}") + body
    _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(request + behind)
    await writer.drain()
    await asyncio.sleep(0.5)
    writer.transport.abort()

    await asyncio.wait_for(upstream.cancelled.wait(), 5)


def test_a_hang_up_closes_the_log_in_order(gateway_server: Callable[..., GatewayServer]) -> None:
    """A terminal that closes is a stop signal like any other."""
    gateway = gateway_server()
    gateway._end(signal.SIGHUP)

    assert "no close" not in gateway.regent("audit", "verify").stdout


def test_workers_end_with_their_supervisor(gateway_server: Callable[..., GatewayServer]) -> None:
    """A supervisor that is killed leaves nobody behind who holds the port."""
    gateway = gateway_server(workers=2)
    workers = psutil.Process(gateway.pid).children(recursive=True)
    os.kill(gateway.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(
        [each for each in workers if "spawn_main" in " ".join(each.cmdline())], timeout=30
    )

    assert alive == []


def test_a_stalled_terminal_stops_nobody(
    gateway_server: Callable[..., GatewayServer], http_client: Http
) -> None:
    """Log lines are dropped, calls are served, and a stop signal works."""
    gateway = gateway_server(started=False)
    fifo = gateway.folder / "stderr"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with fifo.open("wb") as stderr:
        command = [sys.executable, "-m", "gateway", "--config", str(gateway.settings), "serve"]
        process = subprocess.Popen(command, cwd=gateway.folder, stderr=stderr, stdout=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                if http_client.send(gateway, method="GET", path="/readyz").status == 200:
                    break
            time.sleep(0.05)
        token = gateway.token()
        statuses = {http_client.send(gateway, http_client.hello(), token=token).status for _ in range(400)}
        process.terminate()

        assert statuses == {200}
        assert process.wait(15) is not None
    finally:
        process.kill()
        os.close(reader)


def read_answer(connection: socket.socket) -> tuple[int, bytes]:
    """One answer with a content-length: status and body."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = connection.recv(65536)
        assert more, received
        received += more
    start, _, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in start.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < int(lengths[0].split(b":")[1]):
        body += connection.recv(65536)
    return int(start.split()[1]), body


def test_a_refused_body_that_comes_late_costs_nobody_anything(demo_gateway: GatewayServer) -> None:
    """Refused before its body arrived; the rest is thrown away, and the next request gets its own answer."""
    body = b'{"model": "demo-small", "messages": [{"role": "user", "content": "x"}]}'
    good = head(demo_gateway.token(), f"content-length: {len(body)}") + body
    with socket.create_connection(("127.0.0.1", demo_gateway.port), timeout=10) as connection:
        statuses = []
        for _ in range(3):
            connection.sendall(head("nonsense", "content-length: 100") + b"x" * 50)
            statuses.append(read_answer(connection)[0])
            connection.sendall(b"x" * 50)
            time.sleep(0.05)
            connection.sendall(good)
            statuses.append(read_answer(connection)[0])

    assert statuses == [401, 200] * 3


def test_the_grace_for_a_refused_body_touches_no_other_request(
    gateway_server: Callable[..., GatewayServer],
) -> None:
    """An honest slow body behind a slow answer is waited for as long as any body is."""
    gateway = gateway_server(providers={"demo": {"adapter": "echo", "delay_ms": 300}})
    token = gateway.token()
    body = b'{"model": "demo-small", "stream": true, "messages": [{"role": "user", "content": "a b c"}]}'
    whole = b'{"model": "demo-small", "messages": [{"role": "user", "content": "x"}]}'
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=15) as connection:
        connection.sendall(head(token, f"content-length: {len(body)}") + body)
        connection.sendall(head(token, f"content-length: {len(whole)}") + whole[:10])
        received = b""
        while b"[DONE]" not in received:
            received += connection.recv(65536)
        time.sleep(5.5)
        connection.sendall(whole[10:])
        while b'chat.completion"' not in received:
            more = connection.recv(65536)
            assert more
            received += more


@pytest.mark.parametrize("packets", [1, 2])
def test_an_upgrade_makes_no_second_request_of_a_body(packets: int, demo_gateway: GatewayServer) -> None:
    """What follows the head of an upgrade is another protocol to the parser: with a body that is refused."""
    smuggled = head(demo_gateway.token(), method="GET", path="/v1/models")
    start = head(
        demo_gateway.token(), "connection: Upgrade", "upgrade: h2c", f"content-length: {len(smuggled)}"
    )
    answer = exchange(demo_gateway, [start, smuggled] if packets > 1 else [start + smuggled])

    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"input.http" in answer


def test_a_broken_request_behind_another_writes_into_nobodys_answer(
    gateway_server: Callable[..., GatewayServer],
) -> None:
    """The connection is closed; what the first request got is a part of its own answer or nothing."""
    gateway = gateway_server(providers={"demo": {"adapter": "echo", "delay_ms": 100}})
    body = b'{"model": "demo-small", "stream": true, "messages": [{"role": "user", "content": "a b c d e"}]}'
    first = head(gateway.token(), f"content-length: {len(body)}") + body
    broken = head(gateway.token(), "transfer-encoding: chunked") + b"ZZZ\r\n"
    answer = exchange(gateway, [first, b"", b"", b"", b"", broken])

    assert b"input.http" not in answer
    assert answer.count(b"HTTP/1.1 ") <= 1


def test_pipelining_leavers_leave_no_traces_on_the_terminal(
    gateway_server: Callable[..., GatewayServer],
) -> None:
    """No traceback for each of them: standard error is no place for strangers to write to."""
    gateway = gateway_server(providers={"demo": {"adapter": "echo", "delay_ms": 200}})
    body = b'{"model": "demo-small", "stream": true, "messages": [{"role": "user", "content": "a b c d e"}]}'
    request = head(gateway.token(), f"content-length: {len(body)}") + body
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", gateway.port)) as connection:
            connection.sendall(request * 2)
            time.sleep(0.02)
    time.sleep(0.5)
    gateway.stop()

    assert "Traceback" not in (gateway.folder / "server.log").read_text(encoding="utf-8")
