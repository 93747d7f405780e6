"""Log lines: written in batches, one JSON object a line, and never the gateway's undoing."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import TYPE_CHECKING

import structlog

from gateway import logs
from gateway.settings import Log
from gateway.types import Trail

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.gateway.conftest import Builders


async def test_lines_of_one_turn_are_written_together() -> None:
    """One write for many requests; nothing is held beyond the turn."""
    writes: list[bytes] = []
    lines = logs.BatchedLines(writes.append)
    for number in range(3):
        lines.msg(b"%d" % number)
    before = list(writes)
    await asyncio.sleep(0)

    assert (before, writes) == ([], [b"0\n1\n2\n"])


def test_without_a_loop_a_line_is_written_at_once() -> None:
    """What happens before the server starts is seen, too."""
    writes: list[bytes] = []
    logs.BatchedLines(writes.append).msg(b"x")

    assert writes == [b"x\n"]


def test_a_log_that_cannot_be_written_is_no_failure() -> None:
    """A closed pipe behind standard error must not refuse calls."""

    def broken(_: bytes) -> None:
        raise BrokenPipeError

    logs.BatchedLines(broken).msg(b"x")


def test_a_line_is_json_with_time_and_level() -> None:
    """Machines read it; a level below the configured one isn't written."""
    writes: list[bytes] = []
    before = structlog.get_config()
    try:
        logs.configure(Log(level="warning"), writes.append)
        log = structlog.get_logger("test")
        log.info("quiet")
        log.warning("loud", path=object)
    finally:
        structlog.configure(**before)
    line = json.loads(b"".join(writes))

    assert (line["event"], line["level"], type(line["t_us"])) == ("loud", "warning", int)


def test_a_requests_line_names_no_model_and_no_person(build: Builders) -> None:
    """Ids, status, reason and time: enough to find the record, which has the rest."""
    trail = Trail(build.raw(), call=build.call(model="the-model"), principal=build.principal())
    with structlog.testing.capture_logs() as lines:
        logs.request(trail, 0)

    assert {
        "event",
        "log_level",
        "request_id",
        "decision_id",
        "action",
        "status",
        "reason",
        "took_us",
    } == set(lines[0])


def test_a_reader_that_stalls_costs_lines_and_no_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A full pipe drops lines; once it is read again, the next line says how many are missing."""
    path = tmp_path / "stderr"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with path.open("w") as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        sink = logs.StandardError()
        for _ in range(1000):
            sink.write(b"x" * 999 + b"\n")
        while os.read(reader, 1 << 20):
            if sink._dropped == 0:
                break
            sink.write(b"y\n")
    os.close(reader)

    assert sink._dropped == 0


def test_a_file_keeps_what_others_wrote_into_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Lines and whatever else goes to the same standard error stand one behind the other."""
    path = tmp_path / "stderr"
    with path.open("wb", buffering=0) as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        sink = logs.StandardError()
        sink.write(b"first\n")
        stderr.write(b"second\n")
        sink.write(b"third\n")

    assert path.read_bytes() == b"first\nsecond\nthird\n"
