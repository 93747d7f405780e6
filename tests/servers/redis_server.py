"""Redis for tests: `redis_server`, with no persistence, and others as a test needs them.

They may have a password, TLS, an append-only file, a primary to follow, Sentinels over them, or be a Cluster.
"""

from __future__ import annotations

import contextlib
import socket
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from tests.servers.processes import READY_S, Server, executable, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NO_PERSISTENCE = ("--save", "", "--appendonly", "no")
PERSISTENCE = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")
SLOTS = 16384


class RedisServer(Server):
    """A running Redis; `url` is its address.

    Args:
        folder: where its socket, data and output are.
        options: what is different about it.
        password: that clients must give; none if empty.
        bus_port: where it speaks with the other nodes of a Cluster; it is of none if 0.
    """

    def __init__(self, folder: Path, *options: str, password: str = "", bus_port: int = 0) -> None:
        self.port = free_port()
        self.bus_port = bus_port
        self.url = f"redis://{':' + password + '@' if password else ''}127.0.0.1:{self.port}/0"
        program = str(executable("redis-server", [], "servers"))
        command = [program, "--bind", "127.0.0.1", "--port", str(self.port)]
        command += ["--unixsocket", str(folder / "redis.sock"), "--dir", str(folder)]
        command += options or NO_PERSISTENCE
        if password:
            command += ["--requirepass", password]
        if bus_port:
            command += ["--cluster-enabled", "yes", "--cluster-port", str(bus_port)]
        super().__init__(command, folder, self._answers)

    @contextlib.contextmanager
    def client(self) -> Iterator[redis.Redis]:
        """A connection of the test's own."""
        with contextlib.closing(redis.Redis.from_url(self.url)) as found:
            yield found

    def tell(self, *command: object) -> object:
        """Give one command as it is."""
        with self.client() as found:
            answer: object = found.execute_command(*command)  # type: ignore[no-untyped-call]
            return answer

    def _answers(self) -> bool:
        with contextlib.closing(socket.create_connection(("127.0.0.1", self.port), timeout=1)) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith((b"+PONG", b"-NOAUTH"))


class SentinelServer(Server):
    """One Sentinel, which by itself decides that a primary is gone.

    Args:
        folder: where its configuration and output are.
        service: what it calls the primary.
        primary: the port of the one to begin with.
    """

    def __init__(self, folder: Path, service: str, primary: int) -> None:
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}"
        settings = folder / "sentinel.conf"
        settings.write_text(
            f"bind 127.0.0.1\nport {self._port}\ndir {folder}\n"
            f"sentinel monitor {service} 127.0.0.1 {primary} 1\n"
            f"sentinel down-after-milliseconds {service} 300\n"
            f"sentinel failover-timeout {service} 3000\n"
        )
        command = [str(executable("redis-server", [], "servers")), str(settings), "--sentinel"]
        super().__init__(command, folder, self._answers)

    def replicas(self, service: str) -> int:
        """How many replicas it knows of."""
        with contextlib.closing(redis.Redis.from_url(self.url)) as found:
            return len(found.sentinel_slaves(service))

    def _answers(self) -> bool:
        with (
            contextlib.closing(redis.Redis.from_url(self.url)) as found,
            contextlib.suppress(redis.RedisError),
        ):
            return bool(found.ping())
        return False


def until(check: Callable[[], object]) -> None:
    """Wait for what another process does in its own time.

    Raises:
        RuntimeError: it hasn't done it in half a minute.
    """
    end = time.monotonic() + READY_S
    while not check():
        if time.monotonic() > end:
            raise RuntimeError("it never came")
        time.sleep(0.02)


@contextlib.contextmanager
def redis_running(*options: str, password: str = "", bus_port: int = 0) -> Iterator[RedisServer]:
    """One for as long as it is entered."""
    with tempfile.TemporaryDirectory(prefix="regent-redis-") as folder:
        server = RedisServer(Path(folder), *options, password=password, bus_port=bus_port)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def replicated() -> Iterator[tuple[RedisServer, RedisServer]]:
    """A primary and its replica, in step."""
    with redis_running() as primary:
        follow = ("--replicaof", f"127.0.0.1 {primary.port}", "--repl-diskless-sync-delay", "0")
        with primary.client() as client:
            client.config_set("repl-diskless-sync-delay", 0)
        with redis_running(*NO_PERSISTENCE, *follow) as replica, primary.client() as client:
            # Only then does the primary count what the replica acknowledges.
            until(lambda: client.info("replication").get("slave0", {}).get("state") == "online")
            yield primary, replica


@contextlib.contextmanager
def watched(service: str, primary: RedisServer) -> Iterator[SentinelServer]:
    """A Sentinel over a primary, when it has found the replica."""
    with tempfile.TemporaryDirectory(prefix="regent-sentinel-") as folder:
        sentinel = SentinelServer(Path(folder), service, primary.port)
        try:
            sentinel.start()
            until(lambda: sentinel.replicas(service) == 1)
            yield sentinel
        finally:
            sentinel.stop()


@contextlib.contextmanager
def redis_cluster(nodes: int = 3) -> Iterator[list[RedisServer]]:
    """A Cluster without replicas, when all of its nodes agree on it."""
    with contextlib.ExitStack() as opened:
        servers = [opened.enter_context(redis_running(bus_port=free_port())) for _ in range(nodes)]
        for number, server in enumerate(servers):
            first, last = SLOTS * number // nodes, SLOTS * (number + 1) // nodes - 1
            server.tell("CLUSTER", "ADDSLOTSRANGE", first, last)
            if number:
                servers[0].tell("CLUSTER", "MEET", "127.0.0.1", server.port, server.bus_port)
        until(lambda: all(_is_whole(server, nodes) for server in servers))
        yield servers


def _is_whole(node: RedisServer, nodes: int) -> bool:
    said = node.tell("CLUSTER", "INFO")
    assert isinstance(said, bytes)
    return {b"cluster_state:ok", b"cluster_known_nodes:%d" % nodes} <= set(said.split())


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the session; tests keep to keys of their own."""
    with redis_running() as server:
        yield server
