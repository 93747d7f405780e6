"""What these tests share: a log of its own in a real PostgreSQL, and a login for each kind of visitor."""

from __future__ import annotations

import asyncio
import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from audit.keys import LogKeys
from audit.merging.notary import LogNotary
from audit.merging.sequencer import Sequencer
from audit.ports import Ports
from audit.postgres import schema
from audit.postgres.database import Database
from audit.postgres.home import DatabaseHome
from audit.postgres.log import Place, open_log
from audit.postgres.mirror import export_tiles
from audit.postgres.target import Target

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from pathlib import Path

    from audit.log import AuditLog
    from audit.record import Record
    from tests.servers.postgres_server import PostgresServer

ORIGIN = "regent.test/log"
_NUMBERS = itertools.count()


class Cluster:
    """One log in the test's PostgreSQL.

    Attributes:
        promised: what writers were told is durable: leaf hash by (writer, boot, wseq).
    """

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.schema = f"log_{next(_NUMBERS)}"
        self.admin = Target(server.socket_dsn, self.schema)
        self.promised: dict[tuple[str, int, int], str] = {}
        self.now_us = 1_000_000
        self.ports = Ports(mono_us=lambda: self.now_us)
        self.opened = ExitStack()
        self._merging = ExitStack()
        self._has_clerk = False
        schema.init(self.admin)
        self.login("gateway", "writer", "sequencer")

    def login(self, name: str, *roles: str) -> None:
        """Make somebody who may connect, as a member of some of the log's roles."""
        member_of = f" IN ROLE {', '.join(f'{self.schema}_{role}' for role in roles)}" if roles else ""
        self.run(f"CREATE ROLE {self.schema}_{name} LOGIN{member_of}")

    def target(self, name: str = "gateway", **options: Any) -> Target:
        """The log, as one of the logins sees it."""
        return Target(self.server.dsn_of(f"{self.schema}_{name}"), self.schema, **options)

    def open(
        self, replica: str = "a", *, origin: str = ORIGIN, timeout_s: float = 5.0, **options: Any
    ) -> AuditLog:
        """One more writer; closed at the end if nobody else does."""
        place = Place(self.target(timeout_s=timeout_s), self.folder, replica)
        log = open_log(place, origin, **options)
        self.opened.callback(log.close)
        return log

    async def append(self, log: AuditLog, *records: Record) -> None:
        """Have a writer log something, and keep what it promises."""
        for receipt in await asyncio.gather(*(log.append(record) for record in records)):
            self.promised[receipt.writer, receipt.boot, receipt.wseq] = receipt.leaf_hash

    def home(self) -> DatabaseHome:
        """Log and vault, for the commands that erase and hold."""
        if not self._has_clerk:
            self.login("clerk", "eraser")
        self._has_clerk = True
        return DatabaseHome(self.target(), self.target("clerk"), self.folder, lambda: self.open("desk"))

    def vault(self, table: str) -> list[Any]:
        """Rows of a table of the vault."""
        return self.run(f"TABLE {self.schema}_vault.{table}")

    def sequencer(self) -> Sequencer:
        """A sequencer that begins anew; the one before it is gone."""
        self.stop()
        place = Database(self.target())
        writers, shelf = place.open(self._merging)
        notary = LogNotary(LogKeys.read(self.folder, ORIGIN), self.ports)
        return Sequencer(writers, shelf, notary, self.ports)

    def stop(self) -> None:
        """End the sequencer as a kill does."""
        self._merging.close()

    def mirror(self) -> int:
        """Bring the folder up to date."""
        return export_tiles(self.target(), self.folder)

    def run(self, *statements: str, role: str | None = None) -> list[Any]:
        """Run statements, as the superuser or a login; return the rows of the last one."""
        dsn = self.server.dsn_of(f"{self.schema}_{role}") if role else self.server.socket_dsn
        return list(_alone(_run(dsn, self.schema, statements)))

    def bodies(self, writer: str = "a.w0") -> list[bytes]:
        """The stored bytes of one writer's records, in order, straight from the table."""
        rows = self.run("SELECT writer, body FROM entry ORDER BY at")
        return [row["body"] for row in rows if row["writer"] == writer]

    def records(self, writer: str = "a.w0") -> list[dict[str, Any]]:
        """The same, read."""
        return [json.loads(body) for body in self.bodies(writer)]


async def _run(dsn: str, schema_name: str, statements: tuple[str, ...]) -> list[Any]:
    connection = await asyncpg.connect(dsn, server_settings={"search_path": schema_name})
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return list(await connection.fetch(statements[-1]))
    finally:
        await connection.close()


def _alone(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: the test may have a loop here."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


@pytest.fixture
def cluster(durable_postgres: PostgresServer, tmp_path: Path) -> Iterator[Cluster]:
    """A log in the database, with a folder for keys and copies."""
    made = Cluster(durable_postgres, tmp_path / "audit")
    yield made
    made.stop()
    made.opened.close()
