"""PostgreSQL for tests, fresh clusters: `postgres_server` without durability, `durable_postgres` with it."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.processes import Server, executable, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEBIAN = Path("/usr/lib/postgresql")
OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "50"}


class PostgresServer(Server):
    """A running PostgreSQL; `dsn` reaches it by TCP and `socket_dsn` by its unix socket.

    Args:
        folder: where its data, socket and output are; it belongs to `user`.
        user: the account that it runs as, because PostgreSQL refuses to run as root.
        options: of the server.
    """

    def __init__(self, folder: Path, user: str | None, options: Mapping[str, str] = OPTIONS) -> None:
        programs = (
            executable("postgres", sorted(DEBIAN.glob("*/bin"), reverse=True), "servers").resolve().parent
        )
        port = free_port()
        self.dsn = f"postgresql://regent@127.0.0.1:{port}/postgres"
        self.socket_dsn = f"postgresql://regent@/postgres?host={folder}&port={port}"
        self._data = folder / "data"
        self._initdb = programs / "initdb"
        self._probe = [str(programs / "pg_isready"), "--quiet", "--host", str(folder), "--port", str(port)]
        self._account = user
        command: list[str | Path] = [programs / "postgres", "-D", self._data, "-p", str(port), "-k", folder]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        # SIGINT is PostgreSQL's fast shutdown: it doesn't wait for clients.
        super().__init__(command, folder, self._answers, stop_signal=signal.SIGINT, user=user)

    def dsn_of(self, role: str) -> str:
        """The address of the socket for another role than the superuser."""
        return self.socket_dsn.replace("//regent@", f"//{role}@")

    def create(self) -> None:
        """Make the cluster; anybody on this machine may enter it, for as long as the tests run."""
        command = [str(self._initdb), "--pgdata", str(self._data), "--username", "regent"]
        command += ["--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync"]
        done = subprocess.run(command, user=self._account, cwd=self.folder, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr.decode(errors='replace')[-2000:]}")

    def _answers(self) -> bool:
        return subprocess.run(self._probe, check=False).returncode == 0


@contextlib.contextmanager
def running(options: Mapping[str, str]) -> Iterator[PostgresServer]:
    """A fresh cluster with these options, for as long as it is entered."""
    user = _unprivileged() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="regent-postgres-"))
    if user is not None:
        shutil.chown(folder, user)
    server = PostgresServer(folder, user, options)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session; tests keep to databases or schemas of their own."""
    with running(OPTIONS) as server:
        yield server


@pytest.fixture(scope="session")
def durable_postgres() -> Iterator[PostgresServer]:
    """One that is configured as PostgreSQL comes: what it acknowledges outlives it."""
    with running({"max_connections": OPTIONS["max_connections"]}) as server:
        yield server


def _unprivileged() -> str:
    names = {account.pw_name for account in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
