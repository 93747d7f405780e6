"""Redis for tests: `redis_server`, with no persistence."""

from __future__ import annotations

import contextlib
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.processes import Server, executable, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


class RedisServer(Server):
    """A running Redis; `url` is its address.

    Args:
        folder: where its socket and output are.
    """

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"
        command = [
            str(executable("redis-server", [], "servers")),
            "--bind",
            "127.0.0.1",
            "--port",
            str(self._port),
        ]
        command += ["--unixsocket", str(folder / "redis.sock"), "--dir", str(folder)]
        command += ["--save", "", "--appendonly", "no"]
        super().__init__(command, folder, self._answers)

    def _answers(self) -> bool:
        with contextlib.closing(socket.create_connection(("127.0.0.1", self._port), timeout=1)) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16) == b"+PONG\r\n"


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the session; tests keep to keys of their own."""
    with tempfile.TemporaryDirectory(prefix="regent-redis-") as folder:
        server = RedisServer(Path(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()
