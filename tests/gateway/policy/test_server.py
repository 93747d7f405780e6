"""Bundles from an HTTP server: asked as OPA asks, bounded, and gone on without when it is down."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from aiohttp import web
from pydantic import ValidationError

from bundles.archive import pack
from gateway.policy import fetching, polling, server
from gateway.policy.fetching import LONG_POLL_TYPE
from gateway.policy.kept import Kept
from gateway.policy.server import ServerSource
from gateway.settings import BundleServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from gateway.policy.aside import Aside
    from tests.gateway.policy.conftest import Scene
    from tests.servers.policy_bundles import Variant

    Making = Callable[..., Scene]

pytestmark = pytest.mark.usefixtures("engines_of_compiled_plans")

LONG = {"content-type": LONG_POLL_TYPE}


@dataclass
class Publisher:
    """A bundle server whose answers a test chooses."""

    port: int = 0
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    holds: bool = True
    asked: list[Mapping[str, str]] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the bundle is."""
        return f"http://127.0.0.1:{self.port}/bundle.tar.gz"

    def publish(self, body: bytes, etag: str | None = None, **headers: str) -> None:
        """Answer with something else from now on."""
        self.status, self.body = 200, body
        self.headers = {**(LONG if self.holds else {}), **headers, **({"etag": etag} if etag else {})}
        self.changed.set()
        self.changed = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Hold the question as long as there is nothing new, if this server does that."""
        self.asked.append(request.headers)
        known = request.headers.get("if-none-match")
        if self.holds and known == self.headers.get("etag") and "wait=" in request.headers["prefer"]:
            await asyncio.wait({asyncio.ensure_future(self.changed.wait())}, timeout=20)
        if self.status == 200 and known is not None and known == self.headers.get("etag"):
            return web.Response(status=304, headers=self.headers)
        return web.Response(status=self.status, body=self.body, headers=self.headers)

    async def up(self) -> None:
        """Listen, on the same port each time."""
        app = web.Application()
        app.router.add_get("/bundle.tar.gz", self.answer)
        self.runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self.runner.addresses[0][1]

    async def down(self) -> None:
        """Listen no more."""
        if self.runner is not None:
            await self.runner.cleanup()
            self.runner = None


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    """A server that listens."""
    made = Publisher()
    await made.up()
    yield made
    await made.down()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long here."""
    monkeypatch.setattr(polling, "FIRST_BACKOFF_S", 0.02)
    monkeypatch.setattr(polling, "LAST_BACKOFF_S", 0.1)
    monkeypatch.setattr(polling, "LEAST_S", 0.05)
    monkeypatch.setattr(server, "START_S", 1.0)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """Where the last good bundle is kept."""
    return Kept(tmp_path / "policy" / "last-good.tar.gz")


@pytest.fixture
def pulling(publisher: Publisher, kept: Kept, jobs: Aside, following: Making) -> Callable[..., Scene]:
    """Follow the publisher."""

    def make(check: Any = None, **settings: Any) -> Scene:
        configured = BundleServer(url=publisher.url, **{"poll_s": 0.1, "long_poll_s": 20, **settings})
        source = ServerSource(configured, kept, jobs)
        return following(source, check) if check else following(source)

    return make


async def test_a_change_arrives_by_long_poll(
    publisher: Publisher, pulling: Making, bundle_variant: Variant, kept: Kept
) -> None:
    """Asked as OPA does: what is known, whole bundles only, and how long to wait; no time is lost."""
    one, other = bundle_variant(1), bundle_variant(2)
    publisher.publish(pack(one.files), '"1"')
    scene = await pulling(poll_s=60).start()
    assert scene.revision == one.revision
    await scene.until(lambda: len(publisher.asked) == 2)
    publisher.publish(pack(other.files), '"2"')
    began = asyncio.get_running_loop().time()
    await scene.until(lambda: scene.revision == other.revision)

    assert asyncio.get_running_loop().time() - began < 1
    assert "if-none-match" not in publisher.asked[0]
    assert publisher.asked[0]["prefer"] == "modes=snapshot"
    assert publisher.asked[1]["prefer"] == "modes=snapshot;wait=20"
    assert publisher.asked[1]["if-none-match"] == '"1"'
    assert publisher.asked[1]["accept-encoding"] == "identity"
    await scene.until(lambda: kept.read().archive == pack(other.files))
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.path.parent.stat().st_mode) == 0o700


