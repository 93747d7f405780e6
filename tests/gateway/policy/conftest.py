"""What follows bundles, with doubles for the log and for time, and real bundles on a real disk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bundles.bundle import from_files
from gateway.policy.aside import Aside
from gateway.policy.follower import Follower
from gateway.policy.live import Live
from gateway.policy.loading import Loader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from audit.record import Record
    from gateway.policy.offer import Check, Source

PATIENCE_S = 10


class Journal:
    """A log that keeps what it is given; refuses as the test says."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.kept: list[dict[str, Any]] = []
        self.soon: list[dict[str, Any]] = []

    async def append(self, record: Record) -> None:
        if self.error is not None:
            raise self.error
        self.kept.append(record.body)

    def append_soon(self, record: Record) -> None:
        self.soon.append(record.body)

    @property
    def story(self) -> list[tuple[str, str | None, str | None]]:
        """Result, revision and reason of each load."""
        return [(each["result"], each["policy"]["revision"], each["reason_code"]) for each in self.kept]


class Scene:
    """A follower at work on a source."""

    def __init__(self, source: Source, check: Check, jobs: Aside) -> None:
        self.log = Journal()
        self.policies = Live()
        self.follower = Follower(source, Loader(check), self.policies, jobs)

    async def start(self) -> Scene:
        """As a gateway starts it."""
        await self.follower.begin()
        await self.follower.follow(self.log)  # type: ignore[arg-type]  # a double
        return self

    @property
    def revision(self) -> str | None:
        """The active revision."""
        return self.policies.release.revision if self.policies.release else None

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something to come true."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.01)


Following = "Callable[..., Scene]"


@pytest.fixture
async def jobs() -> AsyncIterator[Aside]:
    """A thread for what blocks."""
    aside = Aside("test")
    yield aside
    aside.close()


@pytest.fixture
async def following(jobs: Aside) -> AsyncIterator[Callable[..., Scene]]:
    """Make a follower over a source; it is closed when the test ends."""
    made: list[Scene] = []

    def make(source: Source, check: Check = from_files) -> Scene:
        made.append(Scene(source, check, jobs))
        return made[-1]

    yield make
    for scene in made:
        await scene.follower.close()
