"""The bench measures what it says: every load on every target, every answer checked."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import orjson
import pytest

from bench import conversation, load, processes
from bench.__main__ import main
from bench.rounds import SHAPES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

needs_two_cores = pytest.mark.skipif(
    not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="the bench pins the gateways and the load to two cores",
)


@pytest.fixture
def own_cores() -> Iterator[None]:
    """Give the test process its cores back: the bench keeps to one."""
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)


@pytest.mark.slow
@needs_two_cores
@pytest.mark.usefixtures("own_cores")
def test_every_load_meets_every_target(tmp_path: Path) -> None:
    """A short run succeeds and has a row with figures for each load and target, and each load's ratios."""
    report = tmp_path / "report.json"
    code = main(["--seconds", "0.3", "--rounds", "1", "--json", str(report)])
    assert code == 0
    document = orjson.loads(report.read_bytes())
    expected = [(shape.name, target) for shape in SHAPES for target in ("direct", "bare", "regent")]
    assert expected == [(row["shape"], row["target"]) for row in document["rows"]]
    assert all(row["requests"] > 0 and row["p50_us"] > 0 for row in document["rows"])
    assert all(row["cpu_us"] > 0 for row in document["rows"] if row["target"] != "direct")
    assert [shape.name for shape in SHAPES] == list(document["regent_over_bare"])


@pytest.mark.parametrize("include_usage", [True, False])
def test_only_a_whole_stream_counts(*, include_usage: bool) -> None:
    """A stream is right only with its usage, and with none of its pieces lost, doubled or cut."""
    pieces = conversation.events(include_usage=include_usage)
    assert conversation.is_whole_stream(b"".join(pieces)) == include_usage
    for broken in (pieces[1:], pieces[:-1], [*pieces[:7], *pieces[6:]], [*pieces, b"data: [DO"]):
        assert not conversation.is_whole_stream(b"".join(broken))


async def _answer(head: bytes, body: bytes) -> tuple[asyncio.Server, int]:
    """A server that says the same to everybody."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"%b\r\ncontent-length: %d\r\n\r\n%b" % (head, len(body), body))
        await reader.read()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    return server, port


@pytest.mark.parametrize(
    ("head", "body", "why"),
    [
        (b"HTTP/1.1 500 Broken", conversation.completion(), "status 500"),
        (b"HTTP/1.1 200 OK", conversation.completion()[:-2] + b" }", "status 200 with the body"),
        (b"no HTTP at all", b"", "no HTTP"),
    ],
)
async def test_a_wrong_answer_fails_the_job(head: bytes, body: bytes, why: str) -> None:
    """One wrong status, one changed byte or no HTTP, and there is no measurement."""
    server, port = await _answer(head, body)
    async with server:
        with pytest.raises(load.WrongAnswer, match=why):
            await load.run(load.Job(port, "token", streamed=False, connections=1, seconds=0.1))
        await asyncio.sleep(0.05)  # both ends of the connection close


def test_a_server_that_ends_says_why(tmp_path: Path) -> None:
    """A server that doesn't come up is reported with the end of its output."""
    log = tmp_path / "server.log"
    command = ["sh", "-c", "echo no such model >&2; exit 3"]
    with pytest.raises(processes.BenchFailed, match="no such model"):
        processes.Server(command, min(os.sched_getaffinity(0)), log, lambda: False)
