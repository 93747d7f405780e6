"""Measures ways to ask for a decision: general clients and ours over an OPA server, and the embedded engine.

Run as `python -m bench.engines`; needs `.tools/opa` and the shipped bundle.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import uvloop
from opa_client.opa_async import AsyncOpaClient
from rich.console import Console
from rich.table import Table

from bundles import bundle as reading
from gateway.engine.embedded import EmbeddedEngine
from gateway.engine.opa import OpaEngine
from gateway.settings import OPA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    Ask = Callable[[], Awaitable[object]]

ROOT = Path(__file__).parents[1]
ENTRYPOINT = "gateway/request/decision"
CALLS = 3000
CONCURRENT = 32

QUESTION: dict[str, Any] = {
    "version": 1,
    "subject": {
        "type": "user",
        "id": "alice@acme",
        "properties": {
            "issuer": "https://idp.acme.example",
            "organization": "acme",
            "team": "hr",
            "roles": ["analyst"],
            "groups": [],
            "claims": {},
            "authentication": {"method": "oidc", "age_s": 42},
        },
    },
    "action": {
        "name": "chat.completions",
        "properties": {"stream": True, "tools": [], "modalities": ["text"], "max_tokens": 1024},
    },
    "resource": {
        "type": "model",
        "id": "gpt-4o",
        "properties": {
            "deployments": [
                {"id": name, "provider": "p", "model": "m", "zone": zone, "region": "r", "labels": []}
                for name, zone in (("azure-eu", "cloud"), ("onprem-llama", "onprem"))
            ]
        },
    },
    "context": {
        "time": "2026-11-20T09:00:00Z",
        "request_id": "0123456789abcdef",
        "network": {"client_ip": "10.0.0.7"},
        "content": {"labels": ["hr"], "tokens": {"prompt": 512, "completion_limit": 1024}},
    },
}


@contextlib.contextmanager
def opa() -> Iterator[tuple[int, Path]]:
    """Run one OPA with the shipped bundle on a loopback port and on a unix socket."""
    with socket.socket() as probe, tempfile.TemporaryDirectory(prefix="regent-bench-") as folder:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        probe.close()
        path = Path(folder) / "opa.sock"
        command: list[str | Path] = [
            ROOT / ".tools/opa",
            "run",
            "--server",
            "--bundle",
            ROOT / "bundles/default",
        ]
        command += ["--addr", f"127.0.0.1:{port}", "--addr", f"unix://{path}"]
        with subprocess.Popen([*command, "--skip-version-check", "--log-level", "error"]) as process:
            while not path.exists():
                time.sleep(0.02)
            time.sleep(0.5)
            try:
                yield port, path
            finally:
                process.terminate()


async def over_aiohttp(session: aiohttp.ClientSession) -> object:
    """Plain aiohttp with orjson and a constant URL."""
    body = orjson.dumps({"input": QUESTION})
    async with session.post(f"/v1/data/{ENTRYPOINT}?provenance=true", data=body) as response:
        return orjson.loads(await response.read())["result"]


@contextlib.asynccontextmanager
async def engines(port: int, path: Path) -> AsyncIterator[dict[str, Ask]]:
    """Every way to ask, by name."""
    package, rule = ENTRYPOINT.rsplit("/", 1)
    base = "http://localhost"
    tcp = OpaEngine(OPA(url=f"http://127.0.0.1:{port}", timeout_ms=30_000), [ENTRYPOINT])
    unix = OpaEngine(OPA(url=f"unix://{path}", timeout_ms=30_000), [ENTRYPOINT])
    embedded = EmbeddedEngine(reading.read(ROOT / "bundles/default"))
    async with (
        AsyncOpaClient(host="127.0.0.1", port=port, timeout=30) as client,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as aio_tcp,
        aiohttp.ClientSession(base, connector=aiohttp.UnixConnector(str(path))) as aio_unix,
    ):
        yield {
            "opa-python-client, TCP": lambda: client.query_rule(QUESTION, package.replace("/", "."), rule),
            "aiohttp + orjson, TCP": lambda: over_aiohttp(aio_tcp),
            "aiohttp + orjson, unix": lambda: over_aiohttp(aio_unix),
            "OpaEngine, TCP": lambda: tcp.ask(ENTRYPOINT, QUESTION),
            "OpaEngine, unix": lambda: unix.ask(ENTRYPOINT, QUESTION),
            "EmbeddedEngine": lambda: embedded.ask(ENTRYPOINT, QUESTION),
        }
        await tcp.close()
        await unix.close()


async def measure(ask: Ask, concurrent: int) -> tuple[float, float, float]:
    """Microseconds per call: CPU of this process, wall clock per call, median latency of one call."""
    latencies: list[float] = []

    async def caller(calls: int) -> None:
        for _ in range(calls):
            begin = time.perf_counter()
            await ask()
            latencies.append(time.perf_counter() - begin)

    await asyncio.gather(*(caller(20) for _ in range(concurrent)))
    latencies.clear()
    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(caller(CALLS // concurrent) for _ in range(concurrent)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    calls = len(latencies)
    return cpu / calls * 1e6, wall / calls * 1e6, statistics.median(latencies) * 1e6


async def main() -> None:
    """Print the table."""
    heads = ("CPU", "p50", f"CPU, {CONCURRENT} at once", "wall per call", "p50")
    table = Table("us per decision", *heads)
    with opa() as (port, path):
        async with engines(port, path) as ways:
            for name, ask in ways.items():
                alone = await measure(ask, 1)
                crowd = await measure(ask, CONCURRENT)
                figures = (alone[0], alone[2], *crowd)
                table.add_row(name, *(f"{figure:.0f}" for figure in figures))
    Console(width=110).print(table)


if __name__ == "__main__":
    uvloop.run(main())
