"""Four processes with 64 clients each on one ledger in Redis: never one too many, and nothing is left."""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from gateway.ledger.redis import RedisLedger, Terms
from gateway.ledger.redis_target import Target
from tests.gateway.ledger.redis_crowd import AMOUNT, LEVELS, ROOM
from tests.gateway.ledger.test_redis_faults import soon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.redis_server import RedisServer

pytestmark = [pytest.mark.server, pytest.mark.slow]

ROOT = Path(__file__).parents[3]


class Member:
    """One process of the crowd."""

    def __init__(self, url: str, name: str, task: str, levels: str, seed: int) -> None:
        command = [
            sys.executable,
            "-m",
            "tests.gateway.ledger.redis_crowd",
            url,
            name,
            task,
            levels,
            str(seed),
        ]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)

    def says(self) -> str:
        assert self.process.stdout is not None
        while not (line := self.process.stdout.readline()).startswith(("ready", "{")):
            assert line, "the process ended"
        return line

    def begin(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def ends(self) -> None:
        self.begin()
        self.process.wait()
        self.gone()

    def gone(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


@contextlib.contextmanager
def crowd(url: str, name: str, levels: str, *tasks: str) -> Iterator[list[Member]]:
    """Processes that begin together."""
    members = [Member(url, name, task, levels, seed) for seed, task in enumerate(tasks)]
    try:
        for member in members:
            assert member.says().startswith("ready")
        for member in members:
            member.begin()
        yield members
    finally:
        for member in members:
            member.gone()


@pytest.mark.parametrize("levels", list(LEVELS))
def test_exactly_as_many_pass_as_there_is_room_for(redis_server: RedisServer, levels: str) -> None:
    """1024 tries of 256 clients in four processes for one hundred places."""
    name = f"t-{secrets.token_hex(8)}"
    with crowd(redis_server.url, name, levels, *["count"] * 4) as members:
        assert sum(json.loads(member.says())["passed"] for member in members) == ROOM


async def test_whatever_happens_to_calls_what_is_counted_is_what_happened(redis_server: RedisServer) -> None:
    """Cancelled, released and settled in three processes, while a fourth is killed with what it holds."""
    name = f"t-{secrets.token_hex(8)}"
    with crowd(redis_server.url, name, "levels", "live", "live", "live", "hold") as members:
        held = json.loads(members[3].says())["held"]
        members[3].gone()
        told: list[dict[str, Any]] = [json.loads(member.says()) for member in members[:3]]
        for member in members[:3]:
            member.ends()
    settled = {key: spent for each in told for key, spent in each["settled"].items()}
    ledger = RedisLedger(Target(redis_server.url), Terms(name, 20))

    async def has_expired() -> bool:
        return {each.reservation for each in await ledger.expired(1000)} >= set(held)

    await soon(has_expired)
    at_once, requests, tokens, money = await ledger.usage(LEVELS["levels"])
    gone = {each.reservation for each in await ledger.expired(1000)} - set(settled)
    gone -= {each for one in told for each in one["released"]}
    assert gone == set(held)
    spent = sum(settled.values()) + AMOUNT.tokens * len(held)
    assert (at_once.used, at_once.reserved) == (0, 0)
    assert (requests.used, tokens.used) == (len(settled) + len(held), spent)
    assert (money.used, money.reserved) == (spent, 0)
    assert len(settled) > ROOM / 2
    await ledger.close()
