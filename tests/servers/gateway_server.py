"""Regent itself for tests: `gateway_server(...)` runs `regent serve`, with a folder of its own."""

from __future__ import annotations

import contextlib
import http.client
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
import yaml
from typing_extensions import override

from audit import frames
from audit.reading.query import Filter, Row, query
from gateway.identity import development
from tests.servers.processes import Server, environment, free_port

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping

    from tests.servers.commands import Commands
    from tests.servers.engines import Deciding
    from tests.servers.forks import Forked

OPTIONS: dict[str, Any] = {
    "identity": {"development": {"enabled": True}},
    "providers": {"demo": {"adapter": "echo"}},
    "deployments": [
        {"id": "echo-cloud", "provider": "demo", "serves": "demo-small", "zone": "cloud", "region": "eu"},
        {
            "id": "echo-onprem",
            "provider": "demo",
            "serves": "demo-small",
            "zone": "onprem",
            "region": "cellar",
        },
        {
            "id": "echo-cloud-only",
            "provider": "demo",
            "serves": "demo-cloud-only",
            "zone": "cloud",
            "region": "eu",
        },
    ],
}


class GatewayServer(Server):
    """A running gateway with a data folder of its own.

    Args:
        folder: its working folder, with settings, data and log.
        options: sections of the settings that replace those of `OPTIONS`.
        commands: where `regent`'s commands are run.
        workers: worker processes.
    """

    def __init__(
        self, folder: Path, options: Mapping[str, Any], commands: Commands, workers: int = 1
    ) -> None:
        self._commands = commands
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = folder / "regent.yaml"
        self.awaited = "/readyz"
        self._server = {"port": self.port, "workers": workers, "stop_grace_s": 3}
        self.configure(options)
        self._is_forked = workers == 1
        # The installed command, because worker processes import it again.
        command: list[str | Path] = [Path(sys.executable).with_name("regent"), "--config", self.settings]
        command.append("serve")
        super().__init__(command, folder, self._is_ready)

    @property
    def audit(self) -> Path:
        """The audit log's folder."""
        return self.folder / "data" / "audit"

    def configure(self, options: Mapping[str, Any]) -> None:
        """Write the settings; they hold from the next start on."""
        document = {**OPTIONS, **options, "server": {**self._server, **options.get("server", {})}}
        self.settings.write_text(yaml.safe_dump(document), encoding="utf-8")

    def token(self, user: str = "alice", team: str | None = "sales", *roles: str, **more: Any) -> str:
        """A token of the development identity; an analyst's if no role is named."""
        return development.issue(self.folder / "data", user, team=team, roles=roles or ("analyst",), **more)

    def regent(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `regent` command with these settings."""
        return self._commands.run(["--config", str(self.settings), *arguments], self.folder, os.environ)

    def rows(self, **wanted: Any) -> list[Row]:
        """What `regent audit query` shows, newest first."""
        return list(query(self.audit, Filter(**wanted)))

    def row(self, decision_id: str) -> Row:
        """The row of one decision; a refusal's is written soon after its answer."""
        end = time.monotonic() + 5
        while time.monotonic() < end:
            for row in self.rows():
                if row.id == decision_id and (row.action == "deny" or row.end):
                    return row
            time.sleep(0.02)
        raise AssertionError(f"there is no closed record of {decision_id}")

    def records(self, kind: str) -> Iterator[dict[str, Any]]:
        """The records of one kind, of all workers."""
        for segment in sorted(self.audit.glob("writers/*/seg/*.log")):
            for _, body in frames.scan(segment.read_bytes()):
                record = orjson.loads(body)
                if record["typ"] == kind:
                    yield record

    def await_workers(self) -> None:
        """Wait until every worker has begun: the first that is ready answers for all."""
        end = time.monotonic() + 20
        while len({each["writer"]["id"] for each in self.records("config.load")}) < self._server["workers"]:
            assert time.monotonic() < end
            time.sleep(0.05)

    def await_shadow(self, workers: int = 1) -> None:
        """Wait until every worker compares with the candidate; what comes before isn't compared."""
        end = time.monotonic() + 20
        while (self.folder / "server.log").read_text(errors="replace").count("shadow.started") < workers:
            assert time.monotonic() < end
            time.sleep(0.02)

    @override
    def _started(self) -> subprocess.Popen[bytes] | Forked:
        if not self._is_forked:
            return super()._started()
        with Path(os.devnull).open("rb") as nothing, (self.folder / "server.log").open("ab") as log:
            given = [nothing.fileno(), log.fileno(), log.fileno()]
            return self._commands.forks.start(self._command, self.folder, environment(), given)

    @override
    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        with contextlib.closing(connection):
            connection.request("GET", self.awaited)
            return connection.getresponse().status == http.client.OK


@contextlib.contextmanager
def _starting(deciding: Deciding, commands: Commands) -> Iterator[Callable[..., GatewayServer]]:
    with contextlib.ExitStack() as stack:

        def start(*, workers: int = 1, started: bool = True, **options: Any) -> GatewayServer:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="regent-")))
            server = GatewayServer(folder, {"policy": deciding(), **options}, commands, workers)
            stack.callback(server.stop)
            if started:
                server.start()
            return server

        yield start


@pytest.fixture
def gateway_server(deciding: Deciding, commands: Commands) -> Iterator[Callable[..., GatewayServer]]:
    """Start a gateway with the sections given as keywords, and either engine; stopped when the test ends."""
    with _starting(deciding, commands) as start:
        yield start


@pytest.fixture(scope="module")
def shared_gateway(deciding: Deciding, commands: Commands) -> Iterator[Callable[..., GatewayServer]]:
    """The same for a gateway that serves all tests of a module."""
    with _starting(deciding, commands) as start:
        yield start


@pytest.fixture(scope="module")
def demo_gateway(shared_gateway: Callable[..., GatewayServer]) -> GatewayServer:
    """One gateway with the demo deployments and either engine, shared by the tests of a module."""
    return shared_gateway()