async def test_a_server_that_holds_nothing_is_polled(
    publisher: Publisher, pulling: Making, bundle_variant: Variant
) -> None:
    """Any web server will do; one without ETags costs a transfer each time, and no load."""
    publisher.holds = False
    one, other = bundle_variant(1), bundle_variant(2)
    publisher.publish(pack(one.files))
    scene = await pulling().start()
    await scene.until(lambda: len(publisher.asked) > 3)
    assert len(scene.log.kept) == 1
    publisher.publish(pack(other.files))
    await scene.until(lambda: scene.revision == other.revision)


async def test_a_server_that_only_says_that_it_waits_is_not_stormed(
    publisher: Publisher, pulling: Making, bundle_variant: Variant
) -> None:
    """It is asked about as often as the least pause allows."""
    publisher.holds = False
    publisher.publish(pack(bundle_variant(1).files), '"1"', **LONG)
    await pulling().start()
    await asyncio.sleep(0.5)

    assert len(publisher.asked) < 14


async def test_a_server_that_is_down_changes_nothing(
    publisher: Publisher, pulling: Making, bundle_variant: Variant
) -> None:
    """The active one goes on; the failure is told, and what is new comes when the server is back."""
    one, other = bundle_variant(1), bundle_variant(2)
    publisher.publish(pack(one.files), '"1"')
    scene = await pulling().start()
    with structlog.testing.capture_logs() as lines:
        await publisher.down()
        await scene.until(lambda: len(lines) > 1)
    assert {line["event"] for line in lines} == {"policy.unreachable"}
    assert scene.revision == one.revision
    publisher.publish(pack(other.files), '"2"')
    await publisher.up()
    await scene.until(lambda: scene.revision == other.revision)

    assert scene.log.story == [("active", one.revision, None), ("active", other.revision, None)]


async def test_a_start_without_the_server_uses_the_last_good_one(
    publisher: Publisher, pulling: Making, bundle_variant: Variant, kept: Kept
) -> None:
    """And says so in the record; the server's word counts again as soon as it is back."""
    one, other = bundle_variant(1), bundle_variant(2)
    kept.write(pack(one.files))
    publisher.publish(pack(other.files), '"2"')
    await publisher.down()
    scene = await pulling().start()
    assert scene.revision == one.revision
    assert scene.log.story == [("active", one.revision, "policy.last_good")]
    await publisher.up()
    await scene.until(lambda: scene.revision == other.revision)


async def test_a_server_that_answers_outranks_what_was_kept(
    publisher: Publisher, pulling: Making, bundle_variant: Variant, kept: Kept
) -> None:
    """What is on the disk is no second opinion: an older one there is not gone back to."""
    kept.write(pack(bundle_variant(1).files))
    publisher.publish(pack(bundle_variant(2).files), '"2"')
    scene = await pulling().start()

    assert scene.revision == bundle_variant(2).revision


async def test_what_was_kept_is_checked_again(
    publisher: Publisher, pulling: Making, bundle_variant: Variant, kept: Kept
) -> None:
    """Whom to trust may have changed meanwhile; nothing decides because it once did."""
    kept.write(b"not a bundle")
    await publisher.down()
    scene = await pulling().start()

    assert scene.revision is None
    assert scene.log.story == [("refused", None, "bundle.malformed")]


async def test_nothing_to_start_from_is_no_reason_not_to_start(publisher: Publisher, pulling: Making) -> None:
    """Everything is refused until the server is there."""
    await publisher.down()
    scene = await pulling().start()

    assert scene.policies.current().name == "none"


@pytest.mark.parametrize("body", [b"<html>", b"", b"\x1f\x8b" + b"\x00" * 100])
async def test_what_is_no_bundle_is_refused_once(
    body: bytes, publisher: Publisher, pulling: Making, bundle_variant: Variant, kept: Kept
) -> None:
    """It is not kept, and it isn't asked for again and again: the next question names it as known."""
    one = bundle_variant(1)
    publisher.publish(pack(one.files), '"1"')
    scene = await pulling().start()
    await scene.until(lambda: kept.exists() and len(publisher.asked) == 2)
    publisher.publish(body, '"bad"')
    await scene.until(lambda: len(scene.log.kept) == 2)
    await scene.until(lambda: len(publisher.asked) == 3)

    assert scene.revision == one.revision
    assert scene.log.story[1] == ("refused", None, "bundle.malformed")
    assert publisher.asked[2]["if-none-match"] == '"bad"'
    assert kept.read().archive == pack(one.files)


