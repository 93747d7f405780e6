"""Two gateways on one PostgreSQL: one tree, whatever is killed, and nothing of the address anywhere."""

from __future__ import annotations

import http.client
import shutil
import threading
import time
from base64 import b64decode
from random import Random
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from audit.errors import LogUnavailable
from tests.audit.merging.conftest import House
from tests.audit.postgres.conftest import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.end_to_end.conftest import Http
    from tests.servers.gateway_server import GatewayServer
    from tests.servers.postgres_server import PostgresServer

    Start = Callable[..., GatewayServer]

pytestmark = [pytest.mark.server, pytest.mark.engine("embedded")]

RECEIPT = "x-regent-receipt"
ORIGIN = "regent.test/log"
PATIENCE_S = 30
PAUSE_S = 0.02
"""Between two calls of one caller: enough are on their way whenever something dies."""


@pytest.fixture
def cluster(durable_postgres: PostgresServer, tmp_path: Path) -> Cluster:
    """A log in the database, and a folder for a copy."""
    return Cluster(durable_postgres, tmp_path / "copy")


def options(cluster: Cluster, replica: str) -> dict[str, Any]:
    """The settings of one replica."""
    database = {"dsn": cluster.target().dsn, "schema_name": cluster.schema, "replica": replica}
    return {"audit": {"origin": ORIGIN, "checkpoint_ms": 100, "postgres": database}}


def two(cluster: Cluster, gateway_server: Start) -> list[GatewayServer]:
    """Two gateways; the second has the key from the first."""
    first = gateway_server(**options(cluster, "a"))
    second = gateway_server(started=False, **options(cluster, "b"))
    shutil.copytree(first.audit / "keys", second.audit / "keys")
    second.start()
    return [first, second]


def leaf(receipt: str) -> str:
    """The leaf that a receipt names, in hex."""
    return b64decode(receipt.split(" ")[5]).hex()


def merged(cluster: Cluster) -> set[str]:
    """The leaves of the merged log, after a check of all of it in a copy."""
    try:
        cluster.mirror()
    except LogUnavailable:
        return set()
    return House(cluster.folder).merged() if (cluster.folder / "checkpoint").exists() else set()


def await_merge(cluster: Cluster, leaves: set[str]) -> None:
    """Wait until the log has kept its word."""
    end = time.monotonic() + PATIENCE_S
    while not leaves <= merged(cluster):
        assert time.monotonic() < end
        time.sleep(0.2)


def test_two_gateways_share_one_log(cluster: Cluster, gateway_server: Start, http_client: Http) -> None:
    """Receipts of both stand in one tree, one of them keeps the copy, and no process shows the address."""
    gateways = two(cluster, gateway_server)
    receipts = []
    for number in range(10):
        gateway = gateways[number % 2]
        answer = http_client.send(gateway, http_client.hello(), token=gateway.token())
        assert answer.status == 200
        receipts.append(answer.headers[RECEIPT])
    shown = [
        "\n".join([*child.cmdline(), *(f"{name}={value}" for name, value in child.environ().items())])
        for gateway in gateways
        for child in psutil.Process(gateway.pid).children(recursive=True)
    ]
    await_merge(cluster, {leaf(receipt) for receipt in receipts})
    for gateway in gateways:
        gateway.stop()
    await_merge(cluster, set())

    assert {receipt.split(" ")[2] for receipt in receipts} == {"a.w0", "b.w0"}
    assert len(shown) >= 2
    assert not any(cluster.target().dsn in each for each in shown)
    records = [*cluster.records("a.w0"), *cluster.records("b.w0")]
    assert [record["typ"] for record in records].count("writer.close") == 2
    assert any((gateway.audit / "checkpoint").exists() for gateway in gateways)
    logs = [(gateway.folder / "server.log").read_text() for gateway in gateways]
    assert not any("postgresql://" in each for each in logs)


def test_a_role_with_too_many_rights_does_not_start(cluster: Cluster, gateway_server: Start) -> None:
    """The gateway says why, and shows no address."""
    cluster.run(f"GRANT DELETE ON entry TO {cluster.schema}_gateway")
    gateway = gateway_server(started=False, **options(cluster, "a"))
    with pytest.raises(RuntimeError, match="may change or delete") as refused:
        gateway.start()
    assert "postgresql://" not in str(refused.value)


class Callers:
    """Threads that call whichever gateway answers, and keep what they are promised."""

    def __init__(self, gateways: list[GatewayServer], http_client: Http) -> None:
        self.leaves: set[str] = set()
        self._gateways = gateways
        self._http = http_client
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(each,)) for each in gateways * 2]

    def __enter__(self) -> Callers:  # noqa: PYI034 - not to be derived from
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def await_promises(self, count: int) -> None:
        """Wait until so many were promised a place in the log."""
        end = time.monotonic() + PATIENCE_S
        while len(self.leaves) < count:
            assert time.monotonic() < end
            time.sleep(0.05)

    def _call(self, gateway: GatewayServer) -> None:
        token = gateway.token()
        while not self._ending.is_set():
            try:
                answer = self._http.send(gateway, self._http.hello(), token=token)
            except (OSError, http.client.HTTPException):
                self._ending.wait(0.05)
                continue
            if answer.status == 200:
                self.leaves.add(leaf(answer.headers[RECEIPT]))
            self._ending.wait(PAUSE_S)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_they_keep_one_consistent_tree(
    cluster: Cluster, gateway_server: Start, http_client: Http, seed: int
) -> None:
    """Gateways, sequencers and connections die again and again: every receipt stands in the one tree."""
    source = Random(seed)  # noqa: S311 - the same kills in each run
    gateways = two(cluster, gateway_server)
    with Callers(gateways, http_client) as callers:
        for _ in range(6):
            time.sleep(source.uniform(0.1, 0.8))
            victim = source.choice(gateways)
            match source.choice(["gateway", "gateway", "sequencer", "connections"]):
                case "gateway":
                    victim.kill()
                    time.sleep(source.uniform(0, 0.3))
                    victim.start()
                case "sequencer":
                    for child in psutil.Process(victim.pid).children(recursive=True):
                        if "audit.merging" in child.cmdline():
                            child.kill()
                case _:
                    cluster.run(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE application_name ~ '^regent'"
                    )
        time.sleep(0.5)
        callers.await_promises(51)
    for gateway in gateways:
        gateway.stop()
    await_merge(cluster, callers.leaves)


@pytest.mark.slow
def test_a_server_that_is_killed_stops_the_gateways_for_a_moment_only(
    cluster: Cluster, gateway_server: Start, http_client: Http
) -> None:
    """While the database is away an allow is refused; afterwards both serve again, and nothing is lost."""
    gateways = two(cluster, gateway_server)
    with Callers(gateways, http_client) as callers:
        callers.await_promises(11)
        cluster.server.kill()
        end = time.monotonic() + PATIENCE_S
        while http_client.send(gateways[0], http_client.hello(), token=gateways[0].token()).status != 503:
            assert time.monotonic() < end
        cluster.server.start()
        for gateway in gateways:
            while http_client.send(gateway, http_client.hello(), token=gateway.token()).status != 200:
                assert time.monotonic() < end
                time.sleep(0.05)
    for gateway in gateways:
        gateway.stop()
    await_merge(cluster, callers.leaves)
