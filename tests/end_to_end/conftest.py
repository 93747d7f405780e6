"""What end-to-end tests share: an upstream to forward to, and plain HTTP without a library's kindness."""

from __future__ import annotations

import asyncio
import http.client
import json
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from tests.servers.processes import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from tests.servers.gateway_server import GatewayServer

    Sections = Callable[..., dict[str, Any]]

CHAT = "/v1/chat/completions"
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "upstream-1",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}


@dataclass
class Answered:
    """An HTTP answer, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def events(self) -> list[str]:
        """The `data:` payloads of a stream."""
        return [
            event.removeprefix("data: ")
            for event in self.body.decode().split("\n\n")
            if event.startswith("data: ")
        ]


def send(
    gateway: GatewayServer,
    body: object = None,
    *,
    method: str = "POST",
    path: str = CHAT,
    token: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answered:
    """One request; `body` is JSON-encoded unless it is bytes, `token` becomes the bearer token."""
    payload = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    every = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    with closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)) as connection:
        connection.request(method, path, payload, {**every, **(headers or {})})
        answer = connection.getresponse()
        return Answered(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())


def hello(model: str = "demo-small", **more: object) -> dict[str, object]:
    """A chat that says hello."""
    return {"model": model, "messages": [{"role": "user", "content": "Hello Regent"}], **more}


class Http:
    """`send`, `hello` and the path under one fixture."""

    CHAT = CHAT
    COMPLETION = COMPLETION
    send = staticmethod(send)
    hello = staticmethod(hello)


@pytest.fixture(scope="session")
def http_client() -> Http:
    """Plain HTTP requests."""
    return Http()


@dataclass
class Upstream:
    """A provider on this machine whose answer the test scripts.

    Args:
        handler: answers a chat completion; may be replaced at any time.
        seen: bodies in the order of arrival.
        cancelled: set when a handler was cancelled because its client left.
    """

    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    seen: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Remember the request and hand it to the handler."""
        self.seen.append(await request.json())
        self.headers.append(request.headers)
        try:
            return await self.handler(request)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


@pytest.fixture(scope="module")
def upstream_port() -> int:
    """Where the providers of a module's tests listen, one after the other."""
    return free_port()


@pytest.fixture(scope="module")
def upstream_settings(upstream_port: int) -> Sections:
    """Sections of the gateway's settings: `up` runs at the upstream, `hr-model` there and on the echo."""

    def sections(**more: Any) -> dict[str, Any]:
        provider = {
            "adapter": "openai",
            "base_url": f"http://127.0.0.1:{upstream_port}/v1",
            "api_key": "sk-upstream-secret",
            **more,
        }
        cloud = {"provider": "upstream", "model": "upstream-1", "zone": "cloud", "region": "eu"}
        return {
            "providers": {"upstream": provider, "demo": {"adapter": "echo"}},
            "deployments": [
                {"id": "up-cloud", "serves": "up", **cloud},
                {"id": "down-onprem", "serves": "hr-model", **cloud, "zone": "onprem"},
                {
                    "id": "up-anywhere",
                    "serves": "hr-model",
                    "provider": "demo",
                    "zone": "cloud",
                    "region": "eu",
                },
            ],
        }

    return sections


@pytest.fixture
async def upstream(upstream_port: int) -> AsyncIterator[Upstream]:
    """A provider that answers every chat with the same completion until it is told otherwise."""

    async def completion(_: web.Request) -> web.StreamResponse:
        return web.json_response(COMPLETION)

    provider = Upstream(completion)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/v1/chat/completions", provider.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", upstream_port)
    await site.start()
    yield provider
    await runner.cleanup()
