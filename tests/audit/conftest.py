"""What the tests of the log share: records as the gateway makes them, logs in a temporary folder."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audit import frames
from audit.log import AuditLog
from audit.record import Record, decision, outcome

ORIGIN = "regent.example/audit"


@pytest.fixture
def make_decision() -> Callable[..., Record]:
    """Make a decision record; keywords change single values."""

    def make(**changes: Any) -> Record:
        values: dict[str, Any] = {
            "request_id": "req-1",
            "action": "allow",
            "reason_code": "policy.allowed",
            "tenant": "acme",
            "team": "hr",
            "sref": "0" * 32,
            "actor_kind": "user",
            "auth": "oidc",
            "op": "chat.completions",
            "req_model": "gpt-4o",
            "stream": False,
            "engine": "embedded",
            "bundle": "sha256:" + "a" * 64,
            "revision": "r1",
            "path": "gateway/request",
            "rules": [{"id": "residency.hr_onprem", "effect": "allow"}],
        }
        return decision(**(values | changes))

    return make


@pytest.fixture
def make_outcome() -> Callable[..., Record]:
    """Make the outcome of a decision; keywords change single values."""

    def make(ref: str, **changes: Any) -> Record:
        values: dict[str, Any] = {
            "deployment": "onprem-llama",
            "provider": "vllm",
            "region": "fra1",
            "resp_model": "llama-3.3-70b",
            "resp_id": "chatcmpl-1",
            "finish": "stop",
            "in_tok": 10,
            "out_tok": 20,
            "usage_in": 10,
            "usage_out": 20,
            "estimated": False,
            "total_us": 100_000,
            "upstream_us": 99_000,
        }
        return outcome(ref=ref, **(values | changes))

    return make


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    """Wait until a condition of another thread's making holds, or fail."""

    async def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)

    return wait


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where the test's log lives."""
    return tmp_path / "audit"


@pytest.fixture
def open_log(folder: Path) -> Iterator[Callable[..., AuditLog]]:
    """Open logs in the test's folder; those still open at the end are closed."""
    opened: list[AuditLog] = []

    def open_it(origin: str = ORIGIN, **options: Any) -> AuditLog:
        log = AuditLog.open(folder, origin, **options)
        opened.append(log)
        return log

    yield open_it
    for log in opened:
        log.close()


@pytest.fixture
def bodies(folder: Path) -> Callable[..., list[bytes]]:
    """Read the stored bytes of one writer's records, straight from its segments."""

    def read(writer: str = "w0") -> list[bytes]:
        paths = sorted((folder / "writers" / writer / "seg").glob("*.log"))
        return [body for path in paths for _, body in frames.scan(path.read_bytes())]

    return read
