"""Providers that fail, clients that leave: no false ends, no leaks, a record for each."""

from __future__ import annotations

import asyncio
import json
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Http, Sections, Upstream
    from tests.servers.gateway_server import GatewayServer

PATIENCE = {
    "connect_timeout_s": 1.0,
    "first_byte_timeout_s": 1.0,
    "idle_timeout_s": 1.0,
    "answer_timeout_s": 1.5,
}
CHUNK = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "upstream-1"}


def piece(text: str | None, finish: str | None = None) -> bytes:
    """One streamed event."""
    choice = {"index": 0, "delta": {"content": text} if text else {}, "finish_reason": finish}
    return b"data: " + json.dumps({**CHUNK, "choices": [choice]}).encode() + b"\n\n"


@pytest.fixture(scope="module")
def gateway(shared_gateway: Callable[..., GatewayServer], upstream_settings: Sections) -> GatewayServer:
    """A gateway in front of the scripted upstream."""
    return shared_gateway(**upstream_settings(**PATIENCE))


async def send(gateway: GatewayServer, http_client: Http, **body: object) -> Any:
    """A developer's call to the model `up`."""
    token = gateway.token("dev", "eng", "developer")
    return await asyncio.to_thread(http_client.send, gateway, http_client.hello("up", **body), token=token)


async def test_a_stream_that_breaks_off_ends_with_an_error(
    gateway: GatewayServer, upstream: Upstream, http_client: Http
) -> None:
    """The client reads what came, then an error event and [DONE]; the record says `aborted`."""

    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(piece("Broken"))
        assert request.transport is not None
        request.transport.abort()
        return response

    upstream.handler = broken
    answer = await send(gateway, http_client, stream=True)

    first, error, done = answer.events
    assert json.loads(first)["choices"][0]["delta"]["content"] == "Broken"
    assert json.loads(error)["error"]["code"] == "upstream.stream_broken"
    assert answer.headers["x-regent-decision-id"] == json.loads(error)["decision_id"]
    assert done == "[DONE]"
    assert '"stop"' not in answer.body.decode()
    row = gateway.row(answer.headers["x-regent-decision-id"])
    assert (row.end, row.end_reason, row.deployment) == ("aborted", "upstream.stream_broken", "up-cloud")