@pytest.mark.parametrize("status", [301, 401, 403, 404, 500, 206])
async def test_other_answers_are_failures(
    status: int, publisher: Publisher, pulling: Making, bundle_variant: Variant
) -> None:
    """A redirect could take the token elsewhere; an error page is no bundle; half a bundle is none."""
    publisher.publish(pack(bundle_variant(1).files), '"1"', location="http://127.0.0.1:1/")
    publisher.status = status
    with structlog.testing.capture_logs() as lines:
        scene = await pulling().start()

    assert scene.revision is None
    assert lines[0]["event"] == "policy.unreachable"
    assert str(status) in lines[0]["detail"]


async def test_an_endless_answer_is_cut_off(
    publisher: Publisher, pulling: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never fills the memory."""
    monkeypatch.setattr(fetching, "MAX_ARCHIVE_BYTES", 1000)
    publisher.publish(b"x" * 100_000)
    with structlog.testing.capture_logs() as lines:
        await pulling().start()

    assert "longer than 1000 bytes" in lines[0]["detail"]


async def test_an_answer_that_drips_is_given_up(
    publisher: Publisher, pulling: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then must not hold the gateway for ever."""
    monkeypatch.setattr(fetching, "BODY_S", 0.2)
    monkeypatch.setattr(server, "START_S", 5.0)

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x")
            await asyncio.sleep(0.02)

    monkeypatch.setattr(publisher, "answer", drip)
    await publisher.down()
    await publisher.up()
    with structlog.testing.capture_logs() as lines:
        await pulling().start()

    assert "in time" in lines[0]["detail"]


async def test_the_token_is_sent_and_read_again_from_its_file(
    publisher: Publisher, pulling: Making, bundle_variant: Variant, tmp_path: Path
) -> None:
    """Service tokens live for minutes: the file is replaced, the gateway isn't restarted."""
    file = tmp_path / "token"
    file.touch(mode=0o600)
    file.write_text("first\n")
    publisher.holds = False
    publisher.publish(pack(bundle_variant(1).files), '"1"')
    scene = await pulling(token_file=file).start()
    file.write_text("second\n")
    await scene.until(lambda: publisher.asked[-1]["authorization"] == "Bearer second")

    assert publisher.asked[0]["authorization"] == "Bearer first"


@pytest.mark.parametrize(
    ("content", "mode", "detail"),
    [
        ("a b", 0o600, "characters"),
        ("a\r\nx-admin: 1", 0o600, "characters"),
        ("t", 0o644, "chmod 600"),
        (None, 0, "No such"),
    ],
)
async def test_a_token_that_cannot_be_sent_is_a_failure(
    content: str | None, mode: int, detail: str, pulling: Making, tmp_path: Path
) -> None:
    """A line break would smuggle in a header; a file that others read has leaked. Nothing of it is told."""
    file = tmp_path / "token"
    if content is not None:
        file.touch(mode=mode)
        file.write_text(content)
    with structlog.testing.capture_logs() as lines:
        await pulling(token_file=file).start()

    assert detail in lines[0]["detail"]
    assert "x-admin" not in str(lines)


async def test_a_disk_that_is_full_costs_only_the_fallback(
    publisher: Publisher, pulling: Making, bundle_variant: Variant, kept: Kept
) -> None:
    """The bundle decides all the same, and the operator is told."""
    kept.path.parent.write_text("a file where the folder should be")
    publisher.publish(pack(bundle_variant(1).files), '"1"')
    with structlog.testing.capture_logs() as lines:
        scene = await pulling().start()

    assert scene.revision == bundle_variant(1).revision
    assert "policy.not_kept" in {line["event"] for line in lines}


@pytest.mark.parametrize(
    "url",
    [
        "http://bundles.example/b.tar.gz",
        "https://user:secret@bundles.example/b",
        "http://127.0.0.1:80@evil.example/b",
        "https:///b",
        "ftp://bundles.example/b",
        "https://bundles.example/a b",
    ],
)
def test_an_address_that_anybody_could_answer_for_is_not_accepted(url: str) -> None:
    """Without TLS a bundle and a token could be anybody's; only loopback is exempt."""
    with pytest.raises(ValidationError):
        BundleServer(url=url)
