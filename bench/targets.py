"""Whom the load is put on: the mock itself, a bare pass-through in front of it, and Regent in front of it.

Regent runs as its users run it: `regent serve` with a settings file, the shipped bundle in the embedded
engine, tokens that are verified, an audit log that is synced to a real disk, log lines in a file.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import yaml

from bench import conversation
from bench.processes import BenchFailed, LoadGenerator, Neighbours, Server, cores, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

# Unlike /tmp it isn't kept in memory anywhere (FHS 3.0, section 5.15).
FOLDER = Path("/var/tmp")  # noqa: S108 - what is made in there is made by tempfile
# A sync there costs nothing, so an audit log there would measure nothing.
_IN_MEMORY = frozenset({"tmpfs", "ramfs"})


@dataclass(frozen=True, slots=True)
class Target:
    """Something that answers chat completions.

    Args:
        name: `direct`, `bare` or `regent`.
        port: where on the loopback.
        token: what the load generator shows.
        server: the gateway's process, whose CPU and memory count; None for the mock itself.
    """

    name: str
    port: int
    token: str
    server: Server | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """Everything that runs during a measurement.

    Args:
        targets: in the order in which each round visits them.
        neighbours: watches the gateways' core.
    """

    load: LoadGenerator
    targets: tuple[Target, ...]
    neighbours: Neighbours

    def target(self, name: str) -> Target:
        """The target of that name."""
        return next(target for target in self.targets if target.name == name)


@contextmanager
def running(folder: Path) -> Iterator[Range]:
    """Start everything, and take it down again.

    Args:
        folder: where a temporary folder for settings, keys and the audit log is made.

    Raises:
        BenchFailed: `folder` lies in memory, or something didn't start.
    """
    _require_disk(folder)
    gateways, others = cores()
    os.sched_setaffinity(0, {others})
    with tempfile.TemporaryDirectory(prefix="regent-bench-", dir=folder) as home, ExitStack() as stack:
        upstream, bare, regent = free_port(), free_port(), free_port()
        url = f"http://127.0.0.1:{upstream}/v1"
        python, logs = [sys.executable, "-m"], Path(home)
        stack.enter_context(
            Server(
                [*python, "bench.mock", str(upstream)], others, logs / "mock.log", lambda: _listens(upstream)
            )
        )
        passthrough = stack.enter_context(
            Server(
                [*python, "bench.passthrough", str(bare), f"{url}/chat/completions"],
                gateways,
                logs / "bare.log",
                lambda: _listens(bare),
            )
        )
        command = _regent(Path(home), regent, url)
        gateway = stack.enter_context(
            Server([*command, "serve"], gateways, logs / "regent.log", lambda: _is_ready(regent))
        )
        token = _token(command)
        yield Range(
            load=stack.enter_context(LoadGenerator()),
            targets=(
                Target("direct", upstream, token),
                Target("bare", bare, token, passthrough),
                Target("regent", regent, token, gateway),
            ),
            neighbours=Neighbours(gateways, (passthrough, gateway)),
        )


def _require_disk(folder: Path) -> None:
    mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    resolved = folder.resolve()
    kind = next((mounts[place] for place in (resolved, *resolved.parents) if place in mounts), "")
    if kind in _IN_MEMORY:
        raise BenchFailed(f"{folder} lies in memory ({kind}); name a folder on a disk with --folder")


def _regent(home: Path, port: int, upstream_url: str) -> list[str]:
    """Write the settings, and return the `regent` command that uses them."""
    settings = {
        "server": {"host": "127.0.0.1", "port": port},
        "data_dir": str(home / "data"),
        "identity": {"development": {"enabled": True}},
        "providers": {"mock": {"adapter": "openai", "base_url": upstream_url, "api_key": "sk-bench"}},
        "deployments": [
            {
                "id": "mock-cloud",
                "provider": "mock",
                "serves": conversation.MODEL,
                "zone": "cloud",
                "region": "loopback",
            }
        ],
        "audit": {"folder": str(home / "audit"), "origin": "bench.invalid/audit"},
    }
    path = home / "regent.yaml"
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    return [str(Path(sys.executable).with_name("regent")), "--config", str(path)]


def _token(regent: list[str]) -> str:
    """Have a token minted for an engineer, who may use every model."""
    minted = subprocess.run(
        [*regent, "token", "--user", "bench", "--team", "eng", "--role", "engineer", "--ttl-s", "86400"],
        capture_output=True,
        text=True,
        check=False,
    )
    if minted.returncode:
        raise BenchFailed(f"`regent token` failed: {minted.stderr}")
    return minted.stdout.strip()


def _listens(port: int) -> bool:
    with socket.create_connection(("127.0.0.1", port), timeout=1):
        return True


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    finally:
        connection.close()
