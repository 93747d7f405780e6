"""Handing an answer over: whole in two messages, streams event by event with signs of life."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from gateway.http.delivery import deliver
from gateway.types import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from gateway.http.asgi import Message


class Client:
    """Collects what is sent."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def bodies(self) -> list[bytes]:
        return [message["body"] for message in self.messages if message["type"] == "http.response.body"]


async def test_a_whole_answer_has_its_length() -> None:
    """Start and body, with content-length beside the answer's own headers."""
    client = Client()
    await deliver(Answer(403, ((b"x", b"y"),), b"no"), client.send)

    assert client.messages == [
        {"type": "http.response.start", "status": 403, "headers": [(b"x", b"y"), (b"content-length", b"2")]},
        {"type": "http.response.body", "body": b"no"},
    ]


async def test_each_event_is_sent_as_it_comes() -> None:
    """Nothing is joined or held, and the end is an empty last body."""

    async def events() -> AsyncGenerator[bytes, None]:
        yield b"a"
        yield b"b"

    client = Client()
    await deliver(Answer(200, (), events()), client.send)

    assert client.bodies == [b"a", b"b", b""]


async def test_a_silent_stream_shows_signs_of_life() -> None:
    """Comments keep clients and proxies from giving up; a stream that flows has none."""

    async def events() -> AsyncGenerator[bytes, None]:
        await asyncio.sleep(0.12)
        yield b"late"

    client = Client()
    await deliver(Answer(200, (), events()), client.send, heartbeat_s=0.05)

    assert client.bodies == [b": keep-alive\n\n", b": keep-alive\n\n", b"late", b""]


async def test_a_cancelled_delivery_closes_the_stream() -> None:
    """Whoever makes the events learns at once that nobody wants them."""
    closed = asyncio.Event()

    async def events() -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"x"
                await asyncio.sleep(0)
        finally:
            closed.set()

    task = asyncio.create_task(deliver(Answer(200, (), events()), Client().send))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert closed.is_set()
