"""What the tests of the log share: records as the gateway makes them, logs in a temporary folder.

Says at the end, per file of public vectors, how many rows passed, failed and were skipped.
"""

import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp

from audit import frames
from audit.log import AuditLog
from audit.record import Record, decision, outcome

ORIGIN = "regent.example/audit"
_OUTCOMES = ("passed", "failed", "error", "skipped")


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts of the modules whose tests are rows of vectors."""
    counts: dict[str, Counter[str]] = {}
    for came in _OUTCOMES:
        for report in terminalreporter.stats.get(came, []):
            module = Path(report.nodeid.partition("::")[0]).stem
            if module.startswith("test_vectors_"):
                counts.setdefault(module.removeprefix("test_vectors_"), Counter())[came] += 1
    if counts:
        terminalreporter.section("rows of vectors")
    for family in sorted(counts):
        told = ", ".join(f"{counts[family][each]} {each}" for each in _OUTCOMES if counts[family][each])
        terminalreporter.write_line(f"{family}: {told}")


@pytest.fixture
def serving() -> Iterator[Callable[[ASGIApp], str]]:
    """Serve ASGI apps on sockets of the loopback until the test ends; returns each one's URL."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: ASGIApp) -> str:
        config = uvicorn.Config(app, port=0, ws="none", log_level="critical", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield start
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(10)


_STEPS = frozenset({"pwrite", "write", "fdatasync", "fsync", "execute", "unlink", "open"})


class Crash(BaseException):
    """The machine stops here."""


@pytest.fixture
def crashed() -> Callable[[int, Callable[[], object]], bool]:
    """Tell whether something was stopped after so many system calls and statements of this thread.

    The log's own writing doesn't count: its crashes have tests of their own.
    """

    def run(after: int, what: Callable[[], object]) -> bool:
        left = after

        def stop(frame: Any, event: str, arg: Any) -> None:
            nonlocal left
            path = frame.f_code.co_filename
            if event == "c_call" and arg.__name__ in _STEPS and "/audit/" in path and "/writing/" not in path:
                left -= 1
                if left < 0:
                    sys.setprofile(None)
                    raise Crash

        sys.setprofile(stop)
        try:
            what()
        except Crash:
            return True
        finally:
            sys.setprofile(None)
        return False

    return run
