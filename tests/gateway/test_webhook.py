"""Events for somebody else's server: signed, tried again, and never in the way of anything."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from aiohttp import web

from gateway.accounts import Purse, Warned
from gateway.alarm import Alarm
from gateway.errors import SettingsError
from gateway.webhook import MOST_WAITING, Webhook
from tests.servers.processes import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = bytes(range(24))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
NOW_US = 1_795_302_000_000_000


class Receiver:
    """A server that takes webhooks.

    Attributes:
        answers: statuses to answer with, one after the other; then 204.
        got: (headers, body) of what came.
    """

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.arrived = asyncio.Event()
        self.url = ""

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(
            ({name.lower(): text for name, text in request.headers.items()}, await request.read())
        )
        status = self.answers.pop(0) if self.answers else 204
        if not self.answers and status < 300:
            self.arrived.set()
        return web.Response(status=status, headers={"location": "/elsewhere"} if status == 302 else {})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A server on this machine."""
    found = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", found.take)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    found.url = f"http://127.0.0.1:{port}/hook?key=secret"
    yield found
    await runner.cleanup()


def webhook(receiver: Receiver, pauses_s: tuple[float, ...] = (0, 0)) -> Webhook:
    """One that sends to the receiver, and tries three times."""
    return Webhook(receiver.url, SECRET, 5, lambda: NOW_US, pauses_s)


async def test_an_event_is_signed_as_standard_webhooks_says(receiver: Receiver) -> None:
    """The signature covers id, time and body: none of them can be changed or sent once more much later."""
    hook = webhook(receiver)
    hook.start()
    hook.tell("budget.warning", {"at": 0.8})
    await receiver.arrived.wait()
    await hook.close()

    ((headers, body),) = receiver.got
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(NOW_US // 1_000_000)
    assert json.loads(body) == {"type": "budget.warning", "timestamp_us": NOW_US, "data": {"at": 0.8}}


async def test_it_is_tried_again_under_the_same_id(receiver: Receiver) -> None:
    """A server that has it already can tell; a redirection isn't followed."""
    receiver.answers = [500, 302, 200]
    hook = webhook(receiver)
    hook.start()
    hook.tell("budget.warning", {})
    await receiver.arrived.wait()
    await hook.close()

    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len(receiver.got) == 3


async def test_what_cannot_be_delivered_is_said_without_the_address(receiver: Receiver) -> None:
    """The address may hold a secret."""
    receiver.answers = [500, 500, 500, 200]
    hook = webhook(receiver)
    with structlog.testing.capture_logs() as lines:
        hook.start()
        hook.tell("first", {})
        hook.tell("second", {})
        await receiver.arrived.wait()
        await hook.close()

    assert [(line["event"], line["why"]) for line in lines] == [("webhook.undelivered", "status 500")]
    assert "secret" not in str(lines)


async def test_memory_does_not_grow_with_a_server_that_is_away(receiver: Receiver) -> None:
    """What is too much is dropped, and the log says so."""
    hook = webhook(receiver)
    with structlog.testing.capture_logs() as lines:
        for _ in range(MOST_WAITING + 1):
            hook.tell("budget.warning", {})
        await hook.close()

    assert [line["events"] for line in lines] == [1, MOST_WAITING]


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_!!", SECRET[6:], "whsec_" + base64.b64encode(b"short").decode()]
)
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    """The gateway doesn't start, and doesn't say what the secret was."""
    with pytest.raises(SettingsError) as refused:
        Webhook("http://127.0.0.1:1", secret, 1, lambda: 0)

    assert not secret or secret not in str(refused.value).replace("whsec_ and", "")


def test_a_warning_is_logged_and_sent_without_a_persons_digest() -> None:
    """Everybody who is told learns the same: whose budget by level and row, and how it stands."""
    told: list[tuple[str, Any]] = []

    class Hook:
        def tell(self, kind: str, data: Any) -> None:
            told.append((kind, data))

    purse = Purse("daily/user#" + "ab" * 32, 1000, "day")
    with structlog.testing.capture_logs() as lines:
        Alarm(Hook())([Warned(purse, 800_000, 801, 1000, NOW_US)])  # type: ignore[arg-type]  # a double

    facts = {
        "key": "daily/user",
        "row": "daily",
        "level": "user",
        "at": 0.8,
        "taken_usd_micros": 801,
        "usd_micros": 1000,
        "hard": True,
        "resets_at": "2026-11-21T23:00:00Z",
    }
    assert told == [("budget.warning", facts)]
    assert lines == [{"event": "budget.warning", "log_level": "warning", **facts}]
