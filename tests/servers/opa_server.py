"""OPA for tests: `opa_server(bundle=..., unix=...)` starts one that loaded a bundle."""

from __future__ import annotations

import contextlib
import http.client
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from tests.servers.processes import Server, executable, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).parents[2]


class OPAServer(Server):
    """A running OPA.

    Args:
        folder: where its sockets and output are.
        bundle: a bundle's folder or archive to load; none if None.
        unix: listen on a unix socket and not on a loopback port.
        tls: certificate and key file, for `https`.
        arguments: more of `opa run`'s options.
        ready: the health check that must pass before tests begin.
    """

    def __init__(
        self,
        folder: Path,
        *,
        bundle: Path | None = None,
        unix: bool = False,
        tls: tuple[Path, Path] | None = None,
        arguments: Sequence[str | Path] = (),
        ready: str = "/health?bundles",
    ) -> None:
        port = free_port()
        self._unix = unix
        self._address = str(folder / "opa.sock") if unix else ("127.0.0.1", port)
        address = f"unix://{folder}/opa.sock" if unix else f"127.0.0.1:{port}"
        self.url = address if unix else f"{'https' if tls else 'http'}://{address}"
        self._health = folder / "health.sock"
        self._ready = ready
        command: list[str | Path] = [executable("opa", [ROOT / ".tools"], "tools"), "run", "--server"]
        command += ["--addr", address, "--diagnostic-addr", f"unix://{self._health}"]
        command += ["--skip-version-check", "--log-level", "error", "--shutdown-grace-period", "1"]
        command += ["--tls-cert-file", tls[0], "--tls-private-key-file", tls[1]] if tls else []
        command += ["--bundle", bundle.absolute()] if bundle else []
        super().__init__([*command, *arguments], folder, self._is_healthy)

    def _is_healthy(self) -> bool:
        # OPA opens its listeners one after the other: health alone doesn't say that the other is open.
        with contextlib.closing(socket.socket(socket.AF_UNIX if self._unix else socket.AF_INET)) as probe:
            probe.settimeout(1)
            probe.connect(self._address)
        with contextlib.closing(_UnixConnection(self._health)) as connection:
            connection.request("GET", self._ready)
            return connection.getresponse().status == http.client.OK


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=1)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@pytest.fixture(scope="session")
def opa() -> Path:
    """The real `opa`; whoever asks for it is a server test, as `pytest_collection_modifyitems` sees to."""
    return executable("opa", [ROOT / ".tools"], "tools")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the binary, so that `make test-embedded` leaves it out and nothing skips in silence."""
    for item in items:
        if "opa" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.server)


@pytest.fixture(scope="session")
def opa_server() -> Iterator[Callable[..., OPAServer]]:
    """Start an OPA with the arguments of `OPAServer`; it runs until it is stopped or the session ends."""
    with contextlib.ExitStack() as stack:

        def start(**arguments: object) -> OPAServer:
            # A socket's path may have 107 characters; pytest's own folders are longer on some machines.
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="regent-opa-")))
            server = OPAServer(folder, **arguments)  # type: ignore[arg-type]  # checked at run time
            stack.callback(server.stop)
            server.start()
            return server

        yield start