async def test_a_stream_that_falls_silent_ends_with_an_error(
    gateway: GatewayServer, upstream: Upstream, http_client: Http
) -> None:
    """An idle provider is given up after its idle time."""

    async def silent(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(piece("Broken"))
        await asyncio.sleep(30)
        return response

    upstream.handler = silent
    answer = await send(gateway, http_client, stream=True)

    assert json.loads(answer.events[-2])["error"]["code"].startswith("upstream.")
    assert answer.events[-1] == "[DONE]"


async def test_a_client_that_leaves_a_stream_cancels_the_provider(
    gateway: GatewayServer, upstream: Upstream
) -> None:
    """The upstream connection is closed at once, and the record says who left."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        while True:
            await response.write(piece("more "))
            await asyncio.sleep(0.01)

    upstream.handler = endless
    headers = {"authorization": f"Bearer {gateway.token('dev', 'eng', 'developer')}"}
    body = {"model": "up", "stream": True, "messages": [{"role": "user", "content": "go on"}]}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers) as response:
            decision_id = response.headers["x-regent-decision-id"]
            await response.content.readuntil(b"\n\n")
            response.close()
        await asyncio.wait_for(upstream.cancelled.wait(), 5)

    row = await asyncio.to_thread(gateway.row, decision_id)
    assert (row.end, row.end_reason, row.deployment) == ("aborted", "client.gone", "up-cloud")
    assert row.tokens_out


async def test_a_client_that_leaves_while_waiting_cancels_the_provider(
    gateway: GatewayServer, upstream: Upstream
) -> None:
    """Also without a stream nobody works for a client that has gone."""

    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.json_response({})

    upstream.handler = slow
    headers = {"authorization": f"Bearer {gateway.token('dev', 'eng', 'developer')}"}
    body = {"model": "up", "messages": [{"role": "user", "content": "go on"}]}
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            await session.post(
                f"{gateway.url}/v1/chat/completions",
                json=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=0.3),
            )
    await asyncio.wait_for(upstream.cancelled.wait(), 5)


async def test_a_late_answer_is_a_timeout(
    gateway: GatewayServer, upstream: Upstream, http_client: Http
) -> None:
    """504 with retry-after once the first byte is overdue."""

    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.json_response({})

    upstream.handler = slow
    answer = await send(gateway, http_client)

    assert (answer.status, answer.json["error"]["code"]) == (504, "upstream.timeout")


async def test_an_answer_that_drips_for_ever_is_a_timeout(
    gateway: GatewayServer, upstream: Upstream, http_client: Http
) -> None:
    """A provider that is never silent and never done holds nobody longer than a whole answer may take."""

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": "10000000"})
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.1)

    upstream.handler = drip
    answer = await send(gateway, http_client)

    assert (answer.status, answer.json["error"]["code"]) == (504, "upstream.timeout")
    assert gateway.row(answer.json["decision_id"]).end_reason == "upstream.timeout"


async def test_an_answer_that_breaks_off_is_told_as_that(
    gateway: GatewayServer, upstream: Upstream, http_client: Http
) -> None:
    """A provider that was reached, and may have charged, is not called unreachable."""

    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-length": "100"})
        await response.prepare(request)
        await response.write(b"{")
        assert request.transport is not None
        request.transport.abort()
        return response

    upstream.handler = cut
    answer = await send(gateway, http_client)

    assert (answer.status, answer.json["error"]["code"]) == (502, "upstream.broken")
    assert (answer.json["error"]["message"], answer.headers["retry-after"]) == (
        "The model's answer broke off.",
        "2",
    )
    assert gateway.row(answer.json["decision_id"]).end_reason == "upstream.broken"


@pytest.mark.parametrize(
    ("status", "body", "expected_status", "code", "recorded"),
    [
        (
            400,
            {
                "error": {
                    "message": "too long",
                    "type": "invalid_request_error",
                    "code": "context_length_exceeded",
                }
            },
            400,
            "context_length_exceeded",
            "upstream.rejected",
        ),
        (
            401,
            {"error": {"message": "bad key sk-upstream-secret"}},
            502,
            "upstream.unauthorized",
            "upstream.unauthorized",
        ),
        (429, {"error": {"message": "slow down"}}, 429, "upstream.rate_limited", "upstream.rate_limited"),
        (500, {"error": {"message": "oops"}}, None, "upstream.unavailable", "upstream.unavailable"),
        (200, ["not an object"], 502, "upstream.malformed", "upstream.malformed"),
    ],
)
async def test_a_providers_error_is_answered_in_openais_shape(
    status: int,
    body: object,
    expected_status: int | None,
    code: str,
    recorded: str,
    gateway: GatewayServer,
    upstream: Upstream,
    http_client: Http,
) -> None:
    """Status and code say whose fault it is; our key is never in the answer; the record has the reason."""

    async def fail(_: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=status)

    upstream.handler = fail
    answer = await send(gateway, http_client)

    assert expected_status in {answer.status, None}
    assert code == answer.json["error"]["code"]
    assert "sk-upstream-secret" not in answer.body.decode()
    assert ("aborted", recorded) == (
        (row := gateway.row(answer.json["decision_id"])).end,
        row.end_reason,
    )


async def test_usage_is_always_obtained_and_shown_only_on_request(
    gateway: GatewayServer, upstream: Upstream, http_client: Http
) -> None:
    """The provider is asked for usage even when the client didn't; the record has it, the client doesn't."""

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        usage = {
            **CHUNK,
            "choices": [],
            "usage": {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13},
        }
        for part in (piece("Hi"), piece(None, "stop"), b"data: " + json.dumps(usage).encode() + b"\n\n"):
            await response.write(part)
        await response.write(b"data: [DONE]\n\n")
        return response

    upstream.handler = stream
    answer = await send(gateway, http_client, stream=True)

    assert upstream.seen[0]["stream_options"] == {"include_usage": True}
    assert "prompt_tokens" not in answer.body.decode()
    row = gateway.row(answer.headers["x-regent-decision-id"])
    assert (row.tokens_in, row.tokens_out) == (11, 2)


async def test_the_first_chunk_is_not_held_back(gateway: GatewayServer, upstream: Upstream) -> None:
    """Each event is flushed as it comes: the first is here while the second doesn't exist yet."""
    gate = asyncio.Event()

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(piece("first"))
        await gate.wait()
        await response.write(piece("second", "stop") + b"data: [DONE]\n\n")
        return response

    upstream.handler = stream
    headers = {"authorization": f"Bearer {gateway.token('dev', 'eng', 'developer')}"}
    body = {"model": "up", "stream": True, "messages": [{"role": "user", "content": "go"}]}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{gateway.url}/v1/chat/completions", json=body, headers=headers) as response,
    ):
        began = time.monotonic()
        first = await asyncio.wait_for(response.content.readuntil(b"\n\n"), 5)
        gate.set()
        rest = await response.content.read()

    assert b"first" in first
    assert b"second" in rest
    assert time.monotonic() - began < 2


async def test_an_upstream_that_lingers_after_its_end_makes_no_abort(
    gateway: GatewayServer, upstream: Upstream
) -> None:
    """A client that leaves once it has [DONE] was answered, though the provider still lingers."""

    async def lingering(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        await response.write(piece("Hi") + piece(None, "stop") + b"data: [DONE]\n\n")
        await asyncio.sleep(0.2)
        return response

    upstream.handler = lingering
    headers = {"authorization": f"Bearer {gateway.token('dev', 'eng', 'developer')}"}
    body = {"model": "up", "stream": True, "messages": [{"role": "user", "content": "go"}]}
    async with aiohttp.ClientSession() as session:
        url = f"{gateway.url}/v1/chat/completions"
        async with session.post(url, json=body, headers=headers) as response:
            decision_id = response.headers["x-regent-decision-id"]
            await response.content.readuntil(b"[DONE]\n\n")
            response.close()
        row = await asyncio.to_thread(gateway.row, decision_id)

    assert row.end == "outcome"
