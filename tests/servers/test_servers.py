"""The servers that tests start: they answer, come back after a crash and leave nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import asyncpg
import psutil
import pytest
import redis.asyncio

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.servers.opa_server import OPAServer
    from tests.servers.postgres_server import PostgresServer
    from tests.servers.redis_server import RedisServer

pytestmark = pytest.mark.server


async def _health(server: OPAServer) -> int:
    path = server.url.removeprefix("unix://")
    unix = path != server.url
    connector = aiohttp.UnixConnector(path) if unix else None
    async with aiohttp.ClientSession(
        "http://localhost" if unix else server.url, connector=connector
    ) as client:
        response = await client.get("/health")
        return response.status


async def _ping(server: RedisServer) -> object:
    async with redis.asyncio.from_url(server.url) as client:
        return await client.ping()


async def _select(dsn: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


@pytest.mark.parametrize("unix", [True, False])
async def test_opa_answers_and_comes_back(opa_server: Callable[..., OPAServer], *, unix: bool) -> None:
    """OPA is healthy on either kind of address, and again after a crash, on the same address."""
    server = opa_server(unix=unix)
    assert await _health(server) == 200
    server.kill()
    with pytest.raises(aiohttp.ClientError):
        await _health(server)
    server.start()
    assert await _health(server) == 200
    pid = server.pid
    server.stop()
    assert not psutil.pid_exists(pid)


async def test_redis_answers_and_comes_back(redis_server: RedisServer) -> None:
    """Redis answers PING, and again after a crash."""
    assert await _ping(redis_server) is True
    redis_server.kill()
    redis_server.start()
    assert await _ping(redis_server) is True


async def test_postgres_answers_and_comes_back(postgres_server: PostgresServer) -> None:
    """PostgreSQL answers on TCP and on its socket, and again after a crash, with no backend left over."""
    assert [await _select(postgres_server.dsn), await _select(postgres_server.socket_dsn)] == [1, 1]
    family = psutil.Process(postgres_server.pid).children(recursive=True)
    assert family
    postgres_server.kill()
    assert not [member for member in family if member.is_running()]
    postgres_server.start()
    assert await _select(postgres_server.dsn) == 1


def test_a_server_that_does_not_start_says_why(opa_server: Callable[..., OPAServer], tmp_path: Path) -> None:
    """The failure carries the server's own words."""
    with pytest.raises(RuntimeError, match=r"no such file or directory"):
        opa_server(bundle=tmp_path / "absent")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's death")
def test_a_killed_test_run_takes_its_servers_with_it(tmp_path: Path) -> None:
    """A run that can't clean up, because it was killed, leaves no server behind."""
    script = f"""
import sys
from pathlib import Path
from tests.servers.opa_server import OPAServer

server = OPAServer(Path({str(tmp_path)!r}))
server.start()
print(server.pid, flush=True)
sys.stdin.read()
"""
    root = Path(__file__).parents[2]
    run = subprocess.Popen(
        [sys.executable, "-c", script], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert run.stdout is not None
    server = psutil.Process(int(run.stdout.readline()))
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    gone, _ = psutil.wait_procs([server], timeout=5)
    assert gone


def test_a_missing_program_names_the_make_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lacks a server learns the one command that brings it."""
    processes = sys.modules["tests.servers.processes"]
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="make servers"):
        processes.executable("redis-server", [], "servers")
